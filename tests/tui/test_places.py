"""Home, Issues, Rules and Log: what each shows, and what its keys lead to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.widgets import Input, Static, TextArea

from engine.config.starter import STARTER
from tassist.tui.app import TassistApp
from tassist.tui.screens.asking import AskModal, ConfirmModal, TextModal
from tassist.tui.screens.delivery_detail import DeliveryDetailScreen
from tassist.tui.screens.home import HomeScreen
from tassist.tui.screens.issues import IssuesScreen
from tassist.tui.screens.log import LogScreen
from tassist.tui.screens.rules import RulesScreen
from tassist.tui.widgets.panels import Empty
from tassist.tui.widgets.rows import Rows
from tests.integration.simulate.test_simulate import NEW, OLD, record
from tests.support.console import (
    HOSTILE,
    Filled,
    asked,
    assert_harmless,
    console,
    hostile,
    settled,
    talked,
    ticked,
    troubled,
    typical,
)


def on_top(app: TassistApp, kind: type[object]) -> bool:
    return isinstance(app.screen, kind)


def shown_lines(app: TassistApp) -> list[str]:
    assert isinstance(app.screen, ConfirmModal)
    return [line.plain for line in app.screen.lines]


def text_of(app: TassistApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


# --- Home -------------------------------------------------------------------------------------------------------------


async def test_home_shows_the_worst_first_and_enter_goes_there(home: Path) -> None:
    troubled(home)
    app = console(home)
    async with app.run_test() as pilot:
        await settled(app)
        rows = app.screen.query_one("#home-attention", Rows)
        assert rows.rows[0].cells[0] == "1 delivery was given up"
        assert rows.rows[0].mark == "bad"
        assert app.focused is rows
        assert "1 dead, 1 set aside" in text_of(app, "#home-state")
        assert "3, 2 not successful" in text_of(app, "#home-figures")

        await pilot.press("enter")
        await settled(app)
        assert app.current_mode == "deliveries"
        assert {row.cells[3] for row in app.screen.query_one(Rows).rows} == {"dead"}


async def test_home_without_a_journal_says_what_to_do(home: Path) -> None:
    app = console(home)
    async with app.run_test():
        await settled(app)

        assert "tassist setup" in str(app.screen.query_one(Empty).content)


@pytest.mark.parametrize("place", ["home", "deliveries", "issues", "dashboard"])
async def test_what_is_to_be_typed_names_the_folder_where_the_console_was_given_one(home: Path, place: str) -> None:
    app = console(home, place, said="my folder")
    async with app.run_test():
        await settled(app)

        said = " ".join(str(empty.content) for empty in app.screen.query(Empty) if empty.display)
        assert "tassist serve --home 'my folder'" in said


async def test_home_names_the_folder_where_it_says_how_to_start_a_service(home: Path) -> None:
    typical(home)
    app = console(home, said=str(home))
    async with app.run_test():
        await settled(app)

        told = [row.cells for row in app.screen.query_one("#home-attention", Rows).rows]
        assert any(f"start it: tassist serve --home {home}" in cells for cells in told)


async def test_home_shows_what_the_store_holds(home: Path) -> None:
    typical(home)
    app = console(home)
    async with app.run_test() as pilot:
        await settled(app)
        await pilot.press("s")
        await settled(app)

        assert isinstance(app.screen, TextModal)
        assert any("12 done" in line.plain for line in app.screen.lines)


# --- Issues -----------------------------------------------------------------------------------------------------------


async def test_from_a_label_to_its_rule_line_and_delivery(home: Path) -> None:
    typical(home)
    app = console(home, "issues")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        assert app.screen.query_one("#issues-rows", Rows).rows[0].cells[0] == "acme/shop#12"
        told = text_of(app, "#issues-told-text")
        assert "add label track/main" in told
        assert "track.classify" in told
        assert ".github/task-assistant.yml:3 (tracks[0].default)" in told

        await pilot.press("enter", "enter")
        await settled(app)
        assert on_top(app, DeliveryDetailScreen)


def keys(rows: Rows) -> list[object]:
    return [row.key for row in rows.rows]


async def test_what_is_written_to_the_issue_under_the_cursor_appears_and_moves_nobody_who_reads_below(
    home: Path,
) -> None:
    filled = Filled(home)
    filled.delivery(12)
    app = console(home, "issues")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        written = app.screen.query_one("#issues-origins", Rows)
        assert keys(written) == [0]
        await asyncio.to_thread(filled.delivery, 12)
        screen = app.screen
        assert isinstance(screen, IssuesScreen)
        await ticked(app)
        assert keys(written) == [0, 1]

        await pilot.press("enter", "down")
        assert (written.cursor, keys(written)) == (1, [0, 1])
        await asyncio.to_thread(filled.delivery, 12)
        await ticked(app)
        assert (written.cursor, keys(written)) == (1, [0, 1])

        await pilot.press("up", "up")
        await settled(app)
        await ticked(app)
        assert keys(written) == [0, 1, 2]
    filled.close()


async def test_an_issue_far_beyond_the_runs_of_another_is_reached_by_going_down(home: Path) -> None:
    filled = Filled(home)
    filled.delivery(2)
    filled.delivery(1)
    filled.busy(60_000)
    filled.close()
    app = console(home, "issues")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        rows = app.screen.query_one("#issues-rows", Rows)
        assert [row.cells[0] for row in rows.rows] == ["acme/shop#1"], "the first look ends where its time is used up"

        await pilot.press("down")
        await settled(app)
        assert [row.cells[0] for row in rows.rows] == ["acme/shop#1", "acme/shop#2"]


async def test_an_issue_is_asked_for_by_its_address(home: Path) -> None:
    typical(home)
    app = console(home, "issues")
    async with app.run_test() as pilot:
        await settled(app)
        await pilot.press("i", *"acme/shop#4", "enter")
        await settled(app)
        assert app.screen.query_one("#issues-rows", Rows).rows[0].cells[0] == "acme/shop#4"

        await pilot.press("i", *"acme/shop#99", "enter")
        await settled(app)
        assert app.problems[0].code == "issue-never-seen"


async def test_the_decisions_of_the_last_runs_are_shown(home: Path) -> None:
    typical(home)
    app = console(home, "issues")
    async with app.run_test() as pilot:
        await settled(app)
        await pilot.press("v")
        await settled(app)

        assert isinstance(app.screen, TextModal)
        assert any("track.classify: no track label" in line.plain for line in app.screen.lines)


async def test_asking_github_without_credentials_is_a_problem_not_the_end(home: Path) -> None:
    typical(home)
    app = console(home, "issues")
    async with app.run_test() as pilot:
        await settled(app)
        await pilot.press("w")
        await talked(app)
        await pilot.press("u")
        await talked(app)

        assert app.return_code is None
        assert app.problems


# --- Rules ------------------------------------------------------------------------------------------------------------


async def opened(app: TassistApp, path: Path) -> RulesScreen:
    await settled(app)
    screen = app.screen
    assert isinstance(screen, RulesScreen)
    screen.open(path)
    await settled(app)
    return screen


async def test_what_is_wrong_is_said_beside_what_one_types(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    path.write_text(STARTER)
    app = console(home, "rules")
    async with app.run_test(size=(120, 40)):
        screen = await opened(app, path)
        assert "valid" in text_of(app, "#rules-wrong-text")

        screen.query_one(TextArea).load_text("tracks: [unclosed")
        screen._check()
        await settled(app)
        assert screen.problems
        assert "error:" in text_of(app, "#rules-wrong-text")


async def test_saving_shows_what_changed_asks_and_replaces_the_file(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    path.write_text(STARTER)
    app = console(home, "rules")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, path)
        screen.query_one(TextArea).load_text(f"# mine\n{STARTER}")
        await pilot.press("ctrl+s")
        await asked(app, ConfirmModal)
        assert "+# mine" in shown_lines(app)
        assert path.read_text() == STARTER

        await pilot.press("y")
        await talked(app)
        assert path.read_text() == f"# mine\n{STARTER}"
        assert screen.before == path.read_text()


async def test_an_edited_configuration_is_tried_over_history_and_saving_it_says_the_same_first(
    home: Path, tmp_path: Path
) -> None:
    path, day = tmp_path / "c.yml", home / "telemetry/v1/repos/o/r/2026-01-02.jsonl"
    path.write_text(OLD)
    day.parent.mkdir(parents=True)
    day.write_bytes(b"".join(record(number, ("track/x",), "One", 1) for number in (1, 2, 3)))
    app = console(home, "rules")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, path)
        screen.query_one(TextArea).load_text(NEW)
        screen._check()
        await settled(app)
        await pilot.press("f5")
        await asked(app, TextModal)
        assert isinstance(app.screen, TextModal)
        tried = [line.plain for line in app.screen.lines]
        assert tried[0] == "3 differences on 3 of 3 issues, 3 recorded states"
        assert any(line.startswith("o/r#2  milestone: One → Two") for line in tried)
        assert path.read_text() == OLD

        await pilot.press("escape", "ctrl+s")
        await asked(app, ConfirmModal)
        assert set(tried) <= set(shown_lines(app))
        await pilot.press("n")
        await talked(app)
        assert path.read_text() == OLD


async def test_an_invalid_configuration_is_not_saved(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    path.write_text(STARTER)
    app = console(home, "rules")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, path)
        screen.query_one(TextArea).load_text("tracks: 7\n")
        await pilot.press("ctrl+s")
        await talked(app)

        assert app.problems
        assert path.read_text() == STARTER


async def test_the_rules_are_shown(home: Path) -> None:
    app = console(home, "rules")
    async with app.run_test() as pilot:
        await settled(app)
        await pilot.press("f6")
        await settled(app)

        assert isinstance(app.screen, TextModal)
        assert any(line.plain == "track.classify" for line in app.screen.lines)


# --- Log --------------------------------------------------------------------------------------------------------------


def log_lines(app: TassistApp) -> list[str]:
    return [row.cells[0] for row in app.screen.query_one(Rows).rows]


async def test_a_line_that_is_cut_says_so_beside_the_scroll_bar(home: Path) -> None:
    (home / "serve.log").write_text("".join(f"{number:03} {'x' * (70 + number % 20)}\n" for number in range(100)))
    app = console(home, "log")
    async with app.run_test(size=(80, 24)):
        await settled(app)
        rows = app.screen.query_one("#log-rows", Rows)
        drawn = [
            "".join(segment.text for segment in line)[:79].rstrip() for line in app.screen._compositor.render_strips()
        ][rows.region.y + 1 : rows.region.bottom]

    assert rows.show_vertical_scrollbar
    whole = [line.cells[0] for line in rows.rows[-len(drawn) :]]
    assert [one.strip().endswith("…") for one in drawn] == [len(line) > 77 for line in whole]
    assert any(one.endswith("…") for one in drawn)


async def test_the_log_follows_until_one_scrolls_and_says_how_many_wait(home: Path) -> None:
    path = home / "serve.log"
    path.write_text("".join(f"line {number}\n" for number in range(1000)))
    app = console(home, "log")
    async with app.run_test() as pilot:
        await settled(app)
        assert isinstance(app.screen, LogScreen)
        assert log_lines(app)[-1] == "line 999"

        with path.open("a") as more:
            more.write("fresh\n")
        await ticked(app)
        assert log_lines(app)[-1] == "fresh"

        await pilot.press("up", "up")
        with path.open("a") as more:
            more.write("unseen\n")
        await ticked(app)
        assert log_lines(app)[-1] == "fresh"
        assert "1 new line waits: t shows it" in text_of(app, "#log-said")

        await pilot.press("t")
        await settled(app)
        assert log_lines(app)[-1] == "unseen"
        await pilot.press("home")
        await settled(app)
        assert log_lines(app)[0] == "line 0"


async def test_a_word_is_looked_for_from_the_end(home: Path) -> None:
    (home / "serve.log").write_text("".join(f"line {number}\n" for number in range(2000)))
    app = console(home, "log")
    async with app.run_test() as pilot:
        await settled(app)
        await pilot.press("slash", *"line 777", "enter")
        await settled(app)

        row = app.screen.query_one(Rows).row
        assert row is not None
        assert row.cells[0] == "line 777"
        assert row.mark == "good"


async def test_h71_a_hostile_log_and_hostile_issues_are_harmless(home: Path) -> None:
    hostile(home)
    (home / "serve.log").write_text("\n".join(HOSTILE), newline="")
    app = console(home, "log")
    async with app.run_test(size=(120, 40)) as pilot:
        for key in "9314":
            await pilot.press(key)
            await settled(app)
            assert_harmless(app)
        await pilot.press("3", "v")
        await settled(app)
        assert_harmless(app)


async def test_with_no_configuration_open_the_ways_to_one_are_said_and_the_likely_repository_stands_there(
    home: Path,
) -> None:
    typical(home)
    app = console(home, "rules")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(app)
        for key in ("f2", "f3", "f6"):
            assert f"{key}  " in text_of(app, "#rules-wrong-text")
        for key in ("f5", "f7", "ctrl+s"):
            await pilot.press(key)
            await settled(app)
            assert not isinstance(app.screen, TextModal)
        assert len(app._notifications) > 0
        await pilot.press("f3")
        await asked(app, AskModal)

        assert app.screen.query_one(Input).value == "acme/shop"


async def test_home_shows_as_many_of_the_last_deliveries_as_there_is_room_for(home: Path) -> None:
    filled = Filled(home)
    for number in range(40):
        filled.delivery(number + 1, writes=False)
    filled.close()
    app = console(home)
    async with app.run_test(size=(120, 24)) as pilot:
        await settled(app)
        assert len(app.screen.query_one("#home-deliveries", Rows).rows) == 12
        await pilot.resize_terminal(120, 50)
        assert isinstance(app.screen, HomeScreen)
        app.screen._look()
        await settled(app)

        assert len(app.screen.query_one("#home-deliveries", Rows).rows) == 34
