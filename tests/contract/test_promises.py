"""What a person's configuration promises is kept, and a promise that is not kept is found out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.config import parse
from engine.config.types import Config
from engine.decide import decide
from engine.plan import AddLabels, CloseIssue, Plan, RemoveLabels, SetMilestone
from tassist.contract import probe
from tassist.contract.library import configurations
from tassist.contract.promises import Promise, promises
from tassist.contract.sample import sample


def config(name: str) -> Config:
    text = configurations()[name] if name in configurations() else Path(name).read_text()
    parsed = parse(text)
    assert isinstance(parsed, Config)
    return parsed


@pytest.mark.parametrize("name", sorted(configurations()))
def test_the_named_configurations_keep_what_they_promise(name: str) -> None:
    for promise in promises(config(name)):
        assert promise.standing in {"kept", "hidden"}, promise
        assert promise.tried > 0


def test_the_example_keeps_what_it_promises(project_root: Path) -> None:
    found = promises(config(str(project_root / "examples" / "full.yml")))
    assert {promise.standing for promise in found} == {"kept"}
    rules = {promise.rule for promise in found}
    assert {"track.classify", "exclusivity.track", "labels.required", "milestone", "inheritance", "stale"} <= rules


def test_a_match_that_an_earlier_track_takes_is_hidden_not_kept() -> None:
    hidden = [promise for promise in promises(config("tracks")) if promise.standing == "hidden"]
    assert [promise.says for promise in hidden] == ["an issue with the label feature gets track/debt"]
    assert "sprint" in hidden[0].detail


def test_an_advisory_configuration_promises_only_that_nothing_is_written() -> None:
    found = promises(replace(config("everything"), enforcement=None))
    assert [promise.rule for promise in found] == ["enforcement"]
    assert found[0].standing == "kept"
    assert found[0].tried > 50


def keep_older(plan: Plan) -> Plan:
    """An engine that removes the newer label instead of the older."""
    wrong = []
    for effect in plan.effects:
        if isinstance(effect, RemoveLabels):
            kept = next(d.after for d in plan.decisions if d.rule == effect.rules[0])
            effect = replace(effect, names=(kept or "",), rules=effect.rules[:1])  # noqa: PLW2901 – that is the planted bug
        wrong.append(effect)
    return replace(plan, effects=tuple(wrong))


def without(kind: type[object]) -> Callable[[Plan], Plan]:
    """An engine that forgets one kind of effect."""

    def forget(plan: Plan) -> Plan:
        return replace(plan, effects=tuple(effect for effect in plan.effects if not isinstance(effect, kind)))

    return forget


@pytest.mark.parametrize(
    ("bug", "name", "rule"),
    [
        (without(AddLabels), "tracks", "track.classify"),
        (without(RemoveLabels), "groups", "exclusivity.track"),
        (keep_older, "groups", "exclusivity.phase"),
        (without(AddLabels), "required", "labels.required"),
        (without(SetMilestone), "milestones", "milestone"),
        (without(SetMilestone), "inheritance", "inheritance"),
        (without(AddLabels), "stale", "stale"),
        (without(RemoveLabels), "stale", "stale"),
        (without(CloseIssue), "stale", "stale"),
    ],
)
def test_an_engine_with_a_planted_bug_breaks_the_promise(
    bug: Callable[[Plan], Plan], name: str, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "decide", lambda *args: bug(decide(*args)))

    broken = Counter(promise.rule for promise in promises(config(name)) if promise.standing == "broken")

    assert broken[rule] > 0


def test_a_promise_names_the_line_it_stands_on() -> None:
    found: tuple[Promise, ...] = promises(config("milestones"))
    where = next(promise.where for promise in found if promise.says == "phase-1 sets Phase 1")
    assert where is not None
    assert where.path == "enforcement.phase_milestones.phase-1"
    assert where.line is not None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(?i)^feat", "feat"),
        ("\\brefactor", "refactor"),
        ("(?m)^Kind: feature$", "Kind: feature"),
        ("bug|crash", "bug"),
        ("[Ff]ix(es|ed)? #\\d+", "Fix #4"),
        ("a{3}b*c+?", "aaac"),
        ("(?P<kind>doc)s?:", "doc:"),
        ("\\[urgent\\]", "[urgent]"),
    ],
)
def test_a_text_is_made_for_a_pattern(pattern: str, text: str) -> None:
    assert sample(pattern) == text


@pytest.mark.parametrize("pattern", ["\\p{Greek}", "[^a-z]", "(?i:x", "a\\z."])
def test_a_pattern_beyond_us_is_said_not_guessed(pattern: str) -> None:
    assert sample(pattern) is None
