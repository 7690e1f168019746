"""Taking back every kind of effect: written with the real applier, kept in a real ledger, undone against the box."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.plan import (
    AddLabels,
    ClearMilestone,
    CloseIssue,
    CreateLabel,
    DeleteComment,
    Effect,
    PostComment,
    ReopenIssue,
    SetMilestone,
)
from engine.ports import Retry
from engine.problems import ProblemError
from tassist.github.undoer import GitHubUndoer
from tassist.sandbox import issue_changes
from tassist.services import undo
from tassist.store.journal import Journal
from tassist.store.model import FinishedRun, LaneKey
from tests.integration.github.conftest import Octo

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
MARK = "<!-- tassist:stale:1 -->"
COMMENT = PostComment(f"No activity.\n\n{MARK}", MARK, "stale")
CLOSE = CloseIssue("not_planned", "stale")
MADE = CreateLabel("new", "", "ededed", "stale")


async def ran(octo: Octo, *effects: Effect, settled: bool = True) -> Path:
    """A run that wrote these, and the folder of its journal."""
    key = LaneKey(octo.repo.id, 1)
    with Journal.open(octo.home) as journal:
        for effect in effects:
            place = await journal.intend(
                effect, run_id="run-one", key=key, repo="octo/app", trigger="{}", started_at=AT, now=AT
            )
            applied = await octo.connection.applier.apply(octo.ref, effect)
            if settled:
                await journal.settle("run-one", place, applied, AT)
        resolved = () if settled else tuple((place, "applied") for place in range(1, len(effects) + 1))
        await journal.finish(
            FinishedRun(
                "run-one", key, "octo/app", "{}", AT, AT, "success", None, "{}", 0, "e", b"{}",
                resolved=resolved,  # type: ignore[arg-type]  # literals in a comprehension
            )
        )  # fmt: skip
    return octo.home


async def undone(octo: Octo, home: Path) -> tuple[undo.Planned, tuple[undo.Done, ...]]:
    planned = await undo.plan(octo.connection, home, "octo/app#1")
    return await undo.carry_out(octo.connection, home, planned, lambda _: None)


def state(octo: Octo) -> tuple[set[str], str | None, str, int]:
    issue = octo.box.issue("octo/app", 1)
    milestone = issue.milestone.title if issue.milestone else None
    return {label.name for label in issue.labels}, milestone, issue.state, len(issue.comments)


async def test_every_kind_of_effect_is_taken_back_the_last_first(octo: Octo) -> None:
    before = state(octo)
    first = SetMilestone("Phase 1", 1, "r")
    home = await ran(octo, MADE, AddLabels(("new", "phase-1"), "r"), first, COMMENT, CLOSE)

    planned, done = await undone(octo, home)

    assert [one.step.inverse for one in done][:3] == [ReopenIssue(), DeleteComment(MARK), ClearMilestone("Phase 1")]
    assert [step.verdict for step in planned.steps] == ["undo"] * 5 + ["stays"]
    assert state(octo) == before
    assert "new" in octo.repo.labels, "what was created stays"


async def test_the_milestone_before_comes_back(octo: Octo) -> None:
    with octo.box.lock:
        issue_changes.set_milestone(octo.box, octo.by, octo.box.issue("octo/app", 1), octo.repo.milestones[1])
    home = await ran(octo, SetMilestone("Phase 2", 2, "r", before="Phase 1"))

    await undone(octo, home)

    assert state(octo)[1] == "Phase 1"


async def test_h20_what_a_crash_left_unsettled_is_taken_back_once_it_is_known_to_have_been_done(octo: Octo) -> None:
    home = await ran(octo, AddLabels(("phase-1",), "r"), CLOSE, settled=False)

    _, done = await undone(octo, home)

    assert [one.changed for one in done] == [True, True]
    assert state(octo)[2] == "open"


async def test_a_comment_somebody_edited_and_an_issue_somebody_closed_again_stay(octo: Octo) -> None:
    home = await ran(octo, COMMENT, CLOSE)
    issue = octo.box.issue("octo/app", 1)
    octo.box.clock.advance(60)
    with octo.box.lock:
        issue_changes.edit_comment(octo.box, octo.by, issue, issue.comments[0], f"mine now {MARK}")
        issue_changes.set_state(octo.box, octo.by, issue, "open")
        issue_changes.set_state(octo.box, octo.by, issue, "closed")

    planned, done = await undone(octo, home)

    assert [(step.verdict, step.why.split(" on ")[0]) for step in planned.steps] == [
        ("refused", "ann changed it"),
        ("refused", "somebody edited the comment since"),
    ]
    assert done == ()
    assert len(issue.comments) == 1


async def test_a_copied_marker_is_not_our_comment(octo: Octo) -> None:
    with octo.box.lock:
        issue_changes.add_comment(octo.box, octo.by, octo.box.issue("octo/app", 1), f"look: {MARK}")

    undone_ = await GitHubUndoer(octo.connection.applier).undo(octo.ref, DeleteComment(MARK))

    assert (undone_.changed, undone_.writes, state(octo)[3]) == (False, 0, 1)


async def test_what_a_person_changes_while_the_question_stands_is_left_alone(octo: Octo) -> None:
    home = await ran(octo, AddLabels(("phase-1",), "r"), CLOSE)
    planned = await undo.plan(octo.connection, home, "run-one")
    issue = octo.box.issue("octo/app", 1)
    with octo.box.lock:
        issue_changes.set_state(octo.box, octo.by, issue, "open")
        issue_changes.set_state(octo.box, octo.by, issue, "closed")

    fresh, done = await undo.carry_out(octo.connection, home, planned, lambda _: None)

    assert [step.verdict for step in fresh.steps] == ["refused", "undo"]
    assert len(done) == 1
    assert state(octo)[2] == "closed"


async def test_a_run_under_way_is_not_undone(octo: Octo) -> None:
    with Journal.open(octo.home) as journal:
        await journal.intend(
            CLOSE, run_id="run-one", key=LaneKey(octo.repo.id, 1), repo="octo/app", trigger="{}", started_at=AT, now=AT
        )

    with pytest.raises(ProblemError) as raised:
        await undo.plan(octo.connection, octo.home, "run-one")

    assert raised.value.problems[0].code == "run-under-way"


async def test_a_broken_off_undo_is_never_taken_for_a_run_under_way(octo: Octo) -> None:
    home = await ran(octo, AddLabels(("phase-1",), "r"), CLOSE)
    planned = await undo.plan(octo.connection, home, "run-one")
    octo.box.faults.server_error(503, method="write", skip=1, count=None)

    with pytest.raises(Retry):
        await undo.carry_out(octo.connection, home, planned, lambda _: None)

    with Journal.open(home) as journal:
        newest = journal.runs_of(LaneKey(octo.repo.id, 1))[0]
        assert journal.unfinished_run(newest.key) is None
        assert (newest.outcome, [row.state for row in journal.effects(newest.run_id)]) == (
            "partial",
            ["applied", "intended"],
        )
        assert len(journal.outbox.read(0, 10)) == 2
    octo.box.faults.clear()
    _, done = await undone(octo, home)
    assert len(done) == 1
    assert state(octo)[2] == "open"
