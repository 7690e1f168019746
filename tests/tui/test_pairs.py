"""Names and values stand in two columns whatever is long in them, and one under the other where there is no room for two."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from typing_extensions import override

from tassist.tui.screens.delivery_detail import DeliveryDetailScreen
from tassist.tui.widgets.pairs import Pairs, laid
from tests.support.console import at_rest, console, settled, typical


def lines(*pairs: tuple[str, str], width: int) -> list[str]:
    return [line.plain for line in laid(pairs, names=8, width=width)]


@pytest.mark.parametrize(
    ("pair", "width", "expected"),
    [
        (("state", "done"), 40, ["state   done"]),
        (
            ("reason", "one two three four five six seven"),
            32,
            ["reason  one two three four five ", "        six seven"],
        ),
        (("exclusivity.track", "applied"), 40, ["exclusivity.track", "        applied"]),
        (("state", "done"), 20, ["state", "  done"]),
        (("id", "0123456789" * 3), 34, ["id", "  " + "0123456789" * 3]),
        (("", "below"), 40, ["        below"]),
        (("", "below"), 0, ["        below"]),
    ],
    ids=["short", "long value", "long name", "no room", "a word too long to stand beside", "no name", "not drawn yet"],
)
def test_a_pair(pair: tuple[str, str], width: int, expected: list[str]) -> None:
    assert [one.rstrip() for one in lines(pair, width=width)] == [one.rstrip() for one in expected]


def test_a_name_alone_is_a_heading_with_room_above() -> None:
    assert lines(("a", "b"), ("Timing", ""), width=40) == ["a       b", "", "Timing"]


class _Told(App[None]):
    @override
    def compose(self) -> ComposeResult:
        yield Pairs(names=8, id="told")


async def test_it_is_laid_out_anew_in_another_width() -> None:
    app = _Told()
    async with app.run_test(size=(60, 10)) as pilot:
        app.query_one(Pairs).tell([("reason", "one two three four five six seven")])
        await at_rest(app)
        assert len(str(app.query_one(Pairs).content).split("\n")) == 1
        await pilot.resize_terminal(33, 10)
        await at_rest(app)
        assert len(str(app.query_one(Pairs).content).split("\n")) == 2


async def test_no_rules_name_runs_into_what_it_said(home: Path) -> None:
    typical(home)
    app = console(home, "deliveries")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        await pilot.press(*["down"] * 4, "enter")
        await settled(app)
        assert isinstance(app.screen, DeliveryDetailScreen)
        shown = str(app.screen.query_one("#delivery-decided-text", Pairs).content).split("\n")

        at = shown.index("track.classify")
        assert shown[at + 1].startswith("              applied: ")
