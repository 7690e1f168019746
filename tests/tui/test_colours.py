"""Text can be read in each theme: contrast is computed from what is drawn, tints, dimming and reverse included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color

from engine.config.starter import STARTER
from engine.problems import Problem
from tassist.tui.app import TassistApp
from tassist.tui.places import PLACES
from tassist.tui.screens.asking import AskModal, ChoiceModal, ConfirmModal, TextModal
from tests.support.console import at_rest, console, settled, troubled

ENOUGH = 4.5
"""For text of any size. Source: https://www.w3.org/TR/WCAG22/#contrast-minimum"""


def contrast(one: Color, other: Color) -> float:
    """From 1, the same, to 21, black on white; by the definition of WCAG."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (color.r / 255, color.g / 255, color.b / 255)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_contrast_is_computed_as_defined() -> None:
    assert contrast(Color.parse("#000"), Color.parse("#fff")) == pytest.approx(21)
    assert contrast(Color.parse("#777"), Color.parse("#fff")) == pytest.approx(4.48, abs=0.01)


def drawn(app: TassistApp) -> Iterator[tuple[str, Style]]:
    """Every piece of text on the screen with the style in which the terminal gets it; of a question, not what it veils.

    A key that does nothing now is left out: WCAG asks nothing of what is inactive.
    """
    region = app.screen.children[0].region if app.screen.is_modal else app.screen.region
    idle = {(key.region.y, key.region.x) for key in app.screen.query("FooterKey.-disabled")}
    for y, strip in enumerate(app.screen._compositor.render_strips()[region.y : region.bottom], region.y):
        x = region.x
        for segment in strip.crop(region.x, region.right):
            at, x = x, x + segment.cell_length
            if any(y == row and column <= at <= column + 2 for row, column in idle):
                continue
            if segment.style is not None and any(char.isalnum() for char in segment.text):
                yield segment.text.strip(), segment.style


def unreadable(app: TassistApp) -> list[str]:
    """What has too little contrast here."""
    found = []
    for text, style in drawn(app):
        assert style.color is not None, text
        assert style.bgcolor is not None, text
        assert not style.dim, f"{text!r} is left to the terminal to be dimmed, by nobody knows how much"
        front, back = _true(style.color), _true(style.bgcolor)
        ratio = contrast(front, back)
        if ratio < ENOUGH:
            found.append(f"{ratio:.2f} {front.hex} on {back.hex}: {text[:60]!r} at {app.screen.id or app.screen}")
    return found


def _true(color: RichColor) -> Color:
    assert color.triplet is not None
    return Color(*color.triplet)


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_every_text_of_every_place_and_question_can_be_read(
    theme: str, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".github").mkdir()
    Path(".github/task-assistant.yml").write_text(f"{STARTER}\nwrong: true\n")
    troubled(home)
    (home / "serve.log").write_text(
        "12:00:00 warning: slow  [a]\n12:00:01 error: the disk is full  [b]\n12:00:02 well  [c]\n"
    )
    app = console(home, TASSIST_THEME=theme)
    found: set[str] = set()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        for place in PLACES:
            await app.action_go(place.id)  # a digit would be typed where the focus is in a field
            await (at_rest if place.id == "health" else settled)(app)
            assert app.current_mode == place.id
            found |= {*unreadable(app)}
            for _ in range(2):
                await pilot.press("tab")
                await at_rest(app)
                found |= {*unreadable(app)}
        await app.action_go("deliveries")
        await settled(app)
        await pilot.press("down", "enter")
        await settled(app)
        found |= {*unreadable(app)}
        await pilot.press("f1")
        await at_rest(app)
        found |= {*unreadable(app)}
        await pilot.press("f1", "ctrl+p")
        await at_rest(app)
        found |= {*unreadable(app)}
        await pilot.press("escape")
        app.tell([Problem("a", "what", "why", "fix")])
        await pilot.press("ctrl+t")
        await at_rest(app)
        found |= {*unreadable(app)}
        await pilot.press("escape")
        for modal in (
            ConfirmModal("Sure?", ["what would be done"]),
            ChoiceModal("Which?", [("a", "one"), ("b", "two")]),
            AskModal("What?", example="such as this", wrong=lambda _: "that is wrong"),
            TextModal("A page", []),
        ):
            _ = app.push_screen(modal)
            await pilot.press("enter")
            await at_rest(app)
            found |= {*unreadable(app)}
            await pilot.press("escape")
            await at_rest(app)
    assert not found, "\n".join(sorted(found))
