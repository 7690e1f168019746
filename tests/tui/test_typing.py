"""Keys go where a person meant them: typed ahead over a slow line, after an empty list, or before a question stood there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.widgets import Input, Static

from tassist.services.log_file import LogFile
from tassist.store.console import Browse
from tassist.tui.app import TassistApp
from tassist.tui.screens.asking import ConfirmModal
from tassist.tui.screens.deliveries import DeliveriesScreen
from tassist.tui.screens.issues import IssuesScreen
from tassist.tui.screens.log import LogScreen
from tassist.tui.widgets.rows import Rows
from tests.support.console import Filled, asked, console, settled, talked, ticked, typical


def on_top(app: TassistApp, kind: type[object]) -> bool:
    return isinstance(app.screen, kind)


def burst(app: TassistApp, text: str) -> None:
    """What a terminal gives when several keys come at once, as they do over a slow line."""
    for char in text:
        app.post_message(events.Key({"/": "slash", ":": "colon", " ": "space"}.get(char, char), char))


@pytest.mark.parametrize(("place", "field"), [("deliveries", "#deliveries-filter"), ("log", "#log-word")])
async def test_what_is_typed_ahead_of_a_field_is_for_the_field(place: str, field: str, home: Path) -> None:
    typical(home)
    (home / "serve.log").write_text("one line\n")
    app = console(home, place)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        burst(app, "/very/ready")
        await settled(app)
        assert app.screen.query_one(field, Input).value == "very/ready"
        assert app.screen.id == f"place-{place}"
        await pilot.press("escape")
        await settled(app)
        assert app.screen.focused is app.screen.query_one(Rows)


async def test_no_key_that_came_before_a_question_stood_there_answers_it(home: Path) -> None:
    typical(home)
    app = console(home, "deliveries")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press(*["down"] * 4)
        early = events.Key("y", "y")
        await pilot.press("r")
        await asked(app, ConfirmModal)
        app.post_message(early)
        await settled(app)
        assert on_top(app, ConfirmModal), "the question still stands"

        await pilot.press("y")
        await talked(app)
        assert not on_top(app, ConfirmModal)
        row = app.screen.query_one(Rows).row
        assert row is not None
        assert app.desk.journal().find(str(row.key))[0].state == "stored"


async def test_a_list_that_was_empty_is_walked_by_keys_once_it_is_not(home: Path) -> None:
    typical(home)
    app = console(home, "deliveries")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press("slash", *"state:dead", "enter")
        await settled(app)
        await pilot.press("escape")
        await settled(app)
        await pilot.press("down", "down")
        await settled(app)

        assert app.screen.query_one(Rows).cursor == 2


@pytest.mark.parametrize("place", ["deliveries", "issues"])
async def test_the_newest_is_under_the_cursor_from_the_first_that_ever_comes_until_one_moves(
    place: str, home: Path
) -> None:
    filled = Filled(home)
    app = console(home, place)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        assert isinstance(app.screen, DeliveriesScreen | IssuesScreen)
        rows = app.screen.query(Rows).first()
        for number in range(3):
            await asyncio.to_thread(filled.delivery, number + 1)
            await ticked(app)
            assert (rows.cursor, len(rows.rows)) == (0, number + 1)
        await pilot.press("down")
        under = rows.key
        await asyncio.to_thread(filled.delivery, 4)
        await ticked(app)

        assert rows.cursor == 1
        assert rows.key == under
    filled.close()


@pytest.mark.parametrize("place", ["deliveries", "issues", "log"])
async def test_a_key_that_comes_while_the_newest_are_read_is_not_taken_back(
    place: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typical(home)
    log = home / "serve.log"
    log.write_text("".join(f"line {number}\n" for number in range(50)))
    filled = Filled(home)
    filled.count = 50
    app = console(home, place)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        assert isinstance(app.screen, DeliveriesScreen | IssuesScreen | LogScreen)
        rows = app.screen.query(Rows).first()
        reading, go_on = held(monkeypatch, place)
        await asyncio.to_thread(filled.delivery, 40)
        with log.open("a") as more:
            more.write("fresh\n")
        app.screen._tick()
        await asyncio.to_thread(reading.wait, 60)
        key, towards = ("up", -1) if place == "log" else ("down", 1)
        wanted = rows.rows[rows.cursor + towards].key
        await pilot.press(key)
        go_on.set()
        await settled(app)
        await ticked(app)

        assert rows.key == wanted
        if place != "issues":
            said = str(app.screen.query_one(f"#{place}-said", Static).content)
            assert "1 new " in said
    filled.close()


def held(monkeypatch: pytest.MonkeyPatch, place: str) -> tuple[threading.Event, threading.Event]:
    """The next reading of a place's newest says that it has begun, and then waits; those after it do not."""
    reading, go_on = threading.Event(), threading.Event()
    owner, name = {
        "deliveries": (Browse, "extent"), "issues": (Browse, "recent_issues"), "log": (LogFile, "before"),
    }[place]  # fmt: skip
    really: Callable[..., Any] = getattr(owner, name)

    def waits(*args: Any, **more: Any) -> Any:
        found = really(*args, **more)
        reading.set()
        go_on.wait(60)
        return found

    monkeypatch.setattr(owner, name, waits)
    return reading, go_on


async def test_escape_leaves_a_place_of_fields_so_that_digits_go_to_places_again(home: Path) -> None:
    app = console(home, "migration")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press("9")
        assert app.current_mode == "migration"
        assert app.screen.query_one("#migration-target", Input).value == "9"
        await pilot.press("escape", "9")
        await settled(app)

        assert app.current_mode == "log"
