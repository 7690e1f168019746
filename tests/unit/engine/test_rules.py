"""Every rule says of itself what it does, and its example does it."""

from __future__ import annotations

import re

import pytest

from engine.config import Config, parse
from engine.decide import decide, unconfigured_plan
from engine.rules import RULE_BY_ID, RULES
from engine.rules.rule import Rule
from engine.view import BUILTIN_GROUPS, view
from tests.support.engine import MANUAL, NOW, config, everything, issue, look


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rules_example_is_valid_and_runs_it(rule: Rule) -> None:
    example = parse(rule.example)
    assert isinstance(example, Config), [str(problem) for problem in example.problems]
    assert example.warnings == ()

    sites = rule.sites(view(example))
    plan = decide(MANUAL, issue(), everything(example), example, NOW)

    assert sites
    for site in sites:
        decided = [decision for decision in plan.decisions if decision.rule == site.rule]
        assert decided
        assert site.rule not in plan.not_configured
        assert {decision.outcome for decision in decided} <= {outcome for outcome, _ in rule.outcomes}
        assert site.where is not None
        assert site.where.line


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_described(rule: Rule) -> None:
    assert rule.summary.endswith(".")
    assert "\n" not in rule.summary
    assert len(rule.summary) <= 80
    assert len(rule.help) > 200
    assert rule.keys
    assert re.fullmatch(r"[a-z]+(\.([a-z]+|<group>))?", rule.id)


def test_the_order_is_the_contracts_with_our_own_rules_between() -> None:
    contracts = ["track.classify", "exclusivity.<group>", "milestone", "inheritance", "stale"]
    assert [rule.id for rule in RULES if rule.id in contracts] == contracts
    assert list(RULE_BY_ID) == [rule.id for rule in RULES]


def test_decisions_come_in_the_order_of_the_rules_after_that_of_the_configuration() -> None:
    text = """\
schema_version: "1.0"
tracks: [{id: a, label: track/a, default: true, milestone: M, aliases: [old]}]
labels: []
milestones: []
enforcement:
  exclusivity: {track: {mode: warn}, state: {mode: warn}}
  required_labels: [{group: track}]
self_healing: {enabled: true}
inheritance: {mode: none}
stale: {days_until_stale: 14}
"""
    known = parse(text)
    assert isinstance(known, Config)

    plan = look(issue("track/a"), known)

    groups = {"exclusivity.<group>": ["exclusivity.track", "exclusivity.state"]}
    in_order = ["config", *(name for rule in RULES for name in groups.get(rule.id, [rule.id]))]
    assert [decision.rule for decision in plan.decisions] == in_order
    assert plan.not_configured == ("exclusivity.phase", "exclusivity.priority")


def test_with_nothing_configured_every_rule_is_named() -> None:
    named = tuple(
        name
        for rule in RULES
        for name in (
            [f"exclusivity.{group}" for group in BUILTIN_GROUPS] if rule.id.startswith("exclusivity") else [rule.id]
        )
    )

    assert look(issue(), config()).not_configured == named
    assert unconfigured_plan("x.yml").not_configured == named
