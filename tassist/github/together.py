"""One request for everybody who wants the same thing: thirty looks of a repository need its labels, not thirty lists of them.

Nobody is given an answer to a request that was sent before they asked: what a look reads is never older than the look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Flight:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    begun: int = 0
    """How many requests were begun."""
    answered: tuple[int, object, Exception | None] | None = None
    """The last: which of those begun, and what became of it."""


class Together:
    """Requests under way, by what is asked for."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight] = {}

    async def ask(self, key: Hashable, ask: Callable[[], Awaitable[object]]) -> object:
        """The answer of ``ask``, or of another's that begins after this moment; its refusal as well.

        Args:
            key: Who asks for what; ``ask`` of the same key must be the same question.
            ask: Sends the request. One that is cancelled is nobody's answer.
        """
        flight = self._flights.setdefault(key, _Flight())
        arrived = flight.begun
        flight.waiting += 1
        try:
            async with flight.turn:
                if flight.answered is not None and flight.answered[0] > arrived:
                    _, value, error = flight.answered
                    if error is not None:
                        raise error
                    return value
                flight.begun += 1
                mine = flight.begun
                try:
                    value = await ask()
                except Exception as error:
                    flight.answered = (mine, None, error)
                    raise
                flight.answered = (mine, value, None)
                return value
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                self._flights.pop(key, None)
