"""What every benchmark shares: interleaved rounds, ratios with their spread, and the page the results are written to.

A benchmark measures itself and a peer or a limit in turn, in one run on one machine, and hands in rows. `record` prints
them and replaces the benchmark's own part of `docs/explanation/performance.md`; nobody writes there by hand.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "explanation" / "performance.md"
HEAD = """\
# How fast it is

<!-- Written by `make bench`; each part by the benchmark it names. Do not edit. -->

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


def record(result: Result, *, page: Path = PAGE, as_json: bool = False) -> None:
    """Print a result and write it to its part of the page."""
    if as_json:
        print(json.dumps(asdict(result), ensure_ascii=False))
    else:
        print(f"{result.title}")
        for row in result.rows:
            met = "" if row.met is None else "  met" if row.met else "  MISSED"
            print(f"  {row.what}: {row.found}{f'   goal {row.goal}' if row.goal else ''}{met}")
    page.write_text(replaced(page.read_text() if page.exists() else HEAD, result, machine()))


def machine() -> str:
    """On what it ran."""
    load = os.getloadavg()[0]
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f} at the end"


def replaced(text: str, result: Result, where: str) -> str:
    """The page with the result in place of what that benchmark said before; parts stand in the order of their names."""
    begin, end = f"<!-- begin {result.name} -->", f"<!-- end {result.name} -->"
    lines = [begin, f"## {result.title}", "", "| | found | goal | |", "|---|---|---|---|"]
    for row in result.rows:
        met = "" if row.met is None else "met" if row.met else "**missed**"
        lines.append(f"| {row.what} | {row.found} | {row.goal} | {met} |")
    lines += ["", f"{result.note} `benchmarks/{result.name}.py`, {where}.".strip(), end]
    head, _, rest = text.partition("<!-- begin ")
    parts = {}
    for part in ("<!-- begin " + rest).split("<!-- begin ") if rest else []:
        name, _, _body = part.partition(" -->")
        if name:
            parts[name] = f"<!-- begin {part}".strip()
    parts[result.name] = "\n".join(lines)
    return head.rstrip() + "\n\n" + "\n\n".join(parts[name] for name in sorted(parts)) + "\n"
