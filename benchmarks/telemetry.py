"""How many records a second reach files durably, beside what the disk itself can do with the same bytes.

    .venv/bin/python -m benchmarks.telemetry [--records N] [--folder DIR] [--json]

"floor" writes the same batches to the same number of files with `write` and `fsync` and nothing else.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.harness import Result, ratio, record
from tassist.telemetry.pump import Pump
from tassist.telemetry.record import run_record
from tassist.telemetry.sinks.jsonl import JsonlSink
from tassist.telemetry.sinks.port import Entry, entry
from tassist.telemetry.verify import verify
from tests.support.outbox import MemoryOutbox
from tests.support.records import full_result, full_trigger, line

ROUNDS = 3


def make(count: int, repos: int) -> list[bytes]:
    """Records of one day over that many repositories."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    step = timedelta(seconds=86_000) / count
    return [line(number, repo=f"acme/repo-{number % repos}", at=start + step * number) for number in range(count)]


def floor(folder: Path, lines: list[bytes], repos: int, batch: int) -> float:
    """Seconds to append and sync the same bytes."""
    folder.mkdir()
    files = [os.open(folder / str(number), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for number in range(repos)]
    begun = time.perf_counter()
    for at in range(0, len(lines), batch):
        for number in range(repos):
            part = lines[at : at + batch][number::repos]
            if part:
                os.write(files[number], b"\n".join(part) + b"\n")
                os.fsync(files[number])
    spent = time.perf_counter() - begun
    for descriptor in files:
        os.close(descriptor)
    return spent


def sink(folder: Path, entries: list[Entry], batch: int) -> float:
    """Seconds for the sink alone."""
    target = JsonlSink(folder)
    begun = time.perf_counter()
    for at in range(0, len(entries), batch):
        target.write(entries[at : at + batch])
    return time.perf_counter() - begun


def pump(folder: Path, lines: list[bytes]) -> float:
    """Seconds from the outbox to the disk, through the pump."""
    moving = Pump(MemoryOutbox(lines), [JsonlSink(folder)])
    begun = time.perf_counter()
    moving.start()
    assert moving.drain(600)
    spent = time.perf_counter() - begun
    assert moving.stop()
    return spent


def main() -> None:
    """Measure and record."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--records", type=int, default=40_000)
    options.add_argument("--folder", type=Path, help="on the disk to measure; default: the system's temporary folder")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    base = Path(tempfile.mkdtemp(prefix="telemetry-bench-", dir=given.folder))
    rows: list[dict[str, Any]] = []
    try:
        for repos, batch in ((1, 2000), (1, 200), (20, 2000), (200, 2000)):
            lines = make(given.records, repos)
            entries = [entry(seq, made) for seq, made in enumerate(lines, 1)]
            spent: dict[str, list[float]] = {"floor": [], "sink": [], "pump": []}
            for number in range(ROUNDS):
                folder = base / f"{repos}-{batch}-{number}"
                spent["floor"].append(floor(folder.with_suffix(".floor"), lines, repos, batch))
                spent["sink"].append(sink(folder.with_suffix(".sink"), entries, batch))
                spent["pump"].append(pump(folder.with_suffix(".pump"), lines))
            per_s = {name: round(given.records / statistics.median(times)) for name, times in spent.items()}
            rows.append(
                {"repos": repos, "batch": batch, "bytes": len(lines[0]), **per_s, "floor_s": spent["floor"], "pump_s": spent["pump"]}
            )  # fmt: skip
        result, trigger = full_result(), full_trigger()
        begun = time.perf_counter()
        for number in range(5000):
            run_record(result, trigger=trigger, run_id=str(number))
        made_per_s = round(5000 / (time.perf_counter() - begun))
        begun = time.perf_counter()
        checked = verify([base / "1-2000-0.sink"]).records
        verified_per_s = round(checked / (time.perf_counter() - begun))
    finally:
        shutil.rmtree(base)
    result = Result(
        "telemetry",
        "Telemetry to files",
        note=f"{given.records:,} records of {rows[0]['bytes']} bytes, median of {ROUNDS} rounds. The limit appends and syncs the same bytes to the"
        " same files and does nothing else.",
        costs={"record_made_s": 1 / made_per_s},
    )
    for row in rows:
        what = f"{row['repos']} repositories, batches of {row['batch']}"
        goal = row["repos"] == 1 and row["batch"] == 2000
        result.add(
            f"{what}: durable records/s", f"{row['pump']:,}", "≥ 20,000" if goal else "", met=row["pump"] >= 20_000 if goal else None
        )  # fmt: skip
        result.add(f"{what}: records/s ÷ the limit", ratio(row["floor_s"], row["pump_s"]))
    result.add("records of runs made/s", f"{made_per_s:,}")
    result.add("records verified/s", f"{verified_per_s:,}")
    record(result, as_json=given.json)


if __name__ == "__main__":
    main()
