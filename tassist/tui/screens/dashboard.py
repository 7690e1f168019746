"""The dashboard: figures over weeks and months, from telemetry alone, with small plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Sparkline, Static
from typing_extensions import override

from engine.problems import ProblemError
from tassist.text import noun
from tassist.tui.desk import Desk
from tassist.tui.places import Place
from tassist.tui.safe import content
from tassist.tui.screens.place import PlaceScreen
from tassist.tui.widgets.panels import Empty, Says
from tassist.tui.widgets.rows import Column, Mark, Row, Rows

if TYPE_CHECKING:
    from tassist.dashboard.board import Board, RepoBoard, Scope, Series


class DashboardScreen(PlaceScreen):
    """Figures by repository; the row the cursor is on is plotted below."""

    HELP = """# Dashboard

Each row is a repository, the first all of them. Below stand the plots of the row the cursor is on: open issues and runs, by week. **r**
counts again, **b** builds the pages with everything else and says where they are: every chart, issue and record."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "count", "Count", id="count-again", tooltip="Count the telemetry again"),
        Binding("b", "build", "Build pages", id="build-dashboard", tooltip="Build the pages, and say where they are"),
    ]
    DEFAULT_CSS = """
    DashboardScreen Rows { height: 2fr; min-height: 5; }
    DashboardScreen #board-below { height: 3fr; padding: 0 1; }
    DashboardScreen #board-more { margin: 0 0 1 0; }
    DashboardScreen.-wide #board-more { display: none; }
    DashboardScreen Sparkline { height: 2; margin: 0 0 1 0; }
    """

    def __init__(self, place: Place, desk: Desk) -> None:
        super().__init__(place, desk)
        self.board: Board | None = None
        self._rows: list[Row] = []

    @override
    def compose_place(self) -> ComposeResult:
        yield Says("", id="board-said")
        yield Empty("", id="board-empty")
        yield Rows(
            Column("repository", 0),
            Column("open", 6),
            Column("in", 5),
            Column("out", 5),
            Column("stale", 6),
            Column("runs", 7),
            Column("failed", 7),
            Column("taken back", 11, wide=True),
            Column("latency", 9, wide=True),
            id="board-rows",
        )
        with VerticalScroll(id="board-below"):
            yield Static("", id="board-more")
            yield Static("", id="board-open-said")
            yield Sparkline([0], id="board-open")
            yield Static("", id="board-runs-said")
            yield Sparkline([0], id="board-runs")
            yield Static("", id="board-needs")

    def on_mount(self) -> None:
        """Count at once."""
        self.query_one("#board-empty").display = False
        self.query_one("#board-rows", Rows).focus()
        self.action_count()

    def action_count(self) -> None:
        """Count again."""
        from tassist.services import dashboard

        if self.board is None:
            self._nothing("Counting the telemetry …", "")
        else:
            self.query_one("#board-said", Says).say("Counting …")

        def read() -> Board | None:
            try:
                return dashboard.count(self.desk.telemetry)
            except ProblemError as error:
                # Before the first delivery that is how it is, and not what went wrong.
                if all(problem.code == "no-telemetry" for problem in error.problems):
                    return None
                raise

        self.in_background("dashboard", read, self._counted, said="count telemetry")

    def action_build(self) -> None:
        """Build the pages."""
        from tassist.services import dashboard

        desk = self.desk
        self.in_background(
            "dashboard-pages",
            lambda: dashboard.build(desk.telemetry, desk.home / "dashboard"),
            lambda built: self.query_one("#board-said", Says).say(
                f"{built.files} {noun(built.files, 'file')}; open {built.index}"
            ),
            said="build the dashboard",
        )

    @override
    def problems_found(self, name: str, problems: object) -> None:
        if self.board is None:
            self._nothing(
                "There is no telemetry yet", f"it comes with the first deliveries: {self.desk.command('serve')}"
            )

    def _nothing(self, what: str, fix: str) -> None:
        self.query_one("#board-said", Says).say("")
        empty = self.query_one("#board-empty", Empty)
        empty.say(what, fix)
        empty.display = True
        for name in ("#board-rows", "#board-below"):
            self.query_one(name).display = False

    def _counted(self, board: Board | None) -> None:
        self.board = board
        if board is None or not board.source.records:
            self._nothing(
                "There is no telemetry yet", f"it comes with the first deliveries: {self.desk.command('serve')}"
            )
            return
        self.query_one("#board-empty").display = False
        for name in ("#board-rows", "#board-below"):
            self.query_one(name).display = True
        self.focus_if_none(self.query_one("#board-rows"))
        needs = (
            f"{len(board.needs)} {noun(len(board.needs), 'needs', 'need')} a person"
            if board.needs
            else "nothing needs a person"
        )
        faulty = f", {board.source.faulty} faulty {noun(board.source.faulty, 'line')}" if board.source.faulty else ""
        self.query_one("#board-said", Says).say(
            f"As of {board.as_of}: {board.source.records} {noun(board.source.records, 'record')}, {needs}{faulty}. Flow, runs: 28 days"
        )
        self._rows = [
            _row("", "all repositories", board.total, sum((rule.reverted.recent or 0) for rule in board.rules), board)
        ]
        self._rows += [
            _row(repo.repo, repo.repo, repo.scope, sum((rule.reverted.recent or 0) for rule in repo.rules), board)
            for repo in board.repos
        ]
        self.query_one("#board-rows", Rows).fill(self._rows)
        self._show("")

    @on(Rows.Highlighted, "#board-rows")
    def _highlighted(self, event: Rows.Highlighted) -> None:
        self._show(str(event.row.key))

    def _show(self, name: str) -> None:
        board = self.board
        if board is None:
            return
        repo: RepoBoard | None = next((repo for repo in board.repos if repo.repo == name), None)
        scope = repo.scope if repo else board.total
        activity = repo.activity if repo else board.activity
        self._plot("open", "Open issues", scope.flow, [value or 0 for value in scope.flow.lines["open"]])
        taken_back, latency = next((row for row in self._rows if row.key == name), self._rows[0]).cells[-2:]
        # What a narrow terminal has no columns for.
        self.query_one("#board-more", Static).content = content(
            f"Taken back: {taken_back}. Latency of 95 in 100 runs: {latency}"
        )
        runs = [sum(value or 0 for value in column) for column in zip(*activity.lines.values(), strict=True)]
        self._plot("runs", "Runs", activity, runs)
        needs = [need for need in board.needs if not name or need.repo == name]
        lines = [content(f"Needs a person: {len(needs)}" if needs else "Nothing needs a person.", style="bold")]
        for need in needs[:20]:
            place = f"{need.repo}#{need.issue}" if need.issue else need.repo
            lines.append(content(f"{need.kind}: {place} {need.what}. {need.why}", max_chars=200))
        self.query_one("#board-needs", Static).content = Content("\n").join(lines)

    def _plot(self, name: str, title: str, series: Series, values: list[int]) -> None:
        span = f", {series.starts[0]} to {series.ends[-1]}" if series.starts else ""
        last, most = (values[-1], max(values)) if values else (0, 0)
        self.query_one(f"#board-{name}-said", Static).content = content(f"{title}: {last} now, at most {most}{span}")
        self.query_one(f"#board-{name}", Sparkline).data = [float(value) for value in values] or [0.0]


def _row(key: str, title: str, scope: Scope, taken_back: int, board: Board) -> Row:
    from tassist.dashboard.site.words import span

    figures = scope.figures
    troubled = any(
        need.kind in {"failed", "blocked", "configuration", "lost"}
        for need in board.needs
        if not key or need.repo == key
    )
    mark: Mark = "bad" if troubled else ""
    latency = figures["latency_p95"].recent
    return Row(
        key,
        (
            title,
            str(figures["open"].all),
            str(figures["opened"].recent),
            str(figures["closed"].recent),
            str(figures["stale"].all),
            str(figures["runs"].recent),
            str(figures["failed"].recent),
            str(taken_back),
            "–" if latency is None else span(latency),
        ),
        mark,
    )
