"""The shell of the app: places, keys, palette, problems, and an end that shows nothing it must not."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from rich.console import Console
from textual.app import App

from engine.problems import Problem
from tassist.errors import Secret
from tassist.tui import boundary, key_reference, keys
from tassist.tui.app import TassistApp
from tassist.tui.commands import REACH
from tassist.tui.places import PLACE_BY_ID, PLACES
from tassist.tui.screens.problems import ProblemsModal
from tests.support.console import HOSTILE, console, settled, typical, verbs

CANARY = "ghs_canary0123456789abcdefABCDEF"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.id)
async def test_each_place_has_a_key_and_opens_on_an_empty_home(place: object, home: Path) -> None:
    assert isinstance(place, type(PLACES[0]))
    app = console(home, "log")
    async with app.run_test(notifications=True) as pilot:
        await pilot.press(place.key)
        await settled(app)

        assert app.current_mode == place.id
        assert app.screen.id == f"place-{place.id}"


def test_keys_of_places_are_told_apart() -> None:
    assert len({place.key for place in PLACES}) == len(PLACES)


async def test_the_palette_offers_every_place_and_every_verb(home: Path) -> None:
    app = console(home)
    async with app.run_test():
        found = {command.title for command in app.get_system_commands(app.screen)}

    assert {f"go: {place.title}" for place in PLACES} <= found
    assert {f"run: {verb.name}" for verb in verbs()} <= found
    assert {f"do: {verb.name}" for verb in verbs() if verb.name in REACH} <= found
    assert all(reach.place in PLACE_BY_ID for reach in REACH.values())


class _Crashing(TassistApp):
    def on_key(self) -> None:
        token = Secret(CANARY)
        revealed = token.reveal()
        raise RuntimeError(f"no good: {revealed[:0]}authorization: bearer {revealed}")


async def test_h74_a_crash_shows_where_and_never_what_a_variable_held(home: Path) -> None:
    app = _Crashing(console(home).desk)
    told = io.StringIO()
    app.error_console = Console(file=told, width=100)

    with pytest.raises(RuntimeError):
        async with app.run_test() as pilot:
            await pilot.press("x")
    app._print_error_renderables()

    said = told.getvalue()
    assert "something in tassist itself went wrong: RuntimeError" in said
    assert "on_key" in said
    assert CANARY not in said
    assert "revealed =" not in said
    assert app.return_code == 1


def test_the_private_method_of_the_boundary_is_still_what_textual_calls() -> None:
    assert callable(getattr(App, "_fatal_error", None))
    assert TassistApp._fatal_error is not App._fatal_error
    assert "_fatal_error" in App._handle_exception.__code__.co_names


def test_a_crash_report_makes_its_words_harmless() -> None:
    said = boundary.crash_report(ValueError(HOSTILE[0]))

    assert "\x1b" not in said
    assert "\x07" not in said


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_h71_a_hostile_problem_is_harmless_as_toast_and_in_the_list(text: str, home: Path) -> None:
    app = console(home)
    async with app.run_test(notifications=True, size=(80, 24)) as pilot:
        app.tell([Problem("x", text, text, text)])
        await pilot.press("ctrl+t")
        await settled(app)

        assert isinstance(app.screen, ProblemsModal)
        assert "\x1b" not in app.export_screenshot()


async def test_a_persons_own_keys_are_taken(home: Path) -> None:
    (home / keys.FILE_NAME).write_text('go-log = "f9"\nleave = "ctrl+x"\n')
    app = console(home, "deliveries")
    async with app.run_test() as pilot:
        await pilot.press("f9")
        await settled(app)

        assert app.current_mode == "log"


async def test_a_wrong_keymap_is_a_problem_and_not_the_end(home: Path) -> None:
    (home / keys.FILE_NAME).write_text('go-nowhere = "f9"\nleave = "no key"\n')
    app = console(home)
    async with app.run_test():
        assert {problem.code for problem in app.problems} == {"keymap-unknown", "keymap-no-key"}


def test_every_binding_has_an_id_a_description_and_a_tooltip() -> None:
    rows = key_reference.all_bindings()

    assert [row for row in rows if not (row.description and row.tooltip)] == []
    assert len({row.id for row in rows}) == len(rows)


def test_no_key_is_given_twice_in_a_scope() -> None:
    everywhere = {
        key for row in key_reference.all_bindings() if row.scope == "everywhere" for key in row.key.split(",")
    }
    seen: set[tuple[str, str]] = set()
    for row in key_reference.all_bindings():
        for key in row.key.split(","):
            assert (row.scope, key) not in seen, (row.scope, key)
            seen.add((row.scope, key))
            if row.scope != "everywhere":
                assert key not in everywhere - {"q"}, (row.scope, key)


@pytest.mark.parametrize("theme", ["dark", "light", "ansi-dark", "ansi-light"])
async def test_each_theme_draws(theme: str, home: Path) -> None:
    app = console(home, "log", TASSIST_THEME=theme)
    async with app.run_test() as pilot:
        await pilot.press("f12")
        await settled(app)

        assert app.screen.id == "place-log"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.id)
async def test_h73_a_tiny_terminal_and_a_resize_storm_break_nothing(place: object, home: Path) -> None:
    assert isinstance(place, type(PLACES[0]))
    app = console(home, place.id)
    async with app.run_test(size=(20, 5)) as pilot:
        for width, height in [(80, 24), (1, 1), (200, 60), (20, 5), (3, 40), (300, 2), (20, 5)]:
            await pilot.resize_terminal(width, height)
        await settled(app)

        assert app.screen.id == f"place-{place.id}"
        assert app.return_code is None


def test_what_is_read_in_the_middle_of_a_write_is_read_again_a_moment_later(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typical(home)
    desk = console(home).desk
    just, again = desk.stamp(), desk.stamp()
    assert just == again

    later = time.time_ns() + 2_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: later)
    assert desk.stamp() != just
    assert desk.stamp() == desk.stamp()
