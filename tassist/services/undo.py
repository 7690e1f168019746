"""`tassist undo`: takes back what one run wrote, value by value, unless a person changed the value since."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from engine.explain import effect_data, effect_in_words
from engine.model import Fact, IssueRef, Trigger
from engine.plan import (
    AddLabels,
    ClearMilestone,
    DeleteComment,
    Effect,
    Inverse,
    RemoveLabels,
    ReopenIssue,
    SetMilestone,
)
from engine.ports import Gone, Retry
from engine.problems import Problem, ProblemError
from engine.runner import consider
from tassist.github.connection import Connection
from tassist.github.undoer import GitHubUndoer
from tassist.services.connecting import parse_issue
from tassist.services.deliveries import open_journal
from tassist.services.holding import STEP_S, holding
from tassist.services.undo_steps import AsIf, Step, judge, refused, values
from tassist.store.ledger import effect_from_json, new_run_id, undoes
from tassist.store.model import RunRow
from tassist.store.place import Where
from tassist.store.ports import Journal
from tassist.telemetry.around import run_undone
from tassist.telemetry.shape import Change
from tassist.text import safe_text


@dataclass(frozen=True, slots=True)
class Planned:
    """What undoing a run means now."""

    run: RunRow
    ref: IssueRef
    steps: tuple[Step, ...]
    """The last write first."""
    undone_by: str = ""
    """The newest undo of this run, where there was one."""
    next_effects: tuple[Effect, ...] = ()
    """What the rules would write at the next look, if the steps were taken."""
    next_reason: str | None = None
    """Why the next look would not be a plain success."""

    @property
    def wanted(self) -> tuple[Step, ...]:
        """The steps to take."""
        return tuple(step for step in self.steps if step.verdict == "undo")

    @property
    def refused(self) -> tuple[Step, ...]:
        """What stays because somebody changed it since."""
        return tuple(step for step in self.steps if step.verdict == "refused")


@dataclass(frozen=True, slots=True)
class Done:
    """One step that was taken, or could not be."""

    step: Step
    changed: bool
    problem: Problem | None = None


# --- which run ----------------------------------------------------------------------------------------------------------


def chosen(journal: Journal, target: str) -> RunRow:
    """The run that is meant: by its id or the beginning of it, or the newest of an issue that wrote something.

    Raises:
        ProblemError: there is none, it is an undo itself, or it is still under way.
    """
    if "#" in target or "/" in target:
        repo, number = parse_issue(target)
        key = journal.issue_named(repo, number)
        runs = [run for run in journal.runs_of(key) if not undoes(run)] if key else []
        if not runs:
            raise ProblemError(
                Problem(
                    "nothing-to-undo",
                    f"the journal has no run that wrote to {safe_text(target, max_chars=120)}",
                    "only what this journal's service wrote can be taken back",
                    f"what arrived for it: tassist deliveries list --repo {safe_text(repo, max_chars=100)}",
                )
            )
        found = runs[0]
    else:
        found = _by_id(journal, target)
    if undoes(found):
        raise ProblemError(
            Problem(
                "undo-of-an-undo",
                f"run {found.run_id} is an undo itself",
                f"it took back run {undoes(found)}",
                "let the rules decide anew: tassist why shows what they would do",
            )
        )
    under_way = found if found.state == "running" else journal.unfinished_run(found.key)
    if under_way is not None:
        raise ProblemError(
            Problem(
                "run-under-way",
                f"run {under_way.run_id} on {safe_text(found.repo)}#{found.key.number} has not ended",
                "it is being worked on, or the service stopped in it",
                "let tassist serve finish it, then try again",
                family="world",
            )
        )
    return found


def _by_id(journal: Journal, text: str) -> RunRow:
    found = journal.runs_named(text)
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(run.run_id for run in found[:5])
        raise ProblemError(
            Problem("run-ambiguous", f"{len(found)} runs begin with {safe_text(text)}", fix=f"one of {ids}")
        )
    raise ProblemError(
        Problem(
            "no-such-run",
            f"the journal has no run {safe_text(text, max_chars=80)}",
            "a run's id stands in tassist deliveries show and in every record; six characters of it are enough",
            "or name the issue: tassist undo OWNER/REPO#N",
        )
    )


# --- what it means now --------------------------------------------------------------------------------------------------


async def plan(connection: Connection, home: Where, target: str) -> Planned:
    """Look at the issue as it is now, and say for each value the run wrote what undoing it means; writes nothing.

    Args:
        connection: A read-only one will do.
        home: Folder of the journal, or where the settings say it is.
        target: A run's id or the beginning of it, or ``OWNER/NAME#N``.

    Raises:
        ProblemError: there is no such run, or the issue cannot be looked at.
        Retry: GitHub cannot be asked now.
    """
    with open_journal(home) as journal:
        run = chosen(journal, target)
        rows = journal.effects(run.run_id)
        later = [one for one in journal.runs_of(run.key) if (one.started_at, one.run_id) > (run.started_at, run.run_id)]
        again = [(one.run_id, effect_from_json(row.effect)) for one in later if not undoes(one)
                 for row in journal.effects(one.run_id) if row.state == "applied"]  # fmt: skip
        undone_by = next((one.run_id for one in later if undoes(one) == run.run_id), "")
    if not connection.ourselves.login:
        # Without the bot's login its events look like a person's where GitHub does not name the App.
        connection.ourselves.login = f"{(await connection.api.app()).slug or ''}[bot]".lower()
    ref = IssueRef(run.repo, run.key.number, run.key.repo_id)
    look = await connection.reader.look(ref, (Fact.TIMELINE, Fact.REPO_LABELS, Fact.REPO_MILESTONES))
    if isinstance(look, Gone):
        raise ProblemError(look.problem)
    steps: list[Step] = []
    for row in reversed(rows):
        if row.state == "applied":
            for step in values(row):
                judged = judge(step, look.issue, look.repo, again)
                if judged.verdict == "undo" and isinstance(judged.inverse, DeleteComment):
                    judged = await _judge_comment(connection, ref, judged, judged.inverse)
                steps.append(judged)
    planned = Planned(run, look.issue.ref, tuple(steps), undone_by)
    if not planned.wanted:
        return planned
    as_if = AsIf(connection.reader, planned.wanted, connection.client.clock.now())
    considered = await consider(Trigger("manual"), ref, reader=as_if, clock=connection.client.clock)
    return replace(planned, next_effects=considered.plan.effects, next_reason=considered.plan.reason)


async def _judge_comment(connection: Connection, ref: IssueRef, step: Step, inverse: DeleteComment) -> Step:
    comment = await GitHubUndoer(connection.applier).own_comment(ref, inverse.marker)
    if comment is None:
        return replace(step, verdict="already", why="it is not there any more")
    return refused(step, "somebody edited the comment since") if comment.edited else step


# --- doing it -----------------------------------------------------------------------------------------------------------


async def carry_out(
    connection: Connection, home: Where, planned: Planned, told: Callable[[Done], None]
) -> tuple[Planned, tuple[Done, ...]]:
    """Look once more, and take back what nobody has changed in the meantime; each write stands in the ledger.

    The issue is held meanwhile: a look of a running service that is under way is waited for, and none begins.

    Only what was shown is done: a value that has become undoable since is left for another time.

    Raises:
        Retry: GitHub cannot be asked now; what was done before stays, and is recorded. A second undo does the rest.
    """
    clock = connection.client.clock
    run_id = new_run_id(clock.now())
    ref = IssueRef(planned.ref.repo, planned.run.key.number, planned.run.key.repo_id)
    with open_journal(home) as journal:
        async with holding(journal, home, ref, owner=run_id, clock=clock) as prolong:
            fresh = await plan(connection, home, planned.run.run_id)
            shown = {step.effect for step in planned.wanted}
            steps = [step for step in fresh.wanted if step.effect in shown]
            if not steps:
                return fresh, ()
            started = clock.now()
            await journal.begin_undo(
                run_id, fresh.run.key, repo=fresh.ref.repo, undone=fresh.run.run_id, started_at=started
            )
            done, trouble = await _take_steps(connection, journal, run_id, fresh, steps, prolong, told)
            await _record(journal, run_id, fresh, done, trouble, clock.now())
    if trouble is not None:
        raise trouble
    return fresh, tuple(done)


async def _take_steps(
    connection: Connection,
    journal: Journal,
    run_id: str,
    planned: Planned,
    steps: Sequence[Step],
    prolong: Callable[[], Awaitable[None]],
    told: Callable[[Done], None],
) -> tuple[list[Done], Retry | None]:
    """One step after the other, while the issue is held; those that were taken, and what stopped the rest."""
    clock = connection.client.clock
    undoer = GitHubUndoer(connection.applier)
    started = clock.now()
    done: list[Done] = []
    for step in steps:
        assert step.inverse is not None
        try:
            await prolong()
        except Retry as retry:
            return done, retry
        ordinal = await journal.intend(
            step.inverse,
            run_id=run_id,
            key=planned.run.key,
            repo=planned.ref.repo,
            trigger="{}",
            started_at=started,
            now=clock.now(),
        )
        try:
            async with asyncio.timeout(STEP_S):
                undone = await undoer.undo(planned.ref, step.inverse)
        except Retry as retry:
            return done, retry
        except TimeoutError:
            return done, Retry(
                Problem("undo-too-long", f"taking it back took more than {STEP_S:.0f} s", family="world")
            )
        state: Literal["applied", "already", "failed"] = (
            "failed" if undone.problem else "applied" if undone.changed else "already"
        )
        what = undone.problem.what if undone.problem else None
        await journal.settle_undo(run_id, ordinal, state=state, writes=undone.writes, problem=what, now=clock.now())
        done.append(Done(step, undone.changed, undone.problem))
        told(done[-1])
    return done, None


async def _record(
    journal: Journal, run_id: str, planned: Planned, done: Sequence[Done], trouble: Retry | None, now: datetime
) -> None:
    problems = [*(one.problem for one in done if one.problem), *(trouble.problems if trouble else ())]
    kept = planned.refused
    reason = problems[0].what if problems else f"{_label(kept[0].effect)}: {kept[0].why}" if kept else None
    changes = [change for one in done if one.changed and not one.problem for change in _changes(one.step.inverse)]
    outcome = "success" if reason is None else "partial" if changes else "failed"
    record = run_undone(
        ref=planned.ref,
        run_id=run_id,
        undone=planned.run.run_id,
        at=now,
        changes_made=changes,
        problems=problems,
        reason=reason,
    )
    await journal.finish_undo(run_id, outcome=outcome, reason=reason, finished_at=now, record=record)


def _changes(inverse: Inverse | None) -> list[Change]:
    match inverse:
        case AddLabels(names=names):
            return [Change("labels", None, name) for name in names]
        case RemoveLabels(names=names):
            return [Change("labels", name, None) for name in names]
        case SetMilestone(title=title, before=before):
            return [Change("milestone", before, title)]
        case ClearMilestone(before=before):
            return [Change("milestone", before, None)]
        case ReopenIssue():
            return [Change("state", "closed", "open")]
        case DeleteComment(marker=marker):
            return [Change("comments", marker, None)]
        case None:
            return []


# --- in words -----------------------------------------------------------------------------------------------------------


def in_words(planned: Planned) -> list[str]:
    """What would be done, line by line, and what the rules would say to it."""
    run = planned.run
    lines = [f"{planned.ref}  run {run.run_id}, {run.started_at:%Y-%m-%d %H:%M:%S} UTC, {run.outcome or run.state}"]
    for step in planned.steps:
        said = inverse_in_words(step.inverse) if step.verdict == "undo" else _label(step.effect)
        why = f": {step.why}" if step.why else f"  (it was: {_label(step.effect)})"
        lines.append(f"  {step.verdict:<8} {said}{why}")
    if not planned.wanted:
        by = f"; run {planned.undone_by} took it back before" if planned.undone_by else ""
        return [*lines, f"Nothing to do{by}."]
    if planned.next_effects:
        lines.append("The next look would then write, since the rules are as they are:")
        lines += [f"  {effect_in_words(effect)}  [{effect.rule}]" for effect in planned.next_effects]
        lines.append("Change the configuration or the issue if that is not what you want.")
    else:
        lines.append("The next look would leave it so" + (f" ({planned.next_reason})." if planned.next_reason else "."))
    return lines


def inverse_in_words(inverse: Inverse | None) -> str:
    """What an inverse writes, as a command."""
    match inverse:
        case AddLabels() | RemoveLabels() | SetMilestone():
            return effect_in_words(inverse)
        case ClearMilestone(before=before):
            return f'take it out of milestone "{before}"'
        case ReopenIssue():
            return "open it again"
        case DeleteComment():
            return "delete the App's comment"
        case None:
            return "nothing"


def _label(effect: Effect) -> str:
    return effect_in_words(effect)


def data(planned: Planned, done: tuple[Done, ...] | None = None) -> dict[str, Any]:
    """The undo as plain data; with ``done``, how it went."""
    result: dict[str, Any] = {
        "run_id": planned.run.run_id,
        "repo": planned.ref.repo,
        "number": planned.ref.number,
        "undone_by": planned.undone_by or None,
        "steps": [
            {
                "wrote": effect_in_words(step.effect),
                "undo": inverse_in_words(step.inverse) if step.inverse else None,
                "verdict": step.verdict,
                "why": step.why or None,
            }
            for step in planned.steps
        ],
        "next_look": {
            "effects": [effect_data(effect) for effect in planned.next_effects],
            "reason": planned.next_reason,
        },
    }
    if done is not None:
        result["done"] = [
            {
                "undo": inverse_in_words(one.step.inverse),
                "changed": one.changed,
                "problem": str(one.problem) if one.problem else None,
            }
            for one in done
        ]
    return result
