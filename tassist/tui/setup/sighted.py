"""What stands beside the rail: it scrolls, and what has the focus is in sight however late the layout comes."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.widget import Widget


class Sighted(VerticalScroll, can_focus=False):
    """Where it scrolls to depends on the layout alone, never on whether the focus or the layout was there first."""

    def focus_on(self, widget: Widget) -> None:
        """Give it the focus at once, so that nothing typed is lost, and bring it into sight when everything has its place."""
        widget.focus(scroll_visible=False)
        self.call_after_refresh(self._bring_into_sight)

    def watch_virtual_size(self, before: Size, after: Size) -> None:
        """What it holds became longer or shorter: the layout came, or a line below the field."""
        if before.height != after.height:
            self.call_after_refresh(self._bring_into_sight)

    def on_resize(self) -> None:
        """There is more or less room."""
        self.call_after_refresh(self._bring_into_sight)

    def _bring_into_sight(self) -> None:
        focused = self.screen.focused if self.is_attached else None
        if focused is None or self not in focused.ancestors:
            return
        room = self.scrollable_content_region
        top = focused.region.y - room.y + self.scroll_offset.y
        below = top + focused.region.height - room.height
        self.scroll_to(y=max(0, min(top, below)), animate=False, immediate=True)
