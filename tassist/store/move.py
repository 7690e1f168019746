"""Moves a journal from a file into PostgreSQL or back: table by table, a piece at a time, checked at the end.

A piece and how far it came are one transaction, so a move that was broken off goes on where it was. Nobody may use
either side meanwhile. The old journal stays as it is, but for a note that keeps a service from starting on it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from typing_extensions import override

from engine.problems import Problem, ProblemError
from tassist.store.database import FILE_NAME, ServeLock, connect, open_journal_file, prepare_folder
from tassist.store.model import LaneKey
from tassist.store.sql import Connection, several

MOVED_TO, MOVING = "moved_to", "moving"
KEYS: Mapping[str, tuple[str, ...]] = {
    "meta": ("key",),
    "deliveries": ("seq",),
    "bodies": ("seq",),
    "looks": ("seq", "repo_id", "number"),
    "lanes": ("repo_id", "number"),
    "runs": ("run_id",),
    "effects": ("run_id", "ordinal"),
    "records": ("seq",),
    "cursors": ("sink",),
    "installations": ("installation_id",),
    "sweeps": ("sweep_id",),
    "sweep_repos": ("sweep_id", "repo_id"),
    "doubts": ("subject", "id"),
    "holds": ("repo_id", "number"),
    "children": ("repo_id", "number"),
}
"""Every table of the journal with its key; a test compares it with both schemas."""
_OURS = (MOVED_TO, MOVING, "schema", "schema.oldest", "touched")
"""Facts that belong to one side."""
_PIECE = 500
_NUMBERED = ("deliveries", "records")


class Side(ABC):
    """One of the two journals, used by nobody else while it is open."""

    name: str
    connection: Connection

    @abstractmethod
    def columns(self, table: str) -> tuple[str, ...]:
        """The table's columns, in alphabetical order."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction."""

    @abstractmethod
    def commit(self) -> None:
        """End it."""

    @abstractmethod
    def last_number(self, table: str) -> int:
        """The last place the table ever gave."""

    @abstractmethod
    def set_last_number(self, table: str, number: int) -> None:
        """Give places from there on."""

    @abstractmethod
    def close(self) -> None:
        """Let others use it."""

    @abstractmethod
    def complete(self) -> None:
        """What was moved here is whole: put it where it belongs."""

    def fact(self, key: str) -> str | None:
        """A fact of its own."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def remember(self, key: str, value: str | None) -> None:
        """Remember or forget a fact, in the transaction under way."""
        self.connection.execute("DELETE FROM meta WHERE key = ?", (key,))
        if value is not None:
            self.connection.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (key, value))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FileSide(Side):
    """A journal in a folder; what is moved there comes into being beside it, and takes its place when it is whole."""

    connection: sqlite3.Connection

    def __init__(self, home: Path, *, target: bool) -> None:
        self.name = str(home)
        self._place = prepare_folder(home) if target else home / FILE_NAME
        self._lock = ServeLock(home)
        if not self._place.is_file():
            raise ProblemError(Problem("no-journal", f"there is no journal in {home}", fix="name a service's folder"))
        if not self._lock.acquire():
            raise ProblemError(_in_use(self.name))
        self._path = self._place.with_name(f"{FILE_NAME}.moving") if target else self._place
        try:
            if target and self._place.stat().st_size:
                _refuse_full(self.name, connect(self._place, read_only=True))
            open_journal_file(self._path)
            self.connection = connect(self._path)
        except BaseException:
            self._lock.release()
            raise

    @override
    def columns(self, table: str) -> tuple[str, ...]:
        return tuple(sorted(row[1] for row in self.connection.execute(f"PRAGMA table_info({table})")))

    @override
    def begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    @override
    def commit(self) -> None:
        self.connection.execute("COMMIT")

    @override
    def last_number(self, table: str) -> int:
        row = self.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return int(row[0]) if row else 0

    @override
    def set_last_number(self, table: str, number: int) -> None:
        self.connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        self.connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, number))

    @override
    def complete(self) -> None:
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()
        self._path.replace(self._place)

    @override
    def close(self) -> None:
        self.connection.close()
        self._lock.release()


class DatabaseSide(Side):
    """A journal in PostgreSQL."""

    def __init__(self, text: str, *, target: bool) -> None:
        from tassist.clock import SystemClock
        from tassist.store.place import open_database
        from tassist.store.postgres.schema import be_present
        from tassist.store.postgres.session import Session

        with open_database(text, create=target) as journal:
            self.name = str(journal.address)
        raw = journal.address.connect()
        self._session = Session(raw, journal.jobs, SystemClock())
        self.connection = self._session
        try:
            self._be_alone(alone=be_present(raw, alone=True), target=target)
        except BaseException:
            raw.close()
            raise

    def _be_alone(self, *, alone: bool, target: bool) -> None:
        if not alone:
            raise ProblemError(_in_use(self.name))
        if target:
            _refuse_full(self.name, self.connection)

    @override
    def columns(self, table: str) -> tuple[str, ...]:
        found = self.connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'tassist' AND table_name = ?",
            (table,),
        )
        return tuple(sorted(row[0] for row in found))

    @override
    def begin(self) -> None:
        self._session.begin()

    @override
    def commit(self) -> None:
        self._session.commit()

    @override
    def last_number(self, table: str) -> int:
        row = self.connection.execute(f"SELECT last_value, is_called FROM {table}_seq_seq").fetchone()  # noqa: S608 – our own names
        return int(row[0]) if row[1] else 0

    @override
    def set_last_number(self, table: str, number: int) -> None:
        if number:
            self.connection.execute(f"SELECT setval('{table}_seq_seq', ?)", (number,))

    @override
    def complete(self) -> None:
        # Every lane gets its job; the workers would find those without one, too, but a little later.
        after = LaneKey(-1, -1)
        while True:
            self.begin()
            rows = self.connection.execute(
                "SELECT repo_id, number FROM lanes WHERE (repo_id, number) > (?, ?) ORDER BY repo_id, number LIMIT ?",
                (after.repo_id, after.number, _PIECE),
            ).fetchall()
            for row in rows:
                after = LaneKey(*row)
                self._session.want_look(after, at=None, late=False)
            self.commit()
            if not rows:
                return

    @override
    def close(self) -> None:
        self._session.raw.close()


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved."""

    source: str
    target: str
    rows: Mapping[str, int]
    """By table."""
    digest: str
    """Of every row of every table; the same on both sides."""


