"""The client under GitHub's limits: what it waits for, what it hands back, and how it spaces its writes."""

from __future__ import annotations

import asyncio

import pytest

from engine.ports import Retry
from tassist.github.client import Patience
from tassist.github.faults import Kind, Refused
from tassist.github.limits import UNLIMITED, Limits
from tassist.github.wire import LabelWire, RepoWire
from tests.integration.github.asking import WHO, Named, api
from tests.integration.github.conftest import Connect
from tests.support.scripted import Asked, Reply, Scripted


async def test_h41_after_a_429_nothing_more_is_sent_to_that_installation(connect: Connect) -> None:
    limited = Reply(429, body={"message": "secondary rate limit"}, headers={"retry-after": "120"})
    async with Scripted(limited, Reply(body={"id": 1})).running() as server:
        client = connect(api(server))
        for _ in range(3):
            with pytest.raises(Retry) as raised:
                await client.get("/x", RepoWire, Named())
            assert 118 < (raised.value.after_s or 0) <= 120
        with pytest.raises(Retry):
            await client.write("POST", "/x", RepoWire, Named(), repeatable=False)
        assert len(server.asked) == 1

        assert (await client.get("/x", RepoWire, Named("installation:2"))).value.id == 1


async def test_h40_a_used_up_hour_waits_for_its_reset(connect: Connect) -> None:
    limited = Reply(
        403,
        body={"message": "API rate limit exceeded"},
        headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9999999999"},
    )
    async with Scripted(limited).running() as server:
        client = connect(api(server))
        for _ in range(2):
            with pytest.raises(Retry) as raised:
                await client.get("/x", RepoWire, WHO)
            assert raised.value.problems[0].code == "github-rate-primary"
            assert 3500 < (raised.value.after_s or 0) <= 3600

    assert len(server.asked) == 1


async def test_h41_a_short_limit_is_slept_through_but_not_for_ever(connect: Connect) -> None:
    limited = Reply(403, body={"message": "secondary rate limit"}, headers={"retry-after": "1"})
    slept: list[float] = []

    class Time:
        now = 100.0

        async def sleep(self, seconds: float) -> None:
            slept.append(seconds)
            self.now += seconds

    time = Time()
    quick = {"patience": Patience(hold_s=5), "monotonic": lambda: time.now, "sleep": time.sleep}
    async with Scripted(limited, Reply(body={"id": 4})).running() as server:
        assert (await connect(api(server), **quick).get("/x", RepoWire, WHO)).value.id == 4
    assert slept == [1.0]

    async with Scripted(limited).running() as server:
        with pytest.raises(Retry):
            await connect(api(server), **quick).get("/x", RepoWire, WHO)
    assert len(server.asked) == 4


async def test_h48_a_401_that_stays_is_not_asked_for_ever(connect: Connect) -> None:
    async with Scripted(Reply(401, body={"message": "Bad credentials"})).running() as server:
        who = Named()
        with pytest.raises(Refused) as raised:
            await connect(api(server)).get("/x", RepoWire, who)

    assert raised.value.fault.kind == Kind.UNAUTHORIZED
    assert len(server.asked) == who.refusals + 1 == 13


async def test_writes_of_one_installation_go_one_after_the_other(connect: Connect) -> None:
    busy = 0
    most = 0

    async def slow(asked: Asked) -> Reply:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.01)
        busy -= 1
        return Reply(body=[])

    async with Scripted(by=slow).running() as server:
        client = connect(api(server), limits=Limits(write_spacing_s=0.02, points_burst=1e9))
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.gather(*(client.write("POST", "/x", list[LabelWire], Named(), repeatable=True) for _ in range(6)))
        took = loop.time() - started

    assert most == 1
    assert took >= 0.1, "five spaces of 0.02 s lie between six writes"


async def test_a_server_without_limits_is_written_to_at_once(connect: Connect) -> None:
    all_there = asyncio.Barrier(3)

    async def together(_: Asked) -> Reply:
        await all_there.wait()  # none is answered before three have come
        return Reply(body=[])

    async with Scripted(by=together).running() as server:
        client = connect(api(server), limits=UNLIMITED)
        await asyncio.gather(*(client.write("POST", "/x", list[LabelWire], Named(), repeatable=True) for _ in range(3)))

    assert len(server.asked) == 3
