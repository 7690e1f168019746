"""Somebody at the installer with screens, beside GitHub in a box; and what they do in their browser."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tassist.sandbox import Box, Running, aserve
from tassist.services.demo.browser import Browser
from tassist.services.setup.wishes import Wishes
from tassist.tui.app import TassistApp
from tassist.tui.screens.setup import SetupScreen
from tests.support.console import desk

PATIENCE_S = 60.0


@dataclass
class Seat:
    """Somebody at the installer."""

    app: TassistApp
    pilot: Pilot[Any]
    running: Running
    home: Path
    box: Box

    @property
    def screen(self) -> SetupScreen:
        assert isinstance(self.app.screen, SetupScreen)
        return self.app.screen

    async def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait for a condition of the screen."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = condition()
                if found:
                    return found
                await self.pilot.pause(0.02)
        raise AssertionError(what)

    async def view(self, kind: type[Any], question: str = "") -> Any:
        """Wait for a view, for its question, and until it has the focus and is drawn: a key pressed before goes nowhere."""

        def there() -> Any:
            for found in self.app.screen.query(kind) if self.screen._shown_at < math.inf else ():
                if found.has_focus_within and (not question or found.ask.question.id == question):
                    return found
            return None

        return await self.until(there, f"{kind.__name__} {question}")

    async def type(self, text: str) -> None:
        """Replace what is in the field, as a paste does."""
        field = self.app.screen.query_one("#field", Input)
        field.value = text

    def text(self, selector: str) -> str:
        """What a widget says."""
        return str(self.app.screen.query_one(selector, Static).render())


@asynccontextmanager
async def seated(
    home: Path,
    wishes: Wishes | None,
    *,
    size: tuple[int, int] = (80, 24),
    env: Mapping[str, str] | None = None,
    said: str | None = None,
) -> AsyncIterator[Seat]:
    """The app at the place Setup, beside GitHub in a box."""
    box = Box.empty()
    box.organization("octo", owners=["ann"])
    box.settings.demo_user = "ann"
    box.user("ann")
    async with aserve(box) as running:
        variables = {"HOME": str(home), "PATH": "/usr/bin:/bin", "TASSIST_SETUP_GITHUB": running.url, **(env or {})}
        work = desk(home, said=said)
        work.options = {"env": variables, "quick": True, **({"wishes": wishes} if wishes is not None else {})}
        app = TassistApp(work, place="setup")
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Seat(app, pilot, running, home, box)


QUICK = {"TASSIST_SETUP_APP_NAME": "Tidy", "TASSIST_SETUP_KEEP_SECRETS_IN": "file"}


def create(root: str, page: Path) -> str:
    """What the person does with the page: press Create; the address they are sent to."""
    from tassist.services.demo.browser import _Forms

    forms = _Forms()
    forms.feed(page.read_text())
    _, action, fields = forms.forms[-1]
    with Browser(root) as browser:
        return browser.confirm(browser.post(action, fields))


def install(root: str, slug: str) -> None:
    """The person installs the App."""
    with Browser(root) as browser:
        browser.confirm(browser.open(f"/apps/{slug}/installations/new"))


def burst(app: TassistApp, *keys: str) -> None:
    """Keys that arrive together, as they do over a slow line or from a program that types."""
    for key in keys:
        app.post_message(Key(key, {"space": " "}.get(key, key if len(key) == 1 else None)))
