"""Reads telemetry in place with DuckDB and counts; nothing else of the product knows DuckDB.

A line that is no record never stops anything: it is left out, counted and named, by the same reader that
`tassist telemetry verify` uses.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from tassist.dashboard import queries
from tassist.dashboard.facts import (
    Counted,
    Facts,
    Flaw,
    Latest,
    News,
    RuleDay,
    Seen,
    Stuck,
    Turn,
    Write,
)
from tassist.telemetry import paths
from tassist.telemetry.shape import READ_RECORD

MAX_NAMED = 100
"""Faulty lines that are named; the rest is counted."""
HISTORY = 40
"""Values written to one issue that are kept, the newest."""
BEHIND = 8
"""Records shown behind one figure, the newest."""
_SMALL = 1 << 20
_GATHERED = 64 << 20
_SETTINGS = {
    "threads": str(min(os.cpu_count() or 1, 4)),
    "memory_limit": "700MB",
    "preserve_insertion_order": "false",
    "autoinstall_known_extensions": "false",  # nothing is fetched
    "autoload_known_extensions": "false",
    "lock_configuration": "false",
}


def read(root: Path, *, as_of: date | None = None, repos: Sequence[str] = ()) -> Facts:
    """Count everything below a telemetry folder.

    Args:
        root: The folder, or one file.
        as_of: The last day that counts; by default the day of the newest record.
        repos: Only these, by ``owner/name`` or ``owner``; records about the service itself count always.

    Raises:
        OSError: A file cannot be read.
    """
    import duckdb

    files = [file for file in paths.record_files([root]) if file.stat().st_size]
    if not files:
        day = as_of or date(1970, 1, 1)
        return Facts(day, f"{day}T23:59:59.999Z")
    # Files that appear while we read do not count, and a folder's name is no pattern.
    with tempfile.TemporaryDirectory(prefix="tassist-dashboard-") as scratch:
        connection = duckdb.connect(str(Path(scratch) / "counting.db"), config={**_SETTINGS, "temp_directory": scratch})
        try:
            return _Counting(connection, root, files, Path(scratch)).facts(as_of, repos)
        finally:
            connection.close()


class _Counting:
    def __init__(self, connection: Any, root: Path, files: list[Path], scratch: Path) -> None:
        self._connection = connection
        self._root = root
        self._files = files
        self._gathered = _gather(files, scratch)

    def _run(self, query: str, *values: object) -> Any:
        return self._connection.execute(query, list(values))

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._run(query, *values).fetchall()
        return found

    def facts(self, as_of: date | None, repos: Sequence[str]) -> Facts:
        self._run(queries.READ, [_literal(file) for file in self._gathered])
        flaws, flaw_count = self._flaws()
        if repos:
            names = [name.casefold() for name in repos]
            self._run(
                "DELETE FROM raw WHERE repo <> '-/-' AND NOT list_contains(?, lower(repo)) "
                "AND NOT list_contains(?, lower(split_part(repo, '/', 1)))",
                names,
                names,
            )
        if as_of is not None:
            self._run(queries.DROP_LATER, as_of.isoformat())
        self._run(queries.REPEATED)
        duplicates = 0
        if self._rows(queries.COUNT_REPEATED)[0][0]:
            before = self._rows("SELECT count(*) FROM raw")[0][0]
            self._run(queries.DROP_REPEATED)
            duplicates = before - self._rows("SELECT count(*) FROM raw")[0][0]
        ((records, folded, first, last),) = self._rows(queries.TOTALS)
        day = as_of or (date.fromisoformat(last[:10]) if last else date(1970, 1, 1))
        facts = Facts(
            day,
            f"{day}T23:59:59.999Z" if as_of or not last else last,
            files=len(self._files),
            records=records + int(folded),
            folded=int(folded),
            duplicates=duplicates,
            flaws=flaws,
            flaw_count=flaw_count,
            first=first or "",
            last=last or "",
        )
        self._count(facts)
        return facts

    def _count(self, facts: Facts) -> None:
        facts.imported = [(repo, origin, int(count)) for repo, origin, count in self._rows(queries.IMPORTED)]
        facts.repos = [repo for (repo,) in self._rows(queries.REPOS)]
        facts.counted = [Counted(*row) for row in self._rows(queries.COUNTED)]
        self._run(queries.STATES)
        facts.turns = [Turn(*row) for row in self._rows(queries.TURNS)]
        self._run(queries.NEWEST)
        facts.latest = [
            Latest(*(*row[:6], tuple(label or "" for label in row[6]), *row[7:])) for row in self._rows(queries.LATEST)
        ]
        self._run(queries.WRITES)
        facts.rule_days = [RuleDay(*row) for row in self._rows(queries.RULE_DAYS)]
        facts.writes = [Write(*row) for row in self._rows(queries.RECENT_WRITES, HISTORY)]
        facts.stuck = [Stuck(*row) for row in self._rows(queries.STUCK)]
        facts.news = [News(*(*row[:8], dict(sorted(row[8].items())))) for row in self._rows(queries.NEWS)]
        facts.seen = [Seen(*row) for row in self._rows(queries.SEEN, BEHIND)]

    def _flaws(self) -> tuple[list[Flaw], int]:
        """Name the lines that are no records, and take them out."""
        found = self._rows(queries.FLAWED)
        self._run(queries.DROP_FLAWED)
        flaws: list[Flaw] = []
        for name, _ in sorted(found):
            if len(flaws) < MAX_NAMED:
                for file in self._gathered[Path(name)]:
                    flaws += _named(file, self._root)[: MAX_NAMED - len(flaws)]
        return sorted(flaws, key=lambda flaw: (flaw.file, flaw.line)), sum(count for _, count in found)


def _gather(files: list[Path], scratch: Path) -> dict[Path, list[Path]]:
    """What is read, and which files stand for it: small files are put together, as opening one costs as much as a thousand lines."""
    gathered: dict[Path, list[Path]] = {}
    target, room = scratch, 0
    for file in files:
        size = file.stat().st_size
        if size > _SMALL:
            gathered[file] = [file]
            continue
        if size > room:
            target = scratch / f"gathered-{len(gathered)}.jsonl"
            gathered[target] = []
            room = _GATHERED
        with file.open("rb") as lines, target.open("ab") as together:
            shutil.copyfileobj(lines, together, 1 << 20)
            lines.seek(-1, os.SEEK_END)
            if lines.read(1) != b"\n":  # a torn line ends where its file ends
                together.write(b"\n")
        gathered[target].append(file)
        room -= size + 1
    return gathered


def _named(file: Path, root: Path) -> list[Flaw]:
    shown = file.relative_to(root).as_posix() if file != root and file.is_relative_to(root) else file.name
    found = []
    with file.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            if not raw.strip():
                continue
            try:
                READ_RECORD(raw)
            except (msgspec.DecodeError, ValueError) as error:
                found.append(Flaw(shown, number, str(error)))
                if len(found) >= MAX_NAMED:
                    break
    return found


def _literal(file: Path) -> str:
    """The path as a pattern that means itself."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(file))
