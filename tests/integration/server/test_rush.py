"""A rush of deliveries at the real service: one look or two at an issue, however many deliveries speak of it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tassist.server.dispatcher import Breadth
from tests.support.service import Outside, deliver, wait_for

FIFTY = 50


@pytest.mark.parametrize("at_once", [FIFTY, 4], ids=["all at once", "four at a time"])
def test_fifty_deliveries_of_one_issue_are_two_reads_of_it(world: Outside, at_once: int) -> None:
    world.env["TASSIST_API_LIMITS"] = "off"
    first, issue = world.issue(), world.issue()
    with world.service() as service:
        deliver(service.url, world.payload(first), delivery_id="first")
        wait_for(lambda: [row.state for row in world.deliveries()] == ["done"], "the service knows the repository")
        world.box.requests.clear()

        began = time.monotonic()
        with ThreadPoolExecutor(at_once) as pool:
            answers = list(
                pool.map(lambda n: deliver(service.url, world.payload(issue), delivery_id=f"d-{n}"), range(FIFTY))
            )
        wait_for(
            lambda: sum(row.state == "done" for row in world.deliveries()) == FIFTY + 1,
            "all of them are through",
        )
        took_s = time.monotonic() - began

    reads = [one for one in world.box.requests if one.method == "GET" and one.route.endswith("/issues/{number}")]
    assert set(answers) == {202}
    # A machine that is busy elsewhere may need longer to send fifty than one look waits for more.
    assert 1 <= len(reads) <= max(2, 1 + int(took_s / Breadth().apart_s))
    assert {row.state for row in world.deliveries()} == {"done"}
