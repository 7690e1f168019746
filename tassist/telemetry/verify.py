"""Checks files of records against the contract and their chain: any size, line by line, the exact line of every fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import msgspec

from tassist.errors import redact
from tassist.telemetry import chain, paths
from tassist.telemetry.follow import ChainFollower
from tassist.telemetry.shape import READ_RECORD, Record
from tassist.text import noun

Severity = Literal["fault", "note"]
_KEPT_FAULTS = 1000
_REMEMBERED_IDS = 1_000_000
_MAYBE_SECRET = re.compile(rb"PRIVATE KEY|gh[pousr]_|github_pat_|eyJ|://|(?i:authorization)")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place."""

    file: str
    line: int
    """From 1; 0 where it is about the whole file."""
    code: str
    what: str
    severity: Severity = "fault"


@dataclass(slots=True)
class Report:
    """What a verification found."""

    files: int = 0
    records: int = 0
    """Lines that are records."""
    bytes: int = 0
    fault_count: int = 0
    note_count: int = 0
    by_code: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    """The first thousand faults and notes, in order."""
    chained: int = 0
    """Records whose chain was checked."""


def verify(files: Iterable[Path], *, tell: Callable[[Fault], None] | None = None) -> Report:
    """Check files and folders.

    Duplicates are looked for among the last million records of a repository.

    Args:
        files: Files, or folders with ``.jsonl`` files below.
        tell: Told of every fault as it is found.

    Raises:
        OSError: A file cannot be read.
    """
    return _Verification(tell).run(list(files))


