"""The steps of the installation with their state, in words and glyphs: a column where there is room, else one line."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from typing_extensions import override

from tassist.text import noun, safe_text

if TYPE_CHECKING:
    from setup_wizard.flow import Mark, Standing


@cache
def _words() -> dict[Standing, tuple[str, str, str]]:
    """Glyph, word and style of each standing; the flow is loaded only once there is something to show."""
    from setup_wizard.flow import Standing

    return {
        Standing.TO_COME: ("○", "to come", "$text-muted"),
        Standing.CHECKED: ("○", "to do", "$text"),
        Standing.ALREADY: ("✓", "already so", "$text-success"),
        Standing.APPLIED: ("●", "being proved", "$text"),
        Standing.WAITING: ("…", "waiting for you", "$text-warning"),
        Standing.DONE: ("✓", "done", "$text-success"),
        Standing.FAILED: ("✗", "failed", "$text-error"),
        Standing.SHOWN: ("·", "shown", "$text-muted"),
    }


_OVER = {"already so": "done", "done": "done", "shown": "shown"}
"""What counts as over, and as what it is counted: of a dry run nothing is done."""


class Rail(Widget):
    """Draws `flow.rail`."""

    marks: reactive[tuple[Mark, ...]] = reactive(())

    @override
    def render(self) -> Content:
        if not self.marks:
            return Content("")
        return self._line() if self.size.height < len(self.marks) else self._column()

    def _column(self) -> Content:
        lines = []
        for mark in self.marks:
            glyph, word, style = words_of(mark)
            lines.append(
                Content.assemble(
                    (f" {glyph} ", style),
                    (f"{safe_text(mark.title, max_chars=14):<14}", "bold" if mark.now else ""),
                    (word, style),
                )
            )
        return Content("\n").join(lines)

    def _line(self) -> Content:
        over = Counter(_OVER[word] for _, word, _ in map(words_of, self.marks) if word in _OVER)
        counted = ", ".join(f"{count} {word}" for word, count in over.items()) or "0 done"
        dots = "".join(words_of(mark)[0] for mark in self.marks)
        tally = (f"{dots}  {counted}", "$text-muted")
        now = next((place for place, mark in enumerate(self.marks) if mark.now), -1)
        if now < 0 and over.total() < len(self.marks):  # nothing was begun
            return Content.assemble((f" {len(self.marks)} {noun(len(self.marks), 'step')}   ", "bold"), tally)
        glyph, word, style = words_of(self.marks[now])
        return Content.assemble(
            (f" {glyph} ", style),
            (
                f"Step {now % len(self.marks) + 1} of {len(self.marks)}: {safe_text(self.marks[now].title, max_chars=20)}",
                "bold",
            ),
            (f", {word}   ", style),
            tally,
        )


def words_of(mark: Mark) -> tuple[str, str, str]:
    """Glyph, word and style; what is being done now says so unless it says more."""
    if mark.now and mark.standing in {"to come", "checked"}:
        return "▶", "now", "bold $text-primary"
    return _words()[mark.standing]
