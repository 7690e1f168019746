"""Which records an import of legacy telemetry left, and whether they are still there as they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from engine.problems import ProblemError
from tassist import private
from tassist.errors import os_problem
from tassist.telemetry.paths import record_files
from tassist.text import noun

FILE = "imported.txt"
"""In the folder of a migration: one line a record, its event id, what its line hashes to, and its day."""


class _Head(msgspec.Struct):
    event_id: str
    timestamp: str = ""
    event_type: str = ""
    origin: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the records an import left stand now."""

    total: int
    missing: int = 0
    changed: int = 0
    pruned: int = 0
    """Past their time and folded into a day's aggregate, which is there."""
    folder: Path = Path()

    @property
    def wrong(self) -> str:
        """Why they are not all there, unchanged; empty where they are, or were pruned."""
        told: list[str] = []
        if self.missing:
            told.append(f"{self._of(self.missing, 'is', 'are')} not in {self.folder} any more")
        if self.changed:
            told.append(f"{self._of(self.changed, 'was', 'were')} changed")
        return "; ".join(told)

    @property
    def gone(self) -> str:
        """What nobody can compare any more; empty where there is nothing."""
        if not self.pruned:
            return ""
        said = f"{self._of(self.pruned, 'was', 'were')} past {noun(self.pruned, 'its', 'their')} time and pruned"
        return f"{said}; what {noun(self.pruned, 'its day adds', 'their days add')} up to is kept"

    def _of(self, count: int, one: str, many: str) -> str:
        return f"{count} of {self.total} {noun(self.total, 'record')} {noun(count, one, many)}"


def remember(place: Path, folder: Path, ids: set[str]) -> None:
    """Keep how the records with these ids stand in the telemetry folder now.

    Raises:
        ProblemError: the folder cannot be read, or the migration's own cannot be written.
    """
    try:
        lines = sorted(f"{one} {digest} {day}\n" for one, (digest, day) in _standing(folder, ids).items())
        private.write(place / FILE, "".join(lines).encode("ascii"))
    except OSError as error:
        raise ProblemError(os_problem(error, doing="keep which records were imported")) from error


def standing(place: Path, folder: Path) -> Standing | None:
    """How the imported records stand; ``None`` where nobody kept which they are.

    Raises:
        ProblemError: they cannot be read.
    """
    try:
        kept = [line.split(" ") for line in (place / FILE).read_text("ascii").splitlines()]
        ids = {line[0] for line in kept}
        found = _standing(folder, ids)
        pruned_days = _pruned_days(folder) if len(found) < len(ids) else frozenset()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ProblemError(os_problem(error, doing="look for imported records")) from error
    gone = [line for line in kept if line[0] not in found]
    pruned = sum(line[2] in pruned_days for line in gone if len(line) > 2)
    changed = sum(found[line[0]][0] != line[1] for line in kept if line[0] in found)
    return Standing(len(kept), len(gone) - pruned, changed, pruned, folder)


def _standing(folder: Path, ids: set[str]) -> dict[str, tuple[str, str]]:
    """By event id, digest and day of every line that is one of these records."""
    return {
        head.event_id: (sha256(line).hexdigest()[:32], head.timestamp[:10])
        for head, line in _heads(folder)
        if head.event_id in ids
    }


def _pruned_days(folder: Path) -> frozenset[str]:
    """Days whose imported records were folded into an aggregate."""
    return frozenset(head.subject for head, _ in _heads(folder) if head.event_type == "day_aggregate")


def _heads(folder: Path) -> Iterator[tuple[_Head, bytes]]:
    """Everything that was imported, or stands for it, line by line."""
    for file in record_files([folder]) if folder.is_dir() else ():
        with file.open("rb") as lines:
            for line in lines:
                if b'"legacy:' not in line:
                    continue
                try:
                    head = msgspec.json.decode(line, type=_Head)
                except msgspec.MsgspecError:
                    continue
                yield head, line.rstrip(b"\n")
