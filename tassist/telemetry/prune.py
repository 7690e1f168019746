"""Removes files of records that are past their time, and keeps what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from engine.problems import Problem
from tassist.telemetry import chain, paths
from tassist.telemetry.folding import Folding
from tassist.telemetry.lock import locked
from tassist.telemetry.shape import READ_HEAD, READ_RECORD
from tassist.telemetry.sinks.day_file import DayFile, open_file, sync_folder


@dataclass(slots=True)
class Pruned:
    """What was removed, or would be."""

    files: int = 0
    records: int = 0
    bytes: int = 0
    kept: int = 0
    """Records that stay whole and were moved: those kept for ever, and the newest that needs a person."""
    skipped: list[str] = field(default_factory=list)
    """Files that were left alone because they hold something that cannot be read."""
    bare: bool = False
    """There was no record at all, old or new."""


def prune(
    root: Path,
    *,
    keep_days: int,
    now: datetime,
    dry_run: bool = False,
    told: Callable[[Path], None] = lambda _: None,
) -> Pruned:
    """Fold every file of a day that ended more than ``keep_days`` ago into ``kept.jsonl`` beside it, and remove it.

    The day's aggregate is durable before the file goes. Killed in between, the next call makes the same aggregate, which
    is there already, and removes the file. A file that holds a line that is no record is left alone.

    Raises:
        OSError: Something cannot be read, written or removed.
        ProblemError: Another process holds the folder.
    """
    result = Pruned()
    before = (now - timedelta(days=keep_days)).date()
    layout = root / paths.LAYOUT
    if not layout.is_dir():
        result.bare = True
        return result
    kept: dict[Path, DayFile] = {}
    with locked(layout / ".lock"):
        files = list(paths.record_files([layout]))
        result.bare = not files
        for file, day in _days(files, layout / "repos"):
            if date.fromisoformat(day) < before:
                _fold(file, day, result, kept, dry_run=dry_run)
                told(file)
    return result


def _days(files: list[Path], repos: Path) -> Iterator[tuple[Path, str]]:
    """Files with their day: as the sink of JSON lines lays them down, and as a checkout of a telemetry repository has them."""
    for file in files:
        folders = file.relative_to(repos.parent).parts[1:-1]
        day = {2: file.name, 3: f"{file.parent.name}.jsonl"}.get(len(folders), "")
        if matched := paths.DAY_FILE.match(day):
            yield file, matched[1]


def _fold(file: Path, day: str, result: Pruned, kept: dict[Path, DayFile], *, dry_run: bool) -> None:
    folding = Folding()
    with file.open("rb") as lines:
        for raw in lines:
            try:
                folding.add(READ_RECORD(raw), raw.rstrip(b"\n"))
            except (msgspec.DecodeError, ValueError):  # ValueError: there is no such day
                result.skipped.append(str(file))
                return
    result.files += 1
    result.records += folding.records
    result.kept += len(folding.whole())
    result.bytes += file.stat().st_size
    if dry_run:
        return
    folder = file.parent.parent if paths.DAY_FILE.match(f"{file.parent.name}.jsonl") else file.parent
    if folder not in kept:
        kept.clear()  # one repository after the other: its ids are needed no longer
        kept[folder] = open_file(folder / paths.KEPT, None, set(), _quiet)
    target = kept[folder]
    ids = target.ids or set()
    wanted = [(record_id, line) for record_id, line in folding.whole() if record_id not in ids]
    wanted += [("", made) for made in folding.aggregates(file.name, day) if READ_HEAD(made).event_id not in ids]
    if wanted:
        target.append([line for _, line in wanted])
        ids.update(READ_HEAD(line).event_id for _, line in wanted)
    chain.chain_path(file).unlink(missing_ok=True)
    file.unlink()
    sync_folder(file.parent)


def _quiet(_: Problem) -> None:
    """What was mended in the file of aggregates needs no word."""
