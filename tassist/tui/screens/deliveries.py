"""Deliveries: a live tail that stops when one scrolls, pages by key, a line of words to search and filter."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input
from textual.worker import get_current_worker
from typing_extensions import override

from engine.problems import Problem, ProblemError
from tassist.services.delivery_query import Query, in_words, parse_query
from tassist.store.pages import Extent, Listed
from tassist.text import noun, number, span
from tassist.tui.desk import Desk
from tassist.tui.messages import Told
from tassist.tui.places import Place
from tassist.tui.safe import moment, times
from tassist.tui.screens.delivery_acts import DeliveryActs
from tassist.tui.screens.place import TICK_S
from tassist.tui.widgets.field import Field
from tassist.tui.widgets.pairs import Pairs
from tassist.tui.widgets.panels import Empty, ProblemPanel, Says
from tassist.tui.widgets.rows import Column, Mark, Row, Rows

PAGE = 200
_MARKS: dict[str, Mark] = {"done": "", "ignored": "dim", "waiting": "wait", "stored": "wait"}
Way = Literal["newest", "older", "newer", "oldest"]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A page that was looked for."""

    query: Query
    way: Way
    rows: tuple[Listed, ...]
    extent: Extent
    ended: bool
    """Whether there is nothing beyond."""
    left: int = 0
    """How many deliveries are not looked at yet; more follows."""


