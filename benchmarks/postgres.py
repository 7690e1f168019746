"""Four workers beside one on PostgreSQL, and how long the issues of a killed one wait.

    python -m benchmarks.postgres [--issues 160] [--rounds 3] [--json]

Workers are real processes with the real queue and journal; GitHub is a world of files whose every call takes 20 ms, and a
look makes three of them, as one that reads an issue and a milestone and writes does. Workers and database share this
machine, so each worker looks at one issue at a time for the goal: then it waits for GitHub most of the time, and what is
measured is the sharing. With two at once, which is shown beside it, the cores are the limit before the sharing is. Needs
a PostgreSQL at hand (TASSIST_TEST_POSTGRESQL, or 127.0.0.1:5432); says so and ends where there is none.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.harness import Result, interleaved, processor_s, ratio, record, spread


async def fill(address: str, payloads: list[dict[str, Any]]) -> float:
    """Store deliveries as the intake does; how long it took."""
    from tassist.server.sorting import place
    from tassist.store.model import Incoming, Unsorted
    from tassist.store.place import open_database
    from tests.support.delivering import compact

    now = datetime.now(UTC)
    with open_database(address) as journal:

        async def one(number: int, payload: dict[str, Any]) -> None:
            body = compact({**payload, "padding": "x" * 12_000})
            found = place(Unsorted(0, str(number), "issues", "application/json", body), "")
            incoming = Incoming(str(number), "issues", body, now, {"content-type": "application/json"})
            await journal.accept_sorted(incoming, found.sorted, (), now)

        began = time.perf_counter()
        for first in range(0, len(payloads), 32):
            await asyncio.gather(*(one(first + at, each) for at, each in enumerate(payloads[first : first + 32])))
        return time.perf_counter() - began


def backends_s() -> dict[int, float]:
    """Processor time of each server process of a PostgreSQL on this machine, by its process."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if stat.read_text().partition("(")[2].startswith("postgres)"):
                found[int(stat.parent.name)] = processor_s(int(stat.parent.name))
    return found


def drain(
    address: str,
    workers: int,
    issues: int,
    looks: int,
    latency_s: float,
    costs: list[tuple[float, float]] | None = None,
) -> float:
    """Looks a second that so many workers make; into ``costs`` what a look costs them and the database, in seconds."""
    from tassist.store.place import open_database
    from tests.support import postgres
    from tests.support.looking import looking

    postgres.empty(address)
    with tempfile.TemporaryDirectory() as name, looking(Path(name), address, latency_s=latency_s) as world:
        for _ in range(workers):
            world.start(TASSIST_TEST_LOOKS=str(looks), TASSIST_TEST_READS="2")
        asyncio.run(fill(address, [world.want(number, "a") for number in range(1, issues + 1)]))
        began = time.perf_counter()
        server, own = backends_s(), [processor_s(one.pid) for one in world.processes]
        with open_database(address) as journal:
            before = journal.counts()["done"]
            while journal.backlog().lanes:
                time.sleep(0.02)
        spent = time.perf_counter() - began
        if costs is not None:
            theirs = sum(cpu_s - server.get(pid, 0.0) for pid, cpu_s in backends_s().items())
            ours = sum(processor_s(one.pid) - cpu_s for one, cpu_s in zip(world.processes, own, strict=True))
            costs.append((ours / (issues - before), theirs / (issues - before)))
        world.check()
    return (issues - before) / spent


def takeover_s(address: str) -> float:
    """From the kill of a worker in the middle of a look to the look that takes its place."""
    from tests.support import postgres
    from tests.support.looking import looking

    postgres.empty(address)
    with tempfile.TemporaryDirectory() as name, looking(Path(name), address) as world:
        dying, _ = world.start(latency_s=60.0)
        asyncio.run(fill(address, [world.want(1, "a")]))
        while not world.seen():
            time.sleep(0.01)
        world.start()
        dying.kill()
        killed = time.monotonic()
        while not (others := [line for line in world.seen() if line.pid != dying.pid]):
            time.sleep(0.01)
        return others[0].at - killed


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--issues", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    from tests.support import postgres

    server = postgres.server()
    if server is None:
        print("skipped: no PostgreSQL at hand; name one with TASSIST_TEST_POSTGRESQL", file=sys.stderr)
        return
    with postgres.database(server) as address:
        costs: list[tuple[float, float]] = []
        found = interleaved(
            {
                "four": lambda: drain(address, 4, asked.issues, 1, 0.02),
                "one": lambda: drain(address, 1, asked.issues, 1, 0.02, costs),
                "four, two": lambda: drain(address, 4, asked.issues, 2, 0.02),
                "one, two": lambda: drain(address, 1, asked.issues, 2, 0.02),
                "takeover": lambda: takeover_s(address),
            },
            asked.rounds,
        )
        accepted = []
        for _ in range(asked.rounds):
            postgres.empty(address)
            spent = asyncio.run(fill(address, [_payload(number) for number in range(1, 321)]))
            accepted.append(320 / spent)
    shared = ratio(found["four"], found["one"])
    worst = max(found["takeover"])
    worker_s, database_s = (statistics.median(column) for column in zip(*costs, strict=True))
    cores = os.cpu_count() or 1
    result = Result(
        "postgres",
        "PostgreSQL",
        note=f"{asked.rounds} rounds of {asked.issues} issues, three calls of 20 ms a look: two reads and a write."
        " The limit is what this machine's cores could do if nobody ever waited: workers and database share them.",
        costs={"worker_cpu_s_a_look": round(worker_s, 6), "database_cpu_s_a_look": round(database_s, 6)},
    )
    result.add("looks/s of 4 workers ÷ of 1, calls of 20 ms, one at a time", shared, "≥ 3.5", met=shared.median >= 3.5)
    result.add("looks/s of 1 worker", spread(found["one"]))
    result.add("looks/s of 4 workers", spread(found["four"]))
    result.add("the same, each worker at two issues at once", ratio(found["four, two"], found["one, two"]))
    result.add("looks/s of 4 workers, two at once", spread(found["four, two"]))
    result.add("processor time of a look: worker, ms", f"{worker_s * 1000:.1f}")
    result.add("processor time of a look: database, ms", f"{database_s * 1000:.1f}")
    limit = cores / (worker_s + database_s)
    result.add(f"limit: looks/s with {cores} cores always busy", f"{limit:.0f}")
    result.add("looks/s of 4 workers, two at once ÷ that limit", f"{statistics.median(found['four, two']) / limit:.2f}")
    result.add(
        "takeover after kill -9 of a worker, s",
        f"{statistics.median(found['takeover']):.1f}, at most {worst:.1f}",
        "≤ 10",
        met=worst <= 10,
    )
    result.add("deliveries of 12 KB stored, sorted and queued/s, 32 at once, one process", spread(accepted))
    record(result, as_json=asked.json)


def _payload(number: int) -> dict[str, Any]:
    from tests.support.delivering import issue_payload

    return dict(issue_payload(number, title="t"))


if __name__ == "__main__":
    main()
