"""Names and values in two columns: a value goes on under itself, and never runs into its name."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from textual.content import Content
from typing_extensions import override

from tassist.tui.safe import content
from tassist.tui.widgets.by_width import ByWidth

_LEAST_VALUE = 24
"""Where less than this would be left for values, they stand under their names."""


class Pairs(ByWidth):
    """What is known of one thing, line by line; a name without a value is a heading."""

    def __init__(self, *, names: int, id: str | None = None) -> None:  # noqa: A002 – Textual's name
        """Nothing yet.

        Args:
            names: How wide the column of names is.
            id: Of the widget.
        """
        super().__init__(id=id)
        self.names = names
        self.pairs: tuple[tuple[str, str], ...] = ()

    def tell(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Say these instead."""
        self.pairs = tuple(pairs)
        self.laid_anew()

    @override
    def at_width(self, width: int) -> Content:
        return Content("\n").join(laid(self.pairs, names=self.names, width=width))


def laid(pairs: Iterable[tuple[str, str]], *, names: int, width: int) -> list[Content]:
    """The lines; with no width known yet, one for each pair. What would be broken beside its name stands whole under it."""
    lines: list[Content] = []
    for name, value in pairs:
        if name and not value:
            lines += [Content("")] if lines else []
            lines.append(content(name, style="bold underline"))
            continue
        shown = content(value, max_chars=600)
        longest = max((cell_len(word) for word in shown.plain.split()), default=0)
        beside = not width or (width >= names + _LEAST_VALUE and not 2 <= width - longest < names)
        indent = " " * (names if beside else 2)
        parts = shown.wrap(max(width - len(indent), 1)) if width else [shown]
        if name and (not beside or len(name) >= names):
            lines.append(content(name, style="dim"))
        elif name and parts:
            lines.append(Content.assemble(content(f"{name:<{names}}", style="dim"), parts.pop(0)))
        lines += [Content.assemble(indent, part) for part in parts]
    return lines
