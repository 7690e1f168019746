"""What either store promises, proven on two real services that share one: the file's second stands by, PostgreSQL's second works along.

One service and its like stay up for all tests; each test has issues of its own, and puts right whom it kills.
"""

from __future__ import annotations

import asyncio
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tassist.clock import SystemClock
from tassist.store.journal import Journal as FileJournal
from tassist.store.model import LaneKey
from tassist.store.place import open_database
from tassist.store.ports import Journal
from tests.support import postgres, stores
from tests.support.looking import Looking, looking
from tests.support.service import deliver, wait_for

pytestmark = pytest.mark.slow
TAKEOVER_S = 10.0


class Two:
    """Two services on one store, of which at least one takes deliveries and looks."""

    def __init__(self, kind: str, world: Looking) -> None:
        self.kind = kind
        self.world = world
        self.killed: set[int] = set()
        self._urls: dict[int, str] = {}

    def living(self) -> list[subprocess.Popen[str]]:
        """Those that were not killed."""
        return [one for one in self.world.processes if one.poll() is None]

    def complete(self) -> None:
        """Have two of them, and one that takes deliveries."""
        while len(self.living()) < 2:
            self.world.launch("serve", TASSIST_TEST_STAND_BY="1")
        self.url()

    def url(self, *, but: int = 0) -> str:
        """Where one that works takes deliveries."""
        found: list[str] = []

        def said() -> bool:
            for one in self.living():
                assert one.stdout is not None
                if one.pid not in self._urls and select.select([one.stdout], [], [], 0)[0]:
                    self._urls[one.pid] = one.stdout.readline().strip()
                if one.pid != but and self._urls.get(one.pid):
                    found.append(self._urls[one.pid])
            return bool(found)

        wait_for(said, "a service takes deliveries", timeout_s=60)
        return found[0]

    def tell(self, number: int, value: str, *, but: int = 0) -> None:
        """Want something of an issue, and tell of it until that is acknowledged, as GitHub's redelivery does."""
        payload = self.world.want(number, value)
        wait_for(
            lambda: deliver(self.url(but=but), payload, delivery_id=f"{number}-{value}") in {200, 202},
            f"{number}-{value} is taken",
        )

    def got(self, value: str, *numbers: int) -> None:
        """Wait until the issues are as wanted, and look whether anything was lost, doubled, overlapping or out of order."""
        files = [self.world.folder / "got" / str(number) for number in numbers]
        wait_for(
            lambda: all(file.exists() and file.read_text() == value for file in files),
            f"{numbers} are {value}",
            timeout_s=60,
        )
        with self.journal() as journal:
            wait_for(lambda: not any(journal.lane(LaneKey(7, number)) for number in numbers), f"{numbers} are through")
        self.world.check(frozenset(self.killed), numbers)

    def looker(self, number: int) -> subprocess.Popen[str]:
        """Wait until somebody is in the middle of a look at the issue; who."""
        wait_for(lambda: self.begun(number), f"a look at {number} begins")
        pid = self.begun(number)[-1][1]
        return next(one for one in self.living() if one.pid == pid)

    def begun(self, number: int) -> list[tuple[float, int]]:
        """When looks at the issue began, and whose they were."""
        return [(line.at, line.pid) for line in self.world.seen() if line.kind == "begin" and line.number == number]

    def kill(self, *processes: subprocess.Popen[str]) -> None:
        """End them as the kernel would, for ever."""
        for one in processes:
            one.kill()
        for one in processes:
            one.wait()
            self.killed.add(one.pid)

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """The store, from outside."""
        if self.kind == "postgresql":
            with open_database(self.world.address) as journal:
                yield journal
        else:
            with FileJournal.open(self.world.folder / "file") as journal:
                yield journal

    @contextmanager
    def slow(self, *numbers: int) -> Iterator[None]:
        """Let looks at the issues take until this is left."""
        files = [self.world.folder / "slow" / str(number) for number in numbers]
        for file in files:
            file.touch()
        try:
            yield
        finally:
            for file in files:
                file.unlink()


