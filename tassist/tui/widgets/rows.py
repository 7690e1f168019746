"""A list of rows that stays smooth: only visible lines are drawn, every cell is made harmless, the cursor is not only colour."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from typing_extensions import override

from tassist.text import safe_text
from tassist.tui.safe import fitted

Mark = Literal["", "bad", "wait", "good", "dim"]
_GLYPHS: dict[Mark, str] = {"": " ", "bad": "!", "wait": "…", "good": "✓", "dim": "·"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of rows."""

    title: str
    width: int
    """In cells; 0 takes what is left."""
    wide: bool = False
    """Only where the list itself has ninety cells."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: what is in its cells may come from outside."""

    key: Hashable
    cells: tuple[str, ...]
    mark: Mark = ""
    """Said by a glyph in front, and by colour."""


class Rows(ScrollView, can_focus=True):
    """Rows under a header, with a cursor."""

    HELP = "Up and down move; **Enter** opens. Beyond the last row the next page follows by itself."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="row-up", tooltip="The row above"),
        Binding("down,j", "move(1)", "Down", show=False, id="row-down", tooltip="The row below"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="rows-page-up", tooltip="A screenful up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="rows-page-down", tooltip="A screenful down"),
        Binding("home", "first", "First", show=False, id="rows-first", tooltip="The very first row"),
        Binding("end", "last", "Last", show=False, id="rows-last", tooltip="The very last row"),
        Binding("enter", "open", "Open", id="open-row", tooltip="Open what the cursor is on"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--header", "rows--cursor", "rows--blurred", "rows--bad", "rows--wait", "rows--good", "rows--dim",
    }  # fmt: skip
    DEFAULT_CSS = """
    Rows { height: 1fr; overflow-x: hidden; }
    Rows > .rows--header { text-style: bold; color: $text-muted; background: $panel; }
    Rows > .rows--cursor { text-style: bold reverse; }
    Rows > .rows--blurred { text-style: underline; }
    Rows > .rows--bad { color: $text-error; }
    Rows > .rows--wait { color: $text-warning; }
    Rows > .rows--good { color: $text-success; }
    Rows > .rows--dim { color: $text-muted; }
    """
    cursor: reactive[int] = reactive(0)

    class Highlighted(Message):
        """The cursor is on another row."""

        def __init__(self, rows: Rows, row: Row) -> None:
            self.rows = rows
            self.row = row
            super().__init__()

        @property
        @override
        def control(self) -> Rows:
            return self.rows

    class Opened(Highlighted):
        """A row was chosen."""

    class EdgeReached(Message):
        """The cursor wants to go beyond the rows there are."""

        def __init__(self, rows: Rows, edge: Literal["top", "bottom", "first", "last"]) -> None:
            self.rows = rows
            self.edge = edge
            super().__init__()

        @property
        @override
        def control(self) -> Rows:
            return self.rows

    def __init__(self, *columns: Column, id: str | None = None) -> None:  # noqa: A002 – Textual's name
        super().__init__(id=id)
        self.columns = columns
        self.rows: tuple[Row, ...] = ()

    # --- content ------------------------------------------------------------------------------

    def fill(self, rows: Sequence[Row], *, keep: bool = True, at: int = 0) -> None:
        """Show these rows.

        Args:
            rows: In order.
            keep: Leave the cursor on the row with the same key, where it is still there.
            at: Otherwise the cursor goes there; negative counts from the end.
        """
        before = self.row
        self.rows = tuple(rows)
        self.virtual_size = Size(max(self._room, 1), len(self.rows) + 1)
        place = next(
            (index for index, row in enumerate(self.rows) if keep and before is not None and row.key == before.key),
            None,
        )
        if place is None:
            place = at if at >= 0 else len(self.rows) + at
        place = max(min(place, len(self.rows) - 1), 0)
        moved = place != self.cursor
        self.cursor = place
        if not moved and self.row is not None and (before is None or before.key != self.row.key):
            self._say()
        self._follow()
        self.refresh()

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    @property
    def key(self) -> object:
        """The key of the row under the cursor; `None` where there is none."""
        return self.row.key if self.row is not None else None

    def watch_cursor(self) -> None:
        """Follow it."""
        self._follow()
        self._say()
        self.refresh()

    def _say(self) -> None:
        if self.row is not None and self.is_attached:
            self.post_message(self.Highlighted(self, self.row))

    @property
    def _room(self) -> int:
        """How wide a row can be beside the scroll bar."""
        return self.scrollable_content_region.width

    def _follow(self) -> None:
        if self.rows and self.size.height:
            self.scroll_to_region(Region(0, self.cursor, 1, 2), animate=False, force=True, immediate=True, x_axis=False)
        if self.has_focus and self.size:
            # The terminal's own cursor goes along, for those who follow it by other means than sight.
            self.app.cursor_position = self.content_region.offset + Offset(0, self.cursor + 1 - int(self.scroll_y))

    # --- drawing ------------------------------------------------------------------------------

    @override
    def render_line(self, y: int) -> Strip:
        width = self._room
        if y == 0:
            cells = tuple(column.title for column in self.columns)
            return self._strip(" ", cells, "rows--header", width)
        index = int(self.scroll_y) + y - 1
        if not 0 <= index < len(self.rows):
            return Strip.blank(width, self.rich_style)
        row = self.rows[index]
        style = f"rows--{row.mark}" if row.mark else ""
        if index == self.cursor:
            style = "rows--cursor" if self.has_focus else "rows--blurred"
        return self._strip(_GLYPHS[row.mark], row.cells, style, width)

    def _strip(self, glyph: str, cells: Sequence[str], component: str, width: int) -> Strip:
        shown = [(column, cell) for column, cell in zip(self.columns, cells, strict=False) if self._visible(column)]
        fixed = sum(column.width + 1 for column, _ in shown if column.width)
        left = max(width - fixed - 2, 0)
        elastic = [column for column, _ in shown if not column.width]
        parts = [
            fitted(safe_text(cell, max_chars=400), column.width or (left // len(elastic) - (len(elastic) > 1)))
            for column, cell in shown
        ]
        text = fitted(f"{glyph} {' '.join(parts)}", width)
        style = self.get_component_rich_style(component) if component else self.rich_style
        return Strip([Segment(text, style)], width)

    def _visible(self, column: Column) -> bool:
        return not column.wide or self._room >= 90

    @override
    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self.virtual_size = Size(max(self._room, 1), len(self.rows) + 1)
        self._follow()

    # --- moving -------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move the cursor; beyond the rows there are, ask for more."""
        if not self.rows or not 0 <= self.cursor + by < len(self.rows):
            self.post_message(self.EdgeReached(self, "bottom" if by > 0 else "top"))
        else:
            self.cursor += by

    def action_page(self, by: int) -> None:
        """Move by what fits on the screen."""
        target = self.cursor + by * max(self.size.height - 2, 1)
        clamped = max(min(target, len(self.rows) - 1), 0)
        if clamped == self.cursor:
            self.post_message(self.EdgeReached(self, "bottom" if by > 0 else "top"))
        else:
            self.cursor = clamped

    def action_first(self) -> None:
        """To the very first."""
        self.cursor = 0
        self.post_message(self.EdgeReached(self, "first"))

    def action_last(self) -> None:
        """To the very last."""
        self.cursor = max(len(self.rows) - 1, 0)
        self.post_message(self.EdgeReached(self, "last"))

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if self.row is not None:
            self.post_message(self.Opened(self, self.row))

    def on_click(self, event: events.Click) -> None:
        """The mouse: one click moves, two open."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < 1:
            return
        index = int(self.scroll_y) + offset.y - 1
        if 0 <= index < len(self.rows):
            self.cursor = index
            if event.chain > 1:
                self.action_open()

    def on_focus(self) -> None:
        """Show the cursor."""
        self._follow()
        self.refresh()

    def on_blur(self) -> None:
        """Show that it is elsewhere."""
        self.refresh()