class DeliveriesScreen(DeliveryActs):
    """What came from GitHub."""

    HELP = """# Deliveries

The newest stand on top and follow by themselves as long as the cursor is on the first; **t** goes back there.

**/** takes words: `event:issues action:labeled repo:acme/shop issue:7 state:dead outcome:failed since:2h until:2026-11-28`,
`acme/shop#7`, and anything else is looked for in headers and bodies. Quotes keep words together.

What is found of a text appears while the rest is looked through; **escape** stops the search and keeps what was found."""
    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority: what is typed right after it, in one burst over a slow line, is for the field and for no other key.
        Binding("slash", "filter", "Filter", priority=True, id="filter-deliveries",
                tooltip="Words that say which deliveries to show"),
        Binding("t", "tail", "Newest", show=False, id="tail-deliveries", tooltip="Back to the newest, and follow them"),
        Binding("g", "go_to", "Time", show=False, id="go-to-time", tooltip="To the deliveries of a moment"),
        Binding("escape", "all", "All", show=False, id="all-deliveries", tooltip="Stop a search; then show every delivery again"),
    ]  # fmt: skip

    def __init__(self, place: Place, desk: Desk) -> None:
        super().__init__(place, desk)
        self.query_words = Query()
        self.listed: tuple[Listed, ...] = ()
        self.extent = Extent(0, 0)
        self.tailing = True
        self.waiting = 0
        """How many came since, above what is shown."""
        self._stamp: object = None
        self._turn = 0
        """The number of the page that was asked for last: what comes of an older one is not shown."""
        self._left = 0
        """How many deliveries a search has yet to look at, as far as is known."""
        self._looking = False
        """Whether it goes on: false where it was stopped."""
        self._wrong_words = False
        """Whether what stands in the problem's place is about words, and stays until others are asked for."""

    @override
    def compose_place(self) -> ComposeResult:
        yield Says("", id="deliveries-said")
        yield Field(placeholder="event:issues state:dead acme/shop#7 since:2h words", id="deliveries-filter")
        yield ProblemPanel(id="deliveries-problem")
        yield Empty("", id="deliveries-empty")
        with Horizontal(id="deliveries-body"):
            yield Rows(
                Column("received", 11),
                Column("event", 24),
                Column("issue", 0),
                Column("state", 11),
                Column("sender", 12, wide=True),
                id="deliveries-rows",
            )
            with VerticalScroll(id="deliveries-preview"):
                yield Pairs(names=11, id="deliveries-preview-text")

    def on_mount(self) -> None:
        """Show the newest, and follow them."""
        self.query_one("#deliveries-filter").display = False
        self.query_one("#deliveries-problem").display = False
        self.query_one("#deliveries-empty").display = False
        self.query_one(Rows).focus()
        wanted = str(self.desk.options.get("query", ""))
        if wanted:
            self.ask(wanted)
        else:
            self.load("newest")
        self.every_tick(self._tick)

    # --- pages --------------------------------------------------------------------------------

    def load(self, way: Way, *, before: int | None = None, by_itself: bool = False) -> None:
        """Look for a page; an older one that is still being looked for is given up.

        Args:
            way: Which page.
            before: The newest of before this place.
            by_itself: Nobody asked for it; it is not shown to a person who has moved meanwhile.
        """
        query, shown, under = self.query_words, self.listed, self.query_one(Rows).key
        self._turn += 1
        turn, self._left, self._looking = self._turn, 0, False
        lowest = shown[-1].row.seq if shown else None
        highest = shown[0].row.seq if shown else None

        def read() -> _Loaded:
            journal = self.desk.journal()
            extent = journal.browse.extent()

            def tell(rows: Sequence[Listed], at: int) -> None:
                left = extent.last - at + 1 if way in {"newer", "oldest"} else at - extent.first
                part = _Loaded(query, way, tuple(rows), extent, ended=False, left=max(left, 1))
                self.post_message(Told(lambda: self._show_part(part, turn)))

            if way == "newest":
                rows, ended = self._look(query, tell, before=before)
            elif way == "older":
                rows, ended = self._look(query, tell, before=lowest)
            elif way == "newer":
                rows, ended = self._look(query, tell, after=highest or 0)
            else:
                rows, ended = self._look(query, tell, after=0)
            return _Loaded(query, way, tuple(rows), extent, ended)

        def show(loaded: _Loaded) -> None:
            if by_itself and self.query_one(Rows).key != under:
                self._stamp = None  # what came is counted at the next tick
                self._say()
            else:
                self._show(loaded)

        self.in_background("deliveries-page", read, show, said="looking for deliveries", quiet=True)

    def _look(
        self,
        query: Query,
        tell: Callable[[Sequence[Listed], int], None],
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> tuple[Sequence[Listed], bool]:
        """Runs in a thread: look until a page is full, telling now and then what was found and how far it came."""
        from tassist.services.delivery_search import holds

        journal = self.desk.journal()
        worker = get_current_worker()
        found: list[Listed] = []
        up = after is not None
        told = time.monotonic()
        while not worker.is_cancelled:
            page = journal.browse.page(query.wanted, limit=PAGE - len(found), before=before, after=after)
            rows = [one for one in page.rows if not query.text or holds(journal, one.row, query.text)]
            found = [*rows, *found] if up else [*found, *rows]
            if page.ended or len(found) >= PAGE:
                return found, page.ended
            before, after = (None, page.looked_to) if up else (page.looked_to, None)
            if time.monotonic() - told >= TICK_S and not worker.is_cancelled:
                told = time.monotonic()
                tell(found, page.looked_to)
        return found, False

    def _show_part(self, part: _Loaded, turn: int) -> None:
        """Show what was found so far of a text; the rest is being looked through, and one may move meanwhile."""
        if turn != self._turn:
            return
        begins = not self._looking
        self._left, self._looking = part.left, True
        if part.rows != self.listed and (part.rows or (begins and part.way == "newest")):
            self.listed, self.extent, self.tailing, self.waiting = part.rows, part.extent, False, 0
            rows = self.query_one(Rows)
            rows.fill(self._rows(), keep=not begins, at=-1 if part.way in {"newer", "oldest"} else 0)
            self._show_whether_any("Nothing found yet", "escape stops looking.")
        self._say()

    def _stop_looking(self) -> None:
        """Give up what is being looked for, and keep what was found."""
        self.app.workers.cancel_group(self, "deliveries-page")
        self._turn += 1
        self._looking = False
        self._show_whether_any(
            "Nothing was found until the search was stopped", "escape shows all; / changes the words."
        )
        self._say()

    def _show_whether_any(self, what: str, hint: str) -> None:
        empty = self.query_one("#deliveries-empty", Empty)
        empty.display = not self.listed
        self.query_one("#deliveries-body").display = bool(self.listed)
        if self.listed:
            self.focus_if_none(self.query_one(Rows))
        else:
            empty.say(what, hint)
            self.query_one("#deliveries-preview-text", Pairs).tell(())

    def _show(self, loaded: _Loaded) -> None:
        if loaded.query != self.query_words:
            return
        self.query_one("#deliveries-problem").display = self._wrong_words
        self.extent = loaded.extent
        went_on, self._left, self._looking = self._looking, 0, False
        if not loaded.rows and loaded.way in {"older", "newer"}:
            if loaded.way == "newer":
                self.load("newest")
            else:
                self._say()
            return
        self.listed = loaded.rows
        self.tailing = loaded.way == "newest" or (loaded.way == "newer" and loaded.ended)
        self.waiting = 0
        rows = self.query_one(Rows)
        at = {"newest": 0, "older": 0, "newer": -1, "oldest": -1}[loaded.way]
        rows.fill(self._rows(), keep=went_on, at=at)
        if self.query_words.anything:
            self._show_whether_any("No delivery has come yet", "They appear here by themselves once GitHub sends one.")
        else:
            self._show_whether_any("No delivery matches", "escape shows all of them; / changes the words.")
        self._say()

    def _rows(self) -> list[Row]:
        now = self.desk.clock.now()
        return [delivery_row(one, moment(one.row.received_at, now)) for one in self.listed]

    def _say(self) -> None:
        parts = []
        if self.listed:
            first = self.extent.last - self.listed[0].row.seq + 1
            if self.query_words.anything:
                parts.append(
                    f"{number(first)}–{number(first + len(self.listed) - 1)} of about {number(self.extent.about)}"
                )
            else:
                parts.append(f"{len(self.listed)} shown")
        if self._left:
            parts += ["looking on, escape stops" if self._looking else "stopped", f"{number(self._left)} not looked at"]
        elif self.query_words.text:
            parts.append("t looks again")
        elif self.waiting:
            parts.append(
                f"{self.waiting}{'+' if self.waiting >= 1000 else ''} new {noun(self.waiting, 'waits', 'wait')}: t shows {noun(self.waiting, 'it', 'them')}"
            )
        elif self.tailing:
            parts.append("following")
        else:
            parts.append("stopped: t follows again")
        if not self.query_words.anything:
            parts.append(f"filter: {in_words(self.query_words)}")
        self.query_one("#deliveries-said", Says).say(" · ".join(parts))

    # --- following ----------------------------------------------------------------------------

    def _tick(self) -> None:
        stamp = self.desk.stamp()
        if stamp == self._stamp or not self.desk.has_journal() or self.is_looking("deliveries-page") or self._left:
            return
        self._stamp = stamp
        if not self.listed or (self.tailing and self.query_one(Rows).cursor == 0):
            if not self.query_words.text:
                self.load("newest", by_itself=True)
            return
        query, high, low = self.query_words, self.listed[0].row.seq, self.listed[-1].row.seq

        def read() -> tuple[int, tuple[Listed, ...]]:
            browse = self.desk.journal().browse
            fresh = browse.newer(query.wanted, high) if not query.text else 0
            return fresh, (browse.between(query.wanted, low, high) if not query.text else ())

        def show(found: tuple[int, tuple[Listed, ...]]) -> None:
            if query != self.query_words or not self.listed or self.listed[0].row.seq != high:
                return
            self.waiting, rows = found
            if rows:
                self.listed = rows
                self.query_one(Rows).fill(self._rows())
            self._say()

        self.in_background("deliveries-tick", read, show, said="looking for what is new", quiet=True)

    # --- what one does ------------------------------------------------------------------------

    def ask(self, words: str) -> None:
        """Show the deliveries a line of words asks for."""
        try:
            query = parse_query(words, self.desk.clock.now())
        except ProblemError as error:
            self._wrong_words = True
            self.show_problems(error.problems)
            return
        self._wrong_words = False
        self.query_words = query
        self.query_one("#deliveries-filter", Input).value = words
        self.load("newest")

    @override
    def show_wanted(self, what: str) -> None:
        if what:
            self.ask(what)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the words."""
        event.stop()
        self.query_one("#deliveries-filter").display = False
        self.query_one(Rows).focus()
        self.ask(event.value)

    def action_filter(self) -> None:
        """Ask for words."""
        field = self.query_one("#deliveries-filter", Input)
        field.display = True
        self.set_focus(field)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "filter":
            return not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    def action_all(self) -> None:
        """Close the line of words; with none open, show every delivery again."""
        field = self.query_one("#deliveries-filter", Input)
        if field.display:
            field.display = False
            self.query_one(Rows).focus()
        elif self._looking:
            self._stop_looking()
        elif self._wrong_words or not self.query_words.anything:
            self.ask("")

    def action_tail(self) -> None:
        """The newest."""
        self.load("newest")

    def on_rows_edge_reached(self, event: Rows.EdgeReached) -> None:
        """The next page, or the last, follows by itself."""
        event.stop()
        if self._looking:
            return  # what is beyond is just being looked for
        if event.edge == "bottom":
            self.load("older")
        elif event.edge == "last":
            self.load("oldest")
        elif event.edge == "first" or self.waiting:
            self.load("newest")
        elif self.listed and self.listed[0].row.seq < self.extent.last:
            self.load("newer")

    def on_rows_highlighted(self, event: Rows.Highlighted) -> None:
        """Preview it where there is room."""
        event.stop()
        chosen = next((one for one in self.listed if one.row.delivery_id == event.row.key), None)
        if chosen is None:
            return
        if self.tailing and event.rows.cursor > 0:
            self.tailing = False
        elif event.rows.cursor == 0 and self.listed[0].row.seq == self.extent.last:
            self.tailing = True
        self._say()
        self.query_one("#deliveries-preview-text", Pairs).tell(preview(chosen))

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """Show everything about it."""
        event.stop()
        self.open_detail(str(event.row.key))

    @override
    def chosen_delivery(self) -> str | None:
        row = self.query_one(Rows).row
        return str(row.key) if row is not None and self.listed else None

    def action_go_to(self) -> None:
        """Ask for a moment, and go there."""
        self.ask_moment(self._go_to)

    def _go_to(self, place: int) -> None:
        self.load("newest", before=place + PAGE // 2)

    @override
    def problems_found(self, name: str, problems: Sequence[Problem]) -> None:
        if name.startswith("deliveries-"):
            self.show_problems(problems)


def delivery_row(one: Listed, received: str) -> Row:
    """A delivery as a row."""
    row = one.row
    event = f"{row.event}.{row.action}" if row.action else row.event
    issues = ",".join(f"#{issue}" if issue else "(all)" for issue in row.issues[:4]) + (
        "…" if len(row.issues) > 4 else ""
    )
    bad = row.state in {"dead", "quarantined"} or one.outcome in {"failed", "blocked"}
    state = one.outcome if row.state == "done" and one.outcome and one.outcome != "success" else row.state
    mark: Mark = "bad" if bad else "wait" if one.outcome == "partial" else _MARKS.get(row.state, "")
    return Row(row.delivery_id, (received, event, f"{row.repo}{issues}" or "–", state, row.sender), mark)


def preview(one: Listed) -> list[tuple[str, str]]:
    """What is told beside the list."""
    row = one.row
    took = f", {span(row.handled_at - row.received_at)} later" if row.handled_at else ""
    return [
        ("delivery", row.delivery_id),
        ("event", f"{row.event}.{row.action}" if row.action else row.event),
        ("from", row.sender or "–"),
        ("arrived", f"{row.received_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("size", f"{number(row.size)} {noun(row.size, 'byte')}"),
        ("state", f"{row.state}{took}"),
        ("outcome", one.outcome or "–"),
        ("reason", row.reason or "–"),
        ("came again", times(row.duplicates) if row.duplicates else "no"),
    ]
