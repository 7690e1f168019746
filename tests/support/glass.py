"""What stands on a terminal after everything it was sent: as much of one as Textual asks for."""

from __future__ import annotations

import re

_PART = re.compile(r"\x1b\[(?P<given>[0-9;?<>=]*)(?P<what>[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]]|\r|\n|.", re.DOTALL)  # fmt: skip
_UNENDED = re.compile(r"\x1b(?:\[[0-9;?<>=]*|\][^\x07\x1b]*\x1b?)?$")


class Glass:
    """Cells, a cursor, and a size; what a terminal is sent may come in pieces. As a log of pexpect's it hears everything."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self._cells: dict[tuple[int, int], str] = {}
        self._x = self._y = 0
        self._rest = ""

    def resize(self, columns: int, lines: int) -> None:
        """The window has another size; what no longer fits is lost."""
        self.columns, self.lines = columns, lines
        self._cells = {at: char for at, char in self._cells.items() if at[0] < lines and at[1] < columns}

    def write(self, text: str) -> None:
        """It is sent this."""
        text = self._rest + text
        unended = _UNENDED.search(text)
        self._rest = unended.group() if unended else ""
        for part in _PART.finditer(text.removesuffix(self._rest)):
            self._do(part)

    def flush(self) -> None:
        """Nothing is kept back."""

    def _do(self, part: re.Match[str]) -> None:
        char, what, given = part.group(), part["what"], part["given"]
        if what == "H":
            line, column = [int(one) for one in given.split(";")] if given else (1, 1)
            self._y, self._x = line - 1, column - 1
        elif what == "J" or (what in {"h", "l"} and given == "?1049"):
            self._cells.clear()
        elif char == "\r":
            self._x = 0
        elif char == "\n":
            self._x, self._y = 0, self._y + 1
        elif what is None and char[0] != "\x1b":
            if self._y < self.lines and self._x < self.columns:
                self._cells[self._y, self._x] = char
            self._x += 1

    @property
    def shown(self) -> list[str]:
        """Its lines, without what is empty at their ends."""
        return ["".join(self._cells.get((y, x), " ") for x in range(self.columns)).rstrip() for y in range(self.lines)]
