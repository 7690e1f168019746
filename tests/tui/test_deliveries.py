"""Deliveries: paging, following, searching, comparing, copying; each key leads to what must then be there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from tassist.services import delivery_search
from tassist.store.model import DeliveryRow
from tassist.store.ports import Journal
from tassist.tui.app import TassistApp
from tassist.tui.screens import deliveries
from tassist.tui.screens.asking import ChoiceModal, ConfirmModal, TextModal
from tassist.tui.screens.deliveries import DeliveriesScreen
from tassist.tui.screens.delivery_detail import DeliveryDetailScreen
from tassist.tui.widgets.panels import Empty, ProblemPanel
from tassist.tui.widgets.rows import Rows
from tests.support.console import HOSTILE, Filled, assert_harmless, console, hostile, settled, ticked, typical


def on_top(app: TassistApp, kind: type[object]) -> bool:
    """Whether the screen on top is of this kind."""
    return isinstance(app.screen, kind)


def screen(app: TassistApp) -> DeliveriesScreen:
    assert isinstance(app.screen, DeliveriesScreen)
    return app.screen


def said(app: TassistApp) -> str:
    return str(app.screen.query_one("#deliveries-said", Static).content)


def many(home: Path, count: int) -> Filled:
    filled = Filled(home)
    for number in range(count):
        filled.delivery(number % 9 + 1, writes=False)
    return filled


@pytest.fixture
def held(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Twenty deliveries, every fifth about a needle; a search waits for the event when it comes to the sixth."""
    filled = Filled(home)
    for number in range(1, 21):
        filled.delivery(number, title="a needle" if number % 5 == 0 else "hay", writes=False)
    filled.close()
    go_on, really = threading.Event(), delivery_search.holds

    def holds(journal: Journal, row: DeliveryRow, text: str) -> tuple[tuple[str, str], ...]:
        if row.seq <= 6:
            go_on.wait(60)
        return really(journal, row, text)

    monkeypatch.setattr(delivery_search, "holds", holds)
    monkeypatch.setattr(deliveries, "PAGE", 6)
    monkeypatch.setattr(deliveries, "TICK_S", 0)
    yield go_on
    go_on.set()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


async def test_the_newest_stand_on_top_and_follow(home: Path) -> None:
    filled = many(home, 3)
    app = console(home, "deliveries")
    async with app.run_test() as pilot:
        await settled(app)
        assert len(app.screen.query_one(Rows).rows) == 3
        assert "following" in said(app)

        fresh = await asyncio.to_thread(filled.delivery)
        await ticked(app)

        assert app.screen.query_one(Rows).rows[0].key == fresh
        await pilot.pause()
    filled.close()


async def test_the_tail_stops_when_one_moves_and_says_how_many_wait(home: Path) -> None:

    filled = many(home, 5)
    app = console(home, "deliveries")
    async with app.run_test() as pilot:
        await settled(app)
        await pilot.press("down", "down")
        held = app.screen.query_one(Rows).row
        for _ in range(3):
            await asyncio.to_thread(filled.delivery)
        await ticked(app)

        assert app.screen.query_one(Rows).row == held
        assert "3 new wait" in said(app)

        await pilot.press("t")
        await settled(app)
        assert len(app.screen.query_one(Rows).rows) == 8
        assert "following" in said(app)
    filled.close()


