"""Divides files of records into pieces that are counted by themselves: a month of one repository; the rest is one piece."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tassist.dashboard.facts import Flaw
from tassist.telemetry import paths
from tassist.telemetry.shape import READ_RECORD

LEAST_BYTES = 1 << 20
"""What is smaller than this is no piece of its own."""
AT_REST_S = 2
"""A file that changed more recently may change again without its times telling."""
MAX_NAMED = 100
"""Faulty lines that are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Files that are counted together."""

    place: str
    """Folder and month; the same files grow at the same place."""
    files: tuple[Path, ...]
    bytes: int
    seal: str
    """Changes whenever one of the files does; empty where that cannot be relied on yet."""


def divide(files: Sequence[Path], *, key: str, now: float) -> tuple[list[Piece], list[Path]]:
    """Pieces, and the files that belong to none.

    Args:
        files: In a stable order.
        key: What else a seal shall depend on.
        now: Seconds since 1970.
    """
    months: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    loose = []
    for file in files:
        if paths.part_of(file) is None:
            loose.append(file)
        else:
            months[file.parent, file.name[:7]].append(file)
    pieces = []
    for (folder, month), members in months.items():
        stats = [file.stat() for file in members]
        size = sum(stat.st_size for stat in stats)
        if size < LEAST_BYTES:
            loose += members
            continue
        at_rest = all(max(stat.st_mtime, stat.st_ctime) < now - AT_REST_S for stat in stats)
        seal = hashlib.sha256(key.encode())
        for file, stat in zip(members, stats, strict=True):
            known = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)
            seal.update(f"\n{file.name} {known}".encode())
        place = os.fsdecode(folder.absolute() / month)
        pieces.append(Piece(place, tuple(members), size, seal.hexdigest() if at_rest else ""))
    return pieces, loose


def named(files: Iterable[Path], root: Path) -> list[Flaw]:
    """The first lines that are no records, as `tassist telemetry verify` says it, in order of their files."""
    found: list[Flaw] = []
    for shown, file in sorted((_shown(file, root), file) for file in files):
        with file.open("rb") as lines:
            for number, raw in enumerate(lines, 1):
                if not raw.strip():
                    continue
                try:
                    READ_RECORD(raw)
                except (msgspec.DecodeError, ValueError) as error:
                    found.append(Flaw(shown, number, str(error)))
                    if len(found) >= MAX_NAMED:
                        return found
    return found


def _shown(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file != root and file.is_relative_to(root) else file.name
