"""Where a migration stands: one folder a repository with the plan that is being carried out and a journal of its steps.

The journal is append-only and synced line by line: the intent before a step's first write, with what the step found, and the
end after its last. A process that is killed in between finds both again, and each step knows how to go on.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from engine.problems import Problem, ProblemError
from migrations.plan import Plan, from_data, to_data
from tassist import private
from tassist.errors import os_problem
from tassist.telemetry.parts import stamp
from tassist.text import safe_text

State = Literal["planned", "intended", "done", "undoing", "undone"]
FOLDER = "migrations"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def folder(home: Path, repo: str) -> Path:
    """Where a repository's migration is kept.

    Raises:
        ProblemError: it is no name of a repository.
    """
    owner, slash, name = repo.partition("/")
    if not slash or not _NAME.fullmatch(owner) or not _NAME.fullmatch(name) or {owner, name} & {".", ".."}:
        raise ProblemError(
            Problem("repo-name-wrong", f"{safe_text(repo, max_chars=100)!r} is no OWNER/NAME", fix="check its spelling")
        )
    return home / FOLDER / owner.lower() / name.lower()


@dataclass(slots=True)
class Entry:
    """How far one step is."""

    state: State = "planned"
    found: dict[str, Any] = field(default_factory=dict)
    """What the step saw before its first write."""
    result: dict[str, Any] = field(default_factory=dict)
    """What it left, as far as its inverse needs it."""
    at: str = ""


class Progress:
    """The journal of one migration."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.plan: Plan | None = None
        self.run_id = ""
        self.entries: dict[str, Entry] = {}
        self.notes: dict[str, Any] = {}
        """What belongs to no step: the pull request's number."""
        self._load()

    @property
    def under_way(self) -> bool:
        """Whether something was begun and not taken back."""
        return self.plan is not None and any(
            entry.state not in {"planned", "undone"} for entry in self.entries.values()
        )

    def state(self, step_id: str) -> State:
        """How far a step is."""
        return self.entries[step_id].state if step_id in self.entries else "planned"

    @property
    def finished(self) -> bool:
        """Whether every step is done."""
        return self.plan is not None and all(self.state(step.id) == "done" for step in self.plan.steps)

    def begin(self, plan: Plan, run_id: str) -> None:
        """Keep the plan that is carried out from now on; the journal of a former one is put aside."""
        try:
            self.place.mkdir(parents=True, exist_ok=True, mode=0o700)
            journal = self.place / "journal.jsonl"
            if journal.exists():
                count = len(list(self.place.glob("journal.*.jsonl"))) + 1
                journal.replace(self.place / f"journal.{count:03d}.jsonl")
            _replace(self.place / "plan.json", json.dumps({**to_data(plan), "run_id": run_id}, indent=1).encode())
        except OSError as error:
            raise ProblemError(os_problem(error, doing="keep the plan", option="--home")) from error
        self.plan, self.run_id, self.entries, self.notes = plan, run_id, {}, {}

    def write(self, step_id: str, state: State, now: datetime, **what: Mapping[str, Any]) -> None:
        """Note how far a step is; on the disk before it returns."""
        self._append({"step": step_id, "state": state, "at": stamp(now), **what})

    def note(self, **values: Any) -> None:
        """Note something that belongs to no step."""
        self._append({"note": values})

    def _append(self, line: Mapping[str, Any]) -> None:
        try:
            with open(self.place / "journal.jsonl", "ab", opener=private.opener) as file:
                file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ProblemError(os_problem(error, doing="write the migration's journal", option="--home")) from error
        self._take(line)

    def _take(self, line: Mapping[str, Any]) -> None:
        if "note" in line:
            self.notes |= line["note"]
            return
        entry = self.entries.setdefault(line["step"], Entry())
        entry.state, entry.at = line["state"], line["at"]
        entry.found = line.get("found", entry.found)
        entry.result = line.get("result", entry.result)

    def _load(self) -> None:
        try:
            kept = json.loads((self.place / "plan.json").read_bytes())
            self.plan, self.run_id = from_data(kept), str(kept["run_id"])
            text = (self.place / "journal.jsonl").read_bytes() if (self.place / "journal.jsonl").exists() else b""
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError) as error:
            raise ProblemError(
                Problem(
                    "migration-journal-damaged", f"{self.place} cannot be read", str(error), "restore it from a copy"
                )
            ) from error
        for line in text.split(b"\n")[:-1]:  # a last line without its end was never finished
            self._take(json.loads(line))
        whole = text.rpartition(b"\n")[0]
        if text and not text.endswith(b"\n"):
            _replace(self.place / "journal.jsonl", whole + b"\n" if whole else b"")


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    private.write(beside, content, synced=True)
    beside.replace(path)
