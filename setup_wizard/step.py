"""What a step of the installer is: it looks whether the world is already so, changes it, and proves that it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from typing_extensions import override

from engine.problems import Problem
from setup_wizard.known import Known
from setup_wizard.outcome import Found, Outcome
from setup_wizard.ports import World


class Step(Protocol):
    """One step. It keeps no state of its own: whatever it needs later it has ``learned``, or finds in the world."""

    id: str
    """What ``--redo`` takes, such as ``app``."""
    title: str
    """Two or three words for the rail."""
    questions: tuple[str, ...]
    """The questions it depends on; ``--redo`` asks them again."""
    undo: str
    """How a person takes it back; empty where nothing is changed."""

    async def check(self, known: Known, world: World) -> Found:
        """Whether the world is already so; changes nothing.

        Raises:
            ProblemError: it cannot be found out.
        """
        ...

    async def apply(self, known: Known, world: World) -> Outcome:
        """Make it so. Called again after a crash or a failure: doing it twice does no harm.

        Raises:
            ProblemError: it did not work.
        """
        ...

    async def arrived(self, known: Known, world: World) -> Outcome:
        """After `apply` said `Waiting`: return when what was waited for has come. Cancelled when it is not wanted any more."""
        ...

    async def pasted(self, text: str, known: Known, world: World) -> Outcome:
        """After `apply` said `Waiting`: take what a person pasted instead.

        Raises:
            ProblemError: it is not what was asked for; the wait goes on.
        """
        ...

    async def verify(self, known: Known, world: World) -> tuple[Problem, ...]:
        """Look again, with the means of whoever depends on it; what is wrong still."""
        ...


class InOneGo(Step, Protocol):
    """A step that waits for nobody: what would be waited for is tried again."""

    @override
    async def arrived(self, known: Known, world: World) -> Outcome:
        return await self.apply(known, world)

    @override
    async def pasted(self, text: str, known: Known, world: World) -> Outcome:
        return await self.apply(known, world)


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps whose questions are asked together, and whose changes are shown together before the first of them is made."""

    id: str
    title: str
    questions: tuple[str, ...]
    """In the order in which they are asked."""
    steps: tuple[Step, ...]
    """In the order in which they are done."""
