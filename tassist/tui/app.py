"""The one Textual app: places as modes, the palette, problems, and an error boundary that shows no variable."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar, cast

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.geometry import Size
from textual.screen import Screen
from textual.timer import Timer, TimerCallback
from textual.worker import Worker, WorkerState
from typing_extensions import override

from engine.problems import Problem, ProblemError
from tassist.config.typed import home_option, with_home
from tassist.errors import problems_of
from tassist.terminal import shows_unicode
from tassist.text import safe_text
from tassist.tui import keys
from tassist.tui.boundary import crash_text
from tassist.tui.commands import NOT_RUN, Reach, reachable
from tassist.tui.desk import Desk
from tassist.tui.messages import Troubled, Wanted
from tassist.tui.places import PLACE_BY_ID, PLACES, screen_of
from tassist.tui.safe import content
from tassist.tui.screens.place import PlaceScreen
from tassist.tui.theme import NAMES, THEMES

_MOST_PROBLEMS = 200


def _go(place_id: str, key: str, title: str, text: str) -> Binding:
    return Binding(key, f"go('{place_id}')", title, show=False, id=f"go-{place_id}", tooltip=text)


class TassistApp(App[int]):
    """Everything tassist does, in one terminal."""

    TITLE = "tassist"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    HELP = """# tassist

A digit goes to a place. **Ctrl+P** finds every command. **Ctrl+T** shows what went wrong. **q** leaves.

