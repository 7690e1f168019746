"""`tassist migrate import-telemetry`: legacy telemetry of every form, as records of our own contract with its origin marked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from engine.problems import Problem, ProblemError, Where
from migrations.model import Recorded
from migrations.telemetry import IssueSeen, LegacyRun, Unread, read
from tassist.config.settings import Settings
from tassist.errors import os_problem
from tassist.services.migrate.checkout import read_record_history
from tassist.services.migrate.files import MAX_FILE_BYTES, is_record
from tassist.telemetry.around import legacy_issue, legacy_run
from tassist.telemetry.parts import optional_stamp
from tassist.telemetry.shape import REPO, IssueState
from tassist.telemetry.sinks.jsonl import MAX_BATCH, JsonlSink
from tassist.telemetry.sinks.port import Entry, entry
from tassist.text import noun, safe_text

_PART_BYTES = 256 * 1024
SHOWN = 100
"""How many unreadable pieces are told one by one; all are counted."""


@dataclass(slots=True)
class Imported:
    """What an import took and what it could not."""

    repo: str = ""
    files: int = 0
    issues: int = 0
    """Sightings of issues that were found, the same state once for each file it stands in."""
    runs: int = 0
    written: int = 0
    """Records that are new in the telemetry folder."""
    repeated: int = 0
    """Records that stand there already, or that several files hold."""
    mended: int = 0
    unread: int = 0
    first: datetime | None = None
    last: datetime | None = None
    by_component: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    """The first hundred pieces that could not be read, and those that were mended."""

    def note(self, found: Unread) -> None:
        """Count a piece that was mended or left out, and name it."""
        if found.mended:
            self.mended += 1
        else:
            self.unread += 1
        if len(self.problems) < SHOWN:
            path = safe_text(found.path, max_chars=200)
            self.problems.append(
                Problem(
                    "legacy-telemetry-mended" if found.mended else "legacy-telemetry-unread",
                    "a piece was mended and taken" if found.mended else "a piece was left out",
                    safe_text(found.why, max_chars=200),
                    "" if found.mended else "nothing else is lost; mend the file and import again to add it",
                    Where(path, found.line or None),
                )
            )

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "repo": self.repo,
            "files": self.files,
            "issues_seen": self.issues,
            "runs": self.runs,
            "written": self.written,
            "repeated": self.repeated,
            "mended": self.mended,
            "unread": self.unread,
            "from": optional_stamp(self.first),
            "to": optional_stamp(self.last),
            "by_component": dict(sorted(self.by_component.items())),
            "problems": [
                {"file": str(one.where or ""), "what": one.what, "why": one.why, "code": one.code}
                for one in self.problems
            ],
        }


@dataclass(frozen=True, slots=True)
class Large:
    """A file that is not held in memory: it is read part by part."""

    path: str
    file: Path
    at: datetime | None = None

    @property
    def content(self) -> Iterator[bytes]:
        """Its parts, in order."""
        try:
            with self.file.open("rb") as opened:
                while part := opened.read(_PART_BYTES):
                    yield part
        except OSError as error:
            raise ProblemError(os_problem(error, doing="read")) from error


@dataclass(frozen=True, slots=True)
class Source:
    """Legacy telemetry, file by file."""

    repo: str
    files: Iterable[Recorded | Large]
    notes: Sequence[str] = ()
    """What could not be read; it may grow while the files are."""


def local(path: Path, repo: str = "") -> Source:
    """Of a checkout (every version of every file its telemetry branch ever held), a folder, or a single file.

    Args:
        path: Which.
        repo: ``OWNER/NAME``, where the place does not tell, or tells another.

    Raises:
        ProblemError: there is nothing, or nothing tells which repository it belongs to.
    """
    notes: Sequence[str] = ()
    files: Iterable[Recorded | Large]
    if path.is_dir() and ((path / ".git").exists() or (path / "HEAD").is_file()):
        found = read_record_history(path)
        repo = repo or found.repo or _told(read_record_history(path).files)
        notes, files = found.notes, found.files
    elif path.is_dir() or path.is_file():
        repo = repo or _told(_walk(path))
        files = _walk(path)
    else:
        raise ProblemError(
            Problem(
                "no-such-file", f"there is no file or folder {safe_text(path)}", fix="check the spelling of the path"
            )
        )
    if not repo:
        raise ProblemError(
            Problem(
                "repository-unknown",
                f"nothing in {safe_text(path)} tells which repository its telemetry belongs to",
                "records carry the repository's name",
                "name it: --repo OWNER/NAME",
            )
        )
    return Source(repo, files, notes)


def records(source: Source, into: Imported, *, titles: bool = False) -> Iterator[bytes]:
    """One record for each finding, files in order; what is in several of them stands once."""
    if not re.match(REPO, source.repo):
        raise ProblemError(
            Problem("repo-name-wrong", f"{safe_text(source.repo)!r} is no name of a repository", fix="write OWNER/NAME")
        )
    into.repo = source.repo
    seen: set[str] = set()
    for file in source.files:
        into.files += 1
        for found in read(file.path, file.content, file.at):
            if isinstance(found, Unread):
                into.note(found)
                continue
            into.first = min(into.first or found.at, found.at)
            into.last = max(into.last or found.at, found.at)
            if isinstance(found, LegacyRun):
                into.runs += 1
                into.by_component[found.component] += 1
            else:
                into.issues += 1
            # A branch that copies itself says each thing a thousand times: told apart before a record is made of it.
            digest = found.digest
            if digest in seen:
                continue
            seen.add(digest)
            if isinstance(found, LegacyRun):
                yield legacy_run(
                    repo=source.repo, component=found.component, at=found.at, digest=digest,
                    counts=dict(found.counts), missing=found.missing, issue=found.issue, failed=found.failed,
                    note=safe_text(file.path, max_chars=500),
                )  # fmt: skip
            else:
                yield legacy_issue(
                    repo=source.repo, number=found.number, state=_state(found, titles=titles),
                    component=found.component, at=found.at, digest=digest,
                    note=safe_text(file.path, max_chars=500),
                )  # fmt: skip


def take_in(
    source: Source,
    folder: Path | None,
    *,
    titles: bool = False,
    told: Callable[[str], None] = lambda _: None,
    ids: set[str] | None = None,
) -> Imported:
    """Put everything a source holds into a telemetry folder; what is there already stays as it is.

    Args:
        source: What to read.
        folder: Of telemetry; ``None`` only counts.
        titles: Whether issues' titles are recorded.
        told: Hears how far it is, once for each thousand records.
        ids: Gets the event id of every record, whether it is new or stands there already.

    Raises:
        ProblemError: the folder cannot be written.
    """
    done = Imported()
    sink = JsonlSink(folder, always_compare=True) if folder else None
    batch: list[Entry] = []
    total = 0
    for line in records(source, done, titles=titles):
        total += 1
        batch.append(entry(total, line))
        if ids is not None:
            ids.add(batch[-1].head.event_id)
        if len(batch) >= MAX_BATCH:
            _write(sink, batch)
            told(f"{done.files} {noun(done.files, 'file')}, {total} {noun(total, 'record')}")
    _write(sink, batch)
    done.written = sink.appended if sink else total
    done.repeated = done.issues + done.runs - done.written
    return done


def _write(sink: JsonlSink | None, batch: list[Entry]) -> None:
    if sink is not None and batch:
        sink.write(batch)
    batch.clear()


def _state(found: IssueSeen, *, titles: bool) -> IssueState:
    return IssueState(
        labels=found.labels,
        milestone=found.milestone,
        state=found.state,
        track=found.track,
        title=found.title if titles else "",
        created_at=optional_stamp(found.created_at),
        updated_at=optional_stamp(found.updated_at),
        closed_at=optional_stamp(found.closed_at),
        is_pull_request=found.is_pull_request,
    )


def _walk(path: Path) -> Iterator[Recorded | Large]:
    """Every file that may be telemetry, by path; links are not followed."""
    base = path if path.is_dir() else path.parent
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        name = file.relative_to(base).as_posix()
        if file.is_symlink() or not file.is_file() or not (is_record(name) or file == path):
            continue
        try:
            if file.stat().st_size > MAX_FILE_BYTES:
                yield Large(name, file)
                continue
            content = file.read_bytes()
        except OSError as error:
            raise ProblemError(os_problem(error, doing="read")) from error
        yield Recorded(name, content)


class _Named(msgspec.Struct):
    repository: str = ""


def _told(files: Iterable[Recorded | Large]) -> str:
    """The repository the first file names that names one; large ones are not asked."""
    for file in files:
        if isinstance(file, Large):
            continue
        try:
            found = msgspec.json.decode(file.content, type=_Named).repository
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        if found:
            return found
    return ""


async def remote(name: str, settings: Settings, *, told: Callable[[float, str], None] | None = None) -> Source:
    """Of a repository on GitHub: its telemetry branch as it is now.

    Raises:
        ProblemError: the App cannot see it.
    """
    from tassist.services.connecting import AT_A_TERMINAL, connect
    from tassist.services.migrate.remote import read_remote

    async with connect(settings, dry=True, patience=AT_A_TERMINAL, told=told) as connection:
        found = await read_remote(connection, name)
    return Source(found.repo, found.telemetry, ("earlier versions of its files are read from a checkout only",))
