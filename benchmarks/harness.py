"""What every benchmark shares: interleaved rounds, ratios with their spread, and the page the results are written to.

A benchmark measures itself and a peer or a limit in turn, in one run on one machine, and hands in rows. `record` prints
them, keeps them in `results.json`, and writes `docs/explanation/performance.md` from that; nobody writes there by hand.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import timeit
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "explanation" / "performance.md"
RESULTS = ROOT / "benchmarks" / "results.json"
OTHER = {"__main__", "harness", "probot", "scale"}
"""Not benchmarks: what runs them, what they share, a peer, and a model."""
HEAD = """\
# How fast it is

<!-- Written by `make bench` from benchmarks/results.json; do not edit. -->

Every figure stands beside a peer or a limit that was measured in the same run, in turn with it. Read the ratios: the
figures belong to the machine, which may be shared. A spread is the lowest and the highest of the rounds.
"""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ours divided by theirs, round by round."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}–{self.high:.2f})"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a result."""

    what: str
    found: str
    goal: str = ""
    met: bool | None = None
    """``None`` where there is no goal."""


@dataclass(slots=True)
class Result:
    """What one benchmark found."""

    name: str
    """Of the benchmark's module."""
    title: str
    rows: list[Row] = field(default_factory=list)
    note: str = ""
    """How it was measured, in one or two sentences."""
    costs: dict[str, float] = field(default_factory=dict)
    """What one of something costs, for the model in `scale.py`; the unit is in the name."""
    where: str = ""
    """On what it ran, and when."""

    def add(self, what: str, found: object, goal: str = "", *, met: bool | None = None) -> None:
        """Add a line."""
        self.rows.append(Row(what, str(found), goal, met))


def interleaved(measures: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Take each measure once a round, in turn, the first of a round another each time."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    names = list(measures)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            found[name].append(measures[name]())
    return found


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Of the same rounds."""
    each = sorted(one / other for one, other in zip(ours, theirs, strict=True))
    return Ratio(statistics.median(each), each[0], each[-1])


def spread(values: Sequence[float], form: str = "{:,.0f}") -> str:
    """A median with the lowest and the highest."""
    return f"{form.format(statistics.median(values))} ({form.format(min(values))}–{form.format(max(values))})"


def processor_s(pid: int) -> float:
    """Processor time of a process so far, of those it waited for too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Resident memory of a process now."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


def record(result: Result, *, results: Path = RESULTS, page: Path = PAGE, as_json: bool = False) -> None:
    """Print a result, keep it, and write the page."""
    if as_json:
        print(json.dumps(asdict(result), ensure_ascii=False))
    else:
        print(f"{result.title}")
        for row in result.rows:
            met = "" if row.met is None else "  met" if row.met else "  MISSED"
            print(f"  {row.what}: {row.found}{f'   goal {row.goal}' if row.goal else ''}{met}")
    result.where = machine()
    kept = recorded(results) | {result.name: result}
    text = json.dumps({name: asdict(kept[name]) for name in sorted(kept)}, ensure_ascii=False, indent=1)
    results.write_text(f"{text}\n", "utf-8")
    page.write_text(rendered(kept), "utf-8")


def recorded(results: Path = RESULTS) -> dict[str, Result]:
    """Every benchmark's last result, by its name."""
    found = json.loads(results.read_text("utf-8")) if results.exists() else {}
    return {name: Result(**{**one, "rows": [Row(**row) for row in one["rows"]]}) for name, one in found.items()}


def benchmarks() -> list[str]:
    """The names of all."""
    return sorted({path.stem for path in (ROOT / "benchmarks").glob("*.py")} - OTHER)


def machine() -> str:
    """On what it ran, and how fast that was: a shared machine is twice as fast on one day as on another."""
    load = os.getloadavg()[0]
    added_us = min(timeit.repeat("sum(range(1000))", number=1000, repeat=9)) * 1000
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f} at the end,"
        f" a thousand additions in {added_us:.0f} µs"
    )


def rendered(results: Mapping[str, Result]) -> str:
    """The page: what was missed first, then a part for each benchmark, in the order of their names."""
    missed = [
        f"- {row.what}: {row.found}, goal {row.goal} ([{one.title}](#{anchor(one.title)}))"
        for one in results.values()
        for row in one.rows
        if row.met is False
    ]
    met = sum(row.met is True for one in results.values() for row in one.rows)
    head = f"{HEAD}\n{met} goals were met in the runs below, each of the day it names, {len(missed)} were not{':' if missed else '.'}\n"
    if waiting := [name for name in benchmarks() if name not in results]:
        head += f"\nNot run since the page was last begun anew: {', '.join(waiting)}.\n"
    return "\n".join([head, *missed, *([""] if missed else []), *(_part(results[name]) for name in sorted(results))])


def anchor(title: str) -> str:
    """The place of a heading on the page."""
    return "".join(one for one in title.lower().replace(" ", "-") if one.isalnum() or one == "-")


def _part(result: Result) -> str:
    lines = [f"## {result.title}", "", "| | found | goal | |", "|---|---|---|---|"]
    for row in result.rows:
        met = "" if row.met is None else "met" if row.met else "**missed**"
        lines.append(f"| {row.what} | {row.found} | {row.goal} | {met} |")
    return "\n".join([*lines, "", f"{result.note} `benchmarks/{result.name}.py`, {result.where}.".strip(), ""])
