"""An event loop without real time: waiting costs nothing, and what is ready at one moment runs in a seeded order."""

from __future__ import annotations

import asyncio
import random
from asyncio import events
from contextvars import Context
from typing import Any

from typing_extensions import override


class StuckError(AssertionError):
    """Nothing is ready and nothing is scheduled: the simulated world would stand still for ever."""


class _Jump:
    """In place of a selector: the next moment at which something happens is now."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        """Let the virtual time pass."""
        if timeout is None:
            raise StuckError("nothing is ready and nothing is scheduled")
        self._loop.now_s += timeout
        return []

    def close(self) -> None:
        """Nothing is open."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Seconds since the beginning of the simulation are its time."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.now_s = 0.0
        self._rng = rng
        self._selector = _Jump(self)
        self._clock_resolution = 1e-6

    @override
    def time(self) -> float:
        return self.now_s

    def _run_once(self) -> None:
        ready = self._ready  # type: ignore[attr-defined]
        if len(ready) > 1:
            handles = list(ready)
            self._rng.shuffle(handles)
            ready.clear()
            ready.extend(handles)
        super()._run_once()  # type: ignore[misc]

    def _process_events(self, event_list: list[Any]) -> None:
        """There are no files."""

    def _write_to_self(self) -> None:
        """Nobody sleeps in a selector."""

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
            self.close()
