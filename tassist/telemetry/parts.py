"""The parts of a record, made from the engine's values."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from engine.model import Issue, Trigger
from engine.plan import (
    AddLabels,
    CloseIssue,
    CreateLabel,
    CreateMilestone,
    Decision,
    Effect,
    PostComment,
    RemoveLabels,
    SetMilestone,
)
from engine.ports import Applied
from engine.problems import Problem
from tassist.telemetry.events import EventType
from tassist.telemetry.shape import (
    NO_REPO,
    REPO,
    Change,
    DecisionMade,
    IssueState,
    Outcome,
    TriggerSeen,
    Trouble,
)

_IDS = uuid.UUID("6f1c2a52-5c0b-4f0e-9d5e-3f6f1f3c7a10")
_REPO = re.compile(REPO)
_MIN_HIDDEN = 12
"""Shorter titles and bodies are words like any other; blanking them out would maim reasons."""


def event_id(event_type: EventType, *key: object) -> str:
    """The id of what happened: the same type and key give the same id, in every process."""
    return str(uuid.uuid5(_IDS, "\n".join((event_type, *map(str, key)))))


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, so that stamps sort as text: ``2026-01-31T08:00:00.000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def issue_state(issue: Issue, *, track: str | None = None, include_titles: bool = False) -> IssueState:
    """What is recorded of an issue's state; never its body."""
    due = issue.milestone.due_on if issue.milestone else None
    return IssueState(
        labels=issue.labels,
        milestone=issue.milestone.title if issue.milestone else None,
        state=issue.state,
        track=track,
        title=issue.title if include_titles else "",
        state_reason=issue.state_reason,
        created_at=optional_stamp(issue.created_at),
        updated_at=optional_stamp(issue.updated_at),
        closed_at=optional_stamp(issue.closed_at),
        milestone_due_on=due.isoformat() if due else None,
        milestone_state=issue.milestone.state if issue.milestone else None,
        is_pull_request=issue.is_pull_request,
    )


def changes(applied: Iterable[Applied]) -> tuple[Change, ...]:
    """What was really written, one entry for each value: a label added is ``null → name``, one removed ``name → null``."""
    return tuple(
        change
        for entry in applied
        if entry.changed and not entry.problem
        for change in _changes_of(entry, entry.effect)
    )


def _changes_of(entry: Applied, effect: Effect) -> list[Change]:
    match effect:
        case AddLabels(names=names, rule=rule):
            return [Change("labels", None, name, rule) for name in names]
        case RemoveLabels(names=names, rule=rule):
            return [Change("labels", name, None, rule) for name in names]
        case SetMilestone(title=title, rule=rule, before=before):
            return [Change("milestone", entry.before or before, entry.after or title, rule)]
        case CreateLabel(name=name, rule=rule):
            return [Change("repo.labels", None, name, rule)]
        case CreateMilestone(title=title, rule=rule):
            return [Change("repo.milestones", None, title, rule)]
        case PostComment(marker=marker, rule=rule):
            return [Change("comments", None, marker, rule)]  # the marker finds it again; its words stay on GitHub
        case CloseIssue(rule=rule):
            return [Change("state", "open", "closed", rule)]


def applied_rules(decisions: Sequence[Decision], applied: Sequence[Applied]) -> tuple[str, ...]:
    """Rules whose decision was applied, but for those none of whose effects came about."""
    came_about = {entry.effect.rule for entry in applied if not entry.problem}
    failed = {entry.effect.rule for entry in applied if entry.problem} - came_about
    names = [decision.rule for decision in decisions if decision.outcome == "applied" and decision.rule not in failed]
    return tuple(dict.fromkeys(names))


class Words:
    """Takes an issue's body, and its title unless it is wanted, out of sentences that quote them."""

    def __init__(self, issue: Issue | None, *, include_titles: bool) -> None:
        candidates = [("[body]", issue.body), ("[title]", "" if include_titles else issue.title)] if issue else []
        self.hidden = [(mark, text) for mark, text in candidates if len(text) >= _MIN_HIDDEN]

    def __call__(self, text: str | None) -> str | None:
        """The sentence without them."""
        for mark, hidden in self.hidden:
            if text and hidden in text:
                text = text.replace(hidden, mark)
        return text

    def word(self, text: str) -> str:
        """The same for text that is always there."""
        return self(text) or ""


def decision_made(decision: Decision, words: Words) -> DecisionMade:
    """A decision as recorded."""
    return DecisionMade(
        rule=decision.rule,
        subject=decision.subject,
        outcome=decision.outcome,
        reason=words.word(decision.reason),
        config_key=decision.config.path if decision.config else "",
        config_line=decision.config.line if decision.config else None,
        before=words(decision.before),
        after=words(decision.after),
    )


def trouble(problem: Problem, words: Words | None = None) -> Trouble:
    """A problem as recorded."""
    say = words.word if words else str
    return Trouble(
        code=problem.code or "unknown",
        what=say(problem.what),
        why=say(problem.why),
        fix=say(problem.fix),
        where=str(problem.where) if problem.where else "",
        family=problem.family,
    )


def trigger_seen(trigger: Trigger, delivery_ids: Sequence[str]) -> TriggerSeen:
    """A trigger as recorded, with every delivery it stands for."""
    return TriggerSeen(
        kind=trigger.kind,
        event=trigger.event,
        action=trigger.action,
        delivery_id=trigger.delivery_id,
        delivery_ids=tuple(dict.fromkeys(delivery_ids)),
        sender=trigger.sender,
        sender_id=trigger.sender_id,
        by_app=trigger.by_app,
    )


def known_outcome(outcome: str) -> Outcome:
    """An outcome nobody knows is a failure: a record is written in any case."""
    if outcome in {"success", "partial", "blocked", "failed"}:
        return outcome  # type: ignore[return-value]  # narrowed by the line above, which mypy does not do for sets
    return "failed"


def reason_of(outcome: Outcome, reason: str | None, problems: Sequence[Trouble]) -> str | None:
    """The reason: none on success, and in any other case some words."""
    if outcome == "success":
        return None
    return reason or (problems[0].what if problems else "") or "no reason was given"


def repo_name(name: str) -> str:
    """The name where it is one, else the mark of the service itself: a record is written in any case."""
    return name if len(name) <= 255 and _REPO.match(name) else NO_REPO


def optional_stamp(moment: datetime | None) -> str | None:
    """`stamp`, or nothing for nothing."""
    return stamp(moment) if moment else None
