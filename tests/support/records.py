"""Records for tests: one run with everything in it, and many small ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from engine.model import Issue, IssueRef, Milestone, Trigger
from engine.plan import AddLabels, Decision, RemoveLabels, SetMilestone
from engine.ports import Applied, RunResult
from engine.problems import Problem, Where
from tassist.telemetry.record import run_record

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
TITLE = "Feature: a title that nobody else needs to read"
BODY = "The body of an issue, which is recorded nowhere at all."


def full_result(*, title: str = TITLE, text: str = "two track labels; the newest stays") -> RunResult:
    """A run that did something in every field."""
    ref = IssueRef("acme/orbit", 42, 900)
    return RunResult(
        ref=ref,
        outcome="partial",
        reason="one effect could not be applied",
        decisions=(
            Decision(
                rule="exclusivity.track",
                subject="labels",
                outcome="applied",
                reason=text,
                config=Where(file="c.yml", line=12, path="enforcement.exclusivity.track"),
                before="track/a, track/b",
                after="track/a",
            ),
            Decision("milestone", "milestone", "applied", "phase-1 maps to Phase 1"),
            Decision("exclusivity.phase", "labels", "already", "one phase label"),
        ),
        applied=(
            Applied(RemoveLabels(("track/b", "track/ü"), rule="exclusivity.track"), changed=True, writes=2),
            Applied(AddLabels(("track/a",), rule="exclusivity.track"), changed=False),
            Applied(
                SetMilestone("Phase 1", 3, rule="milestone", before=None),
                changed=False,
                writes=1,
                problem=Problem("milestone-refused", "GitHub refused the milestone", why=text, family="world"),
            ),
        ),
        issue=Issue(
            ref,
            title=title,
            body=BODY,
            labels=("track/a", "phase-1"),
            milestone=Milestone(3, "Phase 1", due_on=date(2026, 4, 1)),
            created_at=NOON - timedelta(days=3),
            updated_at=NOON,
        ),
        track="sprint",
        config_digest="sha256:abc",
        not_configured=("stale", "inheritance"),
        reads=1,
        writes=3,
        started=NOON - timedelta(milliseconds=40),
        finished=NOON,
        problems=(Problem("milestone-refused", "GitHub refused the milestone", why=text, family="world"),),
    )


def full_trigger() -> Trigger:
    """A labelled issue."""
    return Trigger("delivery", "issues", "labeled", delivery_id="d-2", sender="mona", sender_id=7)


def line(
    number: int = 1,
    *,
    repo: str = "acme/orbit",
    at: datetime = NOON,
    reason: str | None = None,
    labels: tuple[str, ...] = ("bug",),
) -> bytes:
    """A small run record; equal numbers have equal event ids."""
    ref = IssueRef(repo, number % 50 + 1)
    result = RunResult(
        ref=ref,
        outcome="success" if reason is None else "partial",
        reason=reason,
        issue=Issue(ref, labels=labels),
        decisions=(Decision("exclusivity.track", "labels", "already", "one track label"),),
        started=at,
        finished=at,
    )
    return run_record(result, trigger=full_trigger(), delivery_ids=[f"d-{number}"], run_id=f"{repo}:{number}")
