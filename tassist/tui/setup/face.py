"""The face the installer's flow talks to: each move becomes a view, and what a person does there is the answer."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from typing_extensions import override

from setup_wizard.flow import Ask, Face, Failed, Mark, News, Preview, Signal, Standing, Wait
from tassist.tui.setup.views import FailedView, PreviewView, QuestionView, View, WaitView

if TYPE_CHECKING:
    from engine.ports import Clock
    from setup_wizard.outcome import Waiting

A = TypeVar("A")


class Stand(Protocol):
    """Where views are shown."""

    async def show(self, view: View[Any], rail: tuple[Mark, ...]) -> None:
        """Show it instead of what is there."""
        ...

    async def tell(self, text: str, rail: tuple[Mark, ...]) -> None:
        """Say what is being done, or was."""
        ...


class TextualFace(Face):
    """Shows, and waits for the person."""

    def __init__(self, stand: Stand, clock: Clock, *, may_open: bool) -> None:
        self._stand = stand
        self._clock = clock
        self._may_open = may_open
        self._drafts: dict[str, str] = {}
        """What was typed when the person went back; never a secret."""
        self._since: dict[tuple[str, Waiting], datetime] = {}

    @override
    async def ask(self, ask: Ask) -> str | Signal:
        view = QuestionView(ask, self._drafts.get(ask.question.id, ""))
        answer = await self._answer(view, ask.rail)
        if isinstance(answer, Signal):
            self._drafts[ask.question.id] = view.draft()
        else:
            self._drafts.pop(ask.question.id, None)
        return answer

    @override
    async def preview(self, preview: Preview) -> bool | Signal:
        return await self._answer(PreviewView(preview), preview.rail)

    @override
    async def wait(self, wait: Wait) -> str | Signal:
        # A paste that was refused shows the same wait again, which has not begun anew; another way is another wait.
        since = self._since.setdefault((wait.step.id, wait.waiting), self._clock.now())
        return await self._answer(WaitView(wait, self._clock, may_open=self._may_open, since=since), wait.rail)

    @override
    async def failed(self, failed: Failed) -> Signal:
        return await self._answer(FailedView(failed), failed.rail)

    @override
    async def say(self, news: News) -> None:
        word = {Standing.ALREADY: "already so: ", Standing.APPLIED: "done: "}.get(news.standing, "")
        await self._stand.tell(word + news.text, news.rail)

    async def _answer(self, view: View[A], rail: tuple[Mark, ...]) -> A | Signal:
        await self._stand.show(view, rail)
        return await view.answer
