"""Adds a file's or a table's records of one day up, for `prune`: what is left of them when they are gone."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, date, datetime

import msgspec

from tassist.telemetry.counted import counted
from tassist.telemetry.events import MEANING_BY_TYPE
from tassist.telemetry.record import event_record
from tassist.telemetry.shape import IssueState, Record, Written


class Folding:
    """Adds up a file's records; what was imported from one origin is kept apart from the rest."""

    def __init__(self) -> None:
        self.records = 0
        self._by_origin: dict[str, _Sum] = {}
        self._for_ever: list[Record] = []
        self._lines: dict[str, bytes] = {}
        self._newest: dict[tuple[object, ...], Record] = {}
        self._ids: set[str] = set()

    def add(self, record: Record, line: bytes) -> None:
        """Take one record; a repetition changes nothing."""
        if record.event_id in self._ids:
            return
        self._ids.add(record.event_id)
        if MEANING_BY_TYPE[record.event_type].keep_days == 0:
            self._for_ever.append(record)
            self._lines[record.event_id] = line
            return
        displaced: Record | None = record
        if place := _kept_whole(record):
            newest = self._newest.get(place)
            if newest is None or _order(newest) <= _order(record):
                self._newest[place] = record
                self._lines[record.event_id] = line
                displaced = newest
        if displaced is not None:
            self._lines.pop(displaced.event_id, None)
            self._count(displaced)
        if record.state and record.issue_number:
            self._sum(record).see(record)

    def whole(self) -> list[tuple[str, bytes]]:
        """Ids and lines of the records that stay whole, in the order in which they stood."""
        return [(event_id, line) for event_id, line in self._lines.items()]

    def aggregates(self, file: str, day: str) -> list[bytes]:
        """One for each origin; the same records give the same aggregates, whenever they are made."""
        return [self._by_origin[origin].aggregate(file, day, origin) for origin in sorted(self._by_origin)]

    def _count(self, record: Record) -> None:
        self.records += 1
        self._sum(record).count(record)

    def _sum(self, record: Record) -> _Sum:
        return self._by_origin.setdefault(record.origin, _Sum(record.repo))


def _kept_whole(record: Record) -> tuple[object, ...] | None:
    """What a record is the newest of, where the newest is kept whole: it is what needs a person, or what holds now."""
    if record.event_type == "run" and record.outcome != "success":
        return ("run", record.issue_number)
    if record.event_type in {"config_validated", "repo_prepared", "sink_failure"}:
        return (record.event_type, record.subject)
    return None


def _order(record: Record) -> tuple[str, str]:
    return (record.timestamp, record.event_id)


class _Sum:
    """What records of one repository and origin add up to."""

    def __init__(self, repo: str) -> None:
        self._repo = repo
        self._repo_id = 0
        self._counts: Counter[str] = Counter()
        self._states: dict[int, tuple[tuple[str, str], IssueState]] = {}
        self._written: list[tuple[tuple[str, str], Written]] = []
        self._ids: list[str] = []

    def count(self, record: Record) -> None:
        """Add a record that will stand nowhere else."""
        self._ids.append(record.event_id)
        self._repo_id = record.repo_id or self._repo_id
        for name, count in counted(record):
            self._counts[name] += count
        if record.event_type in {"run", "run_undone"}:
            undone = record.event_type == "run_undone"
            self._written += [
                (
                    _order(record),
                    Written(
                        record.timestamp,
                        record.run_id,
                        record.issue_number,
                        change.field,
                        change.before,
                        change.after,
                        change.rule,
                        undone,
                    ),
                )
                for change in record.changes_made
            ]

    def see(self, record: Record) -> None:
        """Keep the newest state of an issue."""
        assert record.state is not None
        assert record.issue_number is not None
        known = self._states.get(record.issue_number)
        if known is None or known[0] <= _order(record):
            self._states[record.issue_number] = (_order(record), record.state)

    def aggregate(self, file: str, day: str, origin: str) -> bytes:
        """The record that stands for all of them."""
        digest = hashlib.sha256("".join(f"{event_id}\n" for event_id in self._ids).encode()).hexdigest()
        return event_record(
            "day_aggregate",
            key=(self._repo, file, origin, digest),
            run_id=f"prune:{file}",
            at=datetime.combine(date.fromisoformat(day), datetime.max.time(), UTC),
            repo=self._repo,
            repo_id=self._repo_id,
            subject=day,
            counts={name: count for name, count in sorted(self._counts.items()) if count},
            issues={
                str(number): msgspec.structs.replace(state, seen_at=order[0])
                for number, (order, state) in sorted(self._states.items())
            },
            written=tuple(written for _, written in sorted(self._written, key=lambda item: item[0])),
            origin=origin,
        )
