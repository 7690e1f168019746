"""What `tassist plan` shows and `tassist apply` does: the labels and milestones declared, against those that exist.

Pure. Nothing is ever deleted, and what the configuration does not say about a label or milestone stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from engine.config.types import Config, LabelSpec, MilestoneSpec
from engine.model import Label, Milestone, Repo, fold
from engine.problems import Where
from engine.view import view

Noun = Literal["label", "milestone"]
Action = Literal["create", "update", "rename"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One property that becomes another."""

    field: Literal["name", "title", "description", "color", "due_on"]
    before: str | None
    """``None`` where it does not exist yet."""
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One label or milestone that is not as declared."""

    noun: Noun
    action: Action
    name: str
    """As declared: a label's name, a milestone's title."""
    fields: tuple[FieldChange, ...]
    """What is set, in a fixed order; of a rename the name or title first."""
    where: Where
    """The declaration."""
    present: str | None = None
    """The name or title it has now; ``None`` where it is created."""
    number: int | None = None
    """Of an existing milestone."""

    def after(self, field: str) -> str | None:
        """What a property becomes; ``None`` where it stays."""
        return next((change.after for change in self.fields if change.field == field), None)


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know, and nothing that is done."""

    noun: Noun
    name: str
    text: str
    where: Where


@dataclass(frozen=True, slots=True)
class Preparation:
    """The difference between a configuration and a repository."""

    changes: tuple[Change, ...] = ()
    """In the order in which they are to be made: labels, then milestones, each in the order of the file."""
    unchanged: tuple[tuple[Noun, str], ...] = ()
    """Declared, and already so."""
    undeclared: tuple[tuple[Noun, str], ...] = ()
    """There, and left alone."""
    notes: tuple[Note, ...] = ()

    def count(self, action: Action) -> int:
        """How many changes are of this kind."""
        return sum(change.action == action for change in self.changes)


def prepare(config: Config, repo: Repo, now: datetime) -> Preparation:
    """Compare what is declared with what exists.

    A label whose former name (`aliases`) exists and whose name does not is renamed, so that every issue keeps it; so is
    one that is spelled with other capitals, since GitHub takes both for the same. A milestone's title is compared
    exactly. A closed milestone stays closed.

    Args:
        config: Valid.
        repo: With labels and milestones read.
        now: For milestones that are due some days after their creation.

    Raises:
        ValueError: The repository's labels or milestones were not read.
    """
    if repo.labels is None or repo.milestones is None:
        raise ValueError("prepare needs the repository's labels and milestones")
    labels = _Labels(config, repo.labels)
    milestones = _Milestones(config, repo.milestones, now)
    found = [*labels.compare(), *milestones.compare()]
    return Preparation(
        changes=tuple(entry for entry in found if isinstance(entry, Change)),
        unchanged=tuple(entry for entry in found if isinstance(entry, tuple)),
        undeclared=(
            *(("label", label.name) for label in repo.labels if fold(label.name) not in labels.seen),
            *(
                ("milestone", milestone.title)
                for milestone in repo.milestones
                if milestone.number not in milestones.seen
            ),
        ),
        notes=tuple(entry for entry in found if isinstance(entry, Note)),
    )


Entry = Change | Note | tuple[Noun, str]


class _Labels:
    """The labels of one repository, compared."""

    def __init__(self, config: Config, existing: Iterable[Label]) -> None:
        self._view = view(config)
        self._by_name = {fold(label.name): label for label in existing}
        self.seen: set[str] = set()

    def compare(self) -> Iterator[Entry]:
        """One entry for each declared label, and notes."""
        for folded, spec in self._view.declared.items():
            former = [alias for alias in self._view.aliases_by_label.get(folded, ()) if alias in self._by_name]
            there = self._by_name.get(folded)
            yield from self._one(spec, there, [self._by_name[alias] for alias in former])

    def _one(self, spec: LabelSpec, there: Label | None, former: list[Label]) -> Iterator[Entry]:
        renamed = there is None and bool(former)
        if renamed:
            there, former = former[0], former[1:]
        if there is None:
            fields = [
                FieldChange("color", None, spec.color or "ededed"),
                FieldChange("description", None, spec.description),
            ]
            yield Change("label", "create", spec.name, tuple(field for field in fields if field.after), spec.where)
            return
        self.seen.add(fold(there.name))
        changes = [
            FieldChange("name", there.name, spec.name),
            FieldChange("color", there.color, spec.color or there.color),
            FieldChange("description", there.description, spec.description or there.description),
        ]
        changed = tuple(change for change in changes if change.before != change.after)
        if changed:
            action: Action = "rename" if changed[0].field == "name" else "update"
            yield Change("label", action, spec.name, changed, spec.where, there.name)
        else:
            yield ("label", spec.name)
        for other in former:
            self.seen.add(fold(other.name))
            yield Note(
                "label",
                other.name,
                f"stays, although it is a former name of {spec.name}, which exists too; issues that carry it get "
                f"{spec.name} when they are looked at, and then you may delete it",
                spec.where,
            )


class _Milestones:
    """The milestones of one repository, compared."""

    def __init__(self, config: Config, existing: Iterable[Milestone], now: datetime) -> None:
        self._specs = view(config).milestones
        self._order = [spec.title for spec in config.milestones]
        self._existing = tuple(existing)
        self._now = now
        self.seen: set[int] = set()

    def compare(self) -> Iterator[Entry]:
        """One entry for each declared milestone, and notes."""
        titles = dict.fromkeys([*self._order, *self._specs])
        for title in titles:
            yield from self._one(self._specs[title])

    def _one(self, spec: MilestoneSpec) -> Iterator[Entry]:
        there = self._named(spec.title)
        former = [found for alias in spec.aliases if (found := self._named(alias)) is not None]
        if there is None and former:
            there, former = former[0], former[1:]
        if there is None:
            yield Change("milestone", "create", spec.title, self._of_new(spec), spec.where)
            return
        self.seen.add(there.number)
        due = there.due_on.isoformat() if there.due_on else None
        wanted_due = spec.due_on.isoformat() if spec.due_on else due
        changes = [
            FieldChange("title", there.title, spec.title),
            FieldChange("description", there.description, spec.description or there.description),
            *([FieldChange("due_on", due, wanted_due)] if wanted_due else []),
        ]
        changed = tuple(change for change in changes if change.before != change.after)
        if changed:
            action: Action = "rename" if changed[0].field == "title" else "update"
            yield Change("milestone", action, spec.title, changed, spec.where, there.title, there.number)
        else:
            yield ("milestone", spec.title)
        if there.state == "closed":
            yield Note("milestone", spec.title, "is closed, and stays closed: no issue is put into it", spec.where)
        for other in former:
            self.seen.add(other.number)
            yield Note(
                "milestone",
                other.title,
                f"stays, although it is a former title of {spec.title}, which exists too; move its issues by hand",
                spec.where,
            )

    def _of_new(self, spec: MilestoneSpec) -> tuple[FieldChange, ...]:
        due: date | None = spec.due_on
        if due is None and spec.due_offset_days is not None:
            due = (self._now + timedelta(days=spec.due_offset_days)).date()
        fields = [FieldChange("description", None, spec.description)]
        if due is not None:
            fields.append(FieldChange("due_on", None, due.isoformat()))
        return tuple(field for field in fields if field.after)

    def _named(self, title: str) -> Milestone | None:
        found = [milestone for milestone in self._existing if milestone.title == title]
        return min(found, key=lambda milestone: (milestone.state != "open", milestone.number), default=None)
