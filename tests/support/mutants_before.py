"""What earlier runs of `make mutate` found, so that a new one is quick without taking their word for anything that was noticed.

Who noticed a mutant before is asked first now, and must notice again. A mutant nobody noticed is asked of the cases and tests that are new or
changed since; where its function is as it was, it stays alive until one of these notices it. A mutant is known by its function's source and
its own, never by its number.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

DATA = ("tests/unit/engine", "tests/fixtures", "docs/reference/task-assistant.schema.json")
"""What tests read besides code."""


class Before:
    """The verdicts of earlier runs, and what judged in each of these."""

    def __init__(self, room: Path) -> None:
        self._judged = room / "judged.jsonl"
        self._earlier = room / "earlier.jsonl"
        self._items = room / "items"

    def set_aside(self) -> None:
        """What is judged, or judges, has changed: the verdicts so far are an earlier run's."""
        if self._judged.exists():
            with self._earlier.open("a") as file:
                file.write(self._judged.read_text())
            self._judged.unlink()

    def keep_items(self, state: str, digests: dict[str, str]) -> None:
        """Write down what judges now."""
        self._items.mkdir(exist_ok=True)
        (self._items / f"{state}.json").write_text(json.dumps(digests))

    def verdicts(self) -> dict[str, dict[str, str]]:
        """A mutant's digest → its last verdict of an earlier run."""
        lines = self._earlier.read_text().splitlines() if self._earlier.exists() else []
        return {verdict["change"]: verdict for verdict in map(json.loads, lines)}

    @lru_cache(maxsize=64)  # noqa: B019 – one object a run
    def items(self, state: str) -> dict[str, str]:
        """What judged in the run of that state; nothing where that is not known any more."""
        file = self._items / f"{state}.json"
        found: dict[str, str] = json.loads(file.read_text()) if state and file.exists() else {}
        return found


def digest(parts: Iterable[str]) -> str:
    """A short name for some texts together."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def of_folders(root: Path, folders: Sequence[str], suffixes: tuple[str, ...] = ()) -> str:
    """A digest of every file in the folders, of those kinds only where some are named."""
    files = sorted(file for folder in folders for file in (root / folder).rglob("*") if file.is_file())
    files += [root / folder for folder in folders if (root / folder).is_file()]
    chosen = [file for file in files if file.suffix != ".pyc" and (not suffixes or file.suffix in suffixes)]
    return digest(f"{file.relative_to(root)} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in chosen)


@cache
def of_test_file(root: Path, file: Path) -> str:
    """A digest of a test's file, of everything of the tests' that it imports, directly or not, and of their data."""
    seen: set[Path] = set()
    left = [file]
    while left:
        at = left.pop()
        if at in seen or not at.is_file():
            continue
        seen.add(at)
        for node in ast.walk(ast.parse(at.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("tests", "tassist.contract")):
                base = root / (node.module or "").replace(".", "/")
                left += [base.with_suffix(".py"), *(base / f"{name.name}.py" for name in node.names)]
    sources = [f"{at.relative_to(root)} {at.read_text()}" for at in sorted(seen)]
    return digest([*sources, of_folders(root, DATA, (".txt", ".json", ".yml", ".yaml"))])
