"""The journal on PostgreSQL, for as many machines as one likes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self, TypeVar

import psycopg
from typing_extensions import override

from engine.plan import Effect, Inverse
from engine.ports import Clock
from engine.problems import Problem
from tassist.store import lanes, prune
from tassist.store.database import StoreError
from tassist.store.model import FinishedRun, Lane, LaneKey, StoreInfo, from_us
from tassist.store.postgres.address import Address, store_error
from tassist.store.postgres.fence import STILL_HELD, halves, lock_number
from tassist.store.postgres.jobs import Jobs
from tassist.store.postgres.lease import Lease
from tassist.store.postgres.schema import bring_forward
from tassist.store.postgres.session import Session
from tassist.store.postgres.writer import SharedWriter
from tassist.store.sql import Connection
from tassist.store.sql_journal import SqlJournal

if TYPE_CHECKING:
    from tassist.store.postgres.worker import IssueQueue

T = TypeVar("T")


class PostgresJournal(SqlJournal):
    """An open journal; `open` before use, `close` at the end."""

    writer: SharedWriter

    def __init__(self, address: Address, clock: Clock, *, schema_version: int) -> None:
        self.address = address
        self.clock = clock
        self.jobs = Jobs(address)
        self.held: dict[LaneKey, int] = {}
        """By issue this process looks at, the server process that holds its lock."""
        self._schema_version = schema_version
        self._local = threading.local()
        self._readers: list[psycopg.Connection] = []
        self._readers_lock = threading.Lock()
        self._closed = False
        super().__init__(SharedWriter(address, self.jobs, clock))

    @classmethod
    def open(cls, address: Address, clock: Clock, *, create: bool = True) -> Self:
        """Open the journal in a database, making its tables where they are not there.

        Args:
            address: Which database.
            clock: The present.
            create: Make the tables; otherwise it is a problem where there are none.

        Raises:
            StoreError: the database cannot be used, or is of another version.
        """
        try:
            with contextlib.closing(address.connect()) as connection:
                if not create and connection.execute("SELECT to_regclass('tassist.meta')").fetchone() == (None,):
                    raise StoreError(
                        Problem(
                            "no-journal",
                            f"there is no journal in {address}",
                            "no service has run with this database",
                            "start one with tassist serve, or bring a file over with tassist store migrate",
                        )
                    )
                version = bring_forward(connection, address)
        except psycopg.Error as error:
            raise store_error(error, address) from error
        journal = cls(address, clock, schema_version=version)
        journal.writer.start()
        return journal

    @override
    def close(self) -> None:
        self.writer.stop()
        with self._readers_lock:
            self._closed = True
            for connection in self._readers:
                with contextlib.suppress(psycopg.Error):
                    connection.close()
            self._readers.clear()
        self._local = threading.local()

    def _reader(self) -> Session:
        session: Session | None = getattr(self._local, "session", None)
        if session is None or session.raw.closed:
            connection = self.address.connect()
            session = self._local.session = Session(connection, self.jobs, self.clock)
            with self._readers_lock:
                self._readers = [one for one in self._readers if not one.closed]
                self._readers.append(connection)
        return session

    @override
    def _read(self, read: Callable[[Connection], T], /) -> T:
        try:
            return read(self._reader())
        except psycopg.Error as error:
            session = getattr(self._local, "session", None)
            # A connection that broke while nobody used it says so at the next use only: ask once more on a new one.
            if session is None or not session.raw.broken:
                raise store_error(error, self.address) from error
            session.raw.close()
        try:
            return read(self._reader())
        except psycopg.Error as error:
            raise store_error(error, self.address) from error

    @override
    def changed_elsewhere(self) -> bool:
        return True

    @override
    def compact(self) -> None:
        # The tables, not the queue's: those are small, and vacuumed by themselves.
        names = ("deliveries", "bodies", "looks", "lanes", "runs", "effects", "records", "sweeps", "sweep_repos")
        try:
            with contextlib.closing(self.address.connect()) as connection:
                connection.execute(f"VACUUM (FULL, ANALYZE) {', '.join(names)}".encode())
        except psycopg.Error as error:
            raise store_error(error, self.address) from error

    @override
    def info(self, sinks: Collection[str] = ()) -> StoreInfo:
        return self._read(
            lambda connection: prune.info(
                connection,
                sinks,
                where=str(self.address),
                schema_version=self._schema_version,
                space=_space(connection),
            )
        )

    @override
    def space(self) -> tuple[int, int]:
        return self._read(_space)

    # --- one look at a time, across machines -----------------------------------------------------

    def due(self, key: LaneKey) -> tuple[Lane | None, bool]:
        """The issue's lane, and whether its installation is suspended."""
        return self._read(lambda connection: lanes.due(connection, key))

    async def want(self, key: LaneKey, *, at: datetime | None = None) -> None:
        """Have somebody look at the issue, not before that moment."""

        def write(session: Session) -> None:
            session.lock_lane(key)
            session.want_look(key, at=at, late=False)

        await self.writer.write(write)

    def queue(self, look: Callable[[Lane], Awaitable[object]], *, slots: int) -> IssueQueue:
        """This process's share of the queue; in the event loop it works in."""
        from tassist.store.postgres.worker import IssueQueue

        return IssueQueue(self, look, slots=slots)

    def lease(self, name: str) -> Lease:
        """What one process of all has at a time; free, until it is acquired."""
        return Lease(self.address, name)

    def _fenced(self, key: LaneKey, write: Callable[[Session], T]) -> Callable[[Session], T]:
        """The write, refused where this process looked at the issue and its lock is gone."""
        pid = self.held.get(key)
        if pid is None:
            return write

        def fenced(session: Session) -> T:
            asked = session.execute(STILL_HELD, (*halves(lock_number(key)), pid))
            written = write(session)
            # Heard last, so that nobody waits for it alone; what it refuses is taken back with the transaction.
            if asked.fetchone() != (True,):
                raise StoreError(
                    Problem(
                        "look-taken-over",
                        f"the look at issue {key.number} of repository {key.repo_id} was taken over by another process",
                        "this one lost its connection to the database, and with it the right to write",
                        family="world",
                    )
                )
            return written

        return fenced

    @override
    async def intend(
        self,
        effect: Effect | Inverse,
        *,
        run_id: str,
        key: LaneKey,
        repo: str,
        trigger: str,
        started_at: datetime,
        now: datetime,
    ) -> int:
        write = self._intend(effect, run_id=run_id, key=key, repo=repo, trigger=trigger, started_at=started_at, now=now)
        return await self.writer.write(self._fenced(key, write))

    @override
    async def started(self, key: LaneKey, *, rest: timedelta, now: datetime, counted: bool = False) -> bool:
        return await self.writer.write(
            self._fenced(key, lambda session: lanes.started(session, key, rest=rest, now=now, counted=counted))
        )

    @override
    async def finish(self, run: FinishedRun) -> bool:
        return await self.writer.write(
            self._fenced(run.key, lambda session: lanes.finish(session, run)), topic="records"
        )

    @override
    async def put_off(self, key: LaneKey, *, until: datetime, reason: str, now: datetime, counts: bool = True) -> None:
        await self.writer.write(
            self._fenced(
                key, lambda session: lanes.put_off(session, key, until=until, reason=reason, now=now, counts=counts)
            )
        )

    @override
    async def spread(self, lane: Lane, *, up_to_seq: int, numbers: Sequence[int], now: datetime) -> bool:
        return await self.writer.write(
            self._fenced(
                lane.key,
                lambda session: lanes.spread(session, lane, up_to_seq=up_to_seq, numbers=numbers, now=now),
            ),
            topic="deliveries",
        )


def _space(connection: Connection) -> tuple[int, int]:
    (used,) = connection.execute(
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c JOIN pg_namespace n"
        " ON n.oid = c.relnamespace WHERE n.nspname = 'tassist' AND c.relkind = 'r'"
    ).fetchone()
    return int(used), 0


def due_at(lane: Lane) -> datetime:
    """When a lane may be looked at."""
    return from_us(lane.not_before)