@pytest.fixture(scope="module", params=stores.KINDS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        with looking(folder, "") as world:
            yield Two(request.param, world)
        return
    with postgres.database(postgres.needed()) as address, looking(folder, address) as world:
        yield Two(request.param, world)


@pytest.fixture
def two(pair: Two) -> Two:
    pair.complete()
    return pair


class TestEitherStore:
    """One suite, whichever store it is."""

    def test_an_issue_has_one_look_at_a_time_and_what_came_later_is_written_later(self, two: Two) -> None:
        issues = range(1, 7)
        for value in "abc":
            for number in issues:
                two.tell(number, value)

        two.got("c", *issues)

    def test_a_delivery_that_comes_again_is_one_look(self, two: Two) -> None:
        with two.slow(10):
            two.tell(10, "a")
            two.looker(10)
            payload = two.world.want(10, "a")
            two.world.values[10].pop()
            assert deliver(two.url(), payload, delivery_id="10-a") == 200, "known while it is on its way"
        two.got("a", 10)
        assert deliver(two.url(), payload, delivery_id="10-a") == 200, "known when it is done"

        with two.journal() as journal:
            [row] = journal.find("10-a")
            assert (row.duplicates, row.state) == (2, "done")
        assert len(two.begun(10)) == 1

    def test_an_issue_whose_look_failed_is_tried_again_before_anything_newer_is_written(self, two: Two) -> None:
        (two.world.folder / "fail" / "20").touch()
        two.tell(20, "a")
        wait_for(lambda: two.begun(20), "a look that fails")
        two.tell(20, "b")
        two.tell(21, "b")

        two.got("b", 20, 21)

        assert len(two.begun(20)) >= 2

    def test_an_issue_that_somebody_holds_is_looked_at_by_nobody_until_it_is_given_back(self, two: Two) -> None:
        key, now = LaneKey(7, 30), SystemClock().now()
        with two.journal() as journal:
            assert asyncio.run(journal.holds.take(key, "a person", until=now + timedelta(minutes=5), now=now))
            two.tell(30, "a")
            two.tell(31, "a")
            two.got("a", 31)
            assert not two.begun(30)
            asyncio.run(journal.holds.release(key, "a person"))

        two.got("a", 30)

    def test_one_of_the_two_is_killed_for_ever_and_the_other_takes_its_issue_over(self, two: Two) -> None:
        with two.slow(40):
            two.tell(40, "a")
            dying = two.looker(40)
            two.kill(dying)
            died_at = time.monotonic()
        two.tell(41, "a", but=dying.pid)

        two.got("a", 40, 41)

        assert two.begun(40)[-1][0] - died_at < TAKEOVER_S
        assert two.begun(40)[-1][1] != dying.pid

    def test_one_that_is_paused_in_a_look_and_wakes_again_doubles_nothing(self, two: Two) -> None:
        with two.slow(50):
            two.tell(50, "a")
            paused = two.looker(50)
            paused.send_signal(signal.SIGSTOP)
            stopped_at = time.monotonic()
            # The file's second stands by as long as the first lives. PostgreSQL's takes a silent one for dead after a
            # while, and must not take what it still has in its hands.
            rest_s = 11.0 if two.kind == "postgresql" else 1.0
            if two.kind == "postgresql":
                for number in (50, 51, 52):
                    two.tell(number, "b", but=paused.pid)
                two.got("b", 51, 52)
            wait_for(lambda: time.monotonic() - stopped_at > rest_s, "the pause")
        paused.send_signal(signal.SIGCONT)
        two.tell(50, "c")

        two.got("c", 50)

    def test_both_are_killed_in_the_middle_and_those_that_follow_go_on(self, two: Two) -> None:
        issues = range(60, 66)
        with two.slow(*issues):
            for number in issues:
                two.tell(number, "a")
            two.looker(60)
            two.kill(*two.living())
        two.complete()
        two.tell(60, "b")

        two.got("a", *issues[1:])
        two.got("b", 60)
