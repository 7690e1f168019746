"""The nearest spelling: close enough, the best of the close ones, and never much work."""

from __future__ import annotations

import pytest

from engine.config.findings import Findings
from engine.config.limits import MAX_COMPARISONS
from engine.config.nearest import nearest


@pytest.mark.parametrize(
    ("word", "allowed", "found"),
    [
        ("LABLE", ["label", "table"], "label"),
        ("x", ["label"], None),
        ("", ["label"], None),
        ("w" * 80, ["w" * 80], "w" * 80),
        ("w" * 81, ["w" * 81], None),
        ("w" * 80, ["w" * 90], "w" * 90),
        ("label", [*["zz"] * 199, "label"], "label"),
        ("label", [*["zz"] * 200, "label"], None),
    ],
)
def test_a_word_is_found_by_what_it_looks_like(word: str, allowed: list[str], found: str | None) -> None:
    assert nearest(word, allowed, 0.6) == found


def test_a_word_that_is_exactly_as_close_as_asked_is_close_enough() -> None:
    assert nearest("ab", ["ac"], 0.5) == "ac"
    assert nearest("ab", ["ac"], 0.51) is None
    assert nearest("a", ["abc"], 0.5) == "abc"
    assert nearest("a", ["abc"], 0.51) is None


def test_the_five_that_share_most_letters_are_compared_letter_by_letter() -> None:
    assert nearest("abcdefgh", [*(f"abcde{end}" for end in "uvwxyz"), "abcdefgx"], 0.6) == "abcdefgx"


def test_of_two_equally_near_the_first_is_meant() -> None:
    assert nearest("abcd", ["abcx", "abcy"], 0.6) == "abcx"


def test_a_file_has_its_comparisons_and_no_more() -> None:
    out = Findings("c.yml")
    many = ["zz"] * 250

    answers = [out.nearest("label", [*many[:199], "label", *many], 0.6) for _ in range(MAX_COMPARISONS // 200)]

    assert answers == ["label"] * (MAX_COMPARISONS // 200)
    assert out.nearest("label", ["label"], 0.6) is None
