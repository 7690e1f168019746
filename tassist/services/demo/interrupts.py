"""Ctrl-C, a termination and a closed terminal all end the demo in the same way, and never between two halves of a step."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns the signals into `KeyboardInterrupt`, at once or, while `held`, as soon as that ends.

    Signals are not blocked for it: a blocked signal would stay blocked in every process started meanwhile.
    """

    def __init__(self) -> None:
        self._held = 0
        self._waiting = False
        self._before: dict[signal.Signals, Callable[[int, FrameType | None], Any] | int | None] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._arrived) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, action in self._before.items():
            signal.signal(number, action)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """What happens in here happens whole."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if self._waiting and not self._held:
                self._waiting = False
                raise KeyboardInterrupt

    def hold(self) -> None:
        """From here on nothing interrupts: what was made is being taken away."""
        self._held += 1

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._held:
            self._waiting = True
            return
        raise KeyboardInterrupt
