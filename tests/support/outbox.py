"""An outbox in memory that behaves like the store's: places rise, cursors never go back."""

from __future__ import annotations

import threading
from collections.abc import Iterable


class MemoryOutbox:
    """Records and cursors; safe for several threads."""

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        self.lines: list[bytes] = list(lines)
        self.cursors: dict[str, int] = {}
        self.broken: Exception | None = None
        self._lock = threading.Lock()

    def add(self, *lines: bytes) -> None:
        """Put records on their way."""
        with self._lock:
            self.lines.extend(lines)

    def read(self, after_seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Places count from 1."""
        with self._lock:
            if self.broken:
                raise self.broken
            return list(enumerate(self.lines[after_seq : after_seq + limit], after_seq + 1))

    def cursor(self, sink: str) -> int:
        """0 for a new sink."""
        with self._lock:
            return self.cursors.get(sink, 0)

    def advance(self, sink: str, seq: int) -> None:
        """Never back."""
        with self._lock:
            if self.broken:
                raise self.broken
            self.cursors[sink] = max(seq, self.cursors.get(sink, 0))
