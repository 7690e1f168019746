"""Where the installer begins and where it ends: what is there, what can be done, and the next commands."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static
from typing_extensions import override

from engine.problems import Problem
from setup_wizard import summary
from setup_wizard.flow import Done
from tassist.tui.safe import content
from tassist.tui.setup.sighted import Sighted
from tassist.tui.widgets.lines import Lines
from tassist.tui.widgets.pairs import Pairs
from tassist.tui.widgets.panels import ProblemPanel


class Chosen(Message):
    """A button of a beginning or an end was pressed."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__()


class EndView(Sighted, can_focus=False):
    """Some lines and some buttons."""

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if not self.pressed(event.button.id or ""):
            self.post_message(Chosen(event.button.id or ""))

    def pressed(self, button: str) -> bool:
        """What a view does about a button itself; false: whoever owns the screen is told."""
        del button
        return False

    def focus_first(self) -> None:
        """The first button."""
        self.focus_on(self.query(Button).first())


class StartView(EndView):
    """What is there already, and the beginning."""

    def __init__(self, held: str, problems: tuple[Problem, ...] = (), *, plain: str, left: bool = False) -> None:
        super().__init__(id="start", classes="setup-view")
        self.held = held
        self.plain = plain
        """The command that does the same in lines."""
        self.problems = problems
        self.left = left

    @override
    def compose(self) -> ComposeResult:
        if self.left:
            yield Static(content("Left. What was done is kept; it goes on from here.", style="bold"))
        elif self.held:
            yield Static(content(f"{self.held} is set up here.", style="bold"), id="held")
        else:
            yield Static(content("From nothing to a verified delivery.", style="bold"), id="held")
        if self.problems:
            yield ProblemPanel(self.problems, id="left-problems")
        yield Lines(
            Content("\n").join(
                [
                    content(
                        "1. Some questions, each with why it is asked. Nothing is changed before you have seen it."
                    ),
                    content("2. One click at GitHub, in a browser on any machine. No value is copied by hand."),
                    content("3. One real delivery, signed by GitHub and accepted here."),
                ]
            ),
            classes="setup-why",
        )
        with Horizontal(classes="setup-buttons -many"):
            yield Button("Go on" if self.left or self.held else "Begin", id="begin", compact=True)
            yield Button("Look first: change nothing", id="dry", compact=True)
            yield Button("Development or production", id="switch", compact=True)
        yield Static(
            content(f"Tab goes from one to the next, Enter takes it. The same in lines: {self.plain}"),
            classes="setup-small",
        )


class DoneView(EndView):
    """What is there now, and what comes next."""

    def __init__(self, done: Done, *, dry: bool, home: str = "") -> None:
        super().__init__(id="done", classes="setup-view")
        self.home = home
        """The option that names the folder in the next commands."""
        self.outcome = done
        self.dry = dry

    @override
    def compose(self) -> ComposeResult:
        if self.dry:
            yield Static(content("Nothing was changed.", style="bold"), id="done-title")
        else:
            said = "Everything was as it should be." if not self.outcome.changed else "Done."
            yield Static(content(f"✓ {said}", style="bold"), id="done-title")
            rows = Pairs(names=14, id="done-rows")
            rows.tell(summary.rows(self.outcome.known, self.home))
            yield rows
        with Horizontal(classes="setup-buttons -many"):
            if not self.dry:
                yield Button("Look at its health", id="health", compact=True)
                yield Button("Write the answers file", id="answers", compact=True)
                yield Button("Development or production", id="switch", compact=True)
            yield Button("Back to the beginning", id="restart", compact=True)
