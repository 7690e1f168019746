"""Start, memory and drain rate of the real service with deliveries of 12 KB queued, each about another issue.

    .venv/bin/python -m benchmarks.queue [--sizes 1000,10000,100000] [--json]

The journal is filled as the intake fills it; the service is a process of its own with the real dispatcher, looks and
journal, and a GitHub side that answers at once. Read the ratios: machine and disk are shared, so the load is shown.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.harness import processor_s

BODY_BYTES = 12_000


def fill(home: Path, amount: int) -> None:
    """Queue so many deliveries, as the intake does."""
    from tassist.store import inbox
    from tassist.store.journal import Journal
    from tassist.store.model import Incoming
    from tests.support.delivering import compact, issue_payload

    now = datetime.now(UTC)
    with Journal.open(home) as journal:

        def batch(first: int) -> Any:
            def write(connection: sqlite3.Connection) -> None:
                coming = []
                for number in range(first, min(first + 1000, amount + 1)):
                    payload = issue_payload(number, title="t")
                    body = compact({**payload, "padding": "x" * (BODY_BYTES - len(compact(payload)))})
                    coming.append(Incoming(f"d-{number}", "issues", body, now, {"content-type": "application/json"}))
                inbox.accept_all(connection, coming)

            return write

        for first in range(1, amount + 1, 1000):
            journal.writer.write_now(batch(first))


def serve(home: Path) -> None:
    """The service with a scripted GitHub side; says its address once it takes deliveries."""
    from engine.model import Issue
    from engine.ports import RunResult
    from tassist import log
    from tassist.clock import SystemClock
    from tassist.errors import Secret
    from tassist.server.parts import Parts
    from tassist.server.service import Options
    from tassist.server.service import serve as run_service
    from tassist.server.signature import Secrets
    from tassist.telemetry.pump import Pump
    from tassist.telemetry.record import run_record

    class Scripted:
        async def run(self, _trigger: Any, ref: Any, **_: Any) -> RunResult:
            now = datetime.now(UTC)
            return RunResult(ref, "success", None, issue=Issue(ref), started=now, finished=now)

        async def open_issues(self, *_: Any, **__: Any) -> list[int]:
            return []

        def heed(self, _: Any) -> None:
            pass

        async def own_login(self) -> str:
            return "task-assistant[bot]"

        async def close(self) -> None:
            pass

    async def github() -> Any:
        return Scripted()

    log.set_up(level="error", as_json=True)
    parts = Parts(
        home=home,
        secrets=Secrets.checked(Secret("benchmark")),
        clock=SystemClock(),
        github=github,
        make_record=run_record,
        pump=lambda outbox: Pump(outbox, []),
    )
    run_service(parts, Options(port=0), lambda url: print(url, flush=True))


def measure(amount: int, folder: Path, at_most_s: float) -> dict[str, float]:
    """One size: all of it, or what is done of it in that time."""
    home = folder / str(amount)
    fill(home, amount)
    os.sync()  # what filling left to be written would be waited for by the first commits of the service
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.queue", "--as-service", str(home)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    ready = time.perf_counter()
    reader = sqlite3.connect(home / "journal.db")
    # Whether anything is left, not how much: counting a million costs the service beside it a fifth of its time.
    left = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'stored') OR EXISTS (SELECT 1 FROM lanes)"
    pause = min(2.0, amount / 20_000)
    while time.perf_counter() - ready < at_most_s and reader.execute(left).fetchone()[0]:
        if process.poll() is not None:
            raise RuntimeError(f"the service ended with {process.returncode}")
        time.sleep(pause)
    (runs,) = reader.execute("SELECT count(*) FROM runs").fetchone()
    drained = time.perf_counter()
    assert runs == amount or drained - ready >= at_most_s, f"{runs} runs for {amount} issues"
    reader.close()
    status = Path(f"/proc/{process.pid}/status").read_text()
    spent_s = processor_s(process.pid)
    process.terminate()
    process.wait()
    return {
        "queued": amount,
        "ready_s": round(ready - began, 2),
        "looked_at": runs,
        "drained_per_s": round(runs / (drained - ready)),
        "most_memory_mb": round(int(status.split("VmHWM:")[1].split()[0]) / 1024),
        "cpu_s_a_look": round(spent_s / runs, 6),
        "stored_bytes": round((home / "journal.db").stat().st_size / amount),
        "load": round(os.getloadavg()[0], 1),
    }


def _record(found: list[dict[str, float]]) -> None:
    """Write the page: everything beside the smallest size."""
    from benchmarks.harness import Result, record

    result = Result(
        "queue",
        "A backlog",
        note=f"Deliveries of {BODY_BYTES:,} bytes, each about another issue, one run of each size; of a large one what was done in two minutes.",
    )
    first = found[0]
    for row in found:
        size = f"{int(row['queued']):,} queued"
        result.add(f"{size}: looks/s", f"{row['drained_per_s']:,}")
        result.add(f"{size}: most memory, MB", row["most_memory_mb"], "≤ 256", met=row["most_memory_mb"] <= 256)
        result.add(f"{size}: start to ready, s", row["ready_s"], "≤ 1.5", met=row["ready_s"] <= 1.5)
        if row is not first:
            flat = row["drained_per_s"] / first["drained_per_s"]
            result.add(f"{size}: looks/s ÷ with {int(first['queued']):,}", f"{flat:.2f}", "≥ 0.9", met=flat >= 0.9)
    result.costs = {"cpu_s_a_look": found[-1]["cpu_s_a_look"], "stored_bytes": found[-1]["stored_bytes"]}
    result.add("processor time of a look, GitHub's side left out, ms", f"{found[-1]['cpu_s_a_look'] * 1000:.2f}")
    record(result)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--at-most", type=float, default=120.0, metavar="S", help="seconds a backlog is worked off for")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--record", action="store_true", help="write the page of figures")
    parser.add_argument("--as-service", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.as_service:
        serve(Path(asked.as_service))
        return
    found = []
    for size in asked.sizes.split(","):
        with tempfile.TemporaryDirectory() as name:
            found.append(measure(int(size), Path(name), asked.at_most))
        print(json.dumps(found[-1]), file=sys.stdout if asked.json else sys.stderr, flush=True)
    if asked.record:
        _record(found)
    if not asked.json:
        columns = (
            "queued",
            "ready_s",
            "looked_at",
            "drained_per_s",
            "most_memory_mb",
            "cpu_s_a_look",
            "stored_bytes",
            "load",
        )
        print("".join(f"{name:>16}" for name in columns))
        for row in found:
            print("".join(f"{row[name]:>16}" for name in columns))


if __name__ == "__main__":
    main()
