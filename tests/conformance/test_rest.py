"""Every endpoint the box serves, held against GitHub's description by real requests."""

from __future__ import annotations

import pytest

from tests.conformance import page, table
from tests.conformance.attempts import described


@pytest.fixture(scope="module")
def rows() -> dict[str, table.Row]:
    """Every endpoint, tried once."""
    return {row.endpoint: row for row in table.table()}


@pytest.mark.parametrize("endpoint", table.endpoints())
def test_an_endpoint_answers_as_github_describes_it(rows: dict[str, table.Row], endpoint: str) -> None:
    found = rows[endpoint]

    assert found.findings, f"{endpoint} is served, and nothing in tests/conformance tries it"
    assert found.problems == []


def test_every_attempt_is_at_an_endpoint_the_box_serves() -> None:
    assert {attempt.endpoint for attempt in table.ATTEMPTS} - set(table.endpoints()) == set()


def test_every_endpoint_beyond_the_description_says_why_it_is_there() -> None:
    beyond = {endpoint for endpoint in table.endpoints() if described(endpoint) is None}

    assert beyond == set(table.UNDESCRIBED)


def test_every_gap_of_the_description_still_shows(rows: dict[str, table.Row]) -> None:
    """A reason that explains nothing any more must go."""
    found = {gap.reason for row in rows.values() for gap in row.gaps}

    assert found == {gap.reason for gap in table.GAPS}


def test_the_table_is_printed_and_the_page_shows_it(rows: dict[str, table.Row]) -> None:
    shown = table.markdown(list(rows.values()))
    print(shown)

    assert shown in page.TEXT.read_text(), f"{page.PATH} is stale\n  fix: make docs"
