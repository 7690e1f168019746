"""Writes a configuration as text: what `parse` reads back as the same configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from engine.config.nodes import Json
from engine.config.types import Config, Enforcement, Group, LabelSpec, MilestoneSpec, Stale, StaleThresholds, Track

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*\Z")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufff0-\uffff]")


def dump(config: Config) -> str:
    """The configuration as a document of schema 1.0; what equals the default is left out. Comments are not kept."""
    return render(to_data(config))


def render(data: dict[str, Json]) -> str:
    """JSON-like data as YAML that every reader of YAML 1.1 and 1.2 takes for the same data."""
    return "".join(line + "\n" for line in _mapping(data, 0))


def quoted(text: str) -> str:
    """A text as one YAML scalar on one line, in quotes where it would be something else without."""
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    escaped = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda hit: f"\\u{ord(hit.group()):04x}", escaped)


def to_data(config: Config, *, defaults: bool = False) -> dict[str, Json]:
    """The configuration as JSON-like data, in the form of schema 1.0.

    Args:
        config: What shall be said.
        defaults: Say also what equals the default; a section that is not configured stays out.
    """
    data: dict[str, Json] = {
        "schema_version": config.schema_version,
        "tracks": [_track(track, defaults=defaults) for track in config.tracks],
        "labels": [_label(label) for label in config.labels],
        "milestones": [_milestone(milestone) for milestone in config.milestones],
    }
    if config.enforcement is not None:
        data["enforcement"] = _enforcement(config.enforcement)
    healing = config.self_healing
    if healing is not None:
        data["self_healing"] = {
            "enabled": healing.enabled,
            "normalize_labels": healing.normalize_labels,
            "fix_missing_track": healing.fix_missing_track,
            "fix_missing_milestone": healing.fix_missing_milestone,
        }
    if config.stale is not None:
        data["stale"] = _stale(config.stale)
    if config.inheritance is not None:
        data["inheritance"] = {"mode": config.inheritance.mode, "copy": list(config.inheritance.copy)}
    if config.pull_requests or defaults:
        data["pull_requests"] = {"manage": config.pull_requests}
    return data


def _given(**values: Json) -> dict[str, Json]:
    """Without what is empty or not set."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {}, False)}


def _track(track: Track, *, defaults: bool) -> Json:
    match = track.match
    data = _given(
        id=track.id,
        label=track.label,
        description=track.description,
        match=_given(labels=list(match.labels), title=list(match.title), body=list(match.body)) if match else None,
        milestone=track.milestone,
        milestone_pattern=track.milestone_pattern,
        default=track.default,
        aliases=list(track.aliases),
    )
    return {**data, "default": track.default} if defaults else data


def _label(label: LabelSpec) -> Json:
    return _given(name=label.name, description=label.description, color=label.color, aliases=list(label.aliases))


def _milestone(milestone: MilestoneSpec) -> Json:
    data = _given(
        title=milestone.title,
        description=milestone.description,
        due_on=milestone.due_on.isoformat() if milestone.due_on else None,
        aliases=list(milestone.aliases),
    )
    if milestone.due_offset_days is not None:
        data["due_offset_days"] = milestone.due_offset_days
    return data


def _group(group: Group) -> Json:
    return _given(
        mode=group.mode,
        strategy=group.strategy,
        prefix=group.prefix,
        labels=list(group.labels),
        order=list(group.order),
        terminal=list(group.terminal),
    )


def _enforcement(enforcement: Enforcement) -> Json:
    return _given(
        exclusivity={group.name: _group(group) for group in enforcement.exclusivity},
        phase_milestones={mapping.label: mapping.milestone for mapping in enforcement.phase_milestones},
        track_milestones={mapping.label: mapping.milestone for mapping in enforcement.track_milestones},
        required_labels=[
            _given(group=entry.group, any_of=list(entry.any_of), mode=entry.mode, default=entry.default)
            for entry in enforcement.required_labels
        ],
    )


def _days(thresholds: StaleThresholds) -> dict[str, Json]:
    return _given(
        days_until_stale=thresholds.days_until_stale,
        days_until_escalated=thresholds.days_until_escalated,
        days_until_close=thresholds.days_until_close,
    )


def _stale(stale: Stale) -> Json:
    tracks: dict[str, Json] = {track: _days(thresholds) for track, thresholds in stale.tracks}
    return {
        "enabled": stale.enabled,
        **_days(stale.thresholds),
        "stale_label": stale.stale_label,
        "escalated_label": stale.escalated_label,
        **_given(
            exempt_labels=list(stale.exempt_labels),
            exempt_milestones=list(stale.exempt_milestones),
            tracks=tracks,
            comment=stale.comment,
        ),
    }


def _mapping(data: dict[str, Json], depth: int) -> Iterable[str]:
    for key, value in data.items():
        head = "  " * depth + quoted(key) + ":"
        if isinstance(value, dict) and value:
            yield head
            yield from _mapping(value, depth + 1)
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            yield head
            for item in value:
                lines = list(_mapping(item, depth + 2)) if isinstance(item, dict) and item else [flow(item)]
                yield "  " * (depth + 1) + "- " + lines[0].lstrip()
                yield from lines[1:]
        else:
            yield f"{head} {flow(value)}"


def flow(value: Json) -> str:
    """A value as YAML on one line."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)}: {flow(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)
