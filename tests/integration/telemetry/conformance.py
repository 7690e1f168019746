"""What every sink has to do; a sink's test class inherits this and says how to make one, read it and break it."""

from __future__ import annotations

import abc
import json
import random
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from engine.problems import ProblemError
from tassist.telemetry.lane import Limits
from tassist.telemetry.pump import Pump
from tassist.telemetry.sinks.port import Entry, Sink, entry
from tests.support.outbox import MemoryOutbox
from tests.support.records import NOON, line

HOSTILE = (
    "\x1b[2J\x9b0;evil\x07",
    "a\u2028b\u2029c\x85d\x00e\x7f",
    '"}\n{"event_id":"forged"}',
    "</script><img src=x onerror=alert(1)>",
    "=HYPERLINK(1)",
    "'; DROP TABLE records; --",
    "\u202e\u200d\U0001f469\u200d\U0001f680 漢字 é",
    "x" * 3000,
)


def entries(lines: Sequence[bytes], start: int = 1) -> list[Entry]:
    """As the pump offers them."""
    return [entry(seq, made) for seq, made in enumerate(lines, start)]


def records(count: int, *, start: int = 1, repos: Sequence[str] = ("acme/orbit", "acme/lander")) -> list[bytes]:
    """Records of several repositories and two days, in order of time."""
    return [
        line(number, repo=repos[number % len(repos)], at=NOON + timedelta(minutes=10 * number))
        for number in range(start, start + count)
    ]


def by_repo(lines: Sequence[bytes]) -> dict[str, list[bytes]]:
    """Order is promised for each repository."""
    found: dict[str, list[bytes]] = {}
    for made in lines:
        found.setdefault(json.loads(made)["repo"], []).append(made)
    return found


