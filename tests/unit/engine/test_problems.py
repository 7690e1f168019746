"""Problems in words: what, why and fix, with as much of the place as is known."""

from __future__ import annotations

import pytest

from engine.problems import Problem, ProblemError, Where


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (Where(), ""),
        (Where("a.yml"), "a.yml"),
        (Where("a.yml", 3), "a.yml:3"),
        (Where("a.yml", 3, 7, "tracks[0].id"), "a.yml:3:7 (tracks[0].id)"),
        (Where(path="tracks"), "tracks"),
    ],
)
def test_a_place_says_what_is_known_of_it(where: Where, text: str) -> None:
    assert str(where) == text
    assert str(Problem("x", "it is wrong", where=where)) == (f"{text}: it is wrong" if text else "it is wrong")


def test_a_problem_says_what_and_why_and_fix() -> None:
    assert str(Problem("x", "it is wrong", "so it is", "mend it")) == "it is wrong\n  why: so it is\n  fix: mend it"


def test_an_error_carries_every_problem_and_never_none() -> None:
    one, two = Problem("x", "one"), Problem("x", "two")

    assert ProblemError(one).problems == (one,)
    assert str(ProblemError(iter([one, two]))) == "one\ntwo"
    with pytest.raises(ValueError, match=r"^a ProblemError carries at least one problem$"):
        ProblemError([])
