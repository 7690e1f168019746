"""What is said at a terminal is folded between words, as wide as it is drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tassist.cli.folding import cells, folded

LISTED = f"{'first files':<13} written below /srv/app: .github/task-assistant.yml, .github/ISSUE_TEMPLATE/bug.yml"


def test_it_goes_on_under_its_own_words_and_is_whole_for_a_program() -> None:
    assert folded(LISTED, 60, hang=14) == [
        "first files   written below /srv/app:",
        "              .github/task-assistant.yml,",
        "              .github/ISSUE_TEMPLATE/bug.yml",
    ]
    assert folded(LISTED, None) == [LISTED]


@pytest.mark.parametrize("width", [1, 10, 26])
def test_where_little_room_is_left_it_goes_on_at_the_margin(width: int) -> None:
    assert not any(line.startswith(" ") for line in folded("one two three four five six seven", width, hang=7))


@given(st.text(st.sampled_from("ab \u0301日👍-"), max_size=80), st.integers(1, 40), st.integers(0, 9))
def test_no_word_is_lost_or_broken_and_only_a_word_is_too_long(text: str, width: int, hang: int) -> None:
    lines = folded(text, width, hang=hang)

    assert [word for line in lines for word in line.split()] == text.split()
    assert all(cells(line) <= width or len(line.split()) <= 1 for line in lines)
