"""A text that a pattern finds, built from the pattern itself: the simplest one, or none where it is beyond us."""

from __future__ import annotations

import re
from typing import Final

from engine.config import compile_pattern

_CLASS: Final = {"d": "4", "D": "x", "w": "w", "W": "-", "s": " ", "S": "x"}
_NOTHING: Final = frozenset("bBAz")
_REPEAT: Final = re.compile(r"\{(\d+)(?:,\d*)?\}")
_FLAGS: Final = re.compile(r"\?[a-zA-Z-]*\)")
_GROUP: Final = re.compile(r"\?(?:[a-zA-Z-]*:|P?<[A-Za-z_]\w*>)")


class _BeyondUsError(Exception):
    """The pattern uses something this little reader does not know."""


def sample(pattern: str) -> str | None:
    """A text in which the pattern is found; ``None`` where none could be built."""
    try:
        text, rest = _alternatives(pattern)
    except (_BeyondUsError, IndexError):
        return None
    if rest:
        return None
    found = compile_pattern(pattern)
    for candidate in (text, f" {text} ", f"x{text}", text.upper()):
        if found.search(candidate):
            return candidate
    return None


def _alternatives(pattern: str) -> tuple[str, str]:
    """The text of the first alternative, and what follows the group."""
    text, rest = _sequence(pattern)
    while rest.startswith("|"):
        _, rest = _sequence(rest[1:])
    return text, rest


def _sequence(pattern: str) -> tuple[str, str]:
    text = ""
    while pattern and pattern[0] not in "|)":
        piece, pattern = _piece(pattern)
        piece, pattern = _repeated(piece, pattern)
        text += piece
    return text, pattern


def _piece(pattern: str) -> tuple[str, str]:
    head, rest = pattern[0], pattern[1:]
    if head in "^$":
        return "", rest
    if head == ".":
        return "x", rest
    if head == "\\":
        return _escape(rest)
    if head == "[":
        return _class(rest)
    if head == "(":
        flags = _FLAGS.match(rest)
        if flags:
            return "", rest[flags.end() :]
        group = _GROUP.match(rest)
        text, rest = _alternatives(rest[group.end() :] if group else rest)
        if not rest.startswith(")"):
            raise _BeyondUsError
        return text, rest[1:]
    return head, rest


def _escape(rest: str) -> tuple[str, str]:
    char = rest[0]
    if char in _NOTHING:
        return "", rest[1:]
    if char in _CLASS:
        return _CLASS[char], rest[1:]
    if char in "nt":
        return {"n": "\n", "t": "\t"}[char], rest[1:]
    if char.isalnum():
        raise _BeyondUsError
    return char, rest[1:]


def _class(rest: str) -> tuple[str, str]:
    end = rest.index("]", 1) if "]" in rest[1:] else -1
    if end < 0 or rest.startswith(("^", "[:")):
        raise _BeyondUsError
    inside = rest[:end]
    return (_escape(inside[1:])[0] if inside[0] == "\\" else inside[0]), rest[end + 1 :]


def _repeated(piece: str, rest: str) -> tuple[str, str]:
    if rest[:1] in {"*", "?"}:
        piece, rest = "", rest[1:]
    elif rest[:1] == "+":
        rest = rest[1:]
    else:
        times = _REPEAT.match(rest)
        if times:
            piece, rest = piece * min(int(times[1]), 100), rest[times.end() :]
    return piece, rest[1:] if rest[:1] == "?" else rest
