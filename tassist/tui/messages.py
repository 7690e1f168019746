"""Messages between screens, widgets and the app; each says what has happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.message import Message

from engine.problems import Problem


class Told(Message, bubble=False):
    """Work in the background has a result."""

    def __init__(self, use: Callable[[], None]) -> None:
        self.use = use
        super().__init__()


class Wanted(Message):
    """Something of another place is asked for; it bubbles to the app, which goes there."""

    def __init__(self, place: str, what: str) -> None:
        self.place = place
        self.what = what
        super().__init__()


class Troubled(Message):
    """Something did not succeed; it bubbles to the app, which keeps the list of problems."""

    def __init__(self, name: str, problems: Sequence[Problem], *, quiet: bool = False) -> None:
        self.name = name
        self.problems = tuple(problems)
        self.quiet = quiet
        super().__init__()
