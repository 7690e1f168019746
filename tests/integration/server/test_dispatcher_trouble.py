"""The dispatcher in trouble: what is tried again, what waits, what is given up with its reason, and what is set aside."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.model import Issue, IssueRef, Trigger
from engine.plan import AddLabels, Effect, RemoveLabels
from engine.ports import Applied, Retry, RunResult
from engine.problems import Problem, ProblemError
from tassist.server.dispatcher import Breadth
from tassist.server.looks import Patience
from tassist.server.ports import Wrap
from tassist.store.journal import Journal
from tassist.store.model import Incoming, LaneKey, Sorted, Target
from tests.support.delivering import compact, issue_payload
from tests.support.dispatching import QUICK, TROUBLE, Bench, ScriptedGitHub, succeed, trouble, working


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


class Adding:
    """An applier that says it added the labels."""

    async def apply(self, ref: IssueRef, effect: Effect) -> Applied:
        return Applied(effect, changed=True, writes=1)


def adding(*effects: AddLabels) -> ScriptedGitHub:
    """A GitHub side in which each look adds the labels of the next effect, as if somebody had taken them away."""
    left = iter(effects)

    async def behave(ref: IssueRef, trigger: Trigger, ledger: Wrap) -> RunResult:
        applied = await ledger(Adding()).apply(ref, next(left))
        return replace(await succeed(ref, trigger, ledger), applied=(applied,), writes=1)

    return ScriptedGitHub(behave)


async def fought_over(bench: Bench, github: ScriptedGitHub) -> None:
    """Six deliveries of one issue, one after the other: the fourth look is the last."""
    for wave in range(6):
        await bench.deliver(1, name=f"undone-{wave}")
        await bench.until_done(wave + 1)
    assert len(github.looked) == 4
    assert bench.outcomes() == ["success"] * 4 + ["blocked"] * 2


async def test_h35_an_issue_two_bots_fight_over_is_set_aside_and_told_once(tmp_path: Path) -> None:
    github = adding(*[AddLabels(("track/main",), "track.classify")] * 5)
    async with working(tmp_path, github) as bench:
        await fought_over(bench, github)

        await bench.deliver(2)
        await bench.until_done(7)
        assert bench.outcomes()[-1] == "success", "another issue is another matter"


async def test_h35_a_fight_over_one_label_is_noticed_in_whatever_company_it_is_written(tmp_path: Path) -> None:
    company = (("a", "track/main"), ("track/main",), ("track/main", "b"), ("Track/Main",), ("c",), ("d",))
    github = adding(*(AddLabels(labels, "track.classify") for labels in company))
    async with working(tmp_path, github) as bench:
        await fought_over(bench, github)


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
