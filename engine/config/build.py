"""Turns checked values into the types, with natural defaults; labels take the spelling of their declaration."""

from __future__ import annotations

from datetime import date
from typing import cast

from engine.config.checked import Checked, Leaf
from engine.config.types import (
    Config,
    Enforcement,
    Group,
    Inheritable,
    Inheritance,
    InheritanceMode,
    LabelSpec,
    Mapping,
    Match,
    MilestoneSpec,
    Mode,
    RequiredLabels,
    SelfHealing,
    Stale,
    StaleThresholds,
    Strategy,
    Track,
)
from engine.model import fold
from engine.problems import Problem

DEFAULT_PREFIX = {"phase": "phase-", "priority": "priority/", "state": "state/"}
DEFAULT_STRATEGY: dict[str, Strategy] = {"phase": "highest", "priority": "highest"}


class Spelling:
    """How labels are spelled where they are declared."""

    def __init__(self, root: Checked) -> None:
        self._spelled: dict[str, str] = {}
        names = [entry.text("name") for entry in root.records("labels")]
        names += [track.text("label") for track in root.records("tracks")]
        for name in names:
            self._spelled.setdefault(fold(name), name)

    def of(self, name: str) -> str:
        """The declared spelling; as it is where nothing declares it."""
        return self._spelled.get(fold(name), name)

    def all(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The same for several, each label once."""
        return tuple({fold(name): self.of(name) for name in names}.values())


def build(root: Checked, *, file: str, digest: str, warnings: tuple[Problem, ...]) -> Config:
    """The configuration; ``root`` has passed every check."""
    spelling = Spelling(root)
    enforcement, healing = root.record("enforcement"), root.record("self_healing")
    stale, inheritance = root.record("stale"), root.record("inheritance")
    pull_requests = root.record("pull_requests")
    return Config(
        schema_version=root.text("schema_version"),
        tracks=tuple(_track(track, spelling) for track in root.records("tracks")),
        labels=tuple(_label(label) for label in root.records("labels")),
        milestones=tuple(_milestone(milestone) for milestone in root.records("milestones")),
        enforcement=_enforcement(enforcement, spelling) if enforcement else None,
        self_healing=_self_healing(healing) if healing else None,
        stale=_stale(stale, spelling) if stale else None,
        inheritance=_inheritance(inheritance) if inheritance else None,
        pull_requests=pull_requests.flag("manage", default=False) if pull_requests else False,
        digest=digest,
        file=file,
        warnings=warnings,
    )


def _track(track: Checked, spelling: Spelling) -> Track:
    match = track.record("match")
    return Track(
        id=track.text("id"),
        label=spelling.of(track.text("label")),
        where=track.where,
        description=track.text("description"),
        match=_match(match, spelling) if match else None,
        milestone=track.text_or_none("milestone"),
        milestone_pattern=track.text_or_none("milestone_pattern"),
        default=track.flag("default", default=False),
        aliases=track.texts("aliases"),
    )


def _match(match: Checked, spelling: Spelling) -> Match | None:
    found = Match(spelling.all(match.texts("labels")), match.texts("title"), match.texts("body"))
    return found if found != Match() else None


def _label(label: Checked) -> LabelSpec:
    color = label.text_or_none("color")
    return LabelSpec(
        name=label.text("name"),
        where=label.where,
        description=label.text("description"),
        color=color.removeprefix("#").lower() if color else None,
        aliases=label.texts("aliases"),
    )


def _milestone(milestone: Checked) -> MilestoneSpec:
    due_on = milestone.text_or_none("due_on")
    return MilestoneSpec(
        title=milestone.text("title"),
        where=milestone.where,
        description=milestone.text("description"),
        due_on=date.fromisoformat(due_on) if due_on else None,
        due_offset_days=milestone.number("due_offset_days"),
        aliases=milestone.texts("aliases"),
    )


def _enforcement(enforcement: Checked, spelling: Spelling) -> Enforcement:
    groups = tuple(
        _group(str(name.value), group, spelling)
        for name, group in enforcement.pairs("exclusivity")
        if isinstance(group, Checked)
    )
    return Enforcement(
        where=enforcement.where,
        exclusivity=groups,
        phase_milestones=_mappings(enforcement, "phase_milestones", spelling),
        track_milestones=_mappings(enforcement, "track_milestones", spelling),
        required_labels=tuple(_required(entry, spelling) for entry in enforcement.records("required_labels")),
    )


def _group(name: str, group: Checked, spelling: Spelling) -> Group:
    labels, prefix = spelling.all(group.texts("labels")), group.text_or_none("prefix")
    if not labels and prefix is None and name != "track":
        prefix = DEFAULT_PREFIX.get(name, f"{name}/")
    return Group(
        name=name,
        mode=cast("Mode", group.text("mode")),
        strategy=cast("Strategy", group.text("strategy", DEFAULT_STRATEGY.get(name, "newest"))),
        where=group.where,
        labels=labels,
        prefix=prefix,
        order=spelling.all(group.texts("order")),
        terminal=spelling.all(group.texts("terminal")),
    )


def _mappings(enforcement: Checked, name: str, spelling: Spelling) -> tuple[Mapping, ...]:
    return tuple(
        Mapping(spelling.of(str(label.value)), str(milestone.value), label.where)
        for label, milestone in enforcement.pairs(name)
        if isinstance(milestone, Leaf)
    )


def _required(entry: Checked, spelling: Spelling) -> RequiredLabels:
    default = entry.text_or_none("default")
    return RequiredLabels(
        where=entry.where,
        group=entry.text_or_none("group"),
        any_of=spelling.all(entry.texts("any_of")),
        mode=cast("Mode", entry.text("mode", "warn")),
        default=spelling.of(default) if default else None,
    )


def _self_healing(healing: Checked) -> SelfHealing:
    return SelfHealing(
        where=healing.where,
        enabled=healing.flag("enabled", default=True),
        normalize_labels=healing.flag("normalize_labels", default=True),
        fix_missing_track=healing.flag("fix_missing_track", default=True),
        fix_missing_milestone=healing.flag("fix_missing_milestone", default=True),
    )


def _thresholds(record: Checked) -> StaleThresholds:
    return StaleThresholds(
        days_until_stale=record.number("days_until_stale"),
        days_until_escalated=record.number("days_until_escalated"),
        days_until_close=record.number("days_until_close"),
        where=record.where,
    )


def _stale(stale: Checked, spelling: Spelling) -> Stale:
    return Stale(
        where=stale.where,
        enabled=stale.flag("enabled", default=True),
        thresholds=_thresholds(stale),
        stale_label=spelling.of(stale.text("stale_label", "state/stale")),
        escalated_label=spelling.of(stale.text("escalated_label", "state/escalated")),
        exempt_labels=spelling.all(stale.texts("exempt_labels")),
        exempt_milestones=stale.texts("exempt_milestones"),
        tracks=tuple(
            (str(track.value), _thresholds(record))
            for track, record in stale.pairs("tracks")
            if isinstance(record, Checked)
        ),
        comment=stale.text_or_none("comment"),
    )


def _inheritance(inheritance: Checked) -> Inheritance:
    copy = inheritance.texts("copy") if "copy" in inheritance.values else ("track", "milestone")
    return Inheritance(
        where=inheritance.where,
        mode=cast("InheritanceMode", inheritance.text("mode", "none")),
        copy=cast("tuple[Inheritable, ...]", tuple(dict.fromkeys(copy))),
    )
