"""Asks GitHub how installations and repositories stand: when a delivery says that it changed, and now and then.

Deliveries come late and out of order; a `suspend` that overtakes its `unsuspend` must not pause an installation for good.
So what a delivery says is only a reason to ask, and what no delivery said is found by a list read every so often.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta

from engine.ports import Clock, Retry
from engine.problems import ProblemError
from tassist.github import standing
from tassist.github.connection import Connection
from tassist.log import get_logger, log_event
from tassist.server.waiting import set_within
from tassist.store.database import StoreError
from tassist.store.ports import Journal
from tassist.store.standing import TOPIC, Answer, Doubt

_LOG = get_logger("standing")
_LISTED = "standing.listed"
"""Whether installations were ever listed: the first list is where knowledge begins."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How often GitHub is asked."""

    list_every_s: float = 900.0
    """All installations, one request for a hundred of them."""
    poll_s: float = 5.0
    """How long it sleeps at most: another process may have noted a doubt."""
    at_once: int = 20
    """Doubts taken in one round."""
    again_s: float = 60.0
    """How long one waits where GitHub does not answer and does not say how long."""


class Standing:
    """Asks and settles; runs in the dispatcher's event loop."""

    def __init__(self, connection: Connection, journal: Journal, clock: Clock, *, asking: Asking | None = None) -> None:
        self._connection = connection
        self._journal = journal
        self._clock = clock
        self._how = asking or Asking()
        self._wake = asyncio.Event()
        self._list_at_s = 0.0

    async def run(self) -> None:
        """Work until cancelled."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._wake.set)

        self._journal.writer.on_commit(TOPIC, wake)
        while True:
            self._wake.clear()
            try:
                asked = await self._round()
            except StoreError as error:
                log_event(_LOG, "store-trouble", "the journal cannot be used", level=40, why=str(error))
                asked = 0
            if not asked:
                await set_within(self._wake, self._how.poll_s)

    async def _round(self) -> int:
        loop = asyncio.get_running_loop()
        if loop.time() >= self._list_at_s:
            self._list_at_s = loop.time() + await self._list()
        asked = 0
        for doubt in self._journal.standing.due(self._clock.now(), self._how.at_once):
            await self._ask(doubt)
            asked += 1
        return asked

    async def _list(self) -> float:
        """Compare all installations with what is known; returns when to do it again, in seconds."""
        try:
            found = await standing.of_installations(self._connection)
        except Retry as retry:
            return max(retry.after_s or 0.0, self._how.again_s)
        except ProblemError as error:
            log_event(_LOG, "not-listed", "GitHub does not say what is installed", level=30, why=error.problems[0].what)
            return self._how.list_every_s
        first = self._journal.meta(_LISTED) is None
        states = {number: (one.state, one.name) for number, one in found.items()}
        differing = await self._journal.standing.listed(states, self._clock.now(), first=first)
        if first:
            await asyncio.to_thread(self._journal.set_meta, _LISTED, self._clock.now().isoformat())
        if differing:
            log_event(_LOG, "standing-differs", "installations changed and nothing told of it", amount=differing)
        return self._how.list_every_s

    async def _ask(self, doubt: Doubt) -> None:
        up_to_seq = self._journal.standing.newest()
        try:
            if doubt.subject == "installation":
                found = await standing.of_installation(self._connection, doubt.id)
            else:
                found = await standing.of_repository(self._connection, doubt.id)
        except StoreError:
            raise
        except ProblemError as error:
            after_s = error.after_s if isinstance(error, Retry) else None
            wait = timedelta(seconds=max(after_s or 0.0, self._how.again_s))
            await self._journal.standing.put_off(doubt, self._clock.now() + wait)
            return
        answer = Answer(found.state, found.name, found.installation_id)
        changed = await self._journal.standing.settle(doubt, answer, up_to_seq=up_to_seq, now=self._clock.now())
        if not changed:
            return
        if doubt.subject == "installation":
            self._connection.access.forget_installation(doubt.id)
        log_event(
            _LOG,
            f"{doubt.subject}-{found.state}",
            "GitHub says so",
            id=doubt.id,
            name=found.name or doubt.name or None,
            told=doubt.claim or None,
        )
