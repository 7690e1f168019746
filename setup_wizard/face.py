"""Whom the flow talks to: a wizard on a screen, prompts, or nobody."""

from __future__ import annotations

from typing import Protocol

from setup_wizard.moves import Ask, Failed, News, Preview, Signal, Wait


class Face(Protocol):
    """What a face implements; see the top of `setup_wizard.flow`."""

    async def ask(self, ask: Ask) -> str | Signal:
        """The raw answer; an empty text takes the default."""
        ...

    async def preview(self, preview: Preview) -> bool | Signal:
        """Whether to go on."""
        ...

    async def wait(self, wait: Wait) -> str | Signal:
        """What was pasted. Cancelled when what is waited for has come by itself."""
        ...

    async def failed(self, failed: Failed) -> Signal:
        """Try again, go back to the questions, or leave."""
        ...

    async def say(self, news: News) -> None:
        """Tell one event."""
        ...
