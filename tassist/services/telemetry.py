"""What `tassist telemetry` does: check, show, export, import and prune records."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from engine.ports import Clock
from engine.problems import Problem, ProblemError
from tassist.config.settings import Settings
from tassist.errors import os_problem
from tassist.services.telemetry_sinks import SinkChoice, choose
from tassist.telemetry import paths
from tassist.telemetry.cloudevents import from_cloudevent, to_cloudevent
from tassist.telemetry.prune import Pruned
from tassist.telemetry.prune import prune as prune_files
from tassist.telemetry.shape import READ_HEAD, Head
from tassist.telemetry.sinks.jsonl import MAX_BATCH, JsonlSink
from tassist.telemetry.sinks.port import Entry, RecordsRefused, entry
from tassist.telemetry.status import Status, read_status
from tassist.telemetry.table import csv_lines
from tassist.telemetry.verify import Fault, Report, why_unread
from tassist.telemetry.verify import verify as verify_files
from tassist.text import safe_text

Format = Literal["jsonl", "cloudevents", "csv"]
FORMATS: tuple[Format, ...] = ("jsonl", "cloudevents", "csv")


def telemetry_folder(settings: Settings) -> Path:
    """Where the sink of JSON lines keeps its files: the folder the settings name, else the one in the home folder.

    Raises:
        ProblemError: The settings of telemetry are wrong.
    """
    return next((folder_of(sink, settings) for sink in choose(settings).sinks if sink.kind == "jsonl"), _own(settings))


def folder_of(sink: SinkChoice, settings: Settings) -> Path:
    """Where one sink of JSON lines keeps its files."""
    return Path(sink.place).expanduser() if sink.place else _own(settings)


def _own(settings: Settings) -> Path:
    return settings.home / "telemetry"


def recorded(folder: Path) -> Path:
    """The folder, which is there.

    Raises:
        ProblemError: Nothing was recorded there.
    """
    if not folder.exists():
        raise ProblemError(
            Problem(
                "no-telemetry",
                f"there is no folder {safe_text(folder)}",
                why="a service that runs records telemetry, and none has recorded any there",
                fix="start one: tassist serve; or name the folder that has records",
            )
        )
    return folder


def check_web_url(url: str) -> None:
    """See that links will lead to a web page.

    Raises:
        ProblemError: It is the address of something else.
    """
    if urlsplit(url).scheme not in {"https", "http"} or not urlsplit(url).hostname:
        raise ProblemError(
            Problem(
                "web-url-wrong",
                f"{safe_text(url, max_chars=100)!r} is no address of GitHub",
                why="links to issues begin with it, and with https:// or http:// itself",
                fix="write it as https://github.com",
            )
        )


def status_file(settings: Settings) -> Path:
    """Where a running service says how its sinks are."""
    return settings.home / "sinks.json"


def status(settings: Settings) -> Status:
    """How the sinks are, as the service last said."""
    return read_status(status_file(settings))


def verify(given: Iterable[Path], *, tell: Callable[[Fault], None] | None = None) -> Report:
    """Check files and folders of records; every fault with its line.

    Raises:
        ProblemError: A path is not there or cannot be read.
    """
    try:
        return verify_files(existing(given), tell=tell)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read")) from error


@dataclass(frozen=True, slots=True)
class Choice:
    """Which records are wanted; empty means all."""

    repos: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    since: date | None = None
    """First day, in UTC."""
    until: date | None = None
    """Last day, in UTC."""

    def takes(self, head: Head) -> bool:
        """Whether the record is wanted."""
        day = head.timestamp[:10]
        return (
            (not self.repos or head.repo.casefold() in {repo.casefold() for repo in self.repos})
            and (not self.types or head.event_type in self.types)
            and (self.since is None or day >= self.since.isoformat())
            and (self.until is None or day <= self.until.isoformat())
        )


@dataclass(slots=True)
class Moved:
    """What an export or import did."""

    read: int = 0
    """Lines that were looked at."""
    written: int = 0
    repeated: int = 0
    """Records that were there already (import), or stood twice in a row of files (never counted for an export)."""
    faulty: int = 0
    problems: list[Problem] = field(default_factory=list)
    """The first hundred faulty lines."""

    def fault(self, file: Path, number: int, why: str) -> None:
        """Count a line that is no record."""
        self.faulty += 1
        if len(self.problems) < 100:
            self.problems.append(
                Problem(
                    "not-a-record",
                    f"{file}:{number} is no telemetry record; it was left out",
                    why=why,
                    fix=f"see what is wrong with it: tassist telemetry verify {file}",
                )
            )


def export(
    given: Iterable[Path], *, form: Format, write: Callable[[bytes], object], choice: Choice, web_url: str
) -> Moved:
    """Write records in another form, in the order of their files; lines that are no records are left out and named.

    Raises:
        ProblemError: A path is not there or cannot be read, or the choice or the address is wrong.
    """
    check_web_url(web_url)
    if choice.since and choice.until and choice.since > choice.until:
        raise ProblemError(
            Problem(
                "no-such-span",
                f"there is no day from {choice.since} up to {choice.until}",
                fix="give the earlier day first: --since is the first that is wanted, --until the last",
            )
        )
    moved = Moved()
    chosen = _chosen(existing(given), choice, moved)
    try:
        if form == "csv":
            for row in csv_lines(chosen):
                write(row.encode())
        else:
            for line in chosen:
                write((to_cloudevent(line, web_url=web_url) if form == "cloudevents" else line) + b"\n")
    except OSError as error:
        raise ProblemError(os_problem(error, doing="export telemetry")) from error
    return moved


def export_file(given: Iterable[Path], target: Path, *, form: Format, choice: Choice, web_url: str) -> Moved:
    """The same, into a file: it is written beside, and is there as a whole or not at all.

    Raises:
        ProblemError: As for `export`, or the file cannot be written.
    """
    beside = target.with_name(f".{target.name}.{os.getpid()}")

    def write(line: bytes) -> None:
        try:
            file.write(line)
        except OSError as error:
            raise not_written(error) from error

    def not_written(error: OSError) -> ProblemError:
        return ProblemError(os_problem(error, doing="write", name=target))

    try:
        with beside.open("wb") as file:
            moved = export(given, form=form, write=write, choice=choice, web_url=web_url)
        beside.replace(target)
    except OSError as error:
        raise not_written(error) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    return moved


def import_records(given: Iterable[Path], folder: Path) -> Moved:
    """Take records, as JSON lines or CloudEvents, into a telemetry folder; those that are there already are left out.

    Raises:
        ProblemError: A path is not there or cannot be read, or the folder cannot be written.
    """
    moved = Moved()
    sink = JsonlSink(folder, always_compare=True)
    batch: list[Entry] = []
    taken = 0
    try:
        for file, number, line in _lines(existing(given)):
            moved.read += 1
            try:
                batch.append(_importable(number, line))
            except ProblemError as error:
                moved.fault(file, number, error.problems[0].why)
                continue
            taken += 1
            if len(batch) >= MAX_BATCH:
                sink.write(batch)
                batch.clear()
        sink.write(batch)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read")) from error
    moved.written = sink.appended
    moved.repeated = taken - sink.appended
    return moved


def prune(folder: Path, *, keep_days: int, clock: Clock, dry_run: bool, told: Callable[[Path], None]) -> Pruned:
    """Remove files of records older than that, keeping what they add up to.

    Raises:
        ProblemError: Something cannot be read, written or removed.
    """
    try:
        return prune_files(folder, keep_days=keep_days, now=clock.now(), dry_run=dry_run, told=told)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="prune", name=error.filename or folder)) from error


def prune_database(choice: SinkChoice, *, keep_days: int, clock: Clock, dry_run: bool) -> Pruned:
    """Fold old days in the table of a database sink.

    Raises:
        ProblemError: The database cannot be reached, read or written.
    """
    from tassist.services.telemetry_sinks import database_of
    from tassist.telemetry.prune_table import prune_table

    return prune_table(database_of(choice), keep_days=keep_days, now=clock.now(), dry_run=dry_run)


def existing(given: Iterable[Path]) -> list[Path]:
    """The paths, which are all there.

    Raises:
        ProblemError: With each that is not.
    """
    found = list(given)
    missing = [path for path in found if not path.exists()]
    if missing:
        raise ProblemError(
            Problem(
                "no-such-file", f"there is no file or folder {safe_text(path)}", fix="check the spelling of the path"
            )
            for path in missing
        )
    return found


def _lines(given: Iterable[Path]) -> Iterator[tuple[Path, int, bytes]]:
    for file in paths.record_files(given):
        with file.open("rb") as lines:
            for number, raw in enumerate(lines, 1):
                yield file, number, raw.rstrip(b"\r\n")


def _chosen(given: Iterable[Path], choice: Choice, moved: Moved) -> Iterator[bytes]:
    for file, number, line in _lines(given):
        moved.read += 1
        try:
            head = READ_HEAD(line)
            if not choice.takes(head):
                continue
            to_cloudevent(line)  # whoever passes is a whole record
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            moved.fault(file, number, why_unread(line, error)[1])
        except ProblemError as error:
            moved.fault(file, number, error.problems[0].why)
        else:
            moved.written += 1
            yield line


def _importable(number: int, line: bytes) -> Entry:
    try:
        to_cloudevent(line)
        return entry(number, line)
    except RecordsRefused:
        raise
    except ProblemError as no_record:
        try:
            return entry(number, from_cloudevent(line))
        except ProblemError:
            raise no_record from None
