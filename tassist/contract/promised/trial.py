"""One promise and the issues it is tried on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.config.types import Config, Group
from engine.model import fold
from engine.problems import Where
from tassist.contract.probe import After

Run = Callable[[], tuple[After, str]]
"""Makes one issue, looks at it, and says what is not as promised; empty where it is."""
_PREFIX = {"phase": "phase-", "priority": "priority/", "state": "state/"}


def _never(_after: After) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Trial:
    """A promise, the line it stands on, and how to try it."""

    rule: str
    says: str
    where: Where | None
    runs: tuple[Run, ...] = ()
    skipped: str = ""
    """Why no issue could be made for it."""
    hidden_by: Callable[[After], str] = field(default=_never)
    """Which other line of the configuration comes first, given what was left; empty where none does."""


def said(after: After, complaint: str, *, unless: bool) -> tuple[After, str]:
    """The result of a run: the complaint stands unless what was promised is so."""
    return after, "" if unless else complaint


def flags(config: Config) -> frozenset[str]:
    """The folded labels of `stale`, which belong to no group."""
    stale = config.stale
    return frozenset({fold(stale.stale_label), fold(stale.escalated_label)}) if stale else frozenset()


def declared(config: Config) -> tuple[str, ...]:
    """Every label the configuration declares, tracks first, each once."""
    names = [track.label for track in config.tracks] + [label.name for label in config.labels]
    return tuple({fold(name): name for name in reversed(names)}[key] for key in dict.fromkeys(map(fold, names)))


def members(config: Config, group: Group) -> tuple[str, ...]:
    """The labels of a group that the configuration knows by name, lowest first, as the reference says it."""
    known = declared(config)
    if group.labels:
        listed = group.labels
    elif group.prefix is None and group.name == "track":
        listed = tuple(track.label for track in config.tracks)
    else:
        prefix = fold(group.prefix if group.prefix is not None else _PREFIX.get(group.name, f"{group.name}/"))
        found = [name for name in (*group.order, *known) if fold(name).startswith(prefix)]
        listed = tuple({fold(name): name for name in reversed(found)}[key] for key in dict.fromkeys(map(fold, found)))
    return tuple(name for name in listed if fold(name) not in flags(config))


def groups_of(config: Config, label: str) -> tuple[Group, ...]:
    """The groups that are not off and to which the label belongs."""
    enforcement = config.enforcement
    groups = enforcement.exclusivity if enforcement else ()
    return tuple(
        group
        for group in groups
        if group.mode != "off" and fold(label) in {fold(name) for name in members(config, group)}
    )


def baseline(config: Config, *beside: str) -> tuple[str, ...]:
    """Labels an issue needs so that no required label is missing, none of a group that ``beside`` is of."""
    enforcement = config.enforcement
    chosen: list[str] = []
    for entry in enforcement.required_labels if enforcement else ():
        if entry.mode == "off":
            continue
        if entry.group is not None:
            group = (
                next((found for found in enforcement.exclusivity if found.name == entry.group), None)
                if enforcement
                else None
            )
            allowed = members(config, group or Group(entry.group, "off", "newest", entry.where))
        else:
            allowed = entry.any_of
        if any(fold(name) in {fold(other) for other in (*beside, *chosen)} for name in allowed):
            continue
        taken = {group.name for name in (*beside, *chosen) for group in groups_of(config, name)}
        free = [name for name in allowed if not taken & {group.name for group in groups_of(config, name)}]
        chosen += (free or list(allowed))[:1]
    return tuple(chosen)


def mapped_phase(config: Config, after: After) -> str:
    """The line by which a phase of the issue decides the milestone; empty where none does."""
    enforcement = config.enforcement
    for mapping in enforcement.phase_milestones if enforcement else ():
        if after.has(mapping.label):
            return f"{mapping.label} maps to {mapping.milestone!r}, and a phase goes before a track"
    return ""
