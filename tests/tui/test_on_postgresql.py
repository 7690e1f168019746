"""The console on a journal in PostgreSQL: pages by key, words, following, what one delivery became, replay, send again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from textual.widgets import Static, TextArea

from tassist.config import settings
from tassist.store.journal import Journal
from tassist.store.model import DeliveryRow
from tassist.store.pages import Filter
from tassist.store.place import open_database
from tassist.tui.app import TassistApp
from tassist.tui.desk import Desk
from tassist.tui.screens.asking import ConfirmModal, TextModal
from tassist.tui.screens.delivery_detail import DeliveryDetailScreen
from tassist.tui.screens.delivery_edit import EditModal
from tassist.tui.widgets.rows import Rows
from tests.support import postgres
from tests.support.console import (
    HOSTILE,
    NOW,
    Filled,
    StillClock,
    asked,
    assert_harmless,
    settled,
    talked,
    ticked,
    verbs,
)
from tests.support.delivering import SECRET
from tests.support.service import deliver, outside, wait_for

pytestmark = pytest.mark.slow


class FilledDatabase(Filled):
    """The same deliveries, in a database."""

    def __init__(self, home: Path, address: str) -> None:
        self.home = home
        self.address = address
        self.journal = cast("Journal", open_database(address))  # as much of it as is used here is the same
        self.at = NOW - timedelta(hours=2)
        self.count = 0


@pytest.fixture
def filled(home: Path, postgresql: str) -> Iterator[FilledDatabase]:
    """A database with nothing in it yet."""
    postgres.empty(postgresql)
    made = FilledDatabase(home, postgresql)
    yield made
    made.close()


def console(filled: FilledDatabase, place: str) -> TassistApp:
    env = {"HOME": str(filled.home), "TASSIST_DATABASE": filled.address, "GITHUB_WEBHOOK_SECRET": SECRET}
    loaded = settings.load({"home": str(filled.home)}, env=env, dotenv=None)
    return TassistApp(Desk(loaded, StillClock(), verbs=verbs()), place=place)


def shown(app: TassistApp) -> list[str]:
    return [str(row.key) for row in app.screen.query_one(Rows).rows]


def on_top(app: TassistApp, kind: type[object]) -> bool:
    return isinstance(app.screen, kind)


def said(app: TassistApp) -> str:
    return str(app.screen.query_one("#deliveries-said", Static).content)


async def words(app: TassistApp, text: str) -> set[str]:
    """The issues of what a line of words finds."""
    from tassist.tui.screens.deliveries import DeliveriesScreen

    assert isinstance(app.screen, DeliveriesScreen)
    app.screen.ask(text)
    await settled(app)
    assert not app.screen.query_one("#deliveries-problem").display
    return {row.cells[2] for row in app.screen.query_one(Rows).rows} if app.screen.listed else set()


async def test_pages_by_key_and_back(filled: FilledDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tassist.tui.screens.deliveries.PAGE", 4)
    made = [await asyncio.to_thread(filled.delivery, number + 1, writes=False) for number in range(10)]
    app = console(filled, "deliveries")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        seen = shown(app)
        for _ in range(2):
            await pilot.press(*["down"] * 4)
            await settled(app)
            seen += shown(app)
        assert list(dict.fromkeys(seen)) == made[::-1]
        await pilot.press("home")
        await settled(app)
        assert shown(app) == made[:-5:-1]
        await pilot.press("end")
        await settled(app)
        assert shown(app)[-1] == made[0]
    app.desk.close()


async def test_every_word_filters(filled: FilledDatabase) -> None:
    make: Callable[..., str] = filled.delivery
    await asyncio.to_thread(make, 1, action="opened", title="The needle")
    await asyncio.to_thread(make, 2, repo="acme/other", repo_id=8)
    await asyncio.to_thread(make, 3, outcome="failed", state="dead", reason="given up")
    await asyncio.to_thread(make, 4, event="issue_comment", action="created", state="ignored", reason="nothing")
    await asyncio.to_thread(make, 5, state="waiting")
    app = console(filled, "deliveries")
    async with app.run_test(size=(120, 40)):
        await settled(app)
        for text, expected in (
            ("event:issue_comment", {"acme/shop"}),
            ("action:opened", {"acme/shop#1"}),
            ("repo:acme/other", {"acme/other#2"}),
            ("acme/shop#3", {"acme/shop#3"}),
            ("issue:5", {"acme/shop#5"}),
            ("state:dead", {"acme/shop#3"}),
            ("outcome:failed", {"acme/shop#3"}),
            ("needle", {"acme/shop#1"}),
            ("needle action:labeled", set()),
            ("until:2026-11-28T10:01:30", {"acme/shop#1"}),
            ("since:2026-11-28T10:04:30", {"acme/shop#5"}),
        ):
            assert await words(app, text) == expected, text
    app.desk.close()


async def test_it_follows_and_says_how_many_wait(filled: FilledDatabase) -> None:
    for number in range(3):
        await asyncio.to_thread(filled.delivery, number + 1, writes=False)
    app = console(filled, "deliveries")
    clock = app.desk.clock
    assert isinstance(clock, StillClock)

    async def tick() -> None:
        clock.moment += timedelta(seconds=2)  # a database is asked every two seconds
        await ticked(app)

    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        fresh = await asyncio.to_thread(filled.delivery, writes=False)
        await tick()
        assert shown(app)[0] == fresh
        await pilot.press("down", "down")
        for _ in range(3):
            await asyncio.to_thread(filled.delivery, writes=False)
        await tick()
        assert shown(app)[0] == fresh
        assert "3 new wait" in said(app)
        await pilot.press("t")
        await settled(app)
        assert len(shown(app)) == 7
    app.desk.close()


async def test_what_became_of_one_where_two_differ_and_having_it_again(filled: FilledDatabase) -> None:
    await asyncio.to_thread(filled.delivery, 1, title="before")
    last = await asyncio.to_thread(filled.delivery, 1, title="after")
    app = console(filled, "deliveries")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        await pilot.press("D")
        await settled(app)
        assert on_top(app, TextModal)
        assert '~ issue.title: "before" → "after"' in [line.plain for line in cast("TextModal", app.screen).lines]
        await pilot.press("escape", "enter")
        await settled(app)
        assert on_top(app, DeliveryDetailScreen)
        assert "track.classify" in str(app.screen.query_one("#delivery-decided-text", Static).content)
        await pilot.press("escape", "r")
        await asked(app, ConfirmModal)
        await pilot.press("y")
        await talked(app)
        assert app.desk.journal().find(last)[0].state == "stored"
        await pilot.press("3")
        await settled(app)
        assert [row.cells[0] for row in app.screen.query_one("#issues-rows", Rows).rows] == ["acme/shop#1"]
        assert app.screen.query_one("#issues-origins", Rows).rows
        for key in "18":
            await pilot.press(key)
            await settled(app)
            assert len(app.screen.query("#place-bar")) == 1
    assert not app.problems
    app.desk.close()


async def test_h71_hostile_text_is_harmless(filled: FilledDatabase) -> None:
    for number, text in enumerate(HOSTILE, 1):
        await asyncio.to_thread(filled.delivery, number, title=text, sender=text[:80].replace("\0", ""))
    app = console(filled, "deliveries")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        for _ in HOSTILE:
            await pilot.press("enter")
            await settled(app)
            assert_harmless(app)
            await pilot.press("escape", "down")
            await settled(app)
            assert_harmless(app)
    app.desk.close()


async def test_an_edited_copy_is_sent_to_a_service_on_the_database(tmp_path: Path, postgresql: str) -> None:
    postgres.empty(postgresql)
    with outside(tmp_path) as world, world.service(TASSIST_API_LIMITS="off", TASSIST_DATABASE=postgresql) as service:
        issue = world.issue(title="an issue")
        assert deliver(service.url, world.payload(issue), delivery_id="d-1") == 202
        port = service.url.rpartition(":")[2]
        env = {**world.env, "TASSIST_API_LIMITS": "off", "TASSIST_DATABASE": postgresql, "TASSIST_PORT": port}
        app = TassistApp(
            Desk(settings.load({"home": str(world.home)}, env=env, dotenv=None), StillClock(), verbs=verbs()),
            place="deliveries",
        )

        def rows() -> list[DeliveryRow]:
            return [one.row for one in app.desk.journal().browse.page(Filter(), limit=9).rows]

        await asyncio.to_thread(wait_for, lambda: [row.state for row in rows()] == ["done"], "it to be handled")
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await settled(app)
            await pilot.press("e")
            await asked(app, EditModal)
            area = app.screen.query_one(TextArea)
            area.load_text(area.text.replace("an issue", "second title"))
            await pilot.press("ctrl+s")
            await asked(app, ConfirmModal)
            await pilot.press("y")
            await talked(app)
            assert not app.problems
        sent = rows()[0]
        assert sent.state == "done"
        assert json.loads(app.desk.journal().body(sent.seq) or b"")["issue"]["title"] == "second title"
        app.desk.close()
