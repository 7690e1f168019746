"""The line `tassist setup export` prints, as far as it can be judged without its passphrase: whose it is, and whether it is whole."""

from __future__ import annotations

import zlib
from typing import Final

from engine.problems import Problem, Where

MARK: Final = "tassist-app-1."
_AGAIN = "copy the whole line again, or make a new one there: tassist setup export"


def sealed(body: str) -> str:
    """The line of a body in Base64, with a sum that tells a line that was cut from a passphrase that is another one."""
    return f"{MARK}{body}.{_sum(body)}"


def body(line: str) -> str:
    """What `sealed` was given, of a line without faults; blanks and line ends that a terminal put in are left out."""
    return "".join(line.split()).removeprefix(MARK).partition(".")[0]


def faults(line: str) -> tuple[Problem, ...]:
    """What is wrong with it; the line itself is never repeated."""
    text = "".join(line.split())
    if not text.startswith(MARK):
        return (
            Problem(
                "bundle-wrong",
                "that is not a line of tassist setup export",
                f"such a line begins with {MARK}",
                _AGAIN,
                Where(path="bundle"),
            ),
        )
    inner, _, said = text.removeprefix(MARK).partition(".")
    if not inner or said != _sum(inner):
        return (
            Problem("bundle-cut", "the line is not whole", "a part of it is missing", _AGAIN, Where(path="bundle")),
        )
    return ()


def _sum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
