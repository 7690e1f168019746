"""A link to be opened anywhere: in full, to be copied, as a QR code; and where it is answered by pasting, the field for it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Button, Input, Static
from typing_extensions import override

from setup_wizard.outcome import Waiting
from tassist.text import safe_text
from tassist.tui.safe import content
from tassist.tui.widgets.field import Field


class QrModal(ModalScreen[None]):
    """A QR code and nothing else."""

    HELP = "Point a telephone's camera at it. **Escape** closes it."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f4,enter", "close", "Close", id="close-qr", tooltip="Back to the link")
    ]

    def __init__(self, link: str) -> None:
        super().__init__()
        self.link = link

    @override
    def compose(self) -> ComposeResult:
        from tassist.services.setup.qr import qr_lines

        size = self.app.size
        lines = qr_lines(self.link, columns=size.width, lines=size.height - 1)
        yield Static(
            Content("\n".join(lines)) if lines else content("The window is too small for the code; Escape goes back."),
            id="qr-code",
            classes="" if lines else "-none",
        )

    def action_close(self) -> None:
        """Close."""
        _ = self.dismiss()


class LinkPanel(Vertical):
    """Shows a link and takes what comes of it."""

    HELP = """# The link

**F2** opens it in this machine's browser, where there is one. **F3** copies it. **F4** draws a QR code for a telephone.
**F5** looks at once whether it is done. It may be opened on any machine."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f2", "open_link", "Open", show=False, id="open-link", tooltip="Open the link in this machine's browser"
        ),
        Binding(
            "f3", "copy_link", "Copy", show=False, id="copy-link", tooltip="Copy the link; the terminal has to allow it"
        ),
        Binding("f4", "qr", "QR code", show=False, id="show-qr", tooltip="Show or hide the link as a QR code"),
        Binding("f5", "done", "I have done it", show=False, id="link-done", tooltip="Look at once whether it is done"),
    ]

    class Done(Message):
        """The person says it is done."""

    class Pasted(Message):
        """The person pasted something."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    def __init__(self, waiting: Waiting, *, may_open: bool) -> None:
        super().__init__(id="link-panel")
        self.waiting = waiting
        self.may_open = may_open and waiting.opens_browser and bool(waiting.link)

    @override
    def compose(self) -> ComposeResult:
        link = safe_text(self.waiting.link, max_chars=4000)
        if link:
            # A link of the terminal's own (OSC 8) where it knows them; the text is whole either way.
            yield Static(Content.assemble((link, Style(bold=True, underline=True, link=link))), id="link")
        with Horizontal(id="link-buttons"):
            if self.may_open:
                yield Button("Open (F2)", id="open", compact=True)
            if link:
                yield Button("Copy (F3)", id="copy", compact=True)
            if self.waiting.short_link:
                yield Button("QR code (F4)", id="qr", compact=True)
            if not self.waiting.accepts:
                yield Button("I have done it (F5)", id="done", compact=True)
        yield Static(id="link-said")
        if self.waiting.accepts:
            paste = "Or paste" if self.waiting.by_itself else "Paste"
            yield Static(
                content(f"{paste} {self.waiting.accepts}:"), id="paste-label", classes="-below" if link else ""
            )
            yield Field(id="paste", select_on_focus=False)

    def on_mount(self) -> None:
        """No room for buttons where there are none, nor for words before there are any."""
        self.query_one("#link-buttons").display = bool(self.query(Button))
        self.query_one("#link-said").display = False

    def say(self, text: str) -> None:
        """Say what came of a key below the buttons: a toast would lie over the lines that say what to do."""
        said = self.query_one("#link-said", Static)
        said.content, said.display = content(text), True

    def first(self) -> Widget:
        """What most people need next."""
        return next(
            self.query_one(each) for each in ("#paste", "#open", "#copy", "#done", "#link-buttons") if self.query(each)
        )

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "open_link":
            return True if self.may_open else None
        if action == "qr":
            return True if self.waiting.short_link else None
        if action == "copy_link":
            return True if self.waiting.link else None
        return True

    def action_open_link(self) -> None:
        """Open it here."""
        if self.may_open:
            self.app.open_url(self.waiting.link)
            self.say("the browser was asked to open the link")

    def action_copy_link(self) -> None:
        """Copy it."""
        self.app.copy_to_clipboard(self.waiting.link)
        self.say("copied where the terminal allows it; else select it with Shift and the mouse")

    def action_qr(self) -> None:
        """Show the code, on the whole screen: it needs every line of a small one."""
        if getattr(self.app, "ascii_only", False):
            self.say("a QR code cannot be drawn in ASCII; the address stands above in full")
        elif self.waiting.short_link:
            _ = self.app.push_screen(QrModal(self.waiting.short_link))

    def action_done(self) -> None:
        """Look at once."""
        self.post_message(self.Done())

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        chosen = {"open": self.action_open_link, "copy": self.action_copy_link, "qr": self.action_qr}
        chosen.get(event.button.id or "", self.action_done)()

    @on(Input.Submitted, "#paste")
    def _pasted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.post_message(self.Pasted(event.value))
