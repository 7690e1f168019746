"""A stage for each test file, and a fresh one where a test turns the world upside down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.stage import Stage, staged


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """One box for a whole file: tests make their own issues, labels and milestones in it."""
    with staged() as found:
        yield found


@pytest.fixture
def fresh() -> Iterator[Stage]:
    """A box for one test that changes clock, limits, names or order."""
    with staged() as found:
        yield found
