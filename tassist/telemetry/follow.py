"""Follows a file's lines along its chain and names the lines where they part: edited, put in, taken out, cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from tassist.telemetry.chain import Chain, advance
from tassist.text import noun

Told = Callable[[int, str, str, Literal["fault", "note"]], None]
"""Line from 1 (0: the end of the file), code, words, severity."""

_NEAR = 64
"""How far ahead every line that fits nowhere is looked for, beside the far search."""
_FAR_SEARCHES = 2_000_000
"""Digests computed in all for gaps larger than that; a file rewritten from end to end must not take for ever."""


class ChainFollower:
    """Given the lines in order, says where they are not what the chain knows.

    A line is right where its digest, built on the one before, is the chain's next. After a line that is not, the chain
    is searched for the place where the next line fits again: what lies between tells edits from gaps.
    """

    def __init__(self, chain: Chain, told: Told) -> None:
        self._digests = chain.digests
        self._seed = chain.seed
        self._told = told
        self._next = 0
        self._strange: list[int] = []
        self._searches = _FAR_SEARCHES
        self.checked = 0

    def line(self, number: int, line: bytes) -> None:
        """The next line, without its line feed."""
        self.checked += 1
        index = self._find(line)
        if index is None:
            self._strange.append(number)
            return
        if index != self._next or self._strange:
            self._explain(index - self._next, before=number)
        self._next = index + 1

    def end(self) -> None:
        """There are no further lines."""
        missing = len(self._digests) - self._next
        if self._strange and not missing:
            self._told(
                self._strange[0],
                "not-chained",
                f"{len(self._strange)} {noun(len(self._strange), 'line')} from here on not in the chain: "
                "written just before a crash, or put in by hand",
                "note",
            )
        elif self._strange or missing:
            self._explain(missing, before=0)

    def _explain(self, missing: int, *, before: int) -> None:
        strange, self._strange = self._strange, []
        edited = min(len(strange), missing)
        for number in strange[:edited]:
            self._told(number, "edited", "the record is not the one the chain knows", "fault")
        for number in strange[edited:]:
            self._told(number, "put-in", "the chain does not know this record", "fault")
        gone = missing - edited
        if gone and before:
            self._told(before, "gap", f"{gone} {noun(gone, 'record')} before this line taken out", "fault")
        elif gone:
            self._told(0, "cut-short", f"{gone} {noun(gone, 'record is', 'records are')} gone at the end", "fault")

    def _find(self, line: bytes) -> int | None:
        """Where in the chain this line fits, from the expected place on."""
        end = len(self._digests)
        for index in range(self._next, end):
            if index - self._next >= _NEAR:
                if self._searches <= 0:
                    return None
                self._searches -= 1
            before = self._digests[index - 1] if index else self._seed
            if advance(before, line) == self._digests[index]:
                return index
        return None