def move(source: Side, target: Side, said: Callable[[str], None] = lambda _: None) -> Moved:
    """Copy everything, check that it is the same, and put the target in the source's place.

    Args:
        source: Stays as it is, but for a note where it went.
        target: Empty, or what an earlier move of this source left when it was broken off.
        said: Hears of each table.

    Raises:
        ProblemError: the two are of different versions, or what arrived is not what was sent.
    """
    for table in KEYS:
        if source.columns(table) != target.columns(table):
            raise ProblemError(
                Problem(
                    "store-versions-differ",
                    f"the table {table} is another one in {source.name} than in {target.name}",
                    fix="bring both forward with this version of tassist: tassist store info",
                )
            )
    begun = json.loads(target.fact(MOVING) or "{}")
    if begun and begun["from"] != source.name:
        raise ProblemError(_full(target.name, f"a move from {begun['from']} was broken off there"))
    for table in KEYS:
        if table not in begun.get("through", ()):
            begun = _copy(source, target, table, begun)
            said(f"{table}: moved")
    found = {table: (_digest(source, table), _digest(target, table)) for table in KEYS}
    wrong = [table for table, (sent, arrived) in found.items() if sent != arrived]
    if wrong:
        raise ProblemError(
            Problem(
                "store-move-differs",
                f"what arrived in {target.name} is not what was sent: {', '.join(wrong)}",
                "the old journal is as it was",
                "empty the new one and move again",
                family="world",
            )
        )
    target.begin()
    for table in _NUMBERED:
        target.set_last_number(table, source.last_number(table))
    target.remember(MOVING, None)
    target.commit()
    target.complete()
    source.begin()
    source.remember(MOVED_TO, target.name)
    source.commit()
    every = hashlib.sha256("".join(sent[1] for sent, _ in found.values()).encode()).hexdigest()
    return Moved(source.name, target.name, {table: sent[0] for table, (sent, _) in found.items()}, every)


