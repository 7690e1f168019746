"""Says every day, in a record, how far shadow and legacy agree."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from engine.ports import Clock
from engine.problems import ProblemError
from tassist.services.migrate.shadow import Shadows, daily_record, days, judgements

LOOK_EVERY_S = 600.0
LATEST = timedelta(days=7)
"""Days longer ago are not said again after a long absence."""


async def daily(home: Path, emit: Callable[[bytes], None], clock: Clock, *, every_s: float = LOOK_EVERY_S) -> None:
    """For each repository in shadow, one record for each day that is over; until cancelled.

    A record that is emitted again is the same record, so nobody needs to remember which were.
    """
    said: set[tuple[int, str]] = set()
    while True:
        # A shadow that cannot be read is said by the look that needs it; here it is tried again.
        with contextlib.suppress(ProblemError, OSError):
            emit_due(home, emit, clock.now(), said)
        await asyncio.sleep(every_s)


def emit_due(home: Path, emit: Callable[[bytes], None], now: datetime, said: set[tuple[int, str]]) -> int:
    """The records of days that are over and not in ``said``; how many."""
    count = 0
    for place, shadow in Shadows(home).all():
        for day in days(judgements(place)):
            key = (shadow.repo_id, day.day.isoformat())
            if key in said or not now.date() - LATEST <= day.day < now.date():
                continue
            emit(daily_record(shadow, day, datetime.combine(day.day, time(23, 59, 59), UTC)))
            said.add(key)
            count += 1
    return count