async def test_beyond_the_last_row_the_next_page_follows(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tassist.tui.screens.deliveries.PAGE", 4)
    many(home, 10).close()
    app = console(home, "deliveries")
    async with app.run_test() as pilot:
        await settled(app)
        seen = [row.key for row in app.screen.query_one(Rows).rows]
        for _ in range(2):
            await pilot.press(*["down"] * 4)
            await settled(app)
            seen += [row.key for row in app.screen.query_one(Rows).rows]
        assert len(set(seen)) == 10

        await pilot.press("home")
        await settled(app)
        assert app.screen.query_one(Rows).rows[0].key == seen[0]

        await pilot.press("end")
        await settled(app)
        assert app.screen.query_one(Rows).row is not None
        assert str(app.screen.query_one(Rows).rows[-1].key).startswith("00000001")


async def test_words_filter_and_escape_shows_all(home: Path) -> None:
    typical(home)
    app = console(home, "deliveries")
    async with app.run_test() as pilot:
        await settled(app)
        await pilot.press("slash")
        assert isinstance(app.focused, Input)
        await pilot.press(*"state:ignored")
        await pilot.press("enter")
        await settled(app)
        assert {row.cells[3] for row in app.screen.query_one(Rows).rows} == {"ignored"}
        assert "filter: state:ignored" in said(app)

        await pilot.press("escape")
        await settled(app)
        assert len(app.screen.query_one(Rows).rows) == 15


async def test_text_is_found_in_bodies(home: Path) -> None:
    typical(home)
    app = console(home, "deliveries")
    async with app.run_test():
        await settled(app)
        screen(app).ask("number 7")
        await settled(app)

        assert [row.cells[2] for row in app.screen.query_one(Rows).rows] == ["acme/shop#7"]


async def test_wrong_words_are_said_and_nothing_is_lost(home: Path) -> None:
    typical(home)
    app = console(home, "deliveries")
    async with app.run_test():
        await settled(app)
        screen(app).ask("state:lost")
        await settled(app)

        assert app.screen.query_one("#deliveries-problem", ProblemPanel).display
        assert len(app.screen.query_one(Rows).rows) == 15


async def test_without_a_journal_it_says_what_to_do(home: Path) -> None:
    app = console(home, "deliveries")
    async with app.run_test():
        await settled(app)

        assert "tassist setup" in str(app.screen.query_one(Empty).content)


async def test_a_delivery_is_opened_and_left(home: Path) -> None:
    typical(home)
    app = console(home, "deliveries")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        await pilot.press(*["down"] * 4, "enter")
        await settled(app)
        assert on_top(app, DeliveryDetailScreen)
        assert "track.classify" in str(app.screen.query_one("#delivery-decided-text", Static).content)
        assert "tracks[0].default" in str(app.screen.query_one("#delivery-decided-text", Static).content)
        assert '"issue"' in str(app.screen.query_one("#delivery-body-text", Static).content)

        await pilot.press("escape")
        await settled(app)
        assert on_top(app, DeliveriesScreen)


async def test_two_deliveries_are_compared(home: Path) -> None:
    typical(home)
    app = console(home, "deliveries")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        await pilot.press("d", "down", "d")
        await settled(app)

        assert isinstance(app.screen, TextModal)
        assert any("issue.number" in line.plain for line in app.screen.lines)


async def test_a_delivery_is_compared_with_the_one_before_of_its_issue(home: Path) -> None:
    filled = Filled(home)
    for title in ("before", "other", "after"):
        filled.delivery(2 if title == "other" else 1, title=title)
    filled.close()
    app = console(home, "deliveries")
    async with app.run_test() as pilot:
        await settled(app)
        await pilot.press("D")
        await settled(app)

        assert isinstance(app.screen, TextModal)
        assert '~ issue.title: "before" → "after"' in [line.plain for line in app.screen.lines]


async def test_replaying_asks_first(home: Path) -> None:
    typical(home)
    app = console(home, "deliveries")
    async with app.run_test() as pilot:
        await settled(app)
        await pilot.press(*["down"] * 4)
        key = app.screen.query_one(Rows).row
        await pilot.press("r")
        await pilot.pause()
        assert on_top(app, ConfirmModal)
        await pilot.press("n")
        await settled(app)
        assert key is not None
        assert app.desk.journal().find(str(key.key))[0].state == "done"

        await pilot.press("r")
        await pilot.pause()
        await pilot.press("y")
        await settled(app)
        assert app.desk.journal().find(str(key.key))[0].state == "stored"


async def test_a_test_case_goes_to_the_clipboard(home: Path) -> None:
    typical(home)
    app = console(home, "deliveries")
    async with app.run_test() as pilot:
        await settled(app)
        await pilot.press(*["down"] * 4, "y")
        await pilot.pause()
        assert on_top(app, ChoiceModal)
        await pilot.press("down", "enter")
        await settled(app)

        assert "From the journal" in app.clipboard


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (20, 5)], ids=str)
async def test_h71_hostile_text_is_harmless_in_the_list_and_on_the_page(size: tuple[int, int], home: Path) -> None:
    hostile(home)
    app = console(home, "deliveries")
    async with app.run_test(size=size) as pilot:
        await settled(app)
        for _ in HOSTILE:
            await pilot.press("enter")
            await settled(app)
            assert on_top(app, DeliveryDetailScreen)
            assert_harmless(app)
            await pilot.press("escape", "down")
            await settled(app)
            assert_harmless(app)


async def test_what_is_found_appears_while_the_rest_is_looked_through(home: Path, held: threading.Event) -> None:
    app = console(home, "deliveries")
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(app)
        await pilot.press("slash", *"needle", "enter")
        await until(lambda: "3 shown · looking on, escape stops · 6 not looked at" in said(app))
        rows = app.screen.query_one(Rows)
        await pilot.press("down", "down")
        assert rows.cursor == 2
        await pilot.press("slash", *"abc")
        assert screen(app).query_one("#deliveries-filter", Input).value.endswith("abc")
        await pilot.press("escape", "down", "down")
        assert rows.cursor == 2, "at the end of what was found so far nothing is looked for anew"

        held.set()
        await settled(app)
        assert [str(row.key)[:8] for row in rows.rows] == [f"{number:08x}" for number in (20, 15, 10, 5)]
        assert rows.cursor == 2, "what came did not move it"
        assert "4 shown · t looks again" in said(app)


async def test_escape_stops_a_search_and_keeps_what_was_found(home: Path, held: threading.Event) -> None:
    app = console(home, "deliveries")
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(app)
        screen(app).ask("needle")
        await until(lambda: "3 shown · looking on" in said(app))
        await pilot.press("escape")
        assert "3 shown · stopped · 6 not looked at" in said(app)
        held.set()
        await settled(app)
        assert "3 shown · stopped" in said(app)

        await pilot.press("down", "down", "down")
        await settled(app)
        assert [str(row.key)[:8] for row in app.screen.query_one(Rows).rows] == ["00000005"]

        await pilot.press("escape")
        await settled(app)
        assert len(app.screen.query_one(Rows).rows) == 6
        assert "following" in said(app)


async def test_a_search_that_has_found_nothing_yet_shows_nothing_else(home: Path, held: threading.Event) -> None:
    app = console(home, "deliveries")
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(app)
        screen(app).ask("a-word-nobody-wrote")
        await until(lambda: "looking on" in said(app))
        assert "Nothing found yet" in str(app.screen.query_one(Empty).content)

        await pilot.press("escape")
        held.set()
        await settled(app)
        assert "until the search was stopped" in str(app.screen.query_one(Empty).content)

        await pilot.press("escape")
        await settled(app)
        assert len(app.screen.query_one(Rows).rows) == 6
        assert app.focused is app.screen.query_one(Rows)
