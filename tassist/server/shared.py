"""The dispatcher of a store that several processes share: the queue hands out issues, this looks at them.

Whose turn it is is the queue's affair. What stays here is how much of one process an installation may hold, and sorting
what was stored without being sorted: a delivery that is replayed, or that was moved here from a file.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable

from typing_extensions import override

from engine.ports import Clock
from engine.problems import ProblemError
from tassist.config.chosen import EVERYWHERE, Chosen
from tassist.server import sorting
from tassist.server.dispatcher import Breadth, Dispatcher
from tassist.server.looks import Looks
from tassist.server.metrics import Metrics
from tassist.server.sorting import Place, unreadable
from tassist.server.waiting import set_within
from tassist.store.model import Accepted, Incoming, Lane, News, Unsorted
from tassist.store.ports import SharedJournal

_LARGE_BYTES = 256 * 1024


class SharedDispatcher(Dispatcher):
    """Looks at what the queue hands out, until it is told to drain."""

    def __init__(
        self,
        journal: SharedJournal,
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
        super().__init__(
            journal, looks, clock, metrics, own_login=own_login, on_news=on_news, busy=busy, breadth=breadth, chosen=chosen,
        )  # fmt: skip
        # Jobs that wait for room of their installation hold a slot, not a place among the looks.
        self._queue = journal.queue(self._take, slots=self._breadth.looks * 2)
        self._places = asyncio.Semaphore(self._breadth.looks)
        self._room: dict[int, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(self._breadth.looks_per_installation)
        )

    @property
    @override
    def looks_under_way(self) -> int:
        return self._queue.looks_under_way

    @override
    async def run(self) -> None:
        sorting = asyncio.create_task(self._sort_for_ever(), name="sorting")
        queue = asyncio.create_task(self._queue.run(), name="queue")
        try:
            while not self._draining:
                self.beat = time.monotonic()
                for task in (sorting, queue):
                    if task.done() and not self._draining:
                        await task  # neither ends by itself: this raises what ended it, and with it the service
                self._wake.clear()
                await set_within(self._wake, self._breadth.poll_s)
        finally:
            sorting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sorting

    @override
    async def drain(self, grace_s: float) -> int:
        self._draining = True
        broken_off = await self._queue.drain(grace_s)
        self._wake.set()
        self.drained.set()
        return broken_off

    @override
    def _rotate(self, repo_id: int) -> None:
        """The queue knows."""

    @override
    def _notice_lanes(self) -> None:
        """The queue knows."""

    async def _take(self, lane: Lane) -> None:
        await self._turns.apart(lane.key)
        async with self._room[lane.installation_id], self._places:
            await self._turns.after_answers()
            try:
                await self._looks.look(lane)
            except ProblemError as error:
                await self._rest_lane(lane, error.problems[0].what)
                raise


class SortingInbox:
    """Stores deliveries sorted, so that delivery and job are one transaction and any process may go on with them."""

    def __init__(
        self,
        journal: SharedJournal,
        clock: Clock,
        metrics: Metrics,
        *,
        own_login: Callable[[], str],
        on_news: Callable[[News], None],
        chosen: Chosen = EVERYWHERE,
    ) -> None:
        self._chosen = chosen
        self._journal = journal
        self._clock = clock
        self._metrics = metrics
        self._own_login = own_login
        self._on_news = on_news

    async def accept(self, incoming: Incoming) -> Accepted:
        """Store durably, or raise."""
        if incoming.quarantine is not None:
            return await self._journal.accept(incoming)
        place = await self._place(incoming)
        try:
            accepted = await self._store(incoming, place)
        except ProblemError:
            raise
        except Exception as error:  # noqa: BLE001 – what the payload says cannot be kept; the delivery can
            place = Place(unreadable(0, error))
            accepted = await self._store(incoming, place)
        if accepted.kind != "duplicate":
            self._metrics.count("sorted", place.sorted.state)
            for item in place.news:
                self._on_news(item)
        return accepted

    async def _store(self, incoming: Incoming, place: Place) -> Accepted:
        return await self._journal.accept_sorted(incoming, place.sorted, place.news, self._clock.now())

    async def _place(self, incoming: Incoming) -> Place:
        content_type = incoming.headers.get("content-type", "")
        unsorted = Unsorted(0, incoming.delivery_id, incoming.event, content_type, incoming.body)
        try:
            if len(incoming.body) > _LARGE_BYTES:
                return await asyncio.to_thread(sorting.place, unsorted, self._own_login(), self._chosen)
            return sorting.place(unsorted, self._own_login(), self._chosen)
        except Exception as error:  # noqa: BLE001 – one poisoned payload holds up no other
            return Place(unreadable(0, error))
