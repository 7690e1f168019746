"""Several machines on one PostgreSQL: many workers, a cable that is pulled, a database that is killed, two versions at once.

What holds for either store stands in `test_either_store`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import conninfo

from tassist.store.place import open_database
from tests.support import postgres
from tests.support.cut import cable
from tests.support.looking import Looking, looking
from tests.support.service import deliver, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def shared(tmp_path: Path, postgresql: str) -> Iterator[Looking]:
    """A world on an empty database."""
    postgres.empty(postgresql)
    with looking(tmp_path, postgresql) as made:
        yield made


def burst(world: Looking, url: str, issues: range, value: str) -> None:
    """Want something of each issue, and tell of it until that is acknowledged, as GitHub's redelivery does."""
    for number in issues:
        payload = world.want(number, value)
        delivery_id = f"{number}-{value}"
        wait_for(lambda: deliver(url, payload, delivery_id=delivery_id) in {200, 202}, f"{delivery_id} is taken")  # noqa: B023 – called at once


def all_done(address: str, amount: int, *, timeout_s: float = 60.0) -> None:
    with open_database(address) as journal:

        def done() -> bool:
            counts = journal.counts()
            return counts["done"] == amount and not journal.backlog().lanes

        wait_for(done, f"{amount} deliveries are done", timeout_s=timeout_s)


@pytest.mark.parametrize("workers", [2, 4])
def test_several_workers_keep_the_order_of_each_issue_and_one_killed_for_ever_leaves_nothing(
    shared: Looking, workers: int
) -> None:
    _, url = shared.start("serve")
    others = [shared.start()[0] for _ in range(workers)]
    issues = range(1, 13)
    burst(shared, url, issues, "a")
    burst(shared, url, range(1, 7), "b")
    wait_for(lambda: any(line.pid == others[0].pid for line in shared.seen()), "the first worker looks")
    others[0].kill()
    burst(shared, url, issues, "c")
    deliver(url, shared.want(1, "c"), delivery_id="1-c")

    all_done(shared.address, 30)

    shared.values[1].pop()
    shared.check(frozenset({others[0].pid}))
    pids = {line.pid for line in shared.seen()}
    assert len(pids) > 1, "the work was shared"


def test_a_worker_whose_cable_is_pulled_loses_and_doubles_nothing(shared: Looking) -> None:
    named = conninfo.conninfo_to_dict(shared.address)
    with cable(int(named.get("port") or 5432)) as wire:
        through = conninfo.make_conninfo(shared.address, host="127.0.0.1", port=wire.port)
        _, url = shared.start("serve")
        cut_off, _ = shared.start(address=through)
        burst(shared, url, range(1, 13), "a")
        wait_for(lambda: any(line.pid == cut_off.pid for line in shared.seen()), "it looks")
        wire.cut()
        burst(shared, url, range(1, 13), "b")
        wire.mend()
        before = sum(line.pid == cut_off.pid for line in shared.seen())
        burst(shared, url, range(1, 13), "c")

        all_done(shared.address, 36)

        shared.check()
        burst(shared, url, range(1, 40), "d")
        all_done(shared.address, 75)
        assert sum(line.pid == cut_off.pid for line in shared.seen()) > before, "it works again by itself"


def test_the_database_may_be_killed_for_ten_seconds(tmp_path: Path) -> None:
    with postgres.cluster(tmp_path) as server, looking(tmp_path, server.address) as world:
        _, url = world.start("serve")
        world.start()
        burst(world, url, range(1, 13), "a")
        server.kill()
        down_at = time.monotonic()
        assert deliver(url, world.want(1, "b"), delivery_id="1-b") == 503, "what cannot be stored is not acknowledged"
        wait_for(lambda: time.monotonic() - down_at > 10.0, "ten seconds")
        server.start()
        burst(world, url, range(1, 13), "c")

        all_done(server.address, 24)

        world.values[1].remove("b")
        world.check()


def test_two_versions_work_side_by_side_while_the_new_one_rolls_out(tmp_path: Path, postgresql: str) -> None:
    with postgres.database(postgresql) as fresh, looking(tmp_path, fresh) as world:
        _, url = world.start("serve")
        old, _ = world.start()
        burst(world, url, range(1, 7), "a")
        new, _ = world.start(TASSIST_TEST_NEXT_VERSION="1")
        burst(world, url, range(1, 25), "b")
        old.terminate()
        old.wait()
        burst(world, url, range(1, 7), "c")

        all_done(fresh, 36)

        world.check()
        assert any(line.pid == new.pid for line in world.seen()), "the new one works, too"
