"""When a look may begin: after the answers of a rush, and a moment after the look at the same issue before it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tassist.store.model import LaneKey

STEP_S = 0.01
"""How often it is asked whether a rush is over."""


class Turns:
    """Lets looks wait, never long; one for each dispatcher, in its loop."""

    def __init__(self, busy: Callable[[], bool], *, aside_s: float, apart_s: float) -> None:
        """Args beyond the obvious.

        Args:
            busy: Whether answering deliveries comes first right now.
            aside_s: For how long looks step aside for answers at most, before some begin after all.
            apart_s: Between the beginnings of two looks at one issue.
        """
        self._busy = busy
        self._aside_s = aside_s
        self._apart_s = apart_s
        self._begun: dict[LaneKey, float] = {}
        """When the looks of the last moment began, the oldest first."""

    async def after_answers(self) -> None:
        """Wait while many deliveries wait for their answer.

        GitHub waits for an answer and nobody for a look; what still comes may concern the same issues, too. A rush without
        an end holds looks up for a moment each time only.
        """
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._aside_s
        while self._busy() and (left_s := until_s - loop.time()) > 0:  # noqa: ASYNC110 – of a rush nobody says that it is over
            await asyncio.sleep(min(STEP_S, left_s))

    async def apart(self, key: LaneKey) -> None:
        """Wait where a look at the issue began a moment ago, so that one more covers all that is coming meanwhile."""
        loop = asyncio.get_running_loop()
        over_s = loop.time() - self._apart_s
        while self._begun and self._begun[oldest := next(iter(self._begun))] <= over_s:
            del self._begun[oldest]
        before_s = self._begun.pop(key, None)
        if before_s is not None:
            await asyncio.sleep(before_s - over_s)
        self._begun[key] = loop.time()
