"""What the rest of the product asks of a journal, in whichever database it is.

Two stores keep to it: one SQLite file for a service on one machine (`tassist.store.journal`), and PostgreSQL for as many
machines as one likes (`tassist.store.postgres`). One suite of tests runs on both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol, Self, cast

from engine.plan import Effect, Inverse
from engine.ports import Applied
from tassist.store.console import Browse
from tassist.store.holds import Holds
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
from tassist.store.outbox import Outbox
from tassist.store.standing import Standings
from tassist.store.sweeps import Sweeps


class Deliveries(Protocol):
    """Deliveries, from the moment they are stored until nobody needs them."""

    def accept(self, incoming: Incoming) -> Awaitable[Accepted]:
        """Store a delivery; it is on the disk when this has a result. It begins before anybody waits for it."""
        ...

    async def accept_sorted(self, incoming: Incoming, item: Sorted, news: Sequence[News], now: datetime) -> Accepted:
        """Store a delivery with the issues it belongs to and the news it brings, all in one transaction."""
        ...

    def unsorted(self, limit: int) -> list[Unsorted]:
        """The oldest deliveries whose payload was not read yet."""
        ...

    async def store_sorted(self, batch: Sequence[tuple[Sorted, Sequence[News]]], now: datetime) -> None:
        """Store to which issues deliveries belong, and heed their news in the order they came."""
        ...

    def backlog(self) -> Backlog:
        """How much waits; cheap."""
        ...

    def counts(self) -> dict[str, int]:
        """Deliveries by state."""
        ...

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
        ...

    def known(self, delivery_ids: Sequence[str]) -> set[str]:
        """Those of the delivery ids that are stored, done or not."""
        ...

    def find(self, delivery_id: str) -> list[DeliveryRow]:
        """The deliveries of that id, or whose id begins so."""
        ...

    def body(self, seq: int) -> bytes | None:
        """A delivery's raw body."""
        ...

    def reopen(self, seq: int) -> None:
        """Have a delivery handled again."""
        ...


class Lanes(Protocol):
    """The queue: which issues wait for a look, and what a look leaves."""

    def repos(self) -> list[int]:
        """The repositories, by id, in which an issue waits."""
        ...

    def many_wait(self, amount: int) -> bool:
        """Whether at least so many issues wait; cheap."""
        ...

    def ready(self, repo_id: int, now: datetime, limit: int) -> list[Lane]:
        """Issues of the repository that may be looked at now."""
        ...

    def next_moment(self, repo_id: int, now: datetime) -> datetime | None:
        """When an issue of the repository whose look was put off is due."""
        ...

    def lane(self, key: LaneKey) -> Lane | None:
        """The lane of an issue."""
        ...

    def covered(self, key: LaneKey, limit: int = 1000) -> list[Covered]:
        """The deliveries that wait for a look at the issue, oldest first."""
        ...

    def changed_elsewhere(self) -> bool:
        """Whether anything may have been committed since this thread last asked, by whomever; cheap."""
        ...

    async def abandon(self, key: LaneKey) -> None:
        """Give up a look at a whole repository that no delivery asked for."""
        ...

    async def open_lane(self, key: LaneKey, *, repo: str, installation_id: int, now: datetime) -> None:
        """Ask for a look without a delivery."""
        ...

    async def polled(
        self, keys: Sequence[LaneKey], *, repo: str, installation_id: int, cursor: tuple[str, str], now: datetime
    ) -> None:
        """Ask for the looks a poll gave, and remember how far it came: both or neither."""
        ...

    async def started(self, key: LaneKey, *, rest: timedelta, now: datetime, counted: bool = False) -> bool:
        """Count a look that begins; false where somebody holds the issue, so that it must not.

        Args:
            key: Of the issue.
            rest: How long the lane rests where the process dies in the look.
            now: The present.
            counted: The start is counted already, and only the outcome could not be stored; only the hold is asked for.
        """
        ...

    async def stopped(self, key: LaneKey) -> None:
        """Take a counted start back."""
        ...

    async def put_off(self, key: LaneKey, *, until: datetime, reason: str, now: datetime, counts: bool = True) -> None:
        """Close an issue's lane until then."""
        ...

    async def finish(self, run: FinishedRun) -> bool:
        """Store everything a run leaves; returns whether the issue waits again."""
        ...

    async def spread(self, lane: Lane, *, up_to_seq: int, numbers: Sequence[int], now: datetime) -> bool:
        """Turn a look at a whole repository into looks at its issues."""
        ...


