"""The fence: a lock in the database that a process holds for each issue it looks at, as long as its connection lives.

A worker that was paused so long that another took its place may wake in the middle of a look. As long as it has its
connection it has the lock, and nobody took the issue; where it lost the connection, it lost the lock, and what it then
wants to write is refused in the very transaction that would allow it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable

import psycopg

from tassist.store.model import LaneKey
from tassist.store.postgres.address import Address, store_error


def lock_number(key: LaneKey) -> int:
    """The issue's advisory lock."""
    digest = hashlib.blake2b(f"tassist look {key.repo_id}/{key.number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


_HELD = (
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid::bigint = ? AND objid::bigint = ?"
)
STILL_HELD = f"{_HELD} AND pid = ?)"
HELD_BY_ANYBODY = f"{_HELD})"


def halves(number: int) -> tuple[int, int]:
    """A lock's number as PostgreSQL lists it."""
    return (number >> 32) & 0xFFFFFFFF, number & 0xFFFFFFFF


class Fence:
    """The locks of one process's looks, all on one connection; in the dispatcher's event loop."""

    def __init__(self, address: Address, held: dict[LaneKey, int], on_loss: Callable[[], None]) -> None:
        """Args beyond the obvious.

        Args:
            address: The database.
            held: By issue under way, the server process that holds its lock for us; the writer checks it.
            on_loss: Called when the connection is gone and with it every lock.
        """
        self._address = address
        self._held = held
        self._on_loss = on_loss
        self._connection: psycopg.AsyncConnection | None = None
        self._one_at_a_time = asyncio.Lock()

    async def acquire(self, key: LaneKey) -> bool:
        """Take the issue's lock; false where another process has it.

        Raises:
            StoreError: the database cannot be reached.
        """
        async with self._one_at_a_time:
            try:
                connection = await self._connected()
                cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (lock_number(key),))
                if await cursor.fetchone() != (True,):
                    return False
                self._held[key] = connection.info.backend_pid
            except psycopg.Error as error:
                await self._lost()
                raise store_error(error, self._address) from error
        return True

    async def release(self, key: LaneKey) -> None:
        """Give it back; where the connection is gone it is free already."""
        async with self._one_at_a_time:
            pid = self._held.pop(key, None)
            connection = self._connection
            if connection is None or pid != connection.info.backend_pid:
                return
            try:
                await connection.execute("SELECT pg_advisory_unlock(%s)", (lock_number(key),))
            except psycopg.Error:
                await self._lost()

    async def watch(self, every_s: float = 1.0) -> None:
        """Notice a lost connection, until cancelled: looks under way then are nobody's, and are broken off."""
        while True:
            await asyncio.sleep(every_s)
            async with self._one_at_a_time:
                if self._connection is not None:
                    try:
                        await self._connection.execute("SELECT 1")
                    except psycopg.Error:
                        await self._lost()

    async def close(self) -> None:
        """Give everything back."""
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                await self._connection.close()
            self._connection = None

    async def _connected(self) -> psycopg.AsyncConnection:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(self._address.text, autocommit=True)
        return self._connection

    async def _lost(self) -> None:
        await self.close()
        self._on_loss()
