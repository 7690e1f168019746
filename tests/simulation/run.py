"""One simulation from a seed: noise, then silence, then the judgement."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tassist.config import faults as points
from tassist.github import client
from tests.simulation.bugs import planted
from tests.simulation.epilogue import Epilogue
from tests.simulation.invariants import Violation
from tests.simulation.life import LIFE, Died
from tests.simulation.people import People
from tests.simulation.wire import SimTransport
from tests.simulation.world import World

SETTLE_S = 6 * 3600.0
"""Within so long after faults stop everything must be done."""
_CHANCES = {
    "after-store": 0.0008,
    "after-answer": 0.0008,
    "before-write": 0.004,
    "after-write": 0.004,
    "before-finish": 0.002,
    "after-finish": 0.002,
    "caught-one": 0.01,
}

_HARD = 40.0
"""So much likelier deaths are, where one is what a story is about."""


@dataclass
class Report:
    """What a simulation came to."""

    seed: int
    deliveries: int
    digest: str
    fired: dict[str, int]
    never: list[str]
    checked: dict[str, int]
    violation: Violation | None
    lives: int
    virtual_s: float
    real_s: float
    caught_up: int
    answered: dict[int, int]
    lines: list[str] = field(default_factory=list, repr=False)


def simulate(
    seed: int, deliveries: int, *, bug: str = "", without: frozenset[str] = frozenset(), traced: bool = False
) -> Report:
    """Simulate until so many deliveries were sent and everything came to rest.

    Args:
        seed: Decides everything.
        deliveries: To be sent, repetitions counted.
        bug: The planted bug; empty for none.
        without: Kinds of faults that shall not happen.
        traced: Keep the trace, not its digest alone.
    """
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    home = Path(tempfile.mkdtemp(prefix="tassist-simulation-", dir=base))
    began = time.perf_counter()
    world: World | None = None
    try:
        with _seams(seed), planted(bug):
            world = World(seed, home, without=without, traced=traced)
            world.loop.set_task_factory(_make_task)
            world.loop.run(_story(world, deliveries, late=seed % 3 == 0))
    finally:
        if world is not None:
            world.watch.close()
        shutil.rmtree(home, ignore_errors=True)
    return Report(
        seed,
        world.sent,
        world.digest,
        dict(sorted(world.faults.fired.items())),
        world.faults.never(),
        dict(world.watch.checked),
        world.watch.violation,
        world.lives,
        world.now_s,
        time.perf_counter() - began,
        world.caught_up,
        world.answered,
        world.lines,
    )


async def _story(world: World, deliveries: int, *, late: bool) -> None:
    telling = asyncio.ensure_future(_tell(world, deliveries, late=late))
    broken = asyncio.ensure_future(world.broken.wait())
    await asyncio.wait({telling, broken}, return_when=asyncio.FIRST_COMPLETED)
    if telling.done() and (error := telling.exception()) is not None:
        world.watch.holds("contained", False, f"the story itself ended: {error!r}")
    world.faults.active = False
    if world.life is not None:
        world.life.die("the end")
        world.life = None
    pending = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)


async def _tell(world: World, deliveries: int, *, late: bool) -> None:
    people = People(world)
    if late:
        await _come_late(world, people)
    else:
        world.start_life()
    await people.act(deliveries)
    if world.broken.is_set():
        return
    # Faults stop; what is on its way arrives, what was broken is mended.
    world.faults.active = False
    people.free_disk()
    world.polls_until_s = -1.0
    for repo in world.repos.values():
        people.unarchive(repo)
        people.bring_back(repo)
    for installation_id in world.installations:
        people.unsuspend(installation_id)
    await until(world, lambda: world.quiet and world.life is not None and world.life.ready, "webhooks to arrive")
    if world.life is not None and world.life.polling:
        world.life.die("restarted with a webhook")
        await until(world, lambda: world.life is not None and world.life.ready, "the service to be back")
    life = world.life
    assert life is not None
    # Longer than GitHub's longest wait and than the time in which two bots are noticed.
    await asyncio.sleep(3600)
    await life.do(life.catch_up())
    world.watch.missed()
    await until(world, life.idle, "work to be done")
    await _dead_ones_again(world)
    for repo in world.repos.values():
        people.reconfigure(repo)
    await until(world, lambda: world.quiet, "the push to arrive")
    await until(world, life.idle, "the new configuration to be applied")
    await _judge(world, "converged")
    life.pump()
    world.watch.journal()
    world.watch.settled_down()
    world.watch.deliveries()
    world.watch.telemetry(world.home / "telemetry")
    await Epilogue(world, people, until).tell()
    world.watch.holds("contained", not world.ended_by_itself, "the dispatcher ended by itself")


async def _come_late(world: World, people: People) -> None:
    """The App is installed for hours before the service is there, and its first reading of the log is broken off."""
    await people.be_away(12.0, changes=12)
    world.start_life()
    world.crashiness = _HARD
    await until(world, lambda: (life := world.life) is not None and life.has_caught_up, "the log to be read")
    world.crashiness = 1.0
    life = world.life
    assert life is not None
    world.watch.missed(life.ready_s)  # what its own writes cause since then may be on its way


async def until(world: World, condition: Callable[[], bool], what: str) -> None:
    until_s = world.now_s + SETTLE_S
    while not condition():
        if world.now_s > until_s:
            world.watch.holds("alive", False, f"waited {SETTLE_S / 3600:.0f} h for {what}")
            return
        await asyncio.sleep(20)
    world.watch.holds("alive", True, "")


async def _judge(world: World, invariant: str) -> None:
    for repo in world.repos.values():
        for issue in repo.issues.values():
            left = world.watch.wants(repo, issue, world.now_s)
            where = f"{repo.name}#{issue.number}"
            world.watch.holds(invariant, not left, f"{where} still wants {left}")


async def _dead_ones_again(world: World) -> None:
    life = world.life
    assert life is not None
    assert life.journal is not None
    for row in life.journal.deliveries(limit=50, state="dead"):
        world.watch.reopened.add(row.delivery_id)
        if await world.redeliver(row.delivery_id):
            [again] = life.journal.find(row.delivery_id)
            world.watch.holds("redelivery reopens", again.state != "dead", f"{row.delivery_id} stays dead")
    await until(world, life.idle, "what was given up to be done")


def _make_task(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **options)
    life = LIFE.get()
    if life is not None:
        life.tasks[task] = None
        if life.dead:
            task.cancel()
        main = len(life.tasks) == 1 and not life.ready

        def ended(done: asyncio.Task[Any]) -> None:
            life.tasks.pop(done, None)
            error = None if done.cancelled() else done.exception()
            if main and not life.dead:
                life.world.ended_by_itself = True
                life.watch.holds("contained", False, f"the dispatcher ended by itself: {error!r}")

        task.add_done_callback(ended)
    return task


@contextmanager
def _seams(seed: int) -> Iterator[None]:
    """Put the simulation's dice, wire and deaths where the product has chance, sockets and signals."""
    dice = random.Random(f"product {seed}")
    log = logging.getLogger("tassist")
    before: list[tuple[Any, str, Any]] = []

    def put(where: Any, name: str, value: Any) -> None:
        before.append((where, name, getattr(where, name)))
        setattr(where, name, value)

    def point(name: str) -> None:
        life = LIFE.get()
        if life is None:
            return
        life.must_live()
        if name == "mid-record-append":
            life.die(name)
            raise Died
        life.die_at(name, _CHANCES[name])

    def armed(name: str) -> bool:
        life = LIFE.get()
        return life is not None and life.ready and life.world.faults.strikes(f"crash:{name}", 0.004)

    def transport(timeouts: Any, **_: Any) -> SimTransport:
        life = LIFE.get()
        assert life is not None
        return SimTransport(life, timeouts)

    put(secrets, "token_hex", lambda count: f"{dice.getrandbits(8 * count):0{2 * count}x}")
    put(random, "uniform", dice.uniform)
    put(points, "point", point)
    put(points, "armed", armed)
    put(client, "Transport", transport)
    level, log.level = log.level, logging.CRITICAL + 1
    log.manager._clear_cache()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        log.level = level
        log.manager._clear_cache()  # type: ignore[attr-defined]
        for where, name, value in reversed(before):
            setattr(where, name, value)
