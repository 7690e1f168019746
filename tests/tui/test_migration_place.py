"""The place Migration: an audit and a comparison by keyboard, a report by its key, hostile text harmless."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from engine.problems import Problem
from tassist.cli.app import root
from tassist.opening import OpenPlace
from tassist.tui.app import TassistApp
from tassist.tui.messages import Troubled
from tassist.tui.screens.migration import REPORT, MigrationScreen
from tests.support import family
from tests.support.console import HOSTILE, console, desk, settled
from tests.support.legacy import write


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A folder with legacy automation, a record and a proposed configuration."""
    hostile = "".join(f"# {text}\n" for text in ["[/x] [@click=app.quit]x[/]"])
    write(tmp_path / "app", {f".github/workflows/{name}": hostile + text for name, text in family.FILES.items()})
    state = {
        "component": "c", "timestamp": "20251206T120000Z", "repository": "octo/app",
        "issues": [{"number": n, "title": title, "labels": ["team-app", title[:40]], "milestone": "App 1", "updated_at": "2025-11-20T00:00:00Z"} for n, title in enumerate(HOSTILE, 1)],
    }  # fmt: skip
    write(tmp_path, {"record/state.json": json.dumps(state), "new.yml": family.CONFIG})
    return tmp_path


def text(screen: MigrationScreen) -> str:
    return str(screen.query_one("#migration-text", Static).render())


def titles(screen: MigrationScreen) -> list[str]:
    return [entry.title for entry in screen.entries]


async def test_an_audit_by_keyboard(home: Path, repo: Path) -> None:
    app = console(home, "migration")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, MigrationScreen)
        assert screen.focused is not None
        assert screen.focused.id == "migration-target"

        screen.query_one("#migration-target", Input).value = str(repo / "app")
        await pilot.press("enter")
        await settled(app)

        assert "issue automation: sync.yml" in titles(screen)
        assert titles(screen)[-1] == "not ours, left alone (1)"
        assert any(title.startswith("defect personal-token") for title in titles(screen))
        assert screen.focused is not None
        assert screen.focused.id == "migration-found"
        assert "check.yml" in text(screen)
        await pilot.press("down")
        assert "greet.yml" in text(screen)
        assert screen.check_action("save", ()) is None, "there is nothing to write yet"


async def test_a_token_that_stands_in_the_repository_is_not_shown(home: Path, repo: Path) -> None:
    token = "ghp_" + "a1" * 18
    leaky = f"on: push\njobs:\n  go:\n    runs-on: x\n    steps: [{{uses: octo/made@{token}}}]\n"
    write(repo / "app", {".github/workflows/leaky.yml": leaky})
    app = console(home, "migration")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, MigrationScreen)
        screen.query_one("#migration-target", Input).value = str(repo / "app")
        await pilot.press("enter")
        await settled(app)
        at = next(at for at, entry in enumerate(screen.entries) if "octo/made" in entry.text)
        screen.query_one("#migration-found", OptionList).highlighted = at
        await pilot.pause()

        assert "octo/made is used at ***" in text(screen)
        assert token[4:] not in text(screen)


async def test_a_comparison_and_its_report(home: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    app = console(home, "migration")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, MigrationScreen)
        for name, value in (("target", "app"), ("record", "record"), ("config", "new.yml")):
            screen.query_one(f"#migration-{name}", Input).value = value
        await pilot.press("enter")
        await settled(app)

        assert titles(screen)[0].startswith("rule by rule")
        assert any(title.startswith("intended improvement") for title in titles(screen))
        for _ in titles(screen):
            await pilot.press("down")
        assert "\x1b]" not in app.export_screenshot()

        await pilot.press("w")
        await settled(app)
        page = (repo / REPORT).read_text()
        assert page.startswith("<!DOCTYPE html>")
        assert "<img" not in page


