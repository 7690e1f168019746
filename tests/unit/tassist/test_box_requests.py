"""The box's log of requests: what it forgets is counted all the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tassist.sandbox import requests
from tassist.sandbox.auth import ActorKind
from tassist.sandbox.requests import Request, Requests


def request(method: str = "PATCH", status: int = 200, kind: ActorKind = "installation") -> Request:
    """One about an issue."""
    path = "/repos/acme/shop/issues/1"
    return Request(method, path, "", path, status, kind, "bot", datetime(2026, 1, 1, tzinfo=UTC), True, b"")


def test_writes_are_counted_also_when_they_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "KEPT", 10)
    log = Requests()

    for _ in range(30):
        log.add(request())
        log.add(request("GET"))
        log.add(request(status=422))
        log.add(request(kind="user"))

    assert (log.written, len(log)) == (30, 10)
    assert len(log.writes) < 10
    log.clear()
    assert (log.written, len(log)) == (0, 0)
