"""Staleness: days in their order, two different labels, tracks that exist."""

from __future__ import annotations

import re

from engine.config.checked import Checked
from engine.config.meaning.names import Scope, no_repeats, recognised_label, recognised_milestone, stale_labels
from engine.model import fold

_COMMENT_PLACEHOLDERS = ("days", "track", "label")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_DAYS = ("days_until_stale", "days_until_escalated", "days_until_close")


def examine_stale(scope: Scope, stale: Checked) -> None:
    """Report what is wrong in `stale`."""
    flag, escalated = stale_labels(stale)
    if fold(flag) == fold(escalated):
        scope.out.problem(
            "config-same-label",
            stale.place("escalated_label"),
            f"stale_label and escalated_label are both {flag!r}",
            "one takes the other's place",
            "name two labels",
        )
    for leaf in stale.leaves("exempt_labels"):
        recognised_label(scope, leaf)
        if fold(str(leaf.value)) in {fold(flag), fold(escalated)}:
            scope.out.problem(
                "config-same-label",
                leaf.where,
                f"{leaf.value!r} both marks and exempts",
                "an issue with this label would be exempt from becoming stale",
                "remove it from exempt_labels",
            )
    no_repeats(scope, stale.leaves("exempt_labels"))
    no_repeats(scope, stale.leaves("exempt_milestones"))
    for leaf in stale.leaves("exempt_milestones"):
        recognised_milestone(scope, leaf)
    _in_order(scope, stale, stale)
    any_days = any(stale.number(key) for key in _DAYS)
    ids = {track.text("id") for track in scope.tracks}
    for track, thresholds in stale.record_pairs("tracks"):
        if track.value not in ids and not scope.out.broken("tracks"):
            scope.out.problem(
                "config-unknown-track",
                track.where,
                f"there is no track with the id {track.value!r}",
                f"ids are {', '.join(sorted(ids)[:10]) or 'not declared at all'}",
                scope.out.did_you_mean(str(track.value), sorted(ids)),
            )
        _in_order(scope, thresholds, stale)
        any_days = any_days or any(thresholds.number(key) for key in _DAYS)
    if stale.flag("enabled", default=True) and not any_days and not stale.broken & {*_DAYS, "tracks"}:
        scope.out.warning(
            "config-no-threshold",
            stale.where,
            "stale is on, but no days are given",
            "nothing ever becomes stale",
            "add days_until_stale: 14",
        )
    comment = stale.text("comment")
    for name in dict.fromkeys(_PLACEHOLDER.findall(comment)):
        if name not in _COMMENT_PLACEHOLDERS:
            scope.out.warning(
                "config-unknown-placeholder",
                stale.place("comment"),
                f"{{{name[:60]}}} is left in the comment as it is",
                f"known are {', '.join(f'{{{known}}}' for known in _COMMENT_PLACEHOLDERS)}",
                scope.out.did_you_mean(name, _COMMENT_PLACEHOLDERS),
            )


def _in_order(scope: Scope, record: Checked, base: Checked) -> None:
    """Stale, then escalated, then closed; a track's own days stand in for the general ones."""
    last: tuple[str, int] | None = None
    for key in _DAYS:
        days = record.number(key) or base.number(key)
        if days is None:
            continue
        if last and days <= last[1]:
            at = record if {key, last[0]} & record.values.keys() else base
            scope.out.problem(
                "config-days-out-of-order",
                at.place(key if key in at.values else last[0]),
                f"{key} is {days}, and {last[0]} is {last[1]}",
                "each step comes after the one before it",
                f"give {key} more days than {last[0]}",
            )
        last = (key, days)
