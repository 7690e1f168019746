"""Takes a file apart into JSON values, one at a time, and saves what can be saved of a broken one.

Shell scripts wrote these files with `echo` and `cat`: values are missing (`"updated": ,`), documents follow each other without
a comma, and the write was cut off in the middle. Each such piece is mended where that is certain, and named where it is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 64 * 1024 * 1024
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[\s\x00\ufeff]*")
_BETWEEN = re.compile(r"[\s\x00,]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<hole>:\s*(?=[,}\]]))|(?P<comma>,\s*(?=[}\]]))|[^":,]+|.', re.DOTALL)
_INNER = re.compile(r'"(?:items|telemetry|issues)"\s*:\s*\[')


@dataclass(frozen=True, slots=True)
class Piece:
    """One value of a file."""

    value: Any
    mended: str = ""
    """What had to be guessed; empty for a value that was whole."""


@dataclass(frozen=True, slots=True)
class Broken:
    """What could not be read."""

    why: str
    line: int = 0


def pieces(content: bytes) -> Iterator[Piece | Broken]:
    """The values of a file, in order; the elements of an array at its top one by one.

    Args:
        content: Of a file, whatever it holds.
    """
    if len(content) > MAX_BYTES:
        yield Broken(f"it has {len(content):,} bytes; at most {MAX_BYTES:,} are read")
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield Broken(f"it is not UTF-8 text: byte {error.start}", content.count(b"\n", 0, error.start) + 1)
        return
    at = _after(_SPACE, text, 0)
    if at == len(text):
        yield Broken("it is empty")
    while at < len(text):
        if text[at] == "[":
            at = yield from _elements(text, at + 1)
        else:
            at = yield from _value(text, at)
        at = _after(_BETWEEN, text, at)


def _elements(text: str, at: int) -> Generator[Piece | Broken, None, int]:
    """The elements of an array whose bracket is just before ``at``; returns the place after it."""
    while True:
        at = _after(_BETWEEN, text, at)
        if at >= len(text):
            yield Broken("the array is cut off", _line(text, at))
            return at
        if text[at] == "]":
            return at + 1
        at = yield from _value(text, at)


def _value(text: str, at: int) -> Generator[Piece | Broken, None, int]:
    """One value at ``at``; returns the place after it, which is the end where nothing more can be told apart."""
    try:
        value, end = _DECODER.raw_decode(text, at)
    except RecursionError:
        yield Broken("it is nested too deeply", _line(text, at))
        return len(text)
    except json.JSONDecodeError as error:
        wrong = error
    except ValueError:
        yield Broken("a number in it has thousands of digits", _line(text, at))
        return len(text)
    else:
        yield Piece(value)
        return end
    rest = text[at:]
    mended = _mended(rest)
    if mended != rest:
        try:
            value, end = _DECODER.raw_decode(mended)
        except (ValueError, RecursionError):
            pass
        else:
            yield Piece(value, "a value is missing; it was read as none")
            # What follows is looked for in the original, from the same number of characters before its end.
            return len(text) - (len(mended) - end)
    inner = _INNER.search(text, at)
    if inner is not None:
        yield Broken("it is cut off; what is whole in it was taken", _line(text, at))
        end = yield from _elements(text, inner.end())
        return min(len(text), end)
    yield Broken(f"it is not JSON: {wrong.msg[:1].lower()}{wrong.msg[1:]}", _line(text, wrong.pos))
    return len(text)


def _mended(text: str) -> str:
    """Missing values become ``null``, and a comma before a bracket goes; strings stay as they are."""

    def mend(found: re.Match[str]) -> str:
        if found["hole"]:
            return ": null"
        return "" if found["comma"] else found.group()

    return _TOKEN.sub(mend, text)


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
