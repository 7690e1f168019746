"""`labels.required` as its help says."""

from __future__ import annotations

import pytest

from engine.config.types import Config
from engine.plan import AddLabels
from tests.support.engine import by_rule, config, enforcement, group, issue, label, look, repo, required, stale


def demanding(**fields: object) -> Config:
    return config(
        labels=(label("priority/low"), label("kind/a")), enforcement=enforcement(required_labels=(required(**fields),))
    )


@pytest.mark.parametrize(
    ("mode", "outcome", "run"),
    [("warn", "warned", "partial"), ("fail", "failed", "failed"), ("off", "skipped", "success")],
)
def test_a_missing_label_is_told_by_mode(mode: str, outcome: str, run: str) -> None:
    plan = look(issue("other"), demanding(group="priority", mode=mode))

    assert (by_rule(plan, "labels.required").outcome, plan.outcome, plan.effects) == (outcome, run, ())
    if mode != "off":
        assert (
            by_rule(plan, "labels.required").reason == "The issue needs a label of the group priority and carries none."
        )


@pytest.mark.parametrize("mode", ["warn", "fail", "enforce"])
def test_a_label_of_the_group_or_one_of_the_list_is_enough(mode: str) -> None:
    of_group = look(issue("Priority/Anything"), demanding(group="priority", mode=mode))
    of_list = look(issue("KIND/A"), demanding(any_of=("kind/b", "kind/a"), mode=mode))

    assert by_rule(of_group, "labels.required").outcome == "already"
    assert by_rule(of_list, "labels.required").reason == "The issue needs one of kind/b, kind/a and carries KIND/A."
    assert of_list.outcome == "success"


def test_enforce_adds_the_default() -> None:
    plan = look(issue(), demanding(group="priority", mode="enforce", default="priority/low"))

    assert plan.effects == (AddLabels(("priority/low",), "labels.required", rules=("labels.required",)),)
    decision = by_rule(plan, "labels.required")
    assert (decision.outcome, decision.after) == ("applied", "priority/low")
    assert decision.reason.endswith("priority/low is the default.")


def test_enforce_without_a_default_warns() -> None:
    plan = look(issue(), demanding(group="priority", mode="enforce"))

    assert (by_rule(plan, "labels.required").outcome, plan.outcome) == ("warned", "partial")


def test_a_default_that_cannot_be_added_is_told() -> None:
    plan = look(issue(), demanding(any_of=("ghost",), mode="enforce", default="ghost"), repo())

    assert (plan.effects, plan.outcome) == ((), "partial")
    decision = by_rule(plan, "labels.required")
    assert decision.outcome == "skipped"
    assert decision.reason.endswith("the configuration does not declare it.")


def test_the_group_means_what_exclusivity_says_it_means() -> None:
    known = config(enforcement=enforcement(group("size", labels=("S", "L")), required_labels=(required(group="size"),)))

    assert by_rule(look(issue("size/x"), known), "labels.required").outcome == "warned"
    assert by_rule(look(issue("s"), known), "labels.required").outcome == "already"


def test_a_stale_flag_satisfies_no_group() -> None:
    known = config(enforcement=enforcement(required_labels=(required(group="state"),)), stale=stale(None))

    assert by_rule(look(issue("state/stale"), known), "labels.required").outcome == "warned"


def test_each_demand_leaves_its_own_decision() -> None:
    known = config(enforcement=enforcement(required_labels=(required(group="priority"), required(any_of=("a",)))))

    plan = look(issue("a"), known)

    outcomes = [decision.outcome for decision in plan.decisions if decision.rule == "labels.required"]
    assert outcomes == ["warned", "already"]
    assert plan.reason == "labels.required: The issue needs a label of the group priority and carries none."
