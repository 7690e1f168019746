"""Rids the journal of what is over while the service runs, slowly enough that nobody notices."""

from __future__ import annotations

import dataclasses
import logging
import threading

from engine.problems import ProblemError
from tassist.log import get_logger, log_event
from tassist.server.metrics import Metrics
from tassist.server.parts import Parts
from tassist.store.ports import Journal
from tassist.text import noun

_LOG = get_logger("retention")
_REST_S = 0.02
"""Between two small writes: deliveries that arrive meanwhile go first, and the disk is theirs most of the time."""


class Retention:
    """A thread that prunes now and then; one line tells what a round removed."""

    def __init__(self, journal: Journal, parts: Parts, metrics: Metrics, *, every_s: float) -> None:
        self._journal = journal
        self._parts = parts
        self._metrics = metrics
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def enrol(self) -> None:
        """Give the sinks their places before the first record moves; names what a sink missed that was away."""
        for sink, missed in self._journal.enrol(self._parts.sinks).items():
            log_event(
                _LOG,
                "sink-missed-records",
                f"sink {sink} was not configured for a while and will not get {missed} {noun(missed, 'record')} of that time",
                level=logging.WARNING,
                fix="copy them from another sink: tassist telemetry export, then import",
            )

    def start(self) -> None:
        """Begin; the first round is due at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the write in hand."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.prune()
            except ProblemError as error:
                # The journal itself is watched elsewhere; what is over is over in an hour, too.
                log_event(_LOG, "not-pruned", "could not prune the journal", level=30, why=error.problems[0].what)
            self._stop.wait(self._every_s)

    def prune(self) -> None:
        """One round."""
        done = self._journal.prune(
            self._parts.keep,
            self._parts.sinks,
            self._parts.clock.now(),
            rest=lambda: not self._stop.wait(_REST_S),
        )
        counted = {name: amount for name, amount in dataclasses.asdict(done).items() if amount}
        for name, amount in counted.items():
            self._metrics.count("pruned", name, amount)
        if counted:
            log_event(_LOG, "pruned", "removed what is over from the journal", **counted)
