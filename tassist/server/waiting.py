"""Sleeping until something happens, at most for a while."""

from __future__ import annotations

import asyncio
import contextlib


async def set_within(event: asyncio.Event, wait_s: float) -> None:
    """Sleep until the event is set, or for so many seconds.

    `asyncio.wait_for` of Python 3.11 loses a cancellation that comes in the moment in which the event is set: what was
    told to end would go on, and whoever waits for its end would wait for ever.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            await event.wait()
