"""Writes a first `.github/task-assistant.yml` from what a repository already has.

Its track labels become tracks (a label that only looks like one is inferred from, never renamed), its phase, priority
and state labels become groups, its open milestones are declared, and those that are phases get a phase label each. A
person may say which labels and milestones are meant. Nothing here writes a file or asks GitHub anything.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.model import Issue, Label, Milestone, fold

MAX_TRACKS = 12
"""More labels that look like tracks than this are not tracks but a naming habit."""

_TRACK = re.compile(r"(?:^|[-_/:. ])track[-_/:. ]?(?P<id>[a-z0-9][a-z0-9._-]*)$", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,9}")
_UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_GROUPS: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    ("phase", ("phase-", "phase/", "phase:"), "enforce", "highest"),
    ("priority", ("priority/", "priority-", "priority:"), "enforce", "highest"),
    ("state", ("state/", "status/", "state:", "status:"), "warn", "newest"),
)


@dataclass(frozen=True, slots=True)
class FoundTrack:
    """A label that carries a track, or looks as if it did."""

    id: str
    label: str
    """The label the new configuration uses: ``track/<id>``."""
    source: str
    """The label the repository has."""
    milestone: str | None


@dataclass(frozen=True, slots=True)
class FoundPhase:
    """A milestone that is a phase, and the label its issues carry."""

    label: str
    milestone: str


def find_tracks(labels: Iterable[Label], milestones: Iterable[Milestone], issues: Sequence[Issue]) -> list[FoundTrack]:
    """The tracks a repository already has, in the order of its labels; none where there are too many to be tracks.

    A track's milestone is the open one most of its open issues are in; of two equally common ones, the older.
    """
    matched = [(match["id"].casefold(), label) for label in labels if (match := _TRACK.search(label.name))]
    found = _tracks(matched, milestones, issues)
    return found if len(found) <= MAX_TRACKS else []


def chosen_tracks(
    names: Iterable[str], labels: Iterable[Label], milestones: Iterable[Milestone], issues: Sequence[Issue]
) -> list[FoundTrack]:
    """The tracks that a person chose by their labels' names; names the repository does not have are left out."""
    wanted = {fold(name) for name in names}
    named = [(_track_id(label.name), label) for label in labels if fold(label.name) in wanted]
    return _tracks([(track_id, label) for track_id, label in named if track_id], milestones, issues)


def _track_id(name: str) -> str:
    match = _TRACK.search(name)
    return match["id"].casefold() if match else _slug(name)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")


def _tracks(
    matched: Iterable[tuple[str, Label]], milestones: Iterable[Milestone], issues: Sequence[Issue]
) -> list[FoundTrack]:
    open_titles = {milestone.title: milestone.number for milestone in milestones if milestone.state == "open"}
    found: dict[str, FoundTrack] = {}
    for track_id, label in matched:
        if track_id in found:
            continue
        used = Counter(
            issue.milestone.title
            for issue in issues
            if issue.has_label(label.name)
            and issue.state == "open"
            and issue.milestone
            and issue.milestone.title in open_titles
        )
        best = min(used, key=lambda title: (-used[title], open_titles[title]), default=None)
        found[track_id] = FoundTrack(track_id, f"track/{track_id}", label.name, best)
    return list(found.values())


def phase_titles(labels: Sequence[Label], milestones: Iterable[Milestone]) -> list[str]:
    """The open milestones that look like phases: their title says so, or a phase label has their number or words."""
    _, members = _members(labels, _GROUPS[0][1])
    return [
        milestone.title
        for milestone in milestones
        if milestone.state == "open"
        and (fold(milestone.title).startswith("phase") or _label_of(milestone.title, members) is not None)
    ]


def chosen_phases(titles: Iterable[str], labels: Sequence[Label], milestones: Iterable[Milestone]) -> list[FoundPhase]:
    """A phase for each of these open milestones: with the label the repository has for it, or a new one."""
    prefix, members = _members(labels, _GROUPS[0][1])
    wanted = set(titles)
    found: dict[str, FoundPhase] = {}
    for milestone in milestones:
        if milestone.title not in wanted or milestone.state != "open":
            continue
        label = _label_of(milestone.title, members)
        own = _number_of(milestone.title) or _slug(milestone.title) or str(milestone.number)
        name = label.name if label else prefix + own
        if fold(name) in found:
            name = f"{prefix}{_slug(milestone.title) or 'm'}-{milestone.number}"
        found[fold(name)] = FoundPhase(name, milestone.title)
    return list(found.values())


def _label_of(title: str, members: Sequence[Label]) -> Label | None:
    """The phase label whose number, or else whose words, a title has."""
    number, words = _number_of(title), f"-{_slug(title)}-"
    for label in members:
        rest = re.split(r"[-/:]", label.name, maxsplit=1)[-1].strip()
        if _NUMBER.fullmatch(rest):
            if number and int(rest) == int(number):
                return label
        elif _slug(rest) and f"-{_slug(rest)}-" in words:
            return label
    return None


def _number_of(title: str) -> str:
    """The number in a title that has one; a version has several, and is no phase's number."""
    numbers = _NUMBER.findall(title)
    return numbers[0] if len(numbers) == 1 else ""


