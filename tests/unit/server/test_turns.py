"""When looks begin, on a virtual clock: after answers, apart from each other, and never held up for long."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Coroutine

from hypothesis import given, settings
from hypothesis import strategies as st

from tassist.server.turns import STEP_S, Turns
from tassist.store.model import LaneKey
from tests.simulation.loop import VirtualLoop

ASIDE_S, APART_S = 0.2, 0.25
_MOMENT_S = 1e-5
"""The virtual clock's own step, and what adding fractions costs."""
moments = st.floats(0.0, 3.0, allow_nan=False)


def run(story: Coroutine[object, object, None]) -> None:
    VirtualLoop(random.Random(0)).run(story)


def turns(*rushes: tuple[float, float]) -> Turns:
    """With rushes from then to then."""
    return Turns(
        lambda: any(since <= asyncio.get_running_loop().time() < until for since, until in rushes),
        aside_s=ASIDE_S,
        apart_s=APART_S,
    )


@settings(deadline=None)
@given(st.lists(st.tuples(moments, moments), max_size=6), st.lists(moments, min_size=1, max_size=6))
def test_looks_begin_when_a_rush_is_over_and_never_wait_for_longer_than_a_moment(
    rushes: list[tuple[float, float]], asked: list[float]
) -> None:
    async def ask(all_of_them: Turns, at_s: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(at_s)
        asked_s = loop.time()
        await all_of_them.after_answers()
        now_s = loop.time()
        held_s = now_s - asked_s

        assert held_s <= ASIDE_S + _MOMENT_S
        # Whoever waited for less than that did so for a rush, and is told of its end within a step.
        ended_s = max((until for since, until in rushes if since <= now_s), default=0.0)
        assert held_s >= ASIDE_S - _MOMENT_S or not all_of_them._busy()
        assert held_s == 0 or held_s >= ASIDE_S - _MOMENT_S or now_s <= max(ended_s, asked_s) + STEP_S + _MOMENT_S

    async def story() -> None:
        all_of_them = turns(*rushes)
        await asyncio.gather(*(ask(all_of_them, at_s) for at_s in asked))

    run(story())


async def _alone() -> None:
    loop = asyncio.get_running_loop()
    one = turns()
    await one.after_answers()
    await one.apart(LaneKey(7, 1))
    await one.apart(LaneKey(7, 2))
    assert loop.time() == 0, "where there is no rush nothing waits for anything"
    await one.apart(LaneKey(7, 1))
    assert abs(loop.time() - APART_S) <= _MOMENT_S


def test_a_delivery_alone_waits_for_nothing() -> None:
    run(_alone())


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0.0, 2.0)), min_size=1, max_size=60), st.floats(0.0, 0.1))
def test_looks_at_one_issue_keep_apart_and_cover_whatever_came(
    arrivals: list[tuple[int, float]], look_s: float
) -> None:
    begun: dict[int, list[float]] = defaultdict(list)
    waits: Counter[int] = Counter()

    async def looks(all_of_them: Turns, number: int) -> None:
        """As the dispatcher does: as long as something waits, the next look."""
        loop = asyncio.get_running_loop()
        while waits[number]:
            asked_s = loop.time()
            await all_of_them.apart(LaneKey(7, number))
            assert loop.time() - asked_s <= APART_S + _MOMENT_S
            begun[number].append(loop.time())
            waits[number] = 0
            await asyncio.sleep(look_s)

    async def story() -> None:
        loop = asyncio.get_running_loop()
        all_of_them = turns()
        under_way: dict[int, asyncio.Task[None]] = {}
        for number, at_s in sorted(arrivals, key=lambda arrival: arrival[1]):
            await asyncio.sleep(max(at_s - loop.time(), 0.0))
            waits[number] += 1
            if number not in under_way or under_way[number].done():
                under_way[number] = asyncio.create_task(looks(all_of_them, number))
        await asyncio.gather(*under_way.values())

    run(story())

    for number, at in begun.items():
        came = [at_s for which, at_s in arrivals if which == number]
        assert all(after - before >= APART_S - _MOMENT_S for before, after in itertools.pairwise(at))
        assert at[-1] >= max(came) - _MOMENT_S, "the last look began after the last delivery"
        if max(came) - min(came) < APART_S - 2 * _MOMENT_S:
            assert len(at) <= 2
    assert set(begun) == {number for number, _ in arrivals}


def test_what_began_long_ago_is_forgotten() -> None:
    one = turns()

    async def story() -> None:
        for number in range(1000):
            await one.apart(LaneKey(7, number))
            await asyncio.sleep(0.01)

    run(story())

    assert len(one._begun) <= APART_S / 0.01 + 1
