"""What every place has in common: the bar, the footer, problems, and work that never blocks the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, get_current_worker
from typing_extensions import override

from engine.problems import Problem
from tassist.errors import problems_of
from tassist.tui.desk import Desk
from tassist.tui.messages import Told, Troubled
from tassist.tui.places import Place
from tassist.tui.widgets.panels import Empty, KeyLine, PlaceBar, ProblemPanel

T = TypeVar("T")
TICK_S = 0.25
"""Nothing is looked up more often than this."""
NO_SERVICE = "No service has run with this folder yet"


class PlaceScreen(Screen[None]):
    """A place. Subclasses say what is between bar and footer in `compose_place`."""

    AUTO_FOCUS = ""  # each place says itself what has the focus first
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, place: Place, desk: Desk, *, page: str = "") -> None:
        """A screen of a place.

        Args:
            place: Which.
            desk: What it works with.
            page: The name of a page that is opened on top of the place; empty for the place itself.
        """
        super().__init__(id=f"page-{page}" if page else f"place-{place.id}")
        self.place = place
        self.desk = desk
        self.title = place.title

    @override
    def compose(self) -> ComposeResult:
        """Bar, content, footer."""
        yield _bar(self.place.id)
        yield from self.compose_place()
        yield KeyLine()

    def compose_place(self) -> ComposeResult:
        """The widgets of the place."""
        yield from ()

    # --- work ---------------------------------------------------------------------------------

    def in_background(
        self, name: str, read: Callable[[], T], done: Callable[[T], None], *, said: str = "", quiet: bool = False
    ) -> Worker[None]:
        """Do something that blocks in a thread, and hand what it gives to ``done`` here; a newer one of the name wins.

        Args:
            name: Of the work; only one of that name is under way.
            read: Runs in the thread; must not touch widgets.
            done: Gets the result, in the event loop.
            said: What is being done, for the list of workers.
            quiet: Problems go to `problems_found` only, not to the list of problems as well.
        """

        def work() -> None:
            worker = get_current_worker()
            try:
                result = read()
            except Exception as error:  # noqa: BLE001 – shown as a problem
                if not worker.is_cancelled:
                    self.post_message(Troubled(name, problems_of(error), quiet=quiet))
                return
            if not worker.is_cancelled:
                self.post_message(Told(partial(done, result)))

        return self.run_worker(
            work, name=name, group=name, description=said or name, thread=True, exclusive=True, exit_on_error=False
        )

    def on_told(self, message: Told) -> None:
        """Work in the background has a result."""
        message.stop()
        if self.is_attached:
            message.use()

    def on_troubled(self, message: Troubled) -> None:
        """Work in the background did not succeed."""
        if self.is_attached:
            self.problems_found(message.name, message.problems)

    def problems_found(self, name: str, problems: Sequence[Problem]) -> None:
        """What a place does about problems of its own work, besides their being in the list of problems."""

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Where no service has run yet, that alone, instead of the place's content; else the problems above it.

        The place has a ``#…-body``, a ``#…-empty`` and a ``#…-problem``, each named after the place.
        """
        here = self.place.id
        if any(problem.code == "no-journal" for problem in problems):
            self.query_one(f"#{here}-body").display = False
            empty = self.query_one(f"#{here}-empty", Empty)
            empty.display = True
            setup, serve = self.desk.command("setup"), self.desk.command("serve")
            empty.say(NO_SERVICE, f"{self.desk.home}: {setup}, then {serve}")
            return
        panel = self.query_one(f"#{here}-problem", ProblemPanel)
        panel.show(problems)
        panel.display = True

    def is_looking(self, name: str) -> bool:
        """Whether work of this name is under way."""
        return any(one.group == name and not one.is_finished and one.node is self for one in self.app.workers)

    def show_wanted(self, what: str) -> None:
        """Another place asks for something here; most places have nothing to choose."""

    def focus_if_none(self, widget: Widget) -> None:
        """Where what had the focus was hidden, such as a list without rows, this has it once it can be seen again."""

        def give() -> None:
            if self.focused is None and self.is_attached:
                self.set_focus(widget)

        self.call_after_refresh(give)

    @property
    def looked_at(self) -> bool:
        """Whether somebody sees this screen now; otherwise nothing is looked up."""
        return self.is_current and self.app.app_focus

    def every_tick(self, look: Callable[[], Any], every_s: float = TICK_S) -> None:
        """Call it now and then while somebody looks, never more than four times a second."""

        def tick() -> None:
            if self.looked_at:
                look()

        self.set_interval(max(every_s, TICK_S), tick)


def _bar(here: str) -> PlaceBar:
    bar = PlaceBar(id="place-bar")
    bar.here = here
    return bar
