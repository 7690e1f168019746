"""What a look asks for side by side, and what it does not, as GitHub in a box sees it."""

from __future__ import annotations

from itertools import pairwise

from tests.support.service import Outside, deliver, wait_for

ANSWER_S = 1.0


def test_a_look_asks_for_configuration_and_issue_at_once_and_for_labels_and_milestones(world: Outside) -> None:
    first, second = world.issue("track/main"), world.issue("phase-2")
    with world.service() as service:
        assert deliver(service.url, world.payload(first), delivery_id="a") == 202
        wait_for(lambda: world.states().get("a") == "done", "the first look")
        world.box.faults.latency(ANSWER_S, method="GET", count=None)
        world.box.requests.clear()
        assert deliver(service.url, world.payload(second), delivery_id="b") == 202
        wait_for(lambda: world.states().get("b") == "done", "the second look")

    asked = {one.route.rpartition("}/")[2]: one.at for one in world.box.requests if one.method == "GET"}
    begun = min(asked.values())
    rounds = {route: (at - begun).total_seconds() // ANSWER_S for route, at in asked.items()}
    assert rounds["contents/{path:path}"] == 0
    assert rounds["issues/{number}"] == 0
    assert rounds["labels"] == rounds["milestones"] == 1
    assert len(world.writes()) == 2


def test_unless_told_otherwise_a_service_lets_a_second_pass_between_two_writes(world: Outside) -> None:
    """GitHub's advice for writes; the other tests of a service say that there are no limits, to be quicker."""
    del world.env["TASSIST_API_LIMITS"]
    issue = world.issue()
    with world.service() as service:
        assert deliver(service.url, world.payload(issue), delivery_id="a") == 202
        wait_for(lambda: world.states().get("a") == "done", "the look")

    assert len(world.writes()) == 3
    times = [one.at for one in world.box.writes]
    assert min((after - before).total_seconds() for before, after in pairwise(times)) > 0.9
