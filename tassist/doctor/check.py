"""What a check is, and what it says: a state, a sentence, the reason, and the fix in words."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

from engine.problems import Problem
from tassist.config.settings import Settings

T = TypeVar("T")
R = TypeVar("R")


class State(StrEnum):
    """How a thing stands."""

    OK = "ok"
    WARNING = "warning"
    """It works, and something about it may hurt later."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """It could not be looked at, or there is nothing to look at; the sentence says why."""
    WAITING = "waiting"
    """Somebody has to do something elsewhere, such as approve an installation."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. Texts are ours or made safe; never a secret."""

    state: State
    said: str
    """One sentence without its full stop."""
    why: str = ""
    fix: str = ""
    """What a person types or does."""
    mendable: bool = False
    """The check's own `Check.mend` would put it right."""


def ok(said: str) -> Finding:
    """It stands well."""
    return Finding(State.OK, said)


def warning(said: str, why: str = "", fix: str = "", *, mendable: bool = False) -> Finding:
    """It works, for now."""
    return Finding(State.WARNING, said, why, fix, mendable)


def failed(said: str, why: str = "", fix: str = "", *, mendable: bool = False) -> Finding:
    """It does not work."""
    return Finding(State.FAILED, said, why, fix, mendable)


def skipped(said: str) -> Finding:
    """Not looked at, and why."""
    return Finding(State.SKIPPED, said)


def waiting(said: str, why: str = "", fix: str = "") -> Finding:
    """Somebody else's turn."""
    return Finding(State.WAITING, said, why, fix)


def from_problem(problem: Problem) -> Finding:
    """A problem as a finding."""
    where = f"{problem.where}: " if problem.where and str(problem.where) else ""
    state = State.WAITING if problem.family == "waiting" else State.FAILED
    return Finding(state, f"{where}{problem.what}", problem.why, problem.fix)


def from_problems(problems: tuple[Problem, ...]) -> Finding:
    """Several problems as one finding: the first one's words, and how many more there are with theirs."""
    first = from_problem(problems[0])
    rest = "; ".join(from_problem(problem).said for problem in problems[1:])
    return Finding(first.state, f"{first.said}; {rest}" if rest else first.said, first.why, first.fix)


@dataclass(frozen=True)
class Check(Generic[T]):
    """One check. ``T`` is what it looks at."""

    id: str
    """What ``--only`` and ``--fix`` take."""
    title: str
    explains: str
    """What is looked at and why it matters, for the reference."""
    look: Callable[[T], Awaitable[Finding]]
    """Changes nothing. Bounded by the deadline of whoever runs it."""
    mend: Callable[[T], Awaitable[str]] | None = None
    """Puts right what `Finding.mendable` marks; returns what was done. Raises ``ProblemError``."""
    mends: str = ""
    """What `mend` does, as an order: ``make the folder private``."""


@dataclass(frozen=True)
class Machine:
    """What the checks of this machine look at; found once."""

    settings: Settings | None
    """``None`` where they cannot be read: then `settings_problems` say why."""
    settings_problems: tuple[Problem, ...]
    environment: Mapping[str, str] = field(repr=False)
    home: Path
    folder: Path
    """The current one."""
    dotenv: Path
    now: Callable[[], datetime]
    github: str = "https://api.github.com"
    """Root of the API, judged already."""
    serving: str = ""
    """The process that holds the journal, where one serves."""
    streams: tuple[bool, bool, bool] = (True, True, True)
    """Whether stdin, stdout and stderr are terminals."""
    size: tuple[int, int] = (80, 24)
    """Columns and lines."""
    encoding: str = "utf-8"
    """Of stdout."""
    python: tuple[int, int, int] = (3, 11, 0)


def blocking(look: Callable[[T], R]) -> Callable[[T], Awaitable[R]]:
    """A check that blocks, made to wait for.

    It runs in a thread that the process does not wait for at its end: a name server that never answers cannot be
    interrupted, only left behind.
    """

    async def awaited(place: T) -> R:
        return await apart(lambda: look(place))

    return awaited


async def apart(call: Callable[[], R]) -> R:
    """Run something that blocks in a thread of its own that is left behind when nobody waits any more."""
    done: Future[R] = Future()

    def run() -> None:
        try:
            value = call()
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
            if not done.cancelled():
                done.set_exception(error)
            return
        if not done.cancelled():
            done.set_result(value)

    threading.Thread(target=run, name="doctor", daemon=True).start()
    return await asyncio.wrap_future(done)
