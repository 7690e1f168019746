"""Telemetry records on their way to the sinks, each sink with its own place in the line."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import msgspec

from tassist.store.database import StoreError, store_problem
from tassist.store.writer import Writer


class _EventId(msgspec.Struct):
    """The one field of a record the journal needs."""

    event_id: str


_EVENT_ID = msgspec.json.Decoder(_EventId)


def event_id_of(line: bytes) -> str:
    """The event id inside a record."""
    return _EVENT_ID.decode(line).event_id


class Outbox:
    """What the telemetry pump reads: the protocol `RecordLog`."""

    def __init__(self, reader: Callable[[], sqlite3.Connection], writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    def read(self, after_seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to ``limit`` records after that place, oldest first: place and line, without its line feed."""
        return [
            (int(seq), bytes(line))
            for seq, line in self._rows(
                "SELECT seq, line FROM records WHERE seq > ? ORDER BY seq LIMIT ?", after_seq, limit
            )
        ]

    def cursor(self, sink: str) -> int:
        """Up to which place the sink has everything; 0 for a new one."""
        rows = self._rows("SELECT seq FROM cursors WHERE sink = ?", sink)
        return int(rows[0][0]) if rows else 0

    def advance(self, sink: str, seq: int) -> None:
        """Note that the sink has everything up to ``seq``; it never goes back."""
        self._writer.write_now(
            lambda connection: connection.execute(
                "INSERT INTO cursors (sink, seq) VALUES (?, ?)"
                " ON CONFLICT (sink) DO UPDATE SET seq = max(seq, excluded.seq)",
                (sink, seq),
            )
        )

    def waiting(self, sink: str) -> int:
        """How many records the sink does not have yet."""
        return int(self._rows("SELECT count(*) FROM records WHERE seq > ?", self.cursor(sink))[0][0])

    def emit(self, line: bytes) -> None:
        """Put a record that belongs to no run on its way."""
        self._writer.write_now(lambda connection: add_record(connection, event_id_of(line), line), topic="records")

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._reader().execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(store_problem(error)) from error


def add_record(connection: sqlite3.Connection, event_id: str, line: bytes, *, run_id: str | None = None) -> None:
    """Put a record on its way; the same ``event_id`` again changes nothing."""
    connection.execute(
        "INSERT OR IGNORE INTO records (event_id, run_id, line) VALUES (?, ?, ?)", (event_id, run_id, line)
    )
