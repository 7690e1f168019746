"""Decides which issue is looked at next: one look at a time for an issue, many issues at once, nobody crowded out.

The queue is in the journal; in memory there are only the looks under way and a few lanes of each repository that come
next. A backlog of a million deliveries costs disk, not memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.ports import Clock
from engine.problems import ProblemError
from tassist.config.chosen import EVERYWHERE, Chosen
from tassist.log import get_logger, log_event
from tassist.server import sorting
from tassist.server.looks import Looks
from tassist.server.metrics import Metrics
from tassist.server.sorting import Place, unreadable
from tassist.server.turns import Turns
from tassist.server.waiting import set_within
from tassist.store.database import StoreError
from tassist.store.model import Lane, LaneKey, News, Unsorted
from tassist.store.ports import Journal

_LOG = get_logger("dispatcher")


@dataclass(frozen=True, slots=True)
class Breadth:
    """How much is done at once."""

    looks: int = 32
    """Looks under way."""
    looks_per_installation: int = 8
    """Of those, for one installation: its limits at GitHub must not hold up the others."""
    page: int = 64
    """Deliveries sorted in one transaction."""
    ahead: int = 16
    """Lanes of one repository read ahead."""
    poll_s: float = 1.0
    """How long it sleeps at most: another process may have asked for a replay."""
    step_aside: int = 50
    """For how many times 20 ms sorting steps aside for answers after each page."""
    aside_s: float = 0.2
    """For how long looks step aside for answers, before some begin after all."""
    apart_s: float = 0.25
    """Between the beginnings of two looks at one issue; what comes meanwhile is covered by the second."""
    sorted_ahead: int = 1024
    """With so many issues in line, sorting and looking take turns."""
    take_turns: int = 5
    """For how many times 10 ms sorting then lets looks go on after each page."""
    brisk: int = 3
    """So many looks that end within 10 ms wait for the processor and not for GitHub."""
    trouble_s: float = 2.0
    """How long a lane rests in memory when its outcome could not even be stored."""


class Dispatcher:
    """Sorts what is stored and looks at what waits, until it is told to drain."""

    def __init__(
        self,
        journal: Journal,
        looks: Looks,
        clock: Clock,
        metrics: Metrics,
        *,
        own_login: Callable[[], str] = str,
        on_news: Callable[[News], None] = lambda _: None,
        busy: Callable[[], bool] = lambda: False,
        breadth: Breadth | None = None,
        chosen: Chosen = EVERYWHERE,
    ) -> None:
        """Args beyond the obvious.

        Args:
            journal: Where the queue is.
            looks: Does one look.
            clock: The present.
            metrics: Counters.
            own_login: The login under which the App writes; empty where it is not known yet.
            on_news: Told what changed about an installation or a repository as a whole.
            busy: Whether answering deliveries comes first right now.
            breadth: How much is done at once.
            chosen: The repositories that are looked after.
        """
        self._journal = journal
        self._looks = looks
        self._clock = clock
        self._metrics = metrics
        self._own_login = own_login
        self._on_news = on_news
        self._busy = busy
        self._breadth = breadth or Breadth()
        self._turns = Turns(busy, aside_s=self._breadth.aside_s, apart_s=self._breadth.apart_s)
        self._chosen = chosen
        self._running: dict[LaneKey, asyncio.Task[None]] = {}
        self._by_installation: Counter[int] = Counter()
        self._rotation: dict[int, None] = {}
        self._next: dict[int, deque[Lane]] = {}
        self._due: dict[int, datetime] = {}
        self._wake = asyncio.Event()
        self._stored = asyncio.Event()
        self._ended = 0
        """How many looks ended."""
        self._draining = False
        self.drained = asyncio.Event()
        """Set once `drain` is through."""
        self.beat = time.monotonic()
        """When the loop last went round, on the machine's monotonic clock."""

    @property
    def looks_under_way(self) -> int:
        """How many looks run now."""
        return len(self._running)

    def wake(self) -> None:
        """Something may wait; from the dispatcher's own loop."""
        self._wake.set()

    async def run(self) -> None:
        """Work until `drain`; the store may fail in between, work goes on when it is back."""
        for repo_id in self._journal.repos():
            self._rotate(repo_id)
        sorting = asyncio.create_task(self._sort_for_ever(), name="sorting")
        try:
            while not self._draining:
                self.beat = time.monotonic()
                self._wake.clear()
                if sorting.done():
                    await sorting  # it never ends by itself: this raises what ended it, and with it the service
                await self._turns.after_answers()
                try:
                    self._start_looks()
                except StoreError as error:
                    await self._store_trouble(error)
                await self._rest()
        finally:
            sorting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sorting

    async def drain(self, grace_s: float) -> int:
        """Start nothing more; wait for the looks under way, then break off the rest. Returns how many were broken off."""
        self._draining = True
        self._wake.set()
        late: set[asyncio.Task[None]] = set()
        if self._running:
            _, late = await asyncio.wait(set(self._running.values()), timeout=grace_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        self.drained.set()
        return len(late)

    # --- sorting ------------------------------------------------------------------------------

    async def _sort_for_ever(self) -> None:
        """Sort what is stored; sleep where nothing is."""
        while True:
            self._stored.clear()
            try:
                amount = await self._sort_page()
                if not amount:
                    self._notice_lanes()
            except StoreError as error:
                await self._store_trouble(error)
                continue
            if amount:
                self._wake.set()
                await asyncio.sleep(0)
                for _ in range(self._breadth.step_aside):
                    if not self._busy():
                        break
                    # Answers come first: what is stored can wait a little, GitHub cannot.
                    await asyncio.sleep(0.02)
                await self._let_looks_follow(amount)
            else:
                await set_within(self._stored, self._breadth.poll_s)

    async def _let_looks_follow(self, amount: int) -> None:
        """Where a backlog is sorted, let as many looks end as deliveries were sorted, for a moment.

        A page is one commit and a look two, so that sorting would have the processor nearly to itself until all of a backlog
        is sorted. Looks that wait for GitHub leave the processor to it: those are not waited for.
        """
        if not self._journal.many_wait(self._breadth.sorted_ahead):
            return
        enough = self._ended + amount
        for _ in range(self._breadth.take_turns):
            before = self._ended
            await asyncio.sleep(0.01)
            if self._ended >= enough or self._ended - before < self._breadth.brisk:
                break

    def _notice_lanes(self) -> None:
        """Take up repositories in which an issue was put in line without a delivery, here or by another process."""
        changed = self._journal.changed_elsewhere()
        now = self._clock.now()
        for repo_id in self._journal.repos():
            if repo_id in self._rotation:
                continue
            # Where a lane waits for its time, another one may have come that need not.
            if repo_id not in self._due or (changed and self._journal.ready(repo_id, now, 1)):
                self._rotate(repo_id)

    def stored(self) -> None:
        """Deliveries were stored, or issues put in line; from the dispatcher's own loop."""
        self._stored.set()

    @property
    def knows(self) -> bool:
        """Whether it was told and has not looked since, so that it need not be told again; from any thread."""
        return self._stored.is_set()

    async def _sort_page(self) -> int:
        page = self._journal.unsorted(self._breadth.page)
        if not page:
            return 0
        own_login = self._own_login()
        places = [await self._place(delivery, own_login) for delivery in page]
        await self._store(places)
        for found in places:
            self._metrics.count("sorted", found.sorted.state)
            for target in found.sorted.targets:
                self._rotate(target.repo_id)
            if found.sorted.state == "quarantined":
                log_event(
                    _LOG,
                    "delivery-quarantined",
                    "a delivery was set aside",
                    level=30,
                    seq=found.sorted.seq,
                    why=found.sorted.reason,
                )
            for item in found.news:
                self._heed(item)
        return len(page)

    async def _place(self, delivery: Unsorted, own_login: str) -> Place:
        try:
            if len(delivery.body) > 256 * 1024:
                return await asyncio.to_thread(sorting.place, delivery, own_login, self._chosen)
            return sorting.place(delivery, own_login, self._chosen)
        except Exception as error:  # noqa: BLE001 – one poisoned payload holds up no other
            return Place(unreadable(delivery.seq, error))

    async def _store(self, batch: list[Place]) -> None:
        """Store a page; where one of its deliveries cannot be stored as sorted, that one is set aside."""
        try:
            await self._journal.store_sorted([(found.sorted, found.news) for found in batch], self._clock.now())
        except StoreError:
            raise
        except Exception as error:
            if len(batch) > 1:
                for found in batch:
                    await self._store([found])
            elif batch[0].sorted.state == "quarantined":
                raise
            else:
                await self._store([Place(unreadable(batch[0].sorted.seq, error))])

    def _heed(self, news: News) -> None:
        """Something is said of an installation or a repository: what is known of it is forgotten; GitHub is asked how it is."""
        log_event(_LOG, news.kind, "a delivery says so", id=news.id, name=news.text or None)
        self._on_news(news)

    def look_anew(self) -> None:
        """What was read ahead may be paused, renamed or gone now; what was paused may go on. From this loop."""
        self._next.clear()
        try:
            repos = self._journal.repos()
        except StoreError:
            return  # the next round says it
        for repo_id in repos:
            self._rotate(repo_id)

    # --- looking ------------------------------------------------------------------------------

    def _rotate(self, repo_id: int) -> None:
        self._rotation.setdefault(repo_id)
        self._due.pop(repo_id, None)
        self._wake.set()

    def _start_looks(self) -> None:
        """One lane of each repository in turn, as long as there is room."""
        if self._draining:
            return
        now = self._clock.now()
        for repo_id in [repo_id for repo_id, due in self._due.items() if due <= now]:
            self._rotate(repo_id)
        skipped = 0
        while self._rotation and skipped < len(self._rotation) and len(self._running) < self._breadth.looks:
            repo_id = next(iter(self._rotation))
            del self._rotation[repo_id]
            lane = self._next_lane(repo_id, now)
            if lane is None:
                due = self._journal.next_moment(repo_id, now)
                if due is not None:
                    self._due[repo_id] = due
                continue
            self._rotation[repo_id] = None  # last in turn now
            if self._by_installation[lane.installation_id] >= self._breadth.looks_per_installation:
                self._next[repo_id].appendleft(lane)
                skipped += 1
                continue
            skipped = 0
            self._start(lane)

    def _next_lane(self, repo_id: int, now: datetime) -> Lane | None:
        """The repository's next lane that is not being looked at."""
        ahead = self._next.setdefault(repo_id, deque())
        while ahead:
            lane = ahead.popleft()
            if lane.key not in self._running:
                return lane
        under_way = sum(1 for key in self._running if key.repo_id == repo_id)
        found = self._journal.ready(repo_id, now, self._breadth.ahead + under_way)
        ahead.extend(lane for lane in found if lane.key not in self._running)
        if not ahead:
            del self._next[repo_id]
            return None
        return ahead.popleft()

    def _start(self, lane: Lane) -> None:
        self._by_installation[lane.installation_id] += 1
        task = asyncio.create_task(self._look(lane), name=f"look-{lane.key.repo_id}-{lane.key.number}")
        self._running[lane.key] = task

    async def _look(self, lane: Lane) -> None:
        try:
            await self._turns.apart(lane.key)
            # What was read ahead may be old: attempts and time are those of now.
            current = None if self._draining else self._journal.lane(lane.key)
            if current is not None:
                await self._looks.look(current)
        except ProblemError as error:
            await self._rest_lane(lane, error.problems[0].what)
        except Exception as error:  # noqa: BLE001 – one issue stops no other
            await self._rest_lane(lane, repr(error))
        finally:
            self._ended += 1
            del self._running[lane.key]
            self._by_installation[lane.installation_id] -= 1
            self._rotate(lane.key.repo_id)

    async def _rest_lane(self, lane: Lane, why: str) -> None:
        """The outcome could not be stored: hold the lane closed a moment, then look again."""
        log_event(
            _LOG, "outcome-not-stored", f"could not store a look at {lane.repo}#{lane.key.number}", level=40, why=why
        )
        self._metrics.count("outcomes_not_stored")
        await asyncio.sleep(self._breadth.trouble_s)

    async def _store_trouble(self, error: StoreError) -> None:
        """The journal cannot be used now: say so, and try again in a moment."""
        self._metrics.count("store_trouble")
        log_event(_LOG, "store-trouble", "the journal cannot be used", level=40, why=str(error))
        await asyncio.sleep(self._breadth.trouble_s)

    async def _rest(self) -> None:
        """Sleep until something may wait."""
        wait_s = self._breadth.poll_s
        if self._due:
            wait_s = min(wait_s, max((min(self._due.values()) - self._clock.now()).total_seconds(), 0.0))
        await set_within(self._wake, wait_s)
