"""The place Setup: the installer's questions and steps, one view at a time, beside the rail that says how far it is."""

from __future__ import annotations

import asyncio
import importlib
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Key
from textual.message import Message
from textual.widget import Widget
from typing_extensions import override

from engine.problems import Problem, ProblemError
from tassist.errors import problems_of
from tassist.text import safe_text
from tassist.tui.messages import Troubled
from tassist.tui.screens.place import PlaceScreen
from tassist.tui.setup.rail import Rail
from tassist.tui.widgets.panels import Says

if TYPE_CHECKING:
    from setup_wizard.flow import Done, Mark, State
    from tassist.services import switching
    from tassist.services.setup.conduct import Left
    from tassist.services.setup.wishes import Wishes
    from tassist.tui.setup.ends import Chosen
    from tassist.tui.setup.face import TextualFace
    from tassist.tui.setup.switching import SwitchView

_HEAVY = ("tassist.tui.setup.ends", "tassist.tui.setup.face", "tassist.tui.setup.switching")
"""The views and the flow behind them, loaded while the first picture already stands."""


def _ahead(held: str) -> tuple[Mark, ...]:
    """The steps before anything was looked at but whether there is an App."""
    from setup_wizard.flow import Mark, Standing
    from setup_wizard.steps import STAGES

    return tuple(
        Mark(step.id, step.title, Standing.ALREADY if held and step.id == "app" else Standing.TO_COME, now=False)
        for stage in STAGES
        for step in stage.steps
    )


