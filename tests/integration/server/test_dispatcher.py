"""The dispatcher on a real journal: order for an issue, breadth across issues, fairness, retries, and giving up."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.model import Issue, IssueRef, Trigger
from engine.plan import AddLabels, Effect, RemoveLabels
from engine.ports import Applied, Retry, RunResult
from engine.problems import Problem, ProblemError
from tassist.clock import SystemClock
from tassist.server import sorting
from tassist.server.dispatcher import Breadth, Dispatcher
from tassist.server.looks import Looks, Patience
from tassist.server.metrics import Metrics
from tassist.server.ports import Wrap
from tassist.store.journal import DELIVERIES, Journal
from tassist.store.model import Incoming, LaneKey, News, Sorted, Target, Unsorted
from tassist.store.standing import Answer, Found
from tassist.telemetry.record import run_record
from tests.support.delivering import compact, issue_payload

QUICK = Patience(first_s=0.01, most_s=0.05)
TROUBLE = Problem("github-down", "GitHub is down", family="world")


async def succeed(ref: IssueRef, _trigger: Trigger, _ledger: Wrap) -> RunResult:
    now = datetime.now(UTC)
    return RunResult(ref, "success", None, issue=Issue(ref), started=now, finished=now)


@dataclass
class ScriptedGitHub:
    """The GitHub side as a script: what a look does, and what was looked at in which order."""

    behave: Callable[[IssueRef, Trigger, Wrap], Awaitable[RunResult]] = succeed
    looked: list[tuple[str, int]] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    under_way: Counter[tuple[str, int]] = field(default_factory=Counter)
    most_at_once: int = 0
    overlaps: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    issues: list[int] = field(default_factory=list)
    news: list[News] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    async def run(self, trigger: Trigger, ref: IssueRef, *, installation_id: int, ledger: Wrap) -> RunResult:
        key = (ref.repo, ref.number)
        self.looked.append(key)
        self.triggers.append(trigger)
        self.under_way[key] += 1
        self.overlaps += self.under_way[key] > 1
        self.most_at_once = max(self.most_at_once, self.under_way.total())
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            return await self.behave(ref, trigger, ledger)
        finally:
            self.under_way[key] -= 1

    async def open_issues(self, repo: str, repo_id: int, *, installation_id: int) -> list[int]:
        return self.issues

    def heed(self, news: News) -> None:
        self.news.append(news)

    async def own_login(self) -> str:
        return ""

    async def close(self) -> None:
        return None


@dataclass
class Bench:
    """A journal, a script and a dispatcher over both."""

    journal: Journal
    github: ScriptedGitHub
    dispatcher: Dispatcher
    metrics: Metrics

    async def deliver(
        self, *numbers: int, repo: int = 7, installation: int = 5, name: str = "d", received: datetime | None = None
    ) -> None:
        """Store a delivery for each of these issues."""
        await asyncio.gather(
            *(
                self.journal.accept(
                    Incoming(
                        f"{name}-{repo}-{place}-{number}",
                        "issues",
                        compact(
                            issue_payload(
                                number,
                                repository={"id": repo, "full_name": f"o/r{repo}"},
                                installation={"id": installation},
                            )
                        ),
                        received or datetime.now(UTC),
                    )
                )
                for place, number in enumerate(numbers)
            )
        )

    async def event(self, event: str, **payload: object) -> None:
        """Store another delivery."""
        body = compact(payload)
        await self.journal.accept(Incoming(f"{event}-{len(body)}-{id(payload)}", event, body, datetime.now(UTC)))

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.005)
        assert condition(), what

    async def until_done(self, amount: int) -> None:
        """Wait until so many deliveries are through, one way or another."""
        await self.until(
            lambda: (
                self.journal.backlog().unsorted == 0
                and sum(self.journal.counts()[state] for state in ("done", "dead", "ignored", "quarantined")) == amount
            ),
            f"{amount} deliveries to be through",
        )

    def outcomes(self) -> list[str]:
        """The outcome of each telemetry record, in order."""
        return [msgspec.json.decode(line)["outcome"] for _, line in self.journal.outbox.read(0, 10_000)]

    async def github_says(self, state: Found, name: str = "") -> None:
        """Answer what is to be asked, as the service does when it asks."""
        await self.until(lambda: self.journal.standing.due(datetime.now(UTC), 9), "a question")
        for doubt in self.journal.standing.due(datetime.now(UTC), 9):
            answer = Answer(state, name)
            await self.journal.standing.settle(doubt, answer, up_to_seq=10**9, now=datetime.now(UTC))
        self.dispatcher.look_anew()


@asynccontextmanager
async def working(
    home: Path,
    github: ScriptedGitHub,
    *,
    breadth: Breadth | None = None,
    patience: Patience = QUICK,
    max_pages: int = 0,
    busy: Callable[[], bool] = lambda: False,
) -> AsyncIterator[Bench]:
    metrics = Metrics()
    with Journal.open(home, max_pages=max_pages) as journal:
        looks = Looks(journal, github, run_record, SystemClock(), metrics, patience)
        dispatcher = Dispatcher(
            journal,
            looks,
            SystemClock(),
            metrics,
            on_news=github.heed,
            busy=busy,
            breadth=breadth or Breadth(poll_s=0.05, trouble_s=0.05),
        )
        loop = asyncio.get_running_loop()

        def stored() -> None:
            loop.call_soon_threadsafe(dispatcher.stored)

        journal.writer.on_commit(DELIVERIES, stored)
        running = asyncio.create_task(dispatcher.run())
        try:
            yield Bench(journal, github, dispatcher, metrics)
        finally:
            github.gate.set()
            await dispatcher.drain(5)
            await running


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


async def test_h27_a_journal_that_takes_no_outcome_for_long_gives_no_delivery_up(tmp_path: Path) -> None:
    tries = QUICK.starts + 2
    reason = "x" * 1_300_000  # a little more than the journal may hold

    async def behave(ref: IssueRef, trigger: Trigger, ledger: Wrap) -> RunResult:
        result = await succeed(ref, trigger, ledger)
        # What a start leaves in the journal finds room, what the outcome leaves does not: nobody died all the same.
        return result if len(github.looked) > tries else replace(result, outcome="partial", reason=reason)

    github = ScriptedGitHub(behave)
    breadth = Breadth(poll_s=0.01, trouble_s=0.001)
    async with working(tmp_path, github, breadth=breadth, max_pages=300) as bench:
        await bench.deliver(1)
        await bench.until_done(1)

        assert [row.state for row in bench.journal.deliveries()] == ["done"]
        assert bench.outcomes() == ["success"]
        assert bench.metrics.value("outcomes_not_stored") == tries


async def test_a_look_whose_outcome_was_not_stored_waits_for_whoever_holds_the_issue_now(tmp_path: Path) -> None:
    key = LaneKey(7, 1)
    reason = "x" * 1_300_000  # a little more than the journal may hold

    async def behave(ref: IssueRef, trigger: Trigger, ledger: Wrap) -> RunResult:
        result = await succeed(ref, trigger, ledger)
        if len(github.looked) > 1:
            return result
        now = datetime.now(UTC)
        holds = bench.journal.holds
        assert await holds.take(key, "undo", until=now + timedelta(minutes=5), now=now, nobody_looks=True)
        return replace(result, outcome="partial", reason=reason)

    github = ScriptedGitHub(behave)
    async with working(tmp_path, github, breadth=Breadth(poll_s=0.01, trouble_s=0.001), max_pages=300) as bench:
        await bench.deliver(1)
        await bench.until(lambda: (lane := bench.journal.lane(key)) and lane.not_before and not lane.starts, "the wait")
        assert len(github.looked) == 1

        await bench.journal.holds.release(key, "undo")
        bench.dispatcher.look_anew()
        await bench.until_done(1)

        assert bench.outcomes() == ["success"]


async def test_h19_whoever_was_there_when_the_service_died_is_looked_at_alone_and_not_given_up(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with Journal.open(tmp_path) as journal:
        for number in range(1, 7):
            stored = await journal.accept(Incoming(f"d-{number}", "issues", compact(issue_payload(number)), now))
            target = Target(7, "o/r", number)
            await journal.store_sorted([(Sorted(stored.seq, "waiting", targets=(target,)), ())], now)
            for _ in range(QUICK.suspect_from):
                await journal.started(LaneKey(7, number), rest=timedelta(0), now=now)
        await asyncio.to_thread(journal.set_meta, "counted", "yes")

    github = ScriptedGitHub()
    async with working(tmp_path, github) as bench:
        await bench.until_done(6)

        assert github.most_at_once == 1
        assert {row.state for row in bench.journal.deliveries()} == {"done"}


async def test_h19_a_poisoned_delivery_is_given_up_with_its_reason_and_its_neighbours_are_not(tmp_path: Path) -> None:
    poisoned = True

    async def behave(ref: IssueRef, trigger: Trigger, ledger: Wrap) -> RunResult:
        if ref.number == 13 and poisoned:
            raise RuntimeError("a rule fell over")
        return await succeed(ref, trigger, ledger)

    github = ScriptedGitHub(behave)
    async with working(tmp_path, github) as bench:
        await bench.deliver(12, 13, 14)
        await bench.until_done(3)

        states = {row.issues[0]: (row.state, row.reason) for row in bench.journal.deliveries()}
        assert states[12][0] == states[14][0] == "done"
        assert states[13][0] == "dead"
        assert "RuntimeError" in (states[13][1] or "")
        assert github.looked.count(("o/r7", 13)) == 3
        assert sorted(bench.outcomes()) == ["failed", "success", "success"]

        poisoned = False
        [dead] = bench.journal.deliveries(state="dead")
        await asyncio.to_thread(bench.journal.reopen, dead.seq)
        await bench.until(lambda: bench.journal.counts()["done"] == 3, "the replay")
        assert sorted(bench.outcomes()) == ["failed", "success", "success", "success"], "a replay is a run of its own"


async def test_trouble_of_the_worlds_is_tried_again_and_recorded_once(tmp_path: Path) -> None:
    async def behave(ref: IssueRef, trigger: Trigger, ledger: Wrap) -> RunResult:
        if len(github.looked) < 4:
            raise Retry(TROUBLE)
        return await succeed(ref, trigger, ledger)

    github = ScriptedGitHub(behave)
    async with working(tmp_path, github) as bench:
        await bench.deliver(1)
        await bench.until_done(1)

        assert len(github.looked) == 4
        assert bench.outcomes() == ["success"]
        assert bench.metrics.value("looks_put_off", "world") == 3


async def test_a_limit_is_waited_out_as_long_as_it_says(tmp_path: Path) -> None:
    moments: list[float] = []

    async def behave(ref: IssueRef, trigger: Trigger, ledger: Wrap) -> RunResult:
        moments.append(asyncio.get_running_loop().time())
        if len(moments) == 1:
            raise Retry(TROUBLE, after_s=0.3)
        return await succeed(ref, trigger, ledger)

    async with working(tmp_path, ScriptedGitHub(behave)) as bench:
        await bench.deliver(1)
        await bench.until_done(1)

    assert moments[1] - moments[0] >= 0.29


async def test_what_a_person_must_mend_is_waited_for_and_not_given_up_as_a_bug(tmp_path: Path) -> None:
    async def behave(ref: IssueRef, trigger: Trigger, ledger: Wrap) -> RunResult:
        if len(github.looked) < 6:
            raise ProblemError(Problem("suspended", "the installation is suspended", family="auth"))
        return await succeed(ref, trigger, ledger)

    github = ScriptedGitHub(behave)
    async with working(tmp_path, github, patience=Patience(person_s=0.01)) as bench:
        await bench.deliver(1)
        await bench.until_done(1)

        assert bench.outcomes() == ["success"]


async def test_trouble_that_lasts_too_long_is_given_up_with_its_reason(tmp_path: Path) -> None:
    async def behave(_ref: IssueRef, _trigger: Trigger, _ledger: Wrap) -> RunResult:
        raise Retry(TROUBLE)

    patience = replace(QUICK, retry_for=timedelta(seconds=0.3))
    async with working(tmp_path, ScriptedGitHub(behave), patience=patience) as bench:
        await bench.deliver(1)
        await bench.until_done(1)

        [row] = bench.journal.deliveries()
        assert (row.state, row.reason) == ("dead", "given up: GitHub is down")
        assert bench.outcomes() == ["failed"]


async def test_h25_what_waited_while_nobody_was_here_is_not_given_up_at_the_first_hiccup(tmp_path: Path) -> None:
    async def behave(ref: IssueRef, trigger: Trigger, ledger: Wrap) -> RunResult:
        if len(github.looked) == 1:
            raise Retry(TROUBLE)
        return await succeed(ref, trigger, ledger)

    github = ScriptedGitHub(behave)
    async with working(tmp_path, github) as bench:
        await bench.deliver(1, received=datetime.now(UTC) - timedelta(hours=80))
        await bench.until_done(1)

        assert [row.state for row in bench.journal.deliveries()] == ["done"]


async def test_a_delivery_that_kills_the_process_each_time_is_given_up(tmp_path: Path) -> None:
    github = ScriptedGitHub()
    with Journal.open(tmp_path) as journal:
        await journal.accept(Incoming("d", "issues", compact(issue_payload(1)), datetime.now(UTC)))
    github.gate.clear()
    async with working(tmp_path, github) as bench:
        await bench.until(lambda: github.looked, "a look")
        for _ in range(QUICK.starts):
            await bench.journal.started(LaneKey(7, 1), rest=timedelta(0), now=datetime.now(UTC))
        github.behave = trouble
        github.gate.set()
        await bench.until_done(1)

        [row] = bench.journal.deliveries()
        assert row.state == "dead"
        assert "died" in (row.reason or "")


async def test_h20_giving_up_claims_nothing_about_writes_whose_answer_was_lost(tmp_path: Path) -> None:
    now, key = datetime.now(UTC), LaneKey(7, 1)
    effect = RemoveLabels(("phase-1",), "exclusivity.phase")
    with Journal.open(tmp_path) as journal:
        stored = await journal.accept(Incoming("d", "issues", compact(issue_payload(1)), now))
        place = Sorted(stored.seq, "waiting", repo_id=7, repo="o/r7", targets=(Target(7, "o/r7", 1),))
        await journal.store_sorted([(place, ())], now)
        await journal.intend(effect, run_id="half", key=key, repo="o/r7", trigger="{}", started_at=now, now=now)
        for _ in range(QUICK.starts):
            await journal.started(key, rest=timedelta(0), now=now)

    async def behave(ref: IssueRef, _trigger: Trigger, _ledger: Wrap) -> RunResult:
        at = datetime.now(UTC)
        return RunResult(ref, "success", None, issue=Issue(ref), started=at, finished=at)

    async with working(tmp_path, ScriptedGitHub(behave)) as bench:
        await bench.until_done(1)
        assert [row.state for row in bench.journal.deliveries()] == ["dead"]
        half = bench.journal.run("half")
        assert half is not None
        assert half.state == "running"

        await asyncio.to_thread(bench.journal.reopen, stored.seq)
        await bench.until(lambda: [row.state for row in bench.journal.deliveries()] == ["done"], "the replay")

        [row] = bench.journal.effects("half")
        assert row.state == "applied", "the label did not have to be removed again, so it was"
        assert bench.journal.unfinished_run(key) is None


async def trouble(_ref: IssueRef, _trigger: Trigger, _ledger: Wrap) -> RunResult:
    raise Retry(TROUBLE)


class Adding:
    """An applier that says it added the labels."""

    async def apply(self, ref: IssueRef, effect: Effect) -> Applied:
        return Applied(effect, changed=True, writes=1)


async def test_h35_an_issue_two_bots_fight_over_is_set_aside_and_told_once(tmp_path: Path) -> None:
    effect = AddLabels(("track/main",), "track.classify")

    async def behave(ref: IssueRef, trigger: Trigger, ledger: Wrap) -> RunResult:
        applied = await ledger(Adding()).apply(ref, effect)
        now = datetime.now(UTC)
        return RunResult(
            ref, "success", None, applied=(applied,), issue=Issue(ref), started=now, finished=now, writes=1
        )

    github = ScriptedGitHub(behave)
    async with working(tmp_path, github) as bench:
        for wave in range(6):
            await bench.deliver(1, name=f"undone-{wave}")
            await bench.until_done(wave + 1)

        assert len(github.looked) == 4
        assert bench.outcomes() == ["success"] * 4 + ["blocked"] * 2
        await bench.deliver(2)
        await bench.until_done(7)
        assert bench.outcomes()[-1] == "success", "another issue is another matter"


async def test_h35_a_fight_over_one_label_is_noticed_in_whatever_company_it_is_written(tmp_path: Path) -> None:
    company = iter((("a", "track/main"), ("track/main",), ("track/main", "b"), ("Track/Main",), ("c",), ("d",)))

    async def behave(ref: IssueRef, trigger: Trigger, ledger: Wrap) -> RunResult:
        applied = await ledger(Adding()).apply(ref, AddLabels(next(company), "track.classify"))
        now = datetime.now(UTC)
        return RunResult(
            ref, "success", None, applied=(applied,), issue=Issue(ref), started=now, finished=now, writes=1
        )

    github = ScriptedGitHub(behave)
    async with working(tmp_path, github) as bench:
        for wave in range(6):
            await bench.deliver(1, name=f"undone-{wave}")
            await bench.until_done(wave + 1)

        assert len(github.looked) == 4
        assert bench.outcomes() == ["success"] * 4 + ["blocked"] * 2


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


async def test_what_must_have_become_of_a_write_whose_answer_was_lost_is_in_the_ledger(tmp_path: Path) -> None:
    effect = AddLabels(("track/main",), "track.classify")
    tries = iter(range(9))

    class Losing:
        async def apply(self, ref: IssueRef, effect: Effect) -> Applied:
            raise Retry(TROUBLE)

    async def behave(ref: IssueRef, trigger: Trigger, ledger: Wrap) -> RunResult:
        if next(tries) == 0:
            await ledger(Losing()).apply(ref, effect)
        now = datetime.now(UTC)
        return RunResult(ref, "success", None, issue=Issue(ref), started=now, finished=now)

    async with working(tmp_path, ScriptedGitHub(behave)) as bench:
        await bench.deliver(1)
        await bench.until_done(1)
        [row] = bench.journal.deliveries()
        assert row.run_id is not None
        [written] = bench.journal.effects(row.run_id)

    assert (written.state, written.writes) == ("applied", 1)
    assert written.inverse is not None
    assert "RemoveLabels" in written.inverse


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
