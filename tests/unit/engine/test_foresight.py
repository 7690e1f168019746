"""Rules that bear on one another are decided together: the next look finds nothing left to do."""

from __future__ import annotations

import pytest

from engine.config.types import Config, Match
from engine.model import fold
from engine.plan import AddLabels, RemoveLabels
from tests.support.engine import (
    by_rule,
    config,
    enforcement,
    group,
    healing,
    issue,
    label,
    labeled,
    look,
    required,
    track,
)

FILLERS = tuple(f"x-{n}" for n in range(98))
HEALING = healing()
MIXED = group("line", labels=("track/a", "track/b", "kind/x"))
DEMANDED = required(any_of=("kind/x",), mode="enforce", default="kind/x")
TWO = (track("a", default=True), track("b"))


@pytest.mark.parametrize(
    ("known", "labels", "timeline", "left"),
    [
        (
            config(
                tracks=(track("a", match=Match(labels=("kind/x",))),),
                labels=(label("kind/x"),),
                self_healing=HEALING,
                enforcement=enforcement(required_labels=(DEMANDED,)),
            ),
            (),
            (),
            {"kind/x", "track/a"},
        ),
        (
            config(tracks=TWO, labels=(label("kind/x"),), self_healing=HEALING, enforcement=enforcement(MIXED)),
            ("track/b", "kind/x"),
            ("track/b", "kind/x"),
            {"track/a"},
        ),
        (
            config(
                tracks=TWO,
                labels=(label("kind/x"),),
                self_healing=healing(fix_missing_track=False),
                enforcement=enforcement(MIXED),
            ),
            ("track/b", "kind/x"),
            ("track/b", "kind/x"),
            {"kind/x"},
        ),
        (
            config(
                tracks=TWO,
                labels=(label("kind/x"),),
                self_healing=healing(enabled=False),
                enforcement=enforcement(MIXED),
            ),
            ("track/b", "kind/x"),
            ("track/b", "kind/x"),
            {"kind/x"},
        ),
        (
            config(
                tracks=TWO,
                labels=(label("kind/x"),),
                enforcement=enforcement(MIXED, required_labels=(DEMANDED,)),
            ),
            ("kind/x", "track/b"),
            ("kind/x", "track/b"),
            {"kind/x"},
        ),
        (
            config(
                tracks=TWO,
                labels=(label("kind/x"), label("kind/y")),
                enforcement=enforcement(
                    MIXED, required_labels=(required(group="kind", mode="enforce", default="kind/y"),)
                ),
            ),
            ("kind/x", "track/b"),
            ("kind/x", "track/b"),
            {"track/b", "kind/y"},
        ),
        (
            config(
                tracks=TWO,
                labels=(label("kind/x"),),
                enforcement=enforcement(MIXED, required_labels=(required(any_of=("kind/x",), mode="warn"),)),
            ),
            ("kind/x", "track/b"),
            ("kind/x", "track/b"),
            {"track/b"},
        ),
    ],
    ids=[
        "a demanded label tells the track",
        "the track gives way to another label",
        "but missing tracks are not mended",
        "but nothing is mended",
        "the demanded label gives way to another",
        "what satisfied a demand gives way",
        "a demand that only warns",
    ],
)
def test_one_look_is_enough(known: Config, labels: tuple[str, ...], timeline: tuple[str, ...], left: set[str]) -> None:
    found = issue(*labels, timeline=labeled(*timeline))

    plan = look(found, known)

    now = {fold(name) for name in labels}
    for effect in plan.effects:
        if isinstance(effect, AddLabels):
            now |= set(effect.names)
        elif isinstance(effect, RemoveLabels):
            now -= set(effect.names)
    assert now == left
    assert look(issue(*sorted(left), timeline=labeled(*sorted(left))), known).effects == ()


def test_the_label_that_is_demanded_again_is_the_newest_and_its_decision_says_that_it_is_there() -> None:
    known = config(tracks=TWO, labels=(label("kind/x"),), enforcement=enforcement(MIXED, required_labels=(DEMANDED,)))

    plan = look(issue("kind/x", "track/b", timeline=labeled("kind/x", "track/b")), known)

    assert plan.effects == (RemoveLabels(("track/b",), "exclusivity.line", rules=("exclusivity.line",)),)
    assert by_rule(plan, "labels.required").outcome == "already"
    assert by_rule(plan, "exclusivity.line").after == "kind/x"


LINE = group("phase", labels=("phase-1", "phase-2"), strategy="highest")
EITHER = required(any_of=("phase-1", "phase-2"), mode="enforce", default="phase-1")


@pytest.mark.parametrize(
    "known",
    [
        config(enforcement=enforcement(LINE, required_labels=(EITHER,))),
        config(tracks=(track("a"),), self_healing=HEALING, enforcement=enforcement(LINE, required_labels=(EITHER,))),
        config(
            enforcement=enforcement(
                LINE, required_labels=(EITHER, required(any_of=("kind/x",), mode="warn", default="kind/x"))
            )
        ),
        config(enforcement=enforcement(LINE, required_labels=(EITHER, required(any_of=("kind/x",), mode="enforce")))),
    ],
    ids=["satisfied by either", "no track to find", "a demand that only warns", "a demand without a default"],
)
def test_where_the_next_look_would_add_nothing_it_is_decided_once_and_every_label_is_told(known: Config) -> None:
    plan = look(issue("phase-1", "phase-2"), known)

    said = next(decision.reason for decision in plan.decisions if decision.rule == "labels.required")
    assert said == "The issue needs one of phase-1, phase-2 and carries phase-1, phase-2."
    assert plan.effects == (RemoveLabels(("phase-1",), "exclusivity.phase", rules=("exclusivity.phase",)),)
