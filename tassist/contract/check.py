"""Runs one case against the engine and says every way in which it does not hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from engine.config import parse
from engine.config.types import Config, InvalidConfig
from engine.decide import decide, missing_facts
from engine.draft import FactMissing
from engine.model import Issue, Repo, Trigger
from engine.plan import Decision, Plan
from tassist.contract.case import Anything, Case, Expected, ExpectedDecision, ExpectedEffect
from tassist.contract.sound import unsound
from tassist.contract.words import (
    actual_decision_in_words,
    as_expected_effect,
    decision_in_words,
    expected_effect_in_words,
)
from tassist.contract.world import applied

Decide = Callable[[Trigger, Issue, Repo, Config | InvalidConfig, datetime], Plan]
parsed = lru_cache(maxsize=512)(parse)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A case and everything that was not as it says; empty where it holds."""

    case: Case
    mismatches: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the case holds."""
        return not self.mismatches


def verify(case: Case, decide: Decide = decide) -> Verdict:
    """Run the case; besides what it says itself, a second look must decide the same and then find nothing to do."""
    given = case.given
    config = parsed(given.config)
    if case.expected.needs is not None:
        asked = missing_facts(given.trigger, given.issue, given.repo, config, given.now)
        alike = asked == (case.expected.needs,)
        words = ", ".join(asked) or "nothing"
        return Verdict(case, () if alike else (f"expected to ask for {case.expected.needs}, asked for {words}",))
    plan = decide(given.trigger, given.issue, given.repo, config, given.now)
    found = compare(case.expected, plan) + unsound(plan, given.issue, given.repo)
    if decide(given.trigger, given.issue, given.repo, config, given.now) != plan:
        found.append("the same look gives another plan the second time")
    if case.settles:
        issue, repo = applied(plan.effects, given.issue, given.repo, given.now)
        try:
            wanted = decide(given.trigger, issue, repo, config, given.now).effects
        except FactMissing:
            wanted = ()  # after a write the second look may have to read what the first could do without
        if wanted:
            left = "; ".join(expected_effect_in_words(as_expected_effect(effect)) for effect in wanted)
            found.append(f"after its effects a second look still wants: {left}")
    return Verdict(case, tuple(found))


def compare(expected: Expected, plan: Plan) -> list[str]:
    """Every way in which the plan differs from what is expected."""
    found = _decisions(expected, plan.decisions)
    found += _effects(expected.effects, plan)
    if plan.outcome != expected.outcome:
        found.append(f"outcome: expected {expected.outcome}, found {plan.outcome} ({plan.reason})")
    if (plan.reason is None) != (plan.outcome == "success"):
        found.append(f"outcome: {plan.outcome} with the reason {plan.reason!r}; only a success has none")
    found += [
        f"outcome: its reason does not say {fragment!r}: {plan.reason}"
        for fragment in expected.because
        if fragment.casefold() not in (plan.reason or "").casefold()
    ]
    for rule in expected.not_configured:
        if rule not in plan.not_configured:
            found.append(f"not configured: {rule} is missing among {', '.join(plan.not_configured) or 'none'}")
        found += [f"not configured: {rule} left a decision" for decision in plan.decisions if decision.rule == rule]
    codes = [problem.code for problem in plan.problems]
    found += [f"problems: {code} is missing among {codes}" for code in expected.problems if code not in codes]
    return found


def _decisions(expected: Expected, decisions: tuple[Decision, ...]) -> list[str]:
    spoken_of = {wanted.rule for wanted in expected.decisions}
    left = [decision for decision in decisions if expected.exact or decision.rule in spoken_of]
    found = []
    for wanted in expected.decisions:
        place = next((at for at, decision in enumerate(left) if _same(wanted, decision)), None)
        if place is None:
            near = [actual_decision_in_words(decision) for decision in decisions if decision.rule == wanted.rule]
            said = " | ".join(near) or "none of that rule"
            found.append(f"decisions: expected {decision_in_words(wanted)}; found {said}")
        else:
            found += [f"decisions: not expected here: {actual_decision_in_words(passed)}" for passed in left[:place]]
            left = left[place + 1 :]
    return found + [f"decisions: not expected: {actual_decision_in_words(decision)}" for decision in left]


def _same(wanted: ExpectedDecision, decision: Decision) -> bool:
    reason = decision.reason.casefold()
    return (
        wanted.rule == decision.rule
        and wanted.outcome == decision.outcome
        and all(fragment.casefold() in reason for fragment in wanted.because)
        and (isinstance(wanted.before, Anything) or wanted.before == decision.before)
        and (isinstance(wanted.after, Anything) or wanted.after == decision.after)
        and (wanted.key is None or (decision.config is not None and decision.config.path == wanted.key))
    )


def _effects(expected: tuple[ExpectedEffect, ...], plan: Plan) -> list[str]:
    actual = [as_expected_effect(effect) for effect in plan.effects]
    alike = len(actual) == len(expected) and all(
        _same_effect(wanted, found) for wanted, found in zip(expected, actual, strict=True)
    )
    if alike:
        return []
    wanted_words = "; ".join(expected_effect_in_words(effect) for effect in expected) or "none"
    found_words = "; ".join(expected_effect_in_words(effect) for effect in actual) or "none"
    return [f"effects: expected {wanted_words}; found {found_words}"]


def _same_effect(wanted: ExpectedEffect, found: ExpectedEffect) -> bool:
    if wanted.kind != found.kind or wanted.rule not in {None, found.rule}:
        return False
    if wanted.kind == "comment":  # a marker of ours follows the words
        return all(fragment in found.values[0] for fragment in wanted.values)
    return wanted.values == found.values
