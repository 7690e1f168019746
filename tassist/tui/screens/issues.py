"""Issues and the decisions about them: from a label to its rule, configuration line and delivery; and back by undo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.worker import get_current_worker
from typing_extensions import override

from engine.problems import Problem, ProblemError
from tassist.errors import problems_of
from tassist.store.model import LaneKey, RunRow
from tassist.text import noun, safe_text
from tassist.tui.desk import Desk
from tassist.tui.messages import Troubled
from tassist.tui.places import Place
from tassist.tui.safe import content, moment
from tassist.tui.screens.asking import AskModal, ConfirmModal, TextModal
from tassist.tui.screens.place import PlaceScreen
from tassist.tui.widgets.pairs import Pairs
from tassist.tui.widgets.panels import Empty, ProblemPanel, Says
from tassist.tui.widgets.rows import Column, Mark, Row, Rows

if TYPE_CHECKING:
    from tassist.services.provenance import Origin, Told
    from tassist.store.console import Looked

PAGE = 100
_MARKS: dict[str, Mark] = {"success": "good", "partial": "wait", "blocked": "bad", "failed": "bad"}


@dataclass(frozen=True, slots=True)
class _Read:
    """What is known of one issue."""

    key: LaneKey
    name: str
    origins: tuple[Origin, ...]
    runs: tuple[Told, ...]

    def is_older_than(self, run: RunRow) -> bool:
        """Whether it is about this run's issue, and was read before the run ended."""
        known = {(one.run.run_id, one.run.state) for one in self.runs}
        return run.key == self.key and (run.run_id, run.state) not in known