def _pieces(side: Side, table: str, columns: Sequence[str], after: Sequence[Any] | None) -> Iterator[list[Any]]:
    keys = KEYS[table]
    names, order = ", ".join(columns), ", ".join(keys)
    places = [columns.index(key) for key in keys]
    own = f"key NOT IN {several(_OURS)}" if table == "meta" else ""
    while True:
        beyond = f"({order}) > {several(keys)}" if after is not None else ""
        where = " AND ".join(filter(None, (own, beyond)))
        values = [*(_OURS if own else ()), *(after or ())]
        rows = side.connection.execute(
            f"SELECT {names} FROM {table}{f' WHERE {where}' if where else ''} ORDER BY {order} LIMIT {_PIECE}",  # noqa: S608 – our own names
            values,
        ).fetchall()
        if not rows:
            return
        yield rows
        after = [rows[-1][place] for place in places]


def _copy(source: Side, target: Side, table: str, begun: dict[str, Any]) -> dict[str, Any]:
    columns = source.columns(table)
    after = begun.get("after") if begun.get("table") == table else None
    progress = {"from": source.name, "through": begun.get("through", []), "table": table, "after": after}
    insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {several(columns)}"  # noqa: S608 – our own names
    places = [columns.index(key) for key in KEYS[table]]
    for rows in _pieces(source, table, columns, after):
        progress["after"] = [rows[-1][place] for place in places]
        target.begin()
        target.connection.executemany(insert, rows)
        target.remember(MOVING, json.dumps(progress))
        target.commit()
    progress |= {"through": [*progress["through"], table], "table": "", "after": None}
    target.begin()
    target.remember(MOVING, json.dumps(progress))
    target.commit()
    return progress


def _digest(side: Side, table: str) -> tuple[int, str]:
    columns = side.columns(table)
    digest = hashlib.sha256()
    count = 0
    for rows in _pieces(side, table, columns, None):
        for row in rows:
            # PostgreSQL keeps no NUL in a text.
            digest.update(repr([one.replace("\0", "\ufffd") if isinstance(one, str) else one for one in row]).encode())
        count += len(rows)
    return count, digest.hexdigest()


def refuse_moved(meta: Callable[[str], str | None], name: str) -> None:
    """Keep a service from a journal that is no longer, or not yet, the one to serve.

    Raises:
        ProblemError: it was moved elsewhere, or a move to it was broken off.
    """
    gone = meta(MOVED_TO)
    if gone is not None:
        raise ProblemError(
            Problem(
                "store-moved",
                f"the journal {name} was moved to {gone}",
                "what is done here would not be known there",
                "serve the new one; to come back: tassist store migrate, the other way, into an empty folder",
            )
        )
    if meta(MOVING) is not None:
        raise ProblemError(
            Problem(
                "store-half-moved",
                f"a move to {name} was broken off",
                "it does not hold everything yet",
                "run the same tassist store migrate again: it goes on where it was",
            )
        )


def _refuse_full(name: str, connection: Any) -> None:
    with contextlib.suppress(sqlite3.OperationalError):  # a file without tables is as empty as can be
        moving = connection.execute("SELECT 1 FROM meta WHERE key = ?", (MOVING,)).fetchone()
        full = connection.execute("SELECT 1 FROM deliveries LIMIT 1").fetchone()
        if full is not None and moving is None:
            raise ProblemError(_full(name, "it holds deliveries"))


def _full(name: str, why: str) -> Problem:
    return Problem(
        "store-not-empty",
        f"{name} is not an empty place for a journal",
        why,
        "name an empty folder or database, or move what is there away",
    )


def _in_use(name: str) -> Problem:
    return Problem(
        "store-in-use",
        f"the journal {name} is in use",
        "what happens while it is moved would be lost",
        "stop every service, worker and console that uses it",
        family="world",
    )
