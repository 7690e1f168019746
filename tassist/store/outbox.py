"""Telemetry records on their way to the sinks, each sink with its own place in the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tassist.store.sql import Connection, SharedConnection
from tassist.store.writer import GroupWriter

if TYPE_CHECKING:
    from tassist.store.sql import Read


class _EventId(msgspec.Struct):
    """The one field of a record the journal needs."""

    event_id: str


_EVENT_ID = msgspec.json.Decoder(_EventId)


def event_id_of(line: bytes) -> str:
    """The event id inside a record."""
    return _EVENT_ID.decode(line).event_id


class Outbox:
    """What the telemetry pump reads: the protocol `RecordLog`."""

    def __init__(self, read: Read, writer: GroupWriter) -> None:
        self._read = read
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
                " ON CONFLICT (sink) DO UPDATE SET seq ="
                " CASE WHEN excluded.seq > cursors.seq THEN excluded.seq ELSE cursors.seq END",
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
        return self._read(lambda connection: connection.execute(statement, values).fetchall())


def add_record(connection: Connection, event_id: str, line: bytes, *, run_id: str | None = None) -> None:
    """Put a record on its way; the same ``event_id`` again changes nothing."""
    if isinstance(connection, SharedConnection):
        connection.add_record(event_id, run_id, line)
        return
    connection.execute(
        "INSERT INTO records (event_id, run_id, line) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (event_id, run_id, line)
    )
