"""A list of options that survives a terminal that is too narrow for any of them."""

from __future__ import annotations

from textual.geometry import Size
from textual.widgets import OptionList
from typing_extensions import override


class Choices(OptionList):
    """Textual's own list breaks off the whole app where a line has no room for a single character."""

    @override
    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        room = self.get_component_styles("option-list--option").padding.width + 1
        return super().get_content_height(container, viewport, max(width, room))