class SetupScreen(PlaceScreen):
    """Drives `setup_wizard.flow` through `conduct`; another start goes on where this one was left."""

    HELP = """# Setup

One question at a time. **Enter** goes on, **Escape** goes back and loses nothing, **Tab** moves.

Before the first change everything that will change is shown. It may be left at any moment: what was done is kept, and the
next start goes on from there. `tassist setup --plain` is the same in lines."""
    CSS_PATH = str(Path(__file__).parent.parent / "setup" / "setup.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="setup-back", tooltip="The question before; what is typed is kept"),
    ]

    _shown_at = 0.0
    """When the view that is there was shown, on the clock of messages."""

    @override
    def compose_place(self) -> ComposeResult:
        with Container(id="setup-body"):
            yield Rail(id="rail")
            yield Container(id="stand")
        yield Says(id="news")

    def on_mount(self) -> None:
        """Begin at once where `tassist setup` was typed; otherwise say what is there."""
        self.query_one("#news", Says).say("Looking at this machine …")
        # The first picture stands before anything heavy is read.
        self.call_after_refresh(self._set_up)

    @work(exclusive=True, group="setup-load", description="load the installer", exit_on_error=False)
    async def _set_up(self) -> None:
        for name in _HEAVY:
            await asyncio.to_thread(importlib.import_module, name)
        from tassist.services.setup.wishes import Wishes

        self.query_one("#news", Says).say("")
        wishes = self.desk.options.get("wishes", Wishes() if self.desk.options.get("at_once") else None)
        if isinstance(wishes, Wishes):
            self.begin(wishes)
        else:
            self.start_view()

    # --- what is shown --------------------------------------------------------------------------

    async def show(self, view: Widget, marks: tuple[Mark, ...] = ()) -> None:
        """Show it instead of what is there; part of `Stand`."""
        from tassist.tui.setup.ends import EndView
        from tassist.tui.setup.views import View

        if marks:
            self.query_one(Rail).marks = marks
        stand = self.query_one("#stand", Container)
        await stand.remove_children()
        await stand.mount(view)
        if isinstance(view, View | EndView):
            view.focus_first()
        # What is typed before it is drawn was not meant for it.
        self._shown_at = math.inf
        self.call_after_refresh(self._drawn)

    def _drawn(self) -> None:
        self._shown_at = Message().time

    async def tell(self, text: str, marks: tuple[Mark, ...]) -> None:
        """Say what is being done, or was; part of `Stand`."""
        from tassist.tui.setup.views import WorkingView

        self.query_one("#news", Says).say(text)
        self.query_one(Rail).marks = marks
        if self.query("#working"):
            self.query_one(WorkingView).say(text)
        else:
            await self.show(WorkingView(text, self.desk.clock))

    @work(exclusive=True, group="setup-view", description="show the beginning", exit_on_error=False)
    async def start_view(self, left: Left | None = None) -> None:
        """The beginning, or where it goes on."""
        from tassist.tui.setup.ends import StartView

        held = await asyncio.to_thread(self._held)
        problems = left.problems if left is not None else ()
        marks = self.query_one(Rail).marks or await asyncio.to_thread(_ahead, held)
        await self.show(
            StartView(held, problems, plain=self.desk.command("setup --plain"), left=left is not None), marks
        )

    def _held(self) -> str:
        from tassist import secrets

        path = secrets.credentials_path(self.desk.home)
        if not path.exists():
            return ""
        try:
            app = secrets.read(path, secrets=False)
        except ProblemError:
            return ""
        return f"{safe_text(app.name or app.slug or 'An App', max_chars=60)} (App ID {app.app_id})"

    # --- the installation ------------------------------------------------------------------------

    def begin(self, wishes: Wishes) -> None:
        """Begin, or go on."""
        self._install(wishes)

    @work(exclusive=True, group="setup", description="the installation", exit_on_error=False)
    async def _install(self, wishes: Wishes) -> None:
        from tassist.tui.setup.face import TextualFace
        from tassist.tui.setup.views import WorkingView

        await self.show(WorkingView("Looking at this machine …", self.desk.clock))
        await asyncio.to_thread(
            importlib.import_module, "tassist.services.setup.sitting"
        )  # heavy: the screen stays alive
        from setup_wizard.flow import rail
        from tassist.config.settings import environment
        from tassist.services.setup import sitting
        from tassist.services.setup.conduct import Left

        env = self.desk.options.get("env") or environment()
        try:
            state: State = await asyncio.to_thread(sitting.open_state, wishes, self.desk.settings, env)
            self.query_one(Rail).marks = rail(state)
            face = TextualFace(self, self.desk.clock, may_open=state.facts.has_display)
            done = await self._run(state, env, face)
        except Left as left:
            self.start_view(left)
        except (ProblemError, OSError) as error:
            self.post_message(Troubled("setup", problems_of(error)))
            self.start_view(Left(None, problems_of(error)))  # type: ignore[arg-type]  # there is no state yet
        else:
            await self._finished(done, dry=wishes.dry)

    async def _run(self, state: State, env: dict[str, str], face: TextualFace) -> Done:
        from tassist.clock import SystemClock
        from tassist.services.setup import sitting
        from tassist.services.setup.conduct import conduct
        from tassist.services.setup.probe import DoctorProbe

        settings = self.desk.settings
        quick = bool(self.desk.options.get("quick"))
        async with sitting.open_world(settings, env, probe=DoctorProbe(settings.home), quick=quick) as world:
            return await conduct(state, world, face, clock=SystemClock(), record=sitting.recorder(settings.home))

    async def _finished(self, done: Done, *, dry: bool) -> None:
        from tassist.config.typed import home_option
        from tassist.tui.setup.ends import DoneView

        self.query_one(Rail).marks = done.rail
        self.query_one("#news", Says).say("")
        wanted = self.desk.options.get("save_answers")
        if isinstance(wanted, Path):
            self._write_answers(done, wanted)
        await self.show(DoneView(done, dry=dry, home=home_option(self.desk.settings)))

    def _write_answers(self, done: Done, path: Path) -> None:
        from tassist.services.setup import sitting

        try:
            sitting.save_answers(path, done.known)
        except ProblemError as error:
            self.post_message(Troubled("answers", error.problems))
        else:
            self.app.notify(safe_text(f"written: {path}"), markup=False)

    # --- development or production ---------------------------------------------------------------

    def look_at_switch(self) -> None:
        """Ask GitHub where the webhook leads."""
        home = self.desk.home

        async def look() -> switching.Status:
            from tassist.services import switching

            async with self.desk.github(dry=True) as connection:
                return await switching.status(connection.api, home)

        def done(found: switching.Status) -> None:
            for view in self._switch_views():
                view.show_status(found)

        self.in_background("switch", lambda: asyncio.run(look()), done, said="ask where the webhook leads", quiet=True)

    def _switch_views(self) -> Iterable[SwitchView]:
        from tassist.tui.setup.switching import SwitchView

        return self.query(SwitchView)

    def on_switch_view_wanted(self, event: SwitchView.Wanted) -> None:
        """The webhook is to lead elsewhere."""
        event.stop()
        mode, url = event.mode, event.url
        if mode == "status":
            self.look_at_switch()
            return
        settings, home = self.desk.settings, self.desk.home
        self.query_one("#news", Says).say("switching; GitHub is asked to send a delivery as a proof …")

        async def change() -> switching.Switched:
            from tassist.clock import SystemClock
            from tassist.services import switching

            target = url or (await switching.agent_address(settings) if mode == "dev" else "")
            async with self.desk.github(dry=False) as connection:
                _ = await switching.restore_left(connection.api, home, clock=SystemClock())
                wanted: Literal["dev", "prod"] = "dev" if mode == "dev" else "prod"
                return await switching.switch(connection.api, home, wanted, clock=SystemClock(), url=target)

        def done(found: switching.Switched) -> None:
            self.query_one("#news", Says).say(f"the webhook leads to {found.after}; proved by {found.proof}")
            for view in self._switch_views():
                view.show_problems(())
            self.look_at_switch()

        self.in_background("switch", lambda: asyncio.run(change()), done, said="switch the webhook", quiet=True)

    @override
    def problems_found(self, name: str, problems: Sequence[Problem]) -> None:
        if name == "switch":
            self.query_one("#news", Says).say("")
            for view in self._switch_views():
                view.show_problems(tuple(problems))

    # --- what a person does ----------------------------------------------------------------------

    def on_key(self, event: Key) -> None:
        """Take what is typed ahead for nothing: a digit meant for the next list would leave for another place.

        Also what was typed before the view that is there now was drawn, and Enter too: a second one, pressed because the
        first did nothing yet, would go on with changes nobody has seen.
        """
        early = event.time < self._shown_at
        asks = self.query("#stand > *") and not self.query("#working") and not early
        typed = event.is_printable and event.character != "?" and not asks
        if typed or (early and event.key == "enter"):
            event.stop()
            event.prevent_default()

    def action_back(self) -> None:
        """To the question before; help that is open is closed first, for it was opened last."""
        from tassist.tui.setup.views import View

        if self.query("HelpPanel"):
            self.app.action_hide_help_panel()
            return
        if list(self._switch_views()):
            self.start_view()
            return
        for view in self.query(View):
            view.go_back()

    async def on_chosen(self, event: Chosen) -> None:
        """A button of a beginning or an end was pressed."""
        from tassist.services.setup.wishes import Wishes
        from tassist.tui.setup.ends import DoneView
        from tassist.tui.setup.switching import SwitchView

        event.stop()
        if event.what in {"begin", "dry"}:
            self.begin(Wishes(dry=event.what == "dry"))
        elif event.what == "restart":
            self.start_view()
        elif event.what == "switch":
            await self.show(SwitchView())
            self.look_at_switch()
        elif event.what == "health":
            await self.app.run_action("go('health')")
        elif event.what == "answers":
            from tassist.services.setup import sitting

            for view in self.query(DoneView):
                self._write_answers(view.outcome, self.desk.home / sitting.ANSWERS)
