"""A history as values: issues at moments, and what was written to them, whatever file it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from engine.backtest import Seen
from engine.config.types import Config
from engine.model import Issue, IssueState, Label, Milestone, Repo, TimelineEvent, fold

Form = Literal["snapshot", "telemetry", "timeline export"]


@dataclass(frozen=True, slots=True)
class Written:
    """One change this App made, as recorded."""

    repo: str
    number: int
    field: str
    """``labels``, ``milestone`` or ``state``."""
    value: str
    at: datetime
    reverted: bool
    """Whether a person undid it later."""


@dataclass(slots=True)
class History:
    """Everything that was read."""

    forms: dict[Form, int] = field(default_factory=dict)
    """How many files of each form."""
    issues: list[tuple[Issue, datetime]] = field(default_factory=list)
    """An issue as it was, and when."""
    written: list[Written] = field(default_factory=list)
    milestones: dict[str, dict[str, IssueState]] = field(default_factory=dict)
    """By repository: titles seen, with the state seen last."""
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    """By repository: folded names seen, with their spelling."""
    notes: list[str] = field(default_factory=list)
    """What could not be read, and what the history does not tell."""

    def add(self, issue: Issue, at: datetime) -> None:
        """One issue as it was; its repository has had its labels and its milestone."""
        self.issues.append((issue, at))
        labels = self.labels.setdefault(issue.ref.repo, {})
        for name in issue.labels:
            labels.setdefault(fold(name), name)
        if issue.milestone is not None:
            self.milestones.setdefault(issue.ref.repo, {})[issue.milestone.title] = issue.milestone.state

    def seen(self, *configs: Config, guess: bool = False) -> Iterator[Seen]:
        """Every state, in its repository as `tassist apply` would leave it under these configurations.

        Args:
            configs: Those that are compared.
            guess: Give an issue without a timeline one in which its labels were put on in the order listed, at its last update.
        """
        repos = {name: self._repo(name, configs) for name in {issue.ref.repo for issue, _ in self.issues}}
        for issue, at in self.issues:
            yield Seen(_guessed(issue) if guess else issue, repos[issue.ref.repo], at)

    def number(self, repo: str, title: str) -> int:
        """A stable number for a milestone of which only the title is known."""
        titles = self.milestones.setdefault(repo, {})
        titles.setdefault(title, "open")
        return 1 + list(titles).index(title)

    def _repo(self, name: str, configs: Iterable[Config]) -> Repo:
        labels, titles = dict(self.labels.get(name, {})), dict(self.milestones.get(name, {}))
        for config in configs:
            for declared in (*(track.label for track in config.tracks), *(label.name for label in config.labels)):
                labels.setdefault(fold(declared), declared)
            for title in declared_milestones(config):
                titles.setdefault(title, "open")
        return Repo(
            name,
            labels=tuple(map(Label, labels.values())),
            milestones=tuple(
                Milestone(number, title, state) for number, (title, state) in enumerate(titles.items(), start=1)
            ),
        )


def _guessed(issue: Issue) -> Issue:
    if issue.timeline is not None or issue.updated_at is None:
        return issue
    events = tuple(TimelineEvent("labeled", issue.updated_at, label=name) for name in issue.labels)
    return replace(issue, timeline=events)


def declared_milestones(config: Config) -> tuple[str, ...]:
    """Titles the configuration declares, its tracks' own included."""
    own = [track.milestone for track in config.tracks if track.milestone is not None]
    return tuple(dict.fromkeys([*(spec.title for spec in config.milestones), *own]))


def moment(text: object) -> datetime | None:
    """RFC 3339, or the stamp ``20251206T024831Z``; ``None`` where it is neither."""
    if not isinstance(text, str):
        return None
    try:
        if len(text) == 16 and text.endswith("Z"):
            return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
