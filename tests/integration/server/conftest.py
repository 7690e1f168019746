"""GitHub in a box with the App installed, and a home for a service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import Outside, outside


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Outside]:
    """The world outside a service."""
    with outside(tmp_path) as found:
        yield found
