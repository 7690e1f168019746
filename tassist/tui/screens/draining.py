"""Shown while the service inside finishes what is under way."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static
from typing_extensions import override

from tassist.opening import Embedded
from tassist.tui.screens.place import TICK_S
from tassist.tui.widgets.panels import KeyLine


class DrainingModal(ModalScreen[None]):
    """Waits for the service; whoever does not want to wait may leave, as everything stored is kept."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "leave_now", "Leave now", id="leave-now", tooltip="Break off; the next start goes on from there"
        )
    ]

    def __init__(self, service: Embedded) -> None:
        super().__init__()
        self.service = service

    @override
    def compose(self) -> ComposeResult:
        with Vertical(classes="modal-box"):
            yield Static("Finishing what is under way …", classes="modal-title")
            yield Static(
                "Every delivery that was acknowledged is stored. What is broken off goes on at the next start."
            )
            yield KeyLine()

    def on_mount(self) -> None:
        """Ask the service to end, and look whether it has."""
        self.service.drain()
        self.set_interval(TICK_S, self._look)
        self._look()

    def _look(self) -> None:
        if self.service.ended:
            self.app.exit(0)

    def action_leave_now(self) -> None:
        """Leave without waiting."""
        self.app.exit(0)
