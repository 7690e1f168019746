"""Hypothesis strategies for configurations: data, documents (text) and `Config` values, all valid by construction.

Names come from small pools, so that generated issues hit generated rules; draw an issue's labels and milestones from
`LABELS` and `MILESTONES` (which also hold names that no configuration declares).
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from engine.config import Config, parse
from engine.config.dump import render

TRACKS = ("sprint", "backlog", "bug", "ops")
TRACK_LABELS = tuple(f"track/{track}" for track in TRACKS)
PHASES = ("phase-1", "phase-2", "phase-2.1", "phase-10")
PRIORITIES = ("priority/low", "priority/medium", "priority/high")
STATES = ("state/ready", "state/blocked", "state/done")
AREAS = ("area/api", "area/ui", "area/docs")
STALE_LABELS = ("state/stale", "state/escalated", "needs-attention")
FOREIGN_LABELS = ("feature", "wontfix", "good first issue", "größer als 5 €")
LABELS = (*TRACK_LABELS, *PHASES, *PRIORITIES, *STATES, *AREAS, *STALE_LABELS, *FOREIGN_LABELS)
"""Every label a generated configuration may name, and some that none names."""
MILESTONES = ("Phase 1", "Phase 2", "Sprint 4", "Sprint 9", "Sprint 10", "Release 1.9", "Release 1.10", "Someday")
"""Every milestone a generated configuration may name; the last one is named by none."""
TITLES = ("feat: a new thing", "Fix the crash", "docs: say more", "Release 1.10 notes", "")
MODES = ("enforce", "warn", "fail", "off")
STRATEGIES = ("newest", "highest", "lowest", "first")
PATTERNS = ("(?i)^feat", "(?i)crash|broken", r"\brelease\b", "docs", "^$")
COLORS = ("1D76DB", "ededed", "000000", "5319E7", "123456")

Data = dict[str, Any]


def _some(pool: tuple[str, ...], *, least: int = 0, most: int | None = None) -> st.SearchStrategy[list[str]]:
    """Some of a pool, each once, in any order."""
    return st.lists(st.sampled_from(pool), min_size=least, max_size=most or len(pool), unique=True)


def _maybe(data: Data, draw: Any, key: str, value: st.SearchStrategy[Any]) -> None:
    if draw(st.booleans()):
        data[key] = draw(value)


@st.composite
def config_data(draw: st.DrawFn, *, enforcement: bool | None = None) -> Data:
    """A valid configuration as JSON-like data.

    Args:
        draw: Given by Hypothesis.
        enforcement: Whether it has that section; ``None`` leaves it open.
    """
    tracks = [draw(_track(track)) for track in draw(_some(TRACKS))]
    default = draw(st.sampled_from((None, *range(len(tracks)))))
    if default is not None:
        tracks[default]["default"] = True
    phases, titles = draw(_some(PHASES)), draw(_some(MILESTONES[:-1]))
    others = draw(_some((*PRIORITIES, *STATES, *AREAS), most=9))
    labels = [draw(_label(name)) for name in (*phases, *others)]
    milestones = [draw(_milestone(title)) for title in titles]
    data: Data = {"schema_version": "1.0", "tracks": tracks, "labels": labels, "milestones": milestones}
    known = dict.fromkeys([*titles, *(track["milestone"] for track in tracks if "milestone" in track)])
    if draw(st.booleans()) if enforcement is None else enforcement:
        data["enforcement"] = draw(_enforcement([track["label"] for track in tracks], phases, others, tuple(known)))
    _maybe(data, draw, "self_healing", _self_healing())
    _maybe(data, draw, "stale", _stale([track["id"] for track in tracks], others))
    _maybe(
        data,
        draw,
        "inheritance",
        st.fixed_dictionaries(
            {"mode": st.sampled_from(("none", "soft", "hard"))}, optional={"copy": _some(("track", "milestone"))}
        ),
    )
    _maybe(data, draw, "pull_requests", st.fixed_dictionaries({"manage": st.booleans()}))
    return data


@st.composite
def _track(draw: st.DrawFn, track: str) -> Data:
    data: Data = {"id": track, "label": f"track/{track}"}
    _maybe(data, draw, "description", st.sampled_from(("", "What is worked on now", "ünï – “code”")))
    _maybe(
        data,
        draw,
        "match",
        st.fixed_dictionaries(
            {},
            optional={
                "labels": _some((*FOREIGN_LABELS, *AREAS), most=3),
                "title": _some(PATTERNS, most=2),
                "body": _some(PATTERNS, most=2),
            },
        ),
    )
    how = draw(st.sampled_from(("none", "milestone", "pattern")))
    if how == "milestone":
        data["milestone"] = draw(st.sampled_from(MILESTONES[:-1]))
    elif how == "pattern":
        data["milestone_pattern"] = draw(st.sampled_from(("Sprint {number}", "Release {major}.{minor}", "Phase {n}")))
    return data


@st.composite
def _label(draw: st.DrawFn, name: str) -> Data:
    data: Data = {"name": name}
    _maybe(data, draw, "description", st.sampled_from(("", "Planning", "ünï – “code”", "a: b # c")))
    _maybe(data, draw, "color", st.sampled_from(COLORS))
    return data


@st.composite
def _milestone(draw: st.DrawFn, title: str) -> Data:
    data: Data = {"title": title}
    _maybe(data, draw, "description", st.sampled_from(("", "Two\nlines", "What we promised")))
    due = draw(st.sampled_from(("none", "on", "offset")))
    if due == "on":
        data["due_on"] = draw(st.dates()).isoformat()
    elif due == "offset":
        data["due_offset_days"] = draw(st.integers(0, 3650))
    return data


@st.composite
def _enforcement(
    draw: st.DrawFn, track_labels: list[str], phases: list[str], others: list[str], milestones: tuple[str, ...]
) -> Data:
    data: Data = {}
    pools = {"track": tuple(track_labels), "phase": PHASES, "priority": PRIORITIES, "state": STATES, "area": AREAS}
    groups: Data = {}
    for name in draw(_some(tuple(pools))):
        groups[name] = draw(_group(pools[name]))
    empty = draw(st.booleans())
    if groups or empty:
        data["exclusivity"] = groups
    if milestones and phases:
        _maybe(data, draw, "phase_milestones", st.dictionaries(st.sampled_from(phases), st.sampled_from(milestones)))
    if milestones and track_labels:
        _maybe(
            data, draw, "track_milestones", st.dictionaries(st.sampled_from(track_labels), st.sampled_from(milestones))
        )
    required = []
    for group in draw(_some(("track", "phase", "priority", "state"), most=2)):
        members = [label for label in (*track_labels, *phases, *others) if label in pools[group]]
        inside = [label for label in members if group not in groups or _in_group(label, groups[group])]
        entry: Data = {
            "group": group,
            "mode": draw(st.sampled_from(("warn", "fail", "off", *(("enforce",) if inside else ())))),
        }
        if entry["mode"] == "enforce":
            entry["default"] = draw(st.sampled_from(inside))
        required.append(entry)
    any_of_too = draw(st.booleans())
    if others and any_of_too:
        any_of = draw(_some(tuple(others), least=1, most=3))
        required.append({"any_of": any_of, "mode": "enforce", "default": draw(st.sampled_from(any_of))})
    if required or empty:
        data["required_labels"] = required
    return data


def _in_group(label: str, group: Data) -> bool:
    return label in group["labels"] if group.get("labels") else True


@st.composite
def _group(draw: st.DrawFn, pool: tuple[str, ...]) -> Data:
    group: Data = {"mode": draw(st.sampled_from(MODES))}
    _maybe(group, draw, "strategy", st.sampled_from(STRATEGIES))
    members = pool
    listed = draw(st.booleans())
    if pool and listed:
        group["labels"] = draw(_some(pool, least=1))
        members = tuple(group["labels"])
    if members:
        _maybe(group, draw, "order", _some(members))
        _maybe(group, draw, "terminal", _some(members, most=1))
    return group


def _self_healing() -> st.SearchStrategy[Data]:
    keys = ("enabled", "normalize_labels", "fix_missing_track", "fix_missing_milestone")
    return st.fixed_dictionaries({}, optional={key: st.booleans() for key in keys})


@st.composite
def _days(draw: st.DrawFn) -> Data:
    """Thresholds in order; all three, so that a track's own days cannot fall between the general ones."""
    days = sorted(draw(st.lists(st.integers(1, 60), min_size=3, max_size=3, unique=True)))
    return dict(zip(("days_until_stale", "days_until_escalated", "days_until_close"), days, strict=True))


