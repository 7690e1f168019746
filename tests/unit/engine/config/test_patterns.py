"""Milestones of a form are ordered by their numbers; a pattern is compiled once, or refused in words."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from engine.config import Config, compile_pattern, milestone_numbers, parse
from engine.config.nearest import nearest


def test_sprint_10_comes_after_sprint_9() -> None:
    titles = ["Sprint 10", "Sprint 9", "Sprint 2"]

    assert sorted(titles, key=lambda title: milestone_numbers("Sprint {n}", title) or ()) == [
        "Sprint 2",
        "Sprint 9",
        "Sprint 10",
    ]


@pytest.mark.parametrize(
    ("pattern", "title", "numbers"),
    [
        ("Release {major}.{minor}", "Release 1.10", (1, 10)),
        ("Release {major}.{minor}", "Release 1x10", None),
        ("Release {major}.{minor}", "Release 1.10 ", None),
        ("Release {major}.{minor}", "The Release 1.10", None),
        ("Sprint {n}", "sprint 1", None),
        ("Sprint {n}", "Sprint ", None),
        ("Sprint {n}", "Sprint ١", None),
        ("({n}) [x]*", "(007) [x]*", (7,)),
        ("S {n}", "S " + "9" * 18, (10**18 - 1,)),
        ("S {n}", "S " + "9" * 19, None),
    ],
)
def test_a_title_is_of_the_form_or_not(pattern: str, title: str, numbers: tuple[int, ...] | None) -> None:
    assert milestone_numbers(pattern, title) == numbers


def test_half_a_character_in_a_pattern_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="half of a character"):
        compile_pattern("\ud800")


def test_the_nearest_word_is_found_without_regard_to_case() -> None:
    assert nearest("Enforec", ["warn", "ENFORCE", "fail"], 0.6) == "ENFORCE"
    assert nearest("", ["warn"], 0.6) is None
    assert nearest("x" * 81, ["x" * 81], 0.6) is None
    assert nearest("zzz", ["warn", "fail"], 0.6) is None


def test_a_parser_without_libyaml_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML is built without libyaml on some systems."""
    text = (
        'schema_version: "1.0"\ntracks: []\nlabels: [{name: "é"}]\nmilestones: []\nstale: {days_until_stale: 3} # x\n'
    )
    broken = "a: &b [*c, !d e, {f: g}]\nh:\n\ti: j\n"
    fast = parse(text), parse(broken)
    original = builtins.__import__

    def without(
        name: str,
        globals_: Mapping[str, Any] | None = None,
        locals_: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> Any:
        if name == "yaml" and "cyaml" in fromlist:
            raise ImportError(name)
        return original(name, globals_, locals_, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", without)
    slow = parse(text), parse(broken)

    assert isinstance(slow[0], Config)
    assert slow[0] == fast[0]
    assert [problem.code for problem in slow[1].problems] == [problem.code for problem in fast[1].problems]  # type: ignore[union-attr]


def test_a_pattern_that_cannot_be_compiled_says_nothing_beside_its_problem(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=r"^missing \): \(never closed$"):
        compile_pattern("(never closed")

    assert capfd.readouterr() == ("", "")
