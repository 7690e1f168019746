"""The journal without a thread: the real statements on a real file, committed in groups by the virtual clock."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import override

from tassist.store.database import StoreError, open_journal_file, prepare_folder, store_problem
from tassist.store.inbox import FROM_LOG
from tassist.store.journal import Journal
from tassist.store.model import Accepted, FinishedRun, Incoming, LaneKey
from tassist.store.sql_journal import SqlJournal
from tassist.store.writer import _MOST, Write, Writer, _Waiting

if TYPE_CHECKING:
    from tests.simulation.life import Life

T = TypeVar("T")


class InlineWriter(Writer):
    """`Writer`, its thread replaced by a timer: what arrives before it fires is one transaction."""

    def __init__(self, path: Path, life: Life) -> None:
        super().__init__(path)
        self._life = life
        self._group: list[_Waiting[Any]] = []
        self._armed = False

    @override
    def start(self) -> None:
        self._connection = self._life.connect(self._path)

    @override
    def stop(self) -> None:
        self._stopped = True
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    @property
    @override
    def alive(self) -> bool:
        return not self._stopped and not self._life.dead

    @override
    def write_now(self, write: Write[T], *, topic: str = "") -> T:
        if not self.alive:
            raise StoreError(store_problem(sqlite3.OperationalError("the journal is closed"), self._path))
        self._flush()
        item: _Waiting[Any] = _Waiting(write, topic, None, None)
        self._commit([item])
        if item.error is not None:
            raise item.error
        result: Any = item.result
        return result  # type: ignore[no-any-return]  # what the write returned

    @override
    def _put(self, waiting: _Waiting[T]) -> None:
        if not self.alive:
            raise StoreError(store_problem(sqlite3.OperationalError("the journal is closed"), self._path))
        self._group.append(waiting)
        if not self._armed:
            self._armed = True
            self._life.loop.call_later(self._life.dice.uniform(0.0005, 0.004), self._fire)

    def _fire(self) -> None:
        self._armed = False
        if self._life.dead or self._stopped or self._life.dies("before-commit", 0.0004):
            return
        self._flush(_MOST)
        if self._group and not self._armed:
            self._armed = True
            self._life.loop.call_later(0.001, self._fire)
        self._life.dies("after-commit", 0.0004)

    def _flush(self, most: int = 1_000_000) -> None:
        group, self._group = self._group[:most], self._group[most:]
        if group:
            self._life.heed_disk(self._connection)
            if self._life.world.disk_full:
                for item in group:
                    item.write, item.together = _needing_room(item.write), None
            self._commit(group)


def _needing_room(write: Write[T]) -> Write[T]:
    """The same write, for which the room left in the file's last pages is not enough."""

    def bigger(connection: sqlite3.Connection) -> T:
        connection.execute("INSERT INTO bodies (seq, body) VALUES (-1, zeroblob(65536))")
        return write(connection)

    return bigger


class SimJournal(Journal):
    """`Journal` with that writer, watched."""

    def __init__(self, path: Path, life: Life) -> None:
        super().__init__(path)
        self._life = life
        SqlJournal.__init__(self, InlineWriter(path, life))

    @classmethod
    def begin(cls, home: Path, life: Life) -> SimJournal:
        """Open it as the service does."""
        path = prepare_folder(home)
        open_journal_file(path)
        journal = cls(path, life)
        journal.writer.start()
        return journal

    @override
    def _reader(self) -> sqlite3.Connection:
        if self._life.dead:
            raise StoreError(store_problem(sqlite3.OperationalError("the journal is closed"), self.path))
        return super()._reader()

    @override
    async def accept(self, incoming: Incoming) -> Accepted:
        accepted = await super().accept(incoming)
        if FROM_LOG in incoming.headers and accepted.kind == "stored":
            self._life.world.caught_up += 1
        if accepted.kind == "reopened":
            self._life.watch.reopened.add(incoming.delivery_id)
        return accepted

    @override
    async def put_off(self, key: LaneKey, *, until: datetime, reason: str, now: datetime, counts: bool = True) -> None:
        if counts:
            self._life.watch.put_off(key)
        await super().put_off(key, until=until, reason=reason, now=now, counts=counts)

    @override
    async def finish(self, run: FinishedRun) -> bool:
        self._life.watch.finishing(run)
        return await super().finish(run)
