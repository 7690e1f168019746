"""Answers kept with their ETag, so that asking again costs nothing while nothing changed.

An answer belongs to the scope that received it, and is used only after GitHub itself said 304 to that scope's own
token. Source: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

MAX_BYTES = 32 * 1024 * 1024
MAX_ONE_BYTES = 4 * 1024 * 1024
_OVERHEAD_BYTES = 512


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was."""

    etag: str
    body: bytes
    link: str = ""


class Revalidation:
    """The least recently used answers go first when there are too many bytes."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[tuple[str, str, str], Kept] = OrderedDict()
        self._bytes = 0

    def get(self, scope: str, url: str, accept: str) -> Kept | None:
        """What was kept for this request."""
        key = (scope, url, accept)
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, scope: str, url: str, accept: str, answer: Kept) -> None:
        """Keep an answer, instead of an older one."""
        key = (scope, url, accept)
        self.drop(scope, url, accept)
        if not answer.etag or len(answer.body) > min(MAX_ONE_BYTES, self._max_bytes):
            return
        self._kept[key] = answer
        self._bytes += len(answer.body) + _OVERHEAD_BYTES
        while self._bytes > self._max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.body) + _OVERHEAD_BYTES

    def drop(self, scope: str, url: str, accept: str) -> None:
        """Forget an answer."""
        old = self._kept.pop((scope, url, accept), None)
        if old is not None:
            self._bytes -= len(old.body) + _OVERHEAD_BYTES

    @property
    def size_bytes(self) -> int:
        """Bytes of all bodies, and something for each."""
        return self._bytes