@st.composite
def _stale(draw: st.DrawFn, track_ids: list[str], others: list[str]) -> Data:
    data: Data = {"enabled": draw(st.booleans()), **draw(_days())}
    if not draw(st.booleans()):
        for key in draw(_some(("days_until_escalated", "days_until_close"))):
            data.pop(key)
    _maybe(data, draw, "stale_label", st.just("needs-attention"))
    if others:
        _maybe(data, draw, "exempt_labels", _some(tuple(others), most=2))
    _maybe(data, draw, "exempt_milestones", _some(MILESTONES, most=2))
    if track_ids:
        _maybe(data, draw, "tracks", st.dictionaries(st.sampled_from(track_ids), _days(), max_size=2))
    _maybe(data, draw, "comment", st.sampled_from(("No activity for {days} days.", "Still true, {track}?\n\n{label}")))
    return data


@st.composite
def config_documents(draw: st.DrawFn, *, enforcement: bool | None = None) -> str:
    """A valid configuration as text: block style, or flow style as JSON has it, with comments and blank lines."""
    data = draw(config_data(enforcement=enforcement))
    style = draw(st.sampled_from(("block", "json", "indented json")))
    if style == "block":
        text = render(data)
    else:
        text = json.dumps(data, ensure_ascii=draw(st.booleans()), indent=2 if style == "indented json" else None)
    head = draw(st.sampled_from(("", "# a comment\n", "---\n", "\n\n")))
    tail = draw(st.sampled_from(("", "\n", "\n# the end\n", "\n...\n")))
    return head + text + tail


@st.composite
def configs(draw: st.DrawFn, *, enforcement: bool | None = None) -> Config:
    """A valid configuration, parsed."""
    config = parse(render(draw(config_data(enforcement=enforcement))))
    assert isinstance(config, Config), [str(problem) for problem in config.problems]
    return config
