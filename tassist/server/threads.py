"""The dispatcher in a thread of its own, so that no configuration and no payload can hold up an answer to GitHub."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from engine.problems import ProblemError
from tassist.log import get_logger, log_event
from tassist.server.dispatcher import Breadth, Dispatcher
from tassist.server.looks import Looks, Patience
from tassist.server.metrics import Metrics
from tassist.server.parts import Parts
from tassist.server.ports import GitHubSide
from tassist.server.shared import SharedDispatcher
from tassist.store.model import News
from tassist.store.ports import Journal, shared
from tassist.store.sql_journal import DELIVERIES
from tassist.store.standing import TOPIC as STANDING

_LOG = get_logger("dispatcher")
_OWN_LOGIN = "own_login"
_LEARN_AGAIN_S = 60.0
_STALLED_S = 30.0
_LEAD_S = 0.5


class DispatcherThread:
    """Starts the dispatcher with the GitHub side in their own event loop; drains and ends them."""

    def __init__(
        self,
        parts: Parts,
        journal: Journal,
        metrics: Metrics,
        *,
        busy: Callable[[], bool],
        on_end: Callable[[], None],
        breadth: Breadth | None = None,
        patience: Patience | None = None,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """Args beyond the obvious.

        Args:
            parts: What the service is made of.
            journal: Open.
            metrics: Counters.
            busy: Whether answering deliveries comes first right now.
            on_end: Called when the thread ends, for whatever reason.
            breadth: How much is done at once.
            patience: How long what is tried.
            leads: Whether what one process of all does is this one's to do; quick.
        """
        self._parts = parts
        self._journal = journal
        self._metrics = metrics
        self._busy = busy
        self._on_end = on_end
        self._breadth = breadth
        self._patience = patience
        self._leads = leads
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._dispatcher: Dispatcher | None = None
        self._github: GitHubSide | None = None
        self.own_login = ""
        """The login under which the App writes; empty where it is not known yet."""
        self.error: Exception | None = None
        """Why it ended, where it should not have."""

    def start(self) -> None:
        """Start it and wait until it works.

        Raises:
            ProblemError: the GitHub side cannot be made.
        """
        self._thread.start()
        self._started.wait()
        if self.error is not None:
            raise self.error

    @property
    def alive(self) -> bool:
        """Whether it works."""
        return self._thread.is_alive()

    @property
    def stalled(self) -> bool:
        """Whether it has not gone round for much longer than it ever sleeps."""
        return self._dispatcher is not None and time.monotonic() - self._dispatcher.beat > _STALLED_S

    @property
    def looks_under_way(self) -> int:
        """Looks at this moment."""
        return self._dispatcher.looks_under_way if self._dispatcher else 0

    def drain(self, grace_s: float) -> int:
        """Finish the looks under way within the time given, then end; returns how many were broken off."""
        broken_off = 0
        if self._thread.is_alive() and self._loop is not None and self._dispatcher is not None:
            with contextlib.suppress(RuntimeError):  # it ended by itself meanwhile
                broken_off = asyncio.run_coroutine_threadsafe(self._dispatcher.drain(grace_s), self._loop).result()
            self._thread.join()
        return broken_off

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._parts.loop_factory) as runner:
                runner.run(self._main())
        except Exception as error:  # noqa: BLE001 – told by whoever waits for this thread
            self.error = error
        finally:
            self._started.set()
            self._on_end()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        github = self._github = await self._parts.github()
        try:
            looks = Looks(
                self._journal,
                github,
                self._parts.make_record,
                self._parts.clock,
                self._metrics,
                self._patience,
                self._parts.tell,
            )
            dispatcher = self._dispatcher = self._made(looks, github)
            # Waking another thread's loop costs a system call and the writer's turn, so it is not done for every commit.
            self._journal.writer.on_commit(
                DELIVERIES, lambda: None if dispatcher.knows else self._soon(dispatcher.stored)
            )
            self._journal.writer.on_commit(STANDING, lambda: self._soon(dispatcher.look_anew))
            away = asyncio.create_task(self._be_away(github), name="away")
            learning = asyncio.create_task(self._learn_own_login(github), name="own-login")
            self._started.set()
            try:
                await dispatcher.run()
                await dispatcher.drained.wait()
            finally:
                await _ended(learning)
                await _ended(away)
        finally:
            await github.close()

    def _made(self, looks: Looks, github: GitHubSide) -> Dispatcher:
        together = shared(self._journal)
        make = partial(Dispatcher, self._journal) if together is None else partial(SharedDispatcher, together)
        return make(
            looks,
            self._parts.clock,
            self._metrics,
            own_login=lambda: self.own_login,
            chosen=self._parts.chosen,
            on_news=github.heed,
            busy=self._busy,
            breadth=self._breadth,
        )

    def heed(self, news: News) -> None:
        """What a delivery said about an installation or a repository that was sorted as it came; from any thread."""
        github = self._github
        if github is not None:
            self._soon(lambda: github.heed(news))

    def _soon(self, call: Callable[[], None]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is to be woken
                self._loop.call_soon_threadsafe(call)

    async def _be_away(self, github: GitHubSide) -> None:
        """Catch up, sweep, poll; whatever goes wrong there, deliveries are taken and looked at."""
        if self._parts.away is None:
            return
        while True:
            if not self._leads():
                await asyncio.sleep(_LEAD_S)
                continue
            away = asyncio.create_task(self._away_once(github), name="away-once")
            try:
                while self._leads() and not away.done():
                    await asyncio.wait({away}, timeout=_LEAD_S)
            finally:
                await _ended(away)
            await asyncio.sleep(_LEARN_AGAIN_S if self._leads() else _LEAD_S)

    async def _away_once(self, github: GitHubSide) -> None:
        assert self._parts.away is not None
        try:
            await self._parts.away(github, self._journal)
        except Exception as error:  # noqa: BLE001 – said, and tried again
            log_event(_LOG, "away-failed", "catching up or sweeping failed", level=40, error=_said(error))

    async def _learn_own_login(self, github: GitHubSide) -> None:
        """Find out under which login the App writes, so that its own writes are told from people's."""
        self.own_login = self._journal.meta(_OWN_LOGIN) or ""
        while True:
            try:
                found = await github.own_login()
            except ProblemError as error:
                log_event(
                    _LOG, "own-login-unknown", "could not ask GitHub who we are", level=30, why=error.problems[0].what
                )
            else:
                if found and found != self.own_login:
                    self.own_login = found
                    await asyncio.to_thread(self._journal.set_meta, _OWN_LOGIN, found)
                return
            await asyncio.sleep(_LEARN_AGAIN_S)


def _said(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return repr(error)


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, ProblemError):
        await task
