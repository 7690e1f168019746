"""The only writer of stderr: talk, progress and problems, in words, without colour as meaning."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from engine.problems import Problem
from tassist.cli.folding import folded
from tassist.errors import redact
from tassist.text import noun, safe_text

_home = ""
"""`` --home DIR``, where the command line has it."""


def begin(args: Sequence[str]) -> None:
    """Remember the folder that was typed: the commands to type next name it, too."""
    global _home  # noqa: PLW0603 – a process has one command line, and this module is its only way to stderr
    told = list(args[: args.index("--")] if "--" in args else args)
    found = [each.partition("=")[2] for each in told if each.startswith("--home=")]
    found += [value for name, value in pairwise(told) if name == "--home"]
    _home = f" --home {shlex.quote(safe_text(found[-1]))}" if found and found[-1] else ""


def typed(text: str) -> str:
    """A text with commands to type next, which find the folder of this one."""
    from tassist.config.typed import with_home

    return with_home(text, _home) if _home else text


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
    seen = [replace(problem, fix=typed(problem.fix)) if problem.fix else problem for problem in found]
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
