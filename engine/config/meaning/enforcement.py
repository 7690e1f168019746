"""Groups, mappings and required labels name what is declared and fit together."""

from __future__ import annotations

from engine.config.build import DEFAULT_PREFIX
from engine.config.checked import Checked, Leaf
from engine.config.meaning.names import (
    Scope,
    belongs,
    declared_label,
    declared_milestone,
    membership,
    no_repeats,
    recognised_label,
)
from engine.model import fold


def examine_enforcement(scope: Scope, enforcement: Checked) -> None:
    """Report what is wrong in `enforcement`."""
    _groups(scope, enforcement)
    _mappings(scope, enforcement)
    _required(scope, enforcement)


def _groups(scope: Scope, enforcement: Checked) -> None:
    for name, group in enforcement.record_pairs("exclusivity"):
        for key in ("labels", "order", "terminal"):
            leaves = group.leaves(key)
            no_repeats(scope, leaves, error=key == "order")
            for leaf in leaves:
                recognised_label(scope, leaf)
                if not belongs(scope, str(leaf.value), str(name.value), group):
                    scope.out.problem(
                        "config-not-in-group",
                        leaf.where,
                        f"{leaf.value!r} is no label of the group {name.value}",
                        membership(str(name.value), group),
                        "remove it, or give the group a prefix or labels that contain it",
                    )
        if group.leaves("order") and group.text("strategy") in {"newest", "first"}:
            scope.out.warning(
                "config-unused-key",
                group.place("order"),
                f"order says nothing to the strategy {group.text('strategy')}",
                "only highest and lowest compare labels by an order",
                "remove it, or choose highest or lowest",
            )


def _mappings(scope: Scope, enforcement: Checked) -> None:
    track_labels = {fold(track.text("label")): track.text("label") for track in scope.tracks}
    ids = {track.text("id"): track.text("label") for track in scope.tracks}
    for section in ("phase_milestones", "track_milestones"):
        seen: dict[str, Leaf] = {}
        for label, milestone in enforcement.leaf_pairs(section):
            name = fold(str(label.value))
            first = seen.setdefault(name, label)
            if first is not label:
                scope.out.problem(
                    "config-duplicate-label",
                    label.where,
                    f"{label.value!r} stands here again, spelled {first.value!r} on line {first.where.line}",
                    "GitHub takes both for one label",
                    "remove one of the two",
                )
            if section == "phase_milestones":
                declared_label(scope, label)
            elif scope.labels.complete and name not in track_labels:
                by_id = ids.get(str(label.value))
                scope.out.problem(
                    "config-unknown-track",
                    label.where,
                    f"{label.value!r} is no track's label",
                    f"tracks' labels are {', '.join(list(track_labels.values())[:10]) or 'not declared at all'}",
                    f"write {by_id}" if by_id else scope.out.did_you_mean(str(label.value), track_labels.values()),
                )
            declared_milestone(scope, milestone)


def _required(scope: Scope, enforcement: Checked) -> None:
    groups = {str(name.value): group for name, group in enforcement.record_pairs("exclusivity")}
    known = dict.fromkeys(("track", *DEFAULT_PREFIX, *groups))
    for entry in enforcement.records("required_labels"):
        group, default = entry.text("group"), entry.values.get("default")
        if group and group not in known:
            scope.out.problem(
                "config-unknown-group",
                entry.place("group"),
                f"there is no group {group!r}",
                f"groups are {', '.join(known)}",
                scope.out.did_you_mean(group, known),
            )
            continue
        any_of = entry.leaves("any_of")
        no_repeats(scope, any_of)
        for leaf in any_of:
            declared_label(scope, leaf)
        enforced = entry.text("mode") == "enforce"
        if enforced and default is None and "default" not in entry.broken:
            scope.out.problem(
                "config-no-default",
                entry.place("mode"),
                "mode is enforce, but there is no default to add",
                "a missing label can only be added where it is known which",
                "add default: LABEL, or write mode: warn",
            )
        if isinstance(default, Leaf):
            _default(scope, entry, default, group, groups, any_of, enforced=enforced)


def _default(
    scope: Scope,
    entry: Checked,
    default: Leaf,
    group: str,
    groups: dict[str, Checked],
    any_of: tuple[Leaf, ...],
    *,
    enforced: bool,
) -> None:
    declared_label(scope, default)
    name = fold(str(default.value))
    if group:
        fits = belongs(scope, str(default.value), group, groups.get(group))
    else:
        fits = "any_of" in entry.broken or name in {fold(str(leaf.value)) for leaf in any_of}
    if not fits:
        scope.out.problem(
            "config-wrong-default",
            default.where,
            f"the default {default.value!r} would not satisfy the rule it belongs to",
            f"it is no label of the group {group}" if group else "it is not in any_of",
            "choose one that is",
        )
    if not enforced:
        scope.out.warning(
            "config-unused-key",
            default.where,
            f"default says nothing to mode: {entry.text('mode', 'warn')}",
            "only enforce adds a label",
            "remove it, or write mode: enforce",
        )
