"""The one writer of a process, on PostgreSQL: whatever arrived during the previous commit is the next transaction."""

from __future__ import annotations

import contextlib
from typing import Any

import psycopg
from psycopg import errors
from typing_extensions import override

from engine.ports import Clock
from engine.problems import Problem
from tassist.store.database import StoreError
from tassist.store.postgres.address import Address, store_error
from tassist.store.postgres.jobs import Jobs
from tassist.store.postgres.schema import be_present
from tassist.store.postgres.session import Session
from tassist.store.writer import GroupWriter, _Waiting, do_all

_AGAIN = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.UniqueViolation,
    errors.IdleInTransactionSessionTimeout,
)
"""Another process wrote the same thing at the same moment, or this one was paused: seen afresh, there is a way."""
_TIMES = 5


class SharedWriter(GroupWriter):
    """Owns the process's writing connection, and opens a new one where the database went away."""

    def __init__(self, address: Address, jobs: Jobs, clock: Clock) -> None:
        super().__init__()
        self._address = address
        self._jobs = jobs
        self._clock = clock
        self._session: Session | None = None

    @override
    def _open(self) -> None:
        try:
            self._connected()
        except psycopg.Error as error:
            raise store_error(error, self._address) from error

    def _connected(self) -> Session:
        if self._session is None:
            connection = self._address.connect()
            if not be_present(connection):
                connection.close()
                raise StoreError(
                    Problem(
                        "store-in-use",
                        f"the database {self._address} is being moved",
                        "what is written meanwhile would not be moved with it",
                        "wait until tassist store migrate is through",
                        family="world",
                    )
                )
            self._session = Session(connection, self._jobs, self._clock)
        return self._session

    @override
    def _close(self) -> None:
        if self._session is not None:
            self._session.raw.close()
            self._session = None

    @override
    def _closed(self) -> StoreError:
        return StoreError(
            Problem("store-io", f"could not use {self._address}", "the journal is closed", family="world")
        )

    @override
    def _transaction(self, group: list[_Waiting[Any]]) -> None:
        for time in range(1, _TIMES + 1):
            try:
                self._once(group)
            except _AGAIN:
                # One write that met another's is tried again; a group is taken apart first.
                if len(group) > 1 or time == _TIMES:
                    raise
            else:
                return

    def _once(self, group: list[_Waiting[Any]]) -> None:
        try:
            session = self._connected()
            with session.together():
                session.begin()
                do_all(session, group)
                session.commit()
        except BaseException:
            self._undo()
            raise

    @override
    def _translated(self, error: Exception) -> Exception:
        # What a value is refused for is its sender's affair, not the database's: the delivery is set aside.
        if not isinstance(error, psycopg.Error) or isinstance(error, psycopg.DataError):
            return error
        wrapped = store_error(error, self._address)
        self.last_error = wrapped.problems[0].code
        return wrapped

    def _undo(self) -> None:
        """Roll back; a connection that cannot is given up, and the next write opens a new one."""
        session = self._session
        if session is None:
            return
        try:
            session.raw.execute("ROLLBACK")
        except psycopg.Error:
            self._session = None
            with contextlib.suppress(psycopg.Error):
                session.raw.close()
