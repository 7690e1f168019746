"""How the sinks are, as values and as a small file that other processes read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from tassist import private
from tassist.telemetry.shape import Trouble

Condition = Literal["starting", "idle", "writing", "failing", "stopped"]


class SinkStatus(msgspec.Struct, frozen=True):
    """How one sink is."""

    name: str
    condition: Condition
    cursor: int
    """Place in the outbox up to which it has everything."""
    waiting: int
    """Records it does not have yet, as last seen."""
    delivered: int
    """Records it took, in all."""
    lost: int
    """Records it will never get, in all."""
    last_success: str | None = None
    failing_since: str | None = None
    tries: int = 0
    """Tries since it began to fail."""
    problem: Trouble | None = None
    """What was wrong last; kept after it recovered."""


class Status(msgspec.Struct, frozen=True):
    """How all sinks were at one moment."""

    at: str = ""
    """RFC 3339; empty where there is no status."""
    sinks: tuple[SinkStatus, ...] = ()


def read_status(path: Path) -> Status:
    """The status as last written; empty where there is none or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Status)
    except (OSError, msgspec.ValidationError, msgspec.DecodeError):
        return Status()


def write_status(path: Path, status: Status) -> bool:
    """Replace the file in one step; false where it cannot be written, which stops nothing."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private.write(beside, msgspec.json.format(msgspec.json.encode(status)) + b"\n")
        beside.replace(path)
    except OSError:
        return False
    return True
