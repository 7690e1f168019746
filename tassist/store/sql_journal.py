"""The journal as statements: everything a journal does, whichever database it is in.

Reading takes a connection of the calling thread; writing goes through the one writer of the process. What belongs
together is one write, so it is one transaction. Nothing here knows GitHub or the engine's rules.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self, TypeVar

from engine.plan import Effect, Inverse
from engine.ports import Applied
from tassist.store import console, holds, inbox, lanes, ledger, outbox, prune, standing, sweeps
from tassist.store.model import (
    Accepted,
    Backlog,
    Covered,
    DeliveryRow,
    EffectRow,
    EffectState,
    FinishedRun,
    Incoming,
    Keep,
    Lane,
    LaneKey,
    News,
    Over,
    Pruned,
    RunRow,
    Sorted,
    StoreInfo,
    Unsorted,
)
from tassist.store.sql import Connection
from tassist.store.writer import GroupWriter

T = TypeVar("T")
DELIVERIES = "deliveries"
RECORDS = "records"
_PAGE_BYTES = 8 * 2**20
"""Bodies held at once while deliveries are sorted to issues."""
_REMEMBER = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


class SqlJournal(ABC):
    """An open journal in some database; `close` it at the end."""

    writer: GroupWriter

    def __init__(self, writer: GroupWriter) -> None:
        self.writer = writer
        self.outbox = outbox.Outbox(self._read, writer)
        self.sweeps = sweeps.Sweeps(self._read, writer)
        self.browse = console.Browse(self._read)
        self.standing = standing.Standings(self._read, writer)
        self.holds = holds.Holds(writer)
        self.tell: Callable[[Over], bytes] | None = None
        """Makes the telemetry record of a delivery that leads to no run; ``None``: nobody is told of those."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Commit what waits and close every connection."""

    @abstractmethod
    def _read(self, read: Callable[[Connection], T], /) -> T:
        """Read on a connection of this thread.

        Raises:
            StoreError: the database cannot be read.
        """

    @abstractmethod
    def changed_elsewhere(self) -> bool:
        """Whether anything may have been committed since this thread last asked, by whomever; cheap."""

    @abstractmethod
    def compact(self) -> None:
        """Give free space back to the system; nobody else may use the journal."""

    @abstractmethod
    def info(self, sinks: Collection[str] = ()) -> StoreInfo:
        """What the journal holds."""

    @abstractmethod
    def space(self) -> tuple[int, int]:
        """Bytes it takes, and of those free; cheap."""

    # --- deliveries ---------------------------------------------------------------------------

    def accept(self, incoming: Incoming) -> Awaitable[Accepted]:
        """Store a delivery; it is on the disk when this has a result."""
        return self.writer.write_among(self._accept_all, incoming, topic=DELIVERIES)

    def _accept_all(self, connection: Connection, incoming: Sequence[Incoming]) -> list[Accepted]:
        accepted = inbox.accept_all(connection, incoming)
        for each, result in zip(incoming, accepted, strict=True):
            if result.kind == "stored" and each.quarantine:
                self._tell(connection, result.seq, each.received_at)
        return accepted

    async def accept_sorted(self, incoming: Incoming, item: Sorted, news: Sequence[News], now: datetime) -> Accepted:
        """Store a delivery with the issues it belongs to and the news it brings, all in one transaction.

        Args:
            incoming: As it came.
            item: Where it belongs; its place is given here.
            news: In order.
            now: The present.
        """

        def write(connection: Connection) -> Accepted:
            accepted = inbox.accept(connection, incoming)
            if accepted.kind != "duplicate" and inbox.store_sorted(connection, replace(item, seq=accepted.seq), now):
                self._tell(connection, accepted.seq, now)
                _heed(connection, news, accepted.seq, now)
            return accepted

        return await self.writer.write(write, topic=standing.TOPIC if news else DELIVERIES)

    def unsorted(self, limit: int) -> list[Unsorted]:
        """The oldest deliveries whose payload was not read yet."""
        return self._read(lambda connection: inbox.unsorted(connection, limit, most_bytes=_PAGE_BYTES))

    async def store_sorted(self, batch: Sequence[tuple[Sorted, Sequence[News]]], now: datetime) -> None:
        """Store to which issues deliveries belong, and heed their news in the order they came."""

        def write(connection: Connection) -> None:
            for item, news in batch:
                if inbox.store_sorted(connection, item, now):
                    if item.state != "waiting":
                        self._tell(connection, item.seq, now)
                    _heed(connection, news, item.seq, now)

        await self.writer.write(write, topic=standing.TOPIC if any(news for _, news in batch) else "")

    def _tell(self, connection: Connection, seq: int, now: datetime) -> None:
        """Put the record of a delivery that leads to no run on its way, in the transaction that found it."""
        found = inbox.over(connection, seq, now) if self.tell is not None else None
        if self.tell is not None and found is not None:
            line = self.tell(found)
            outbox.add_record(connection, outbox.event_id_of(line), line)

    def backlog(self) -> Backlog:
        """How much waits; cheap."""
        return self._read(inbox.backlog)

    def counts(self) -> dict[str, int]:
        """Deliveries by state."""
        return self._read(inbox.counts)

    def deliveries(
        self,
        *,
        limit: int = 50,
        state: str | None = None,
        event: str | None = None,
        repo: str | None = None,
        issue: int | None = None,
        action: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before_seq: int | None = None,
    ) -> list[DeliveryRow]:
        """Deliveries, newest first; ``since`` is included, ``until`` is not."""
        return self._read(
            lambda connection: inbox.listed(
                connection,
                limit=limit,
                state=state,
                event=event,
                repo=repo,
                issue=issue,
                action=action,
                since=since,
                until=until,
                before_seq=before_seq,
            )
        )

    def known(self, delivery_ids: Sequence[str]) -> set[str]:
        """Those of the delivery ids that are stored, done or not."""
        return self._read(lambda connection: inbox.known(connection, delivery_ids))

    def find(self, delivery_id: str) -> list[DeliveryRow]:
        """The deliveries of that id, or whose id begins so."""
        return self._read(lambda connection: inbox.found(connection, delivery_id))

    def body(self, seq: int) -> bytes | None:
        """A delivery's raw body."""
        return self._read(lambda connection: inbox.body_of(connection, seq))

    def reopen(self, seq: int) -> None:
        """Have a delivery handled again."""
        self.writer.write_now(lambda connection: inbox.reopen(connection, seq), topic=DELIVERIES)

    # --- lanes and runs -----------------------------------------------------------------------

    def repos(self) -> list[int]:
        """The repositories, by id, in which an issue waits."""
        return self._read(lanes.repos)

    def many_wait(self, amount: int) -> bool:
        """Whether at least so many issues wait; cheap."""
        return self._read(lambda connection: lanes.many_wait(connection, amount))

    def ready(self, repo_id: int, now: datetime, limit: int) -> list[Lane]:
        """Issues of the repository that may be looked at now."""
        return self._read(lambda connection: lanes.ready(connection, repo_id, now, limit))

    def next_moment(self, repo_id: int, now: datetime) -> datetime | None:
        """When an issue of the repository whose look was put off is due."""
        return self._read(lambda connection: lanes.next_moment(connection, repo_id, now))

    def lane(self, key: LaneKey) -> Lane | None:
        """The lane of an issue."""
        return self._read(lambda connection: lanes.lane(connection, key))

    def covered(self, key: LaneKey, limit: int = 1000) -> list[Covered]:
        """The deliveries that wait for a look at the issue, oldest first."""
        return self._read(lambda connection: lanes.covered(connection, key, limit))

    async def abandon(self, key: LaneKey) -> None:
        """Give up a look at a whole repository that no delivery asked for."""
        await self.writer.write(lambda connection: lanes.abandon(connection, key))

    async def open_lane(self, key: LaneKey, *, repo: str, installation_id: int, now: datetime) -> None:
        """Ask for a look without a delivery."""
        await self.writer.write(
            lambda connection: lanes.open_lane(connection, key, repo=repo, installation_id=installation_id, now=now),
            topic=DELIVERIES,
        )

    async def polled(
        self, keys: Sequence[LaneKey], *, repo: str, installation_id: int, cursor: tuple[str, str], now: datetime
    ) -> None:
        """Ask for the looks a poll gave, and remember how far it came: both or neither."""

        def write(connection: Connection) -> None:
            for key in sorted(keys):
                lanes.open_lane(connection, key, repo=repo, installation_id=installation_id, now=now, sweep=lanes.POLL)
            connection.execute(_REMEMBER, cursor)

        await self.writer.write(write, topic=DELIVERIES)

    async def started(self, key: LaneKey, *, rest: timedelta, now: datetime, counted: bool = False) -> bool:
        """Count a look that begins; false where somebody holds the issue, so that it must not."""
        return await self.writer.write(
            lambda connection: lanes.started(connection, key, rest=rest, now=now, counted=counted)
        )

    async def stopped(self, key: LaneKey) -> None:
        """Take a counted start back."""
        await self.writer.write(lambda connection: lanes.stopped(connection, key))

    async def put_off(self, key: LaneKey, *, until: datetime, reason: str, now: datetime, counts: bool = True) -> None:
        """Close an issue's lane until then."""
        await self.writer.write(
            lambda connection: lanes.put_off(connection, key, until=until, reason=reason, now=now, counts=counts)
        )

    async def finish(self, run: FinishedRun) -> bool:
        """Store everything a run leaves; returns whether the issue waits again."""
        return await self.writer.write(lambda connection: lanes.finish(connection, run), topic=RECORDS)

    async def spread(self, lane: Lane, *, up_to_seq: int, numbers: Sequence[int], now: datetime) -> bool:
        """Turn a look at a whole repository into looks at its issues."""
        return await self.writer.write(
            lambda connection: lanes.spread(connection, lane, up_to_seq=up_to_seq, numbers=numbers, now=now),
            topic=DELIVERIES,
        )

    # --- the ledger ---------------------------------------------------------------------------

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
        """Write down an effect before it is sent; returns its place in the run."""
        write = self._intend(effect, run_id=run_id, key=key, repo=repo, trigger=trigger, started_at=started_at, now=now)
        return await self.writer.write(write)

    @staticmethod
    def _intend(
        effect: Effect | Inverse,
        *,
        run_id: str,
        key: LaneKey,
        repo: str,
        trigger: str,
        started_at: datetime,
        now: datetime,
    ) -> Callable[[Connection], int]:
        def write(connection: Connection) -> int:
            ledger.begin_run(connection, run_id=run_id, key=key, repo=repo, trigger=trigger, started_at=started_at)
            return ledger.intend(connection, run_id=run_id, effect=effect, now=now)

        return write

    async def settle(self, run_id: str, ordinal: int, applied: Applied, now: datetime) -> None:
        """Write down what became of it."""
        await self.writer.write(
            lambda connection: ledger.settle(connection, run_id=run_id, ordinal=ordinal, applied=applied, now=now)
        )

    def unfinished_run(self, key: LaneKey) -> RunRow | None:
        """The issue's run that was broken off after it began to write."""
        return self._read(lambda connection: ledger.unfinished(connection, key))

    def run(self, run_id: str) -> RunRow | None:
        """A run by its id."""
        return self._read(lambda connection: ledger.run(connection, run_id))

    def effects(self, run_id: str) -> list[EffectRow]:
        """What a run wrote, in order."""
        return self._read(lambda connection: ledger.effects(connection, run_id))

    def recent_effects(self, key: LaneKey, since: datetime) -> list[str]:
        """The effects that changed an issue since then."""
        return self._read(lambda connection: ledger.recent(connection, key, since))

    # --- retention ----------------------------------------------------------------------------

    def enrol(self, sinks: Collection[str]) -> dict[str, int]:
        """Give every configured sink its place in the outbox; by sink, the records it missed while it was not configured."""
        return self.writer.write_now(lambda connection: prune.enrol(connection, sinks))

    def prune(
        self,
        keep: Keep,
        sinks: Collection[str],
        now: datetime,
        *,
        rest: Callable[[], bool] = lambda: True,
    ) -> Pruned:
        """Remove what is over, one small write after the other.

        Args:
            keep: How long what is kept.
            sinks: The configured sinks: what one of them does not have stays.
            now: The present.
            rest: Called between two writes, to let others go first; false ends it early.
        """
        done = Pruned()
        for step in prune.steps(keep, sinks, now):
            while found := self.writer.write_now(step):
                done.add(found)
                if not rest():
                    return done
        return done

    def would_prune(self, keep: Keep, sinks: Collection[str], now: datetime) -> Pruned:
        """What `prune` would remove."""
        return self._read(lambda connection: prune.would(connection, keep, sinks, now))

    def runs_of(self, key: LaneKey, *, limit: int = 200) -> list[RunRow]:
        """The runs of an issue that wrote something, newest first, undos too."""
        return self._read(lambda connection: ledger.runs_of(connection, key, limit=limit))

    def runs_named(self, run_id: str) -> list[RunRow]:
        """The run of that id, or those whose id begins so."""
        return self._read(lambda connection: ledger.runs_named(connection, run_id))

    def issue_named(self, repo: str, number: int) -> LaneKey | None:
        """The issue of that name, where a run looked at it."""
        return self._read(lambda connection: ledger.issue_named(connection, repo, number))

    async def begin_undo(self, run_id: str, key: LaneKey, *, repo: str, undone: str, started_at: datetime) -> None:
        """Note that a person takes a run back; until it is finished it counts as broken off."""
        await self.writer.write(
            lambda connection: ledger.begin_undo(
                connection, run_id=run_id, key=key, repo=repo, undone=undone, started_at=started_at
            )
        )

    async def settle_undo(
        self, run_id: str, ordinal: int, *, state: EffectState, writes: int, problem: str | None, now: datetime
    ) -> None:
        """Write down what became of one inverse."""
        await self.writer.write(
            lambda connection: ledger.settle_undo(
                connection, run_id=run_id, ordinal=ordinal, state=state, writes=writes, problem=problem, now=now
            )
        )

    async def finish_undo(
        self, run_id: str, *, outcome: str, reason: str | None, finished_at: datetime, record: bytes
    ) -> None:
        """Write down how an undo ended, and put its record on its way."""

        def write(connection: Connection) -> None:
            ledger.finish_undo(connection, run_id=run_id, outcome=outcome, reason=reason, finished_at=finished_at)
            outbox.add_record(connection, outbox.event_id_of(record), record, run_id=run_id)

        await self.writer.write(write, topic=RECORDS)

    # --- the rest -----------------------------------------------------------------------------

    def meta(self, key: str) -> str | None:
        """A fact the journal remembers."""
        row = self._read(
            lambda connection: connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        )
        return None if row is None else str(row[0])

    def touch_soon(self) -> None:
        """Write something small with the next commit, to find out whether that works."""
        self.writer.write_soon(lambda connection: connection.execute(_REMEMBER, ("touched", "")))

    def set_meta(self, key: str, value: str) -> None:
        """Remember a fact."""
        self.writer.write_now(lambda connection: connection.execute(_REMEMBER, (key, value)))


def _heed(connection: Connection, news: Sequence[News], seq: int, now: datetime) -> None:
    """Note what a delivery says of installations and repositories."""
    for one in news:
        if one.kind == "repo-added":
            sweeps.add_arrived(connection, one, seq=seq, now=now)
        else:
            standing.heed(connection, one, seq=seq, now=now)
