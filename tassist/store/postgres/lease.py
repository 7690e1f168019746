"""A lease: what one process of all does at a time, such as handing telemetry on, and another takes up when it ends."""

from __future__ import annotations

import contextlib
import hashlib
import threading

import psycopg

from tassist.store.postgres.address import Address


class Lease:
    """A lock of the database's, held as long as the connection lives; may be used by several threads."""

    def __init__(self, address: Address, name: str) -> None:
        self._address = address
        digest = hashlib.blake2b(f"tassist lease {name}".encode(), digest_size=8).digest()
        self._number = int.from_bytes(digest, "big", signed=True)
        self._connection: psycopg.Connection | None = None
        self._lock = threading.Lock()

    def acquire(self) -> bool:
        """Take it if it is free; whether it is ours, which is asked of the database each time."""
        with self._lock:
            try:
                if self._connection is not None:
                    self._connection.execute("SELECT 1")
                    return True
                connection = self._address.connect()
                if connection.execute("SELECT pg_try_advisory_lock(%s)", (self._number,)).fetchone() == (True,):
                    self._connection = connection
                    return True
                connection.close()
            except psycopg.Error:
                self._drop()
            return False

    def release(self) -> None:
        """Give it up."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                self._connection.close()
            self._connection = None
