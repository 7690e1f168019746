"""A line to type into that takes keys in the order they were pressed, however many come at once."""

from __future__ import annotations

import math

from textual import events
from textual.message import Message
from textual.widgets import Input
from typing_extensions import override


class Field(Input):
    """An input that acts on its own keys before it looks at the next one.

    Textual has a key of an `Input`'s, such as Backspace or Enter, go up to the app first, and takes letters at once. Over a slow
    line several keys come together, and the letters behind a Backspace would stand there before it takes one away.
    """

    _since = math.inf
    """When it could first be seen, on the clock of messages."""

    @override
    def on_mount(self) -> None:
        """Note since when it can be seen."""
        self.call_after_refresh(self._stands)

    def _stands(self) -> None:
        self._since = Message().time

    async def on_key(self, event: events.Key) -> None:
        """Do what the key is bound to here, before the next key is looked at; Textual's own handler still follows."""
        if event.key == "enter" and event.time < self._since:
            # Nobody goes on with a question they have not seen.
            event.stop()
            return
        for binding in () if event.is_printable else self._bindings.key_to_bindings.get(event.key, ()):
            if await self.app.run_action(binding.action, self):
                event.stop()
                return
