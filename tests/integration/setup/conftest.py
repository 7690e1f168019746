"""GitHub in a box, and an installer beside it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installing import Elsewhere, Installing, nothing_installed


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


@pytest.fixture
def elsewhere(installing: Installing, tmp_path: Path) -> Elsewhere:
    """Another machine, with an App named Tidy of theirs."""
    other = Installing(installing.running, tmp_path / "other", tmp_path / "elsewhere")
    assert other.tassist("setup", "--answers", str(other.answers(app_name="Tidy of theirs"))).code == 0
    exported = other.tassist("setup", "export")
    file = tmp_path / "app.line"
    file.touch(0o600)
    file.write_text(exported.out)
    passphrase = next(line.split()[1] for line in exported.err.splitlines() if line.startswith("passphrase"))
    return Elsewhere(other, file, passphrase)
