"""What each older form becomes, one function a form: the text and its nodes in, the new text and what changed out."""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.config.dump import quoted
from engine.config.nodes import Json, Listing, Mapping, Node, Scalar, is_null, resolve, to_json
from engine.config.older.surgery import (
    Edit,
    Item,
    append,
    apply,
    as_list,
    comment_out,
    end_of,
    lines_of,
    section,
)

Change = tuple[str, list[str]]
"""The new text, and what was done, in words."""
Form = Callable[[str, Mapping], Change | None]

NOT_USED = "not part of schema 1.0:"
_SETTINGS = frozenset({"sprint_pattern", "internal_milestone_label", "default_sprint_duration_days"})
_GROUP_NAMES = {"tracks": "track", "phases": "phase", "priorities": "priority", "states": "state"}
_RETIRED = (
    "meta",
    "prep",
    "telemetry",
    "safety",
    "repository",
    "workflow",
    "artifacts",
    "rules",
    "idempotency",
    "milestone_rules",
)


def _map(node: Node | None) -> Mapping | None:
    return node if isinstance(node, Mapping) else None


def _get(node: Node | None, *path: str) -> Node | None:
    for name in path:
        entry = node.entries.get(name) if isinstance(node, Mapping) else None
        if entry is None:
            return None
        node = entry[1]
    return node


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and not is_null(node) else ""


def _texts(node: Node | None) -> list[str]:
    return [_text(item) for item in node.items if _text(item)] if isinstance(node, Listing) else []


def _true(node: Node | None) -> bool:
    return isinstance(node, Scalar) and resolve(node).value is True


def milestone_form(pattern: str) -> tuple[str, str]:
    """Key and value for an older milestone pattern: ``{{sprint}}`` was written with two braces."""
    single = re.sub(r"\{+\s*_*([A-Za-z][A-Za-z0-9_]*)\s*\}+", lambda hit: "{" + hit[1].lower() + "}", pattern)
    return ("milestone_pattern", single) if re.search(r"\{[a-z][a-z0-9_]*\}", single) else ("milestone", single)


def spelled_with_dashes(text: str, root: Mapping) -> Change | None:
    """`self-healing` and `selfHealing` were accepted once."""
    for name in ("self-healing", "selfHealing"):
        if name in root.entries and "self_healing" not in root.entries:
            key = root.entries[name][0]
            return apply(text, [Edit(key.start, key.end, "self_healing")]), [f"{name} is now self_healing"]
    return None


def version(text: str, root: Mapping) -> Change | None:
    """`version: 1` became `schema_version: "1.0"`."""
    entry, now = root.entries.get("version"), root.entries.get("schema_version")
    if now and isinstance(now[1], Scalar) and now[1].text in {"1", "1.0"} and (now[1].text == "1" or now[1].plain):
        return apply(text, [Edit(now[1].start, now[1].end, '"1.0"')]), ['schema_version is now "1.0"']
    if entry and not now:
        value = entry[1]
        return (
            apply(text, [Edit(entry[0].start, end_of(value), 'schema_version: "1.0"')]),
            [f'version: {_text(value)} is now schema_version: "1.0"'],
        )
    if now:
        return None
    if root.flow:
        return apply(text, [Edit(root.start + 1, root.start + 1, 'schema_version: "1.0", ')]), [
            'schema_version: "1.0" is new'
        ]
    first = text[: min(key.start for key, _ in root.entries.values())].rfind("\n") + 1
    return apply(text, [Edit(first, first, f'{_indent(root)}schema_version: "1.0"\n')]), [
        'schema_version: "1.0" is new'
    ]


