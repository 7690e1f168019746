"""A service inside another program of this process: in a thread with its own event loop, told to end instead of signalled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Self

from typing_extensions import override

from tassist.server.parts import Parts
from tassist.server.service import Asked, Options, serve


class Told(Asked, AbstractContextManager["Told"]):
    """Asks a service to end without any signal, from any thread."""

    def __init__(self) -> None:
        self.received = 0
        self.times = 0
        self.on_signal: Callable[[], None] = lambda: None

    def ask(self) -> None:
        """Ask it to finish what is under way and to end."""
        self.received = self.received or 1
        self.times += 1
        self.on_signal()

    @override
    def __enter__(self) -> Self:
        return self

    @override
    def __exit__(self, *_: object) -> None:
        self.on_signal = lambda: None


class Inside:
    """The service in its thread; `tassist.opening.Embedded`."""

    def __init__(self, parts: Parts, options: Options) -> None:
        self._parts = parts
        self._options = options
        self._told = Told()
        self._thread = threading.Thread(target=self._run, name="service", daemon=True)
        self._listens = threading.Event()
        self._url = ""
        self._error: BaseException | None = None

    @property
    def url(self) -> str:
        """The webhook's address; empty until it listens."""
        return self._url

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return not self._thread.is_alive()

    @property
    def error(self) -> BaseException | None:
        """Why it ended, where it should not have."""
        return self._error

    def start(self) -> None:
        """Start it, and wait until it listens.

        Raises:
            ProblemError: it cannot start.
        """
        self._thread.start()
        self._listens.wait()
        if self._error is not None:
            raise self._error

    def drain(self) -> None:
        """Ask it to finish what is under way and to end; returns at once."""
        self._told.ask()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until it has ended."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        def listening(url: str) -> None:
            self._url = f"{url}/webhook"
            self._listens.set()

        try:
            serve(self._parts, self._options, listening, asked=self._told)
        except BaseException as error:  # noqa: BLE001 – told by whoever started it
            self._error = error
        finally:
            self._listens.set()
