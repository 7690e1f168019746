"""Draws the console's places for the documentation: `make pictures` writes docs/pictures/, a test says which are missing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import tempfile
from pathlib import Path

from engine.config.starter import STARTER
from tassist.tui.places import PLACES
from tests.support import family, year
from tests.support.console import console, settled, troubled, typical
from tests.support.legacy import write

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
SIZE = (110, 32)
KEYS: dict[str, tuple[str, ...]] = {"migration": (*"app", "enter")}
"""What is typed before a place has something to show."""
NAMES = (*(place.id for place in PLACES), "delivery", "home-in-trouble")


def path_of(name: str) -> Path:
    """Where the picture of that name is."""
    return PICTURES / f"console-{name}.svg"


async def draw(place: str, keys: tuple[str, ...] = (), name: str = "") -> None:
    """One place, on the journal of a morning."""
    app = console(Path("home"), place)
    async with app.run_test(size=SIZE) as pilot:
        await settled(app)
        await pilot.press(*keys)
        await settled(app)
        drawn = app.export_screenshot(title="tassist")
    # Ids of styles are made anew each time; the picture is the same.
    path_of(name or place).write_text(re.sub(r"terminal-\d+", "terminal-1", drawn), encoding="utf-8")


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
        year.write(home / "telemetry", year.year())
        write(Path("app"), {f".github/workflows/{name}": text for name, text in family.FILES.items()})
        for place in PLACES:
            asyncio.run(draw(place.id, KEYS.get(place.id, ())))
        asyncio.run(draw("deliveries", ("down", "down", "down", "down", "enter"), "delivery"))
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("home").mkdir()
        troubled(Path("home"))
        asyncio.run(draw("home", (), "home-in-trouble"))


if __name__ == "__main__":
    main()
