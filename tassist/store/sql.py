"""What the journal's statements need of a database, so that they are written once and run on SQLite and on PostgreSQL.

Statements keep to what both understand: `?` for values, `ON CONFLICT`, `RETURNING`, columns named with their table. What
a store shared by several processes needs beyond that stands here as a function that does nothing on SQLite, where one
writer does everything in turn.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from tassist.store.model import LaneKey

T = TypeVar("T")
AT_ONCE = datetime.fromtimestamp(0, UTC)
"""For `want_look`: a moment that has come, so that a look that was put off is put off no longer."""


class Cursor(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...

    def fetchone(self) -> Any:
        """The next row, or ``None``."""
        ...

    def fetchall(self) -> list[Any]:
        """All that is left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection inside a transaction; `sqlite3.Connection` is one."""

    def execute(self, statement: str, values: Sequence[Any] = ..., /) -> Cursor:
        """Run a statement."""
        ...

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        """Run a statement for each row."""
        ...


class Read(Protocol):
    """Reads on a connection of the calling thread; errors of the database come as `StoreError`."""

    def __call__(self, read: Callable[[Connection], T], /) -> T:
        """What ``read`` gives."""
        ...


class SharedConnection(ABC):
    """A connection to a store that several processes write to at once."""

    @abstractmethod
    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run a statement."""

    @abstractmethod
    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        """Run a statement for each row."""

    @abstractmethod
    def lock_lane(self, key: LaneKey) -> None:
        """Let no other transaction touch the lane until this one ends."""

    @abstractmethod
    def looked_at(self, key: LaneKey) -> bool:
        """Whether a process that lives looks at the issue; the lane is locked by this transaction."""

    @abstractmethod
    def want_look(self, key: LaneKey, *, at: datetime | None, late: bool) -> None:
        """Have some process look at the issue, once however often it is wanted.

        Args:
            key: The issue; its lane is locked by this transaction.
            at: Not before; ``None``: at once.
            late: After everything that was delivered.
        """

    @abstractmethod
    def want_looks_of(self, installation_id: int) -> None:
        """The same for every lane of an installation that works again."""

    @abstractmethod
    def add_record(self, event_id: str, run_id: str | None, line: bytes) -> None:
        """Put a record on its way at the end of the transaction, so that places are in the order of commits."""

    @abstractmethod
    def last_record(self) -> int:
        """The last place in the outbox that was ever given."""


def lock_lane(connection: Connection, key: LaneKey) -> None:
    """Where others write too, keep them from the lane until the transaction ends.

    Whoever closes a lane must see every look that somebody else let wait for it, and the other way round.
    """
    if isinstance(connection, SharedConnection):
        connection.lock_lane(key)


def looked_at(connection: Connection, key: LaneKey) -> bool:
    """Whether the look whose start is counted may be under way; a file tells nothing about those who use it."""
    return connection.looked_at(key) if isinstance(connection, SharedConnection) else True


def want_look(connection: Connection, key: LaneKey, *, at: datetime | None = None, late: bool = False) -> None:
    """Where several processes look, have one of them do it; on SQLite the dispatcher finds the lane itself."""
    if isinstance(connection, SharedConnection):
        connection.want_look(key, at=at, late=late)


def want_looks_of(connection: Connection, installation_id: int) -> None:
    """Where several processes look, take up the lanes of an installation that works again."""
    if isinstance(connection, SharedConnection):
        connection.want_looks_of(installation_id)


def several(values: Sequence[Any]) -> str:
    """Placeholders for a list of values: ``(?, ?, ?)``; for an empty list, one that nothing equals."""
    return f"({', '.join('?' * len(values))})" if values else "(NULL)"
