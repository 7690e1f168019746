"""Finds out what a path holds – a recorded snapshot, our telemetry, a timeline export, or a folder of them – and reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from engine.problems import Problem, ProblemError
from tassist.errors import os_problem
from tassist.services.simulate.exported import read_export
from tassist.services.simulate.history import History
from tassist.services.simulate.recorded import play, read_records
from tassist.services.simulate.snapshot import read_snapshot
from tassist.telemetry.shape import Record

_ENDINGS = (".json", ".jsonl", ".ndjson")


def read_history(path: Path, *, app: str = "", repo: str = "") -> History:
    """Everything the file tells, or all the files of the folder, in the order of their names.

    Args:
        path: A file, or a folder that is searched to the bottom.
        app: The slug of the App whose writes count as this App's; empty: any App's.
        repo: ``owner/name``, for exports that do not name their repository.

    Raises:
        ProblemError: where nothing can be read from it.
    """
    try:
        files = sorted(found for found in path.rglob("*") if found.suffix in _ENDINGS) if path.is_dir() else [path]
        history = History()
        runs: dict[str, Record] = {}
        for file in files:
            _read(file, file.read_bytes(), history, runs, app=app, repo=repo)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the history")) from error
    play(runs, history)
    if not history.issues:
        raise ProblemError(
            Problem(
                "history-empty",
                f"{path} holds no state of any issue",
                why="; ".join(history.notes[:3]) or "there is no .json, .jsonl or .ndjson file in it",
                fix="name a recorded snapshot, a file or folder of telemetry, or a timeline export",
            )
        )
    # A folder's files are in the order of their names, an issue's states have to be in the order of time.
    history.issues.sort(key=lambda found: (found[1], found[0].ref))
    return history


def _read(file: Path, content: bytes, history: History, runs: dict[str, Record], *, app: str, repo: str) -> None:
    if file.suffix in {".jsonl", ".ndjson"}:
        _count(history, "telemetry", read_records(content, history, runs, name=file.name))
        return
    document = _json(content)
    if isinstance(document, dict) and isinstance(document.get("event_id"), str):
        _count(history, "telemetry", read_records(content, history, runs, name=file.name))
    elif isinstance(document, dict) and "issues" in document and "component" in document:
        _count(history, "snapshot", read_snapshot(document, history, name=file.name))
    elif document is not None:
        _count(history, "timeline export", read_export(document, history, app=app, repo=repo, name=file.name))
    elif content.lstrip()[:1] == b"{" and b"\n{" in content:
        _count(history, "telemetry", read_records(content, history, runs, name=file.name))
    else:
        history.notes.append(f"{file.name} is not JSON")


def _json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return None


def _count(history: History, form: Any, states: int) -> None:
    if states:
        history.forms[form] = history.forms.get(form, 0) + 1
