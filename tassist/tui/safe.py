"""Text from outside as Textual may show it: made harmless, and never read as markup."""

from __future__ import annotations

from datetime import datetime

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tassist.text import number, safe_text

_NO_WIDTH = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFE0E, 0xFE0F, 0xFEFF])


def content(text: object, *, max_chars: int = 2_000, newlines: bool = False, style: str = "") -> Content:
    """What any widget may show."""
    return Content.styled(safe_text(text, max_chars=max_chars, newlines=newlines), style)


def fitted(text: str, cells: int) -> str:
    """Exactly so many cells wide; what does not fit ends in an ellipsis.

    Joiners and variation selectors go: terminals disagree about how wide what they join is.
    """
    text = text.translate(_NO_WIDTH)
    if cells <= 0:
        return ""
    if cell_len(text) > cells:
        return set_cell_size(set_cell_size(text, cells - 1).rstrip() + "…", cells)
    return set_cell_size(text, cells)


def moment(at: datetime | None, now: datetime) -> str:
    """A time as one reads it: of today only the clock, else with its date; always UTC."""
    if at is None:
        return "–"
    if at.date() == now.date():
        return f"{at:%H:%M:%S}"
    return f"{at:%m-%d %H:%M}" if at.year == now.year else f"{at:%Y-%m-%d}"


def times(value: int) -> str:
    """How often: ``once``, ``twice``, ``3 times``."""
    return {1: "once", 2: "twice"}.get(value, f"{number(value)} times")


def size(value: int) -> str:
    """Bytes for people."""
    amount = float(value)
    for unit in ("B", "KB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
