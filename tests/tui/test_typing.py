"""Keys go where a person meant them: typed ahead over a slow line, after an empty list, or before a question stood there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from tassist.tui.app import TassistApp
from tassist.tui.screens.asking import ConfirmModal
from tassist.tui.screens.deliveries import DeliveriesScreen
from tassist.tui.screens.issues import IssuesScreen
from tassist.tui.widgets.rows import Rows
from tests.support.console import Filled, asked, console, settled, talked, typical


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
async def test_the_first_that_ever_comes_is_under_the_cursor(place: str, home: Path) -> None:
    filled = Filled(home)
    app = console(home, place)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        for number in range(3):
            await asyncio.to_thread(filled.delivery, number + 1)
        assert isinstance(app.screen, DeliveriesScreen | IssuesScreen)
        app.screen._tick()
        await settled(app)
        await pilot.press("down")
        await settled(app)

        assert app.screen.query(Rows).first().cursor == 1
    filled.close()


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
