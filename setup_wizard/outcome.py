"""What a step of the installer says: what it found, what it did, or whom it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that will be different, for the preview: a file, a setting at GitHub, an entry of a keyring."""

    where: str
    """Such as ``GitHub, App settings`` or a file's path."""
    what: str
    """In words; never a secret."""
    diff: tuple[str, ...] = ()
    """Lines as of ``diff -u``, where a file changes."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a step's look at the world says."""

    already: bool
    """Nothing is to be done."""
    said: str = ""
    """In one sentence."""
    changes: tuple[Change, ...] = ()
    undo: str = ""
    """How a person takes these changes back, where it is not the way the step says."""
    learned: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applied:
    """A step has done its part."""

    said: str = ""
    learned: Mapping[str, str] = field(default_factory=dict)
    """Joined to what is known. No secrets: it is journalled."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step can go on only when somebody has done something elsewhere, in a browser mostly."""

    for_what: str
    """Follows "waiting for": ``you to click Create at GitHub``."""
    link: str = ""
    """The page where it is done, in full."""
    short_link: str = ""
    """The same page by a shorter address, fit for a QR code; empty: draw none."""
    opens_browser: bool = False
    """It makes sense to open `link` in this machine's browser."""
    accepts: str = ""
    """What may be pasted instead of waiting, in words; empty: nothing."""
    by_itself: bool = True
    """It goes on when it is done; otherwise nothing is seen from here until something is pasted."""
    hints: tuple[str, ...] = ()
    """Sentences a person may need: which file to open, what to do where it does not work."""


Outcome = Applied | Waiting