def workflow(text: str, root: Mapping) -> Change | None:
    """`workflow.tracks` and `workflow.phases` became `tracks`, `labels` and `milestones`."""
    tracks, phases = _get(root, "workflow", "tracks"), _get(root, "workflow", "phases")
    if not isinstance(tracks, Listing | None) or not isinstance(phases, Listing | None) or not (tracks or phases):
        return None
    prefix = _text(_get(root, "artifacts", "labels", "track_prefix")) or "track/"
    data: dict[str, Json] = {}
    if tracks and "tracks" not in root.entries:
        data["tracks"] = [
            {
                "id": _text(_get(track, "id")),
                "label": prefix + _text(_get(track, "id")),
                **({"description": _text(_get(track, "name"))} if _text(_get(track, "name")) else {}),
                **({"default": True} if _true(_get(track, "default")) else {}),
            }
            for track in tracks.items
        ]
    names = [(_text(_get(phase, "id")), _text(_get(phase, "name"))) for phase in phases.items] if phases else []
    if names and "labels" not in root.entries:
        data["labels"] = [{"name": name, "description": title} for name, title in names]
    if names and "milestones" not in root.entries:
        data["milestones"] = [{"title": title} for _, title in names if title]
    if not data or root.flow:
        return None
    key, value = root.entries["workflow"]
    end = lines_of(text, key, value)[1]
    return (
        apply(text, [Edit(end, end, ("" if text[end - 1] == "\n" else "\n") + "\n" + section(data))]),
        [f"{name} is now what workflow said" for name in data],
    )


def rules(text: str, root: Mapping) -> Change | None:
    """`rules` became `enforcement`."""
    old = _map(_get(root, "rules"))
    if not old or "enforcement" in root.entries or root.flow:
        return None
    exclusivity: dict[str, Json] = {}
    groups = _map(_get(old, "label_exclusivity", "groups"))
    for name, (_, group) in groups.entries.items() if groups else ():
        today = _GROUP_NAMES.get(name, name)
        entry: dict[str, Json] = {"mode": _text(_get(group, "mode")) or "warn"}
        precedence = _text(_get(old, "phase_order", "precedence"))
        if today == "phase" and precedence in {"highest", "lowest"}:
            entry["strategy"] = precedence
        labels = _texts(_get(group, "labels"))
        if labels and today != "track":
            entry["labels"] = list(labels)
        exclusivity[today] = entry
    if _true(_get(old, "track_hygiene", "single_track_only")):
        exclusivity.setdefault("track", {"mode": "enforce", "strategy": "newest"})
    enforcement: dict[str, Json] = {"exclusivity": exclusivity} if exclusivity else {}
    mapped = _map(_get(old, "phase_milestones"))
    if mapped:
        enforcement["phase_milestones"] = {name: _text(value) for name, (_, value) in mapped.entries.items()}
    key, value = root.entries["rules"]
    end = lines_of(text, key, value)[1]
    new = ("" if text[end - 1] == "\n" else "\n") + "\n" + section({"enforcement": enforcement})
    return apply(text, [Edit(end, end, new)]), ["enforcement is now what rules said"]


def enforcement_switches(text: str, root: Mapping) -> Change | None:
    """`enforcement.enabled` and `enforcement.rules` became modes; a section that was off is left out."""
    old = _map(_get(root, "enforcement"))
    if not old or not {"enabled", "rules"} & old.entries.keys():
        return None
    off = isinstance(_get(old, "enabled"), Scalar) and not _true(_get(old, "enabled"))
    key, value = root.entries["enforcement"]
    if off or root.flow:
        return apply(text, comment_out(text, root, "enforcement", NOT_USED)), ["enforcement was off, and is left out"]
    track = _get(old, "rules", "single_track")
    said: dict[str, Json] = {}
    if _true(_get(track, "enabled")):
        mode = {"error": "fail", "warning": "warn"}.get(_text(_get(track, "severity")), "enforce")
        said = {"exclusivity": {"track": {"mode": mode}}}
    for name, (_, kept) in old.entries.items():
        if name not in {"enabled", "rules"}:
            said[name] = to_json(kept)
    end = lines_of(text, key, value)[1]
    new = ("" if text[end - 1] == "\n" else "\n") + "\n" + section({"enforcement": said})
    edits = [*comment_out(text, root, "enforcement", NOT_USED), Edit(end, end, new)]
    return apply(text, edits), ["enforcement has a mode for each group instead of enabled and rules"]


def tracks_as_list(text: str, root: Mapping) -> Change | None:
    """Tracks were a mapping from id to labels that mean it, or to the rest of the track; or a list of bare ids."""
    value = _get(root, "tracks")
    rules_of = _map(_get(root, "milestones")) or _map(_get(root, "milestone_rules"))
    items: list[Item] = []
    if isinstance(value, Mapping):
        for name, (_, track) in value.entries.items():
            items.append(Item(end_of(track), _track(name, track, rules_of)))
    elif isinstance(value, Listing) and any(isinstance(item, Scalar) for item in value.items):
        for item in value.items:
            data = _track(_text(item), None, rules_of) if isinstance(item, Scalar) else to_json(item)
            items.append(Item(end_of(item), data))
    else:
        return None
    return apply(text, [as_list(text, root, "tracks", items)]), ["tracks is now a list"]


