"""Where records lie below a folder: ``v1/repos/<owner>/<name>/<yyyy-mm-dd>[.NNN].jsonl``, never outside of it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

LAYOUT = "v1"
KEPT = "kept.jsonl"
"""What `prune` keeps of a repository: a `day_aggregate` for each file it removed, and records that are kept for ever."""
DAY_FILE = re.compile(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.([0-9]{3,}))?\.jsonl$")

_DEVICES = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
_MAX_NAME = 120


def safe_name(name: str) -> str:
    """A name as one path component, on every system: what is not ``A-Z a-z 0-9 . _ -`` is percent-encoded.

    GitHub's own names come through unchanged. ``.`` and ``..``, device names and overlong names cannot do harm.
    """
    safe = quote(name, safe="", errors="replace").replace("~", "%7E")
    if not safe.strip(".") or safe.endswith(".") or _DEVICES.match(safe):
        safe = "".join(f"%{byte:02X}" for byte in name.encode("utf-8", "replace")) or "%"
    if len(safe) > _MAX_NAME:
        safe = safe[: _MAX_NAME - 17] + "%" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]
    return safe


def repo_folder(root: Path, repo: str) -> Path:
    """The folder of a repository's records."""
    owner, _, name = repo.partition("/")
    return root / LAYOUT / "repos" / safe_name(owner) / safe_name(name)


def day_file(folder: Path, timestamp: str, part: int = 0) -> Path:
    """The file for a record's day in UTC; further parts are numbered from ``.001`` on."""
    day = safe_name(timestamp[:10])
    return folder / (f"{day}.{part:03d}.jsonl" if part else f"{day}.jsonl")


def parts_of_day(folder: Path, timestamp: str) -> list[Path]:
    """The files of a record's day that exist, in order."""
    day = safe_name(timestamp[:10])
    return sorted((path for path in folder.glob(f"{day}*.jsonl") if part_of(path) is not None), key=file_order)


def part_of(path: Path) -> int | None:
    """The part's number, 0 for the first; ``None`` where it is no day file."""
    found = DAY_FILE.match(path.name)
    return int(found[2] or 0) if found else None


def file_order(path: Path) -> tuple[str, str, int]:
    """Sorts files by folder, day and part."""
    found = DAY_FILE.match(path.name)
    return (str(path.parent), found[1] if found else path.name, int(found[2] or 0) if found else 0)


def below(folder: Path, ending: str) -> Iterator[Path]:
    """Everything below a folder whose name ends so, in no order.

    Raises:
        OSError: A folder cannot be read: what lies there must not seem to be nothing.
    """
    for parent, _, names in os.walk(folder, onerror=_raise):
        for name in names:
            if name.endswith(ending):
                yield Path(parent, name)


def _raise(error: OSError) -> None:
    raise error


def record_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Every ``.jsonl`` file among the paths and below them, each once, in a stable order.

    Raises:
        OSError: A folder cannot be read.
    """
    seen: set[Path] = set()
    for path in paths:
        found = sorted(below(path, ".jsonl"), key=file_order) if path.is_dir() else [path]
        for file in found:
            if file not in seen and (path == file or file.is_file()):
                seen.add(file)
                yield file
