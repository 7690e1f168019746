"""The journal in one SQLite file: what a service on one machine keeps until nobody needs it any more."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Self, TypeVar

from typing_extensions import override

from tassist.store import prune
from tassist.store.database import StoreError, connect, open_journal_file, prepare_folder, store_problem
from tassist.store.model import StoreInfo
from tassist.store.sql_journal import DELIVERIES, RECORDS, SqlJournal
from tassist.store.writer import Writer

__all__ = ["DELIVERIES", "RECORDS", "Journal"]
T = TypeVar("T")


class Journal(SqlJournal):
    """An open journal; `open` before use, `close` at the end."""

    writer: Writer

    def __init__(self, path: Path, *, max_pages: int = 0) -> None:
        self.path = path
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        super().__init__(Writer(path, max_pages=max_pages))

    @classmethod
    def open(cls, home: Path, *, max_pages: int = 0) -> Self:
        """Open the journal in a folder, creating both where they are not there.

        Args:
            home: The folder.
            max_pages: Bound of the file, in pages of 4 KiB; 0 for none.

        Raises:
            ProblemError: the folder or the file cannot be used, or the file is of a newer version.
        """
        path = prepare_folder(home)
        open_journal_file(path)
        journal = cls(path, max_pages=max_pages)
        journal.writer.start()
        return journal

    @override
    def close(self) -> None:
        """Commit what waits and close every connection."""
        self.writer.stop()
        with self._readers_lock:
            for connection in self._readers:
                with contextlib.suppress(sqlite3.Error):
                    connection.close()
            self._readers.clear()
        self._local = threading.local()

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self.path, read_only=True)
            self._local.connection = connection
            with self._readers_lock:
                self._readers.append(connection)
        return connection

    @override
    def _read(self, read: Callable[[sqlite3.Connection], T], /) -> T:
        try:
            return read(self._reader())
        except sqlite3.Error as error:
            raise StoreError(store_problem(error, self.path)) from error

    @override
    def changed_elsewhere(self) -> bool:
        version = self._read(lambda connection: int(connection.execute("PRAGMA data_version").fetchone()[0]))
        before = getattr(self._local, "version", None)
        self._local.version = version
        return before != version

    @override
    def compact(self) -> None:
        with contextlib.closing(connect(self.path)) as connection:
            try:
                prune.compact(connection)
            except sqlite3.Error as error:
                raise StoreError(store_problem(error, self.path)) from error

    @override
    def info(self, sinks: Collection[str] = ()) -> StoreInfo:
        return self._read(
            lambda connection: prune.info(
                connection,
                sinks,
                where=str(self.path),
                schema_version=int(connection.execute("PRAGMA user_version").fetchone()[0]),
                space=_space(connection, self.path),
            )
        )

    @override
    def space(self) -> tuple[int, int]:
        return self._read(_pages)


def _pages(connection: sqlite3.Connection) -> tuple[int, int]:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return pages * size, free * size


def _space(connection: sqlite3.Connection, path: Path) -> tuple[int, int]:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists()), _pages(connection)[1]
