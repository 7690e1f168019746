"""A process that is interrupted in the wrong moment still hears of the window's size."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from textual import _time, timer
from textual.events import Resize
from textual.geometry import Size
from textual.widget import Widget

from tassist.tui.app import TassistApp
from tests.support.console import desk


async def test_a_window_that_changes_while_no_processor_is_free_is_drawn_in_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away_s = 0.0

    def late() -> float:
        # Between any two questions for the time somebody else had the processor, for longer than a timer for sizes lasts.
        nonlocal away_s
        away_s += 0.02
        return _time.get_time() + away_s

    app = TassistApp(desk(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        monkeypatch.setattr(timer, "_time", SimpleNamespace(get_time=late))
        await pilot.resize_terminal(100, 30)
        await pilot.pause(0.1)
        monkeypatch.undo()
        await pilot.resize_terminal(120, 40)
        await pilot.pause(0.1)

        assert max(widget.region.right for widget in app.screen.walk_children(Widget)) == 120


async def test_sizes_that_arrive_in_the_wrong_order_leave_the_true_one(tmp_path: Path) -> None:
    app = TassistApp(desk(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.resize_terminal(120, 40)
        former = Size(100, 30)
        app.post_message(Resize(former, former))  # asked for before, and sent after: the signal came in between
        await pilot.pause(0.2)

        assert max(widget.region.right for widget in app.screen.walk_children(Widget)) == 120