class _Verification:
    def __init__(self, tell: Callable[[Fault], None] | None) -> None:
        self.report = Report()
        self._tell = tell
        self._ids: dict[bytes, tuple[str, int]] = {}
        self._folder: Path | None = None
        self._before: tuple[Path, chain.Chain] | None = None

    def run(self, given: list[Path]) -> Report:
        for file in paths.record_files(given):
            if file.parent != self._folder:
                self._folder, self._ids, self._before = file.parent, {}, None
            self._file(file)
        for folder in given:
            if folder.is_dir():
                for side in sorted(paths.below(folder, ".chain")):
                    self._orphan(side)
                for torn in sorted(paths.below(folder, ".torn")):
                    self._found(torn, 0, "torn-aside", "bytes of an unfinished record were set aside here", "note")
        return self.report

    def _found(self, file: Path, line: int, code: str, what: str, severity: Severity = "fault") -> None:
        report = self.report
        fault = Fault(str(file), line, code, what, severity)
        if severity == "fault":
            report.fault_count += 1
        else:
            report.note_count += 1
        report.by_code[code] = report.by_code.get(code, 0) + 1
        if len(report.faults) < _KEPT_FAULTS:
            report.faults.append(fault)
        if self._tell:
            self._tell(fault)

    def _file(self, file: Path) -> None:
        self.report.files += 1
        follower = self._follower(file)
        place = _place(file)
        with file.open("rb") as lines:
            for number, raw in enumerate(lines, 1):
                self.report.bytes += len(raw)
                whole = raw.endswith(b"\n")
                line = raw[:-1] if whole else raw
                if not whole:
                    self._found(file, number, "torn", "the last line has no end: its writer was cut off")
                elif follower:
                    follower.line(number, line)
                self._line(file, number, line, place)
        if follower:
            follower.end()
            self.report.chained += follower.checked

    def _line(self, file: Path, number: int, line: bytes, place: tuple[str, str, str] | None) -> None:
        try:
            record = READ_RECORD(line)
        except (UnicodeDecodeError, msgspec.DecodeError) as error:
            self._found(file, number, *why_unread(line, error))
            return
        self.report.records += 1
        for code, what in _beyond_types(record):
            self._found(file, number, code, what)
        if place:
            self._placed(file, number, record, place)
        if _MAYBE_SECRET.search(line):
            text = line.decode()
            if redact(text) != text:
                self._found(file, number, "secret", "the record holds what looks like a credential")
        self._once(file, number, record.event_id)

    def _once(self, file: Path, number: int, event_id: str) -> None:
        key = blake2b(event_id.encode("utf-8", "replace"), digest_size=12).digest()
        first = self._ids.setdefault(key, (file.name, number))
        if first != (file.name, number):
            self._found(file, number, "twice", f"event {event_id} stands already in {first[0]}, line {first[1]}")
        if len(self._ids) > _REMEMBERED_IDS:
            for old in list(self._ids)[: _REMEMBERED_IDS // 2]:
                del self._ids[old]

    def _placed(self, file: Path, number: int, record: Record, place: tuple[str, str, str]) -> None:
        owner, name, day = place
        found = record.repo.partition("/")
        if (paths.safe_name(found[0]), paths.safe_name(found[2])) != (owner, name):
            self._found(file, number, "misplaced", f"a record of {record.repo} in the folder of {owner}/{name}")
        elif day and record.timestamp[:10] != day:
            self._found(file, number, "misplaced", f"a record of {record.timestamp[:10]} in the file of {day}")

    def _follower(self, file: Path) -> ChainFollower | None:
        side = chain.chain_path(file)
        try:
            found = chain.read_chain(file)
        except ValueError as error:
            self._found(side, 0, "chain-broken", str(error))
            return None
        if found is None:
            if _place(file):
                self._found(file, 0, "no-chain", "there is no chain: edits and gaps would not show", "note")
            return None
        if found.torn:
            self._found(side, 0, "chain-torn", f"{found.torn} bytes of an unfinished digest at the end", "note")
        if found.adopted:
            lines = ", ".join(str(index + 1) for index in sorted(found.adopted)[:10])
            more = " …" if len(found.adopted) > 10 else ""
            records = noun(len(found.adopted), "record")
            self._found(file, 0, "adopted", f"{records} {lines}{more} got a digest only after a crash", "note")
        self._linked(file, found)
        self._before = (file, found)
        return ChainFollower(found, lambda line, code, what, severity: self._found(file, line, code, what, severity))

    def _linked(self, file: Path, found: chain.Chain) -> None:
        """The file before has to reach at least as far as it did when this one was begun."""
        prev = found.opening.prev
        if prev is None:
            return
        target = file.with_name(paths.safe_name(prev.file))
        if not target.exists():
            kept = file.with_name(paths.KEPT).exists()
            self._found(
                file,
                0,
                "file-pruned" if kept else "file-missing",
                f"the file before it, {target.name}, with {prev.records} {noun(prev.records, 'record')}, is gone"
                + (f"; {paths.KEPT} holds what `prune` kept" if kept else ""),
                "note" if kept else "fault",
            )
            return
        try:
            before = self._before[1] if self._before and self._before[0] == target else chain.read_chain(target)
        except ValueError:
            return  # said where that file was checked
        digests = before.digests if before else ()
        reached = before.seed if before and not prev.records else None
        if prev.records and prev.records <= len(digests):
            reached = digests[prev.records - 1]
        if reached is None or reached.hex() != prev.digest:
            self._found(
                target,
                0,
                "cut-short",
                f"it had {prev.records} other {noun(prev.records, 'record')} when {file.name} was begun",
            )

    def _orphan(self, side: Path) -> None:
        file = side.with_suffix(".jsonl")
        if file.exists():
            return
        try:
            found = chain.read_chain(file)
        except ValueError:
            found = None
        if found and found.digests:
            self._found(
                file,
                0,
                "file-missing",
                f"the file is gone; its chain knows {len(found.digests)} {noun(len(found.digests), 'record')}",
            )


def why_unread(line: bytes, error: UnicodeDecodeError | msgspec.DecodeError) -> tuple[str, str]:
    """The code and the words for a line that no record was read from."""
    if isinstance(error, UnicodeDecodeError):
        return "not-utf8", "the line is not UTF-8"
    if not isinstance(error, msgspec.ValidationError):
        return "not-json", str(error) if line.strip() else "the line is empty"
    newer = _major(line)
    if newer:
        return "newer-major", f"the record is of schema {newer}; this tassist reads 1.x"
    return "not-in-schema", str(error)


def _beyond_types(record: Record) -> list[tuple[str, str]]:
    """What the contract asks and types cannot say."""
    faults = []
    if record.outcome == "success" and record.reason is not None:
        faults.append(("not-in-schema", "a success has a reason - at `$.reason`"))
    if record.outcome != "success" and not record.reason:
        faults.append(("not-in-schema", f"outcome {record.outcome} without a reason - at `$.reason`"))
    if record.event_type == "run" and record.trigger is None:
        faults.append(("not-in-schema", "a run without a trigger - at `$.trigger`"))
    try:
        datetime.fromisoformat(record.timestamp[:19])
    except ValueError:
        faults.append(("not-in-schema", "there is no such day - at `$.timestamp`"))
    return faults


class _Version(msgspec.Struct):
    schema_version: str


def _major(line: bytes) -> str | None:
    """The schema version where it is of another major version than ours."""
    try:
        version = msgspec.json.decode(line, type=_Version).schema_version
    except (msgspec.ValidationError, msgspec.DecodeError):
        return None
    return version if re.fullmatch(r"(?!1\.)[0-9]+\.[0-9]+", version) else None


def _place(file: Path) -> tuple[str, str, str] | None:
    """Owner, name and day a file's place stands for, where it lies in the contract's folders."""
    parts = file.absolute().parts
    if len(parts) < 5 or parts[-5:-3] != (paths.LAYOUT, "repos"):
        return None
    day = paths.DAY_FILE.match(file.name)
    if day is None and file.name != paths.KEPT:
        return None
    return parts[-3], parts[-2], day[1] if day else ""
