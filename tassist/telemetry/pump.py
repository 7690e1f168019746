"""Moves records from the outbox to every sink, each at its own pace, beside the server and never in its way.

Each sink has a lane: a thread, a cursor in the outbox, its own backoff. What one sink does, or fails to do, delays no
other and no run. The outbox keeps what a sink does not have yet, up to a bound; beyond it the oldest records are given
up for that sink alone, and the loss is counted, shown and recorded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from engine.ports import Clock
from tassist.clock import SystemClock
from tassist.telemetry.lane import Lane, Limits
from tassist.telemetry.outbox import Emit, RecordLog
from tassist.telemetry.parts import stamp
from tassist.telemetry.sinks.port import Sink
from tassist.telemetry.status import SinkStatus, Status, read_status, write_status

_STATUS_EVERY_S = 10.0
"""The status is written this often even where nothing changed, so that its age says whether the service lives."""


class Pump:
    """Starts a lane for every sink, wakes them when there are new records, and knows how they are.

    Args:
        log: The outbox.
        sinks: Names must differ.
        status_file: Where the status is kept for other processes and for the count of losses after a restart.
        emit: Where records about outages and losses go; without it they are only in the status.
        limits: Batches, backoff, bound.
        clock: The present, for records and the status.
        watch_s: How often bounds are checked and the status is written, in seconds.
    """

    def __init__(
        self,
        log: RecordLog,
        sinks: Sequence[Sink],
        *,
        status_file: Path | None = None,
        emit: Emit | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
        watch_s: float = 2.0,
    ) -> None:
        if len({sink.name for sink in sinks}) != len(sinks):
            raise ValueError("two sinks have the same name")
        self._status_file = status_file
        self._watch_s = watch_s
        self._clock = clock or SystemClock()
        known = {status.name: status for status in read_status(status_file).sinks} if status_file else {}
        self._lanes = [
            Lane(
                log,
                sink,
                limits or Limits(),
                self._clock,
                emit,
                lost=known[sink.name].lost if sink.name in known else 0,
                delivered=known[sink.name].delivered if sink.name in known else 0,
                told=known[sink.name].cursor if sink.name in known else 0,
            )
            for sink in sinks
        ]
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="telemetry-watch", daemon=True)
        self._written: tuple[SinkStatus, ...] = ()
        self._saved = float("-inf")

    def start(self) -> None:
        """Start every lane; returns at once."""
        for lane in self._lanes:
            lane.start()
        self._watcher.start()

    def wake(self) -> None:
        """Say that there are new records; cheap, from any thread, after the commit that made them."""
        for lane in self._lanes:
            lane.wake()

    def status(self) -> list[SinkStatus]:
        """How every sink is, in the order given."""
        return [lane.status() for lane in self._lanes]

    def drain(self, timeout_s: float) -> bool:
        """Wait until every sink has everything that is in the outbox now; false where one has not in time."""
        deadline = time.monotonic() + timeout_s
        self.wake()
        return all(lane.drain(deadline) for lane in self._lanes)

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Let the batches in hand end and close the sinks; what remains stays in the outbox.

        False where a sink did not end in time; its thread dies with the process, and its batch comes again.
        """
        deadline = time.monotonic() + timeout_s
        self._stop.set()
        for lane in self._lanes:
            lane.ask_to_stop()
        ended = [lane.join(deadline) for lane in self._lanes]
        if self._watcher.ident is not None:
            self._watcher.join(max(0.0, deadline - time.monotonic()) + 0.1)
        self._save()
        return all(ended)

    def _watch(self) -> None:
        while not self._stop.wait(self._watch_s):
            for lane in self._lanes:
                lane.keep_bound()
            self._save()

    def _save(self) -> None:
        if self._status_file is None:
            return
        sinks = tuple(self.status())
        due = time.monotonic() - self._saved >= _STATUS_EVERY_S
        if (due or sinks != self._written) and write_status(self._status_file, Status(stamp(self._clock.now()), sinks)):
            self._written, self._saved = sinks, time.monotonic()
