"""What a verb returns to have the full-screen app opened: the command line and the app meet here, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Embedded(Protocol):
    """A service that runs inside the app's process, in a thread of its own."""

    @property
    def url(self) -> str:
        """Where it listens; empty until it does."""
        ...

    @property
    def ended(self) -> bool:
        """Whether it has ended, by itself or because it was told to."""
        ...

    @property
    def error(self) -> BaseException | None:
        """Why it ended, where it should not have."""
        ...

    def start(self) -> None:
        """Start it; it may raise what keeps it from starting."""
        ...

    def drain(self) -> None:
        """Ask it to finish what is under way and to end; returns at once."""
        ...

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until it has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a command may be told: an option, or a word in its place."""

    name: str
    """``--limit``; of a word in its place what stands for it: ``OWNER/REPO``."""
    help: str
    takes: str = ""
    """What follows the option; empty where nothing does."""
    needed: bool = False

    @property
    def is_option(self) -> bool:
        """Whether it is named on the line."""
        return self.name.startswith("-")


@dataclass(frozen=True, slots=True)
class Form:
    """A command as it is typed, and everything it may be told; read from the command line itself."""

    words: tuple[str, ...]
    """``("deliveries", "list")``."""
    help: str
    parameters: tuple[Parameter, ...]
    runs: bool = True
    """Whether it does something by itself; a group of commands may not."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where browsers find the app; always this machine."""

    port: int


@dataclass(frozen=True, slots=True)
class OpenPlace:
    """Open the app at this place; `tassist.entry` does it."""

    place: str = "home"
    """The id of a place; see `tassist.tui.places`."""
    home: str | None = None
    """The folder of the journal, where it was given."""
    service: Embedded | None = None
    """Runs inside the app, and ends with it."""
    web: WebAddress | None = None
    """Show it in browsers instead of in this terminal."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """For the place: its screen finds them as ``self.desk.options``."""
