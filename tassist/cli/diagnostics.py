"""The only writer of stderr: talk, progress and problems, in words, without colour as meaning."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from engine.problems import Problem
from tassist.cli.folding import folded
from tassist.errors import redact
from tassist.text import noun, safe_text


def width() -> int | None:
    """Columns of the terminal that stderr is, or ``None`` where it is none."""
    if not sys.stderr.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80


def say(text: str) -> None:
    """Write one line of talk."""
    _write(text)


def problems(found: Iterable[Problem]) -> None:
    """Write every problem: what, why, fix; a person at a terminal is told where to read more."""
    seen = list(found)
    columns = width()
    for problem in seen:
        # Each part goes on under its own words.
        for line in safe_text(redact(f"error: {problem}"), newlines=True).split("\n"):
            for part in folded(line, columns, hang=len("error: ")):
                _write(part)
    if seen and columns is not None:
        codes = list(dict.fromkeys(problem.code for problem in seen))
        _write(
            f"more: tassist help {codes[0]}"
            + (f" (and {len(codes) - 1} more {noun(len(codes) - 1, 'code')})" if len(codes) > 1 else "")
        )


def waiting(wait_s: float, why: str) -> None:
    """Say that it goes on by itself, and when."""
    _write(f"waiting {wait_s:.0f} s: {safe_text(why)} …")


def _write(text: str) -> None:
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    try:
        sys.stderr.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # nobody listens any more; the exit code still says what happened
