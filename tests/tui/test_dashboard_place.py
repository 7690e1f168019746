"""The place Dashboard: figures, plots of the chosen repository, nothing, hostile telemetry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.widgets import Sparkline, Static

from tassist.telemetry.sinks.jsonl import JsonlSink
from tassist.tui.app import TassistApp
from tassist.tui.screens.dashboard import DashboardScreen
from tassist.tui.widgets.panels import Empty, Says
from tassist.tui.widgets.rows import Rows
from tests.integration.telemetry.conformance import entries
from tests.support.console import HOSTILE, assert_harmless, console, settled
from tests.support.records import line


def said(app: TassistApp) -> str:
    return str(app.screen.query_one("#board-said", Says).content)


def drawn_of(app: TassistApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line if not segment.control) for line in strips)


async def test_repositories_are_rows_and_the_chosen_one_is_plotted(home: Path) -> None:
    lines = [line(1), line(2, reason="no"), line(3, repo="acme/lander")]
    JsonlSink(home / "telemetry").write(entries(lines))
    app = console(home, "dashboard")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        assert isinstance(app.screen, DashboardScreen)
        rows = app.screen.query_one(Rows)
        assert [row.cells[0] for row in rows.rows] == ["all repositories", "acme/lander", "acme/orbit"]
        assert rows.rows[0].cells[5] == "3"
        assert "3 records, 1 needs a person" in said(app)
        assert app.focused is rows

        await pilot.press("down", "down")
        await settled(app)

        assert "Open issues: 2 now" in str(app.screen.query_one("#board-open-said", Static).content)
        assert list(app.screen.query_one("#board-runs", Sparkline).data or ())[-1] == 2
        assert "acme/orbit#3" in str(app.screen.query_one("#board-needs", Static).content)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_figure_of_a_repository_can_be_read_at_each_size(home: Path, size: tuple[int, int]) -> None:
    JsonlSink(home / "telemetry").write(entries([line(1), line(2, reason="no"), line(3, repo="acme/lander")]))
    app = console(home, "dashboard")
    async with app.run_test(size=size) as pilot:
        await settled(app)
        await pilot.press("down", "down")
        await settled(app)
        taken_back, latency = app.screen.query_one(Rows).rows[2].cells[-2:]
        drawn = drawn_of(app)

    if size == (80, 24):
        assert f"Taken back: {taken_back}. Latency of 95 in 100 runs: {latency}" in drawn
    else:
        assert "taken back" in drawn
        assert "Latency of" not in drawn, "it is in the columns"


async def test_without_telemetry_it_says_what_to_do(home: Path) -> None:
    app = console(home, "dashboard")
    async with app.run_test(size=(80, 24)):
        await settled(app)

        assert "tassist serve" in str(app.screen.query_one("#board-empty", Empty).content)


async def test_its_key_builds_the_pages_and_says_where(home: Path) -> None:
    JsonlSink(home / "telemetry").write(entries([line(1)]))
    app = console(home, "dashboard")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app)
        await pilot.press("b")
        await settled(app)

        assert "index.html" in said(app)
    assert (home / "dashboard" / "index.html").is_file()


async def test_h71_hostile_telemetry_is_harmless_at_any_size(home: Path) -> None:
    folder = home / "telemetry"
    folder.mkdir(parents=True)
    records = []
    for number, text in enumerate(HOSTILE):
        name = "".join(char for char in text if not char.isspace() and char != "/")[:80] or "x"
        record = json.loads(line(number, reason=text or "x"))
        records.append(json.dumps(record | {"repo": f"acme/{name}"}))
    (folder / "x.jsonl").write_text("\n".join(records) + "\n{broken\n")
    for size in ((80, 24), (120, 40), (20, 5)):
        app = console(home, "dashboard")
        async with app.run_test(size=size) as pilot:
            await settled(app)
            await pilot.press("down", "down")
            await settled(app)
            assert_harmless(app)
