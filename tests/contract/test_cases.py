"""Every case of the contract holds, and every case would notice if it did not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast, get_args

import pytest

from engine.model import Fact
from engine.plan import Outcome, RunOutcome
from tassist.contract.case import Case, Expected, ExpectedDecision, ExpectedEffect
from tassist.contract.check import verify
from tassist.contract.library import cases, configurations, topics

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_of_the_contract_holds(case: Case) -> None:
    assert verify(case).mismatches == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_fails_when_its_expectation_is_wrong(case: Case) -> None:
    """Flip every outcome, drop and add every effect: a case that still holds would prove nothing."""
    for what, expected in wrong(case.expected):
        assert verify(replace(case, expected=expected)).mismatches, f"{case.id} holds with {what}"


def wrong(expected: Expected) -> Iterator[tuple[str, Expected]]:
    """Expectations that the same plan must not meet."""
    if expected.needs is not None:
        yield from ((f"{fact} needed", replace(expected, needs=fact)) for fact in Fact if fact != expected.needs)
        return
    for outcome in get_args(RunOutcome):
        if outcome != expected.outcome:
            yield f"the run {outcome}", replace(expected, outcome=cast("RunOutcome", outcome))
    for at, decision in enumerate(expected.decisions):
        for other in wrong_decisions(decision):
            decisions = (*expected.decisions[:at], other, *expected.decisions[at + 1 :])
            yield f"{other}", replace(expected, decisions=decisions)
    rules = [decision.rule for decision in expected.decisions]
    for at, rule in enumerate(rules):
        if expected.exact or rules.count(rule) > 1:
            dropped = expected.decisions[:at] + expected.decisions[at + 1 :]
            yield f"no decision of {rule}", replace(expected, decisions=dropped)
    for at, effect in enumerate(expected.effects):
        yield f"no {effect.kind}", replace(expected, effects=expected.effects[:at] + expected.effects[at + 1 :])
        other_effect = replace(effect, values=(*effect.values, "something else"))
        effects = (*expected.effects[:at], other_effect, *expected.effects[at + 1 :])
        yield f"{effect.kind} of another", replace(expected, effects=effects)
        yield (
            f"{effect.kind} by another rule",
            replace(
                expected, effects=(*expected.effects[:at], replace(effect, rule="another"), *expected.effects[at + 1 :])
            ),
        )
    if len(expected.effects) > 1:
        yield "effects in another order", replace(expected, effects=expected.effects[::-1])
    yield "one effect more", replace(expected, effects=(*expected.effects, ExpectedEffect("add labels", ("more",))))
    yield "a rule not configured", replace(expected, not_configured=(*expected.not_configured, "no.such.rule"))
    yield "a problem", replace(expected, problems=(*expected.problems, "no-such-problem"))


def wrong_decisions(decision: ExpectedDecision) -> Iterator[ExpectedDecision]:
    """The decision with something in it that is not so."""
    for outcome in get_args(Outcome):
        if outcome != decision.outcome:
            yield replace(decision, outcome=cast("Outcome", outcome))
    yield replace(decision, rule="no.such.rule")
    yield replace(decision, because=(*decision.because, "words that are in no reason"))
    yield replace(decision, before="something else")
    yield replace(decision, after="something else")
    yield replace(decision, key="no.such.key")


def test_the_contract_is_large_enough_and_says_nothing_twice() -> None:
    assert len(CASES) >= 300
    assert len({case.id for case in CASES}) == len(CASES)
    twins: dict[object, str] = {}
    for case in CASES:
        given = (case.given.config, case.given.issue, case.given.repo, case.given.trigger, case.given.now)
        assert twins.setdefault(given, case.id) == case.id, f"{case.id} gives what {twins[given]} gives"


def test_every_case_expects_something_that_is_about_it() -> None:
    """A case that lists no effect and no decision proves only that nothing is written."""
    for case in CASES:
        expected = case.expected
        assert expected.decisions or expected.effects or expected.not_configured or expected.needs, case.id


def test_every_named_configuration_is_used() -> None:
    said = {words for case in CASES for words in case.given.words}
    for name in configurations():
        assert any(words.split(" with ")[0] == f"configuration {name}" for words in said), name


def test_the_four_failures_of_the_earlier_life_are_proved() -> None:
    promises = next(topic for topic in topics() if topic.slug == "four-promises")
    assert {case.name[0] for case in promises.cases} == {"1", "2", "3", "4"}
