"""What is kept about a switch: the production address, what was set instead, and whether whoever set it still lives.

It is written before GitHub is asked for anything, so that a process that is killed in between leaves behind what to restore.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from engine.problems import Problem, ProblemError
from tassist.secrets.files import read_private, write_private
from tassist.text import safe_text

FILE_NAME = "switch.json"
LOCK_NAME = "switch.lock"
MAX_PAST = 50


class Standing(StrEnum):
    """How far a switch has come."""

    BEGUN = "begun"
    """Whoever began it has not proved it; if they are gone, production is restored."""
    HELD = "held"
    """It lasts as long as the process that holds it, such as `tassist serve --tunnel`."""
    SET = "set"
    """Proved, and meant to stay."""


class Past(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change."""

    at: str
    before: str
    after: str
    why: str = ""


class Kept(msgspec.Struct, frozen=True):
    """All of it."""

    production: str
    """Where the webhook leads in production; what is restored."""
    url: str
    """What was set last."""
    mode: str
    """``dev`` or ``prod``."""
    standing: Standing
    past: tuple[Past, ...] = ()
    """Newest last."""


def read(home: Path) -> Kept | None:
    """What is kept; ``None`` where nothing was ever switched.

    Raises:
        ProblemError: the file is not ours, or cannot be read.
    """
    path = home / FILE_NAME
    if not path.exists() and not path.is_symlink():
        return None
    try:
        return msgspec.json.decode(read_private(path), type=Kept)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ProblemError(
            Problem(
                "switch-unreadable",
                f"{safe_text(path)} is not what tassist wrote",
                "it says where production's webhook leads",
                f"remove it, and give the address: tassist switch prod --url https://…; the file: {safe_text(path)}",
            )
        ) from None


def keep(home: Path, kept: Kept, *, now: datetime, before: str, why: str) -> Kept:
    """Keep it durably, with one line of history; what was kept."""
    past = (*kept.past, Past(now.isoformat(timespec="seconds"), before, kept.url, why))[-MAX_PAST:]
    written = Kept(kept.production, kept.url, kept.mode, kept.standing, past)
    _write(home, written)
    return written


def settle(home: Path, kept: Kept) -> None:
    """It is proved, and stays."""
    _write(home, Kept(kept.production, kept.url, kept.mode, Standing.SET, kept.past))


def _write(home: Path, kept: Kept) -> None:
    write_private(home / FILE_NAME, msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Be the one who switches; the system releases it when the process dies, however it dies.

    Raises:
        ProblemError: another process is at it.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(home / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ProblemError(
                Problem(
                    "switch-held",
                    "another process holds the webhook's address",
                    "such as tassist serve --tunnel, which restores production when it ends",
                    "end that one first",
                    family="world",
                )
            ) from None
        yield
    finally:
        os.close(file)


def is_held(home: Path) -> bool:
    """Whether somebody is at it now."""
    try:
        file = os.open(home / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
