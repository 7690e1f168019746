"""A process with the real outbox and the real pump that dies at a chosen moment between a sink's write and the trimming."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from typing_extensions import override

from tassist.store import lanes, prune
from tassist.store.journal import Journal
from tassist.store.model import FinishedRun, Keep, LaneKey
from tassist.store.outbox import Outbox, event_id_of
from tassist.telemetry.pump import Pump
from tassist.telemetry.sinks.jsonl import JsonlSink
from tassist.telemetry.sinks.port import Entry
from tests.support.records import line

RECORDS = 150
"""More than are trimmed in one step."""
NOW = datetime(2026, 6, 1, tzinfo=UTC)
DEATHS = ("sink-wrote", "cursor-noted", "trimming", "trimmed-in-part", "trimmed")


def die() -> None:
    """As by a power cut for everything that is not on the disk."""
    os.kill(os.getpid(), signal.SIGKILL)


def finished(number: int) -> Callable[[sqlite3.Connection], bool]:
    """The write that ends a run, with its record."""
    record = line(number + 1)
    run = FinishedRun(
        f"run-{number}",
        LaneKey(7, number + 1),
        "o/r",
        "{}",
        NOW,
        NOW,
        "success",
        None,
        "{}",
        0,
        event_id_of(record),
        record,
    )
    return lambda connection: lanes.finish(connection, run)


class DyingSink(JsonlSink):
    """Dies when its write is on the disk and nobody knows it."""

    @override
    def write(self, entries: Sequence[Entry]) -> None:
        super().write(entries)
        die()


def _trim_and_die(connection: sqlite3.Connection) -> None:
    prune.trim_outbox(connection, ("jsonl",))
    die()


def main(home: Path, folder: Path, death: str) -> None:
    """Move every record to the sink, trim, and die on the way."""
    with Journal.open(home) as journal:
        for number in range(RECORDS):
            journal.writer.write_now(finished(number))
        journal.enrol(("jsonl",))
        outbox: Outbox = journal.outbox
        pump = Pump(outbox, [DyingSink(folder) if death == "sink-wrote" else JsonlSink(folder)])
        pump.start()
        assert pump.drain(30)
        if death == "cursor-noted":
            die()
        if death == "trimming":
            journal.writer.write_now(_trim_and_die)

        def rest() -> bool:
            if death == "trimmed-in-part":
                die()
            return True

        journal.prune(Keep(), ("jsonl",), NOW, rest=rest)
        assert outbox.read(0, 1) == []
        die()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
