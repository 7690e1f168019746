"""Text from outside, made safe for a terminal, a log line or a page of plain text.

Rich and Textual let ESC, C1 controls and bidirectional overrides through (measured), so an issue's title could
clear the screen or set the window's title. Everything that did not come from us passes `safe_text` once, where it
enters a face of the product.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

_JOINERS = "\u200b\u200c\u200d\u2060\ufeff"
_RUNS_OF_JOINERS = re.compile(f"[{_JOINERS}]{{2,}}")
_RUNS_OF_MARKS = re.compile(r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4,}")
# A line has to be one line for every reader (`str.splitlines` breaks at U+0085 and U+2028), and harmless to `cat`.
_ACTS_ON_READERS = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def noun(count: int, one: str, many: str = "") -> str:
    """The word that goes with a number: ``1 issue``, ``2 issues``; `many` where it does not only end in an s."""
    return one if count == 1 else many or f"{one}s"


def inert_json(text: str) -> str:
    """JSON that means the same, with escapes for the characters that act on a terminal, on lines or on the order of reading."""
    return _ACTS_ON_READERS.sub(_json_escape, text)


def _json_escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def span(length: timedelta) -> str:
    """A length of time in its largest unit: ``3 ms``, ``12 s``, ``5 min``, ``2 h``, ``3 d``."""
    seconds = max(length.total_seconds(), 0.0)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (unit == "min" and seconds >= size):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def number(value: int) -> str:
    """With thin groups of three: ``48 112``."""
    return f"{value:,}".replace(",", "\u202f")


def safe_text(text: object, *, max_chars: int = 10_000, newlines: bool = False) -> str:
    r"""Replace what could act on a terminal by something visible, and cut what is too long.

    C0 and C1 controls become their Unicode pictures or ``\xNN``; format characters (bidirectional overrides, tags,
    soft hyphens) become ``\u{XXXX}``; joiners survive one at a time, as emoji need them. Lone surrogates become U+FFFD.

    Args:
        text: Anything; it is turned into ``str`` first.
        max_chars: Longer text is cut, with an ellipsis as its last character.
        newlines: Keep line feeds and tabs; otherwise they become spaces, so that one value stays on one line.
    """
    raw = str(text)
    if len(raw) > max_chars:
        raw = raw[: max(max_chars - 1, 0)] + "…"
    if raw.isascii() and raw.isprintable():
        return raw
    raw = _RUNS_OF_JOINERS.sub(lambda found: found.group()[0], raw)
    raw = _RUNS_OF_MARKS.sub(lambda found: found.group()[:3], raw)
    safe = "".join(_safe_char(char, newlines=newlines) for char in raw)
    if len(safe) > max_chars:  # an escape is longer than what it stands for
        safe = safe[: max(max_chars - 1, 0)] + "…"
    return safe


def _safe_char(char: str, *, newlines: bool) -> str:
    code = ord(char)
    if char in "\n\t":
        return char if newlines else " "
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x80 <= code <= 0x9F:
        return f"\\x{code:02x}"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    category = unicodedata.category(char)
    if category in {"Zl", "Zp"}:
        return "\n" if newlines else " "
    if category == "Cf" and char not in _JOINERS:
        return f"\\u{{{code:04x}}}"
    return char