def _track(name: str, old: Node | None, rules_of: Mapping | None) -> Json:
    track: dict[str, Json] = {"id": name, "label": f"track/{name}"}
    if isinstance(old, Scalar) and _text(old):
        track["label"] = old.text
    elif isinstance(old, Listing):
        track["match"] = {"labels": list(_texts(old))}
    elif isinstance(old, Mapping):
        for key, (_, value) in old.entries.items():
            if key == "match" and isinstance(value, Listing):
                track["match"] = {"labels": list(_texts(value))}
            elif key == "default_milestone_pattern":
                newer, said = milestone_form(_text(value))
                track[newer] = said
            elif not is_null(value):
                track[key] = to_json(value)
    rule = _get(rules_of, name)
    title = _text(rule) or _text(_get(rule, "title"))
    if title and not {"milestone", "milestone_pattern"} & track.keys():
        track["milestone"] = title
    return track


def milestones_as_list(text: str, root: Mapping) -> Change | None:
    """Milestones were a mapping from track or id to a title, settings of sprints, or a list of bare titles."""
    value = _get(root, "milestones")
    items: list[Item] = []
    if isinstance(value, Mapping):
        if value.entries.keys() & _SETTINGS:
            said = ["milestones had settings of sprints, which are not part of schema 1.0"]
            return apply(text, comment_out(text, root, "milestones", NOT_USED)), said
        for name, (_, old) in value.entries.items():
            items.append(Item(end_of(old), _milestone(name, old)))
    elif isinstance(value, Listing) and any(isinstance(item, Scalar) for item in value.items):
        items = [
            Item(end_of(item), {"title": _text(item)} if isinstance(item, Scalar) else to_json(item))
            for item in value.items
        ]
    else:
        return None
    return apply(text, [as_list(text, root, "milestones", items)]), ["milestones is now a list"]


def _milestone(name: str, old: Node) -> Json:
    if isinstance(old, Scalar):
        return {"title": _text(old) or name}
    data = to_json(old)
    if not isinstance(data, dict):
        return {"title": name}
    kept: dict[str, Json] = {key: value for key, value in data.items() if value is not None}
    if "title" not in kept:
        return {"title": kept.pop("name", name), **kept}
    return kept


def labels_as_list(text: str, root: Mapping) -> Change | None:
    """Labels were a mapping from name to colour or to the rest of the label; or a list of bare names."""
    value = _get(root, "labels")
    if isinstance(value, Mapping):
        items = [Item(end_of(old), _label(name, old)) for name, (_, old) in value.entries.items()]
    elif isinstance(value, Listing) and any(isinstance(item, Scalar) for item in value.items):
        items = [
            Item(end_of(item), {"name": _text(item)} if isinstance(item, Scalar) else to_json(item))
            for item in value.items
        ]
    else:
        return None
    return apply(text, [as_list(text, root, "labels", items)]), ["labels is now a list"]


def _label(name: str, old: Node) -> Json:
    if isinstance(old, Mapping):
        label: dict[str, Json] = {"name": name}
        for key, (_, value) in old.entries.items():
            if not is_null(value):
                label[key] = _text(value) if key == "color" else to_json(value)
        return label
    said = _text(old)
    if re.match(r"#?[0-9A-Fa-f]{6}\Z", said):
        return {"name": name, "color": said.removeprefix("#")}
    return {"name": name, "description": said} if said else {"name": name}