async def test_what_is_not_there_is_said_on_the_screen_and_no_toast_lies_over_it(home: Path) -> None:
    app = console(home, "migration")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, MigrationScreen)
        await pilot.press("enter")
        assert "Type a repository first" in str(screen.query_one("#migration-says", Static).render())

        screen.query_one("#migration-target", Input).value = "nowhere"
        await pilot.press("enter")
        await settled(app)

        assert "there is no folder or file" in text(screen)
        assert not list(app._notifications)
        assert "there is no folder or file" in app.problems[0].what, "it is in the list of problems as well"


async def test_who_has_gone_elsewhere_is_told_that_the_audit_failed(home: Path) -> None:
    app = console(home, "migration")
    async with app.run_test(size=(80, 24), notifications=True):
        await settled(app)
        screen = app.screen
        assert isinstance(screen, MigrationScreen)
        await app.action_go("log")
        screen.post_message(Troubled("migration", [Problem("x", "the audit failed", fix="look again")]))
        await settled(app)

        assert [one.title for one in app._notifications] == ["the audit failed"]


async def test_the_command_on_a_repository_opens_there_and_says_where_its_migration_stands_although_github_is_silent(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tassist.terminal.may_draw", lambda **_: True)
    wanted = root.main(["migrate", "acme/app"], standalone_mode=False)
    assert isinstance(wanted, OpenPlace)
    app = TassistApp(replace(desk(home), options=wanted.options), place=wanted.place)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, MigrationScreen)

        assert screen.query_one("#migration-target", Input).value == "acme/app"
        assert titles(screen) == ["what went wrong", "where it stands"]
        assert "GITHUB_APP_ID" in text(screen), "what went wrong is on the screen"
        await pilot.press("tab", "tab", "tab", "down")
        assert "apply\n  not begun" in text(screen)


def test_alone_it_opens_the_place_and_for_a_pipe_it_says_the_same_in_lines(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["migrate", "acme/app", "--home", str(home)]
    assert root.main(lines, standalone_mode=False) == 0
    assert "not begun" in capsys.readouterr().out

    monkeypatch.setattr("tassist.terminal.may_draw", lambda *, plain=False: not plain)

    assert root.main(["migrate"], standalone_mode=False) == OpenPlace("migration")
    assert root.main(lines, standalone_mode=False).options == {"migration_target": "acme/app"}
    for more in ("--plain", "--json"):
        assert root.main([*lines, more], standalone_mode=False) == 0
        assert "not begun" in capsys.readouterr().out


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (20, 5)])
async def test_it_can_be_drawn_at_any_size(home: Path, repo: Path, size: tuple[int, int]) -> None:
    app = console(home, "migration")
    async with app.run_test(size=size) as pilot:
        await settled(app)
        screen = app.screen
        assert isinstance(screen, MigrationScreen)
        screen.query_one("#migration-target", Input).value = str(repo / "app")
        await pilot.press("enter")
        await settled(app)

        assert titles(screen)


STATES: dict[str, dict[str, str]] = {
    "empty": {},
    "typical": {"target": "app", "record": "record", "config": "new.yml"},
    "error": {"target": "acme/app"},
    "hostile": {"target": "app", "record": "record"},
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
def test_its_picture(
    snap_compare: Any, repo: Path, monkeypatch: pytest.MonkeyPatch, state: str, size: tuple[int, int]
) -> None:
    monkeypatch.chdir(repo)
    Path("home").mkdir(mode=0o700)
    if state == "hostile":
        write(Path("app"), {f".github/workflows/{HOSTILE[1].replace('/', '')}.yml": "on: issues\njobs: [\x1b]0;x\x07"})

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot.app)  # type: ignore[arg-type]  # the plug-in knows only App
        for name, value in STATES[state].items():
            pilot.app.screen.query_one(f"#migration-{name}", Input).value = value
        if STATES[state]:
            await pilot.press("enter")
            await settled(pilot.app)  # type: ignore[arg-type]
        if state == "hostile":
            await pilot.press("end")
            await settled(pilot.app)  # type: ignore[arg-type]

    assert snap_compare(console(Path("home"), "migration"), terminal_size=size, run_before=look)
