"""What every test gets: a fixed time zone and locale, an empty home, and no network beyond this machine."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.canaries import _watched_outputs, pytest_runtest_makereport

__all__ = ["_watched_outputs", "pytest_runtest_makereport"]

_LOCAL = ("127.", "::1", "localhost", "0.0.0.0")


@pytest.fixture(autouse=True)
def _still_world(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test depends on the person's machine: home, time zone, locale and credentials are the same everywhere."""
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "TASSIST_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.delenv("TASSIST_HOME")
    for name in (
        "GITHUB_TOKEN",
        "GITHUB_APP_ID",
        "APP_ID",
        "GITHUB_PRIVATE_KEY",
        "GITHUB_WEBHOOK_SECRET",
        "GITHUB_API_URL",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("NO_COLOR", "1")
    time.tzset()


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """A test that reaches beyond this machine fails at once, with the address it wanted."""
    patch = pytest.MonkeyPatch()
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(_LOCAL):
            raise AssertionError(f"a test wanted the network: {address}")
        return connect(self, address)

    patch.setattr(socket.socket, "connect", local_only)
    yield
    patch.undo()


@pytest.fixture
def project_root() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of an empty database of this session's own; skips where no PostgreSQL is at hand."""
    from tests.support import postgres

    with postgres.database(postgres.needed()) as address:
        yield address
