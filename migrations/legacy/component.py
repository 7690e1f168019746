"""What every model of a legacy component has in common: the world it decides in, and what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from engine.model import Issue
from migrations.model import Write


@dataclass(frozen=True, slots=True)
class World:
    """What a component knows besides the issue."""

    now: datetime
    titles: Mapping[str, str] = field(default_factory=dict)
    """Variable → title of the milestone it names; a variable that names none is not in it."""
    numbers: Mapping[str, str] = field(default_factory=dict)
    """Variable → value, for thresholds."""
    assigned: Mapping[int, tuple[str, ...]] | None = None
    """Who is assigned to each issue at this moment; ``None`` where that is not known."""


@dataclass(frozen=True, slots=True)
class Says:
    """What a component declares to do with one issue."""

    branch: str
    """The way through the script that leads there."""
    writes: tuple[Write, ...] = ()
    needless: int = 0
    """Writes of these that set what is set already."""
    unknown: tuple[tuple[str, str], ...] = ()
    """Fields of which nobody can tell what becomes of them (a label by its folded name), and why."""
    is_new: bool = False
    """Whether all of it became due since the last run, so that a record cannot show it yet."""


class IssueComponent(Protocol):
    """A component that acts on issues one by one."""

    @property
    def id(self) -> str:
        """Such as ``project-sync``."""
        ...

    @property
    def path(self) -> str:
        """The workflow it was read from."""
        ...

    @property
    def branches(self) -> tuple[str, ...]:
        """Every way through it."""
        ...

    def decide(self, issue: Issue, world: World) -> Says:
        """What it declares to do with this issue at this moment."""
        ...

    def labels(self) -> tuple[str, ...]:
        """The labels it reads or writes, so that generated cases cover them."""
        ...

    def ages(self, world: World) -> Iterator[int]:
        """Ages in days at which it changes its mind."""
        ...


@dataclass(frozen=True, slots=True)
class Declared:
    """A component that acts on no single issue: it moves a board, leaves records or builds a page."""

    id: str
    path: str
    what: str
    """What it declares to do, in words."""
    is_board: bool = False
    is_staying: bool = False
    """Whether nothing replaces it, so that its workflow stays."""
    parameters: tuple[tuple[str, str], ...] = ()


def set_label(issue: Issue, name: str, *, on: bool) -> tuple[Write, int]:
    """A label's write, and 1 where it changes nothing."""
    return Write("label", name, "on" if on else "off"), int(issue.has_label(name) == on)
