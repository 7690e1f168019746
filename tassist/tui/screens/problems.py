"""The list of everything that went wrong since the app was opened, to be read and reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static
from typing_extensions import override

from engine.problems import Problem
from tassist.tui.widgets.panels import KeyLine, ProblemPanel


class ProblemsModal(ModalScreen[None]):
    """Shows problems, newest first."""

    HELP = "Everything that went wrong since the app was opened. **c** copies a report that holds no secrets."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", id="close-problems", tooltip="Back to where you were")
    ]

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)

    @override
    def compose(self) -> ComposeResult:
        with Vertical(classes="modal-box"):
            yield Static(f"Problems: {len(self.problems)}" if self.problems else "No problems", classes="modal-title")
            yield ProblemPanel(self.problems)
            yield KeyLine()

    def action_close(self) -> None:
        """Close."""
        _ = self.dismiss()
