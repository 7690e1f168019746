"""Draws the console's places for the documentation: ``python -m tests.support.console_pictures`` writes docs/pictures/."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import tempfile
from pathlib import Path

from engine.config.starter import STARTER
from tests.support.console import console, settled, troubled, typical

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
SIZE = (110, 32)


async def draw(place: str, keys: tuple[str, ...] = (), name: str = "") -> None:
    """One place, on the journal of a morning."""
    app = console(Path("home"), place)
    async with app.run_test(size=SIZE) as pilot:
        await settled(app)
        await pilot.press(*keys)
        await settled(app)
        drawn = app.export_screenshot(title="tassist")
    # Ids of styles are made anew each time; the picture is the same.
    (PICTURES / f"console-{name or place}.svg").write_text(
        re.sub(r"terminal-\d+", "terminal-1", drawn), encoding="utf-8"
    )


def main() -> None:
    """All of them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in ("NO_COLOR", "TEXTUAL_ANIMATIONS"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        home = Path("home")
        home.mkdir()
        typical(home)
        (home / "serve.log").write_text("12:00:00 listening on http://127.0.0.1:8080  [serving]\n" * 12)
        Path(".github").mkdir()
        Path(".github/task-assistant.yml").write_text(STARTER)
        for place in ("home", "deliveries", "issues", "rules", "dashboard", "migration", "setup", "health", "log"):
            asyncio.run(draw(place))
        asyncio.run(draw("deliveries", ("down", "down", "down", "down", "enter"), "delivery"))
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("home").mkdir()
        troubled(Path("home"))
        asyncio.run(draw("home", (), "home-in-trouble"))


if __name__ == "__main__":
    main()
