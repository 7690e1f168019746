"""The one writer of a process: it commits whatever arrived during the previous fsync ("natural" group commit).

Alone, a write waits for nobody; under load one fsync serves many. A write is a function of the connection that may be
called again, since a group in which one write fails is repeated one by one, so that the others do not suffer.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Generic, TypeVar

from typing_extensions import override

from tassist.log import get_logger, log_event
from tassist.store.database import StoreError, connect, store_problem

T = TypeVar("T")
V = TypeVar("V")
Write = Callable[[Any], T]
"""A function of the connection inside a transaction."""
WriteAll = Callable[[Any, Sequence[V]], list[T]]
"""The same for several values at once, which may be a single one; a result for each, in their order."""
_LOG = get_logger("store")
_MOST = 64
"""Writes in one commit; more would make the first of them wait for the last."""


@dataclass(slots=True)
class _Waiting(Generic[T]):
    """A write on its way, and who waits for it."""

    write: Write[T]
    topic: str
    loop: asyncio.AbstractEventLoop | None
    future: asyncio.Future[T] | Future[T] | None
    result: T | None = None
    error: BaseException | None = None
    value: object = None
    together: WriteAll[Any, T] | None = None
    """Does neighbours in a group at once, each with its ``value``; ``None``: each ``write`` by itself."""


class GroupWriter(ABC):
    """Owns the only writing connection of the process, in a thread of its own."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[_Waiting[object] | None] = queue.SimpleQueue()
        self._listeners: dict[str, list[Callable[[], None]]] = defaultdict(list)
        self._thread = threading.Thread(target=self._write_for_ever, name="journal", daemon=True)
        self._stopped = False
        self.commits = 0
        self.writes = 0
        self.failures = 0
        self.last_error: str | None = None
        """The code of the problem the last commit ended in; ``None`` after a good one."""

    def start(self) -> None:
        """Open the connection and begin.

        Raises:
            StoreError: it cannot be opened for writing.
        """
        self._open()
        self._thread.start()

    @abstractmethod
    def _open(self) -> None:
        """Open the connection.

        Raises:
            StoreError: it cannot be opened for writing.
        """

    @abstractmethod
    def _close(self) -> None:
        """Close it."""

    @abstractmethod
    def _transaction(self, group: list[_Waiting[Any]]) -> None:
        """Do every write of the group, each item's result set, and commit; or raise, with nothing of it done."""

    @abstractmethod
    def _closed(self) -> StoreError:
        """What a write gets that comes too late."""

    @abstractmethod
    def _translated(self, error: Exception) -> Exception:
        """An error of the database as a problem of the store, noted in ``last_error``; any other as it is."""

    def stop(self) -> None:
        """Commit what waits, then close."""
        if self._stopped or not self._thread.is_alive():
            return
        self._stopped = True
        self._queue.put(None)
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether writes are still taken."""
        return self._thread.is_alive() and not self._stopped

    def on_commit(self, topic: str, listener: Callable[[], None]) -> None:
        """Call ``listener`` in the writer's thread after each commit with a write under ``topic``; it must be quick."""
        self._listeners[topic].append(listener)

    async def write(self, write: Write[T], *, topic: str = "") -> T:
        """Do it and wait until it is on the disk.

        Raises:
            StoreError: it could not be stored.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Waiting(write, topic, loop, future))
        return await future

    def write_among(self, together: WriteAll[V, T], value: V, *, topic: str = "") -> asyncio.Future[T]:
        """The same for a write that is done at once with the others of its kind that came during the last commit.

        A statement for many of them costs the interpreter's lock, which answering needs too, once and not for each. It
        begins before anybody waits for it, so that who has better to do needs no task for that.

        Returns:
            Its result, once it is on the disk, or `StoreError`.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        waiting = _Waiting(lambda connection: together(connection, (value,))[0], topic, loop, future)
        waiting.value, waiting.together = value, together
        try:
            self._put(waiting)
        except StoreError as error:
            future.set_exception(error)
        return future

    def write_now(self, write: Write[T], *, topic: str = "") -> T:
        """The same for a thread without an event loop; it waits."""
        future: Future[T] = Future()
        self._put(_Waiting(write, topic, None, future))
        return future.result()

    def write_soon(self, write: Write[object], *, topic: str = "") -> None:
        """Do it with the next commit; nobody waits, and a failure is only logged."""
        self._put(_Waiting(write, topic, None, None))

    def _put(self, waiting: _Waiting[T]) -> None:
        if not self.alive:
            raise self._closed()
        self._queue.put(waiting)  # type: ignore[arg-type]  # the result's type is the waiter's own

    def _write_for_ever(self) -> None:
        stop = False
        while not stop:
            first = self._queue.get()
            if first is None:
                break
            group = [first]
            with contextlib.suppress(queue.Empty):
                while len(group) < _MOST:
                    item = self._queue.get_nowait()
                    if item is None:
                        stop = True
                        break
                    group.append(item)
            self._commit(group)
        self._fail_the_rest()
        self._close()

    def _fail_the_rest(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                item = self._queue.get_nowait()
                if item is not None:
                    item.error = self._closed()
                    _answer([item])

    def _commit(self, group: list[_Waiting[object]]) -> None:
        if not self._try(group) and len(group) > 1:
            for item in group:
                item.error = None
                self._try([item])
        for topic in dict.fromkeys(item.topic for item in group if item.error is None):
            for listener in self._listeners.get(topic, ()):
                listener()
        _answer(group)

    def _try(self, group: list[_Waiting[object]]) -> bool:
        """Commit the group as one transaction; on an error nothing of it is done and each item carries the error."""
        try:
            self._transaction(group)
        except Exception as error:  # noqa: BLE001 – whatever a write raises is its waiter's
            self.failures += 1
            translated = self._translated(error)
            for item in group:
                item.error = translated
            if len(group) == 1 and group[0].future is None:
                log_event(_LOG, "write-failed", "a write to the journal failed", level=30, error=str(translated))
            return False
        self.commits += 1
        self.writes += len(group)
        self.last_error = None
        return True


class Writer(GroupWriter):
    """The writer of a SQLite file."""

    def __init__(self, path: Path, *, max_pages: int = 0) -> None:
        super().__init__()
        self._path = path
        self._max_pages = max_pages
        self._connection: sqlite3.Connection | None = None

    @override
    def _open(self) -> None:
        try:
            self._connection = connect(self._path, max_pages=self._max_pages)
        except sqlite3.Error as error:
            raise StoreError(store_problem(error, self._path)) from error

    @override
    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    @override
    def _closed(self) -> StoreError:
        return StoreError(store_problem(sqlite3.OperationalError("the journal is closed"), self._path))

    @override
    def _transaction(self, group: list[_Waiting[Any]]) -> None:
        try:
            connection = self._connection = self._connection or connect(self._path, max_pages=self._max_pages)
            connection.execute("BEGIN IMMEDIATE")
            do_all(connection, group)
            connection.execute("COMMIT")
        except Exception as error:
            self._undo(error)
            raise

    @override
    def _translated(self, error: Exception) -> Exception:
        if not isinstance(error, sqlite3.Error):
            return error
        problem = store_problem(error, self._path)
        self.last_error = problem.code
        wrapped = StoreError(problem)
        wrapped.__cause__ = error
        return wrapped

    def _undo(self, error: Exception) -> None:
        """Roll back; a connection that cannot is given up, and the next write opens a new one.

        After a failed fsync what the old connection holds is not known, while recovery of the log is well defined.
        """
        connection = self._connection
        if connection is None:
            return
        broken = getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT}
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            broken = True
        if broken:
            self._connection = None
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def do_all(connection: Any, group: list[_Waiting[Any]]) -> None:
    """Every write in its order, and neighbours of a kind that can be done together in one."""
    for together, neighbours in groupby(group, key=lambda item: item.together):
        items = list(neighbours)
        if together is None or len(items) == 1:
            for item in items:
                item.result = item.write(connection)
            continue
        for item, result in zip(items, together(connection, [item.value for item in items]), strict=True):
            item.result = result


def _answer(group: list[_Waiting[object]]) -> None:
    """Wake everybody who waits: one call into each event loop, however many wait there."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Waiting[object]]] = {}
    for item in group:
        if item.loop is not None:
            by_loop.setdefault(item.loop, []).append(item)
        elif isinstance(item.future, Future):
            if item.error is not None:
                item.future.set_exception(item.error)
            else:
                item.future.set_result(item.result)
    for loop, items in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, items)


def _resolve(items: list[_Waiting[object]]) -> None:
    for item in items:
        future = item.future
        if isinstance(future, asyncio.Future) and not future.done():
            if item.error is not None:
                future.set_exception(item.error)
            else:
                future.set_result(item.result)
