"""GitHub in a box, and an installer beside it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installing import Installing, nothing_installed


@pytest.fixture
def installing(tmp_path: Path) -> Iterator[Installing]:
    """A person with an organisation, and nothing installed."""
    with nothing_installed(tmp_path) as found:
        yield found


@pytest.fixture
def unused_port() -> int:
    """A port nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
