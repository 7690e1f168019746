"""One file of records: mended when it is opened, appended to in one go, its chain kept in step."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.problems import Problem
from tassist.config import faults
from tassist.telemetry import chain
from tassist.telemetry.shape import READ_HEAD
from tassist.telemetry.sinks.port import Notice
from tassist.text import noun

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


class NotAppendableError(Exception):
    """The file's chain promises what the file does not hold; it is left as it is, as evidence, and a new part begun."""


@dataclass(slots=True)
class DayFile:
    """A file that can be appended to, and how far it and its chain have come."""

    path: Path
    size: int
    digest: bytes
    chain_size: int
    ids: set[str] | None
    """Event ids in all parts of the day; ``None`` once nothing can come a second time."""

    def untouched(self) -> bool:
        """Whether the file and its chain are as we left them; otherwise another process wrote, or a person."""
        return _size(self.path) == self.size and _size(chain.chain_path(self.path)) == self.chain_size

    def append(self, lines: Sequence[bytes]) -> None:
        """Append records and sync them; on an error the file is as before.

        Raises:
            OSError: The disk is full, read-only, gone.
        """
        data = b"\n".join(lines) + b"\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | _NO_FOLLOW, 0o600)
        try:
            try:
                view = memoryview(data)
                if faults.armed("mid-record-append"):
                    view = view[os.write(descriptor, view[: len(view) // 2]) :]
                    faults.point("mid-record-append")
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, self.size)
                raise
        finally:
            os.close(descriptor)
        if not self.size:
            sync_folder(self.path.parent)
        self.size += len(data)
        text, self.digest = chain.extend(self.digest, lines)
        chain.append_chain(self.path, text)
        self.chain_size += len(text)


def begin_file(path: Path, prev: chain.Link | None, ids: set[str] | None) -> DayFile:
    """Begin a new file, linked to the one before it."""
    opening = chain.begin(prev)
    chain.append_chain(path, opening, at=0)
    return DayFile(path, 0, chain.seed_of(opening), len(opening), ids)


def open_file(path: Path, prev: chain.Link | None, ids: set[str], notice: Notice) -> DayFile:
    """Open a file, which may have to be begun: a torn end is set aside, records without a digest are adopted.

    Args:
        path: The file.
        prev: The file before it, for a chain that has yet to be begun.
        ids: Receives the event ids of the records.
        notice: Told what was mended.

    Raises:
        NotAppendableError: The chain is broken or reaches further than the file.
        OSError: It cannot be read or mended.
    """
    if path.is_symlink():
        raise OSError(errno.ELOOP, "it is a symbolic link, which is not followed", str(path))
    try:
        found = chain.read_chain(path)
    except ValueError as error:
        raise NotAppendableError(f"its chain is broken: {error}") from error
    if not path.exists():
        if found is not None and found.digests:
            raise NotAppendableError(
                f"it is gone, but its chain knows {len(found.digests)} {noun(len(found.digests), 'record')}"
            )
        return begin_file(path, prev, ids)
    if found is None:
        begin_file(path, prev, None)
        found = chain.read_chain(path)
        assert found is not None
    good_end, loose, count = _scan(path, len(found.digests), ids)
    if count < len(found.digests):
        raise NotAppendableError(
            f"its chain knows {len(found.digests)} {noun(len(found.digests), 'record')}, the file holds {count}"
        )
    size = _size(path) or 0
    if good_end < size:
        _set_aside(path, good_end, size, notice)
    text, digest = chain.extend(found.last, loose, chain.ADOPTED)
    chain_end = (_size(chain.chain_path(path)) or 0) - found.torn
    if text or found.torn:
        chain.append_chain(path, text, at=chain_end)
    if loose:
        notice(
            Problem(
                "records-adopted",
                f"{len(loose)} {noun(len(loose), 'record')} at the end of {path} had no digest yet",
                why="the writer was killed between the record and its digest, or somebody appended by hand",
                family="world",
            )
        )
    return DayFile(path, good_end, digest, chain_end + len(text), ids)


def read_ids(path: Path, ids: set[str]) -> None:
    """Add the event ids of a file's records; lines that are none are passed over."""
    with path.open("rb") as file:
        for line in file:
            _add_id(line, ids)


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable; a new file is not safe before."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and whatever is missing above it, durably."""
    missing = []
    while not folder.is_dir():
        if folder.is_symlink() or folder.exists():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
        sync_folder(path.parent)


def _scan(path: Path, chained: int, ids: set[str]) -> tuple[int, list[bytes], int]:
    """Where the good records end, those of them without a digest, and how many lines stand before that end."""
    good_end = count = 0
    loose: list[bytes] = []
    with path.open("rb") as file:
        for line in file:
            good = _add_id(line, ids)
            if not line.endswith(b"\n") or (count >= chained and not good):
                break
            if count >= chained:
                loose.append(line[:-1])
            good_end += len(line)
            count += 1
    return good_end, loose, count


def _add_id(line: bytes, ids: set[str]) -> bool:
    if not line.endswith(b"\n"):
        return False
    try:
        ids.add(READ_HEAD(line).event_id)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return False
    return True


def _set_aside(path: Path, end: int, size: int, notice: Notice) -> None:
    """Move what follows the last good record to ``<file>.torn``, which nobody reads as records."""
    aside = path.with_name(path.name + ".torn")
    with path.open("rb+") as file:
        file.seek(end)
        torn = file.read()
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | _NO_FOLLOW, 0o600)
        try:
            view = memoryview(torn + b"\n")
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        file.truncate(end)
        os.fsync(file.fileno())
    notice(
        Problem(
            "torn-record",
            f"{size - end} bytes at the end of {path} were no whole record",
            why="the writer was killed, or the machine lost power, in the middle of a record",
            fix=f"nothing to do: the record is written again from the outbox; the bytes are kept in {aside.name}",
            family="world",
        )
    )


def _size(path: Path) -> int | None:
    try:
        return path.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return None
