"""ASCII twins of what is drawn, for a terminal that shows nothing else: one filter over every line, whoever drew it."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from typing_extensions import override

_TWINS = str.maketrans(
    {
        "✓": "+", "✗": "x", "▶": ">", "●": "*", "○": "o", "·": ".", "…": "~", "–": "-", "—": "-", "→": ">", "←": "<",
        "↑": "^", "↓": "v", "⏎": "&", "×": "x", "÷": "/", "«": '"', "»": '"', "‘": "'", "’": "'", "“": '"', "”": '"',
        "\u00a0": " ", "\u202f": " ", "•": "*", "▸": ">", "▾": "v", "▼": "v", "▲": "^",
        "█": "#", "▓": "#", "▒": "+", "░": ".", "▀": "#", "▄": "#", "▌": "|", "▐": "|", "▎": "|", "▏": "|", "▍": "|",
        "▋": "|", "▊": "|", "▉": "|", "▔": "-", "▁": "_", "▂": ",", "▃": "-", "▅": "+", "▆": "*", "▇": "#",
    }
)  # fmt: skip


@lru_cache(4096)
def twin(text: str) -> str:
    """The same in ASCII, as many cells wide."""
    return text if text.isascii() else "".join(map(_char, text.translate(_TWINS)))


def _char(char: str) -> str:
    if char.isascii():
        return char
    if 0x2500 <= ord(char) <= 0x257F:
        name = unicodedata.name(char, "")
        # Corners and crossings are named for both directions.
        across = "HORIZONTAL" in name or " LEFT" in name or " RIGHT" in name
        along = "VERTICAL" in name or " UP" in name or " DOWN" in name
        return "-" if across and not along else "|" if along and not across else "+"
    plain = unicodedata.normalize("NFKD", char)[:1]
    cells = get_character_cell_size(char)
    if plain.isascii() and plain.isprintable() and cells == 1:
        return plain
    return "?" * cells


class AsciiTwins(LineFilter):
    """Draws everything in ASCII."""

    @override
    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [one if one.control else Segment(twin(one.text), one.style) for one in segments]
