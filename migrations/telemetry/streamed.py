"""Takes a file apart that is too large to hold: one value at its top, or one element of the array there, is in memory at a time."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from migrations.telemetry.pieces import MAX_BYTES, Broken, Piece, pieces

_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|["\[\]{}]', re.DOTALL)
_BETWEEN = " ,\t\r\n\x00\ufeff"


def streamed(parts: Iterable[bytes]) -> Iterator[Piece | Broken]:
    """The same values as `pieces` gives of the whole; a single value may have as many bytes as a whole file there.

    Args:
        parts: The file's content, in order.
    """
    cut = _Cut()
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        for part in parts:
            for value, at_line in cut.take(decoder.decode(part)):
                yield from _read(value, at_line)
            if len(cut.text) > MAX_BYTES:
                yield Broken(f"a value in it has more than {MAX_BYTES:,} bytes; what is before it was taken", cut.line)
                return
        for value, at_line in cut.take(decoder.decode(b"", final=True)):
            yield from _read(value, at_line)
    except UnicodeDecodeError:
        yield Broken("it is not UTF-8 text from here on", cut.line + cut.text.count("\n"))
        return
    rest = cut.text.strip(_BETWEEN)
    if rest:
        yield from _read(rest, cut.line)
    elif cut.in_array:
        yield Broken("the array is cut off", cut.line)


def _read(text: str, line: int) -> Iterator[Piece | Broken]:
    for found in pieces(text.encode("utf-8", "surrogatepass")):
        yield replace(found, line=found.line + line - 1) if isinstance(found, Broken) and found.line else found


class _Cut:
    """Cuts a text that arrives in parts before each value at its top, by its brackets alone."""

    def __init__(self) -> None:
        self.text = ""
        """What is not given yet."""
        self.line = 1
        """Of its beginning."""
        self.in_array = False
        self._depth = 0
        self._looked = 0

    def take(self, more: str) -> Iterator[tuple[str, int]]:
        """The values that are whole now, each with the line it begins on."""
        self.text += more
        done = 0
        for found in _MARK.finditer(self.text, self._looked):
            mark, at = found.group()[0], found.start()
            if found.group() == '"':
                self._looked = at  # a string that goes on in the next part
                break
            self._looked = found.end()
            if mark in "[{":
                if mark == "[" and self._depth == 0 and not self.in_array:
                    yield from self._between(done, at)
                    self.in_array, done = True, found.end()
                    continue
                if self._depth == 0:
                    yield from self._between(done, at)
                    done = at
                self._depth += 1
            elif mark in "]}" and self._depth:
                self._depth -= 1
                if self._depth == 0:
                    whole = self.text[done : found.end()]
                    # An array is one value here, which it is not at the top of a file.
                    yield f"[{whole}]" if whole[0] == "[" else whole, self.line + self.text.count("\n", 0, done)
                    done = found.end()
            elif mark == "]" and self.in_array:
                yield from self._between(done, at)
                self.in_array, done = False, found.end()
        else:
            self._looked = len(self.text)
        self.line += self.text.count("\n", 0, done)
        self.text, self._looked = self.text[done:], self._looked - done

    def _between(self, start: int, end: int) -> Iterator[tuple[str, int]]:
        """What stands between values and is no bracket: a number, a word, a string."""
        text = self.text[start:end].strip(_BETWEEN)
        if text:
            yield text, self.line + self.text.count("\n", 0, start)
