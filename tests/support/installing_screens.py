"""The installer with screens, answered by keyboard: the same answers a person would type at the prompts."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import httpx
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tassist.clock import SystemClock
from tassist.config import settings
from tassist.services.setup.wishes import Wishes
from tassist.tui.app import TassistApp
from tassist.tui.desk import Desk
from tassist.tui.setup.ends import DoneView
from tassist.tui.setup.lists import ManyList, SearchedList
from tassist.tui.setup.views import FailedView, PreviewView, QuestionView, View, WaitView
from tests.support.installing import Installing

PATIENCE_S = 90.0


async def sit_at_screens(installing: Installing, typed: dict[str, str], saved: Path) -> list[str]:
    """Go through the whole installation; the ids of the questions, in order.

    The process has the environment and the folder of the installation.
    """
    work = Desk(settings.load({}, dotenv=None), SystemClock())
    work.options = {"wishes": Wishes(), "save_answers": saved, "quick": True}
    app = TassistApp(work, place="setup")
    asked: list[str] = []
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        while True:
            view = await _next_view(pilot)
            if isinstance(view, DoneView):
                return asked
            assert not isinstance(view, FailedView), [each.what for each in view.failed.problems]
            if isinstance(view, QuestionView):
                asked.append(view.ask.question.id)
                assert asked.count(asked[-1]) == 1, asked
                await _answer(pilot, view, typed.get(asked[-1], ""))
            elif isinstance(view, PreviewView):
                await pilot.press("enter")
            elif isinstance(view, WaitView):
                await _do_what_is_waited_for(pilot, installing, view)
            await _gone(pilot, view)


async def _next_view(pilot: Pilot[Any]) -> View[Any] | DoneView:
    """What wants something now, once it has the focus and is drawn: a key pressed before goes nowhere."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            screen: Any = pilot.app.screen
            views = (
                [*screen.query(View), *screen.query(DoneView)]
                if getattr(screen, "_shown_at", math.inf) < math.inf
                else []
            )
            for view in views:
                if view.has_focus_within and not (isinstance(view, View) and view.answer.done()):
                    found: View[Any] | DoneView = view
                    return found
            await pilot.pause(0.02)


async def _gone(pilot: Pilot[Any], view: View[Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not view.answer.done() and view.is_attached:
            await pilot.pause(0.02)


async def _answer(pilot: Pilot[Any], view: QuestionView, raw: str) -> None:
    field = view.query_one("#field")
    if isinstance(field, Input):
        if raw:
            field.value = raw
    elif view.query(SearchedList):
        await pilot.press("down")
    if isinstance(field, ManyList) and raw:
        wanted = raw.split(",")
        assert set(wanted) <= {choice.value for choice in field.choices}, (wanted, field.choices)
        # What excludes others is marked last where it is wanted, and is no longer marked where another is.
        for at, choice in enumerate(field.choices):
            if (choice.value in wanted) != (choice.value in field.marked):
                await pilot.press("home", *["down"] * at, "space")
        assert set(field.marked) == set(wanted)
    elif isinstance(field, OptionList) and raw:
        ids = [field.get_option_at_index(at).id for at in range(field.option_count)]
        await pilot.press("home", *["down"] * ids.index(raw))
    await pilot.press("enter")
    await pilot.pause()
    said = view.query_one("#field-error") if view.is_attached else None
    assert said is None or not said.display, str(getattr(said, "content", ""))


async def _do_what_is_waited_for(pilot: Pilot[Any], installing: Installing, view: WaitView) -> None:
    waiting = view.wait_for.waiting
    if waiting.link:
        await asyncio.to_thread(installing.person.see, waiting.link)
    elif waiting.accepts:
        page = (installing.home / "create-app.html").read_text()
        shown = httpx.Response(200, text=page, request=httpx.Request("GET", "http://127.0.0.1/"))
        view.query_one("#paste", Input).value = await asyncio.to_thread(installing.person.at_github, shown)
        await pilot.press("enter")
