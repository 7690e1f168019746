"""How many issues of one installation are looked at at once: a part of the places at a GitHub with limits, else all."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import pytest

from tests.support.service import Outside, deliver, wait_for

ISSUES = 40


def under_way(url: str) -> int:
    """What the service says."""
    with urlopen(f"{url}/metrics", timeout=10) as answer:
        found = re.search(r"^tassist_looks_under_way (\d+)", answer.read().decode(), re.MULTILINE)
    assert found
    return int(found[1])


@pytest.mark.parametrize(("limits", "at_once"), [("github", 8), ("off", 32)])
def test_one_installation_has_its_part_of_the_places(world: Outside, limits: str, at_once: int) -> None:
    numbers = [world.issue("phase-2", "track/main").number for _ in range(ISSUES)]
    world.box.faults.latency(2.0, method="GET", count=None)
    with world.service(TASSIST_API_LIMITS=limits) as service:
        with ThreadPoolExecutor(ISSUES) as pool:
            answers = set(pool.map(lambda number: deliver(service.url, world.payload(number)), numbers))
        assert answers == {202}
        seen: list[int] = []

        def taken() -> bool:
            seen.append(under_way(service.url))
            return len(seen) > 20 and seen[-1] == at_once

        wait_for(taken, "all places are taken")
        assert max(seen) == at_once
        world.box.faults.clear()
