"""Holds an issue while something is done to it beside a running service, so that no look at it begins meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from engine.model import IssueRef
from engine.ports import Clock, Retry
from engine.problems import Problem, ProblemError
from tassist.store.database import ServeLock
from tassist.store.journal import Journal as OneFile
from tassist.store.model import LaneKey
from tassist.store.place import Where, home_of
from tassist.store.ports import Journal

HOLD_S = 300.0
"""A hold runs out by itself after so long; each step prolongs it."""
STEP_S = 240.0
"""A step that takes longer is broken off, while the hold still lasts."""
WAIT_S = 60.0
"""How long a look that is under way is waited for."""
_POLL_S = 0.1


@asynccontextmanager
async def holding(
    journal: Journal, home: Where, ref: IssueRef, *, owner: str, clock: Clock, wait_s: float = WAIT_S
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Hold the issue; gives what prolongs the hold, to be called before each write.

    Args:
        journal: The service's journal.
        home: Its folder.
        ref: The issue, with its repository's id.
        owner: Names the holder; two never share one.
        clock: The present.
        wait_s: How long a look under way is waited for.

    Raises:
        ProblemError: the issue is being looked at for too long, or somebody else holds it.
    """
    key = LaneKey(ref.repo_id, ref.number)
    loop = asyncio.get_running_loop()
    give_up_s = loop.time() + wait_s
    while not await _take(journal, home, key, owner, clock):
        if loop.time() > give_up_s:
            raise ProblemError(_busy(ref))
        await asyncio.sleep(_POLL_S)

    async def prolong() -> None:
        now = clock.now()
        if not await journal.holds.take(key, owner, until=now + timedelta(seconds=HOLD_S), now=now):
            raise Retry(_busy(ref))

    try:
        yield prolong
    finally:
        await asyncio.shield(journal.holds.release(key, owner))


async def _take(journal: Journal, home: Where, key: LaneKey, owner: str, clock: Clock) -> bool:
    now = clock.now()
    until = now + timedelta(seconds=HOLD_S)
    if await journal.holds.take(key, owner, until=until, now=now):
        return True
    if not isinstance(journal, OneFile):
        return False
    with ServeLock(home_of(home)) as lock:
        # Nobody serves, and nobody can begin to while the lock is ours: a look that was counted is a dead one's.
        return lock.acquire() and await journal.holds.take(key, owner, until=until, now=now, nobody_looks=True)


def _busy(ref: IssueRef) -> Problem:
    return Problem(
        "issue-being-worked-on",
        f"{ref} is being looked at, or somebody else works on it",
        "two that write to one issue at once would undo each other",
        "try again in a moment",
        family="world",
    )
