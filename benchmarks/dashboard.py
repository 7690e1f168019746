"""How long a dashboard takes from a million records, and from ten million, beside plain Python and a bare reading of them.

    .venv/bin/python -m benchmarks.dashboard [--records N,N] [--rounds N] [--folder DIR] [--laid DIR] [--json]

The telemetry is the simulated year (`tests.support.year`) with a nightly sweep, laid side by side over many repositories.
"plain Python" decodes every line and counts records by repository, day, type and outcome, and does nothing else; "the
least" is DuckDB finding one value in each line. Ten million records are nineteen gigabytes: they need disk, and the
page cache of a small machine does not hold them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.harness import Result, interleaved, ratio, record, spread
from tests.support import year

GOALS_S = {1_000_000: 3.0, 10_000_000: 20.0}
GOAL_MB = 1000
_OWN = b'"event_id":"00000000-0000-0000-'
_ISSUE = re.compile(rb'"issue_number":(\d+),')
_TIMES = ("timestamp", "received", "started", "finished")


def nightly() -> Iterator[tuple[bytes, bytes, str, str, int | None]]:
    """Records of the year, those of the weekly sweeps for every night: text before and after the id, repository, day, issue."""
    for line in year.year(7):
        made = json.loads(line)
        sweep = (made.get("trigger") or {}).get("kind") == "sweep"
        stamps = {made["timestamp"], *(made.get("timing", {}).get(name) for name in _TIMES)} - {None}
        for back in range(7 if sweep else 1):
            moved = line
            for stamp in stamps if back else ():
                at = datetime.fromisoformat(stamp) - timedelta(days=back)
                moved = moved.replace(stamp.encode(), f"{at:%Y-%m-%dT%H:%M:%S}{stamp[19:]}".encode())
            head, _, tail = moved.partition(made["event_id"].encode())
            day = (datetime.fromisoformat(made["timestamp"]) - timedelta(days=back)).date().isoformat()
            yield head, tail, made["repo"], day, made["issue_number"]


def write(folder: Path, count: int) -> None:
    """Lay so many records down as the sink of JSON lines does."""
    base: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for place, (head, tail, repo, day, _) in enumerate(nightly()):
        own = uuid.UUID(int=place * 0x9E3779B97F4A7C15 % (1 << 64))
        base[repo, day].append(head + str(own).encode() + tail)
    size = sum(map(len, base.values()))
    copies = -(-count // size)
    beside = max(min(copies // 20, 10), 1)
    left = count
    for copy in range(copies):
        for (repo, day), lines in base.items():
            taken = lines[:left]
            left -= len(taken)
            text = b"".join(line + b"\n" for line in taken).replace(_OWN, b'"event_id":"%s' % _copied(copy))
            name = repo if repo == "-/-" else f"{repo}-{copy % beside}"
            if name != repo:
                text = text.replace(b'"repo":"%s"' % repo.encode(), b'"repo":"%s"' % name.encode())
            if copy >= beside:
                text = _ISSUE.sub(lambda found: b'"issue_number":%d,' % (int(found[1]) + copy // beside * 1000), text)  # noqa: B023 – called at once
            target = folder / "v1" / "repos" / name / f"{day}.jsonl"
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("ab") as file:
                file.write(text)


def _copied(copy: int) -> bytes:
    """How ids of a copy begin: it is the upper half of the number they are."""
    return f"{copy >> 32:08x}-{copy >> 16 & 0xFFFF:04x}-{copy & 0xFFFF:04x}-".encode()


def plain(telemetry: Path) -> int:
    """What plain Python does: decode every line, count by four keys."""
    counts: Counter[tuple[str, ...]] = Counter()
    for file in telemetry.rglob("*.jsonl"):
        with file.open("rb") as lines:
            for line in lines:
                made = json.loads(line)
                counts[made["repo"], made["timestamp"][:10], made["event_type"], made["outcome"]] += 1
    return sum(counts.values())


def least(telemetry: Path) -> float:
    """What finding one value in each line takes, read as the product reads: seconds by the clock, on all processors."""
    import duckdb

    files = [str(file) for file in telemetry.rglob("*.jsonl")]
    parts = [files[place : place + 200] for place in range(0, len(files), 200)]
    settings = {"preserve_insertion_order": "false", "memory_limit": "600MB"}
    query = (
        "SELECT count(json_extract_string(line, '$.event_id')) FROM"
        " (SELECT unnest(string_split(content, chr(10))) AS line FROM read_text(?)) WHERE line <> ''"
    )
    with duckdb.connect(config=settings) as connection, ThreadPoolExecutor(os.cpu_count()) as pool:
        connection.execute("SET enable_progress_bar = false")

        def found(part: list[str]) -> int:
            with connection.cursor() as beside:
                ((count,),) = beside.execute(query, [part]).fetchall()
                return int(count)

        begun = time.perf_counter()
        assert sum(pool.map(found, parts))
        return time.perf_counter() - begun


def built(telemetry: Path, scratch: Path, cache: Path, *, fresh: bool) -> dict[str, float]:
    """Seconds, processor seconds and megabytes of one `tassist dashboard build` in a process of its own."""
    code = (
        "import resource, sys; from tassist.entry import run; code = run(sys.argv[1:]);"
        "u = resource.getrusage(resource.RUSAGE_SELF);"
        "print(u.ru_utime + u.ru_stime, u.ru_maxrss / 1024, file=sys.stderr); sys.exit(code)"
    )
    begun = time.perf_counter()
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-c",
                code,
                "dashboard",
                "build",
                "--from",
                str(telemetry),
                "--out",
                str(scratch / "site"),
            ),
            *(["--fresh"] if fresh else []),
        ],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    spent = time.perf_counter() - begun
    cpu, memory = map(float, done.stderr.split()[-2:])
    return {"s": spent, "cpu": cpu, "mb": memory}


def timed(measure: object, telemetry: Path) -> float:
    """Processor seconds of a peer in a process of its own: the machine is shared, its clock says little."""
    name = getattr(measure, "__name__", "")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = f"import sys; from pathlib import Path; from benchmarks.dashboard import {name}; {name}(Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(telemetry)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, print, and write the part of the page."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--records", default="1000000", help="numbers of records, with commas")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--folder", type=Path, help="where there is room: two kilobytes a record")
    options.add_argument(
        "--laid", type=Path, help="a folder where the telemetry stays, and is taken from the next time"
    )
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    result = Result("dashboard", "The dashboard from a million records")
    for count in map(int, given.records.split(",")):
        with tempfile.TemporaryDirectory(prefix="dashboard-bench-", dir=given.folder) as scratch:
            telemetry = (given.laid or Path(scratch)) / f"telemetry-{count}"
            if not telemetry.exists():
                write(telemetry, count)
                time.sleep(3)  # a file that changed a moment ago is not remembered
            _measure(Path(scratch), telemetry, count, given.rounds, result)
    result.note = (
        "`tassist dashboard build` in a process of its own, pages included; first with nothing remembered, then with every finished "
        "month in the cache. Seconds by the clock, processor seconds beside them. What is read is in the page cache, as far as it fits. Plain Python counts in processor seconds, in turn with ours."
    )
    record(result, as_json=given.json)


def _measure(folder: Path, telemetry: Path, count: int, rounds: int, result: Result) -> None:
    repos = sum(len(list(owner.iterdir())) for owner in (telemetry / "v1" / "repos").iterdir() if owner.name != "-")
    size = sum(file.stat().st_size for file in telemetry.rglob("*.jsonl"))
    few = count > 2_000_000
    first: list[dict[str, float]] = []
    again: list[dict[str, float]] = []

    def cold() -> float:
        first.append(built(telemetry, folder, folder / "cache", fresh=True))
        return first[-1]["cpu"]

    def warm() -> float:
        if not (folder / "cache").exists():
            built(telemetry, folder, folder / "cache", fresh=True)
        again.append(built(telemetry, folder, folder / "cache", fresh=False))
        return again[-1]["cpu"]

    measures = {"first": cold, "again": warm, "least": lambda: least(telemetry)}
    if not few:
        measures |= {"plain": lambda: timed(plain, telemetry)}
    found = interleaved(measures, 1 if few else rounds)
    name = f"{count:,} records, {size / 1e9:.1f} GB, {repos} repositories"
    goal = GOALS_S.get(count)
    for title, runs in (("read for the first time", first), ("every finished month remembered", again)):
        seconds = [run["s"] for run in runs]
        result.add(
            f"{name}: {title}",
            f"{spread(seconds, '{:.1f}')} s, {spread([run['cpu'] for run in runs], '{:.1f}')} s of processor",
            f"≤ {goal:.0f} s" if goal else "",
            met=sorted(seconds)[len(seconds) // 2] <= goal if goal else None,
        )
    memory = max(run["mb"] for run in first + again)
    result.add(f"{name}: memory at most", f"{memory:.0f} MB", f"≤ {GOAL_MB} MB", met=memory <= GOAL_MB)
    # Each line has to be read once, and the pages are made once everything is counted, as they are where all is remembered.
    floor = [reading + run["s"] for reading, run in zip(found["least"], again, strict=True)]
    result.add(f"{name}: one value found in each line by DuckDB", f"{spread(found['least'], '{:.1f}')} s")
    result.add(f"{name}: that, and what is made where all is remembered", f"{spread(floor, '{:.1f}')} s")
    if not few:
        title = "plain Python that only counts by four keys"
        result.add(f"{count:,}: first time ÷ {title}", ratio(found["first"], found["plain"]))
        result.add(f"{count:,}: remembered ÷ {title}", ratio(found["again"], found["plain"]))


if __name__ == "__main__":
    main()
