"""Every endpoint the box serves, held against GitHub's description by real requests."""

from __future__ import annotations

import pytest

from tests.conformance import table
from tests.conformance.attempts import described
from tests.conformance.stage import Stage


@pytest.mark.parametrize("endpoint", table.endpoints())
def test_an_endpoint_answers_as_github_describes_it(stage: Stage, endpoint: str) -> None:
    found = table.row(stage, endpoint)

    assert found.findings, f"{endpoint} is served, and nothing in tests/conformance tries it"
    assert found.problems == []


def test_every_attempt_is_at_an_endpoint_the_box_serves() -> None:
    assert {attempt.endpoint for attempt in table.ATTEMPTS} - set(table.endpoints()) == set()


def test_every_endpoint_beyond_the_description_says_why_it_is_there() -> None:
    beyond = {endpoint for endpoint in table.endpoints() if described(endpoint) is None}

    assert beyond == set(table.UNDESCRIBED)
