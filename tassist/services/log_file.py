"""A log file of any size, read where one looks: lines before and after a place in bytes, and what holds a word.

A place is the offset of a line's first byte. Nothing is indexed beforehand, so that a file of gigabytes opens at once.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.problems import ProblemError
from tassist import log
from tassist.errors import os_problem

_BLOCK = 64 * 1024
_LONGEST = 1024 * 1024
"""A line longer than this is cut into several."""
_SEARCH_BLOCK = 1024 * 1024
NAMES = (log.FILE_NAME, "server.log")
"""What a service inside the app writes to, and what the demo's server does; in the home folder."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file."""

    at: int
    end: int
    """Where the next one begins."""
    text: str

    @property
    def sentence(self) -> str:
        """A line as one reads it: a record in JSON is told as a sentence."""
        return sentence(self.text)


class LogFile:
    """A file that others write to; it is opened for each reading, so that its being replaced is noticed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def state(self) -> tuple[int, int]:
        """Which file it is now, and its size in bytes.

        Raises:
            ProblemError: it is not there.
        """
        try:
            found = self.path.stat()
        except OSError as error:
            raise ProblemError(os_problem(error, doing="read the log")) from None
        return found.st_ino, found.st_size

    def before(self, place: int | None, count: int) -> list[Line]:
        """The last lines before a place, or of the whole file; oldest first."""
        with self._open() as file:
            end = os.fstat(file.fileno()).st_size if place is None else place
            begin, data = end, b""
            # One line feed more than lines, for the one that ends the line before the first.
            while begin > 0 and data.count(b"\n") <= count and len(data) < _LONGEST * 8:
                step = min(_BLOCK, begin)
                begin -= step
                file.seek(begin)
                data = file.read(step) + data
        if begin > 0:
            first = data.find(b"\n") + 1
            begin, data = begin + first, data[first:]
        return _split(begin, data)[-count:]

    def after(self, place: int, count: int) -> list[Line]:
        """The lines from a place on, oldest first."""
        with self._open() as file:
            file.seek(place)
            data = b""
            while data.count(b"\n") < count and len(data) < _LONGEST * 8:
                block = file.read(_BLOCK)
                if not block:
                    break
                data += block
        return _split(place, data)[:count]

    def find(self, word: str, place: int, *, forward: bool) -> int | None:
        """The place of the next line that holds the word, whatever its case; ``None`` where there is none.

        Args:
            word: What is looked for.
            place: Looked from there on, or before it.
            forward: Which way.
        """
        needle = word.casefold().encode()
        if not needle:
            return None
        with self._open() as file:
            size = os.fstat(file.fileno()).st_size
            overlap = len(needle) - 1
            at = place
            while (at < size) if forward else (at > 0):
                begin, end = (at, min(at + _SEARCH_BLOCK, size)) if forward else (max(at - _SEARCH_BLOCK, 0), at)
                file.seek(begin)
                data = file.read(end - begin + overlap).decode("utf-8", "surrogateescape")
                folded = _folded(data)
                hit = folded.find(needle) if forward else folded.rfind(needle)
                if hit >= 0:
                    return self._line_of(begin + hit)
                at = end if forward else begin
        return None

    def lines_after(self, place: int, *, most: int = 1000) -> int:
        """How many lines follow a place, counted up to ``most``."""
        return len(self.after(place, most))

    def _line_of(self, place: int) -> int:
        lines = self.before(place, 1)
        with self._open() as file:
            if place == 0:
                return 0
            file.seek(place - 1)
            if file.read(1) == b"\n":
                return place
        return lines[-1].at if lines else place

    def _open(self) -> Any:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise ProblemError(os_problem(error, doing="read the log")) from None


def _folded(text: str) -> bytes:
    """In lower case where that keeps every byte in its place."""
    return text.encode("utf-8", "surrogateescape").lower()


def _split(place: int, data: bytes) -> list[Line]:
    lines = []
    at = 0
    while at < len(data):
        end = data.find(b"\n", at) + 1 or len(data)
        end = min(end, at + _LONGEST)
        lines.append(Line(place + at, place + end, data[at:end].rstrip(b"\r\n").decode("utf-8", "replace")))
        at = end
    return lines


def sentence(text: str) -> str:
    """A record in JSON as ``12:00:01 warning: message  key=value  [action]``; any other line as it is."""
    if not text.startswith("{"):
        return text
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(entry, dict) or "message" not in entry:
        return text
    level = str(entry.get("level") or "")
    known = {"timestamp", "level", "logger", "action", "message"}
    tail = "".join(f"  {key}={value}" for key, value in entry.items() if key not in known and value is not None)
    head = f"{str(entry.get('timestamp') or '')[11:19]} " + (f"{level}: " if level not in {"", "info", "debug"} else "")
    return f"{head}{entry['message']}{tail}  [{entry.get('action') or ''}]"


def log_in(home: Path) -> Path | None:
    """The log a service keeps in its home folder, the one written to last; ``None`` where there is none."""
    found = [path for name in NAMES if (path := home / name).is_file()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)
