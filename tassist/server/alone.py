"""Works the journal off in this process, without listening, where no service holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tassist.server.leading import LEADING
from tassist.server.metrics import Metrics
from tassist.server.parts import Parts
from tassist.server.threads import DispatcherThread
from tassist.store.database import ServeLock, prepare_folder
from tassist.store.journal import Journal as FileJournal
from tassist.store.ports import Journal, shared
from tassist.store.sql_journal import RECORDS

_GRACE_S = 5.0


@contextmanager
def working_off(parts: Parts) -> Iterator[tuple[Journal, Callable[[], BaseException | None]] | None]:
    """Work off what waits while the context lasts; ``None`` where a service holds the journal.

    Gives the journal, and what tells why the work ended where it should not have. Leaving it, also by Ctrl-C, lets the
    looks under way end; everything else stays in the journal.

    Raises:
        ProblemError: the folder, the journal or the credentials cannot be used.
    """
    prepare_folder(parts.home)
    with _alone_with_it(parts) as journal:
        if journal is None:
            yield None
            return
        pump = parts.pump(journal.outbox)
        dispatcher = DispatcherThread(parts, journal, Metrics(), busy=lambda: False, on_end=lambda: None)
        journal.writer.on_commit(RECORDS, pump.wake)
        pump.start()
        try:
            dispatcher.start()
            try:
                yield journal, lambda: dispatcher.error
            finally:
                dispatcher.drain(_GRACE_S)
                # Whoever ran a command to its end looks for its records at once; where a sink fails they stay in the outbox.
                pump.drain(_GRACE_S)
        finally:
            pump.stop()


@contextmanager
def _alone_with_it(parts: Parts) -> Iterator[Journal | None]:
    """The journal, where no service does what one process of all does; ``None`` where one does."""
    if parts.open_journal is None:
        with ServeLock(parts.home) as lock:
            if not lock.acquire():
                yield None
                return
            with FileJournal.open(parts.home) as journal:
                yield journal
        return
    with parts.open_journal() as elsewhere:
        together = shared(elsewhere)
        lease = together.lease(LEADING) if together is not None else None
        if lease is not None and not lease.acquire():
            yield None
            return
        try:
            yield elsewhere
        finally:
            if lease is not None:
                lease.release()
