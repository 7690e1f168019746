"""What is broken at the end of a line goes on under its own words."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from typing_extensions import override

from tassist.tui.widgets.lines import Lines, hung
from tests.support.console import at_rest


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("short", ["short"]),
        ("  fix: one two three four five six seven", ["  fix: one two three four five", "       six seven"]),
        ("3. one two three four five six seven eight", ["3. one two three four five six", "   seven eight"]),
        ("· one two three four five six seven eight", ["· one two three four five six", "  seven eight"]),
        ("one two three four five six seven eight", ["one two three four five six", "  seven eight"]),
        ("            one two three four five six", ["            one two three four five six"]),
        ("a\n\nb", ["a", "", "b"]),
    ],
    ids=["fits", "a problem's", "a number", "a point", "plain", "no room under it: the widget breaks it", "empty"],
)
def test_a_line(line: str, expected: list[str]) -> None:
    assert [each.rstrip() for each in hung(Content(line), 31).plain.split("\n")] == expected


def test_its_colours_stay() -> None:
    said = hung(Content.styled("error: one two three four five six seven", "bold"), 31)

    assert all(said.plain[span.start : span.end].strip() for span in said.spans)
    assert sum(len(said.plain[span.start : span.end].split()) for span in said.spans) == 8


class _Told(App[None]):
    @override
    def compose(self) -> ComposeResult:
        yield Lines(Content("  why: one two three four five six seven"))


async def test_it_is_broken_anew_in_another_width() -> None:
    app = _Told()
    async with app.run_test(size=(60, 10)) as pilot:
        await at_rest(app)
        assert str(app.query_one(Lines).content) == "  why: one two three four five six seven"
        await pilot.resize_terminal(33, 10)
        await at_rest(app)
        assert len(str(app.query_one(Lines).content).split("\n")) == 2
        assert app.query_one(Lines).size.height == 2
