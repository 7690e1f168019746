"""The loop between the flow and a face: the same for Textual, for prompts and for no questions at all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from engine.ports import Clock
from engine.problems import Problem, ProblemError
from setup_wizard import flow
from setup_wizard.flow import Ask, Do, Done, Face, Failed, News, Preview, Signal, Standing, State, Wait
from setup_wizard.journal import Entry, Event, without_secrets
from setup_wizard.outcome import Applied, Outcome
from setup_wizard.ports import World
from setup_wizard.question import Question
from tassist.errors import problems_of

T = TypeVar("T")
Record = Callable[[Entry], None]
"""Appends to the journal; durable when it returns."""


class Left(Exception):  # noqa: N818 – a decision, not an error
    """The person left, or could not go on; what was done is kept."""

    def __init__(self, state: State, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__("left")
        self.state = state
        self.problems = problems


async def conduct(state: State, world: World, face: Face, *, clock: Clock, record: Record) -> Done:
    """Go from a state to the end.

    Args:
        state: From `flow.begin`.
        world: What steps act on.
        face: Who is asked and told.
        clock: For the journal.
        record: Gets every entry; in a dry run none.

    Raises:
        Left: the person left, or a step failed and nobody could decide.
    """
    sitting = _Sitting(state, world, face, clock, record)
    while True:
        move = flow.next_move(sitting.state)
        if isinstance(move, Done):
            sitting.note("finished")
            return move
        await sitting.make(move)


class _Sitting:
    """The state between two moves, and everybody who is told of it."""

    def __init__(self, state: State, world: World, face: Face, clock: Clock, record: Record) -> None:
        self.state = state
        self._world = world
        self._face = face
        self._clock = clock
        self._record = record

    def note(self, event: Event, step: str = "", said: Mapping[str, str] = {}) -> None:
        """Append to the journal; a dry run leaves no trace."""
        if not self.state.dry:
            self._record(Entry(self._clock.now(), event, step, said))

    async def make(self, move: Ask | Preview | Do | Wait | Failed) -> None:
        """One move."""
        if isinstance(move, Ask):
            await self._ask(move)
        elif isinstance(move, Preview):
            await self._preview(move)
        elif isinstance(move, Do):
            await self._do(move)
        elif isinstance(move, Wait):
            await self._wait(move)
        else:
            await self._failed(move)

    async def _ask(self, ask: Ask) -> None:
        if not self.state.interactive and ask.question.id not in self.state.answers.asks:
            # An answer that was given turned out wrong when more was known, and nobody is there to give another.
            raise Left(self.state, ask.problems or (unanswered(ask.question),))
        raw = await self._face.ask(ask)
        if isinstance(raw, Signal):
            self._turn(raw)
            return
        try:
            self.state = flow.answered(self.state, ask.question.id, raw)
        except ProblemError as error:
            self.state = flow.refused(self.state, ask.question.id, raw, error.problems)
            return
        # All of them: what a flag said this time shall count when somebody goes on without it.
        self.note("answered", said=without_secrets(flow.known(self.state).answers, self.state.questions))

    def _turn(self, signal: Signal) -> None:
        if signal == Signal.LEAVE:
            raise Left(self.state)
        self.state = flow.gone_back(self.state)

    async def _preview(self, preview: Preview) -> None:
        answer = await self._face.preview(preview)
        if isinstance(answer, Signal):
            self._turn(answer)
        elif answer or preview.dry:
            self.state = flow.agreed(self.state, preview.stage_id)
            # What counts in the end is journalled whole: also what flags, variables and a file said.
            self.note("answered", said=without_secrets(flow.known(self.state).answers, self.state.questions))
        else:
            raise Left(self.state)

    async def _do(self, do: Do) -> None:
        step = do.step
        if do.part == "check":
            found = await self._tried(do, step.check(do.known, self._world))
            if found is not None:
                self.state = flow.checked(self.state, step.id, found)
                if found.already and step.id not in self.state.redo:
                    await self._say(step.id, found.said, Standing.ALREADY)
        elif do.part == "apply":
            self.note("began", step.id)
            found = self.state.steps[step.id].found
            await self._say(step.id, f"{found.said if found is not None else step.title} …", Standing.CHECKED)
            outcome = await self._tried(do, step.apply(do.known, self._world))
            if outcome is not None:
                await self._take(step.id, outcome)
        else:
            problems = await self._tried(do, step.verify(do.known, self._world))
            if problems:
                await self._fail(do, problems)
            elif problems is not None:
                self.state = flow.verified(self.state, step.id)
                self.note("verified", step.id)

    async def _take(self, step_id: str, outcome: Outcome) -> None:
        self.state = flow.applied(self.state, step_id, outcome)
        if isinstance(outcome, Applied):
            self.note("applied", step_id, outcome.learned)
            await self._say(step_id, outcome.said, Standing.APPLIED)
        else:
            self.note("waiting", step_id)

    async def _wait(self, wait: Wait) -> None:
        arrival = asyncio.ensure_future(wait.step.arrived(wait.known, self._world))
        person = asyncio.ensure_future(self._face.wait(wait))
        try:
            await asyncio.wait({arrival, person}, return_when=asyncio.FIRST_COMPLETED)
            if arrival.done():
                # Nobody is asked any more before anything is told: a prompt would stand in the middle of it.
                person.cancel()
                await asyncio.wait({person})
                await self._arrived(wait, arrival)
            else:
                await self._answered_wait(wait, person.result())
        finally:
            for each in (arrival, person):
                each.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(arrival, person, return_exceptions=True)

    async def _arrived(self, wait: Wait, arrival: asyncio.Future[Outcome]) -> None:
        do = Do(wait.step, "apply", wait.known)
        outcome = await self._tried(do, _settled(arrival))
        if outcome is not None:
            await self._take(wait.step.id, outcome)

    async def _answered_wait(self, wait: Wait, answer: str | Signal) -> None:
        if isinstance(answer, Signal):
            if answer == Signal.LEAVE:
                raise Left(self.state, (waited_for(wait),))
            if answer == Signal.AGAIN:
                self.state = flow.again(self.state, wait.step.id)
            else:
                self.state = flow.gone_back(flow.again(self.state, wait.step.id))
            return
        try:
            outcome = await wait.step.pasted(answer, wait.known, self._world)
        except ProblemError as error:
            self.state = flow.paste_refused(self.state, wait.step.id, error.problems)
            return
        await self._take(wait.step.id, outcome)

    async def _failed(self, failed: Failed) -> None:
        signal = await self._face.failed(failed)
        if signal == Signal.AGAIN:
            self.state = flow.again(self.state, failed.step.id)
        elif signal == Signal.BACK:
            self.state = flow.gone_back(flow.again(self.state, failed.step.id))
        else:
            raise Left(self.state, failed.problems)

    async def _tried(self, do: Do, work: Coroutine[Any, Any, T] | Awaitable[T]) -> T | None:
        """The result, or ``None`` after the failure has been taken into the state."""
        try:
            return await work
        except (ProblemError, OSError) as error:
            await self._fail(do, problems_of(error))
        return None

    async def _fail(self, do: Do, problems: tuple[Problem, ...]) -> None:
        self.note("failed", do.step.id)
        question = next(
            (
                each.where.path
                for each in problems
                if each.where is not None and each.where.path in self.state.questions
            ),
            "",
        )
        if question and self.state.interactive and do.part != "verify":
            self.state = flow.reopened(self.state, question, problems)
        else:
            self.state = flow.failed(self.state, do.step.id, do.part, problems)

    async def _say(self, step_id: str, text: str, standing: Standing) -> None:
        await self._face.say(News(text, standing, flow.rail(self.state, step_id)))


async def _settled(done: asyncio.Future[T]) -> T:
    return done.result()


def unanswered(question: Question) -> Problem:
    """That a question has no answer and nobody can be asked; says every way to give one."""
    return Problem(
        "answer-missing",
        f"{question.id} is not answered: {question.text}",
        question.why,
        f"give {question.flag}, set {question.env}, or write {question.id} in the answers file",
    )


def waited_for(wait: Wait) -> Problem:
    """That a person has still something to do."""
    return Problem(
        "waiting-for-person",
        f"waiting for {wait.waiting.for_what}",
        wait.waiting.link,
        "do it, and run tassist setup again: it goes on from here",
        family="waiting",
    )
