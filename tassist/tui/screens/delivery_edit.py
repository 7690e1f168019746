"""An editor for a copy of a delivery; the journal's own is never changed."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea
from typing_extensions import override

from engine.problems import ProblemError
from tassist.tui.safe import content
from tassist.tui.widgets.panels import KeyLine


class EditModal(ModalScreen[str | None]):
    """The copy as a file; what is no longer JSON is said before anything is sent."""

    HELP = "Change what you like. **Ctrl+S** goes on: you then see what changed, and are asked. **Escape** drops it."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "go_on", "Go on", id="edit-go-on", tooltip="Check it, and show what changed"),
        Binding("escape", "drop", "Drop", id="edit-drop", tooltip="Forget the copy"),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self.head = title
        self.text = text

    @override
    def compose(self) -> ComposeResult:
        with Vertical(classes="modal-box modal-tall"):
            yield Static(content(self.head), classes="modal-title")
            # Plain ASCII: whatever was hostile in it is spelled with backslashes.
            yield TextArea(self.text, id="edit-text", show_line_numbers=True)
            yield Static("", id="edit-wrong")
            yield KeyLine()

    def action_go_on(self) -> None:
        """Give the copy, where it can be read."""
        from tassist.tui.screens.delivery_acts import read_copy

        text = self.query_one(TextArea).text
        try:
            read_copy(text)
        except ProblemError as error:
            problem = error.problems[0]
            said = f"error: {problem.what}: {problem.why}" if problem.why else f"error: {problem.what}"
            self.query_one("#edit-wrong", Static).content = content(said, style="$text-error", max_chars=300)
            return
        _ = self.dismiss(text)

    def action_drop(self) -> None:
        """Forget it."""
        _ = self.dismiss(None)
