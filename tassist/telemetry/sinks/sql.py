"""Records in a database: SQLite or PostgreSQL, through one table."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from engine.problems import Problem, ProblemError
from tassist import private
from tassist.errors import Secret, os_problem, redact
from tassist.telemetry.shape import READ_RECORD, Record
from tassist.telemetry.sinks.port import Entry

SCHEMA_VERSION = 1
TABLE = "telemetry_records"
COLUMNS = (
    "event_id",
    "schema_version",
    "event_type",
    "timestamp",
    "repo",
    "repo_id",
    "issue_number",
    "outcome",
    "run_id",
    "line",
)
_CREATE = (
    "CREATE TABLE IF NOT EXISTS telemetry_schema (version INTEGER NOT NULL)",
    """CREATE TABLE IF NOT EXISTS telemetry_records (
  arrival {serial},
  event_id TEXT NOT NULL UNIQUE,
  schema_version TEXT NOT NULL,
  event_type TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  repo TEXT NOT NULL,
  repo_id BIGINT NOT NULL,
  issue_number BIGINT,
  outcome TEXT NOT NULL,
  run_id TEXT NOT NULL,
  line TEXT NOT NULL
)""",
    "CREATE INDEX IF NOT EXISTS telemetry_records_repo ON telemetry_records (repo, timestamp)",
    "CREATE INDEX IF NOT EXISTS telemetry_records_issue ON telemetry_records (repo_id, issue_number, timestamp)",
)


class Database(Protocol):
    """What differs between the two."""

    mark: str
    """Stands for a value in a statement."""
    serial: str
    """The type of a column that counts by itself."""
    errors: tuple[type[Exception], ...]

    there: str
    """Asks whether the table of records is there: a row, or none."""

    def begun(self) -> bool:
        """Whether there is anything to connect to yet; a server always is."""
        ...

    def connect(self) -> Any:
        """A connection as PEP 249 knows it, outside of a transaction.

        Raises:
            ProblemError: A person has to do something first.
        """
        ...

    def problem(self, error: Exception) -> Problem:
        """The library's error in words."""
        ...


class SqlSink:
    """Keeps each record's line as it is, beside the columns one looks for; the event id is unique.

    A batch is one transaction, so it is taken whole or not at all.
    """

    max_batch = 1000
    interval_s = 0.0

    def __init__(self, database: Database, *, name: str) -> None:
        self.name = name
        self._database = database
        self._connection: Any = None
        marks = ", ".join([database.mark] * len(COLUMNS))
        self._insert = f"INSERT INTO {TABLE} ({', '.join(COLUMNS)}) VALUES ({marks}) ON CONFLICT (event_id) DO NOTHING"  # noqa: S608 – our own names

    def write(self, entries: Sequence[Entry]) -> None:
        """Insert the records that are not there yet, in one transaction."""
        rows = [row(entry) for entry in entries]
        with self._translated():
            connection = self._open()
            connection.cursor().executemany(self._insert, rows)
            connection.commit()

    def holds(self, entry: Entry) -> bool:
        """Whether the table has the record, word for word."""
        with self._translated():
            cursor = self._open().cursor()
            cursor.execute(f"SELECT line FROM {TABLE} WHERE event_id = {self._database.mark}", (entry.head.event_id,))  # noqa: S608 – our own names
            found = cursor.fetchone()
        return found is not None and found[0] == entry.line.decode()

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*self._database.errors):
                connection.close()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._database.errors as error:
            self.close()
            raise ProblemError(self._database.problem(error)) from error
        except BaseException:
            self.close()
            raise

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = self._database.connect()
            cursor = self._connection.cursor()
            for statement in _CREATE:
                cursor.execute(statement.format(serial=self._database.serial))
            cursor.execute("SELECT max(version) FROM telemetry_schema")
            found = cursor.fetchone()[0]
            if found is None:
                cursor.execute(f"INSERT INTO telemetry_schema (version) VALUES ({SCHEMA_VERSION})")  # noqa: S608 – a number
            elif found > SCHEMA_VERSION:
                raise ProblemError(
                    Problem(
                        "database-too-new",
                        f"the telemetry tables are of version {found}, this tassist knows {SCHEMA_VERSION}",
                        fix="update tassist",
                    )
                )
            self._connection.commit()
        return self._connection


class Sqlite:
    """A file."""

    mark = "?"
    serial = "INTEGER PRIMARY KEY AUTOINCREMENT"
    there = f"SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{TABLE}'"  # noqa: S608 – our own name
    errors: tuple[type[Exception], ...] = (sqlite3.Error, OSError)

    def __init__(self, file: Path) -> None:
        self._file = file

    def begun(self) -> bool:
        """Whether the file is there."""
        return self._file.exists()

    def connect(self) -> sqlite3.Connection:
        """Open the file, making it and its folder; every commit is synced.

        Records name people and repositories, so a new file is its owner's alone, as the days of JSON lines are; SQLite
        makes what it keeps beside the file with the file's mode. Whoever shall read it is given that with ``chmod``.
        """
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self._file, "ab", opener=private.opener):  # to append: another process may have begun with it
            pass
        connection = sqlite3.connect(self._file, timeout=10.0, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:  # the file is no database
            connection.close()
            raise
        return connection

    def problem(self, error: Exception) -> Problem:
        """Disk, permission, not a database, locked."""
        if isinstance(error, OSError):
            return os_problem(error, doing="open the telemetry database", name=error.filename or self._file)
        return Problem(
            "telemetry-database",
            f"the telemetry database {self._file} cannot be used",
            why=str(error),
            fix="check the disk, and that the file is an SQLite database nobody else holds locked",
            family="world",
        )


class Postgres:
    """A PostgreSQL server, through psycopg."""

    mark = "%s"
    serial = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    there = f"SELECT 1 WHERE to_regclass('{TABLE}') IS NOT NULL"

    def __init__(self, conninfo: Secret, *, shown: str) -> None:
        """Args: ``shown`` names the server without its password."""
        self._conninfo = conninfo
        self._shown = shown
        self._psycopg = _psycopg()
        self.errors: tuple[type[Exception], ...] = (self._psycopg.Error,)

    def begun(self) -> bool:
        """A server makes its tables when they are needed."""
        return True

    def connect(self) -> Any:
        """Connect; a batch is one transaction."""
        return self._psycopg.connect(
            self._conninfo.reveal(), connect_timeout=10, application_name="tassist-telemetry", autocommit=False
        )

    def problem(self, error: Exception) -> Problem:
        """Whatever the server or the network said, without the password."""
        return Problem(
            "telemetry-database",
            f"PostgreSQL at {self._shown} cannot be used for telemetry",
            why=redact(" ".join(str(error).split()), self._conninfo.reveal()),
            fix="check that it runs, that it can be reached, and that the user may create tables there",
            family="world",
        )


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise ProblemError(
            Problem(
                "psycopg-missing",
                "telemetry in PostgreSQL needs psycopg",
                fix="install it beside tassist: pip install 'tassist[postgresql]'",
            )
        ) from error
    return psycopg


def row(entry: Entry) -> tuple[object, ...]:
    """A record as the table's columns."""
    record = _record(entry)
    return (
        entry.head.event_id,
        entry.head.schema_version,
        entry.head.event_type,
        entry.head.timestamp,
        entry.head.repo,
        record.repo_id if record else 0,
        record.issue_number if record else None,
        record.outcome if record else "",
        record.run_id if record else "",
        entry.line.decode(),
    )


def _record(entry: Entry) -> Record | None:
    """The whole record; what only its head can be read of is kept all the same."""
    try:
        return READ_RECORD(entry.line)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return None
