"""The outbox as sinks see it: records in order, and each sink's place among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class RecordLog(Protocol):
    """The outbox, as sinks see it. Its methods are called from several threads."""

    def read(self, after_seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to ``limit`` records after that place, oldest first, without line feeds."""
        ...

    def cursor(self, sink: str) -> int:
        """Up to which place a sink has everything; 0 for a new one."""
        ...

    def advance(self, sink: str, seq: int) -> None:
        """Note, durably, that the sink has everything up to ``seq``."""
        ...


Emit = Callable[[bytes], None]
"""Puts a record about a sink into the outbox."""