class SinkConformance(abc.ABC):
    """The tests; `place` is an empty folder that outlives the sink, as a disk outlives a process."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        return tmp_path

    @pytest.fixture(autouse=True)
    def _buried(self) -> Iterator[None]:
        """What a crash leaves open ends with its process; here it is closed at the end, when it can write nothing more."""
        self._dead: list[Sink] = []
        yield
        for sink in self._dead:
            sink.close()

    def dying(self, place: Path) -> Sink:
        """A new sink that nobody closes before the next one begins, as in a process that crashes."""
        self._dead.append(self.make(place))
        return self._dead[-1]

    @abc.abstractmethod
    def make(self, place: Path) -> Sink:
        """A new sink on that place, as after a restart."""

    @abc.abstractmethod
    def stored(self, place: Path) -> list[bytes]:
        """Every record the sink keeps, in its order."""

    @abc.abstractmethod
    def breaking(self, place: Path) -> AbstractContextManager[None]:
        """While it lasts, a write fails after part of the batch has been taken, where the sink can take parts."""

    def test_records_are_kept_byte_for_byte_and_in_order(self, place: Path) -> None:
        lines = records(200)
        sink = self.make(place)

        sink.write(entries(lines[:120]))
        sink.write(entries(lines[120:], 121))
        sink.close()

        assert by_repo(self.stored(place)) == by_repo(lines)

    def test_an_empty_batch_is_nothing(self, place: Path) -> None:
        sink = self.make(place)
        sink.write([])
        sink.write(entries(records(1)))
        sink.close()

        assert self.stored(place) == records(1)

    def test_a_batch_that_comes_again_is_kept_once(self, place: Path) -> None:
        lines = records(30)
        sink = self.make(place)

        sink.write(entries(lines))
        sink.write(entries(lines))
        sink.close()

        assert sorted(self.stored(place)) == sorted(lines)

    def test_h20_after_a_crash_before_the_cursor_moved_everything_is_there_once(self, place: Path) -> None:
        lines = records(60)
        self.dying(place).write(entries(lines[:40]))

        again = self.make(place)
        again.write(entries(lines[20:50], 21))
        again.write(entries(lines[50:], 51))
        again.close()

        assert by_repo(self.stored(place)) == by_repo(lines)

    def test_a_batch_cut_otherwise_after_a_crash_is_kept_once(self, place: Path) -> None:
        lines = records(60)
        self.dying(place).write(entries(lines))

        again = self.make(place)
        for start in range(0, 60, 7):
            again.write(entries(lines[start : start + 7], start + 1))
        again.close()

        assert sorted(self.stored(place)) == sorted(lines)

    def test_a_failure_in_the_middle_of_a_batch_loses_and_doubles_nothing(self, place: Path) -> None:
        lines = records(80)
        sink = self.make(place)
        sink.write(entries(lines[:20]))

        with self.breaking(place), pytest.raises(ProblemError) as raised:
            sink.write(entries(lines[20:60], 21))
        sink.write(entries(lines[20:60], 21))
        sink.write(entries(lines[60:], 61))
        sink.close()

        assert raised.value.problems[0].what
        assert by_repo(self.stored(place)) == by_repo(lines)

    def test_a_failure_and_then_a_crash_loses_and_doubles_nothing(self, place: Path) -> None:
        lines = records(80)
        with self.breaking(place), pytest.raises(ProblemError):
            self.dying(place).write(entries(lines[:60]))

        again = self.make(place)
        again.write(entries(lines))
        again.close()

        assert by_repo(self.stored(place)) == by_repo(lines)

    def test_hostile_text_is_kept_as_it_is(self, place: Path) -> None:
        lines = [line(number, reason=text, labels=(text, "bug")) for number, text in enumerate(HOSTILE, 1)]
        sink = self.make(place)
        sink.write(entries(lines))
        sink.close()

        assert self.stored(place) == lines

    def test_hostile_names_of_repositories_stay_records(self, place: Path) -> None:
        names = (
            "../..",
            "CON/aux.jsonl",
            "./..",
            "a/..%2f..",
            "é/漢",
            "A/b",
            "a/b",
            "x" * 100 + "/" + "y" * 150,
            "-/-",
        )
        lines = [line(number, repo=repo) for number, repo in enumerate(names, 1)]
        sink = self.make(place)
        sink.write(entries(lines))
        sink.close()

        assert sorted(self.stored(place)) == sorted(lines)

    def test_records_of_a_newer_minor_version_pass_untouched(self, place: Path) -> None:
        newer = json.dumps({**json.loads(line(1)), "schema_version": "1.7", "tomorrow": {"é": [1.5, None]}}).encode()
        sink = self.make(place)
        sink.write(entries([newer]))
        sink.close()

        assert [json.loads(kept) for kept in self.stored(place)] == [json.loads(newer)]

    def test_any_sequence_of_crashes_leaves_every_record_once(self, place: Path) -> None:
        """The cursor may lag behind by any part of a batch; 40 rounds of a fixed random course."""
        course = random.Random(7)
        lines = records(240)
        sink, cursor, reached = self.dying(place), 0, 0
        while cursor < len(lines):
            end = min(len(lines), cursor + course.randint(1, 30))
            sink.write(entries(lines[cursor:end], cursor + 1))
            reached = max(reached, end)
            if course.random() < 0.4:
                sink = self.dying(place)  # the cursor did not move: the batch comes again
            else:
                cursor = end
        sink.close()

        assert by_repo(self.stored(place)) == by_repo(lines)

    def test_through_the_pump_every_record_arrives_once(self, place: Path) -> None:
        lines = records(300)
        outbox = MemoryOutbox(lines[:150])
        for rows in (lines[150:], []):
            pump = Pump(outbox, [self.make(place)], limits=Limits(max_batch=64, backoff_s=0.01))
            pump.start()
            outbox.add(*rows)
            assert pump.drain(30.0), pump.status()
            assert pump.stop(30.0)

        assert by_repo(self.stored(place)) == by_repo(lines)