class IssuesScreen(PlaceScreen):
    """Issues, newest run first; beside them what was written, and why."""

    HELP = """# Issues

On top the issues looked at of late; they follow by themselves as long as the cursor is on the first. Below, everything that was written to the one under the cursor: the label or milestone, its
rule, the configuration line that asked for it, and the delivery that came. **Enter** opens that delivery.

**i** asks for an issue, **w** asks GitHub how it is now and what every rule says, **u** takes a run's writes back: what would
happen is shown first."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "ask_issue", "Issue", id="ask-issue", tooltip="Go to an issue: owner/name#7 or its address"),
        Binding("w", "why", "Why now", id="why-now", tooltip="Ask GitHub, with a token that cannot write"),
        Binding("u", "undo", "Undo", id="undo-run", tooltip="Take a run's writes back; shown before it is done"),
        Binding("v", "decisions", "Decisions", id="show-decisions", tooltip="What every rule said in the last runs"),
    ]

    def __init__(self, place: Place, desk: Desk) -> None:
        super().__init__(place, desk)
        self.runs: list[RunRow] = []
        self.read: _Read | None = None
        self._stamp: object = None
        self._at_top = True
        self._looked_to: tuple[datetime, str] | None = None
        """The run up to which issues were looked for."""
        self._known: set[LaneKey] = set()
        """The issues above it, also those that are no longer in the list."""

    @override
    def compose_place(self) -> ComposeResult:
        yield Says("", id="issues-said")
        yield ProblemPanel(id="issues-problem")
        yield Empty("", id="issues-empty")
        with Vertical(id="issues-body"):
            yield Rows(
                Column("issue", 0), Column("last look", 11), Column("outcome", 9), Column("reason", 44, wide=True),
                id="issues-rows",
            )  # fmt: skip
            yield Rows(
                Column("written", 0), Column("rule", 20), Column("when", 11), Column("because of", 40, wide=True),
                id="issues-origins",
            )  # fmt: skip
            with VerticalScroll(id="issues-told"):
                yield Pairs(names=10, id="issues-told-text")

    def on_mount(self) -> None:
        """Show the issues of late."""
        self.query_one("#issues-problem").display = False
        self.query_one("#issues-empty").display = False
        self.query_one("#issues-rows").focus()
        self._load()
        self.every_tick(self._tick, 1.0)
        wanted = str(self.desk.options.get("issue", ""))
        if wanted:
            self.show_wanted(wanted)

    def _tick(self) -> None:
        rows = self.query_one("#issues-rows", Rows)
        reading = self.focused is not None and self.focused is not rows
        stamp = self.desk.stamp()
        if stamp != self._stamp and self._at_top and rows.cursor == 0 and not reading:
            self._load(by_itself=True, stamp=stamp)

    def _load(self, *, more: bool = False, by_itself: bool = False, stamp: object = None) -> None:
        if self.is_looking("issues-page"):
            return
        rows = self.query_one("#issues-rows", Rows)
        under = rows.key
        self._stamp = self.desk.stamp() if stamp is None else stamp
        before = self._looked_to if more else None
        known = frozenset(self._known) if more else frozenset()

        def read() -> Looked:
            browse, worker = self.desk.journal().browse, get_current_worker()
            found = browse.recent_issues(limit=PAGE, before=before, known=known)
            # Where a few issues have very many runs, others may lie far beyond them.
            while more and not found.runs and not found.ended and not worker.is_cancelled:
                found = browse.recent_issues(limit=PAGE, before=found.looked_to, known=known)
            return found

        def show(looked: Looked) -> None:
            found = list(looked.runs)
            if more and not found:
                self._looked_to = looked.looked_to
                return
            if by_itself and (rows.key != under or self.query_one("#issues-origins").has_focus):
                self._stamp = None  # somebody moved meanwhile: the list stands still under them
                return
            self._at_top, self._looked_to = not more, looked.looked_to
            self._known = {*(self._known if more else ()), *(run.key for run in found)}
            self.runs = [*self.runs, *found][-5 * PAGE :] if more else found
            self._fill(keep=not by_itself)

        self.in_background("issues-page", read, show, said="looking for issues", quiet=True)

    def _fill(self, *, keep: bool = True) -> None:
        now = self.desk.clock.now()
        self.query_one("#issues-problem").display = False
        empty = self.query_one("#issues-empty", Empty)
        empty.display = not self.runs
        self.query_one("#issues-body").display = bool(self.runs)
        if self.runs:
            self.focus_if_none(self.query_one("#issues-rows"))
        if not self.runs:
            empty.say("No issue was looked at yet", "They appear here once a delivery or a sweep asks for a look.")
        rows = self.query_one("#issues-rows", Rows)
        rows.fill(
            [
                Row(
                    run.key,
                    (issue_name(run), moment(run.started_at, now), run.outcome or run.state, run.reason or ""),
                    _MARKS.get(run.outcome or "", ""),
                )
                for run in self.runs
            ],
            keep=keep,
        )
        if self.runs and self.read is not None and self.read.is_older_than(self.runs[rows.cursor]):
            self.show_issue(self.read.key, self.read.name)
        self.query_one("#issues-said", Says).say(
            f"{len(self.runs)} {noun(len(self.runs), 'issue')}, the last looked at first"
        )

    # --- one issue ----------------------------------------------------------------------------

    def on_rows_highlighted(self, event: Rows.Highlighted) -> None:
        """Read what was written to it, or say more of what is under the cursor."""
        event.stop()
        if event.rows.id == "issues-rows":
            run = next((one for one in self.runs if one.key == event.row.key), None)
            if run is not None:
                self.show_issue(run.key, issue_name(run))
        else:
            self._tell_origin(event.row.key)

    def show_issue(self, key: LaneKey, name: str) -> None:
        """Show what was written to an issue, and why."""

        def read() -> _Read:
            from tassist.services.provenance import origins, told

            journal = self.desk.journal()
            runs = tuple(told(journal, run) for run in journal.browse.runs_of(key, limit=5))
            return _Read(key, name, tuple(origins(journal, key)), runs)

        self.in_background("issues-one", read, self._show_issue, said="reading an issue", quiet=True)

    def _show_issue(self, found: _Read) -> None:
        self.read = found
        now = self.desk.clock.now()
        self.query_one("#issues-origins", Rows).fill(
            [
                Row(
                    index,
                    (
                        f"{one.said}{' (taken back)' if one.undone else ''}",
                        one.rule,
                        moment(one.at, now),
                        one.config or one.trigger,
                    ),
                    "dim"
                    if one.undone
                    else "bad"
                    if one.state == "failed"
                    else "good"
                    if one.state == "applied"
                    else "",
                )
                for index, one in enumerate(found.origins)
            ],
            keep=False,
        )
        if not found.origins:
            self._tell(last_run_lines(found))
        else:
            self._tell_origin(0)

    def _tell_origin(self, index: object) -> None:
        if self.read is not None and isinstance(index, int) and 0 <= index < len(self.read.origins):
            self._tell(origin_lines(self.read.name, self.read.origins[index]))

    def _tell(self, lines: Iterable[tuple[str, str]]) -> None:
        self.query_one("#issues-told-text", Pairs).tell(lines)

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """From the issue to its writes; from a write to its delivery."""
        event.stop()
        if event.rows.id == "issues-rows":
            self.query_one("#issues-origins").focus()
            return
        if self.read is not None and isinstance(event.row.key, int):
            delivery_id = self.read.origins[event.row.key].delivery_id
            if delivery_id:
                from tassist.tui.screens.delivery_detail import DeliveryDetailScreen

                _ = self.app.push_screen(DeliveryDetailScreen(self.place, self.desk, delivery_id))
            else:
                self.notify("No delivery asked for that look.", markup=False)

    def on_rows_edge_reached(self, event: Rows.EdgeReached) -> None:
        """More issues; or from one list to the other."""
        event.stop()
        if event.rows.id == "issues-origins":
            if event.edge == "top":
                self.query_one("#issues-rows").focus()
        elif event.edge in {"bottom", "last"}:
            self._load(more=True)
        elif not self._at_top:
            self._load()

    # --- going to one -------------------------------------------------------------------------

    @override
    def show_wanted(self, what: str) -> None:
        if what:
            self._go_to(what)

    def action_ask_issue(self) -> None:
        """Ask for an issue."""
        from tassist.services.connecting import parse_issue

        def wrong(text: str) -> str:
            try:
                parse_issue(text)
            except ProblemError as error:
                return error.problems[0].why
            return ""

        def go_on(text: str | None) -> None:
            if text:
                self._go_to(text)

        _ = self.app.push_screen(AskModal("Which issue?", example="acme/app#12", wrong=wrong), go_on)

    def _go_to(self, text: str) -> None:
        from tassist.services.connecting import parse_issue

        repo, issue = parse_issue(text)

        def read() -> list[RunRow]:
            browse = self.desk.journal().browse
            key = browse.issue(repo, issue)
            return browse.runs_of(key, limit=1) if key is not None else []

        def show(found: list[RunRow]) -> None:
            if not found:
                self.post_message(Troubled("issues-go", [_never_seen(f"{repo}#{issue}")]))
                return
            self.runs = [found[0], *(run for run in self.runs if run.key != found[0].key)]
            self._at_top = False
            self._fill()
            rows = self.query_one("#issues-rows", Rows)
            rows.cursor = 0
            rows.focus()
            self.show_issue(found[0].key, issue_name(found[0]))

        self.in_background("issues-go", read, show, said="looking for an issue")

    def action_decisions(self) -> None:
        """Every decision of the last runs."""
        if self.read is not None:
            lines = [content(line, max_chars=500) for line in decision_lines(self.read.runs)]
            _ = self.app.push_screen(TextModal(f"Decisions about {self.read.name}", lines))

    # --- now, and back ------------------------------------------------------------------------

    @work(exclusive=True, group="issues-act", exit_on_error=False, description="asking why an issue is as it is")
    async def action_why(self) -> None:
        """Ask GitHub how it is, and the rules what they say, with a token that cannot write."""
        from tassist.services import why

        if self.read is None:
            return
        name = self.read.name
        repo, _, number = name.rpartition("#")
        self.query_one("#issues-said", Says).say(f"asking GitHub about {name} …")
        try:
            async with self.desk.github(dry=True) as connection:
                found = await why.why(connection, repo, int(number))
        except (ProblemError, OSError) as error:
            self.post_message(Troubled("why", problems_of(error)))
        else:
            lines = [content(line, max_chars=500) for line in why.in_words(found)]
            _ = self.app.push_screen(TextModal(f"{name} as it is now", lines))
        self._fill()

    @work(exclusive=True, group="issues-act", exit_on_error=False, description="undoing a run")
    async def action_undo(self) -> None:
        """Show what taking the chosen run back means, ask, and do it."""
        if self.read is None:
            return
        index = self.query_one("#issues-origins", Rows).row
        if not self.read.origins or index is None or not isinstance(index.key, int):
            self.notify("No run of the journal wrote anything to it.", markup=False)
            return
        try:
            await self._undo(self.read.origins[index.key].run_id)
        except (ProblemError, OSError) as error:
            self.post_message(Troubled("undo", problems_of(error)))

    async def _undo(self, run_id: str) -> None:
        from tassist.services import undo

        async with self.desk.github(dry=True) as connection:
            planned = await undo.plan(connection, self.desk.where, run_id)
        title = "Take this back?" if planned.wanted else "There is nothing to take back"
        modal = ConfirmModal(title, undo.in_words(planned), possible=bool(planned.wanted))
        if not await self.app.push_screen_wait(modal):
            return
        problems: list[Problem] = []

        def told(done: undo.Done) -> None:
            if done.problem is not None:
                problems.append(done.problem)

        async with self.desk.github(dry=False) as connection:
            planned, done = await undo.carry_out(connection, self.desk.where, planned, told)
        if problems:
            self.post_message(Troubled("undo", problems))
        said = "; ".join(undo.inverse_in_words(one.step.inverse) for one in done if one.problem is None) or "nothing"
        self.notify(safe_text(f"done: {said}", max_chars=300), title="Undo", markup=False)
        if self.read is not None:
            self.show_issue(self.read.key, self.read.name)

    @override
    def problems_found(self, name: str, problems: Sequence[Problem]) -> None:
        if name in {"issues-page", "issues-one"}:
            self.show_problems(problems)


def issue_name(run: RunRow) -> str:
    """``owner/name#7``; the repository alone where the look was at all of it."""
    return f"{run.repo}#{run.key.number}" if run.key.number else run.repo