def scaffold_config(
    labels: Sequence[Label],
    milestones: Sequence[Milestone],
    issues: Sequence[Issue] = (),
    *,
    tracks_from: Sequence[str] | None = None,
    phases_from: Sequence[str] = (),
) -> str:
    """The configuration as text, with comments that say where each part came from.

    Two tracks always exist, as one alone would keep nothing apart: where the repository has none, ``track/active``
    and ``track/backlog`` are proposed, and nothing is inferred for issues that exist.

    Args:
        labels: Of the repository.
        milestones: Of the repository.
        issues: To see which milestone a track's issues are in.
        tracks_from: Names of the labels that become tracks; ``None``: those that look like tracks.
        phases_from: Titles of the milestones that become phases.
    """
    if tracks_from is None:
        tracks = find_tracks(labels, milestones, issues)
    else:
        tracks = chosen_tracks(tracks_from, labels, milestones, issues)
    phases = chosen_phases(phases_from, labels, milestones)
    taken = {fold(track.source) for track in tracks}
    free = [label for label in labels if fold(label.name) not in taken]
    groups = [(name, *_members(free, prefixes), mode, strategy) for name, prefixes, mode, strategy in _GROUPS]
    have = {fold(label.name) for label in free}
    groups[0][2].extend(Label(phase.label, color="1d76db") for phase in phases if fold(phase.label) not in have)
    groups = [group for group in groups if len(group[2]) > 1 or (group[0] == "phase" and phases)]
    open_milestones = [milestone for milestone in milestones if milestone.state == "open"]
    parts = ['schema_version: "1.0"', "", "# One track for each issue; its label carries it.", "tracks:"]
    for track in tracks:
        parts += [f"  - id: {_text(track.id)}", f"    label: {_text(track.label)}"]
        if fold(track.source) != fold(track.label):
            parts += [f"    match: {{labels: [{_text(track.source)}]}}  # what this repository called it"]
        if track.milestone is not None:
            parts += [f"    milestone: {_text(track.milestone)}  # where most of its open issues are"]
    proposed = [track_id for track_id in ("active", "backlog") if track_id not in {track.id for track in tracks}]
    for track_id in proposed[: max(0, 2 - len(tracks))]:
        parts += [f"  - id: {track_id}", f"    label: track/{track_id}"]
    declared = [label for _, _, members, _, _ in groups for label in members]
    parts += ["", "# Labels the groups below are made of." if declared else "# Labels to declare besides the tracks'."]
    parts += ["labels:", *_labels(declared)] if declared else ["labels: []"]
    parts += ["", "# Milestones the rules may set."]
    parts += (
        ["milestones:", *(f"  - title: {_text(milestone.title)}" for milestone in open_milestones)]
        if open_milestones
        else ["milestones: []"]
    )
    parts += ["", "enforcement:", "  exclusivity:", "    track: {mode: enforce, strategy: newest}"]
    for name, prefix, members, mode, strategy in groups:
        order = ""
        if name == "priority":
            order = ", order: [" + ", ".join(_text(label.name) for label in _by_urgency(members)) + "]"
        parts.append(f"    {name}: {{mode: {mode}, strategy: {strategy}, prefix: {_text(prefix)}{order}}}")
    if phases:
        parts += ["  phase_milestones:  # an issue of a phase is in its milestone"]
        parts += [f"    {_text(phase.label)}: {_text(phase.milestone)}" for phase in phases]
    parts += ["", "self_healing: {enabled: true}", ""]
    return "\n".join(parts)


def _members(labels: Iterable[Label], prefixes: Sequence[str]) -> tuple[str, list[Label]]:
    """The prefix most labels share, and those labels."""
    by_prefix = {prefix: [label for label in labels if fold(label.name).startswith(prefix)] for prefix in prefixes}
    best = max(prefixes, key=lambda prefix: len(by_prefix[prefix]))
    return best, by_prefix[best]


def _labels(declared: Iterable[Label]) -> Iterable[str]:
    for label in declared:
        description = f", description: {_text(label.description)}" if label.description else ""
        yield f"  - {{name: {_text(label.name)}{description}, color: {_text(label.color)}}}"


_URGENCY = (
    "lowest",
    "trivial",
    "low",
    "minor",
    "medium",
    "normal",
    "moderate",
    "high",
    "major",
    "urgent",
    "critical",
    "highest",
    "blocker",
)


def _by_urgency(members: Sequence[Label]) -> list[Label]:
    """From least to most urgent; words we know by their meaning, others in between as the repository lists them."""

    def rank(label: Label) -> int:
        word = re.split(r"[-/:]", fold(label.name), maxsplit=1)[-1].strip()
        return _URGENCY.index(word) if word in _URGENCY else len(_URGENCY) // 2

    return sorted(members, key=rank)


def _text(value: str) -> str:
    """A YAML scalar that reads back as exactly this text."""
    # JSON is YAML but for characters beyond the basic plane, which JSON would write as surrogates, and a few that break lines.
    return _UNPRINTABLE.sub(lambda found: f"\\U{ord(found.group()):08x}", json.dumps(value, ensure_ascii=False))
