"""Deliveries keep coming while the real service is killed (-9) at moments nobody chose; nothing acknowledged is lost."""

from __future__ import annotations

import random
import threading

import pytest

from tests.support.service import Outside, deliver, wait_for

SEED = 20261123
KILLS = 4


@pytest.mark.slow
def test_h20_whatever_was_acknowledged_is_done_however_often_the_service_dies(world: Outside) -> None:
    chance = random.Random(SEED)
    issues = [world.issue() for _ in range(4)]
    acknowledged: set[str] = set()
    sent = 0

    for round_ in range(KILLS + 1):
        with world.service() as service:
            last = round_ == KILLS
            timer = threading.Timer(chance.uniform(0.05, 1.5), service.kill)
            if not last:
                timer.start()
            for _ in range(12):
                sent += 1
                delivery_id = f"d-{sent}"
                if deliver(service.url, world.payload(chance.choice(issues)), delivery_id=delivery_id) in {200, 202}:
                    acknowledged.add(delivery_id)
            if last:
                wait_for(
                    lambda: {world.states()[name] for name in acknowledged} == {"done"},
                    "everything acknowledged to be done",
                    timeout_s=90,
                )
                wait_for(lambda: len(world.records()) >= len({row.run_id for row in world.deliveries()}), "all records")
                assert service.stop() == 0
            else:
                timer.join()

    assert acknowledged, "the seed must let some through"
    states = world.states()
    assert acknowledged <= set(states)
    assert set(states.values()) == {"done"}, "also what was stored and could not be answered any more"
    for issue in issues:
        assert sorted(label.name for label in issue.labels) == ["phase-2", "track/main"]
        assert issue.milestone is not None
    assert world.box.requests.needless_writes == []
    assert len(world.writes()) == 3 * len(issues), "each write once, across all lives"
    runs = [record["run_id"] for record in world.records()]
    assert len(runs) == len(set(runs)), "one record a run"
    assert {row.run_id for row in world.deliveries()} <= set(runs)
    changes = sorted(
        (record["issue_number"], change["field"]) for record in world.records() for change in record["changes_made"]
    )
    assert changes == sorted((issue.number, field) for issue in issues for field in ("labels", "labels", "milestone"))