def renamed_keys(text: str, root: Mapping) -> Change | None:
    """Keys and words that have another name today."""
    edits: list[Edit] = []
    said: list[str] = []

    def rename(mapping: Node | None, old: str, new: str, *, value: str | None = None) -> None:
        entry = mapping.entries.get(old) if isinstance(mapping, Mapping) else None
        if entry is None or not isinstance(mapping, Mapping) or (new != old and new in mapping.entries):
            return
        edits.append(Edit(entry[0].start, entry[0].end, new))
        if value is not None and isinstance(entry[1], Scalar):
            edits.append(Edit(entry[1].start, entry[1].end, value))
        if f"{old} is now {new}" not in said:
            said.append(f"{old} is now {new}")

    for track in _items(_get(root, "tracks")):
        pattern = _get(track, "default_milestone_pattern")
        if isinstance(pattern, Scalar):
            key, value = milestone_form(_text(pattern))
            rename(track, "default_milestone_pattern", key, value=quoted(value))
        rename(track, "name", "id")
    for milestone in _items(_get(root, "milestones")):
        rename(milestone, "name", "title")
        rename(milestone, "slug", "id")
    rename(_get(root, "stale"), "exclude_labels", "exempt_labels")
    groups = _map(_get(root, "enforcement", "exclusivity"))
    for name, (_, group) in groups.entries.items() if groups else ():
        if name in _GROUP_NAMES:
            rename(groups, name, _GROUP_NAMES[name])
        strategy = _get(group, "strategy")
        if isinstance(strategy, Scalar) and strategy.text == "single":
            today = "highest" if _GROUP_NAMES.get(name, name) in {"phase", "priority"} else "newest"
            edits.append(Edit(strategy.start, strategy.end, today))
            said.append(f"strategy: single is now {today}")
    return apply(text, edits), said


def _items(node: Node | None) -> list[Node]:
    return node.items if isinstance(node, Listing) else []


def closing_after_stale(text: str, root: Mapping) -> Change | None:
    """Days until closing were counted from the stale label; now all days are counted from the last activity."""
    stale, close = _get(root, "stale", "days_until_stale"), _get(root, "stale", "days_until_close")
    if not isinstance(stale, Scalar) or not isinstance(close, Scalar):
        return None
    first, last = resolve(stale).value, resolve(close).value
    if not isinstance(first, int) or not isinstance(last, int) or not 0 < last <= first:
        return None
    return (
        apply(text, [Edit(close.start, close.end, str(first + last))]),
        [f"days_until_close is now {first + last}: days are counted from the last activity, not from the stale label"],
    )


def retired_sections(text: str, root: Mapping) -> Change | None:
    """Sections schema 1.0 has no place for become comments."""
    found = [name for name in _RETIRED if name in root.entries]
    edits: list[Edit] = []
    if root.flow:
        found = found[:1]
    for name in found:
        edits += comment_out(text, root, name, NOT_USED)
    return apply(text, edits), [f"{name} is not part of schema 1.0, and is a comment now" for name in found]


def missing_lists(text: str, root: Mapping) -> Change | None:
    """`tracks`, `labels` and `milestones` are required, and may be empty."""
    said: list[str] = []
    edits: list[Edit] = []
    missing: list[str] = []
    for name in ("tracks", "labels", "milestones"):
        entry = root.entries.get(name)
        if entry is None:
            missing.append(name)
        elif is_null(entry[1]):
            edits.append(_emptied(text, *entry))
        else:
            continue
        said.append(f"{name} is empty: []")
    if not said:
        return None
    text = apply(text, edits)
    if not missing:
        return text, said
    if root.flow:
        return apply(text, [Edit(root.start + 1, root.start + 1, "".join(f"{name}: [], " for name in missing))]), said
    return append(text, "".join(f"\n{_indent(root)}{name}: []\n" for name in missing)), said


def _indent(root: Mapping) -> str:
    """What stands before every key of the file; nothing, in all but the oddest."""
    return " " * (root.column - 1)


def _emptied(text: str, key: Scalar, value: Node) -> Edit:
    """An empty list in the place of nothing."""
    before, colon, _ = text[key.end : value.end].rpartition(":")
    if colon:
        return Edit(key.end + len(before) + 1, value.end, " []")
    # `? key` and `{key}` have no colon; the first one's value is looked for on the next line.
    return Edit(value.end, value.end, ": []\n" if text[key.end : value.end] else ": []")


FORMS: tuple[Form, ...] = (
    spelled_with_dashes,
    workflow,
    rules,
    enforcement_switches,
    tracks_as_list,
    milestones_as_list,
    labels_as_list,
    renamed_keys,
    closing_after_stale,
    version,
    retired_sections,
    missing_lists,
)
"""In the order in which they are tried."""
