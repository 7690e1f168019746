"""How the demo speaks: plain lines that fit the terminal, whatever its width, and nothing from outside raw."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

MIN_WIDTH = 24


class Voice:
    """Writes lines of at most ``width`` columns; ``None``: as long as they are, for files and pipes."""

    def __init__(self, write: Callable[[str], None], *, width: int | None = None) -> None:
        self._write = write
        self.width = None if width is None else max(width - 1, MIN_WIDTH)

    def blank(self) -> None:
        """An empty line."""
        self._write("")

    def say(self, text: str, *, indent: int = 0, hang: int = 2) -> None:
        """One sentence or one fact; continued lines are indented by ``hang`` more.

        Text from outside has passed `tassist.text.safe_text` before it gets here.
        """
        if self.width is None:
            self._write(" " * indent + text)
            return
        deepest = max(self.width - MIN_WIDTH, 0)
        first, rest = " " * min(indent, deepest), " " * min(indent + hang, deepest)
        lines = textwrap.wrap(
            text,
            self.width,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=True,
            break_on_hyphens=False,
        )
        for line in lines or [""]:
            self._write(line)

    def fact(self, name: str, value: str, *, indent: int = 0) -> None:
        """A name and its value, aligned with other facts."""
        self.say(f"{name:<11} {value}", indent=indent, hang=12)
