"""What is over leaves the journal; what is not, and what somebody still needs, stays."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.plan import AddLabels
from tassist.store import prune, schema
from tassist.store.journal import Journal
from tassist.store.model import FinishedRun, Incoming, Keep, LaneKey, Pruned, Sorted, Target

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEEP = Keep(bodies=7, deliveries=90, given_up=365)
BODY = b"x" * 12_000


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "home") as journal:
        yield journal


async def wait(journal: Journal, delivery_id: str, number: int, days: float) -> int:
    """A delivery of so many days ago that waits for a look at its issue."""
    at = NOW - timedelta(days=days)
    accepted = await journal.accept(Incoming(delivery_id, "issues", BODY, at))
    place = Sorted(
        accepted.seq, "waiting", installation_id=5, repo_id=7, repo="o/r", targets=(Target(7, "o/r", number),)
    )
    await journal.store_sorted([(place, ())], at)
    return accepted.seq


async def finish(journal: Journal, run_id: str, number: int, days: float, *, dead: bool = False) -> FinishedRun:
    at = NOW - timedelta(days=days)
    run = FinishedRun(
        run_id, LaneKey(7, number), "o/r", "{}", at, at, "success", None, "{}", 10**9, f"e-{run_id}", b"{}", dead
    )
    await journal.finish(run)
    return run


async def over(journal: Journal, name: str, days: float, *, dead: bool = False, number: int = 1) -> None:
    """A delivery, its run and one effect of so many days ago."""
    await wait(journal, name, number, days)
    at = NOW - timedelta(days=days)
    effect = AddLabels(("a",), rule="track")
    key = LaneKey(7, number)
    await journal.intend(effect, run_id=name, key=key, repo="o/r", trigger="{}", started_at=at, now=at)
    await finish(journal, name, number, days, dead=dead)


async def quarantine(journal: Journal, name: str, days: float) -> None:
    await journal.accept(Incoming(name, "issues", BODY, NOW - timedelta(days=days), quarantine="not an object"))


def rows(journal: Journal, table: str) -> int:
    with closing(sqlite3.connect(journal.path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def kept(journal: Journal) -> dict[str, bool]:
    """The deliveries, and whether each still has its body."""
    return {row.delivery_id: journal.body(row.seq) is not None for row in journal.deliveries()}


async def test_bodies_go_first_then_deliveries_with_their_runs_and_what_was_given_up_last(journal: Journal) -> None:
    for days in (6, 8, 89, 91):
        await over(journal, f"done-{days}", days)
        await over(journal, f"dead-{days}", days, dead=True)
    for days in (91, 364, 366):
        await quarantine(journal, f"bad-{days}", days)
    await over(journal, "dead-366", 366, dead=True)
    expected = Pruned(records=9, bodies=3, deliveries=1, given_up=2, runs=3, effects=3)
    assert await asyncio.to_thread(journal.would_prune, KEEP, (), NOW) == expected

    assert await asyncio.to_thread(journal.prune, KEEP, (), NOW) == expected

    assert kept(journal) == {
        "done-6": True,
        "done-8": False,
        "done-89": False,
        **{f"dead-{days}": True for days in (6, 8, 89, 91)},
        "bad-91": True,
        "bad-364": True,
    }
    assert journal.run("done-89") is not None
    assert journal.run("done-91") is None
    assert journal.effects("done-91") == []
    assert rows(journal, "bodies") == 7
    assert rows(journal, "looks") == 7
    assert not await asyncio.to_thread(journal.prune, KEEP, (), NOW), "a second round finds nothing"


async def test_what_waits_is_kept_however_old_it_is(journal: Journal) -> None:
    at = NOW - timedelta(days=500)
    await wait(journal, "waiting", 1, 500)
    await journal.accept(Incoming("stored", "issues", BODY, at))
    effect = AddLabels(("a",), rule="track")
    await journal.intend(
        effect, run_id="broken-off", key=LaneKey(7, 1), repo="o/r", trigger="{}", started_at=at, now=at
    )

    assert not await asyncio.to_thread(journal.prune, KEEP, (), NOW)

    assert kept(journal) == {"waiting": True, "stored": True}
    assert [row.state for row in journal.effects("broken-off")] == ["intended"]


async def test_a_run_that_was_broken_off_and_whose_issue_waits_no_more_goes(journal: Journal) -> None:
    at = NOW - timedelta(days=91)
    effect = AddLabels(("a",), rule="track")
    await journal.intend(effect, run_id="lost", key=LaneKey(7, 9), repo="o/r", trigger="{}", started_at=at, now=at)

    assert await asyncio.to_thread(journal.prune, KEEP, (), NOW) == Pruned(runs=1, effects=1)


async def test_h23_a_redelivery_of_a_finished_id_whose_body_is_gone_opens_nothing(journal: Journal) -> None:
    await over(journal, "d", 8)
    await asyncio.to_thread(journal.prune, KEEP, (), NOW)

    assert (await journal.accept(Incoming("d", "issues", BODY, NOW))).kind == "duplicate"
    assert journal.repos() == []


async def test_h23_a_redelivery_of_a_finished_id_after_its_row_is_gone_is_looked_at_again(journal: Journal) -> None:
    await over(journal, "d", 91)
    await asyncio.to_thread(journal.prune, KEEP, (), NOW)

    accepted = await journal.accept(Incoming("d", "issues", BODY, NOW))

    assert accepted.kind == "stored"
    assert [item.delivery_id for item in journal.unsorted(10)] == ["d"]


async def test_a_replayed_delivery_loses_its_body_by_its_new_age(journal: Journal) -> None:
    await over(journal, "other", 8)
    await over(journal, "again", 8, dead=True, number=2)
    await asyncio.to_thread(journal.prune, KEEP, (), NOW)
    seq = journal.find("again")[0].seq
    await asyncio.to_thread(journal.reopen, seq)
    place = Sorted(seq, "waiting", installation_id=5, repo_id=7, repo="o/r", targets=(Target(7, "o/r", 2),))
    await journal.store_sorted([(place, ())], NOW)
    await finish(journal, "again-2", 2, 0)

    await asyncio.to_thread(journal.prune, KEEP, (), NOW + timedelta(days=6))
    assert kept(journal) == {"other": False, "again": True}
    await asyncio.to_thread(journal.prune, KEEP, (), NOW + timedelta(days=8))
    assert kept(journal) == {"other": False, "again": False}


async def test_records_stay_until_every_configured_sink_has_them(journal: Journal) -> None:
    for number in range(1, 11):
        await over(journal, f"run-{number}", 0)
    await asyncio.to_thread(journal.outbox.advance, "jsonl", 8)
    await asyncio.to_thread(journal.outbox.advance, "sqlite:x", 3)
    await asyncio.to_thread(journal.outbox.advance, "removed", 1)

    assert await asyncio.to_thread(journal.prune, KEEP, ("jsonl", "sqlite:x"), NOW) == Pruned(records=3)
    assert [seq for seq, _ in journal.outbox.read(0, 100)] == list(range(4, 11))
    assert not await asyncio.to_thread(journal.prune, KEEP, ("jsonl", "never-started"), NOW)
    assert await asyncio.to_thread(journal.prune, KEEP, ("jsonl",), NOW) == Pruned(records=5)


async def test_a_new_sink_starts_with_what_is_kept_and_one_that_was_away_is_told_what_it_missed(
    journal: Journal,
) -> None:
    for number in range(1, 11):
        await over(journal, f"run-{number}", 0)
    await asyncio.to_thread(journal.outbox.advance, "jsonl", 6)
    await asyncio.to_thread(journal.outbox.advance, "away", 2)
    await asyncio.to_thread(journal.prune, KEEP, ("jsonl",), NOW)

    assert await asyncio.to_thread(journal.enrol, ("jsonl", "away", "new")) == {"away": 4}

    assert [journal.outbox.cursor(sink) for sink in ("jsonl", "away", "new")] == [6, 6, 6]
    assert not await asyncio.to_thread(journal.enrol, ("jsonl", "away", "new")), "told once"


async def test_places_go_on_after_every_record_is_trimmed(journal: Journal) -> None:
    await over(journal, "first", 0)
    await asyncio.to_thread(journal.prune, KEEP, (), NOW)
    assert await asyncio.to_thread(journal.enrol, ("jsonl",)) == {}

    await over(journal, "second", 0)

    assert journal.outbox.cursor("jsonl") == 1
    assert [seq for seq, _ in journal.outbox.read(1, 10)] == [2]


async def test_a_record_that_was_trimmed_is_not_put_on_its_way_again(journal: Journal) -> None:
    await wait(journal, "d", 1, 0)
    run = await finish(journal, "run", 1, 0)
    await asyncio.to_thread(journal.prune, KEEP, (), NOW)

    await journal.finish(run)

    assert journal.outbox.read(0, 10) == []


async def test_a_round_is_made_of_small_writes_and_others_go_between(journal: Journal) -> None:
    for number in range(300):
        await over(journal, f"d-{number}", 8, number=number + 1)
    rests: list[int] = []

    def rest() -> bool:
        rests.append(journal.info().bodies)
        return len(rests) < 3

    done = await asyncio.to_thread(journal.prune, KEEP, ("none-yet",), NOW, rest=rest)

    assert done == Pruned(bodies=3 * prune.STEP), "ended early, as asked"
    assert rests == [300 - prune.STEP * step for step in (1, 2, 3)]


async def test_what_a_round_frees_is_used_again_and_compacting_gives_it_back(journal: Journal) -> None:
    for number in range(200):
        await over(journal, f"old-{number}", 8)
    full, _ = journal.space()

    await asyncio.to_thread(journal.prune, KEEP, (), NOW)
    _, free = journal.space()
    assert free > 200 * len(BODY) * 0.9
    for number in range(180):
        await over(journal, f"new-{number}", 0)
    assert journal.space()[0] < full * 1.1, "the file did not grow"

    await asyncio.to_thread(journal.prune, KEEP, (), NOW + timedelta(days=8))
    await asyncio.to_thread(journal.compact)
    assert journal.space()[0] < full / 4
    assert journal.space()[1] == 0


async def test_info_tells_what_is_there(journal: Journal) -> None:
    await over(journal, "old", 91)
    await over(journal, "done", 8)
    await quarantine(journal, "bad", 1)
    await wait(journal, "waiting", 1, 0)
    await asyncio.to_thread(journal.prune, KEEP, ("jsonl",), NOW)
    await asyncio.to_thread(journal.outbox.advance, "gone", 1)

    found = journal.info(("jsonl",))

    assert (found.schema_version, found.bodies, found.runs, found.effects, found.records) == (
        schema.VERSION,
        2,
        1,
        1,
        2,
    )
    assert found.deliveries["done"] == 1
    assert found.oldest_delivery == NOW - timedelta(days=8)
    assert found.issues_waiting == 1
    assert [(sink.sink, sink.configured, sink.behind) for sink in found.sinks] == [
        ("gone", False, 1),
        ("jsonl", True, 2),
    ]
