"""Runs checks side by side, each within its deadline, so that one that hangs keeps none of the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.problems import ProblemError
from tassist.doctor.check import Check, Finding, State, failed, from_problems
from tassist.errors import redact
from tassist.text import safe_text

T = TypeVar("T")
DEADLINE_S = 2.0
"""For all of them, since they run side by side: the answer is there in under three seconds."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A check and what it found."""

    id: str
    title: str
    finding: Finding
    seconds: float
    mends: str = ""
    """What its fix would do, where it would put this right."""


async def examine(
    checks: Sequence[tuple[Check[T], T]],
    *,
    deadline_s: float = DEADLINE_S,
    told: Callable[[Examined], None] | None = None,
) -> tuple[Examined, ...]:
    """Run checks and return what they found, in their own order.

    Args:
        checks: Each with what it looks at.
        deadline_s: Seconds, for every one of them.
        told: Hears of each as soon as it is done.
    """

    async def one(check: Check[T], place: T) -> Examined:
        began = time.monotonic()
        finding = await _within(check, place, deadline_s)
        done = Examined(
            check.id,
            check.title,
            finding,
            round(time.monotonic() - began, 3),
            check.mends if finding.mendable and check.mend is not None else "",
        )
        if told is not None:
            told(done)
        return done

    return tuple(await asyncio.gather(*(one(check, place) for check, place in checks)))


async def _within(check: Check[Any], place: Any, deadline_s: float) -> Finding:
    try:
        async with asyncio.timeout(deadline_s):
            return await check.look(place)
    except TimeoutError:
        return failed(
            f"no answer within {deadline_s:g} s",
            "whatever is asked there does not answer",
            "try again; more time is given with --timeout",
        )
    except ProblemError as error:
        return from_problems(error.problems)
    except Exception as error:  # noqa: BLE001 - a check that breaks must not keep the others' findings from a person
        said = safe_text(redact(str(error)), max_chars=200)
        return failed(
            f"the check itself went wrong: {type(error).__name__}",
            said,
            "this is a bug in tassist; please report it",
        )


def worst(found: Sequence[Examined]) -> State:
    """What decides the exit code: failed, else waiting, else warning, else ok."""
    states = {item.finding.state for item in found}
    return next((state for state in (State.FAILED, State.WAITING, State.WARNING) if state in states), State.OK)
