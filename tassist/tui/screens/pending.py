"""Stands where a place's screen is not part of this installation: says which command does it."""

from __future__ import annotations

from textual.app import ComposeResult
from typing_extensions import override

from tassist.tui.screens.place import PlaceScreen
from tassist.tui.widgets.panels import Empty


class PendingScreen(PlaceScreen):
    """One sentence."""

    @override
    def compose_place(self) -> ComposeResult:
        yield Empty(f"{self.place.title}: this is done in a shell with: {self.place.command}", self.place.help)
