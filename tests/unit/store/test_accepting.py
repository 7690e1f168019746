"""Deliveries that come together are stored together, and nobody can tell it from one after the other."""

from __future__ import annotations

import sqlite3
import uuid
from asyncio import gather
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tassist.store import inbox
from tassist.store.database import connect, open_journal_file
from tassist.store.model import Accepted, Incoming
from tests.support import stores

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
COMING = st.lists(
    st.builds(
        Incoming,
        delivery_id=st.sampled_from([f"id-{number}" for number in range(8)]),
        event=st.sampled_from(["issues", "label"]),
        body=st.sampled_from([b'{"a":1}', b'{"b":2}', b'{"b": 2}']),
        received_at=st.just(NOW),
        headers=st.sampled_from([{}, {inbox.FROM_LOG: "1"}]),
        quarantine=st.sampled_from([None, "the payload is not a JSON object"]),
    ),
    min_size=1,
    max_size=21,
)


def kept(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Everything that is stored of deliveries but the places they were given."""
    return sorted(
        connection.execute(
            "SELECT d.delivery_id, d.event, d.received_at, d.headers, d.size, d.state, ifnull(d.reason, ''), d.duplicates, b.body"
            " FROM deliveries d JOIN bodies b USING (seq)"
        ).fetchall()
    )


@settings(deadline=None)
@given(before=st.lists(COMING, max_size=2), coming=COMING)
def test_together_is_as_one_after_the_other(before: list[list[Incoming]], coming: list[Incoming]) -> None:
    with TemporaryDirectory() as folder:
        found: list[tuple[list[list[Accepted]], list[tuple[object, ...]]]] = []
        for name in ("one", "together"):
            path = Path(folder) / f"{name}.db"
            open_journal_file(path)
            connection = connect(path)
            try:
                connection.execute("BEGIN IMMEDIATE")
                answers = []
                for group in [*before, coming]:
                    if name == "one":
                        answers.append([inbox.accept(connection, each) for each in group])
                    else:
                        answers.append(inbox.accept_all(connection, group))
                found.append((answers, kept(connection)))
                connection.execute("COMMIT")
            finally:
                connection.close()
        (one, one_kept), (together, together_kept) = found
        assert together_kept == one_kept
        assert [[each.kind for each in group] for group in together] == [[each.kind for each in group] for group in one]


@pytest.mark.parametrize("amount", [2, 3, 64, 100])
def test_places_follow_the_order_of_arrival(tmp_path: Path, amount: int) -> None:
    path = tmp_path / "j.db"
    open_journal_file(path)
    connection = connect(path)
    try:
        ids = [str(uuid.uuid4()) for _ in range(amount)]
        answers = inbox.accept_all(connection, [Incoming(each, "issues", each.encode(), NOW) for each in ids])
        rows = connection.execute("SELECT seq, delivery_id, body FROM deliveries JOIN bodies USING (seq) ORDER BY seq")
        assert list(rows) == [(answer.seq, each, each.encode()) for answer, each in zip(answers, ids, strict=True)]
    finally:
        connection.close()


@pytest.mark.parametrize("kind", stores.KINDS)
async def test_those_that_wait_for_one_commit_are_told_apart(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    address = request.getfixturevalue("postgresql") if kind == "postgresql" else ""
    with stores.opened(kind, tmp_path / "home", address) as journal:
        coming = [journal.accept(Incoming(f"d{number % 30}", "issues", b"{}", NOW)) for number in range(40)]
        answers = await gather(*coming)
        assert [answer.kind for answer in answers] == ["stored"] * 30 + ["duplicate"] * 10
        rows = journal.deliveries(limit=100)
        assert {row.delivery_id: row.duplicates for row in rows} == {f"d{n}": int(n < 10) for n in range(30)}
