"""With animations off nothing moves by itself: no animation runs in any place, and no cursor blinks; with them on, both do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from textual._animator import SimpleAnimation
from textual.css.scalar_animation import ScalarAnimation
from textual.widgets import Input, TextArea

from tassist.tui.app import TassistApp
from tassist.tui.places import PLACES, Place
from tests.support.console import console, settled, typical

BLINK = {kind: kind.__dict__["cursor_blink"] for kind in (Input, TextArea)}
"""As Textual has it: every other test has it off."""
FIELDS = {"deliveries": "slash", "issues": "i", "log": "slash"}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Steps of animations that were not their last; and everything as a person without any settings has it."""
    monkeypatch.setattr("textual.constants.TEXTUAL_ANIMATIONS", "full")
    for kind, blink in BLINK.items():
        monkeypatch.setattr(kind, "cursor_blink", blink)
    steps: list[object] = []

    def heard(really: Callable[..., bool]) -> Callable[..., bool]:
        def step(animation: Any, *given: Any) -> bool:
            ended = really(animation, *given)
            if not ended:
                steps.append(animation)
            return ended

        return step

    for kind_of in (SimpleAnimation, ScalarAnimation):
        monkeypatch.setattr(kind_of, "__call__", heard(kind_of.__call__))
    return steps


async def everywhere(app: TassistApp, places: Sequence[Place] = PLACES) -> set[str]:
    """Go everywhere, scroll, type; which places had a cursor that blinks."""
    blinking = set()
    async with app.run_test(size=(80, 24)) as pilot:

        async def press(*keys: str) -> None:
            for key in keys:
                await pilot.press(key)
                await settled(app)
                await app.animator.wait_until_complete()
            focused = app.focused
            if isinstance(focused, Input | TextArea) and focused.cursor_blink:
                blinking.add(str(app.screen.id))

        await settled(app)
        for place in places:
            await press("escape", place.key, "pagedown", "end", "home", "tab", "pagedown")
            if place.id in FIELDS:
                await press("escape", FIELDS[place.id], "x", "escape")
            await press("escape", "question_mark", "pagedown", "question_mark")
        await press("ctrl+p", "down", "pagedown")
    return blinking


def filled(home: Path) -> None:
    typical(home)
    (home / "serve.log").write_text("12:00:00 listening on http://127.0.0.1:8080  [serving]\n" * 100)


async def test_switched_off_nothing_moves(home: Path, ran: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    filled(home)

    assert await everywhere(console(home, TASSIST_ANIMATIONS="off")) == set()
    assert ran == []


async def test_left_on_it_does(home: Path, ran: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    filled(home)

    assert await everywhere(console(home), PLACES[:2]) != set()
    assert ran != []
