"""Lines of text of which one that is broken goes on under itself: the next line can be told from what was left of the last."""

from __future__ import annotations

import re

from textual.content import Content
from typing_extensions import override

from tassist.tui.widgets.by_width import ByWidth

_LEAD = re.compile(r"\s*(?:[·○~!+-] |\d+\. |(?:error|why|fix): )?")
_LEAST_REST = 24
"""Where less than this would be left for the words, they go on nearer to the edge."""


class Lines(ByWidth):
    """Text that keeps its indent, its numbers and its first words free at the left."""

    def __init__(self, said: Content | None = None, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 – Textual's name
        super().__init__(id=id, classes=classes)
        self.said = said or Content("")

    def tell(self, said: Content) -> None:
        """Say this instead."""
        self.said = said
        self.laid_anew()

    @override
    def at_width(self, width: int) -> Content:
        return hung(self.said, width) if width else self.said


def hung(said: Content, width: int) -> Content:
    """Every line broken at this width, the rest of it under where its words begin."""
    lines: list[Content] = []
    for line in said.split("\n", allow_blank=True):
        lead = _LEAD.match(line.plain)
        at = lead.end() if lead else 0
        if line.cell_length <= width or width - at < _LEAST_REST:
            lines.append(line)
            continue
        # A line without a beginning of its own still differs from the next by two columns.
        hang = at if line.plain[:at].strip() else at + 2
        first, *rest = line[at:].wrap(width - hang)
        lines.append(Content.assemble(line[:at], first))
        lines += [Content.assemble(" " * hang, part) for part in rest]
    return Content("\n").join(lines)