class Ledger(Protocol):
    """What runs wrote to GitHub."""

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
        ...

    async def settle(self, run_id: str, ordinal: int, applied: Applied, now: datetime) -> None:
        """Write down what became of it."""
        ...

    def unfinished_run(self, key: LaneKey) -> RunRow | None:
        """The issue's run that was broken off after it began to write."""
        ...

    def run(self, run_id: str) -> RunRow | None:
        """A run by its id."""
        ...

    def effects(self, run_id: str) -> list[EffectRow]:
        """What a run wrote, in order."""
        ...

    def recent_effects(self, key: LaneKey, since: datetime) -> list[str]:
        """The effects that changed an issue since then."""
        ...

    def runs_of(self, key: LaneKey, *, limit: int = 200) -> list[RunRow]:
        """The runs of an issue that wrote something, newest first, undos too."""
        ...

    def runs_named(self, run_id: str) -> list[RunRow]:
        """The run of that id, or those whose id begins so."""
        ...

    def issue_named(self, repo: str, number: int) -> LaneKey | None:
        """The issue of that name, where a run looked at it."""
        ...

    async def begin_undo(self, run_id: str, key: LaneKey, *, repo: str, undone: str, started_at: datetime) -> None:
        """Note that a person takes a run back; until it is finished it counts as broken off."""
        ...

    async def settle_undo(
        self, run_id: str, ordinal: int, *, state: EffectState, writes: int, problem: str | None, now: datetime
    ) -> None:
        """Write down what became of one inverse."""
        ...

    async def finish_undo(
        self, run_id: str, *, outcome: str, reason: str | None, finished_at: datetime, record: bytes
    ) -> None:
        """Write down how an undo ended, and put its record on its way."""
        ...


class Keeping(Protocol):
    """How long what is kept, and how much there is."""

    def enrol(self, sinks: Collection[str]) -> dict[str, int]:
        """Give every configured sink its place in the outbox; by sink, the records it missed while it was not configured."""
        ...

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
        ...

    def would_prune(self, keep: Keep, sinks: Collection[str], now: datetime) -> Pruned:
        """What `prune` would remove."""
        ...

    def compact(self) -> None:
        """Give free space back to the system; nobody else may use the journal."""
        ...

    def info(self, sinks: Collection[str] = ()) -> StoreInfo:
        """What the journal holds."""
        ...

    def space(self) -> tuple[int, int]:
        """Bytes it takes, and of those free; cheap."""
        ...


class Memory(Protocol):
    """Facts the journal remembers."""

    def meta(self, key: str) -> str | None:
        """A fact the journal remembers."""
        ...

    def set_meta(self, key: str, value: str) -> None:
        """Remember a fact."""
        ...

    def touch_soon(self) -> None:
        """Write something small with the next commit, to find out whether that works."""
        ...


class Commits(Protocol):
    """The process's writer, as those see it who watch it."""

    commits: int
    writes: int
    failures: int
    last_error: str | None
    """The code of the problem the last commit ended in; ``None`` after a good one."""

    @property
    def alive(self) -> bool:
        """Whether writes are still taken."""
        ...

    def on_commit(self, topic: str, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each commit with a write under ``topic``; it must be quick."""
        ...


class Queue(Protocol):
    """One process's share of a queue that several processes work off."""

    @property
    def looks_under_way(self) -> int:
        """How many looks run now."""
        ...

    async def run(self) -> None:
        """Work until `drain`; what goes wrong with the store is waited out."""
        ...

    async def drain(self, grace_s: float) -> int:
        """Take nothing more; let looks under way end in time. Returns how many were broken off."""
        ...


class Lease(Protocol):
    """What one process of all does at a time."""

    def acquire(self) -> bool:
        """Take it if it is free; whether it is this process's now."""
        ...

    def release(self) -> None:
        """Give it up."""
        ...


class Journal(Deliveries, Lanes, Ledger, Keeping, Memory, Protocol):
    """An open journal."""

    tell: Callable[[Over], bytes] | None
    """Makes the telemetry record of a delivery that leads to no run; ``None``: nobody is told of those."""

    @property
    def writer(self) -> Commits:
        """How its commits fare."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Records on their way to the sinks."""
        ...

    @property
    def sweeps(self) -> Sweeps:
        """Its sweeps."""
        ...

    @property
    def browse(self) -> Browse:
        """What the console reads."""
        ...

    @property
    def standing(self) -> Standings:
        """What GitHub is to be asked about installations and repositories."""
        ...

    @property
    def holds(self) -> Holds:
        """The issues somebody beside the service works on."""
        ...

    def close(self) -> None:
        """Commit what waits and close every connection."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class SharedJournal(Journal, Protocol):
    """A journal that several processes, on several machines, take from and write to."""

    def queue(self, look: Callable[[Lane], Awaitable[object]], *, slots: int) -> Queue:
        """This process's share of the queue; ``look`` does one look."""
        ...

    def lease(self, name: str) -> Lease:
        """What one process of all does at a time."""
        ...


def shared(journal: Journal) -> SharedJournal | None:
    """The journal, where several processes work on it; ``None`` where it is one process's."""
    return cast("SharedJournal", journal) if hasattr(journal, "queue") else None
