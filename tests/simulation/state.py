"""What GitHub holds in the simulation: repositories, issues, timelines, and which doing was whose."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from engine.model import Issue, IssueRef, Label, Milestone, Repo, TimelineEvent, fold
from tests.support.engine import NOW

APP_ID = 77
APP_LOGIN = "tassist[bot]"
START = NOW


def moment(now_s: float) -> datetime:
    """The virtual second as a time of the world."""
    return START + timedelta(seconds=now_s)


@lru_cache(maxsize=65_536)
def stamp(now_s: float) -> str:
    """As GitHub writes times: whole seconds."""
    return f"{moment(now_s):%Y-%m-%dT%H:%M:%SZ}"


@lru_cache(maxsize=1024)
def http_date(second: int) -> str:
    """As HTTP writes times."""
    return format_datetime(moment(second), usegmt=True)


def whole(now_s: float) -> datetime:
    """What a reader makes of the stamp."""
    return moment(now_s).replace(microsecond=0)


@dataclass(slots=True)
class Happened:
    """One entry of a timeline."""

    event: str
    at_s: float
    by: str
    label: str = ""
    milestone: str = ""
    shown: dict[str, Any] | None = None
    """As the API shows it, once it was asked for."""
    told: TimelineEvent | None = None
    """As the engine sees it, once it was asked for."""

    @property
    def by_app(self) -> bool:
        return self.by == APP_LOGIN

    def as_event(self) -> TimelineEvent:
        """As a faultless reader would give it."""
        if self.told is None:
            self.told = TimelineEvent(
                self.event,
                whole(self.at_s),
                label=self.label,
                milestone=self.milestone,
                actor=self.by,
                by_app=self.by_app,
            )
        return self.told


@dataclass(slots=True)
class Stone:
    """A milestone."""

    number: int
    title: str
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Version:
    """An issue as it was from that moment on."""

    since_s: float
    labels: tuple[str, ...]
    milestone: int | None
    state: str
    title: str
    updated_s: float
    foreign: int
    """How many changes others than the App had made."""
    events: int
    """How many entries its timeline had."""


@dataclass(slots=True)
class SimIssue:
    """An issue, with the versions a late replica may still show."""

    number: int
    title: str
    created_s: float
    labels: list[str] = field(default_factory=list)
    milestone: int | None = None
    state: str = "open"
    state_reason: str | None = None
    updated_s: float = 0.0
    timeline: list[Happened] = field(default_factory=list)
    comments: list[tuple[str, str]] = field(default_factory=list)
    """Author and text."""
    foreign: int = 0
    versions: deque[Version] = field(default_factory=lambda: deque(maxlen=8))

    def keep(self, now_s: float, *, by_app: bool) -> None:
        """Note that it changed."""
        self.updated_s = now_s
        self.foreign += not by_app
        self.versions.append(self.version(now_s))

    def version(self, now_s: float) -> Version:
        """As it is now."""
        return Version(
            now_s,
            tuple(self.labels),
            self.milestone,
            self.state,
            self.title,
            self.updated_s,
            self.foreign,
            len(self.timeline),
        )

    def has(self, name: str) -> bool:
        """Whether it carries the label."""
        return any(fold(label) == fold(name) for label in self.labels)


@dataclass(slots=True)
class SimRepo:
    """A repository."""

    id: int
    name: str
    installation_id: int
    config: str
    labels: dict[str, str] = field(default_factory=dict)
    """Folded name → name."""
    stones: list[Stone] = field(default_factory=list)
    issues: dict[int, SimIssue] = field(default_factory=dict)
    archived: bool = False
    removed: bool = False
    """Whether the installation does not cover it now."""
    deleted: bool = False
    foreign: int = 0
    """Changes of labels, milestones, configuration and the repository itself that others made."""
    made: int = 0
    """The same, made by the App."""

    def stone(self, number: int | None) -> Stone | None:
        """A milestone by its number."""
        return next((stone for stone in self.stones if stone.number == number), None)

    def titled(self, title: str) -> Stone | None:
        """A milestone by its title."""
        return next((stone for stone in self.stones if stone.title == title), None)

    # --- changes ------------------------------------------------------------------------------

    def add_label(self, issue: SimIssue, name: str, by: str, now_s: float) -> bool:
        """Add one label; one the repository does not know is created silently. False where it was there."""
        known = self.labels.get(fold(name))
        if known is None:
            known = self.labels[fold(name)] = name
            if by == APP_LOGIN:
                self.made += 1
            else:
                self.foreign += 1
        if issue.has(name):
            return False
        issue.labels.append(known)
        issue.timeline.append(Happened("labeled", now_s, by, label=known))
        issue.keep(now_s, by_app=by == APP_LOGIN)
        return True

    def remove_label(self, issue: SimIssue, name: str, by: str, now_s: float) -> bool:
        """Remove one label."""
        if not issue.has(name):
            return False
        issue.labels = [label for label in issue.labels if fold(label) != fold(name)]
        issue.timeline.append(Happened("unlabeled", now_s, by, label=name))
        issue.keep(now_s, by_app=by == APP_LOGIN)
        return True

    def set_stone(self, issue: SimIssue, number: int | None, by: str, now_s: float) -> bool:
        """Set or clear the milestone."""
        if issue.milestone == number:
            return False
        old, new = self.stone(issue.milestone), self.stone(number)
        if old:
            issue.timeline.append(Happened("demilestoned", now_s, by, milestone=old.title))
        if new:
            issue.timeline.append(Happened("milestoned", now_s, by, milestone=new.title))
        issue.milestone = number
        issue.keep(now_s, by_app=by == APP_LOGIN)
        return True

    def set_state(self, issue: SimIssue, state: str, reason: str | None, by: str, now_s: float) -> bool:
        """Close or reopen."""
        if issue.state == state:
            return False
        issue.state, issue.state_reason = state, reason
        issue.timeline.append(Happened("closed" if state == "closed" else "reopened", now_s, by))
        issue.keep(now_s, by_app=by == APP_LOGIN)
        return True

    def comment(self, issue: SimIssue, text: str, by: str, now_s: float) -> None:
        """Say something."""
        issue.comments.append((by, text))
        issue.timeline.append(Happened("commented", now_s, by))
        issue.keep(now_s, by_app=by == APP_LOGIN)

    def retitle(self, issue: SimIssue, title: str, by: str, now_s: float) -> None:
        """Rename the issue."""
        issue.title = title
        issue.timeline.append(Happened("renamed", now_s, by))
        issue.keep(now_s, by_app=by == APP_LOGIN)

    # --- as the engine's values, read without any of the product's adapters ---------------------

    def engine_issue(self, issue: SimIssue) -> Issue:
        """The issue with every fact, as a faultless reader would give it."""
        stone = self.stone(issue.milestone)
        return Issue(
            IssueRef(self.name, issue.number, self.id),
            title=issue.title,
            state="closed" if issue.state == "closed" else "open",
            state_reason=issue.state_reason,
            labels=tuple(issue.labels),
            milestone=_milestone(stone) if stone else None,
            created_at=whole(issue.created_s),
            updated_at=whole(issue.updated_s),
            timeline=tuple(entry.as_event() for entry in issue.timeline),
            parent_read=True,
        )

    def engine_repo(self) -> Repo:
        """The repository with every fact."""
        return Repo(
            self.name,
            self.id,
            archived=self.archived,
            labels=tuple(Label(name) for name in self.labels.values()),
            milestones=tuple(_milestone(stone) for stone in self.stones),
        )


def _milestone(stone: Stone) -> Milestone:
    return Milestone(stone.number, stone.title, "closed" if stone.state == "closed" else "open")


@dataclass(slots=True)
class Installation:
    """The App in one account."""

    id: int
    account: str
    suspended: bool = False
    changed_s: float = -1e9
    """When it was suspended or unsuspended last."""
    deleted: bool = False
    """Whether the App is installed there no more; an id never comes back."""
    tokens: dict[str, float] = field(default_factory=dict)
    """Token → until when."""
    revoked: dict[str, float] = field(default_factory=dict)
    """Token → since when."""
    held_until_s: float = 0.0
    """Until then GitHub has asked to be left alone."""
    writes: deque[float] = field(default_factory=deque)
    next_token: int = 0

    @property
    def standing(self) -> str:
        """As the service calls it."""
        return "deleted" if self.deleted else "suspended" if self.suspended else "active"


@dataclass(slots=True)
class Logged:
    """One attempt in the App's delivery log."""

    id: int
    guid: str
    event: str
    action: str
    at_s: float
    status: int
    repo_id: int
    installation_id: int
    payload: dict[str, Any]
