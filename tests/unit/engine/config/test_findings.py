"""Findings are bounded, in the order of the file, and say how many more there are."""

from __future__ import annotations

import pytest

from engine.config.findings import Findings
from engine.config.limits import MAX_PROBLEMS
from engine.problems import Problem, Where


@pytest.mark.parametrize(("more", "words"), [(1, "1 more problem is"), (2, "2 more problems are")])
def test_what_is_not_shown_is_counted(more: int, words: str) -> None:
    out = Findings("c.yml")
    for line in range(MAX_PROBLEMS - 1 + more):
        out.problem("x", Where("c.yml", line + 1, 1), "wrong", "", "")

    found = out.problems()

    assert len(found) == MAX_PROBLEMS
    assert found[-1] == Problem(
        "config-more-problems",
        f"{words} not shown",
        "at most 99 are listed at once",
        "mend these first, then validate again",
        Where("c.yml"),
    )


def test_as_many_as_fit_are_all_there_is() -> None:
    out = Findings("c.yml")
    for line in range(MAX_PROBLEMS - 1):
        out.warning("x", Where("c.yml", line + 1, 1), "odd", "", "")
    out.warning("x", Where("c.yml", 200, 1), "odd", "", "")

    assert [warning.what for warning in out.warnings()][-2:] == ["odd", "1 more warning is not shown"]
    assert not out.failed


def test_what_ended_the_reading_takes_the_last_ones_place() -> None:
    out = Findings("c.yml")
    for line in range(MAX_PROBLEMS):
        out.problem("x", Where("c.yml", line + 1, 1), "wrong", "", "")
    out.fatal("y", Where("c.yml", 500, 1), "the end", "why", "fix")

    assert [problem.code for problem in out.problems()][-3:] == ["x", "y", "config-more-problems"]
    assert out.problems()[-2] == Problem("y", "the end", "why", "fix", Where("c.yml", 500, 1))
    assert out.problems()[-1].what == "2 more problems are not shown"


def test_a_name_says_nothing_where_what_declares_it_may_be_broken() -> None:
    out = Findings("c.yml")
    assert not out.broken("labels", "tracks")
    out.problem("x", Where("c.yml", 1, 1, "labels[0].name"), "wrong", "", "")
    assert out.broken("labels", "tracks")
    assert not out.broken("tracks")
    out.problem("x", Where("c.yml", 1, 1), "wrong at the root", "", "")
    assert out.broken("tracks")