def origin_lines(name: str, one: Origin) -> Iterable[tuple[str, str]]:
    """Where one write comes from."""
    yield "wrote", f"{one.said} ({one.state}{', taken back since' if one.undone else ''})"
    yield "to", name
    yield "rule", one.rule or "–"
    yield "reason", one.reason or "–"
    yield "config", one.config or "–"
    yield "looked", f"{one.at:%Y-%m-%d %H:%M:%S} UTC, because of {one.trigger}"
    yield "delivery", one.delivery_id or "none"
    yield "run", one.run_id


def last_run_lines(found: _Read) -> Iterable[tuple[str, str]]:
    """What is told where nothing was ever written."""
    yield "written", "nothing by any run the journal keeps"
    if found.runs:
        yield "last run", f"{found.runs[0].run.outcome or found.runs[0].run.state}, because of {found.runs[0].trigger}"
        for one in found.runs[0].decisions:
            yield one.rule, f"{one.outcome}: {one.reason}"


def decision_lines(runs: Sequence[Told]) -> Iterable[str]:
    """The last runs with every decision."""
    for run in runs:
        head = f"{run.run.started_at:%Y-%m-%d %H:%M:%S} UTC  {run.run.outcome or run.run.state}  {run.trigger}"
        yield f"{head}  undoes {run.undoes}" if run.undoes else head
        if run.run.reason:
            yield f"  {run.run.reason}"
        for one in run.decisions:
            change = f"  {one.before or 'none'} → {one.after or 'none'}" if one.before or one.after else ""
            yield f"  {one.outcome:<8} {one.rule}: {one.reason}{change}"
            if one.config:
                yield f"           {one.config}"
        for problem in run.problems:
            yield f"  problem: {problem}"
        if run.not_configured:
            yield f"  not configured: {', '.join(run.not_configured)}"
        yield ""


def _never_seen(name: str) -> Problem:
    return Problem(
        "issue-never-seen",
        f"the journal has no run about {safe_text(name, max_chars=120)}",
        "no delivery or sweep asked for a look at it, or it was pruned",
        "tassist why asks GitHub about any issue",
    )
