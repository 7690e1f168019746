"""One request for everybody who wants the same thing: thirty looks of a repository need its labels, not thirty lists of them.

Nobody is given an answer to a request that was sent before the moment they name, which is that in which they ask unless
they know of an earlier one that is good enough: what a look reads is never older than what it was asked for by.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

KEEP_S = 1.0
"""How old an answer may be at most, whatever moment was named."""


@dataclass(frozen=True, slots=True)
class _Answered:
    number: int
    """Which of the requests begun."""
    began_s: float
    value: object
    error: Exception | None


@dataclass(slots=True)
class _Flight:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    begun: int = 0
    """How many requests were begun."""
    answered: _Answered | None = None
    """The last."""
    not_before_s: float = float("-inf")
    """What was sent before then is only for those who ask as ever: we changed the thing ourselves."""


class Together:
    """Requests under way or answered a moment ago, by who asks for what."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._flights: OrderedDict[tuple[str, Hashable], _Flight] = OrderedDict()

    async def ask(
        self, scope: str, what: Hashable, ask: Callable[[], Awaitable[object]], *, since_s: float | None = None
    ) -> object:
        """The answer of ``ask``, or of another's that begins after this moment; its refusal as well.

        Args:
            scope: Who asks.
            what: For what; ``ask`` of the same scope must be the same question.
            ask: Sends the request. One that is cancelled is nobody's answer.
            since_s: The answer to a request that was sent after then, within a second, is good enough.
        """
        asked_s = self._monotonic()
        self._forget_old(asked_s)
        key = (scope, what)
        flight = self._flights.setdefault(key, _Flight())
        arrived = flight.begun
        flight.waiting += 1
        try:
            async with flight.turn:
                last = flight.answered
                if last is not None and last.number > arrived:
                    if last.error is not None:
                        raise last.error
                    return last.value
                if last is not None and since_s is not None and last.error is None:
                    oldest_s = max(since_s, flight.not_before_s, asked_s - KEEP_S)
                    if last.began_s > oldest_s:
                        return last.value
                flight.begun += 1
                number, began_s = flight.begun, self._monotonic()
                try:
                    value = await ask()
                except Exception as error:
                    flight.answered = _Answered(number, began_s, None, error)
                    raise
                flight.answered = _Answered(number, began_s, value, None)
                self._flights.move_to_end(key)
                return value
        finally:
            flight.waiting -= 1
            if not flight.waiting and (flight.answered is None or flight.answered.error is not None):
                self._flights.pop(key, None)

    def changed(self, scope: str) -> None:
        """Whoever asks from now on is not given what was asked for before: this scope's own write may have changed it."""
        now_s = self._monotonic()
        for (whose, _), flight in self._flights.items():
            if whose == scope:
                flight.not_before_s = now_s

    def _forget_old(self, now_s: float) -> None:
        """Forget answers that are too old for anybody; they are in the order in which they came."""
        while self._flights:
            key, flight = next(iter(self._flights.items()))
            if flight.waiting or (flight.answered is not None and flight.answered.began_s > now_s - KEEP_S):
                return
            del self._flights[key]
