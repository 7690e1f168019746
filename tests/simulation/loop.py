"""An event loop without real time: waiting costs nothing, and what is ready at one moment runs in a seeded order."""

from __future__ import annotations

import asyncio
import random
from asyncio import events
from collections import deque
from collections.abc import Callable
from contextvars import Context
from heapq import heappop, heappush
from typing import Any

from typing_extensions import override

_RESOLUTION_S = 1e-6
"""What is due within so little time is due at once."""


class StuckError(AssertionError):
    """Nothing is ready and nothing is scheduled: the simulated world would stand still for ever."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Seconds since the beginning of the simulation are its time; the next moment at which something happens is now."""

    _ready: deque[asyncio.Handle]
    _stopping: bool

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.now_s = 0.0
        self._rng = rng
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._count = 0

    @override
    def time(self) -> float:
        return self.now_s

    @override
    def call_at(  # type: ignore[override]  # the base class says object where it means a callback's values
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._count += 1
        heappush(self._timers, (when, self._count, timer))
        return timer

    @override
    def call_later(  # type: ignore[override]  # as above
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.now_s + delay, callback, *args, context=context)

    def _run_once(self) -> None:
        ready, timers = self._ready, self._timers
        if len(ready) > 1:
            handles = list(ready)
            self._rng.shuffle(handles)
            ready.clear()
            ready.extend(handles)
        while timers and timers[0][2].cancelled():
            heappop(timers)
        if not ready and not self._stopping:
            if not timers:
                raise StuckError("nothing is ready and nothing is scheduled")
            self.now_s = max(self.now_s, timers[0][0])
        until_s = self.now_s + _RESOLUTION_S
        while timers and timers[0][0] < until_s:
            ready.append(heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _write_to_self(self) -> None:
        """Nobody waits in another thread."""

    @override
    def run_in_executor(  # type: ignore[override]  # whatever is called, it is called here
        self, executor: Any, func: Any, *args: Any
    ) -> Any:
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except BaseException as error:  # noqa: BLE001 – it is for whoever waits
            done.set_exception(error)
        return done

    @override
    def call_soon_threadsafe(  # type: ignore[override]  # a thread is never another one here
        self, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def run(self, main: Any) -> Any:
        """Run a coroutine to its end, then close."""
        events._set_running_loop(None)
        try:
            return self.run_until_complete(main)
        finally:
            self._timers.clear()
            self.close()
