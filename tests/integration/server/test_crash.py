"""A real service is killed (-9) where it hurts, started again, and everything is as if it had not happened."""

from __future__ import annotations

import pytest

from tests.support.service import Outside, deliver, wait_for

CHANGED = ["labels", "labels", "milestone"]


def assert_in_order(world: Outside, number: int, delivery_id: str, *, repeated: int = 0) -> None:
    """The issue is as the configuration says, each write was made once, and one record tells all of it."""
    issue = world.repo.issues[number]
    assert sorted(label.name for label in issue.labels) == ["phase-2", "track/main"]
    assert issue.milestone is not None
    assert issue.milestone.title == "Phase 2"
    assert len(world.writes()) == 3 + repeated, world.writes()
    assert len(world.box.requests.needless_writes) == repeated
    [record] = world.records()
    assert record["outcome"] == "success"
    assert record["trigger"]["delivery_id"] == delivery_id
    assert sorted(change["field"] for change in record["changes_made"]) == CHANGED
    [row] = world.deliveries()
    assert (row.state, row.run_id) == ("done", record["run_id"])


def test_h20_nothing_is_lost_or_doubled_without_a_crash(world: Outside) -> None:
    issue = world.issue()
    with world.service() as service:
        assert deliver(service.url, world.payload(issue), delivery_id="d-1") == 202
        wait_for(world.records, "a record")
        assert service.stop() == 0

    assert_in_order(world, issue.number, "d-1")


@pytest.mark.parametrize(
    ("point", "answer"),
    [
        ("after-store", 0),
        ("after-answer", 202),
        ("before-write:1", 202),
        ("before-write:2", 202),
        ("after-write:1", 202),
        ("after-write:2", 202),
        ("after-write:3", 202),
        ("before-finish", 202),
        ("after-finish", 202),
        ("mid-record-append", 202),
    ],
)
def test_h20_killed_at_any_boundary_it_ends_in_the_same_state_with_one_record(
    world: Outside, point: str, answer: int
) -> None:
    issue = world.issue()
    with world.service(crash_at=point) as service:
        assert deliver(service.url, world.payload(issue), delivery_id="d-1") == answer
        wait_for(lambda: not service.alive(), f"the service to die {point}")

    with world.service() as service:
        wait_for(world.records, "a record")
        if answer == 0:
            # GitHub saw no answer; a person presses "Redeliver".
            assert deliver(service.url, world.payload(issue), delivery_id="d-1") == 200
        wait_for(lambda: set(world.states().values()) == {"done"}, "the delivery to be done")
        assert service.stop() == 0

    assert_in_order(world, issue.number, "d-1")


def test_h20_killed_again_and_again_it_still_ends_with_one_record(world: Outside) -> None:
    issue = world.issue()
    for point in (
        "after-answer",
        "before-write:1",
        "after-write:1",
    ):
        with world.service(crash_at=point) as service:
            assert deliver(service.url, world.payload(issue), delivery_id="d-1") in {0, 200, 202}
            wait_for(lambda: not service.alive(), f"the service to die {point}")

    with world.service() as service:
        wait_for(world.records, "a record")
        assert service.stop() == 0

    assert_in_order(world, issue.number, "d-1")


def test_h21_a_write_whose_answer_was_lost_happens_once_and_is_told_once(world: Outside) -> None:
    issue = world.issue()
    # Adding a label twice is adding it once, so the client may repeat it; what it may not is be seen twice.
    world.box.faults.lose_answer(method="POST", path="*/labels", count=1)
    with world.service() as service:
        assert deliver(service.url, world.payload(issue), delivery_id="d-1") == 202
        wait_for(world.records, "a record", timeout_s=60)
        assert service.stop() == 0

    assert_in_order(world, issue.number, "d-1", repeated=1)
    added = [event for event in issue.events if event.event == "labeled" and event.label == ("track/main", "1d76db")]
    assert len(added) == 1


def test_h22_a_delivery_that_was_stored_and_not_finished_is_handled_after_its_redelivery(world: Outside) -> None:
    issue = world.issue()
    with world.service(crash_at="after-answer") as service:
        assert deliver(service.url, world.payload(issue), delivery_id="d-1") == 202
        wait_for(lambda: not service.alive(), "the service to die")
    assert world.states()["d-1"] in {"stored", "waiting"}

    with world.service() as service:
        assert deliver(service.url, world.payload(issue), delivery_id="d-1") == 200
        wait_for(world.records, "a record")
        assert service.stop() == 0

    assert_in_order(world, issue.number, "d-1")


def test_the_crash_points_do_nothing_without_their_variable(world: Outside) -> None:
    issue = world.issue()
    with world.service(crash_at="no-such-point") as service:
        assert deliver(service.url, world.payload(issue), delivery_id="d-1") == 202
        wait_for(world.records, "a record")
        assert service.alive()
