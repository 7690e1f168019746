"""The dispatcher on a real journal: order for an issue, breadth across issues, fairness, and news of the whole."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.model import IssueRef, Trigger
from engine.ports import RunResult
from tassist.clock import SystemClock
from tassist.server import sorting
from tassist.server.dispatcher import Breadth, Dispatcher
from tassist.server.looks import Looks, Patience
from tassist.server.metrics import Metrics
from tassist.server.ports import Wrap
from tassist.store.journal import Journal
from tassist.store.model import Incoming, LaneKey, Unsorted
from tassist.telemetry.record import run_record
from tests.support.delivering import compact, issue_payload
from tests.support.dispatching import QUICK, ScriptedGitHub, succeed, trouble, working


async def test_sorting_steps_aside_for_answers_and_goes_on_when_they_are_given(tmp_path: Path) -> None:
    answering = True
    breadth = Breadth(page=1, step_aside=10**6, poll_s=0.05)
    async with working(tmp_path, ScriptedGitHub(), breadth=breadth, busy=lambda: answering) as bench:
        await bench.deliver(1, 2, 3)
        await bench.until(lambda: bench.journal.backlog().unsorted == 2, "the first page")
        for _ in range(20):
            await asyncio.sleep(0.01)
            assert bench.journal.backlog().unsorted == 2
        answering = False
        await bench.until_done(3)


async def test_a_rush_without_an_end_holds_sorting_up_for_a_while_only(tmp_path: Path) -> None:
    breadth = Breadth(page=1, step_aside=2, poll_s=0.05)
    async with working(tmp_path, ScriptedGitHub(), breadth=breadth, busy=lambda: True) as bench:
        await bench.deliver(1, 2, 3)
        await bench.until_done(3)


async def test_looks_step_aside_for_answers_and_go_on_when_they_are_given(tmp_path: Path) -> None:
    answering, github = True, ScriptedGitHub()
    breadth = Breadth(aside_s=600, poll_s=0.05)
    async with working(tmp_path, github, breadth=breadth, busy=lambda: answering) as bench:
        await bench.deliver(1, 2, 3)
        await bench.until(lambda: bench.journal.backlog().unsorted == 0, "the page")
        for _ in range(20):
            await asyncio.sleep(0.01)
            assert github.looked == []
        answering = False
        await bench.until_done(3)


async def test_a_rush_without_an_end_holds_looks_up_for_a_while_only(tmp_path: Path) -> None:
    breadth = Breadth(aside_s=0.05, step_aside=2, page=8, poll_s=0.05, looks_per_installation=2)
    async with working(tmp_path, ScriptedGitHub(), breadth=breadth, busy=lambda: True) as bench:
        await bench.deliver(*range(1, 13))
        await bench.until_done(12)


async def test_looks_at_an_issue_are_apart_however_quickly_its_deliveries_come(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    async with working(tmp_path, github, breadth=Breadth(apart_s=0.5, poll_s=0.05)) as bench:
        began = time.monotonic()
        for number in range(50):
            await bench.deliver(1, name=f"d{number}")
        await bench.until_done(50)

        assert 2 <= len(github.looked) <= 1 + (time.monotonic() - began) / 0.5


async def test_it_ends_soon_also_where_a_look_waits_to_be_apart_from_the_one_before(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    async with working(tmp_path, github, breadth=Breadth(apart_s=0.2, poll_s=0.05)) as bench:
        await bench.deliver(1)
        await bench.until_done(1)
        await bench.deliver(1, name="again")
        await bench.until(lambda: bench.dispatcher.looks_under_way, "the second look to wait")
        broken_off = await bench.dispatcher.drain(5)

        assert broken_off == 0
        assert len(github.looked) == 1
        assert bench.journal.backlog().lanes == 1


async def test_a_backlog_is_looked_at_while_it_is_sorted(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    breadth = Breadth(page=8, sorted_ahead=32, take_turns=10**6, brisk=0, poll_s=0.05)
    async with working(tmp_path, github, breadth=breadth) as bench:
        most = 0

        async def succeed_and_count(ref: IssueRef, trigger: Trigger, ledger: Wrap) -> RunResult:
            nonlocal most
            most = max(most, bench.journal.backlog().lanes)
            return await succeed(ref, trigger, ledger)

        github.behave = succeed_and_count
        await bench.deliver(*range(1, 401))
        await bench.until_done(400)

        assert most <= 32 + 2 * 8, "sorting stays a page or two ahead of where it lets looks follow"


async def test_looks_that_wait_for_github_do_not_hold_up_sorting(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    github.gate.clear()
    breadth = Breadth(page=8, sorted_ahead=8, take_turns=10**6, poll_s=0.05)
    async with working(tmp_path, github, breadth=breadth) as bench:
        await bench.deliver(*range(1, 101))
        await bench.until(lambda: bench.journal.backlog().unsorted == 0, "everything to be sorted")

        assert bench.journal.backlog().lanes == 100


async def test_fifty_deliveries_of_one_issue_need_at_most_two_looks_and_stay_fifty(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    github.gate.clear()
    async with working(tmp_path, github) as bench:
        await bench.deliver(1)
        await bench.until(lambda: github.looked, "the first look")
        await bench.deliver(*[1] * 49, name="more")
        await bench.until(lambda: bench.journal.backlog().unsorted == 0, "everything to be sorted")
        github.gate.set()
        await bench.until_done(50)

        assert len(github.looked) == 2
        runs = Counter(row.run_id for row in bench.journal.deliveries(limit=100))
        assert sorted(runs.values()) == [1, 49]
        assert bench.outcomes() == ["success", "success"]


@pytest.mark.parametrize("steps", range(6))
async def test_h32_it_ends_also_in_the_moment_in_which_a_delivery_is_stored(tmp_path: Path, steps: int) -> None:
    async with working(tmp_path, ScriptedGitHub()) as bench:
        dispatcher = Dispatcher(
            bench.journal, bench.dispatcher._looks, SystemClock(), Metrics(), breadth=Breadth(poll_s=60)
        )
        running = asyncio.create_task(dispatcher.run())
        await asyncio.sleep(0.01)  # both of its loops wait for something to happen now
        running.cancel()
        for _ in range(steps):
            await asyncio.sleep(0)
        dispatcher.stored()
        ended, _ = await asyncio.wait({running}, timeout=10)

        assert ended


async def test_one_issue_is_never_looked_at_twice_at_once_and_many_issues_are(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    async with working(tmp_path, github) as bench:
        for wave in range(10):
            await bench.deliver(*range(1, 21), name=f"w{wave}")
        await bench.until_done(200)

    assert github.overlaps == 0
    assert github.most_at_once > 1


async def test_the_look_knows_the_newest_delivery_it_covers(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    async with working(tmp_path, github) as bench:
        await bench.deliver(1)
        await bench.until_done(1)

    [trigger] = github.triggers
    assert (trigger.kind, trigger.event, trigger.action, trigger.delivery_id) == (
        "delivery",
        "issues",
        "labeled",
        "d-7-0-1",
    )
    assert (trigger.sender, trigger.sender_id) == ("ann", 3)


async def test_what_is_shared_between_looks_is_no_older_than_the_newest_delivery_a_look_covers(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    early, late = (datetime(2026, 6, 1, 12, minute, tzinfo=UTC) for minute in (1, 2))
    async with working(tmp_path, github) as bench:
        await bench.journal.open_lane(LaneKey(7, 9), repo="o/r7", installation_id=5, now=early)
        await bench.until(lambda: bench.journal.backlog().lanes == 0, "the look a person asked for")
        github.gate.clear()
        await bench.deliver(1, received=early)
        await bench.until(lambda: len(github.looked) == 2, "the first look")
        await bench.deliver(1, name="second", received=late)
        await bench.deliver(1, name="third", received=early)  # sent earlier, stored later
        await bench.until(lambda: bench.journal.backlog().unsorted == 0, "everything to be sorted")
        github.behave = trouble
        github.gate.set()
        await bench.until(lambda: len(github.looked) >= 4, "a look that failed, and one more")
        github.behave = succeed
        await bench.until_done(3)

    assert github.since[:2] == [None, early]
    assert set(github.since[2:]) == {None}, "what failed is tried with everything read anew"


async def test_a_look_that_covers_several_deliveries_shares_what_was_read_since_the_last_of_them(
    tmp_path: Path,
) -> None:
    github = ScriptedGitHub()
    early, late = (datetime(2026, 6, 1, 12, minute, tzinfo=UTC) for minute in (1, 2))
    github.gate.clear()
    async with working(tmp_path, github) as bench:
        await bench.deliver(1, received=early)
        await bench.until(lambda: github.looked, "the first look")
        await bench.deliver(1, name="second", received=late)
        await bench.deliver(1, name="third", received=early)  # sent earlier, stored later
        await bench.until(lambda: bench.journal.backlog().unsorted == 0, "everything to be sorted")
        github.gate.set()
        await bench.until_done(3)

    assert github.since == [early, late]


@pytest.mark.parametrize("installation", [5, 6], ids=["the same installation", "another installation"])
async def test_h36_a_flood_in_one_repository_does_not_delay_another(tmp_path: Path, installation: int) -> None:
    github = ScriptedGitHub()
    github.gate.clear()
    breadth = Breadth(looks=8, looks_per_installation=4, poll_s=0.05)
    async with working(tmp_path, github, breadth=breadth) as bench:
        await bench.deliver(*range(1, 301), repo=7)
        await bench.until(lambda: len(github.looked) == 4, "the flood to take its share")
        await bench.deliver(1, repo=8, installation=installation)
        await bench.until(lambda: bench.journal.backlog().unsorted == 0, "everything to be sorted")
        if installation == 6:
            await bench.until(
                lambda: ("o/r8", 1) in github.looked, "the other's look, though the flood holds its places"
            )
        github.gate.set()
        await bench.until_done(301)

        assert github.looked.index(("o/r8", 1)) <= 12, "next in turn, not at the end of the queue"


async def test_h30_a_long_queue_is_on_the_disk_and_not_in_memory(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    github.gate.clear()
    breadth = Breadth(looks=4, ahead=8, poll_s=0.05)
    async with working(tmp_path, github, breadth=breadth) as bench:
        await bench.deliver(*range(1, 601))
        await bench.until(lambda: bench.journal.backlog().unsorted == 0, "everything to be sorted")

        assert bench.journal.backlog().lanes == 600
        assert len(bench.dispatcher._running) <= 4
        assert sum(map(len, bench.dispatcher._next.values())) <= 8 + 4
        github.gate.set()
        await bench.until_done(600)
        assert [number for _, number in github.looked] == sorted(number for _, number in github.looked), "oldest first"


async def test_what_was_stored_before_the_start_is_done_after_it(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    with Journal.open(tmp_path) as journal:
        body = compact(issue_payload(1))
        for number in range(3):
            await journal.accept(Incoming(f"old-{number}", "issues", body, datetime.now(UTC)))

    async with working(tmp_path, github) as bench:
        await bench.until_done(3)

    assert len(github.looked) == 1


async def test_an_issue_put_in_line_without_a_delivery_is_looked_at_by_a_running_service(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    async with working(tmp_path, github, breadth=Breadth(poll_s=30)) as bench:
        await bench.deliver(1)
        await bench.until_done(1)
        await bench.journal.open_lane(LaneKey(9, 4), repo="o/r9", installation_id=5, now=datetime.now(UTC))
        await bench.until(lambda: bench.journal.backlog().lanes == 0, "the look")

    assert github.looked[-1] == ("o/r9", 4)


async def test_a_delivery_that_is_replayed_during_a_look_is_covered_by_the_next_one(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    async with working(tmp_path, github) as bench:
        await bench.deliver(1, name="old")
        await bench.until_done(1)
        github.gate.clear()
        await bench.deliver(1, name="new")
        await bench.until(lambda: len(github.looked) == 2, "the look at the new one")
        [old] = bench.journal.find("old-7-0-1")
        await asyncio.to_thread(bench.journal.reopen, old.seq)
        await bench.until(lambda: bench.journal.backlog().unsorted == 0, "the old one to be sorted")
        github.gate.set()
        await bench.until_done(2)
        [again] = bench.journal.find("old-7-0-1")
        records = [msgspec.json.decode(line) for _, line in bench.journal.outbox.read(0, 10)]

    assert len(github.looked) == 3
    assert again.run_id not in {None, old.run_id}
    [covering] = [record for record in records if record["run_id"] == again.run_id]
    assert covering["trigger"]["delivery_ids"] == ["old-7-0-1"]


async def test_a_change_of_the_whole_repository_looks_at_each_open_issue(tmp_path: Path) -> None:
    github = ScriptedGitHub(issues=[3, 4, 5])
    async with working(tmp_path, github) as bench:
        await bench.event(
            "label",
            action="edited",
            label={"name": "x"},
            repository={"id": 7, "full_name": "o/r7"},
            installation={"id": 5},
        )
        await bench.until_done(1)

    assert sorted(number for _, number in github.looked) == [3, 4, 5]


async def test_h52_work_of_a_suspended_installation_waits_and_of_a_deleted_one_is_dropped(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    async with working(tmp_path, github) as bench:
        await bench.event("installation", action="suspend", installation={"id": 5, "account": {"login": "o"}})
        await bench.until_done(1)
        await bench.github_says("suspended")
        await bench.deliver(1)
        await bench.deliver(1, repo=8, installation=6)
        await bench.until_done(2)
        assert github.looked == [("o/r8", 1)]

        await bench.event("installation", action="unsuspend", installation={"id": 5})
        await bench.until_done(3)
        await bench.github_says("active")
        await bench.until_done(4)
        assert github.looked == [("o/r8", 1), ("o/r7", 1)]

        await bench.event("installation", action="suspend", installation={"id": 5, "account": {"login": "p"}})
        await bench.until_done(5)
        await bench.github_says("suspended")
        await bench.deliver(2)
        await bench.event("installation", action="deleted", installation={"id": 5})
        await bench.until_done(6)
        await bench.github_says("gone")
        await bench.until_done(7)
        assert len(github.looked) == 2
        assert bench.journal.find("d-7-0-2")[0].reason == "the App was uninstalled"
        assert [news.kind.removeprefix("installation-") for news in github.news] == [
            "suspended",
            "active",
            "suspended",
            "deleted",
        ]


async def test_h62_work_of_an_archived_repository_is_dropped_and_a_rename_changes_nothing(tmp_path: Path) -> None:
    github = ScriptedGitHub(trouble)
    async with working(tmp_path, github, patience=Patience(first_s=60)) as bench:
        await bench.deliver(1)
        await bench.until(lambda: github.looked, "a look")
        await bench.event("repository", action="renamed", repository={"id": 7, "full_name": "o/new"}, changes={})
        await bench.until_done(1)
        await bench.github_says("active", "o/newer")
        lane = bench.journal.lane(LaneKey(7, 1))
        assert lane is not None
        assert lane.repo == "o/newer"

        await bench.event("repository", action="archived", repository={"id": 7, "full_name": "o/new"})
        await bench.until_done(2)
        await bench.github_says("archived", "o/newer")
        assert bench.journal.lane(LaneKey(7, 1)) is None


async def test_one_delivery_that_cannot_be_sorted_does_not_hold_up_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fragile(delivery: Unsorted, *known: Any) -> sorting.Place:
        if b'"number":13' in delivery.body:
            raise RecursionError("deep")
        return place(delivery, *known)

    place = sorting.place
    monkeypatch.setattr(sorting, "place", fragile)
    github = ScriptedGitHub()
    async with working(tmp_path, github) as bench:
        await bench.deliver(12, 13, 14)
        await bench.until_done(3)

        assert sorted(number for _, number in github.looked) == [12, 14]
        assert [row.state for row in bench.journal.deliveries(state="quarantined")] == ["quarantined"]


async def test_sorting_that_ends_for_an_unforeseen_reason_ends_the_service_and_does_not_stall_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    github = ScriptedGitHub()
    with Journal.open(tmp_path) as journal:
        looks = Looks(journal, github, run_record, SystemClock(), Metrics(), QUICK)
        dispatcher = Dispatcher(journal, looks, SystemClock(), Metrics(), breadth=Breadth(poll_s=0.01))
        monkeypatch.setattr(journal, "unsorted", lambda _limit: 1 / 0)

        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(dispatcher.run(), 10)


async def test_a_dispatcher_that_has_not_gone_round_yet_is_not_taken_for_a_stalled_one(tmp_path: Path) -> None:
    before = time.monotonic()
    with Journal.open(tmp_path) as journal:
        looks = Looks(journal, ScriptedGitHub(), run_record, SystemClock(), Metrics(), QUICK)

        dispatcher = Dispatcher(journal, looks, SystemClock(), Metrics())

    assert dispatcher.beat >= before
