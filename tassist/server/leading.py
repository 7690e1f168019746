"""What one process of all does at a time: hands telemetry on, rids the journal of what is over, sweeps and catches up.

A service alone with its file always leads. Where several share a store, whoever has the lease does; when it ends, or
loses the database, another takes it up within a second or two.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from tassist.log import get_logger, log_event
from tassist.server.metrics import Metrics
from tassist.server.parts import Parts, Pumping
from tassist.server.retention import Retention
from tassist.store.database import StoreError
from tassist.store.ports import Journal, shared
from tassist.store.sql_journal import RECORDS

_LOG = get_logger("serve")
_CHECK_S = 1.0
LEADING = "leading"
"""The lease's name."""


class Leading:
    """Starts and stops the pump and the retention as the lease comes and goes."""

    def __init__(self, journal: Journal, parts: Parts, metrics: Metrics, *, prune_every_s: float) -> None:
        self._journal = journal
        self._parts = parts
        self._metrics = metrics
        self._prune_every_s = prune_every_s
        together = shared(journal)
        self._lease = together.lease(LEADING) if together is not None else None
        self._pump: Pumping | None = None
        self._retention: Retention | None = None
        self._led = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="leading", daemon=True)
        journal.writer.on_commit(RECORDS, self._wake)

    @property
    def leads(self) -> bool:
        """Whether it is this process's now."""
        return self._led.is_set()

    def start(self) -> None:
        """Begin; alone with a file, it leads when this returns."""
        if self._lease is None:
            self._begin()
        else:
            self._thread.start()

    def stop(self) -> None:
        """Let what is in hand end, and give the lease up."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._end()
        if self._lease is not None:
            self._lease.release()

    def _watch(self) -> None:
        assert self._lease is not None
        while not self._stop.is_set():
            ours = self._lease.acquire()
            if ours != self.leads:
                self._change(self._begin if ours else self._end)
            # A record of another process tells nobody here.
            self._wake()
            self._stop.wait(_CHECK_S)

    def _change(self, change: Callable[[], None]) -> None:
        try:
            change()
        except StoreError as error:
            log_event(_LOG, "store-trouble", "the journal cannot be used", level=40, why=error.problems[0].what)
            self._end()

    def _wake(self) -> None:
        if self._pump is not None:
            self._pump.wake()

    def _begin(self) -> None:
        retention = Retention(self._journal, self._parts, self._metrics, every_s=self._prune_every_s)
        retention.enrol()
        pump = self._parts.pump(self._journal.outbox)
        pump.start()
        self._pump = pump
        retention.start()
        self._retention = retention
        self._led.set()
        if self._lease is not None:
            log_event(_LOG, "leading", "this process hands telemetry on, sweeps and catches up")

    def _end(self) -> None:
        self._led.clear()
        pump, self._pump = self._pump, None
        retention, self._retention = self._retention, None
        if retention is not None:
            retention.stop()
        if pump is not None:
            pump.stop()
