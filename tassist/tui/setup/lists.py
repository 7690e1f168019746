"""Lists of choices: of which one is taken or any number marked, with a search above those that are long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Checkbox, Input, SelectionList, Static
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection
from typing_extensions import override

from setup_wizard.question import NONE, Choice, together
from tassist.text import safe_text
from tassist.tui.safe import content
from tassist.tui.widgets.choices import Choices
from tassist.tui.widgets.field import Field

LONG = 8
"""Lists of more choices than this have a search."""


def choice_text(choice: Choice) -> Content:
    """A choice's label, and behind it in grey what it means."""
    head = content(choice.label)
    return Content.assemble(head, ("  " + safe_text(choice.help), "$text-muted")) if choice.help else head


class OneList(Choices):
    """A list of which one is taken."""

    def __init__(self, choices: Sequence[Choice], first: str) -> None:
        self.choices = tuple(choices)
        super().__init__(*(Option(choice_text(each), id=each.value) for each in choices), id="field")
        values = [each.value for each in choices]
        self.highlighted = values.index(first) if first in values else 0

    def show(self, part: str) -> int:
        """Show only what holds this; how many do."""
        self.clear_options()
        found = _holding(self.choices, part)
        self.add_options(Option(choice_text(each), id=each.value) for each in found)
        self.highlighted = 0 if found else None
        return len(found)


class ManyList(SelectionList[str]):
    """A list of which any number may be marked; what is marked stays so while it is not shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", id="mark-choice", tooltip="Mark or unmark what is highlighted"),
        Binding("enter", "take", "Go on", id="take-marked", tooltip="Go on with what is marked"),
    ]

    class Taken(Message):
        """The person goes on with what is marked."""

    def __init__(self, choices: Sequence[Choice], marked: Iterable[str]) -> None:
        self.choices = tuple(choices)
        wanted = set(marked)
        self.marked = [each.value for each in choices if each.value in wanted]
        super().__init__(*self._selections(self.choices), id="field")

    def _selections(self, choices: Sequence[Choice]) -> list[Selection[str]]:
        return [Selection(choice_text(each), each.value, each.value in self.marked) for each in choices]

    @override
    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        # As `Choices`: a terminal without room for a single character must not end the app.
        room = self.get_component_styles("option-list--option").padding.width + self._get_left_gutter_width() + 1
        return super().get_content_height(container, viewport, max(width, room))

    @override
    def render_line(self, y: int) -> Strip:
        """A mark is a glyph that is there or not; Textual's own is always there, and only its colour differs."""
        strip = super().render_line(y)
        at = self.scroll_offset.y + y
        marked = at < self.option_count and self.get_option_at_index(at).value in self.selected
        parts = list(strip)
        if len(parts) > 1 and not marked and parts[1].text == Checkbox.BUTTON_INNER:
            parts[1] = Segment(" ", parts[1].style)
        return Strip(parts, strip.cell_length)

    def show(self, part: str) -> int:
        """Show only what holds this; how many do."""
        self.clear_options()
        found = _holding(self.choices, part)
        self.add_options(self._selections(found))
        self.highlighted = 0 if found else None
        return len(found)

    def action_mark(self) -> None:
        """Mark what is highlighted, or no more; done before the next key is looked at."""
        if self.highlighted is not None:
            value = self.get_option_at_index(self.highlighted).value
            self._mark(value, marked=value not in self.marked)

    @on(SelectionList.SelectionToggled)
    def _toggled(self, event: SelectionList.SelectionToggled[str]) -> None:
        event.stop()
        self._mark(event.selection.value, marked=event.selection.value in self.selected)

    def _mark(self, value: str, *, marked: bool) -> None:
        before = list(self.marked)
        others = [each for each in before if each != value]
        self.marked = together([*others, value], before) if marked else others
        # Everything, nothing and single choices exclude each other: the marks on the screen follow.
        for at in range(self.option_count):
            each = self.get_option_at_index(at)
            (self.select if each.value in self.marked else self.deselect)(each)

    def chosen(self) -> list[str]:
        """What is marked, in the list's order; where nothing is and that is an answer, that."""
        found = [each.value for each in self.choices if each.value in self.marked]
        return found or [each.value for each in self.choices if each.value == NONE]

    def action_take(self) -> None:
        """Go on with what is marked."""
        self.post_message(self.Taken())


class SearchedList(Vertical):
    """A search above a list: what is typed leaves in it what holds that."""

    def __init__(self, below: OneList | ManyList) -> None:
        super().__init__(id="searched")
        self.below = below

    @override
    def compose(self) -> ComposeResult:
        yield Field(placeholder="type to search; Enter or Down goes to the list", id="search")
        yield self.below
        yield Static(id="search-count", classes="setup-small")

    def on_mount(self) -> None:
        """Say how long the list is."""
        self._count(len(self.below.choices))

    def _count(self, shown: int) -> None:
        marked = f", {len(self.below.marked)} marked" if isinstance(self.below, ManyList) else ""
        self.query_one("#search-count", Static).content = content(f"{shown} of {len(self.below.choices)} shown{marked}")

    @on(Input.Changed, "#search")
    def _searched(self, event: Input.Changed) -> None:
        event.stop()
        self._count(self.below.show(event.value))

    @on(SelectionList.SelectedChanged)
    def _marked(self) -> None:
        self._count(self.below.option_count)

    @on(Input.Submitted, "#search")
    def _to_list(self, event: Input.Submitted) -> None:
        event.stop()
        self.below.focus()

    def on_key(self, event: Key) -> None:
        """Down leads from the search into the list, and is not also a step down there."""
        if event.key == "down" and self.query_one("#search", Input).has_focus:
            event.stop()
            self.below.focus()


def _holding(choices: Sequence[Choice], part: str) -> list[Choice]:
    wanted = part.strip().casefold()
    return [each for each in choices if wanted in each.label.casefold()]
