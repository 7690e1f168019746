"""The place Health: findings by keyboard, a fix by its key, hostile text harmless."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.widgets import OptionList, Static

from tassist.doctor.check import State, failed, warning
from tassist.doctor.examine import Examined
from tassist.services import doctor
from tassist.tui.screens.health import HealthScreen
from tests.support.console import HOSTILE, console, settled


def finding_text(app: object) -> str:
    from tassist.tui.app import TassistApp

    assert isinstance(app, TassistApp)
    return str(app.screen.query_one("#finding-text", Static).render())


async def test_every_check_is_shown_with_state_in_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    app = console(home, "health")
    async with app.run_test(size=(80, 24)):
        await settled(app)
        screen = app.screen
        assert isinstance(screen, HealthScreen)
        listed = screen.query_one("#checks", OptionList)

        assert [option.id for option in listed.options] == [check.id for check in doctor.all_checks()]
        assert set(screen.found) == {check.id for check in doctor.all_checks()}
        assert all(item.finding.state.value in str(listed.get_option(item.id).prompt) for item in screen.found.values())


async def test_a_fix_is_applied_by_its_key_and_looked_at_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    env = home / ".env"
    env.write_text("GITHUB_WEBHOOK_SECRET=x\n")
    env.chmod(0o644)
    app = console(home, "health")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, HealthScreen)
        for _ in range(len(screen.found)):
            if screen.chosen is not None and screen.chosen.id == "env-file":
                break
            await pilot.press("n")
        assert "f: make the file private" in finding_text(app)

        await pilot.press("f")
        await settled(app)

        assert env.stat().st_mode & 0o777 == 0o600
        assert screen.found["env-file"].finding.state == State.OK
        assert screen.chosen is not None
        assert screen.chosen.id == "env-file"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_h71_a_hostile_finding_is_harmless(text: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    app = console(home, "health")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, HealthScreen)
        screen._came_in(Examined("python", text, failed(text, text, text, mendable=True), 0.1, text))
        await pilot.pause()

        assert "\x1b" not in app.export_screenshot()
        assert "failed" in finding_text(app)


async def test_a_secret_in_a_finding_is_blanked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    app = console(home, "health")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, HealthScreen)
        screen._came_in(Examined("python", "Python", warning("seen: ghs_canary0123456789abcdefABCDEF"), 0.1))
        await pilot.pause()

        assert "canary" not in app.export_screenshot()
        assert "canary" not in finding_text(app)


async def test_leaving_while_it_looks_breaks_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    app = console(home, "health")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("9")
        await asyncio.sleep(0)
        await pilot.press("8")
        await settled(app)

        assert app.screen.id == "place-health"
