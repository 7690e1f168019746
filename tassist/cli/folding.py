"""Lines that a terminal breaks in no word: folded at spaces, as wide as characters are drawn."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"(\s*)(\S+)")
_LEAST = 20
"""Where less than this would be left beside the indent, lines go on at the margin."""


def folded(text: str, width: int | None, *, hang: int = 0) -> list[str]:
    """The line, in as many as it takes; whole where ``width`` is ``None``, for a program reads it then.

    A word longer than a line begins one of its own and is left whole: the terminal breaks it, and it can still be copied.

    Args:
        text: One line.
        width: Columns of the terminal.
        hang: How far the lines after the first are indented.
    """
    if width is None or cells(text) <= width:
        return [text]
    hang = hang if width - hang >= _LEAST else 0
    lines: list[str] = []
    line, used = "", 0
    for gap, word in _WORD.findall(text):
        size = cells(word)
        if line.strip() and used + len(gap) + size > width:
            lines.append(line)
            line, used = " " * hang + word, hang + size
        else:
            line, used = line + gap + word, used + len(gap) + size
    return [*lines, line]


def cells(text: str) -> int:
    """Columns a terminal takes for it."""
    if text.isascii():
        return len(text)
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
