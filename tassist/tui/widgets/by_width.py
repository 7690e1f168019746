"""Text whose lines depend on how wide it is, laid out as it is measured and as it is drawn: nothing is made anew afterwards."""

from __future__ import annotations

from abc import abstractmethod

from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static
from typing_extensions import override


class ByWidth(Static):
    """Asks for its lines at a width whenever the layout does, so that what is drawn is what was measured."""

    @abstractmethod
    def at_width(self, width: int) -> Content:
        """The text at this width; 0: with every line whole."""

    @property  # type: ignore[misc]  # it is told otherwise than by setting this
    @override
    def content(self) -> Content:
        """As it is drawn now."""
        return self.at_width(self.content_size.width)

    @override
    def render(self) -> Content:
        return self.content

    @override
    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.at_width(width).get_height(self.styles.get_rules(), width) if width else 0

    @override
    def get_content_width(self, container: Size, viewport: Size) -> int:
        return min(self.at_width(0).get_optimal_width(self.styles.get_rules(), container.width), container.width)

    def laid_anew(self) -> None:
        """What it says is another."""
        self.clear_cached_dimensions()
        self.refresh(layout=True)
