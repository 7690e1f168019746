"""What a rule may know: an issue and its repository as they are now, and why we look.

Everything is frozen and ordered, so that equal inputs give equal plans to the byte.
Times are aware and in UTC. A field that was not read is ``None`` where the type says so
(`Fact` names these); a rule that needs one says so instead of guessing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Literal

from typing_extensions import override

IssueState = Literal["open", "closed"]
TriggerKind = Literal["delivery", "sweep", "manual"]


fold: Final = str.casefold
"""The form in which two label names are the same label to GitHub, which ignores case; nothing is called as often."""


@dataclass(frozen=True, slots=True, order=True)
class IssueRef:
    """An issue's address. The repository's id survives renames; its name is for people."""

    repo: str
    """``owner/name`` as read last."""
    number: int
    repo_id: int = 0
    """GitHub's numeric id; 0 where none is known (offline runs)."""

    @override
    def __str__(self) -> str:
        """``owner/name#number``."""
        return f"{self.repo}#{self.number}"


@dataclass(frozen=True, slots=True)
class Label:
    """A label that exists in the repository."""

    name: str
    description: str = ""
    color: str = "ededed"
    """Six hex digits, lower case, no ``#``."""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone that exists in the repository. Titles are compared exactly: GitHub's are case-sensitive."""

    number: int
    title: str
    state: IssueState = "open"
    description: str = ""
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One entry of the issue's own timeline, oldest first; GitHub's event names.

    Source: https://docs.github.com/en/rest/using-the-rest-api/issue-event-types
    """

    event: str
    """``labeled``, ``unlabeled``, ``milestoned``, ``commented``, ``closed``, …"""
    at: datetime
    label: str = ""
    """The label's name for ``labeled`` and ``unlabeled``."""
    milestone: str = ""
    """The milestone's title for ``milestoned`` and ``demilestoned``."""
    actor: str = ""
    by_app: bool = False
    """True where this App did it: its own activity is no activity."""


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as it is now."""

    ref: IssueRef
    title: str = ""
    body: str = ""
    state: IssueState = "open"
    state_reason: str | None = None
    labels: tuple[str, ...] = ()
    """Names as the repository spells them, in GitHub's order."""
    milestone: Milestone | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    closed_at: datetime | None = None
    author: str = ""
    is_pull_request: bool = False
    locked: bool = False
    timeline: tuple[TimelineEvent, ...] | None = None
    """``None``: not read. Oldest first."""
    parent: Issue | None = None
    """The issue this one is a sub-issue of, read one level deep."""
    parent_read: bool = False
    """Whether the question of a parent was asked at all."""

    def has_label(self, name: str) -> bool:
        """Whether the issue carries the label, as GitHub compares names."""
        wanted = fold(name)
        return wanted in [fold(label) for label in self.labels]


@dataclass(frozen=True, slots=True)
class Repo:
    """A repository as it is now."""

    full_name: str
    id: int = 0
    archived: bool = False
    has_issues: bool = True
    labels: tuple[Label, ...] | None = None
    """``None``: not read."""
    milestones: tuple[Milestone, ...] | None = None
    """``None``: not read. Open and closed ones, by number."""

    def label(self, name: str) -> Label | None:
        """The repository's label of that name, as GitHub compares names."""
        wanted = fold(name)
        return next((label for label in self.labels or () if fold(label.name) == wanted), None)

    def milestone(self, title: str) -> Milestone | None:
        """The milestone with exactly this title; an open one before a closed one."""
        found = [milestone for milestone in self.milestones or () if milestone.title == title]
        return min(found, key=lambda milestone: (milestone.state != "open", milestone.number), default=None)


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why we look: never an instruction, only a reason."""

    kind: TriggerKind
    event: str = ""
    """GitHub's event name, such as ``issues``; empty for a sweep or a manual run."""
    action: str = ""
    delivery_id: str = ""
    sender: str = ""
    sender_id: int = 0
    by_app: bool = False
    """True where the sender is this App itself."""


class Fact(StrEnum):
    """What a look may need beyond the issue itself; each costs a read, so each is read only on demand."""

    TIMELINE = "timeline"
    PARENT = "parent"
    REPO_LABELS = "repo_labels"
    REPO_MILESTONES = "repo_milestones"
