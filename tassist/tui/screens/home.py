"""Home: ten seconds a day. Is anything lost, late or blocked; then the queue, limits, figures, the last deliveries."""

from __future__ import annotations

import asyncio
import importlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, VerticalScroll
from typing_extensions import override

from engine.problems import Problem
from tassist.text import noun, number
from tassist.tui.desk import Desk
from tassist.tui.messages import Wanted
from tassist.tui.places import Place
from tassist.tui.safe import content, moment
from tassist.tui.screens.place import NO_SERVICE, PlaceScreen
from tassist.tui.widgets.pairs import Pairs
from tassist.tui.widgets.panels import Empty, ProblemPanel, Says
from tassist.tui.widgets.rows import Column, Mark, Row, Rows

if TYPE_CHECKING:
    from tassist.services.hook import Hook
    from tassist.services.overview import Overview
    from tassist.services.overview_words import Fact

_EVERY_S = 1.0
_ABOVE_LAST, _LEAST_LAST = 16, 12
"""The lines above the last deliveries where all is well and the panes stand side by side; and how many there are at least."""
_MOST_OF_A_NAME, _SMALL = 12, 20
_MARKS: dict[str, Mark] = {"good": "good", "waiting": "wait", "bad": "bad"}


class HomeScreen(PlaceScreen):
    """Everything at a glance."""

    HELP = """# Home

On top what wants attention, the worst first; **Enter** goes where it is shown. Below, what waits, what was written, today by the
hour, and the last deliveries."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "show_store", "Store", id="show-store", tooltip="What the journal holds"),
        Binding("h", "look_at_hook", "Hook", id="look-at-hook", tooltip="Ask GitHub where the webhook leads now"),
    ]

    def __init__(self, place: Place, desk: Desk) -> None:
        super().__init__(place, desk)
        self.overview: Overview | None = None
        self.hook: Hook | None = None
        self._stamp: object = None
        self._attention: dict[str, tuple[str, str]] = {}

    @override
    def compose_place(self) -> ComposeResult:
        yield ProblemPanel(id="home-problem")
        yield Empty("Reading the journal …", id="home-empty")
        with VerticalScroll(id="home-all", can_focus=False):
            yield Rows(Column("what wants attention", 0), Column("what to do", 46, wide=True), id="home-attention")
            yield Says("", id="home-fix")
            with Grid(id="home-panes"):
                for name, title in (("state", "Now"), ("figures", "Last 24 hours")):
                    pane = Pairs(names=11, id=f"home-{name}")
                    pane.add_class("pane")
                    pane.border_title = title
                    yield pane
            yield Rows(
                Column("last", 11), Column("event", 24), Column("issue", 0), Column("state", 11), id="home-deliveries"
            )

    def on_mount(self) -> None:
        """Read it, and again whenever something has changed."""
        self.query_one("#home-problem").display = False
        self.query_one("#home-all").display = False
        # The first picture stands before anything heavy is read.
        self.call_after_refresh(self._look)
        self.every_tick(self._look, _EVERY_S)

    def _look(self) -> None:
        last = max(self.size.height - _ABOVE_LAST, _LEAST_LAST)
        stamp = (self.desk.stamp(), self.desk.clock.now().replace(second=0, microsecond=0), last)
        if stamp == self._stamp or self.is_looking("home-overview"):
            return
        self._stamp = stamp

        def read() -> Overview | None:
            from tassist.services.overview import overview, writes_per_hour

            if not self.desk.has_journal():
                return None
            most = writes_per_hour(self.desk.settings)
            return overview(
                self.desk.journal(),
                self.desk.home,
                self.desk.clock.now(),
                last=last,
                writes_per_hour=most,
                serve=self.desk.command("serve"),
            )

        self.in_background("home-overview", read, self._show, said="reading the journal", quiet=True)

    def _show(self, found: Overview | None) -> None:
        if found is None:
            setup, serve = self.desk.command("setup"), self.desk.command("serve")
            fix = f"{self.desk.home}: 7 sets it up ({setup}), then {serve}; or see everything with tassist demo"
            self.query_one("#home-empty", Empty).say(NO_SERVICE, fix)
            return
        self.overview = found = replace(found, hook=self.hook)
        self.query_one("#home-problem").display = False
        self.query_one("#home-empty").display = False
        everything = self.query_one("#home-all")
        if not everything.display:
            everything.display = True
            self.call_after_refresh(self.query_one("#home-attention").focus)
            from tassist.services.overview import HOOK_ASKED_EVERY

            self._look_at_hook()
            self.set_interval(HOOK_ASKED_EVERY.total_seconds(), self._look_at_hook)
        self._lay_out(found)

    def _lay_out(self, found: Overview) -> None:
        from tassist.services.overview_words import figures, standing
        from tassist.tui.screens.deliveries import delivery_row

        attention = list(found.attention)
        rows = self.query_one("#home-attention", Rows)
        rows.styles.height = min(len(attention), 6) + 1
        rows.fill(
            [Row(f"{at}{one.what}", (one.what, one.fix), _MARKS[one.verdict]) for at, one in enumerate(attention)]
        )
        self._say_fix(rows.row)
        self._attention = {f"{at}{one.what}": (one.place, one.wanted) for at, one in enumerate(attention)}
        self.query_one("#home-state", Pairs).tell(pairs(standing(found), self.desk.command("console --plain")))
        self.query_one("#home-figures", Pairs).tell(pairs(figures(found), self.desk.command("console --plain")))
        now = self.desk.clock.now()
        last = self.query_one("#home-deliveries", Rows)
        last.styles.height = len(found.last) + 1
        last.fill([delivery_row(one, moment(one.row.received_at, now)) for one in found.last])

    # --- the hook -----------------------------------------------------------------------------

    def _look_at_hook(self) -> None:
        if self.looked_at and self.overview is not None:
            self.action_look_at_hook(told=False)

    def action_look_at_hook(self, *, told: bool = True) -> None:
        """Ask GitHub where the webhook leads."""

        async def ask() -> None:
            hook = await asyncio.to_thread(importlib.import_module, "tassist.services.hook")
            found = await hook.look(self.desk.settings, self.desk.home, now=self.desk.clock.now())
            self.hook = found
            if self.overview is not None and self.is_attached:
                self.overview = replace(self.overview, hook=found)
                self._lay_out(self.overview)
            if told:
                said = [content(said, max_chars=200).plain for _, said in found.told]
                self.notify("\n".join(said), title="Webhook", markup=False)

        self.run_worker(
            ask(), name="home-hook", group="home-hook", description="asking where the webhook leads",
            exclusive=True, exit_on_error=False,
        )  # fmt: skip

    # --- what one does ------------------------------------------------------------------------

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """Go where it is shown."""
        event.stop()
        if event.rows.id == "home-deliveries":
            from tassist.tui.screens.delivery_detail import DeliveryDetailScreen

            _ = self.app.push_screen(DeliveryDetailScreen(self.place, self.desk, str(event.row.key)))
            return
        self.post_message(Wanted(*self._attention[str(event.row.key)]))

    def on_rows_highlighted(self, event: Rows.Highlighted) -> None:
        """Say what to do, where there is no column for it."""
        event.stop()
        if event.rows.id == "home-attention":
            self._say_fix(event.row)

    def _say_fix(self, row: Row | None) -> None:
        fix = row.cells[1] if row is not None else ""
        self.query_one("#home-fix", Says).say(f"  to do: {fix}" if fix else "")

    def on_rows_edge_reached(self, event: Rows.EdgeReached) -> None:
        """From the one list to the other, by going on."""
        event.stop()
        if event.rows.id == "home-attention" and event.edge == "bottom":
            self.query_one("#home-deliveries").focus()
        elif event.rows.id == "home-deliveries" and event.edge == "top":
            self.query_one("#home-attention").focus()

    def action_show_store(self) -> None:
        """What the journal holds."""
        from tassist.services.store import info
        from tassist.tui.screens.asking import TextModal

        def show(lines: list[str]) -> None:
            _ = self.app.push_screen(TextModal("The store", [content(line) for line in lines]))

        def read() -> list[str]:
            found = info(self.desk.settings)
            states = (
                ", ".join(f"{number(count)} {state}" for state, count in found.deliveries.items() if count) or "none"
            )
            return [
                f"file        {found.path}",
                f"size        {number(found.bytes)} {noun(found.bytes, 'byte')}, {number(found.free_bytes)} of them free",
                f"version     {found.schema_version}",
                f"deliveries  {states}",
                f"bodies      {number(found.bodies)}",
                f"runs        {number(found.runs)}, with {number(found.effects)} {noun(found.effects, 'write')}",
                f"records     {number(found.records)} on their way to sinks",
                *(f"sink        {sink.sink}: {number(sink.behind)} behind" for sink in found.sinks),
            ]

        self.in_background("home-store", read, show, said="reading what the store holds")

    @override
    def problems_found(self, name: str, problems: Sequence[Problem]) -> None:
        if name == "home-overview":
            panel = self.query_one("#home-problem", ProblemPanel)
            panel.show(problems)
            panel.display = True
            self.query_one("#home-empty").display = False


def pairs(facts: Iterable[Fact], tells_all: str) -> Iterable[tuple[str, str]]:
    """Facts as names and values, each with its plot: a small one before the words, a wide one on a line of its own.

    Args:
        facts: In their order.
        tells_all: The command that tells those there is no room for.
    """
    told: Counter[str] = Counter()
    for fact in facts:
        told[fact.name] += 1
        if told[fact.name] > _MOST_OF_A_NAME:
            continue
        if len(fact.drawn) > _SMALL:
            yield fact.name, fact.said
            yield "", fact.drawn
        else:
            yield fact.name, f"{fact.drawn} {fact.said}" if fact.drawn else fact.said
    for name, count in told.items():
        if count > _MOST_OF_A_NAME:
            yield name, f"and {number(count - _MOST_OF_A_NAME)} more, with less; {tells_all} tells all"
