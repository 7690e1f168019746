"""A plan in words and as data."""

from __future__ import annotations

import json

import pytest

from engine.config.types import InvalidConfig
from engine.explain import decision_in_words, effect_data, effect_in_words, plan_data, plan_in_words
from engine.plan import (
    AddLabels,
    CloseIssue,
    CreateLabel,
    CreateMilestone,
    Decision,
    Effect,
    Plan,
    PostComment,
    RemoveLabels,
    SetMilestone,
)
from engine.problems import Problem, Where
from tests.support.engine import issue, look

EFFECTS: tuple[tuple[Effect, str, dict[str, object]], ...] = (
    (AddLabels(("a",), "r", rules=("r",)), "add label a", {"effect": "add-labels", "names": ["a"], "rules": ["r"]}),
    (RemoveLabels(("a", "b"), "r"), "remove labels a, b", {"effect": "remove-labels", "names": ["a", "b"]}),
    (
        SetMilestone("M", 1, "r"),
        'set milestone "M"',
        {"effect": "set-milestone", "title": "M", "number": 1, "before": None},
    ),
    (SetMilestone("M", None, "r", "N"), 'set milestone "M" in place of "N"', {"number": None, "before": "N"}),
    (
        CreateLabel("a", "d", "ededed", "r"),
        "create label a",
        {"effect": "create-label", "description": "d", "color": "ededed"},
    ),
    (CreateMilestone("M", "d", None, "r"), 'create milestone "M"', {"effect": "create-milestone", "due_on": None}),
    (CreateMilestone("M", "", "2026-04-01", "r"), 'create milestone "M", due 2026-04-01', {"due_on": "2026-04-01"}),
    (PostComment("b m", "m", "r"), "post a comment", {"effect": "post-comment", "body": "b m", "marker": "m"}),
    (CloseIssue("not_planned", "r"), "close as not planned", {"effect": "close-issue", "reason": "not_planned"}),
)


@pytest.mark.parametrize(("effect", "words", "data"), EFFECTS, ids=[words for _, words, _ in EFFECTS])
def test_an_effect_in_words_and_as_data(effect: Effect, words: str, data: dict[str, object]) -> None:
    assert effect_in_words(effect) == words
    found = effect_data(effect)
    assert found | data == found
    assert (found["field"], found["rule"]) == (effect.field, "r")
    json.dumps(found)


def test_a_decision_in_words_names_the_change_and_the_key() -> None:
    where = Where("c.yml", 4, 5, "enforcement.exclusivity.track")
    decision = Decision("exclusivity.track", "labels", "applied", "Two.", where, "a, b", "b")

    assert decision_in_words(decision) == (
        "applied  exclusivity.track  Two.  [labels: a, b → b]  (c.yml:4:5 (enforcement.exclusivity.track))"
    )
    assert decision_in_words(Decision("r", "labels", "already", "Fine.", None, "a", "a")) == "already  r  Fine."
    assert decision_in_words(Decision("r", "milestone", "applied", "Set.", Where(), None, "M")).endswith(
        "[milestone: none → M]"
    )


def test_a_plan_in_words_says_everything_in_order() -> None:
    plan = Plan(
        (Decision("r", "labels", "warned", "Look.", None),),
        (AddLabels(("a",), "r", rules=("r",)),),
        ("stale",),
        "partial",
        "r: Look.",
        (Problem("code", "what", "why", "fix"),),
    )

    assert plan_in_words(plan) == [
        "partial: r: Look.",
        "",
        "effects:",
        "  1. add label a  [r]",
        "",
        "decisions:",
        "  warned   r  Look.",
        "",
        "not configured: stale",
        "",
        "what",
        "  why: why",
        "  fix: fix",
    ]


def test_a_plan_without_effects_says_so() -> None:
    assert plan_in_words(Plan())[:3] == ["success", "", "effects: none"]


def test_a_plan_as_data_is_plain_and_in_a_fixed_order() -> None:
    plan = look(issue(), InvalidConfig((Problem("code", "what", "why", "fix", Where("c.yml", 1, 2, "k")),)))

    data = plan_data(plan)

    assert list(data) == ["outcome", "reason", "effects", "decisions", "not_configured", "problems"]
    assert data["problems"] == [
        {
            "code": "code",
            "what": "what",
            "why": "why",
            "fix": "fix",
            "where": {"file": "c.yml", "line": 1, "column": 2, "key": "k"},
            "family": "yours",
        }
    ]
    assert data["effects"] == []
    assert data["decisions"][0]["config"] == {"file": "c.yml", "line": 1, "column": 2, "key": "k"}
    assert plan_data(Plan((Decision("r", "labels", "already", "x."),)))["decisions"][0]["config"] is None
    json.dumps(data)


def test_a_plan_as_data_has_every_effect_and_every_decision_in_their_order() -> None:
    effect = RemoveLabels(("a", "b"), "r", rules=("r",))
    decision = Decision("r", "labels", "applied", "Two.", Where("c.yml", 4, 5, "k"), "a, b", None)

    data = plan_data(Plan((decision,), (effect,)))

    assert data["effects"] == [effect_data(effect)]
    assert list(data["decisions"][0].items()) == [
        ("rule", "r"),
        ("subject", "labels"),
        ("outcome", "applied"),
        ("reason", "Two."),
        ("before", "a, b"),
        ("after", None),
        ("config", {"file": "c.yml", "line": 4, "column": 5, "key": "k"}),
    ]
