"""Generates `.github/task-assistant.yml` from what legacy has: variables, labels, milestones; each line says where it came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.config.dump import quoted
from engine.model import Issue, Label, Milestone, fold
from migrations.model import Snapshot
from migrations.plan.sourced import sourced
from migrations.plan.vocabulary import ESCALATED, FLAGS, STALE, track_id, variable
from migrations.sources import take

COLORS: Mapping[str, tuple[str, str]] = {
    STALE: ("fbca04", "No activity for a while"),
    ESCALATED: ("d93f0b", "No activity for too long"),
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Days, and the variables they come from."""

    stale: int | None
    escalated: int | None
    stale_from: str = ""
    escalated_from: str = ""


@dataclass(frozen=True, slots=True)
class FoundTrack:
    """A track legacy kept."""

    id: str
    label: str
    former: tuple[str, ...]
    """The labels that carry it now, but for the new one."""
    milestone: str | None
    milestone_from: str
    thresholds: Thresholds
    description: str = ""
    color: str = ""


@dataclass(frozen=True, slots=True)
class Generated:
    """A configuration, and what could not be said in it."""

    text: str
    tracks: tuple[FoundTrack, ...]
    labels: tuple[tuple[str, str, str], ...]
    """Every label it declares: name, colour, description."""
    notes: tuple[str, ...]
    variables: tuple[str, ...]
    """Variables whose value stands in it."""


def generate(snapshot: Snapshot) -> Generated:
    """The configuration that does what legacy was meant to do.

    Args:
        snapshot: With labels; variables and milestones where they could be read.
    """
    notes: list[str] = []
    variables = dict(snapshot.variables or {})
    if snapshot.variables is None:
        notes.append(
            "the repository's variables could not be read: milestones and thresholds were inferred or left out"
        )
    labels = {fold(label.name): label for label in snapshot.labels or ()}
    tracks = _tracks(labels.values(), snapshot, variables, notes)
    flags = {
        new: next((labels[fold(name)] for name in (old, new) if fold(name) in labels), None)
        for old, new in FLAGS.items()
    }
    with_days = [track for track in tracks if track.thresholds.stale]
    wants_stale = bool(with_days)
    used = [track.milestone_from for track in tracks]
    lines = [
        f"# Task Assistant for {snapshot.repo}, generated from its former automation by tassist migrate.",
        'schema_version: "1.0"',
        "",
        "# Former names are aliases: an issue that still carries one is on that track, and gets the new name when it is looked at.",
        "tracks:" if tracks else "tracks: []",
    ]
    for track in tracks:
        lines += [f"  - id: {quoted(track.id)}", f"    label: {quoted(track.label)}"]
        if track.description:
            lines.append(f"    description: {quoted(track.description)}")
        if track.former:
            lines.append(f"    aliases: [{', '.join(map(quoted, track.former))}]")
        if track.milestone is not None:
            lines.append(f"    milestone: {quoted(track.milestone)}  # {_comment(track.milestone_from)}")
    declared: list[tuple[str, str, str]] = [(track.label, track.color, track.description) for track in tracks]
    known = [name for track in tracks for name in (track.label, *track.former)]
    known += [*FLAGS, *FLAGS.values()] if wants_stale else []
    more = sourced(take(snapshot), labels, known, has_stale=wants_stale, has_tracks=bool(tracks))
    notes += more.notes
    lines += ["", "labels:" if wants_stale or more.labels else "labels: []"]
    if wants_stale:
        for old, new in FLAGS.items():
            there = flags[new]
            color = there.color if there else COLORS[new][0]
            description = (there.description if there else "") or COLORS[new][1]
            lines.append(
                f"  - {{name: {quoted(new)}, description: {quoted(description)}, color: {quoted(color)}, "
                f"aliases: [{quoted(old)}]}}"
            )
            declared.append((new, color, description))
    for name, color, description, where in more.labels:
        said = f", description: {quoted(description)}" if description else ""
        lines.append(f"  - {{name: {quoted(name)}{said}, color: {quoted(color)}}}  # {_comment(where)}")
        declared.append((name, color, description))
    titles = dict.fromkeys(track.milestone for track in tracks if track.milestone is not None)
    lines += ["", "milestones:" if titles else "milestones: []", *(f"  - title: {quoted(title)}" for title in titles)]
    lines += ["", "enforcement:", "  exclusivity:", "    track: {mode: enforce, strategy: newest}"]
    if titles:
        lines.append("  track_milestones:")
        lines += [
            f"    {quoted(track.label)}: {quoted(track.milestone)}" for track in tracks if track.milestone is not None
        ]
    lines += ["", "self_healing: {enabled: true, fix_missing_milestone: false}"]
    if wants_stale:
        lines += ["", *_stale(with_days)]
        used += [name for track in with_days for name in (track.thresholds.stale_from, track.thresholds.escalated_from)]
    elif more.stale:
        lines += ["", *more.stale]
        if more.pull_requests:
            lines += ["", f"pull_requests: {{manage: true}}  # {_comment(more.pull_requests)}"]
    elif any(flags.values()):
        notes.append(
            "no thresholds were found, so nothing becomes stale: legacy's flags stay on their issues, under their names"
        )
    if wants_stale:
        notes += [
            f"track {track.id} has no threshold of its own; it follows the one for all"
            for track in tracks
            if track not in with_days
        ]
    return Generated(
        "\n".join([*lines, ""]), tracks, tuple(declared), tuple(notes), tuple(filter(None, dict.fromkeys(used)))
    )


