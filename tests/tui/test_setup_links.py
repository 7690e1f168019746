"""What the installer's screens wait for: a link that is opened, copied or drawn, and what is pasted."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from setup_wizard.flow import Wait
from setup_wizard.known import Known
from setup_wizard.outcome import Waiting
from setup_wizard.register_step import RegisterApp
from tassist.services.setup.wishes import Wishes
from tassist.tui.setup.ends import StartView
from tassist.tui.setup.views import PreviewView, WaitView
from tests.support.console import at_rest
from tests.support.installing_seat import QUICK, seated
from tests.support.staying_browser import staying_browser


async def test_a_wait_that_needs_a_paste_does_not_say_it_goes_on_by_itself(home: Path) -> None:
    async with seated(home, None) as seat:
        await seat.view(StartView)
        waiting = Waiting("you to create the App", accepts="the address", by_itself=False)
        await seat.screen.show(WaitView(Wait(RegisterApp(), waiting, Known()), seat.screen.desk.clock, may_open=False))

        assert "it goes on with what you paste" in seat.text("#elapsed")
        await seat.pilot.press("f5")
        await seat.until(lambda: "paste it" in seat.text("#link-said"), "the word")


async def test_what_came_of_a_key_is_said_in_its_place_and_nothing_lies_over_what_to_do(home: Path) -> None:
    async with seated(home, None) as seat:
        await seat.view(StartView)
        hints = tuple(
            f"{number}, which is as long as a line of a small window can be, and no longer" for number in range(6)
        )
        waiting = Waiting("you to install the App", "https://github.com/apps/x/installations/new", hints=hints)
        await seat.screen.show(WaitView(Wait(RegisterApp(), waiting, Known()), seat.screen.desk.clock, may_open=False))
        await at_rest(seat.app)
        await seat.pilot.press("f3")
        await at_rest(seat.app)

        drawn = "\n".join("".join(part.text for part in strip) for strip in seat.app.screen._compositor.render_strips())
        assert "copied where the terminal allows it; else select it with Shift and the mouse" in drawn
        assert all(f"· {hint}" in drawn for hint in hints)


async def test_a_browser_that_stays_in_the_foreground_holds_up_neither_the_page_nor_the_console(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with staying_browser(tmp_path / "browser") as browser:
        monkeypatch.setenv("BROWSER", browser.command)
        env = {**QUICK, "BROWSER": browser.command, "TASSIST_SETUP_APP": "new", "TASSIST_SETUP_ACCOUNT": "me"}
        async with seated(
            home, Wishes(), env={**env, "TASSIST_SETUP_WEBHOOK": "poll", "TASSIST_SETUP_CREATE_WITH": "browser"}
        ) as seat:
            await seat.view(PreviewView)
            await seat.pilot.press("enter")
            await seat.view(WaitView)
            await seat.pilot.press("f2")
            await seat.until(lambda: browser.link, "the browser")
            await seat.until(lambda: "asked to open" in seat.text("#link-said"), "the word")

            async with httpx.AsyncClient(trust_env=False, timeout=30) as reader:
                page = await reader.get(browser.link)
            assert page.status_code == 200
            assert browser.stays
        assert browser.stays
