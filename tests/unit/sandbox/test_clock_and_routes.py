"""The box's clock, its table of routes, and its serving."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from engine.problems import ProblemError
from tassist.sandbox import Box, aserve, serve
from tassist.sandbox.calls import ROUTES, RouteTable
from tassist.sandbox.clock import Clock

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_clock_runs_on_from_where_it_is_set() -> None:
    clock = Clock()
    clock.set(DAY)
    assert DAY <= clock.now() < DAY + timedelta(minutes=1)
    clock.advance(3600)
    assert DAY + timedelta(hours=1) <= clock.now() < DAY + timedelta(hours=1, minutes=1)


def test_a_frozen_clock_stands_still_and_goes_on_from_there() -> None:
    clock = Clock()
    clock.freeze()
    clock.set(DAY)
    assert clock.now() == clock.now() == DAY
    assert clock.advance(-60) == DAY - timedelta(minutes=1)
    clock.unfreeze()
    assert timedelta(0) <= clock.now() - (DAY - timedelta(minutes=1)) < timedelta(minutes=1)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        Clock().set(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_no_two_routes_are_the_same_and_a_spelled_out_segment_wins() -> None:
    with serve(Box.empty()):
        pass
    assert len({(route.method, route.pattern) for route in ROUTES}) == len(ROUTES)
    table = RouteTable(ROUTES)
    found = table.find("GET", ["repos", "o", "r", "issues", "comments"])
    assert found is not None
    assert found[0].pattern == "/repos/{owner}/{repo}/issues/comments"
    found = table.find("GET", ["repos", "o", "r", "labels", "a/b"])
    assert found is not None
    assert found[1]["name"] == "a/b"


def test_every_write_to_a_repository_names_the_permission_it_needs() -> None:
    without = [
        f"{route.method} {route.pattern}"
        for route in ROUTES
        if "{repo}" in route.pattern and route.is_write and not route.needs
    ]

    assert without == []


def test_h83_a_port_in_use_is_a_problem_with_a_remedy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ProblemError) as refused, serve(Box.empty(), port=port):
            pass

    assert refused.value.problems[0].code == "port-in-use"
    assert f"127.0.0.1:{port}" in refused.value.problems[0].what


async def test_a_box_serves_asynchronous_code_and_again_after_an_end() -> None:
    box = Box.seeded()
    for _ in range(2):
        async with aserve(box) as running, httpx.AsyncClient(trust_env=False, verify=False) as client:
            answer = await client.get(f"{running.api_url}/repos/acme-demo/storefront")
            assert answer.json()["url"] == f"{running.api_url}/repos/acme-demo/storefront"
            assert await box.webhooks.idle(timeout=1)


def test_an_end_with_open_connections_and_requests_leaves_nothing() -> None:
    box = Box.empty()
    with serve(box) as running, httpx.Client(trust_env=False, verify=False) as client:
        assert client.get(f"{running.api_url}/meta").status_code == 200
        port = running.port
        with socket.create_connection(("127.0.0.1", port)) as idle:
            idle.sendall(b"POST /api/v3/meta HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
