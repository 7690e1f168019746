"""Which records an import of legacy telemetry left, and whether they are still there as they were."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec

from engine.problems import ProblemError
from tassist.errors import os_problem
from tassist.telemetry.paths import record_files

FILE = "imported.txt"
"""In the folder of a migration: one line a record, its event id and what its line hashes to."""


class _Head(msgspec.Struct):
    event_id: str


def remember(place: Path, folder: Path, ids: set[str]) -> None:
    """Keep how the records with these ids stand in the telemetry folder now.

    Raises:
        ProblemError: the folder cannot be read, or the migration's own cannot be written.
    """
    try:
        lines = sorted(f"{one} {digest}\n" for one, digest in _standing(folder, ids))
        (place / FILE).write_text("".join(lines), "ascii")
    except OSError as error:
        raise ProblemError(os_problem(error, doing="keep which records were imported")) from error


def why_not(place: Path, folder: Path) -> str | None:
    """Why the imported records are not all there, unchanged; empty where they are, ``None`` where nobody kept which they are.

    Raises:
        ProblemError: they cannot be read.
    """
    try:
        kept = dict(line.split(" ") for line in (place / FILE).read_text("ascii").splitlines())
        found = dict(_standing(folder, set(kept)))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ProblemError(os_problem(error, doing="look for imported records")) from error
    missing = len(kept.keys() - found.keys())
    changed = sum(found[one] != digest for one, digest in kept.items() if one in found)
    told = [f"{missing} of {len(kept)} records are not in {folder} any more"] if missing else []
    return "; ".join([*told, *([f"{changed} of {len(kept)} records were changed"] if changed else [])])


def _standing(folder: Path, ids: set[str]) -> Iterator[tuple[str, str]]:
    """Event id and digest of every line that is one of these records."""
    for file in record_files([folder]) if folder.is_dir() else ():
        with file.open("rb") as lines:
            for line in lines:
                if b'"legacy:' not in line:
                    continue
                try:
                    head = msgspec.json.decode(line, type=_Head)
                except msgspec.MsgspecError:
                    continue
                if head.event_id in ids:
                    yield head.event_id, sha256(line.rstrip(b"\n")).hexdigest()[:32]
