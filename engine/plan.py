"""What a look concludes: decisions in words, effects to apply, and nothing done yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.problems import Problem, Where

Outcome = Literal["applied", "already", "skipped", "warned", "blocked", "failed"]
"""What one rule concluded. A rule that is not configured leaves no decision; `Plan.not_configured` names it."""

RunOutcome = Literal["success", "partial", "blocked", "failed"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What one rule concluded about one subject."""

    rule: str
    """Dotted id, such as ``exclusivity.track``."""
    subject: str
    """What it was about: ``labels``, ``milestone``, ``state``, or the issue itself."""
    outcome: Outcome
    reason: str
    """Plain words, one sentence."""
    config: Where | None = None
    """The configuration key, with its line, that caused it."""
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class AddLabels:
    """Add these labels, leaving all others; one additive write."""

    names: tuple[str, ...]
    rule: str
    """The rule that wants it; several, joined by a comma, where several want one of the names."""
    field: Literal["labels"] = "labels"
    rules: tuple[str, ...] = ()
    """For each of ``names``, the rule that wants it."""


@dataclass(frozen=True, slots=True)
class RemoveLabels:
    """Remove these labels, leaving all others. One effect; GitHub takes one call for each name."""

    names: tuple[str, ...]
    rule: str
    """The rule that wants it; several, joined by a comma, where several want one of the names."""
    field: Literal["labels"] = "labels"
    rules: tuple[str, ...] = ()
    """For each of ``names``, the rule that wants it."""


@dataclass(frozen=True, slots=True)
class SetMilestone:
    """Set the issue's milestone; ``number`` is ``None`` where an earlier effect of the plan creates it."""

    title: str
    number: int | None
    rule: str
    before: str | None = None
    field: Literal["milestone"] = "milestone"


@dataclass(frozen=True, slots=True)
class CreateLabel:
    """Create a label the configuration declares; comes before the effect that uses it."""

    name: str
    description: str
    color: str
    rule: str
    field: Literal["repo.labels"] = "repo.labels"


@dataclass(frozen=True, slots=True)
class CreateMilestone:
    """Create a milestone the configuration declares; comes before the effect that uses it."""

    title: str
    description: str
    due_on: str | None
    """RFC 3339 date, or ``None``."""
    rule: str
    field: Literal["repo.milestones"] = "repo.milestones"


@dataclass(frozen=True, slots=True)
class PostComment:
    """Post a comment once: ``marker`` is found again in the issue's comments, so a second look does not repeat it."""

    body: str
    """What is posted; it contains ``marker``, in a form GitHub does not show."""
    marker: str
    rule: str
    field: Literal["comments"] = "comments"


@dataclass(frozen=True, slots=True)
class CloseIssue:
    """Close the issue with a reason GitHub knows."""

    reason: Literal["completed", "not_planned"]
    rule: str
    field: Literal["state"] = "state"


@dataclass(frozen=True, slots=True)
class ClearMilestone:
    """Take the issue out of its milestone; no rule does, a person who takes a run back may."""

    before: str
    field: Literal["milestone"] = "milestone"


@dataclass(frozen=True, slots=True)
class ReopenIssue:
    """Open the issue again; no rule does, a person who takes a run back may."""

    field: Literal["state"] = "state"


@dataclass(frozen=True, slots=True)
class DeleteComment:
    """Delete a comment of the App's own, found by its marker; no rule does, a person who takes a run back may."""

    marker: str
    field: Literal["comments"] = "comments"


Effect = AddLabels | RemoveLabels | SetMilestone | CreateLabel | CreateMilestone | PostComment | CloseIssue

Inverse = AddLabels | RemoveLabels | SetMilestone | ClearMilestone | ReopenIssue | DeleteComment
"""What takes an effect back; what was created stays, since it may be in use elsewhere."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordered decisions and effects of one look; a value, equal for equal inputs."""

    decisions: tuple[Decision, ...] = ()
    effects: tuple[Effect, ...] = ()
    """In the order in which they are to be applied; at most one write for a changed field, creations first."""
    not_configured: tuple[str, ...] = ()
    """Rules that did not run because nothing configures them."""
    outcome: RunOutcome = "success"
    """What the run would be if every effect succeeds."""
    reason: str | None = None
    """``None`` on success only."""
    problems: tuple[Problem, ...] = field(default=())

    @property
    def changes(self) -> bool:
        """Whether applying the plan would write anything."""
        return bool(self.effects)
