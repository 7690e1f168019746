"""What a sink is: it takes batches of records in order, once each, and answers when they are safe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import msgspec

from engine.problems import Problem, ProblemError
from tassist.telemetry.shape import READ_HEAD, Head

Notice = Callable[[Problem], None]
"""Told what a sink mended by itself, such as a torn line it set aside."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record on its way to a sink."""

    seq: int
    """Its place in the outbox; rises, and may have gaps."""
    line: bytes
    """The record's own bytes, without a line feed; a sink passes them on untouched."""
    head: Head


class RecordsRefused(ProblemError):  # noqa: N818 – a sink's answer about some records, not its own failure
    """The sink will never take these records; it took nothing of the batch, and takes the others when asked again."""

    def __init__(self, problem: Problem, seqs: Sequence[int]) -> None:
        super().__init__(problem)
        self.seqs = tuple(seqs)


class Sink(Protocol):
    """Takes records. It is called from one thread at a time, which it may block."""

    @property
    def name(self) -> str:
        """How people and cursors know it; unique among the configured sinks, and the same after a restart."""
        ...

    @property
    def max_batch(self) -> int:
        """The most records it wants at once."""
        ...

    @property
    def interval_s(self) -> float:
        """How long to gather records between two writes that are not full, in seconds; 0 writes at once."""
        ...

    def write(self, entries: Sequence[Entry]) -> None:
        """Take the records, in this order, each once by its event id, and return when they are safe.

        After an error or a crash the same records come again, and those that were already taken are left out.

        Raises:
            ProblemError: It could not; the records stay in the outbox and are offered again later.
            RecordsRefused: It never will, for some of them.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections; nothing is written any more."""
        ...


@runtime_checkable
class ReadsBack(Protocol):
    """A sink that can be asked what it has."""

    def holds(self, entry: Entry) -> bool:
        """Whether the record is there, read from where it was written.

        Raises:
            ProblemError: It cannot be read.
        """
        ...


def entry(seq: int, line: bytes) -> Entry:
    """Read the head of a record.

    Raises:
        RecordsRefused: The line is no record of this contract's major version.
    """
    try:
        head = READ_HEAD(line)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        problem = Problem("record-unreadable", f"line {seq} of the outbox is no record", why=str(error), family="ours")
        raise RecordsRefused(problem, (seq,)) from error
    if not head.schema_version.startswith("1."):
        problem = Problem(
            "record-too-new",
            f"record {head.event_id} is of schema {head.schema_version}",
            why="this tassist reads 1.x",
            fix="update tassist",
        )
        raise RecordsRefused(problem, (seq,))
    return Entry(seq, line, head)
