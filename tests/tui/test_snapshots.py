"""Pictures of every place, empty, typical, in trouble and hostile, in two sizes; looked at whenever one changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.config.starter import STARTER
from tests.support.console import HOSTILE, console, hostile, settled, troubled, typical

SIZES = ((80, 24), (120, 40))
STATES: dict[str, Callable[[Path], None] | None] = {
    "empty": None,
    "typical": typical,
    "troubled": troubled,
    "hostile": hostile,
}
PLACES = ("home", "deliveries", "issues", "log")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder whose name in pictures is always the same."""
    monkeypatch.chdir(tmp_path)
    folder = Path("home")
    folder.mkdir(mode=0o700)
    return folder


def fill(home: Path, state: str) -> None:
    make = STATES[state]
    if make is not None:
        make(home)
        lines = {
            "typical": "12:00:00 listening on http://127.0.0.1:8080  [serving]\n" * 30,
            "hostile": "\n".join(HOSTILE),
        }
        (home / "serve.log").write_text(
            lines.get(state, "12:00:00 error: the disk is full  [store-trouble]\n"), newline=""
        )


async def come_to_rest(pilot: Pilot[Any]) -> None:
    await settled(pilot.app)  # type: ignore[arg-type]  # the plug-in knows only App


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("place", PLACES)
def test_a_place(snap_compare: Any, home: Path, place: str, state: str, size: tuple[int, int]) -> None:
    fill(home, state)

    assert snap_compare(console(home, place), terminal_size=size, run_before=come_to_rest)


@pytest.mark.parametrize("place", PLACES)
def test_without_colour(snap_compare: Any, home: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    fill(home, "troubled")

    assert snap_compare(console(home, place), terminal_size=(80, 24), run_before=come_to_rest)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_delivery(snap_compare: Any, home: Path, size: tuple[int, int]) -> None:
    fill(home, "troubled")

    async def open_one(pilot: Pilot[Any]) -> None:
        await come_to_rest(pilot)
        await pilot.press("end", "enter")
        await come_to_rest(pilot)

    assert snap_compare(console(home, "deliveries"), terminal_size=size, run_before=open_one)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", ["empty", "typical", "error", "hostile"])
def test_rules(snap_compare: Any, home: Path, state: str, size: tuple[int, int]) -> None:
    texts = {"typical": STARTER, "error": "tracks: [unclosed", "hostile": "\n".join(f"# {text}" for text in HOSTILE)}
    if state in texts:
        Path(".github").mkdir()
        Path(".github/task-assistant.yml").write_text(texts[state], encoding="utf-8", newline="")

    assert snap_compare(console(home, "rules"), terminal_size=size, run_before=come_to_rest)


def test_a_small_terminal(snap_compare: Any, home: Path) -> None:
    fill(home, "troubled")

    assert snap_compare(console(home), terminal_size=(20, 5), run_before=come_to_rest)


@pytest.mark.parametrize("theme", ["light", "ansi-dark"])
def test_a_theme(snap_compare: Any, home: Path, theme: str) -> None:
    fill(home, "troubled")

    assert snap_compare(console(home, TASSIST_THEME=theme), terminal_size=(120, 40), run_before=come_to_rest)
