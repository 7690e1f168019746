"""The place Setup: the installer's questions and steps, one view at a time, beside the rail that says how far it is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget
from typing_extensions import override

from engine.problems import ProblemError
from setup_wizard.flow import Done, Mark, State, rail
from tassist.errors import problems_of
from tassist.services.setup import sitting
from tassist.services.setup.conduct import Left
from tassist.text import safe_text
from tassist.tui.messages import Troubled
from tassist.tui.screens.place import PlaceScreen
from tassist.tui.setup.ends import Chosen, DoneView, EndView, StartView
from tassist.tui.setup.face import TextualFace
from tassist.tui.setup.rail import Rail
from tassist.tui.setup.views import View, WorkingView
from tassist.tui.widgets.panels import Says


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

    @override
    def compose_place(self) -> ComposeResult:
        with Container(id="setup-body"):
            yield Rail(id="rail")
            yield Container(id="stand")
        yield Says(id="news")

    def on_mount(self) -> None:
        """Begin at once where `tassist setup` was typed; otherwise say what is there."""
        wishes = self.desk.options.get("wishes")
        if isinstance(wishes, sitting.Wishes):
            self.begin(wishes)
        else:
            self.start_view()

    # --- what is shown --------------------------------------------------------------------------

    async def show(self, view: Widget, marks: tuple[Mark, ...] = ()) -> None:
        """Show it instead of what is there; part of `Stand`."""
        if marks:
            self.query_one(Rail).marks = marks
        stand = self.query_one("#stand", Container)
        await stand.remove_children()
        await stand.mount(view)
        if isinstance(view, View | EndView):
            view.focus_first()

    async def tell(self, text: str, marks: tuple[Mark, ...]) -> None:
        """Say what is being done, or was; part of `Stand`."""
        self.query_one("#news", Says).say(text)
        self.query_one(Rail).marks = marks
        if self.query("#working"):
            self.query_one(WorkingView).say(text)
        else:
            await self.show(WorkingView(text))

    @work(exclusive=True, group="setup-view", description="show the beginning", exit_on_error=False)
    async def start_view(self, left: Left | None = None) -> None:
        """The beginning, or where it goes on."""
        held = await asyncio.to_thread(self._held)
        problems = left.problems if left is not None else ()
        await self.show(StartView(held, problems, left=left is not None))

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

    def begin(self, wishes: sitting.Wishes) -> None:
        """Begin, or go on."""
        self._install(wishes)

    @work(exclusive=True, group="setup", description="the installation", exit_on_error=False)
    async def _install(self, wishes: sitting.Wishes) -> None:
        from tassist.config.settings import environment

        env = self.desk.options.get("env") or environment()
        await self.show(WorkingView("Looking at this machine …"))
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
        from tassist.services.setup.conduct import conduct
        from tassist.services.setup.probe import DoctorProbe

        settings = self.desk.settings
        quick = bool(self.desk.options.get("quick"))
        async with sitting.open_world(settings, env, probe=DoctorProbe(settings.home), quick=quick) as world:
            return await conduct(state, world, face, clock=SystemClock(), record=sitting.recorder(settings.home))

    async def _finished(self, done: Done, *, dry: bool) -> None:
        self.query_one(Rail).marks = done.rail
        self.query_one("#news", Says).say("")
        wanted = self.desk.options.get("save_answers")
        if isinstance(wanted, Path):
            self._write_answers(done, wanted)
        await self.show(DoneView(done, dry=dry))

    def _write_answers(self, done: Done, path: Path) -> None:
        try:
            sitting.save_answers(path, done.known)
        except ProblemError as error:
            self.post_message(Troubled("answers", error.problems))
        else:
            self.app.notify(safe_text(f"written: {path}"), markup=False)

    # --- what a person does ----------------------------------------------------------------------

    def action_back(self) -> None:
        """To the question before."""
        for view in self.query(View):
            view.go_back()

    @on(Chosen)
    async def _chosen(self, event: Chosen) -> None:
        event.stop()
        if event.what in {"begin", "dry"}:
            self.begin(sitting.Wishes(dry=event.what == "dry"))
        elif event.what == "restart":
            self.start_view()
        elif event.what == "health":
            await self.app.run_action("go('health')")
        elif event.what == "answers":
            for view in self.query(DoneView):
                self._write_answers(view.outcome, self.desk.home / sitting.ANSWERS)
