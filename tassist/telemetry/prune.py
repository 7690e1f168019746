"""Removes files of records that are past their time, and keeps what they add up to."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from engine.problems import Problem
from tassist.telemetry import chain, paths
from tassist.telemetry.events import MEANING_BY_TYPE
from tassist.telemetry.lock import locked
from tassist.telemetry.record import event_record
from tassist.telemetry.shape import READ_HEAD, READ_RECORD, IssueState, Record
from tassist.telemetry.sinks.day_file import DayFile, open_file, sync_folder

_BUCKETS_MS = (10, 100, 1000, 10_000, 100_000)


@dataclass(slots=True)
class Pruned:
    """What was removed, or would be."""

    files: int = 0
    records: int = 0
    bytes: int = 0
    kept: int = 0
    """Records that are kept for ever and were moved."""
    skipped: list[str] = field(default_factory=list)
    """Files that were left alone because they hold something that cannot be read."""


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
        return result
    kept: dict[Path, DayFile] = {}
    with locked(layout / ".lock"):
        for file in sorted((layout / "repos").glob("*/*/*.jsonl"), key=paths.file_order):
            found = paths.DAY_FILE.match(file.name)
            if found and date.fromisoformat(found[1]) < before:
                _fold(file, found[1], result, kept, dry_run=dry_run)
                told(file)
    return result


def _fold(file: Path, day: str, result: Pruned, kept: dict[Path, DayFile], *, dry_run: bool) -> None:
    folding = _Folding()
    with file.open("rb") as lines:
        for raw in lines:
            try:
                folding.add(READ_RECORD(raw), raw.rstrip(b"\n"))
            except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError):
                result.skipped.append(str(file))
                return
    result.files += 1
    result.records += folding.records
    result.kept += len(folding.for_ever)
    result.bytes += file.stat().st_size
    if dry_run:
        return
    if file.parent not in kept:
        kept.clear()  # one repository after the other: its ids are needed no longer
        kept[file.parent] = open_file(file.with_name(paths.KEPT), None, set(), _quiet)
    target = kept[file.parent]
    ids = target.ids or set()
    wanted = [(record_id, line) for record_id, line in folding.for_ever if record_id not in ids]
    if folding.records:
        aggregate = folding.aggregate(file.name, day)
        if READ_HEAD(aggregate).event_id not in ids:
            wanted.append(("", aggregate))
    if wanted:
        target.append([line for _, line in wanted])
        ids.update(READ_HEAD(line).event_id for _, line in wanted)
    chain.chain_path(file).unlink(missing_ok=True)
    file.unlink()
    sync_folder(file.parent)


class _Folding:
    """Adds records up."""

    def __init__(self) -> None:
        self.records = 0
        self.for_ever: list[tuple[str, bytes]] = []
        self._repo = ""
        self._repo_id = 0
        self._counts: Counter[str] = Counter()
        self._states: dict[str, tuple[str, IssueState]] = {}
        self._ids: set[str] = set()
        self._digest = hashlib.sha256()

    def add(self, record: Record, line: bytes) -> None:
        if record.event_id in self._ids:
            return
        self._ids.add(record.event_id)
        if MEANING_BY_TYPE[record.event_type].keep_days == 0:
            self.for_ever.append((record.event_id, line))
            return
        self.records += 1
        self._digest.update(record.event_id.encode() + b"\n")
        self._repo, self._repo_id = record.repo, record.repo_id or self._repo_id
        counts = self._counts
        counts["records"] += 1
        counts[record.event_type] += 1
        counts[f"{record.event_type}.{record.outcome}"] += 1
        for decision in record.decisions:
            counts[f"rule.{decision.rule}.{decision.outcome}"] += 1
        for change in record.changes_made:
            counts[f"change.{change.field}"] += 1
        if record.trigger:
            counts[f"trigger.{record.trigger.event or record.trigger.kind}"] += 1
            counts["deliveries"] += len(record.trigger.delivery_ids)
        if record.timing:
            counts["reads"] += record.timing.reads
            counts["writes"] += record.timing.writes
            self._duration(record.timing.started, record.timing.finished)
        for name, count in record.counts.items():
            counts[f"{record.event_type}.{name}"] += count
        if record.state and record.issue_number:
            number = str(record.issue_number)
            if number not in self._states or self._states[number][0] <= record.timestamp:
                self._states[number] = (record.timestamp, record.state)

    def _duration(self, started: str | None, finished: str | None) -> None:
        if started is None or finished is None:
            return
        spent = datetime.fromisoformat(finished) - datetime.fromisoformat(started)
        milliseconds = spent // timedelta(milliseconds=1)
        self._counts["duration_ms"] += milliseconds
        bucket = next((limit for limit in _BUCKETS_MS if milliseconds <= limit), None)
        self._counts[f"duration_ms.{f'le_{bucket}' if bucket else 'more'}"] += 1

    def aggregate(self, file: str, day: str) -> bytes:
        """The same records give the same aggregate, whenever it is made."""
        end = datetime.combine(date.fromisoformat(day), datetime.max.time(), UTC)
        return event_record(
            "day_aggregate",
            key=(self._repo, file, self._digest.hexdigest()),
            run_id=f"prune:{file}",
            at=end,
            repo=self._repo,
            repo_id=self._repo_id,
            subject=day,
            counts=dict(sorted(self._counts.items())),
            issues={
                number: state for number, (_, state) in sorted(self._states.items(), key=lambda item: int(item[0]))
            },
        )


def _quiet(_: Problem) -> None:
    """What was mended in the file of aggregates needs no word."""
