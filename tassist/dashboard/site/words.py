"""How the pages write text, numbers, days and spans of time; everything from outside passes `esc`."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from urllib.parse import quote

from tassist.dashboard.board import Value
from tassist.dashboard.figures import Figure
from tassist.dashboard.tally import MORE_MS
from tassist.text import safe_text

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHORT = 80


def esc(text: object, max_chars: int = 600) -> str:
    """Text from anywhere, for an element or a quoted attribute."""
    if type(text) is str and len(text) <= _SHORT:
        return _escaped(text, max_chars)
    return escape(safe_text(text, max_chars=max_chars), quote=True)


@lru_cache(maxsize=1 << 14)
def _escaped(text: str, max_chars: int) -> str:
    """The same for short text: labels, rules and days stand on pages thousands of times."""
    return escape(safe_text(text, max_chars=max_chars), quote=True)


def number(value: int) -> str:
    """With a comma between thousands, whatever the locale."""
    return f"{value:,}"


@lru_cache(maxsize=1 << 12)
def day(stamp: str) -> str:
    """``3 Mar 2026`` of a stamp or a date, in UTC; what is none stays as it is."""
    try:
        year, month, of_month = int(stamp[:4]), int(stamp[5:7]), int(stamp[8:10])
        return f"{of_month} {_MONTHS[month - 1]} {year}"
    except (ValueError, IndexError):
        return esc(stamp, 30)


def moment(stamp: str) -> str:
    """``3 Mar 2026 12:05`` in UTC, as a `time` element."""
    if not stamp:
        return ""
    return f'<time datetime="{esc(stamp, 40)}">{day(stamp[:10])} {esc(stamp[11:16], 5)}</time>'


def span(milliseconds: int) -> str:
    """A time in words: ``200 ms``, ``5 s``."""
    if milliseconds >= MORE_MS:
        return f"over {(MORE_MS - 1) // 1000} s"
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:g} s"
    return f"{milliseconds} ms"


def shown(figure: Figure, value: int | None) -> str:
    """A figure's value with its unit; a dash where it is unknown."""
    if value is None:
        return "–"
    if figure.unit == "ms":
        return span(value)
    if figure.unit == "days":
        return f"{number(value)} d"
    return number(value)


def change(figure: Figure, value: Value) -> str:
    """The last 28 days against the 28 before, in words."""
    if value.recent is None or value.before is None:
        return ""
    if figure.unit == "ms":
        return "" if value.recent == value.before else f"was {span(value.before)}"
    if figure.id == "open":
        gap = value.recent - value.before
        return "as 28 days ago" if not gap else f"{'+' if gap > 0 else '−'}{number(abs(gap))} in 28 days"
    return f"{number(value.before)} in the 28 days before"


@lru_cache(maxsize=1 << 12)
def href(*parts: str, anchor: str = "") -> str:
    """A relative address, quoted for an attribute."""
    return "/".join(quote(part, safe="-._~") for part in parts) + (f"#{quote(anchor, safe='-._~')}" if anchor else "")


def anchor(name: str) -> str:
    """An element's id made from a name that may hold anything."""
    return "r-" + "".join(
        char if char.isascii() and (char.isalnum() or char in "._-") else f"_{ord(char):x}_" for char in name
    )
