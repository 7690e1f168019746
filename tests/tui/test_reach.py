"""Whatever can be done is done by keys, and by the mouse as well; help is there for the focused thing; nobody is kept busy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import HelpPanel, Markdown
from textual.widgets._footer import FooterKey
from typing_extensions import override

from tassist.tui.desk import Desk
from tassist.tui.places import PLACES
from tassist.tui.screens.delivery_detail import DeliveryDetailScreen
from tassist.tui.screens.place import TICK_S, PlaceScreen
from tassist.tui.widgets.panels import PlaceBar
from tassist.tui.widgets.rows import _GLYPHS, Column, Row, Rows
from tests.support.console import at_rest, console, settled, typical


def ids_of(owner: type[object]) -> set[str]:
    """Every binding of ours that a screen declares."""
    return {
        one.id
        for base in owner.__mro__
        if base.__module__.startswith("tassist.")
        for one in base.__dict__.get("BINDINGS", ())
        if isinstance(one, Binding) and one.id
    }


def shown(widget: Widget) -> bool:
    return all(one.display for one in widget.ancestors_with_self if isinstance(one, Widget))


async def test_every_action_and_everything_with_a_focus_is_reached_by_keys_in_every_place(home: Path) -> None:
    typical(home)
    (home / "serve.log").write_text("one line\n")
    app = console(home)
    async with app.run_test(size=(120, 40)) as pilot:
        for place in PLACES:
            await app.action_go(place.id)  # a digit would be typed where the focus is in a field
            await settled(app)
            screen = app.screen
            assert screen.id == f"place-{place.id}"
            focusable = {one for one in screen.walk_children(Widget) if one.focusable and shown(one)}
            reached, offered = set(), set()
            for _ in range(len(focusable) + 1):
                offered |= {one.binding.id for one in screen.active_bindings.values()}
                reached.add(app.focused)
                await pilot.press("tab")
                await at_rest(app)
            assert focusable <= reached, place.id
            assert ids_of(type(screen)) | ids_of(type(app)) <= offered, place.id


async def test_help_is_about_what_has_the_focus(home: Path) -> None:
    typical(home)
    app = console(home, "deliveries")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        await pilot.press("f1")
        await at_rest(app)
        assert "Up and down move" in app.screen.query_one(HelpPanel).query_one(Markdown).source

        await pilot.press("slash")
        await at_rest(app)
        assert "takes words" in app.screen.query_one(HelpPanel).query_one(Markdown).source

        await pilot.press("f1")
        await at_rest(app)
        assert not app.screen.query(HelpPanel)


async def test_the_keys_are_shown_before_it_has_the_focus_of_its_window(home: Path) -> None:
    app = console(home)
    app.set_reactive(App.app_focus, False)
    async with app.run_test():
        await settled(app)

        assert {"q", "question_mark"} <= {key.key for key in app.screen.query(FooterKey)}


async def test_the_mouse_moves_opens_and_goes_to_places(home: Path) -> None:
    typical(home)
    app = console(home, "deliveries")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        rows = app.screen.query_one(Rows)
        await pilot.click(Rows, offset=(5, 4))
        await at_rest(app)
        assert rows.cursor == 3
        assert app.focused is rows

        await pilot.click(Rows, offset=(5, 5), times=2)
        await settled(app)
        assert isinstance(app.screen, DeliveryDetailScreen)
        assert app.screen.delivery_id == rows.rows[4].key
        await pilot.press("escape")
        await settled(app)

        at = app.screen.query_one(PlaceBar).render().plain.index("Log")
        await pilot.click(PlaceBar, offset=(at, 0))
        await settled(app)
        assert app.current_mode == "log"


async def test_nothing_is_looked_up_more_than_four_times_a_second_and_nothing_without_the_focus(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typical(home)
    (home / "serve.log").write_text("one line\n")
    ticks: list[tuple[float, Callable[[], None]]] = []
    real = PlaceScreen.set_interval

    def kept(self: PlaceScreen, every_s: float, callback: Any = None, **more: Any) -> Any:
        if "every_tick" not in getattr(callback, "__qualname__", ""):
            return real(self, every_s, callback, **more)
        return ticks.append((every_s, callback))

    monkeypatch.setattr(PlaceScreen, "set_interval", kept)
    asked: list[object] = []
    stamp = Desk.stamp

    def counted(desk: Desk) -> object:
        asked.append(desk)
        return stamp(desk)

    monkeypatch.setattr(Desk, "stamp", counted)
    app = console(home)
    async with app.run_test() as pilot:
        for place in PLACES[:3]:
            await pilot.press(place.key)
            await settled(app)
            assert app.current_mode == place.id
        asked.clear()
        app.app_focus = False
        for _, tick in ticks:
            tick()
        assert asked == []

        app.app_focus = True
        for _, tick in ticks:
            tick()
        assert len(asked) == 1, "only the place one looks at"
    assert len(ticks) >= 3
    assert min(every_s for every_s, _ in ticks) >= TICK_S >= 0.25


class _Marked(App[None]):
    """A list with a row of each mark."""

    @override
    def compose(self) -> ComposeResult:
        yield Rows(Column("what", 0))


def style_of(rows: Rows) -> Style:
    """Of the first row."""
    style = next(iter(rows.render_line(1))).style
    assert style is not None
    return style


async def test_no_mark_and_no_cursor_is_colour_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = _Marked()
    async with app.run_test(size=(40, 10)):
        rows = app.query_one(Rows)
        rows.fill([Row(mark, ("same",), mark) for mark in _GLYPHS])
        await at_rest(app)
        drawn: list[Any] = [rows.render_line(y) for y in range(1, len(_GLYPHS) + 1)]
        assert len({line.text for line in drawn}) == len(_GLYPHS)
        rows.focus()
        await at_rest(app)
        assert style_of(rows).reverse
        app.set_focus(None)
        await at_rest(app)
        assert style_of(rows).underline
