"""One sink's lane: reads the outbox after its cursor, writes, notes how far it came, waits, backs off."""

from __future__ import annotations

import logging
import random
import threading
import time
from dataclasses import dataclass

from engine.ports import Clock
from engine.problems import Problem, ProblemError
from tassist.errors import problems_of
from tassist.log import get_logger, log_event
from tassist.telemetry.around import records_lost, sink_failure
from tassist.telemetry.outbox import Emit, RecordLog
from tassist.telemetry.parts import stamp, trouble
from tassist.telemetry.sinks.port import Entry, RecordsRefused, Sink, entry
from tassist.telemetry.status import Condition, SinkStatus
from tassist.text import noun

_log = get_logger("telemetry.pump")


@dataclass(frozen=True, slots=True)
class Limits:
    """Batches, backoff and bound of a lane; times in seconds."""

    max_batch: int = 2000
    poll_s: float = 1.0
    """How often it looks without being woken."""
    backoff_s: float = 1.0
    """First wait after a failure; doubled each time."""
    max_backoff_s: float = 300.0
    max_waiting: int = 1_000_000
    """Records that may wait for a sink; beyond it the oldest are given up for this sink."""
    outage_record_s: float = 600.0
    """A sink that fails again within this time is the same outage in telemetry."""


class Lane:
    """One sink at its own pace. Public methods may be called from any thread."""

    def __init__(
        self,
        log: RecordLog,
        sink: Sink,
        limits: Limits,
        clock: Clock,
        emit: Emit | None,
        *,
        lost: int = 0,
        delivered: int = 0,
        told: int = 0,
    ) -> None:
        self._log = log
        self._sink = sink
        self._limits = limits
        self._clock = clock
        self._emit = emit
        self._thread = threading.Thread(target=self._run, name=f"telemetry-{sink.name}", daemon=True)
        self._changed = threading.Condition()
        self._woken = False
        self._hurried = False
        self._stopping = False
        self._wrote_at = float("-inf")
        self._condition: Condition = "starting"
        self._cursor = 0
        self._waiting = 0
        self._delivered = delivered
        self._lost = lost
        self._told: int | None = told
        """The cursor that the counts above go with, until they are brought to where the sink is."""
        self._last_success: str | None = None
        self._failing_since: str | None = None
        self._tries = 0
        self._problem: Problem | None = None
        self._outage_recorded = float("-inf")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """There may be new records."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def ask_to_stop(self) -> None:
        """End after the batch in hand."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def join(self, deadline: float) -> bool:
        """Wait for the thread's end until a monotonic time."""
        if self._thread.ident is None:
            return True
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return not self._thread.is_alive()

    def drain(self, deadline: float) -> bool:
        """Wait until the sink has what is in the outbox now."""
        goal = self._last_seq(self._cursor)
        with self._changed:
            self._hurried = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._cursor >= goal, max(0.0, deadline - time.monotonic()))

    def status(self) -> SinkStatus:
        """How the sink is."""
        with self._changed:
            return SinkStatus(
                name=self._sink.name,
                condition=self._condition,
                cursor=self._cursor if self._told is None else self._told,  # what the counts go with
                waiting=self._waiting,
                delivered=self._delivered,
                lost=self._lost,
                last_success=self._last_success,
                failing_since=self._failing_since,
                tries=self._tries,
                problem=trouble(self._problem) if self._problem else None,
            )

    def keep_bound(self) -> None:
        """Count what waits, and give up the oldest records where more wait than the bound allows."""
        if self._told is not None:
            return  # where the sink is has not been read yet
        try:
            last = self._last_seq(self._cursor)
            with self._changed:
                self._waiting = last - self._cursor
                first, lost = self._cursor + 1, self._waiting - self._limits.max_waiting
                if lost <= 0:
                    return
                self._cursor += lost
                self._waiting -= lost
                self._lost += lost
            self._log.advance(self._sink.name, first + lost - 1)
        except Exception as error:  # noqa: BLE001 – the watch goes on, whatever the outbox has
            self._say("telemetry-outbox", "could not look into the outbox", problems_of(error)[0])
            return
        self._record_loss(first, lost, f"more than {self._limits.max_waiting} records waited")

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._resume()
                self._pump()
            except Exception as error:  # noqa: BLE001 – a lane never dies of what a sink or the outbox raises
                self._fail(problems_of(error)[0])
        try:
            self._sink.close()
        except Exception as error:  # noqa: BLE001 – the same
            self._say("telemetry-close", f"sink {self._sink.name} did not close", problems_of(error)[0])
        self._become("stopped")

    def _resume(self) -> None:
        """Go on where the sink is; what it took after the last status of a service that was killed counts as well."""
        at = self._log.cursor(self._sink.name)
        with self._changed:
            if self._told is not None:
                self._delivered += max(0, at - self._told)
                self._told = None
            self._cursor = max(self._cursor, at)

    def _pump(self) -> None:
        """Move batches until told to stop; any error of the outbox or the sink ends it."""
        limit = min(self._sink.max_batch, self._limits.max_batch)
        while not self._stopping:
            rows = self._log.read(self._cursor, limit)
            if not rows:
                self._waiting = 0
                self._recover()
                self._become("idle")
                self._wait(self._limits.poll_s, or_woken=True)
                continue
            if len(rows) < limit and self._gathers():
                continue
            self._become("writing")
            refused = self._write(rows)
            self._wrote_at = time.monotonic()
            self._note(rows, refused)
            self._recover()

    def _gathers(self) -> bool:
        """Wait for more records, where the sink wants few large batches; false once it is time to write."""
        left = self._wrote_at + self._sink.interval_s - time.monotonic()
        with self._changed:
            if left <= 0 or self._hurried or self._stopping:
                self._hurried = False
                return self._stopping
            self._condition = "idle"
            self._changed.wait_for(
                lambda: self._stopping or self._hurried or self._woken, min(left, self._limits.poll_s)
            )
            self._woken = False
        return True

    def _write(self, rows: list[tuple[int, bytes]]) -> list[tuple[int, Problem]]:
        """Write a batch; answers which records the sink will never take."""
        refused: list[tuple[int, Problem]] = []
        entries: list[Entry] = []
        for seq, line in rows:
            try:
                entries.append(entry(seq, line))
            except RecordsRefused as error:
                refused.append((seq, error.problems[0]))
        while entries:
            try:
                self._sink.write(entries)
                break
            except RecordsRefused as error:
                gone = set(error.seqs) & {item.seq for item in entries}
                if not gone:
                    raise ProblemError(error.problems) from error
                refused += [(seq, error.problems[0]) for seq in sorted(gone)]
                entries = [item for item in entries if item.seq not in gone]
        return refused

    def _note(self, rows: list[tuple[int, bytes]], refused: list[tuple[int, Problem]]) -> None:
        last = rows[-1][0]
        self._log.advance(self._sink.name, last)
        with self._changed:
            # The bound may have moved the cursor meanwhile: what was given up and then taken after all is not lost.
            already = sum(1 for seq, _ in rows if seq <= self._cursor)
            self._lost -= min(already, self._lost)
            self._lost += len(refused)
            self._cursor = max(self._cursor, last)
            self._delivered += len(rows) - len(refused)
            self._waiting = max(0, self._waiting - len(rows))
            self._last_success = stamp(self._clock.now())
            self._changed.notify_all()
        for seq, problem in refused:
            self._problem = problem
            self._record_loss(seq, 1, problem.what)

    def _recover(self) -> None:
        with self._changed:
            if self._failing_since is None:
                return
            self._failing_since, self._tries = None, 0
        log_event(_log, "sink-recovered", f"sink {self._sink.name} takes records again")

    def _fail(self, problem: Problem) -> None:
        now = self._clock.now()
        with self._changed:
            self._problem = problem
            self._tries += 1
            begins = self._failing_since is None
            if begins:
                self._failing_since = stamp(now)
            self._condition = "failing"
            tries = self._tries
        if begins:
            self._say("sink-failing", f"sink {self._sink.name} does not take records; they wait", problem)
            if time.monotonic() - self._outage_recorded >= self._limits.outage_record_s:
                self._outage_recorded = time.monotonic()
                self._record(sink_failure(sink=self._sink.name, at=now, problem=problem, waiting=self._waiting))
        wait = min(self._limits.max_backoff_s, self._limits.backoff_s * 2 ** min(tries - 1, 20))
        self._wait(wait * random.uniform(0.7, 1.0), or_woken=False)  # noqa: S311 – spreads retries, guards nothing

    def _record_loss(self, first: int, lost: int, reason: str) -> None:
        log_event(
            _log,
            "records-lost",
            f"sink {self._sink.name} will not get {lost} {noun(lost, 'record')}",
            level=logging.ERROR,
            first_seq=first,
            why=reason,
        )
        at = self._clock.now()
        self._record(records_lost(sink=self._sink.name, at=at, first_seq=first, lost=lost, reason=reason))

    def _record(self, line: bytes) -> None:
        if self._emit is None:
            return
        try:
            self._emit(line)
        except Exception as error:  # noqa: BLE001 – a record about telemetry must not stop telemetry
            self._say("telemetry-emit", "could not record it", problems_of(error)[0])

    def _wait(self, seconds: float, *, or_woken: bool) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or (or_woken and self._woken), seconds)
            self._woken = False

    def _become(self, condition: Condition) -> None:
        with self._changed:
            self._condition = condition
            self._changed.notify_all()

    def _last_seq(self, after: int) -> int:
        """The last place in the outbox, found in a few small reads."""
        step, known = 1, after
        while True:
            rows = self._log.read(known + step - 1, 1)
            if rows:
                known = rows[0][0]
                step *= 2
            elif step == 1:
                return known
            else:
                step = max(1, step // 4)

    @staticmethod
    def _say(action: str, sentence: str, problem: Problem) -> None:
        log_event(_log, action, sentence, level=logging.WARNING, why=problem.what, because=problem.why, fix=problem.fix)
