"""Trials of tracks, groups and required labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations

from engine.config import compile_pattern
from engine.config.types import Config, Group, RequiredLabels, Track
from engine.model import fold
from tassist.contract.probe import After, look, prepared
from tassist.contract.promised.trial import Run, Trial, baseline, groups_of, members, said
from tassist.contract.sample import sample

_MOST = 6
"""Labels of one group that are tried against each other, so that a group of fifty does not take minutes."""


def classify(config: Config) -> Iterator[Trial]:
    """An issue without a track gets the one that matches, else the default."""
    healing = config.self_healing
    if healing is None or not healing.enabled or not healing.fix_missing_track:
        return
    for at, track in enumerate(config.tracks):
        match = track.match
        if match is None:
            continue
        for label in match.labels:
            yield _inferred(config, at, f"the label {label}", labels=(label,))
        for pattern in match.title:
            yield _by_pattern(config, at, "title", pattern)
        for pattern in match.body:
            yield _by_pattern(config, at, "body", pattern)
    default = next((at for at, track in enumerate(config.tracks) if track.default), None)
    if default is not None:
        yield _inferred(config, default, "nothing that matches")


def _by_pattern(config: Config, at: int, part: str, pattern: str) -> Trial:
    text = sample(pattern)
    if text is None:
        track = config.tracks[at]
        says = f"a {part} like {pattern} gives {track.label}"
        return Trial("track.classify", says, track.where, skipped="no text could be made for this pattern")
    what = f"a {part} like {pattern}"
    return _inferred(config, at, what, title=text) if part == "title" else _inferred(config, at, what, body=text)


def _inferred(
    config: Config, at: int, what: str, labels: tuple[str, ...] = (), title: str = "", body: str = ""
) -> Trial:
    track = config.tracks[at]
    repo = prepared(config)
    first = _earlier(config, at, labels, title, body)

    def run() -> tuple[After, str]:
        beside = baseline(config, *labels, *(track.label for track in config.tracks))
        after = look(config, repo, (*beside, *labels), title=title, body=body)
        return said(after, f"the issue has no {track.label}", unless=after.has(track.label))

    return Trial(
        "track.classify",
        f"an issue with {what} gets {track.label}",
        track.where,
        (run,),
        hidden_by=lambda _after: f"track {first.id} matches it too and comes first" if first else "",
    )


def _earlier(config: Config, at: int, labels: tuple[str, ...], title: str, body: str) -> Track | None:
    """The track that matches the same issue and stands before; for a default, any that matches."""
    others = [track for track in config.tracks[:at] if track.match]
    if config.tracks[at].default and not labels and not title and not body:
        others = [track for track in config.tracks if track.match]
    carried = {fold(name) for name in (*labels, *baseline(config))}
    for track in others:
        assert track.match is not None
        if carried & set(map(fold, track.match.labels)):
            return track
        if any(compile_pattern(pattern).search(title) for pattern in track.match.title):
            return track
        if any(compile_pattern(pattern).search(body) for pattern in track.match.body):
            return track
    return None


def exclusive(config: Config) -> Iterator[Trial]:
    """Of two labels of a group one stays, by its strategy; or none goes, by its mode."""
    assert config.enforcement is not None
    for group in config.enforcement.exclusivity:
        known = members(config, group)
        if len(known) < 2:
            yield Trial(
                f"exclusivity.{group.name}", _says(group), group.where, skipped="it knows fewer than two labels"
            )
            continue
        pairs = permutations(known[:_MOST], 2)
        runs = tuple(_pair(config, group, known, older, newer) for older, newer in pairs)
        yield Trial(f"exclusivity.{group.name}", _says(group), group.where, runs, hidden_by=_other_group(config, group))


def _says(group: Group) -> str:
    if group.mode == "enforce":
        stays = {"newest": "the newer", "highest": "the higher", "lowest": "the lower", "first": "the first listed"}
        terminal = f", unless one is {' or '.join(group.terminal)}" if group.terminal else ""
        return f"of two {group.name} labels {stays[group.strategy]} stays{terminal}"
    return {
        "warn": f"two {group.name} labels are a warning and both stay",
        "fail": f"two {group.name} labels fail the run and nothing is written",
        "off": f"two {group.name} labels are nobody's business",
    }[group.mode]


def _other_group(config: Config, group: Group) -> Callable[[After], str]:
    def hidden(_after: After) -> str:
        for label in members(config, group):
            other = next((found for found in groups_of(config, label) if found.name != group.name), None)
            if other is not None:
                return f"{label} belongs to the group {other.name} as well"
        return ""

    return hidden


def _pair(config: Config, group: Group, known: tuple[str, ...], older: str, newer: str) -> Run:
    repo = prepared(config)

    def run() -> tuple[After, str]:
        after = look(config, repo, (*baseline(config, older, newer), older, newer))
        left = [name for name in (older, newer) if after.has(name)]
        if group.mode == "fail":
            return said(after, f"with {older} and {newer} the run did not fail", unless=after.plan.outcome == "failed")
        terminal = {fold(name) for name in group.terminal} & {fold(older), fold(newer)}
        if group.mode != "enforce" or terminal:
            return said(after, f"of {older} and {newer} only {left} stayed", unless=len(left) == 2)
        stays = _stays(group, known, older, newer)
        return said(after, f"of {older}, then {newer}, {stays} had to stay, and {left} did", unless=left == [stays])

    return run


def _stays(group: Group, known: tuple[str, ...], older: str, newer: str) -> str:
    if group.strategy == "newest":
        return newer
    order = tuple(map(fold, group.order))
    if order and group.strategy != "first" and (fold(older) in order) != (fold(newer) in order):
        return older if fold(older) in order else newer
    ranked = [*order, *(fold(name) for name in known)] if not group.labels else [fold(name) for name in known]
    low, high = sorted((older, newer), key=lambda name: ranked.index(fold(name)))
    return high if group.strategy == "highest" else low


def required(config: Config) -> Iterator[Trial]:
    """A demanded label that is missing is added, or warned of, or fails the run."""
    assert config.enforcement is not None
    entries = config.enforcement.required_labels
    for entry in entries:
        wanted = f"a label of the group {entry.group}" if entry.group else f"one of {', '.join(entry.any_of)}"
        adds = entry.mode == "enforce" and entry.default is not None
        then = {
            "enforce": f"gets {entry.default}" if adds else "is a warning",
            "warn": "is a warning",
            "fail": "fails the run",
            "off": "is nobody's business",
        }[entry.mode]
        runs = (_missing(config, entry),)
        yield Trial("labels.required", f"an issue without {wanted} {then}", entry.where, runs)


def _missing(config: Config, entry: RequiredLabels) -> Run:
    repo = prepared(config)
    group = (
        next((found for found in config.enforcement.exclusivity if found.name == entry.group), None)
        if config.enforcement
        else None
    )
    if entry.group is not None:
        excluded = members(config, group or Group(entry.group, "off", "newest", entry.where))
    else:
        excluded = entry.any_of
    unwanted = {fold(name) for name in excluded}

    def run() -> tuple[After, str]:
        beside = tuple(name for name in baseline(config) if fold(name) not in unwanted)
        after = look(config, repo, beside)
        if entry.mode == "fail":
            return said(
                after, "the run did not fail", unless=after.plan.outcome == "failed" or _served(after, excluded)
            )
        if entry.mode == "enforce" and entry.default is not None:
            return said(after, f"the issue has no {entry.default}", unless=_served(after, excluded))
        outcomes = {d.outcome for d in after.plan.decisions if d.rule == "labels.required" and d.config == entry.where}
        expected = "skipped" if entry.mode == "off" else "warned"
        return said(
            after, f"the decision is {', '.join(outcomes)}", unless=outcomes == {expected} or _served(after, excluded)
        )

    return run


def _served(after: After, labels: tuple[str, ...]) -> bool:
    return any(after.has(name) for name in labels)
