"""What stands beside the rail: it scrolls, and what has the focus is in sight however late the layout comes."""

from __future__ import annotations

from textual import on
from textual.containers import VerticalScroll
from textual.events import DescendantFocus, Mount
from textual.widget import Widget


class Sighted(VerticalScroll, can_focus=False):
    """Where it scrolls to depends on the focus and the layout alone, never on which of them was there first."""

    _brought: tuple[Widget, int, int, int] | None = None
    """What was brought into sight last, where it stood, how high it was, and the room there was for it."""

    @on(Mount)
    def _follow_layouts(self) -> None:
        # Each of them: what is above the focus may have grown while all of it is as long as before.
        self.screen.screen_layout_refresh_signal.subscribe(self, lambda _: self._bring_into_sight())

    @on(DescendantFocus)
    def _follow_focus(self) -> None:
        # After Textual's own scrolling, which goes by where it scrolled to before.
        self.call_after_refresh(self._bring_into_sight)

    def focus_on(self, widget: Widget) -> None:
        """Give it the focus at once, so that nothing typed is lost; it comes into sight when everything has its place."""
        widget.focus(scroll_visible=False)

    def _bring_into_sight(self) -> None:
        focused = self.screen.focused if self.is_attached else None
        if focused is None or self not in focused.ancestors:
            return
        held = next(each for each in self.children if each in focused.ancestors_with_self)
        # Every figure is of one layout. The offset it scrolls to is not: that is another at once, and the places follow.
        top = focused.region.y - held.region.y + held.virtual_region.y
        room = self.scrollable_content_region.height
        brought = (focused, top, focused.region.height, room)
        if brought == self._brought:
            return
        self._brought = brought
        self.scroll_to(y=max(0, min(top, top + focused.region.height - room)), animate=False, immediate=True)
