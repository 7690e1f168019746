"""A connection to PostgreSQL as the journal's statements know one, and what a shared store needs beside them."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import psycopg
from typing_extensions import override

from engine.ports import Clock
from tassist.store.model import LaneKey
from tassist.store.postgres.fence import HELD_BY_ANYBODY, halves, lock_number
from tassist.store.postgres.jobs import Jobs, Wanted
from tassist.store.sql import Cursor, SharedConnection

RECORDS_LOCK = 0x7461737369737472
"""Held from the first record of a transaction to its end: sinks read by place, so places must be given in the order
of commits. A later commit with an earlier place would never be read."""


@functools.cache
def _translated(statement: str) -> Any:
    return statement.replace("%", "%%").replace("?", "%s")


def _clean(values: Sequence[Any]) -> Sequence[Any]:
    """PostgreSQL keeps no NUL in a text, and a payload may hold one."""
    if any(isinstance(value, str) and "\0" in value for value in values):
        return [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in values]
    return values


class _Cursor(psycopg.Cursor[Any]):
    """A cursor that waits for its statement before it says how many rows that changed."""

    session: Session

    @property
    @override
    def rowcount(self) -> int:
        self.session.await_all()
        return super().rowcount


class Session(SharedConnection):
    """One connection; used by one thread at a time."""

    def __init__(self, connection: psycopg.Connection, jobs: Jobs, clock: Clock) -> None:
        self.raw = connection
        self._jobs = jobs
        self._clock = clock
        self._wanted: dict[LaneKey, Wanted] = {}
        self._records: list[tuple[str, str | None, bytes]] = []
        self._pipeline: psycopg.Pipeline | None = None

    # --- statements ---------------------------------------------------------------------------

    @override
    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Cursor:
        return self._cursor().execute(_translated(statement), _clean(values))

    @override
    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        cursor = self._cursor()
        rows = [_clean(row) for row in rows]
        if len(rows) == 1:
            return cursor.execute(_translated(statement), rows[0])
        cursor.executemany(_translated(statement), rows)
        return cursor

    def _cursor(self) -> _Cursor:
        cursor = _Cursor(self.raw)
        cursor.session = self
        return cursor

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Send statements without waiting for each: whoever fetches waits, and the end of this for all.

        A transaction of ten statements is then two or three round trips, which is most of what it costs.
        """
        with self.raw.pipeline() as pipeline:
            self._pipeline = pipeline
            try:
                yield
            finally:
                self._pipeline = None

    def await_all(self) -> None:
        """Wait for what was sent."""
        if self._pipeline is not None:
            self._pipeline.sync()

    # --- transactions -------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin one."""
        self._wanted.clear()
        self._records.clear()
        self.raw.execute("BEGIN")

    def commit(self) -> None:
        """End it: jobs and records go last, each in one statement, so that every transaction locks in one order."""
        if self._wanted:
            self._jobs.put(self.raw, self._wanted, self._clock.now())
        if self._records:
            self.raw.execute("SELECT pg_advisory_xact_lock(%s)", (RECORDS_LOCK,))
            self.executemany(
                "INSERT INTO records (event_id, run_id, line) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [(event_id, run_id, line) for event_id, run_id, line in self._records],
            )
        self.raw.execute("COMMIT")

    # --- what a shared store needs ------------------------------------------------------------

    @override
    def lock_lane(self, key: LaneKey) -> None:
        self.raw.execute("SELECT 1 FROM lanes WHERE repo_id = %s AND number = %s FOR UPDATE", (key.repo_id, key.number))

    @override
    def looked_at(self, key: LaneKey) -> bool:
        # Whoever died lost its connection, and the lock with it. One that has the lock and has not counted its start yet
        # waits for our lock on the lane, and then meets the hold.
        found: tuple[bool] = self.execute(HELD_BY_ANYBODY, halves(lock_number(key))).fetchone()
        return found[0]

    @override
    def want_look(self, key: LaneKey, *, at: datetime | None, late: bool) -> None:
        wanted = self._wanted.get(key)
        if wanted is None:
            wanted = self._wanted[key] = Wanted(at, late=late)
        else:
            wanted.also(at, late=late)

    @override
    def want_looks_of(self, installation_id: int) -> None:
        found = self.raw.execute(
            "SELECT repo_id, number FROM lanes WHERE installation_id = %s ORDER BY repo_id, number FOR UPDATE",
            (installation_id,),
        )
        for repo_id, number in found.fetchall():
            self.want_look(LaneKey(repo_id, number), at=None, late=False)

    @override
    def add_record(self, event_id: str, run_id: str | None, line: bytes) -> None:
        self._records.append((event_id, run_id, line))

    @override
    def last_record(self) -> int:
        row = self.raw.execute("SELECT last_value, is_called FROM records_seq_seq").fetchone()
        assert row is not None
        return int(row[0]) if row[1] else 0

    def take_over(self, key: LaneKey) -> None:
        """Have somebody else look at once at what a worker held that is gone."""
        self._wanted[key] = Wanted(None, late=False, taken_over=True)

    def take_from_the_gone(self, job_id: int) -> bool:
        """Take a job away from a worker that is gone; false where somebody did, or where it is back and was through."""
        return bool(
            self.raw.execute("DELETE FROM procrastinate_jobs WHERE id = %s AND status = 'doing'", (job_id,)).rowcount
        )

    def jobless(self, limit: int) -> list[LaneKey]:
        """Lanes nobody is going to look at; there are none unless something went wrong, or a store was moved here."""
        found = self.raw.execute(
            "SELECT l.repo_id, l.number FROM lanes l WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs j"
            " WHERE j.lock = l.repo_id || '/' || l.number AND j.status IN ('todo', 'doing')) AND NOT EXISTS"
            " (SELECT 1 FROM installations i WHERE i.installation_id = l.installation_id AND i.state = 'suspended')"
            " ORDER BY l.repo_id, l.number LIMIT %s FOR UPDATE OF l SKIP LOCKED",
            (limit,),
        )
        return [LaneKey(repo_id, number) for repo_id, number in found.fetchall()]
