"""What every screen works with: the settings, the clock, the journal, and the service inside, if there is one."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.problems import ProblemError
from tassist.config.settings import Place, Settings
from tassist.opening import Embedded

if TYPE_CHECKING:
    from engine.ports import Clock
    from tassist.github.connection import Connection
    from tassist.opening import Form
    from tassist.store.ports import Journal

_MOMENT_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Verb:
    """A command of the command line, as the palette shows it."""

    name: str
    help: str


@dataclass(slots=True)
class Desk:
    """Handed to every screen; it is the same one for the whole life of the app."""

    settings: Settings
    clock: Clock
    verbs: Sequence[Verb] = ()
    forms: Callable[[str], Sequence[Form]] = lambda _: ()
    """What a verb may be told; it loads the verb, so it is for workers."""
    service: Embedded | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    connect: Callable[[bool], Connection] | None = None
    """Opens a connection to GitHub, read-only where the argument is true; ``None``: as the settings say. For tests."""
    marked_delivery: str = ""
    """The delivery that waits for another to be compared with; empty where none does."""
    _journal: Journal | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def home(self) -> Path:
        """The folder of everything that is this machine's alone."""
        return self.settings.home

    def command(self, words: str) -> str:
        """``tassist WORDS`` as it is typed in a shell to work with this folder."""
        from tassist.config.typed import command

        return command(self.settings, words)

    @property
    def telemetry(self) -> Path:
        """Where records are."""
        from tassist.services.telemetry import telemetry_folder

        return telemetry_folder(self.settings)

    @property
    def where(self) -> Place:
        """Where the journal is: in that folder, or in a database."""
        return self.settings.place

    def journal(self) -> Journal:
        """The journal, opened at the first use and kept; for workers, not for the event loop.

        Raises:
            ProblemError: there is none, or it cannot be read.
        """
        from tassist.services.deliveries import open_journal

        with self._lock:
            if self._journal is None:
                self._journal = open_journal(self.where)
            return self._journal

    def has_journal(self) -> bool:
        """Whether a service has ever run with this folder."""
        from tassist.store.place import has_journal

        return has_journal(self.where)

    def stamp(self) -> object:
        """Changes with every commit to a journal in a file; costs no query, so it may be asked for at every tick.

        It changes once more when the last write is a moment old: what was read in the middle of it may lack it.
        Of a journal elsewhere nothing is known without asking: it changes every two seconds.
        """
        from tassist.store.database import FILE_NAME

        if self.settings.secret("database"):
            return int(self.clock.now().timestamp() // 2)
        found = []
        for name in (FILE_NAME, f"{FILE_NAME}-wal"):
            try:
                state = (self.home / name).stat()
            except OSError:
                continue
            found.append((state.st_mtime_ns, state.st_size, time.time_ns() - state.st_mtime_ns < _MOMENT_NS))
        return tuple(found)

    def github(self, *, dry: bool) -> Connection:
        """A connection to GitHub; use it as an asynchronous context.

        Raises:
            ProblemError: the credentials are missing or wrong.
        """
        if self.connect is not None:
            return self.connect(dry)
        from tassist.services.connecting import connect

        return connect(self.settings, dry=dry)

    def close(self) -> None:
        """Close the journal."""
        with self._lock:
            if self._journal is not None:
                self._journal.close()
                self._journal = None

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Close everything at the end, whatever happens."""
        try:
            yield
        finally:
            with contextlib.suppress(ProblemError):
                self.close()
