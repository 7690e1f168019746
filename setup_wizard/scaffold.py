"""Writes a first `.github/task-assistant.yml` from what a repository already has.

Its track labels become tracks (a label that only looks like one is inferred from, never renamed), its phase, priority
and state labels become groups, its open milestones are declared. Nothing here writes a file or asks GitHub anything.
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


def find_tracks(labels: Iterable[Label], milestones: Iterable[Milestone], issues: Sequence[Issue]) -> list[FoundTrack]:
    """The tracks a repository already has, in the order of its labels; none where there are too many to be tracks.

    A track's milestone is the open one most of its open issues are in; of two equally common ones, the older.
    """
    open_titles = {milestone.title: milestone.number for milestone in milestones if milestone.state == "open"}
    found: dict[str, FoundTrack] = {}
    for label in labels:
        match = _TRACK.search(label.name)
        if not match:
            continue
        track_id = match["id"].casefold()
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
    return list(found.values()) if len(found) <= MAX_TRACKS else []


def scaffold_config(labels: Sequence[Label], milestones: Sequence[Milestone], issues: Sequence[Issue] = ()) -> str:
    """The configuration as text, with comments that say where each part came from.

    Two tracks always exist, as one alone would keep nothing apart: where the repository has none, ``track/active``
    and ``track/backlog`` are proposed, and nothing is inferred for issues that exist.
    """
    tracks = find_tracks(labels, milestones, issues)
    groups = [(name, *_members(labels, prefixes), mode, strategy) for name, prefixes, mode, strategy in _GROUPS]
    groups = [group for group in groups if len(group[2]) > 1]
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
