"""Opens the journal's file, and turns what SQLite reports into problems a person can act on."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import Self

from engine.problems import Problem, ProblemError
from tassist.errors import os_problem
from tassist.store import schema

FILE_NAME = "journal.db"
LOCK_NAME = "serve.lock"
_BUSY_MS = 5_000


class StoreError(ProblemError):
    """The journal cannot be read or written now; whatever was asked of it did not happen."""


_BY_CODE: dict[int, tuple[str, str, str]] = {
    sqlite3.SQLITE_FULL: ("store-full", "the disk is full", "free some space; nothing that was acknowledged is lost"),
    sqlite3.SQLITE_READONLY: (
        "store-read-only",
        "the file or its folder is read-only",
        "make the folder writable, or choose another with --home",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "store-unreadable",
        "the file cannot be opened",
        "make the folder writable, or choose another with --home",
    ),
    sqlite3.SQLITE_NOTADB: (
        "store-damaged",
        "it is no journal",
        "restore it from a copy, or move it away to start a new one",
    ),
    sqlite3.SQLITE_CORRUPT: ("store-damaged", "it is damaged", "restore it from a copy"),
    sqlite3.SQLITE_BUSY: ("store-busy", "another program writes to it", "stop that program"),
    sqlite3.SQLITE_LOCKED: ("store-busy", "another program writes to it", "stop that program"),
}


def store_problem(error: sqlite3.Error, path: Path | str = "the journal") -> Problem:
    """Say what an error of SQLite means for the user."""
    code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF
    slug, why, fix = _BY_CODE.get(code, ("store-io", str(error), "check the disk and the system's log"))
    return Problem(code=slug, what=f"could not use {path}", why=why, fix=fix, family="world")


def prepare_folder(home: Path) -> Path:
    """Make the folder of the journal, private to its owner, and return the journal's path.

    Raises:
        ProblemError: it cannot be made or written to.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = home / f".write-test-{os.getpid()}"
        probe.touch(mode=0o600)
        probe.unlink()
        path = home / FILE_NAME
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise ProblemError(os_problem(error, doing="use the folder")) from error
    return path


def connect(path: Path, *, read_only: bool = False, max_pages: int = 0) -> sqlite3.Connection:
    """Open a connection with the journal's settings; transactions are written out by hand.

    Args:
        path: The journal's file.
        read_only: Refuse every write on this connection.
        max_pages: Bound of the file in pages of 4 KiB; 0 for none. A full file behaves as a full disk does.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        if read_only:
            connection.execute("PRAGMA query_only = 1")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            # FULL: a commit is on the disk before it returns, also after a power cut.
            connection.execute("PRAGMA synchronous = FULL")
            # macOS's fsync stops at the drive's cache, and this asks for what goes further; elsewhere it changes nothing.
            # https://sqlite.org/pragma.html#pragma_fullfsync
            connection.execute("PRAGMA fullfsync = ON")
            connection.execute("PRAGMA journal_size_limit = 67108864")
            connection.execute("PRAGMA wal_autocheckpoint = 4000")
            connection.execute("PRAGMA foreign_keys = 0")
            # Some systems overwrite whatever is deleted by default: pruning a body would write as much as storing it.
            connection.execute("PRAGMA secure_delete = FAST")
            if max_pages:
                connection.execute(f"PRAGMA max_page_count = {max_pages}")
        connection.execute("PRAGMA mmap_size = 0")
    except BaseException:
        connection.close()
        raise
    return connection


def open_journal_file(path: Path) -> None:
    """Create the journal's tables or bring them to this version.

    Raises:
        ProblemError: see `schema.bring_forward`; or the file cannot be used.
    """
    try:
        connection = connect(path)
        try:
            schema.bring_forward(connection, path)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreError(store_problem(error, path)) from error


class ServeLock:
    """Held by the one process that serves a journal; the system releases it when that process dies.

    Two servers on one journal would look at one issue at the same time.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / LOCK_NAME
        self._file: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free."""
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        self._file = file
        return True

    def owner(self) -> str:
        """The process that holds it, for messages; empty where unknown."""
        try:
            return self._path.read_text("ascii").strip()[:20]
        except (OSError, UnicodeDecodeError):
            return ""

    def release(self) -> None:
        """Give it up."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
