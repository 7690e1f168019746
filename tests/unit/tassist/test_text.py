"""Text from outside does nothing to a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tassist.text import safe_text

JOINERS = set("\u200b\u200c\u200d\u2060\ufeff")


@given(st.text(), st.booleans())
def test_h71_nothing_that_acts_on_a_terminal_survives(text: str, newlines: bool) -> None:
    safe = safe_text(text, newlines=newlines)

    for char in safe:
        if newlines and char in "\n\t":
            continue
        assert unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"}, hex(ord(char))
        assert unicodedata.category(char) != "Cf" or char in JOINERS, hex(ord(char))
    safe.encode("utf-8")


@given(st.text())
def test_safe_text_twice_is_safe_text(text: str) -> None:
    once = safe_text(text)

    assert safe_text(once) == once


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_the_limit_holds(text: str, limit: int) -> None:
    assert len(safe_text(text, max_chars=limit)) <= limit


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain title", "plain title"),
        ("Größe – 日本語 🎉", "Größe – 日本語 🎉"),
        ("\x1b[2Jgone", "␛[2Jgone"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("\x9b31mred", "\\x9b31mred"),
        ("over\rwrite", "over␍write"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("evil\u202etxt.exe", "evil\\u{202e}txt.exe"),
        ("family 👩\u200d👩\u200d👧", "family 👩\u200d👩\u200d👧"),
        ("zw" + "\u200d" * 100, "zw\u200d"),
        ("z\u0300" + "\u0301" * 500, "z\u0300\u0301\u0301"),
        ("nul\x00inside", "nul␀inside"),
        ("\ud800", "\ufffd"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_h71_what_is_replaced_stays_visible(text: str, safe: str) -> None:
    assert safe_text(text) == safe


def test_h71_a_megabyte_on_one_line_is_cut() -> None:
    assert safe_text("x" * 1_000_000, max_chars=80) == "x" * 79 + "…"
