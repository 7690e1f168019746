"""Development or production: where the webhook leads, who wanted it so, and the change with its proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Static
from typing_extensions import override

from engine.problems import Problem
from setup_wizard.values import hook_address, hook_address_faults
from tassist.tui.safe import content
from tassist.tui.setup.ends import EndView
from tassist.tui.widgets.field import Field
from tassist.tui.widgets.lines import Lines
from tassist.tui.widgets.pairs import Pairs
from tassist.tui.widgets.panels import problems_content

if TYPE_CHECKING:
    from tassist.services.switching import Status

_MODES = {"dev": "▶ development", "prod": "● production", "unknown": "? nobody has switched from here"}


class SwitchView(EndView):
    """Says how it stands, and takes an address and a direction."""

    HELP = """# Development or production

An App has one webhook. While it leads to your machine, production hears nothing.

The old address is written down before anything is changed. Each change is proved: GitHub sends a signed delivery, and its log
has to say that it was taken. Where the proof fails the old address is put back."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "look", "Look again", id="switch-look", tooltip="Ask GitHub again where the webhook leads"),
    ]

    class Wanted(Message):
        """A switch is wanted."""

        def __init__(self, mode: str, url: str) -> None:
            self.mode = mode
            self.url = url
            super().__init__()

    def __init__(self) -> None:
        super().__init__(id="switching", classes="setup-view")

    @override
    def compose(self) -> ComposeResult:
        yield Static(content("Development or production", style="bold"))
        yield Static(content("asking GitHub …"), id="switch-asking")
        yield Pairs(names=15, id="switch-status")
        yield Lines(id="switch-notes")
        yield Static(
            content("Address of a tunnel or of a server; empty: the running ngrok agent's, or the one kept:"),
            classes="setup-small",
        )
        yield Field(id="switch-url", select_on_focus=True)
        yield Lines(id="field-error")
        with Horizontal(classes="setup-buttons -many"):
            yield Button("To development", id="to-dev", compact=True)
            yield Button("To production", id="to-prod", compact=True)
            yield Button("Look again (F5)", id="look", compact=True)
            yield Button("Back", id="restart", compact=True)
        yield Static(
            content("tassist serve --tunnel does this by itself, for as long as it runs."), classes="setup-small"
        )

    def on_mount(self) -> None:
        """No fault yet."""
        self.query_one("#field-error").display = False

    @override
    def focus_first(self) -> None:
        self.focus_on(self.query_one("#switch-url"))

    def show_status(self, found: Status) -> None:
        """How it stands."""
        rows = [
            ("webhook", found.url or "none"),
            ("mode", _MODES.get(found.mode, found.mode)),
            ("production", found.production or "not known here; it is kept from the first switch on"),
            ("last delivery", found.last),
        ]
        lines = []
        if found.held:
            lines.append(content("A process holds it now, and restores production when it ends."))
        if found.left:
            lines.append(
                content("! A process that held it was killed; the next switch restores production first.", style="bold")
            )
        if found.elsewhere:
            lines.append(content("! Somebody else has changed the address since tassist set it.", style="bold"))
        self.query_one("#switch-asking").display = False
        self.query_one("#switch-status", Pairs).tell(rows)
        self.query_one("#switch-notes", Lines).tell(Content("\n").join(lines))

    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        """Below the field."""
        error = self.query_one("#field-error", Lines)
        error.display = bool(problems)
        error.tell(problems_content(problems))

    def action_look(self) -> None:
        """Ask again."""
        self.post_message(self.Wanted("status", ""))

    @on(Input.Submitted, "#switch-url")
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        self._judged()
        self.query_one("#to-dev").focus()

    def _judged(self) -> str | None:
        """The address that was meant, or ``None`` where it is none."""
        raw = self.query_one("#switch-url", Input).value
        url = hook_address(raw) if raw.strip() else ""
        faults = hook_address_faults(url) if url else ()
        self.show_problems(faults)
        return None if faults else url

    @override
    def pressed(self, button: str) -> bool:
        if button == "look":
            self.action_look()
            return True
        if button in {"to-dev", "to-prod"}:
            url = self._judged()
            if url is not None:
                self.post_message(self.Wanted(button.removeprefix("to-"), url))
            return True
        return False
