"""What another configuration would have done to issues as they were; pure, like everything here.

A state is an issue at one moment of its history. Both configurations look at the same state, and what differs is the state
each would leave: a label on it or not, another milestone, open or closed. Without an earlier configuration the state itself is
compared, so that the differences are what the new configuration would still write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from engine.config.types import Config
from engine.decide import effects_of
from engine.draft import FactMissing
from engine.model import Fact, Issue, IssueRef, Repo, Trigger, fold
from engine.plan import AddLabels, CloseIssue, Effect, PostComment, RemoveLabels, SetMilestone

Field = Literal["labels", "milestone", "state", "comments"]

_SWEEP: Final = Trigger("sweep")
_MOST_REMEMBERED: Final = 50_000


@dataclass(frozen=True, slots=True)
class Seen:
    """An issue as it was at one moment, in its repository as it was or may be assumed to have been."""

    issue: Issue
    repo: Repo
    at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One thing the two configurations would leave differently."""

    rule: str
    """The rule that makes the difference: the new configuration's, or the old one's where the new one does nothing."""
    field: Field
    label: str
    """The label's name; empty for other fields."""
    base: str
    """What the old configuration leaves: ``on`` or ``off`` for a label, a title or nothing, ``open`` or ``closed``."""
    new: str
    """What the new one leaves."""


@dataclass(slots=True)
class Difference:
    """One change on one issue, over all the states in which it shows."""

    ref: IssueRef
    change: Change
    first: datetime
    last: datetime
    states: int = 1


@dataclass(slots=True)
class Report:
    """What would differ over a history."""

    states: int = 0
    issues: int = 0
    differing_states: int = 0
    differences: tuple[Difference, ...] = ()
    """By repository, number, rule and field."""
    undecided: dict[Fact, int] = field(default_factory=dict)
    """States that cannot be decided, by the fact that the history does not tell."""
    first: datetime | None = None
    last: datetime | None = None

    def by_rule(self) -> dict[str, tuple[int, int]]:
        """Rule → how many differences, on how many issues; in alphabetical order."""
        rules = sorted({difference.change.rule for difference in self.differences})
        found = {}
        for rule in rules:
            refs = [difference.ref for difference in self.differences if difference.change.rule == rule]
            found[rule] = (len(refs), len(set(refs)))
        return found


@dataclass(frozen=True, slots=True)
class _Left:
    """What a plan leaves of an issue, and which rule did it."""

    labels: dict[str, str]
    milestone: str
    state: str
    comments: int
    by_label: dict[str, str]
    by_field: dict[str, str]


class Backtest:
    """Compares two configurations state by state, remembering states that are alike."""

    __slots__ = ("_base", "_known", "_new", "_repos")

    def __init__(self, new: Config, base: Config | None = None) -> None:
        self._new = new
        self._base = base
        self._known: dict[object, tuple[Change, ...] | Fact] = {}
        self._repos: dict[int, Repo] = {}
        """Kept alive, so that no other repository ever has the same identity."""

    def changes(self, seen: Seen) -> tuple[Change, ...] | Fact:
        """What would differ, in order; or the fact without which it cannot be told."""
        key = _key(seen)
        if key is None:
            return self._compared(seen)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._repos[id(seen.repo)] = seen.repo
            known = self._known[key] = self._compared(seen)
        return known

    def _compared(self, seen: Seen) -> tuple[Change, ...] | Fact:
        try:
            new = effects_of(_SWEEP, seen.issue, seen.repo, self._new, seen.at)
            base: tuple[Effect, ...] = ()
            if self._base is not None:
                base = effects_of(_SWEEP, seen.issue, seen.repo, self._base, seen.at)
        except FactMissing as missing:
            return missing.fact
        return () if new == base else tuple(sorted(_differ(_left(seen.issue, base), _left(seen.issue, new))))

    def over(self, history: Iterable[Seen]) -> Report:
        """The whole report; each state is looked at once, in the order given."""
        report = Report()
        found: dict[tuple[IssueRef, Change], Difference] = {}
        refs: set[IssueRef] = set()
        for seen in history:
            report.states += 1
            refs.add(seen.issue.ref)
            report.first = seen.at if report.first is None else min(report.first, seen.at)
            report.last = seen.at if report.last is None else max(report.last, seen.at)
            changes = self.changes(seen)
            if isinstance(changes, Fact):
                report.undecided[changes] = report.undecided.get(changes, 0) + 1
                continue
            report.differing_states += bool(changes)
            for change in changes:
                known = found.get((seen.issue.ref, change))
                if known is None:
                    found[seen.issue.ref, change] = Difference(seen.issue.ref, change, seen.at, seen.at)
                else:
                    known.states += 1
                    known.first, known.last = min(known.first, seen.at), max(known.last, seen.at)
        report.issues = len(refs)
        report.differences = tuple(found[key] for key in sorted(found))
        return report


def _key(seen: Seen) -> object | None:
    """Equal for states that no configuration can tell apart; ``None`` where every moment of a timeline may count.

    Without a timeline, rules count whole days only.
    """
    issue = seen.issue
    if issue.timeline is not None or issue.parent is not None:
        return None
    return (
        issue.labels,
        issue.milestone,
        issue.state,
        issue.title,
        issue.body,
        issue.is_pull_request,
        issue.locked,
        issue.parent_read,
        (seen.at - issue.updated_at).days if issue.updated_at else None,
        (seen.at - issue.created_at).days if issue.created_at else None,
        id(seen.repo),
    )


def _left(issue: Issue, effects: tuple[Effect, ...]) -> _Left:
    labels = {fold(name): name for name in issue.labels}
    by_label: dict[str, str] = {}
    by_field: dict[str, str] = {}
    milestone = issue.milestone.title if issue.milestone else ""
    state: str = issue.state
    comments = 0
    for effect in effects:
        if isinstance(effect, AddLabels):
            labels |= {fold(name): name for name in effect.names}
            by_label |= zip(map(fold, effect.names), effect.rules, strict=True)
        elif isinstance(effect, RemoveLabels):
            for name in effect.names:
                del labels[fold(name)]
            by_label |= zip(map(fold, effect.names), effect.rules, strict=True)
        elif isinstance(effect, SetMilestone):
            milestone = effect.title
            by_field["milestone"] = effect.rule
        elif isinstance(effect, CloseIssue):
            state = "closed"
            by_field["state"] = effect.rule
        elif isinstance(effect, PostComment):
            comments = 1  # a plan has one at most
            by_field["comments"] = effect.rule
        # Creations only prepare what the others use.
    return _Left(labels, milestone, state, comments, by_label, by_field)


def _differ(base: _Left, new: _Left) -> Iterator[Change]:
    for label in base.labels.keys() ^ new.labels.keys():
        rule = new.by_label.get(label) or base.by_label[label]
        if label in new.labels:
            yield Change(rule, "labels", new.labels[label], "off", "on")
        else:
            yield Change(rule, "labels", base.labels[label], "on", "off")
    if base.milestone != new.milestone:
        rule = new.by_field.get("milestone") or base.by_field["milestone"]
        yield Change(rule, "milestone", "", base.milestone, new.milestone)
    if base.state != new.state:
        yield Change(new.by_field.get("state") or base.by_field["state"], "state", "", base.state, new.state)
    if base.comments != new.comments:
        rule = new.by_field.get("comments") or base.by_field["comments"]
        yield Change(rule, "comments", "", f"{base.comments}", f"{new.comments}")
