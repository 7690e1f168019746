"""A shared store goes forward beside the version before, and refuses what could not bear it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from engine.problems import ProblemError
from tassist.store.model import Incoming
from tassist.store.place import open_database
from tassist.store.postgres import schema
from tests.support import postgres
from tests.support.stores import accepted_by

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BEARABLE = schema.Step("ALTER TABLE lanes ADD COLUMN later text", 1)
"""The version before goes on beside it."""
BREAKING = schema.Step("ALTER TABLE lanes RENAME COLUMN reason TO why", 3)


def test_a_step_forward_leaves_the_version_before_working_and_one_it_cannot_bear_waits(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres.database(postgresql) as fresh:
        first = schema.STEPS
        with open_database(fresh) as old:
            monkeypatch.setattr(schema, "STEPS", (*first, BEARABLE))
            with open_database(fresh) as new:
                assert new.info().schema_version == 2
                accepted_by(old, Incoming("a", "issues", b"{}", NOW))
            monkeypatch.setattr(schema, "STEPS", first)
            with open_database(fresh) as again:
                assert [row.delivery_id for row in again.deliveries()] == ["a"], "an old one may even start anew"
            monkeypatch.setattr(schema, "STEPS", (*first, BEARABLE, BREAKING))
            with pytest.raises(ProblemError, match="while older workers use it"):
                open_database(fresh)
        with open_database(fresh) as newest:
            assert newest.info().schema_version == 3
        monkeypatch.setattr(schema, "STEPS", first)
        with pytest.raises(ProblemError, match="brought forward by a newer tassist"):
            open_database(fresh)


def test_several_processes_may_make_the_tables_at_once(postgresql: str) -> None:
    async def both(address: str) -> list[int]:
        opened = await asyncio.gather(*(asyncio.to_thread(open_database, address) for _ in range(3)))
        versions = [journal.info().schema_version for journal in opened]
        for journal in opened:
            await asyncio.to_thread(journal.close)
        return versions

    with postgres.database(postgresql) as fresh:
        assert asyncio.run(both(fresh)) == [len(schema.STEPS)] * 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("postgresql://nobody-of-that-name@127.0.0.1:1/x", "store-unreachable"),
        ("postgresql://ann:hunter2hunter2@127.0.0.1:notaport/x", "store-unreachable"),
        ("nonsense", "database-wrong"),
    ],
)
def test_what_is_wrong_with_a_database_is_said_without_its_password(text: str, code: str) -> None:
    with pytest.raises(ProblemError) as refused:
        open_database(text)

    assert refused.value.problems[0].code == code
    assert "hunter2" not in str(refused.value)


def test_a_database_without_a_journal_is_not_made_into_one_by_looking(postgresql: str) -> None:
    with postgres.database(postgresql) as fresh, pytest.raises(ProblemError, match="there is no journal"):
        open_database(fresh, create=False)
