"""The configuration as types: `.github/task-assistant.yml`, schema "1.0", with the place of every node.

`engine.config.parse` is the only producer. Everything is frozen and in the order of the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from engine.problems import Problem, Where

Mode = Literal["enforce", "warn", "fail", "off"]
Strategy = Literal["newest", "highest", "lowest", "first"]
InheritanceMode = Literal["none", "soft", "hard"]
Inheritable = Literal["track", "milestone"]


@dataclass(frozen=True, slots=True)
class Match:
    """How a missing track is inferred; any hit in any list counts. Patterns are RE2, searched (not anchored)."""

    labels: tuple[str, ...] = ()
    title: tuple[str, ...] = ()
    body: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Track:
    """One track; ``label`` is what carries it on an issue."""

    id: str
    label: str
    where: Where
    description: str = ""
    match: Match | None = None
    milestone: str | None = None
    milestone_pattern: str | None = None
    """Such as ``Sprint {major}.{minor}``: the newest open match, compared number by number."""
    default: bool = False
    aliases: tuple[str, ...] = ()
    """Former names of ``label``: `apply` renames them, so that history stays."""


@dataclass(frozen=True, slots=True)
class LabelSpec:
    """A label the configuration declares."""

    name: str
    where: Where
    description: str = ""
    color: str | None = None
    """Six hex digits, lower case; ``None``: left as it is, and GitHub's default where created."""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MilestoneSpec:
    """A milestone the configuration declares."""

    title: str
    where: Where
    description: str = ""
    due_on: date | None = None
    due_offset_days: int | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """An exclusivity group: at most one of its labels on an issue.

    Membership: ``labels`` where given; else every label that starts with ``prefix``. The built-in groups have
    defaults: ``track`` – the tracks' labels; ``phase`` – prefix ``phase-``; ``priority`` – prefix ``priority/``;
    ``state`` – prefix ``state/``; any other group without either – prefix ``<name>/``.
    """

    name: str
    mode: Mode
    strategy: Strategy
    where: Where
    labels: tuple[str, ...] = ()
    prefix: str | None = None
    order: tuple[str, ...] = ()
    """For ``highest`` and ``lowest``: lowest first. Empty: declared order in ``labels:``, then natural order of names."""
    terminal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mapping:
    """One line of ``phase_milestones`` or ``track_milestones``."""

    label: str
    milestone: str
    where: Where


@dataclass(frozen=True, slots=True)
class RequiredLabels:
    """One entry of ``enforcement.required_labels``: an issue needs a label of ``group``, or one of ``any_of``."""

    where: Where
    group: str | None = None
    any_of: tuple[str, ...] = ()
    mode: Mode = "warn"
    default: str | None = None
    """The declared label added by ``mode: enforce`` where none is there."""


@dataclass(frozen=True, slots=True)
class Enforcement:
    """What may be written. Absent: advisory, nothing is written to the repository."""

    where: Where
    exclusivity: tuple[Group, ...] = ()
    phase_milestones: tuple[Mapping, ...] = ()
    track_milestones: tuple[Mapping, ...] = ()
    required_labels: tuple[RequiredLabels, ...] = ()


@dataclass(frozen=True, slots=True)
class SelfHealing:
    """What is mended rather than reported."""

    where: Where
    enabled: bool = True
    normalize_labels: bool = True
    fix_missing_track: bool = True
    fix_missing_milestone: bool = True


@dataclass(frozen=True, slots=True)
class StaleThresholds:
    """Days without real activity; ``None``: that step never happens."""

    days_until_stale: int | None = None
    days_until_escalated: int | None = None
    days_until_close: int | None = None
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Stale:
    """Staleness; ``tracks`` overrides by track id, key by key."""

    where: Where
    enabled: bool = True
    thresholds: StaleThresholds = field(default_factory=StaleThresholds)
    stale_label: str = "state/stale"
    escalated_label: str = "state/escalated"
    exempt_labels: tuple[str, ...] = ()
    exempt_milestones: tuple[str, ...] = ()
    tracks: tuple[tuple[str, StaleThresholds], ...] = ()
    comment: str | None = None
    """May contain ``{days}``, ``{track}``, ``{label}``."""


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What a sub-issue takes from its parent."""

    where: Where
    mode: InheritanceMode = "none"
    copy: tuple[Inheritable, ...] = ("track", "milestone")


@dataclass(frozen=True, slots=True)
class Config:
    """A valid configuration."""

    schema_version: str
    tracks: tuple[Track, ...] = ()
    labels: tuple[LabelSpec, ...] = ()
    milestones: tuple[MilestoneSpec, ...] = ()
    enforcement: Enforcement | None = None
    self_healing: SelfHealing | None = None
    """``None``: not configured, so nothing is healed."""
    stale: Stale | None = None
    inheritance: Inheritance | None = None
    pull_requests: bool = False
    """Whether pull requests that arrive as issues are managed as issues are."""
    digest: str = ""
    """``sha256:`` and hex, of the text."""
    file: str = ".github/task-assistant.yml"
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class InvalidConfig:
    """A configuration that cannot be used, with everything that is wrong with it."""

    problems: tuple[Problem, ...]
    digest: str = ""
    file: str = ".github/task-assistant.yml"
    warnings: tuple[Problem, ...] = ()
