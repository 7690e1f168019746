"""Worlds made for a person's own configuration, and what is left of them after a look and a second one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.config.types import Config
from engine.decide import decide
from engine.model import Issue, IssueRef, Label, Milestone, Repo, TimelineEvent, Trigger, TriggerKind, fold
from engine.plan import Effect, Plan
from tassist.contract.case import NOW
from tassist.contract.sound import unsound
from tassist.contract.words import as_expected_effect, expected_effect_in_words
from tassist.contract.world import REPO, applied

_NUMBER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")
STRANGER = "tassist-probe: nobody declared this"
"""A label on every probe, which must survive everything."""
STRANGE_MILESTONE = "tassist-probe: nobody maps this"


@dataclass(frozen=True, slots=True)
class After:
    """What a look left behind."""

    plan: Plan
    issue: Issue
    trouble: tuple[str, ...]
    """General promises it broke: an unsound plan, a second look that still wants something, a lost stranger."""

    def has(self, label: str) -> bool:
        """Whether the issue carries the label now."""
        return self.issue.has_label(label)

    @property
    def milestone(self) -> str | None:
        """The title of the issue's milestone now."""
        return self.issue.milestone.title if self.issue.milestone else None


def prepared(config: Config, *, closed: str | None = None, without: str | None = None) -> Repo:
    """The repository as `tassist apply` would leave it.

    For each pattern of a track it also has two milestones of the series, numbered 9 and 10.

    Args:
        config: The person's configuration.
        closed: The title of a milestone that is closed.
        without: The title of a milestone that is missing.
    """
    names = [track.label for track in config.tracks] + [label.name for label in config.labels]
    if config.stale:
        names += [config.stale.stale_label, config.stale.escalated_label]
    groups = config.enforcement.exclusivity if config.enforcement else ()
    names += [label for group in groups for label in (*group.labels, *group.order)]
    labels = {fold(name): name for name in reversed([*names, STRANGER])}
    titles = [spec.title for spec in config.milestones]
    titles += [track.milestone for track in config.tracks if track.milestone is not None]
    titles += [title for track in config.tracks for title in series(track.milestone_pattern)]
    titles.append(STRANGE_MILESTONE)
    milestones = [
        Milestone(number, title, "closed" if title == closed else "open")
        for number, title in enumerate(dict.fromkeys(titles), start=1)
        if title != without
    ]
    return Repo(REPO, 1, labels=tuple(Label(name) for name in reversed(labels.values())), milestones=tuple(milestones))


def series(pattern: str | None) -> tuple[str, ...]:
    """Two titles of the pattern's series, the older one first; the newer is newer only by number, not by letter."""
    if pattern is None:
        return ()
    return _NUMBER.sub("9", pattern), _NUMBER.sub("10", pattern)


def look(
    config: Config,
    repo: Repo,
    labels: tuple[str, ...],
    *,
    milestone: str | None = None,
    title: str = "tassist-probe",
    body: str = "",
    age: timedelta = timedelta(hours=1),
    flagged: dict[str, timedelta] | None = None,
    active: bool = False,
    parent: Issue | None = None,
    kind: TriggerKind = "delivery",
    now: datetime = NOW,
) -> After:
    """Make an issue, look at it, apply what comes of it, and look again.

    Args:
        config: The person's configuration.
        repo: As made by `prepared`.
        labels: Put on when the issue was opened, a second apart, in this order, after the stranger.
        milestone: A title of the repository's.
        title: The issue's.
        body: The issue's.
        age: How long ago it was opened, and the last of its labels put on.
        flagged: Labels this App put on since, and how long ago.
        active: Whether somebody commented a moment ago.
        parent: The issue it is a sub-issue of.
        kind: Why we look.
        now: The present.
    """
    put_on = (STRANGER, *labels)
    made = now - age - timedelta(seconds=len(put_on) - 1)
    events = [TimelineEvent("labeled", made + timedelta(seconds=at), label=name) for at, name in enumerate(put_on)]
    flags = flagged or {}
    events += [TimelineEvent("labeled", now - ago, label=name, by_app=True) for name, ago in flags.items()]
    if active:
        events.append(TimelineEvent("commented", now))
    issue = Issue(
        IssueRef(REPO, 1, 1),
        title=title,
        body=body,
        labels=(*put_on, *flags),
        milestone=repo.milestone(milestone) if milestone else None,
        created_at=made,
        updated_at=max(event.at for event in events),
        timeline=tuple(sorted(events, key=lambda event: event.at)),
        parent=parent,
        parent_read=True,
    )
    trigger = Trigger(kind, "issues" if kind == "delivery" else "", "edited" if kind == "delivery" else "")
    plan = decide(trigger, issue, repo, config, now)
    after, repo_after = applied(plan.effects, issue, repo, now)
    trouble = unsound(plan, issue, repo)
    if not after.has_label(STRANGER):
        trouble.append("a label nobody declared is gone")
    again = decide(trigger, after, repo_after, config, now)
    trouble += [f"a second look still wants to {_words(effect)}" for effect in again.effects]
    return After(plan, after, tuple(trouble))


def parent_with(labels: tuple[str, ...], repo: Repo, milestone: str | None = None) -> Issue:
    """An issue to be somebody's parent."""
    return Issue(IssueRef(REPO, 2, 1), labels=labels, milestone=repo.milestone(milestone) if milestone else None)


def _words(effect: Effect) -> str:
    return expected_effect_in_words(as_expected_effect(effect))
