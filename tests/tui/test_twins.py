"""Where a terminal shows ASCII alone, everything on every screen is ASCII, as wide as before, and marks still differ."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from rich.cells import cell_len

from tassist.tui.app import TassistApp
from tassist.tui.places import PLACES
from tassist.tui.screens.health import WORDS
from tassist.tui.setup.rail import _words
from tassist.tui.twins import twin
from tassist.tui.widgets.rows import _GLYPHS
from tests.support.console import console, hostile, settled

DRAWN = [chr(code) for code in range(0x2500, 0x25A0)]
"""Lines, corners, blocks."""


@pytest.mark.parametrize("text", ["naïve café – “so”", "日本語", "\U0001f469", "➜✓✗", "".join(DRAWN)], ids=range(5))
def test_a_twin_is_ascii_and_as_wide(text: str) -> None:
    assert twin(text).isascii()
    assert len(twin(text)) == cell_len(text)


def test_letters_keep_their_base_and_lines_their_direction() -> None:
    assert twin("naïve café") == "naive cafe"
    assert twin("╭─┐│┃═╋") == "+-+||-+"
    assert all(unicodedata.name(char) for char in DRAWN)


def test_marks_that_differ_have_twins_that_differ() -> None:
    assert len({twin(glyph) for glyph in _GLYPHS.values()}) == len(_GLYPHS)
    assert len({twin(glyph) for glyph, _, _ in WORDS.values()}) == len(WORDS)
    # A step's word stands beside its glyph.
    assert len({(twin(glyph), word) for glyph, word, _ in _words().values()}) == len(_words())


def lines(app: TassistApp) -> list[str]:
    return ["".join(one.text for one in strip if not one.control) for strip in app.screen._compositor.render_strips()]


async def test_every_place_is_drawn_in_ascii_with_hostile_text_in_it(home: Path) -> None:
    hostile(home)
    (home / "serve.log").write_text("12:00:00 – naïve …\n", encoding="utf-8")
    app = console(home, TASSIST_GLYPHS="ascii")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        for place in PLACES:
            await app.action_go(place.id)
            if place.id != "health":  # its checks look at the machine
                await settled(app)
            wrong = [line for line in lines(app) if not line.isascii() or len(line) != 80]
            assert not wrong, place.id
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert all(line.isascii() for line in lines(app))


@pytest.mark.parametrize(
    ("asked", "locale", "expected"),
    [
        ("auto", "de_DE.ISO-8859-1", True),
        ("auto", "C.UTF-8", False),
        ("unicode", "C", False),
        ("ascii", "C.UTF-8", True),
    ],
)
def test_h73_a_locale_that_is_not_utf_8_gets_ascii_unless_told_otherwise(
    asked: str, locale: str, expected: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", locale)

    assert console(home, TASSIST_GLYPHS=asked).ascii_only is expected
