"""GitHub in a box, and an installer beside it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tassist.sandbox import Box, repositories, serve
from tests.support.installing import Installing


@pytest.fixture
def installing(tmp_path: Path) -> Iterator[Installing]:
    """A person with an organisation, and nothing installed."""
    box = Box.empty()
    box.organization("octo", owners=["ann"])
    by = box.by("ann")
    with box.lock:
        repositories.create_repository(box, by, box.user("octo"), "app", labels=False)
        repositories.create_repository(box, by, box.user("ann"), "own", labels=False)
    with serve(box) as running:
        yield Installing(running, tmp_path / "home", tmp_path / "folder")
    assert box.bugs == []


@pytest.fixture
def unused_port() -> int:
    """A port nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
