"""Tracks, labels and milestones as declared: each once, one default, former names that are nobody's name today."""

from __future__ import annotations

from collections.abc import Callable

from engine.config import limits
from engine.config.checked import Checked, Leaf
from engine.config.meaning.names import Scope
from engine.config.meaning.patterns import milestone_pattern
from engine.model import fold


def examine_declared(scope: Scope) -> None:
    """Report what is wrong between the declarations."""
    _version(scope)
    _tracks(scope)
    _labels(scope)
    _milestones(scope)
    _aliases(scope)


def _version(scope: Scope) -> None:
    version = scope.root.text("schema_version")
    if version and version != "1.0":
        scope.out.warning(
            "config-newer-schema",
            scope.root.place("schema_version"),
            f"schema_version is {version}; this program knows 1.0",
            "what a later 1.x added is reported as unknown",
            "upgrade tassist, or write 1.0",
        )


def _tracks(scope: Scope) -> None:
    ids: dict[str, Leaf] = {}
    labels: dict[str, Leaf] = {}
    default: Checked | None = None
    listed = {fold(entry.text("title")): entry.text("title") for entry in scope.root.records("milestones")}
    for track in scope.tracks:
        _unique(scope, track, "id", ids, "track", fold)
        _unique(scope, track, "label", labels, "track", fold)
        if track.flag("default", default=False):
            if default:
                scope.out.problem(
                    "config-two-defaults",
                    track.place("default"),
                    f"a second track is the default; the first is on line {default.place('default').line}",
                    "an issue whose track cannot be inferred needs one answer",
                    "remove default from one of them",
                )
            default = default or track
        pattern = track.text("milestone_pattern")
        if pattern:
            milestone_pattern(scope, track, pattern)
        milestone = track.text("milestone")
        near = listed.get(fold(milestone)) if milestone and listed.get(fold(milestone)) != milestone else None
        if near and scope.milestones.complete:
            scope.out.warning(
                "config-nearly-the-same",
                track.place("milestone"),
                f"the milestone {milestone!r} is not listed in milestones, but {near!r} is",
                "GitHub compares titles exactly, so these are two milestones",
                f"write {near}, if that one is meant",
            )


def _labels(scope: Scope) -> None:
    entries = scope.root.records("labels")
    names: dict[str, Leaf] = {}
    for entry in entries:
        _unique(scope, entry, "name", names, "label", fold)
        color = entry.text("color")
        if color.startswith("#"):
            scope.out.warning(
                "config-color-with-hash",
                entry.place("color"),
                f"the colour is written {color}",
                "GitHub takes it without #",
                f'write "{color[1:]}"',
            )
    for track in scope.tracks:
        label = track.text("label")
        listed = names.get(fold(label))
        if listed and listed.value != label:
            scope.out.warning(
                "config-two-spellings",
                track.place("label"),
                f"the label is spelled {label!r} here and {listed.value!r} on line {listed.where.line}",
                "GitHub takes both for one label",
                f"write {listed.value} in both places",
            )
    if len(entries) > limits.MAX_LABELS_ON_AN_ISSUE:
        scope.out.warning(
            "config-many-labels",
            scope.root.place("labels"),
            f"{len(entries)} labels are declared",
            f"GitHub lets an issue have at most {limits.MAX_LABELS_ON_AN_ISSUE}",
            "an issue that has all its labels already is left alone",
        )


def _milestones(scope: Scope) -> None:
    titles: dict[str, Leaf] = {}
    folded: dict[str, str] = {}
    for entry in scope.root.records("milestones"):
        _unique(scope, entry, "title", titles, "milestone", str)
        title = entry.text("title")
        other = folded.setdefault(fold(title), title)
        if other != title:
            scope.out.warning(
                "config-nearly-the-same",
                entry.place("title"),
                f"the milestones {title!r} and {other!r} differ only in case",
                "GitHub compares titles exactly, so these are two milestones",
                "remove one, if one is meant",
            )


def _unique(
    scope: Scope, entry: Checked, key: str, seen: dict[str, Leaf], noun: str, name: Callable[[str], str]
) -> None:
    leaf = entry.values.get(key)
    if not isinstance(leaf, Leaf):
        return
    text = str(leaf.value)
    first = seen.setdefault(name(text), leaf)
    if first is not leaf and scope.out.wants_problem:
        same = "" if first.value == leaf.value else f", spelled {first.value!r}; case makes no difference"
        scope.out.problem(
            f"config-duplicate-{noun}",
            leaf.where,
            f"the {noun} {key} {text!r} is used again, first on line {first.where.line}{same}",
            "two entries of one name would contradict each other",
            f"remove one of the two, or give it another {key}",
        )


def _aliases(scope: Scope) -> None:
    """A former name belongs to one entry, and is nobody's name today."""
    taken: dict[str, Leaf] = {}
    owners = [
        *((track, "label") for track in scope.tracks),
        *((label, "name") for label in scope.root.records("labels")),
    ]
    for owner, key in owners:
        own = fold(owner.text(key))
        for alias in owner.leaves("aliases"):
            _alias(scope, alias, fold(str(alias.value)), own, taken, scope.labels.spelled, "label")
    titles: dict[str, Leaf] = {}
    for owner in scope.root.records("milestones"):
        for alias in owner.leaves("aliases"):
            _alias(scope, alias, str(alias.value), owner.text("title"), titles, scope.milestones.spelled, "milestone")


def _alias(
    scope: Scope, alias: Leaf, name: str, own: str, taken: dict[str, Leaf], declared: dict[str, str], noun: str
) -> None:
    first = taken.setdefault(name, alias)
    if name == own:
        scope.out.warning(
            "config-alias-is-name",
            alias.where,
            f"{alias.value!r} is the {noun}'s own name",
            "it is no former name",
            "remove it from aliases",
        )
    elif name in declared:
        scope.out.problem(
            "config-alias-in-use",
            alias.where,
            f"{alias.value!r} is a former name here and the name of a {noun} elsewhere",
            "renaming it would take that one away",
            "remove one of the two",
        )
    elif first is not alias:
        scope.out.problem(
            "config-alias-in-use",
            alias.where,
            f"{alias.value!r} is a former name here and on line {first.where.line}",
            f"one {noun} cannot become two",
            "remove one of the two",
        )
