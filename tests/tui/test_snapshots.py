"""Pictures of every place, empty, typical, in trouble and hostile, in two sizes; looked at whenever one changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.config.starter import STARTER
from engine.problems import Problem
from tassist.tui.screens.command import CommandModal
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


def by_keys(*keys: str) -> Callable[[Pilot[Any]], Any]:
    """Press them once everything stands, one after the other."""

    async def press(pilot: Pilot[Any]) -> None:
        await come_to_rest(pilot)
        for key in keys:
            await pilot.press(key)
            await come_to_rest(pilot)

    return press


AT = {"dead": ("end", "up"), "end": ("end",), "home": ("home",)}
"""The keys that lead to a delivery."""


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(("state", "at"), [("troubled", "dead"), ("typical", "end"), ("hostile", "home")])
def test_a_delivery(snap_compare: Any, home: Path, state: str, at: str, size: tuple[int, int]) -> None:
    fill(home, state)

    assert snap_compare(console(home, "deliveries"), terminal_size=size, run_before=by_keys(*AT[at], "enter"))


def test_a_delivery_without_colour(snap_compare: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    fill(home, "troubled")

    assert snap_compare(console(home, "deliveries"), terminal_size=(80, 24), run_before=by_keys(*AT["dead"], "enter"))


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (("end", "r"), "deliveries"),
        (("end", "y"), "deliveries"),
        (("g", "x", "enter"), "deliveries"),
        (("d", "down", "d"), "deliveries"),
        (("end", "e"), "deliveries"),
        (("v",), "issues"),
    ],
    ids=["sure", "which", "what-wrong", "compared", "edited", "decisions"],
)
@pytest.mark.parametrize("state", ["typical", "hostile"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_dialog(
    snap_compare: Any, home: Path, keys: tuple[str, ...], place: str, state: str, size: tuple[int, int]
) -> None:
    fill(home, state)

    assert snap_compare(console(home, place), terminal_size=size, run_before=by_keys(*keys))


@pytest.mark.parametrize(
    ("keys", "place"),
    [(("end", "r"), "deliveries"), (("end", "e"), "deliveries"), (("v",), "issues")],
    ids=["sure", "edited", "decisions"],
)
def test_a_dialog_without_colour(
    snap_compare: Any, home: Path, keys: tuple[str, ...], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    fill(home, "typical")

    assert snap_compare(console(home, place), terminal_size=(80, 24), run_before=by_keys(*keys))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("text", [*HOSTILE[:2], "the disk is full"], ids=["escapes", "markup", "plain"])
def test_the_list_of_problems(snap_compare: Any, home: Path, text: str, size: tuple[int, int]) -> None:
    app = console(home)

    async def told(pilot: Pilot[Any]) -> None:
        await come_to_rest(pilot)
        app.tell([Problem("x", text, text, text)])
        await pilot.press("ctrl+t")
        await come_to_rest(pilot)

    assert snap_compare(app, terminal_size=size, run_before=told)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", ["offers", "hostile"])
def test_the_window_of_commands(snap_compare: Any, home: Path, state: str, size: tuple[int, int]) -> None:
    fill(home, "hostile")
    app = console(home)

    async def opened(pilot: Pilot[Any]) -> None:
        await come_to_rest(pilot)
        await app.run_verb("deliveries")
        await come_to_rest(pilot)
        if state == "offers":
            await pilot.press("tab", "down")
        else:
            screen = app.screen
            assert isinstance(screen, CommandModal)
            await pilot.press(*"list", "enter")
            async with asyncio.timeout(60):
                while screen.code is None:
                    await asyncio.sleep(0.01)
        await come_to_rest(pilot)

    assert snap_compare(app, terminal_size=size, run_before=opened)


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


@pytest.mark.parametrize("place", ["rules", "migration"])
def test_a_place_of_text_without_colour(
    snap_compare: Any, home: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    Path(".github").mkdir()
    Path(".github/task-assistant.yml").write_text("tracks: 7\nwrong: true\n", encoding="utf-8")
    Path("app").mkdir()

    async def look(pilot: Pilot[Any]) -> None:
        await come_to_rest(pilot)
        if place == "migration":
            pilot.app.screen.query_one("#migration-target", Input).value = "app"
            await pilot.press("enter")
            await come_to_rest(pilot)

    assert snap_compare(console(home, place), terminal_size=(80, 24), run_before=look)