The keys of what has the focus are listed beside this."""
    BINDINGS: ClassVar[list[BindingType]] = [
        *(_go(place.id, place.key, place.title, place.help) for place in PLACES),
        Binding("question_mark,f1", "help", "Help", id="help", tooltip="Help for what has the focus, and its keys"),
        Binding("ctrl+t", "problems", "Problems", show=False, id="problems", tooltip="Everything that went wrong"),
        Binding("f12", "next_theme", "Theme", show=False, id="next-theme", tooltip="The next theme: dark, light, ansi"),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, id="suspend", tooltip="Back to the shell; fg returns"),
        Binding("q", "leave", "Quit", id="leave", tooltip="Leave; a service inside finishes what is under way first"),
        Binding("ctrl+q", "leave", "Quit", show=False, priority=True, id="leave-anyway", tooltip="Leave, wherever one is"),
    ]  # fmt: skip
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 – declared so by Textual
        (0, "-narrow"),
        (100, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 – declared so by Textual
        (0, "-short"),
        (16, "-tall"),
    ]
    COMMAND_PALETTE_DISPLAY = "^p"
    NOTIFICATION_TIMEOUT = 6

    def __init__(self, desk: Desk, *, place: str = "home") -> None:
        self.first_place = place if place in PLACE_BY_ID else "home"
        # The first screen is the place itself: an empty one before it would be made, styled and drawn for nothing.
        self.DEFAULT_MODE = self.first_place  # type: ignore[misc]  # Textual reads it when it is made, and knows no other way
        super().__init__()
        self.desk = desk
        self._twins: list[LineFilter] = []
        self.problems: list[Problem] = []
        """Newest first."""
        for theme in THEMES:
            self.register_theme(theme)
        self._begin_with(NAMES[desk.settings.text("theme")])
        if desk.settings.text("animations") == "off":
            self.animation_level = "none"
        glyphs = desk.settings.text("glyphs")
        self.ascii_only = glyphs == "ascii" or (glyphs == "auto" and not shows_unicode())
        if self.ascii_only:
            from tassist.tui.twins import AsciiTwins

            self._twins = [AsciiTwins()]
        for one in PLACES:
            if one.id != self.first_place:
                self.add_mode(one.id, partial(screen_of, one, desk))

    @override
    def set_timer(
        self, delay: float, callback: TimerCallback | None = None, *, name: str | None = None, pause: bool = False
    ) -> Timer:
        """Call a function once, later, however busy the machine is.

        Textual lets a timer that comes late skip its turn, and one that has a single turn then never has it: where the
        process had to wait for a processor for the eight milliseconds of the timer for sizes, no size was taken any more.
        """
        timer = super().set_timer(delay, callback, name=name, pause=pause)
        timer._skip = False  # noqa: SLF001 – before the timer's task begins; there is no public way
        return timer

    async def on_mount(self) -> None:
        """Take the person's own keys."""
        self._leave_on_signals()
        # After a stop (ctrl+z, fg) Textual takes the terminal again and leaves it empty.
        self.app_resume_signal.subscribe(self, lambda _: self.screen.refresh(layout=True))
        self.add_mode(self.first_place, self.get_default_screen)
        try:
            path = self.desk.settings.path("keymap")
            own = keys.read_keymap(path or self.desk.home / keys.FILE_NAME, known_bindings, needed=path is not None)
        except ProblemError as error:
            self.tell(error.problems)
        else:
            if own:
                self.set_keymap(own)

    def on_resize(self, event: events.Resize) -> None:
        """Ask once more how large the terminal is.

        Textual asks in the handler of a signal, which the next signal may break into: then the newer size is sent first and
        the older one last, and a window that was drawn quickly from one size to another would be drawn in a former one.
        """
        ask = getattr(self._driver, "_get_terminal_size", None)  # in a browser there is no terminal, nor a signal
        if ask is not None and (real := Size(*ask())) != event.size:
            self.post_message(events.Resize(real, real))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A cursor that blinks moves by itself, too, wherever one types."""
        if self.animation_level == "none":
            from textual.widgets import Input, TextArea

            if isinstance(event.widget, Input | TextArea):
                event.widget.cursor_blink = False

    def _leave_on_signals(self) -> None:
        """A termination, or a terminal that goes away, is a person's leaving: the screen is given back, work is drained."""
        if self.is_headless:
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not on a main thread
                loop.add_signal_handler(number, lambda: self.exit(0))

    def _begin_with(self, theme: str) -> None:
        """Take a theme before anything is styled; one that is taken later has every style sheet read again."""
        found = next((one for one in THEMES if one.name == theme), None)
        if found is None:  # the terminal's own colours need more than a style sheet
            self.theme = theme
            return
        self.set_reactive(TassistApp.theme, theme)
        self.set_class(found.dark, "-dark-mode", update=False)
        self.set_class(not found.dark, "-light-mode", update=False)
        self.add_class(f"-theme-{theme}", update=False)
        self.stylesheet.set_variables(self.get_css_variables())

    @override
    def get_default_screen(self) -> Screen[object]:
        screen = cast("Screen[object]", screen_of(PLACE_BY_ID[self.first_place], self.desk))
        for path in screen.css_path:  # which Textual reads for every screen but the first
            self.stylesheet.read(path)
        return screen

    @override
    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._twins]

    @override
    def get_key_display(self, binding: Binding) -> str:
        shown = super().get_key_display(binding)
        return shown.replace("⏎", "enter") if self.ascii_only else shown

    @override
    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        if self.is_web:  # the browser that shows this console is asked
            super().open_url(url, new_tab=new_tab)
            return
        from tassist.services.browser import open_page

        open_page(url, wait_s=0)

    # --- going about --------------------------------------------------------------------------

    async def action_go(self, place: str) -> None:
        """Go to a place."""
        if self.current_mode != place and not self.screen.is_modal:
            await self.switch_mode(place)

    def action_help(self) -> None:
        """Show or hide the help for what has the focus."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()

    def action_problems(self) -> None:
        """Show everything that went wrong."""
        from tassist.tui.screens.problems import ProblemsModal

        if not isinstance(self.screen, ProblemsModal):
            _ = self.push_screen(ProblemsModal(self.problems))

    def action_next_theme(self) -> None:
        """Take the next theme."""
        names = list(NAMES.values())
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]

    async def action_leave(self) -> None:
        """Leave; a service inside is drained first."""
        if self.desk.service is None or self.desk.service.ended:
            self.exit(0)
            return
        from tassist.tui.screens.draining import DrainingModal

        if not isinstance(self.screen, DrainingModal):
            _ = self.push_screen(DrainingModal(self.desk.service))

    @override
    def action_help_quit(self) -> None:
        """Ctrl+C copies what is selected; where nothing is, who pressed it wants to leave, and is told how."""
        found = [one.binding for one in self.active_bindings.values() if one.binding.action == "leave"]
        keys = [self.get_key_display(one) for one in sorted(found, key=lambda one: not one.priority)]
        if keys:
            self.notify(f"{keys[0]} leaves; what is done is kept", markup=False)

    @override
    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for place in PLACES:
            yield SystemCommand(f"go: {place.title}", place.help, partial(self.action_go, place.id))
        for verb, reach in reachable(self.desk.verbs):
            yield SystemCommand(f"do: {verb.name}", verb.help, partial(self.reach, reach))
        for verb in self.desk.verbs:
            yield SystemCommand(f"run: {verb.name}", verb.help, partial(self.run_verb, verb.name))
        yield SystemCommand("app: problems", "Everything that went wrong, to be reported.", self.action_problems)
        yield SystemCommand("app: keys and help", "Help for what has the focus.", self.action_help)
        yield SystemCommand("app: next theme", "Dark, light, or the terminal's own colours.", self.action_next_theme)
        yield SystemCommand("app: quit", "Leave tassist.", self.action_leave)

    async def reach(self, reach: Reach) -> None:
        """Go where a verb is done, and begin it."""
        await self.action_go(reach.place)
        if reach.action:
            await self.screen.run_action(f"screen.{reach.action}")

    async def run_verb(self, verb: str) -> None:
        """Offer a line to run a verb with; of one that is not run here, say why."""
        if verb in NOT_RUN:
            from tassist.tui.screens.asking import TextModal

            lines = [content(f"tassist {verb} is not run here:"), content(NOT_RUN[verb])]
            await self.push_screen(TextModal(f"tassist {verb}", lines, copied=f"tassist {verb}"))
            return
        from tassist.tui.screens.command import CommandModal

        await self.push_screen(CommandModal(self.desk, verb))

    @property
    def home_option(self) -> str:
        """What a command to type next needs to find this console's folder."""
        return home_option(self.desk.settings)

    # --- problems -----------------------------------------------------------------------------

    def tell(self, problems: Iterable[Problem], *, quiet: bool = False) -> None:
        """Keep problems in the list, and say the first one."""
        option = self.home_option
        found = [replace(each, fix=with_home(each.fix, option)) if option and each.fix else each for each in problems]
        fresh = [problem for problem in found if problem not in self.problems[:20]]
        self.problems[:0] = reversed(fresh)
        del self.problems[_MOST_PROBLEMS:]
        if fresh and not quiet:
            first = fresh[0]
            more = f"  ({len(fresh) - 1} more: ctrl+t)" if len(fresh) > 1 else ""
            self.notify(
                safe_text(f"{first.fix or first.why}{more}", max_chars=300),
                title=safe_text(first.what, max_chars=200),
                severity="error",
                markup=False,
            )

    def on_troubled(self, message: Troubled) -> None:
        """Something did not succeed."""
        self.tell(message.problems, quiet=message.quiet)

    async def on_wanted(self, message: Wanted) -> None:
        """A screen asks for something of another place."""
        await self.action_go(message.place)
        shown = self.screen_stack[0]
        if isinstance(shown, PlaceScreen):
            shown.show_wanted(message.what)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Work that ended in an exception nobody translated is a problem, not the end."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.tell(problems_of(event.worker.error))

    @override
    def _fatal_error(self) -> None:
        """Say what happened without any variable's value; the private method is why Textual is pinned exactly."""
        self.bell()
        if self._exception is not None:
            self._exit_renderables.append(crash_text(self._exception))
        self._close_messages_no_wait()


def known_bindings() -> set[str]:
    """The ids of every binding of the app and its screens."""
    from tassist.tui.key_reference import all_bindings

    return {row.id for row in all_bindings()}
