"""Of a hold and a look only one can be; a hold runs out by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tassist.store.journal import Journal
from tassist.store.model import LaneKey
from tassist.store.place import open_database
from tassist.store.ports import Journal as AnyJournal
from tests.support import postgres, stores

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
KEY = LaneKey(7, 1)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path) as opened:
        yield opened


async def start(journal: Journal, now: datetime = NOW) -> bool:
    return await journal.started(KEY, rest=timedelta(0), now=now)


async def test_no_look_begins_at_an_issue_that_is_held_and_one_begins_after(journal: Journal) -> None:
    await journal.open_lane(KEY, repo="o/r", installation_id=5, now=NOW)
    assert await journal.holds.take(KEY, "undo", until=LATER, now=NOW)

    assert not await start(journal)
    assert journal.ready(7, NOW, 5) == []
    await journal.holds.release(KEY, "undo")

    assert [lane.key for lane in journal.ready(7, NOW, 5)] == [KEY]
    assert await start(journal)


async def test_an_issue_that_is_looked_at_cannot_be_held(journal: Journal) -> None:
    await journal.open_lane(KEY, repo="o/r", installation_id=5, now=NOW)
    assert await start(journal)

    assert not await journal.holds.take(KEY, "undo", until=LATER, now=NOW)
    await journal.stopped(KEY)
    assert await journal.holds.take(KEY, "undo", until=LATER, now=NOW)


async def test_a_hold_is_one_holders_and_ends_by_itself(journal: Journal) -> None:
    await journal.open_lane(KEY, repo="o/r", installation_id=5, now=NOW)
    assert await journal.holds.take(KEY, "undo", until=LATER, now=NOW)

    assert not await journal.holds.take(KEY, "another", until=LATER, now=NOW)
    assert await journal.holds.take(KEY, "undo", until=LATER + timedelta(minutes=1), now=NOW), "prolonged"
    await journal.holds.release(KEY, "another")
    assert not await start(journal)

    after = LATER + timedelta(minutes=2)
    assert await start(journal, after)
    assert not await journal.holds.take(KEY, "undo", until=after + timedelta(minutes=1), now=after), "too late"


async def test_where_processes_share_a_store_only_a_look_of_one_that_lives_keeps_a_hold_out(postgresql: str) -> None:
    from tassist.store.postgres.fence import Fence

    postgres.empty(postgresql)
    with open_database(postgresql) as journal:
        await journal.open_lane(KEY, repo="o/r", installation_id=5, now=NOW)
        looking = Fence(journal.address, {}, lambda: None)
        assert await looking.acquire(KEY)
        assert await journal.started(KEY, rest=timedelta(0), now=NOW)
        assert not await journal.holds.take(KEY, "undo", until=LATER, now=NOW)

        await looking.close()  # as the death of its process does

        async with asyncio.timeout(30):  # the server ends the session of who has gone when it comes to it
            while not await journal.holds.take(KEY, "undo", until=LATER, now=NOW):
                await asyncio.sleep(0.01)
        assert not await journal.started(KEY, rest=timedelta(0), now=NOW), "a look that is taken over"


@pytest.mark.parametrize("kind", stores.KINDS)
async def test_a_look_whose_outcome_could_not_be_stored_meets_a_hold_like_any_other(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue("postgresql") if kind == "postgresql" else ""
    with stores.opened(kind, tmp_path, address) as journal:
        await journal.open_lane(KEY, repo="o/r", installation_id=5, now=NOW)
        assert await journal.started(KEY, rest=timedelta(0), now=NOW)
        assert await again(journal), "nobody holds it"
        assert starts(journal) == 1, "it is counted once"
        assert await journal.holds.take(KEY, "undo", until=LATER, now=NOW, nobody_looks=True)

        assert not await again(journal)

        assert starts(journal) == 0, "nobody died in it"


async def again(journal: AnyJournal) -> bool:
    return await journal.started(KEY, rest=timedelta(0), now=NOW, counted=True)


def starts(journal: AnyJournal) -> int:
    lane = journal.lane(KEY)
    assert lane is not None
    return lane.starts
