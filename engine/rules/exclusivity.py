"""`exclusivity.<group>`: an issue carries at most one label of a group."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.draft import Draft, words
from engine.model import Fact, fold
from engine.rules.rule import Rule, Site
from engine.view import BUILTIN_GROUPS, GroupView, View

ID = "exclusivity.<group>"


def _sites(view: View) -> tuple[Site, ...]:
    return tuple(Site(group.rule, group.where) for group in view.groups)


def _absent(view: View) -> tuple[str, ...]:
    return tuple(f"exclusivity.{name}" for name in BUILTIN_GROUPS if name not in view.groups_by_name)


def evaluate(draft: Draft) -> None:
    """Look at each group in the order of the file."""
    for group in draft.view.groups:
        _one_of(draft, group)


def _one_of(draft: Draft, group: GroupView) -> None:
    if group.mode == "off":
        draft.decide(group.rule, "labels", "skipped", "Switched off by its mode.", group.where)
        return
    found = group.members(draft.labels)
    if not found:
        draft.decisions.append(group.none)
        return
    if len(found) == 1:
        draft.decisions.append(group.alone(draft.labels[found[0]]))
        return
    names = words([draft.labels[label] for label in found])
    several = f"{len(found)} labels of the group: {names}"
    terminal = [label for label in found if label in group.terminal]
    if terminal:
        reason = f"{several}; {words([draft.labels[label] for label in terminal])} is terminal, so all stay."
        draft.decide(group.rule, "labels", "warned", reason, group.where, before=names, after=names)
    elif group.mode == "warn":
        reason = f"{several}; the mode is warn, so all stay."
        draft.decide(group.rule, "labels", "warned", reason, group.where, before=names, after=names)
    elif group.mode == "fail":
        reason = f"{several}; the mode is fail."
        draft.decide(group.rule, "labels", "failed", reason, group.where, before=names, after=names)
    else:
        kept, why = _choose(draft, group, found)
        others = [label for label in found if label != kept]
        name = draft.labels[kept]
        draft.remove(others, group.rule)
        reason = f"{several}; {name} is {why}."
        draft.decide(
            group.rule, "labels", "applied", reason, group.where, before=names, after=name, touched=tuple(others)
        )


def _choose(draft: Draft, group: GroupView, found: Sequence[str]) -> tuple[str, str]:
    """The label that stays, and what makes it so."""
    if group.strategy == "newest":
        last = _last_applied(draft, group.rule)
        # Labels the timeline does not know stood there before it began; among equals the configuration's order decides.
        return max(sorted(found, key=group.rank), key=last), "applied last"
    ordered = sorted(found, key=group.rank)
    if group.strategy == "first":
        return ordered[0], "first in the configuration's order"
    ranked = [label for label in ordered if group.is_ordered(label)] or ordered
    return (ranked[-1], "the highest") if group.strategy == "highest" else (ranked[0], "the lowest")


def _last_applied(draft: Draft, rule: str) -> Callable[[str], int]:
    """For a label on the issue, the place of its last application in the issue's own timeline; -1 where it has none."""
    places: dict[str, int] = {}
    events = sorted(draft.timeline(rule), key=lambda event: event.at)
    for place, event in enumerate(events):
        if event.event == "labeled":
            places[fold(event.label)] = place

    def last(label: str) -> int:
        former = draft.view.aliases_by_label.get(label, ())
        if label in draft.wanted_again:
            return len(events)
        if not draft.was_there(label) and not any(map(draft.was_there, former)):
            return len(events)  # an earlier rule of this look adds it
        return max(places.get(name, -1) for name in (label, *former))

    return last


RULE = Rule(
    id=ID,
    subject="labels",
    summary="An issue carries at most one label of a group.",
    help="""One rule for each group under `enforcement.exclusivity`. A group's labels are those in its `labels`, else those that start with
its `prefix`; without either, `track` means the tracks' labels, `phase` the labels that start with `phase-`, `priority` and
`state` and any other group the labels that start with the group's name and a slash. The labels of `stale` (`stale_label`,
`escalated_label`) are flags and belong to no group.

With more than one label of the group on the issue, `mode: enforce` keeps one by `strategy` and removes the others in one effect:

- `newest`: the one applied last according to the issue's own timeline, whatever the order of the deliveries;
- `highest`, `lowest`: by `order`, lowest first; a label that is not in `order` never wins against one that is. Without `order`:
  the group's `labels`, then the order of `tracks` and `labels` in the file, then natural order of names (`phase-10` after `phase-9`);
- `first`: the first in that order.

A label in `terminal` keeps everything as it is, and the decision warns. `mode: warn` records and changes nothing; `mode: fail` marks
the run failed, and the run changes nothing at all; `mode: off` switches the group off.
""",
    example="""\
schema_version: "1.0"
tracks: []
labels:
  - {name: phase-1}
  - {name: phase-2}
milestones: []
enforcement:
  exclusivity:
    phase: {mode: enforce, strategy: highest}
""",
    keys=("enforcement.exclusivity",),
    facts=(
        (
            Fact.TIMELINE,
            "with strategy `newest`, when more than one label of the group is there and the mode is `enforce`",
        ),
    ),
    outcomes=(
        ("applied", "one label stays, the others are removed"),
        ("already", "at most one label of the group is there"),
        ("skipped", "switched off"),
        ("warned", "more than one, and a terminal label or `mode: warn` keeps them"),
        ("failed", "more than one, and the mode is `fail`"),
    ),
    sites=_sites,
    absent=_absent,
    evaluate=evaluate,
)
