"""One delivery: facts, timing and headers, decisions and writes, and the body, side by side where there is room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, VerticalScroll
from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from tassist.text import noun, number
from tassist.tui.desk import Desk
from tassist.tui.places import Place
from tassist.tui.safe import content, times
from tassist.tui.screens.delivery_acts import DeliveryActs
from tassist.tui.widgets.pairs import Pairs
from tassist.tui.widgets.panels import Says

if TYPE_CHECKING:
    from tassist.services.delivery_detail import Detail

_MOST_LINES = 3_000


class DeliveryDetailScreen(DeliveryActs):
    """Everything about one delivery."""

    HELP = """# A delivery

**Tab** goes from pane to pane. **d** marks it to be compared, **D** compares it with the one before of its issue, **e** edits a
copy and sends it, **r** replays, **R** asks GitHub, **y** copies, **w** shows the issue."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "back", "Back", id="back-to-deliveries", tooltip="Back to the list")
    ]

    def __init__(self, place: Place, desk: Desk, delivery_id: str) -> None:
        super().__init__(place, desk, page="delivery")
        self.delivery_id = delivery_id
        self.detail: Detail | None = None

    @override
    def compose_place(self) -> ComposeResult:
        yield Says("", id="delivery-said")
        with Grid(id="delivery-panes"):
            for name, title in (("facts", "Delivery"), ("body", "Body"), ("decided", "Decisions and writes")):
                with VerticalScroll(id=f"delivery-{name}", classes="pane") as pane:
                    pane.border_title = title
                    text = f"delivery-{name}-text"
                    yield Static("", id=text) if name == "body" else Pairs(names=14, id=text)

    def on_mount(self) -> None:
        """Read it."""
        self.query_one("#delivery-facts").focus()
        from tassist.services.delivery_detail import detail

        self.in_background(
            "delivery-detail",
            lambda: detail(self.desk.journal(), self.delivery_id),
            self._show,
            said="reading a delivery",
        )

    def _show(self, found: Detail) -> None:
        self.detail = found
        row = found.row
        event = f"{row.event}.{row.action}" if row.action else row.event
        self.query_one("#delivery-said", Says).say(f"{row.delivery_id} · {event} · {row.state}")
        self.query_one("#delivery-facts-text", Pairs).tell(facts(found))
        self.query_one("#delivery-decided-text", Pairs).tell(decided(found))
        body = found.body if found.body is not None else "It is no longer kept. R asks GitHub for it."
        lines = body.split("\n")
        shown = [content(line, max_chars=2000) for line in lines[:_MOST_LINES]]
        if len(lines) > _MOST_LINES:
            shown.append(
                content(
                    f"… {number(len(lines) - _MOST_LINES)} more {noun(len(lines) - _MOST_LINES, 'line')}: y copies all of it",
                    style="bold",
                )
            )
        self.query_one("#delivery-body-text", Static).content = Content("\n").join(shown)

    @override
    def chosen_delivery(self) -> str | None:
        return self.delivery_id

    def action_back(self) -> None:
        """Back to the list."""
        _ = self.dismiss()


def facts(found: Detail) -> Iterable[tuple[str, str]]:
    """Facts, timing, headers; a name and a value each, a heading where the value is empty."""
    row = found.row
    issues = ", ".join(f"#{one}" if one else "every open issue" for one in row.issues[:20]) or "–"
    yield "event", f"{row.event}.{row.action}" if row.action else row.event
    yield "repository", row.repo or "–"
    yield "issues", issues
    yield "sender", row.sender or "–"
    yield "state", row.state + (f": {row.reason}" if row.reason else "")
    yield "size", f"{number(row.size)} {noun(row.size, 'byte')}"
    if row.duplicates:
        yield "came again", times(row.duplicates)
    yield "Timing", ""
    yield from found.timing
    yield "Headers", ""
    yield from found.headers.items()


def decided(found: Detail) -> Iterable[tuple[str, str]]:
    """The run, its decisions and its writes."""
    run = found.run
    if run is None:
        yield "run", "none yet" if found.row.state in {"stored", "waiting"} else "none: no rule was asked"
        return
    yield "run", run.run.run_id
    yield "why", run.trigger
    yield "outcome", (run.run.outcome or run.run.state) + (f": {run.run.reason}" if run.run.reason else "")
    for problem in run.problems:
        yield "problem", problem
    yield "Decisions", ""
    for one in run.decisions:
        yield one.rule, f"{one.outcome}: {one.reason}"
        if one.before or one.after:
            yield "", f"{one.before or 'none'} → {one.after or 'none'}"
        if one.config:
            yield "", f"because of {one.config}"
    if run.not_configured:
        yield "not set up", ", ".join(run.not_configured)
    yield "Writes", ""
    for line in found.writes or ["none"]:
        yield "", line
    yield "calls", f"{run.reads} {noun(run.reads, 'read')}, {run.writes} {noun(run.writes, 'write')}"