def _stale(with_days: list[FoundTrack]) -> Iterable[str]:
    most = max(with_days, key=lambda track: track.thresholds.stale or 0).thresholds
    yield "stale:"
    yield "  enabled: true"
    yield f"  days_until_stale: {most.stale}  # the longest of the tracks': for issues on none"
    if most.escalated:
        yield f"  days_until_escalated: {most.escalated}"
    yield f"  stale_label: {STALE}"
    yield f"  escalated_label: {ESCALATED}"
    yield "  tracks:"
    for track in with_days:
        days = track.thresholds
        both = f"days_until_stale: {days.stale}"
        both += f", days_until_escalated: {days.escalated}" if days.escalated else ""
        came = ", ".join(filter(None, (days.stale_from, days.escalated_from)))
        yield f"    {quoted(track.id)}: {{{both}}}  # {_comment(came)}"


def _tracks(
    labels: Iterable[Label], snapshot: Snapshot, variables: Mapping[str, str], notes: list[str]
) -> tuple[FoundTrack, ...]:
    by_id: dict[str, list[Label]] = {}
    for label in labels:
        track = track_id(label.name)
        if track:
            by_id.setdefault(track, []).append(label)
    found = []
    for track, carried in by_id.items():
        name = f"track/{track}"
        former = tuple(label.name for label in carried if fold(label.name) != name)
        first = next((label for label in carried if fold(label.name) != name), carried[0])
        milestone, source = _milestone(track, carried, snapshot, variables, notes)
        found.append(
            FoundTrack(
                track,
                name,
                former,
                milestone,
                source,
                _thresholds(track, variables, notes),
                first.description,
                first.color,
            )
        )
    return tuple(found)


def _milestone(
    track: str, carried: list[Label], snapshot: Snapshot, variables: Mapping[str, str], notes: list[str]
) -> tuple[str | None, str]:
    told = variable(variables, track.upper(), "MILESTONE")
    known = snapshot.milestones or ()
    if told is not None:
        name, value = told
        hit = next((item for item in known if value == item.title or value == str(item.number)), None)
        if hit is None and snapshot.milestones is None and value and not value.isdigit():
            return value, name
        if hit is not None and hit.state == "open":
            return hit.title, name
        why = "is closed" if hit else "does not exist"
        notes.append(f"{name} names a milestone that {why}: track {track} gets none")
        return None, ""
    return _usual(carried, snapshot.issues or (), known), "where most of its open issues are"


def _usual(carried: list[Label], issues: Iterable[Issue], known: tuple[Milestone, ...]) -> str | None:
    open_titles = {item.title: item.number for item in known if item.state == "open"}
    used = Counter(
        issue.milestone.title
        for issue in issues
        if issue.state == "open"
        and issue.milestone is not None
        and issue.milestone.title in open_titles
        and any(issue.has_label(label.name) for label in carried)
    )
    return min(used, key=lambda title: (-used[title], open_titles[title]), default=None)


def _thresholds(track: str, variables: Mapping[str, str], notes: list[str]) -> Thresholds:
    stale = variable(variables, track.upper(), "STALE", "DAYS")
    escalated = variable(variables, track.upper(), "ESCALATION", "DAYS") or variable(
        variables, track.upper(), "ESCALATE", "DAYS"
    )
    days: list[int | None] = []
    for told in (stale, escalated):
        good = told is not None and told[1].isascii() and told[1].isdigit() and 0 < int(told[1][:6]) < 100_000
        if told is not None and not good:
            notes.append(f"{told[0]} is no number of days: {told[1][:40]!r}")
        days.append(int(told[1]) if told is not None and good else None)
    if days[0] is None or (days[1] is not None and days[1] <= days[0]):
        if days[1] is not None:
            notes.append(f"track {track} escalates after {days[1]} days and not later than it becomes stale: left out")
        days[1] = None
    return Thresholds(
        days[0], days[1], stale[0] if stale and days[0] else "", escalated[0] if escalated and days[1] else ""
    )


def _comment(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())[:100]
