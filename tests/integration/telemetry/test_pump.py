"""The pump: every sink at its own pace, nothing lost within the bound, every loss counted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from engine.problems import Problem, ProblemError
from tassist.telemetry.lane import Limits
from tassist.telemetry.pump import Pump
from tassist.telemetry.sinks.jsonl import JsonlSink
from tassist.telemetry.sinks.port import Entry, RecordsRefused
from tassist.telemetry.status import Status, read_status
from tests.support.outbox import MemoryOutbox
from tests.support.records import line

QUICK = Limits(max_batch=10, poll_s=0.02, backoff_s=0.005, max_backoff_s=0.02)
LINES = [line(number) for number in range(1, 101)]


class Listening:
    """A sink that keeps what it gets, once the gate is open, and fails as long as it is told to."""

    max_batch = 1000
    interval_s = 0.0

    def __init__(self, name: str = "listening") -> None:
        self.name = name
        self.taken: list[bytes] = []
        self.failing: Exception | None = None
        self.tries = 0
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.closed = threading.Event()

    def write(self, entries: Sequence[Entry]) -> None:
        self.tries += 1
        self.entered.set()
        self.gate.wait()
        if self.failing:
            raise self.failing
        self.taken += [entry.line for entry in entries]

    def close(self) -> None:
        self.closed.set()


class Picky(Listening):
    """Refuses one record for good."""

    def __init__(self, refused: int) -> None:
        super().__init__("picky")
        self.refused = refused

    @override
    def write(self, entries: Sequence[Entry]) -> None:
        if any(entry.seq == self.refused for entry in entries):
            raise RecordsRefused(Problem("too-large", "the record is too large for it"), [self.refused])
        super().write(entries)


def until(claim: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Wait for another thread to make the claim true."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not claim():
        assert time.monotonic() < deadline, "it did not become so"
        pause.wait(0.005)


def down(code: str = "down") -> ProblemError:
    return ProblemError(Problem(code, "it is down", why="503", fix="wait", family="world"))


def test_every_sink_gets_every_record_in_order() -> None:
    outbox, sinks = MemoryOutbox(LINES), [Listening("a"), Listening("b")]
    pump = Pump(outbox, sinks, limits=QUICK)

    pump.start()

    assert pump.drain(20)
    assert pump.stop()
    assert [sink.taken for sink in sinks] == [LINES, LINES]
    assert outbox.cursors == {"a": 100, "b": 100}
    assert all(sink.closed.is_set() for sink in sinks)


def test_a_new_record_is_taken_when_the_pump_is_woken() -> None:
    outbox, sink = MemoryOutbox(), Listening()
    pump = Pump(outbox, [sink], limits=Limits(poll_s=3600))
    pump.start()
    until(lambda: pump.status()[0].condition == "idle")

    outbox.add(LINES[0])
    pump.wake()

    until(lambda: sink.taken == LINES[:1])
    assert pump.stop()


def test_h78_a_dead_and_a_hanging_sink_delay_no_other() -> None:
    outbox = MemoryOutbox(LINES)
    dead, hanging, alive = Listening("dead"), Listening("hanging"), Listening("alive")
    dead.failing = down()
    hanging.gate.clear()
    pump = Pump(outbox, [dead, hanging, alive], limits=QUICK)

    pump.start()
    until(lambda: alive.taken == LINES and dead.tries >= 3 and hanging.entered.is_set())

    conditions = {status.name: status.condition for status in pump.status()}
    assert conditions["hanging"] == "writing"
    assert (dead.taken, hanging.taken) == ([], [])
    assert outbox.cursors == {"alive": 100}
    hanging.gate.set()
    assert pump.stop()


def test_h78_a_sink_that_comes_back_gets_everything_that_waited_without_a_gap() -> None:
    outbox, sink = MemoryOutbox(LINES[:40]), Listening()
    sink.failing = down()
    told: list[bytes] = []
    pump = Pump(outbox, [sink], limits=QUICK, emit=told.append)
    pump.start()
    until(lambda: sink.tries >= 4)
    failing = pump.status()[0]

    outbox.add(*LINES[40:])
    sink.failing = None

    assert pump.drain(20)
    assert pump.stop()
    assert sink.taken == LINES
    assert (failing.condition, failing.problem and failing.problem.code) in {("failing", "down"), ("writing", "down")}
    assert failing.failing_since is not None
    now = pump.status()[0]
    assert (now.failing_since, now.tries, now.lost, now.waiting, now.delivered) == (None, 0, 0, 0, 100)
    assert [json.loads(record)["event_type"] for record in told] == ["sink_failure"], "one outage, one record"


def test_h78_beyond_the_bound_the_oldest_are_given_up_counted_shown_and_recorded(tmp_path: Path) -> None:
    outbox, sink, other = MemoryOutbox(LINES), Listening("dead"), Listening("alive")
    sink.failing = down()
    told: list[bytes] = []
    state = tmp_path / "status.json"
    limits = Limits(max_batch=10, poll_s=0.02, backoff_s=0.005, max_backoff_s=0.02, max_waiting=30)
    pump = Pump(outbox, [sink, other], limits=limits, emit=told.append, status_file=state, watch_s=0.01)
    pump.start()
    until(lambda: pump.status()[0].lost == 70 and other.taken == LINES)
    until(lambda: [status.lost for status in read_status(state).sinks] == [70, 0])

    sink.failing = None

    assert pump.drain(20)
    assert pump.stop()
    assert sink.taken == LINES[70:]
    losses = [record for record in map(json.loads, told) if record["event_type"] == "records_lost"]
    assert sum(record["counts"]["lost"] for record in losses) == 70
    assert {record["subject"] for record in losses} == {"dead"}
    again = Pump(outbox, [sink, other], status_file=state)
    assert [status.lost for status in again.status()] == [70, 0], "the count outlives the process"


def test_h78_the_bound_holds_while_a_sink_hangs_in_a_write() -> None:
    outbox, sink = MemoryOutbox(LINES), Listening()
    sink.gate.clear()
    limits = Limits(max_batch=10, poll_s=0.02, max_waiting=30)
    pump = Pump(outbox, [sink], limits=limits, watch_s=0.01)
    pump.start()

    until(lambda: pump.status()[0].lost == 70)
    assert outbox.cursors == {"listening": 70}
    sink.gate.set()

    assert pump.drain(20)
    assert pump.stop()
    assert sink.taken == [*LINES[:10], *LINES[70:]]
    assert pump.status()[0].lost == 60, "the batch in hand arrived after all"


def test_a_record_a_sink_refuses_for_good_stands_in_nobodys_way() -> None:
    outbox, sink = MemoryOutbox(LINES), Picky(refused=42)
    told: list[bytes] = []
    pump = Pump(outbox, [sink], limits=QUICK, emit=told.append)
    pump.start()

    assert pump.drain(20)
    assert pump.stop()
    assert sink.taken == LINES[:41] + LINES[42:]
    assert pump.status()[0].lost == 1
    (loss,) = map(json.loads, told)
    assert (loss["counts"], loss["reason"]) == ({"lost": 1, "first_seq": 42}, "the record is too large for it")


@pytest.mark.parametrize("wrong", [b"", b"{", b"[]", b'{"a":1}', LINES[0].replace(b'"1.0"', b'"2.0"')])
def test_what_is_no_record_is_passed_over_and_counted(wrong: bytes) -> None:
    outbox, sink = MemoryOutbox([LINES[0], wrong, LINES[1]]), Listening()
    pump = Pump(outbox, [sink], limits=QUICK)
    pump.start()

    assert pump.drain(20)
    assert pump.stop()
    assert (sink.taken, pump.status()[0].lost) == (LINES[:2], 1)


@pytest.mark.parametrize("error", [RuntimeError("a bug"), OSError(28, "No space left"), MemoryError()], ids=repr)
def test_a_lane_survives_whatever_a_sink_raises(error: Exception) -> None:
    outbox, sink = MemoryOutbox(LINES), Listening()
    sink.failing = error
    pump = Pump(outbox, [sink], limits=QUICK)
    pump.start()
    until(lambda: sink.tries >= 2)

    sink.failing = None

    assert pump.drain(20)
    assert pump.stop()
    assert sink.taken == LINES


def test_an_outbox_that_cannot_be_read_for_a_while_loses_nothing() -> None:
    outbox, sink = MemoryOutbox(LINES), Listening()
    outbox.broken = OSError(5, "Input/output error")
    pump = Pump(outbox, [sink], limits=QUICK, watch_s=0.01)
    pump.start()
    until(lambda: pump.status()[0].tries >= 2)

    outbox.broken = None

    assert pump.drain(20)
    assert pump.stop()
    assert sink.taken == LINES


class Gathering(Listening):
    """Wants its records in few large batches."""

    interval_s = 3600.0
    max_batch = 60


def test_a_sink_that_gathers_gets_few_full_batches_and_everything_when_drained() -> None:
    outbox, sink = MemoryOutbox(LINES[:10]), Gathering()
    pump = Pump(outbox, [sink], limits=Limits(poll_s=0.01))
    pump.start()
    until(lambda: sink.tries == 1)

    for number in range(10, 65):
        outbox.add(LINES[number])
        pump.wake()
    assert sink.taken == LINES[:10], "it gathers"
    outbox.add(*LINES[65:80])
    pump.wake()
    until(lambda: sink.tries == 2)
    assert sink.taken == LINES[:70], "a full batch goes at once"

    assert pump.drain(20)
    assert pump.stop()
    assert (sink.taken, sink.tries) == (LINES[:80], 3)


def test_stopping_ends_a_long_backoff_at_once_and_keeps_the_rest(tmp_path: Path) -> None:
    outbox, sink = MemoryOutbox(LINES), Listening()
    sink.failing = down()
    pump = Pump(outbox, [sink], limits=Limits(backoff_s=3600, max_backoff_s=3600))
    pump.start()
    until(lambda: pump.status()[0].condition == "failing")

    assert pump.stop(20)

    assert pump.status()[0].condition == "stopped"
    follower = Pump(outbox, [JsonlSink(tmp_path, name="listening")], limits=QUICK)
    follower.start()
    assert follower.drain(20)
    assert follower.stop()
    assert outbox.cursors == {"listening": 100}


def test_stopping_does_not_wait_for_a_sink_that_hangs() -> None:
    outbox, sink = MemoryOutbox(LINES), Listening()
    sink.gate.clear()
    pump = Pump(outbox, [sink], limits=QUICK)
    pump.start()
    assert sink.entered.wait(60)

    assert not pump.stop(0.05)

    sink.gate.set()


def test_a_status_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outbox, sink = MemoryOutbox(LINES), Listening()
    pump = Pump(outbox, [sink], limits=QUICK, status_file=tmp_path / "file" / "status.json", watch_s=0.01)
    pump.start()

    assert pump.drain(20)
    assert pump.stop()
    assert sink.taken == LINES


def test_a_status_file_of_nonsense_is_as_none(tmp_path: Path) -> None:
    state = tmp_path / "status.json"
    for text in ("", "{", '{"version":1,"sinks":[{"name":1}]}'):
        state.write_text(text)
        assert read_status(state) == Status()


def test_what_a_killed_service_delivered_after_its_last_status_is_counted_by_the_next(tmp_path: Path) -> None:
    outbox, sink, state = MemoryOutbox(LINES[:40]), Listening(), tmp_path / "status.json"
    first = Pump(outbox, [sink], status_file=state, limits=QUICK)
    first.start()
    assert first.drain(20)
    assert first.stop()
    before = state.read_bytes()
    outbox.add(*LINES[40:63])
    killed = Pump(outbox, [sink], status_file=state, limits=QUICK)
    killed.start()
    assert killed.drain(20)
    assert killed.stop()
    state.write_bytes(before)  # kill -9 leaves the status as it was written last
    outbox.add(*LINES[63:76])

    pump = Pump(outbox, [sink], status_file=state, limits=QUICK)
    pump.start()

    assert pump.drain(20)
    assert pump.stop()
    assert sink.taken == LINES[:76]
    assert [(status.delivered, status.lost) for status in read_status(state).sinks] == [(76, 0)]


def test_a_service_killed_before_its_first_status_is_counted_too(tmp_path: Path) -> None:
    outbox, sink, state = MemoryOutbox(LINES[:20]), Listening(), tmp_path / "status.json"
    outbox.advance(sink.name, 13)

    pump = Pump(outbox, [sink], status_file=state, limits=QUICK)
    pump.start()

    assert pump.drain(20)
    assert pump.stop()
    assert [status.delivered for status in read_status(state).sinks] == [20]


def test_a_service_that_never_read_its_outbox_leaves_the_count_as_it_was(tmp_path: Path) -> None:
    outbox, sink, state = MemoryOutbox(LINES[:20]), Listening(), tmp_path / "status.json"
    first = Pump(outbox, [sink], status_file=state, limits=QUICK)
    first.start()
    assert first.drain(20)
    assert first.stop()

    assert Pump(outbox, [sink], status_file=state, limits=QUICK).stop()

    again = Pump(outbox, [sink], status_file=state, limits=QUICK)
    again.start()
    assert again.drain(20)
    assert again.stop()
    assert [(status.delivered, status.cursor) for status in read_status(state).sinks] == [(20, 20)]


def test_two_sinks_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="same name"):
        Pump(MemoryOutbox(), [Listening("a"), Listening("a")])


@pytest.mark.parametrize(("total", "after"), [(0, 0), (1, 0), (2, 1), (7, 0), (8, 8), (100, 3), (100, 99)])
def test_the_end_of_the_outbox_is_found_in_few_reads(total: int, after: int) -> None:
    reads = 0

    class Counting(MemoryOutbox):
        @override
        def read(self, after_seq: int, limit: int) -> list[tuple[int, bytes]]:
            nonlocal reads
            reads += 1
            return super().read(after_seq, limit)

    pump = Pump(Counting(LINES[:total]), [Listening()])
    lane: Any = pump._lanes[0]

    assert lane._last_seq(after) == total
    assert reads <= 20
