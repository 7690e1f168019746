"""Sharing what many looks read, on a virtual clock: an answer is never older than who asked allows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tassist.github.together import KEEP_S, Together
from tests.simulation.loop import VirtualLoop

moments = st.floats(0.0, 4.0)


def run(story: Coroutine[object, object, None]) -> None:
    VirtualLoop(random.Random(0)).run(story)


class World:
    """A thing that is read: the answer is the moment at which the request was sent."""

    def __init__(self, takes_s: float = 0.0) -> None:
        self.takes_s = takes_s
        self.sent: list[float] = []
        self.failing = False
        self.together = Together(self.now_s)

    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def read(self, since_s: float | None = None, *, scope: str = "installation:1") -> float:
        async def ask() -> float:
            self.sent.append(self.now_s())
            await asyncio.sleep(self.takes_s)
            if self.failing:
                raise ValueError("refused")
            return self.sent[-1]

        found = await self.together.ask(scope, "/labels", ask, since_s=since_s)
        assert isinstance(found, float)
        return found


@settings(deadline=None)
@given(
    st.lists(st.tuples(moments, st.none() | st.floats(0.0, 2.0)), min_size=1, max_size=12),
    st.floats(0.0, 1.5),
    st.lists(moments, max_size=3),
)
def test_no_answer_is_older_than_what_was_asked_for(
    asking: list[tuple[float, float | None]], takes_s: float, writes: list[float]
) -> None:
    async def one(world: World, at_s: float, earlier_s: float | None) -> None:
        await asyncio.sleep(at_s)
        asked_s = world.now_s()
        since_s = None if earlier_s is None else asked_s - earlier_s
        changed_s = max((moment for moment in changed if moment <= asked_s), default=-1.0)
        sent_s = await world.read(since_s)

        assert sent_s >= asked_s or (
            since_s is not None and sent_s > since_s and sent_s > asked_s - KEEP_S and sent_s >= changed_s
        )

    async def write(world: World, at_s: float) -> None:
        await asyncio.sleep(at_s)
        changed.append(world.now_s())
        world.together.changed("installation:1")

    changed: list[float] = []

    async def story() -> None:
        world = World(takes_s)
        await asyncio.gather(*(one(world, *each) for each in asking), *(write(world, at_s) for at_s in writes))
        assert len(world.sent) <= len(asking)
        await asyncio.sleep(2 * KEEP_S)
        await world.together.ask("another", "/x", _nothing)
        assert len(world.together._flights) == 1, "what is too old for anybody is forgotten"

    run(story())


async def _nothing() -> None:
    pass


def test_looks_that_were_asked_for_before_a_read_share_it() -> None:
    async def story() -> None:
        world = World()
        await asyncio.sleep(10)
        found = []
        for _ in range(5):
            found.append(await world.read(9.5))
            await asyncio.sleep(0.1)
        assert found == [10.0] * 5
        assert world.sent == [10.0]

        assert await world.read(10.2) == pytest.approx(10.5), "it was asked for by something that came after that read"
        assert await world.read(9.5, scope="installation:2") == pytest.approx(10.5)
        assert await world.read() == pytest.approx(10.5)
        assert len(world.sent) == 4, "another scope, and whoever knows of no moment, reads for itself"
        await asyncio.sleep(2)
        assert await world.read(9.5) == pytest.approx(12.5), "what is older than a second is too old for anybody"

    run(story())


def test_our_own_write_ends_what_is_shared() -> None:
    async def story() -> None:
        world = World()
        await world.read(-1.0)
        await asyncio.sleep(0.1)
        world.together.changed("installation:1")
        await asyncio.sleep(0.1)

        assert await world.read(-1.0) == pytest.approx(0.2)

    run(story())


def test_a_refusal_is_not_kept() -> None:
    async def story() -> None:
        world = World()
        world.failing = True
        with pytest.raises(ValueError, match="refused"):
            await world.read(-1.0)
        world.failing = False
        await asyncio.sleep(0.1)

        assert await world.read(-1.0) == pytest.approx(0.1)
        assert len(world.sent) == 2

    run(story())


def test_an_answer_that_was_long_on_its_way_is_too_old() -> None:
    async def story() -> None:
        world = World(takes_s=1.5)
        slow = asyncio.create_task(world.read())
        await asyncio.sleep(0.5)
        soon = asyncio.create_task(world.read(-5.0))
        await asyncio.sleep(0.7)
        late = asyncio.create_task(world.read(-5.0))

        assert await slow == await soon == 0.0
        assert await late == pytest.approx(1.5)

    run(story())
