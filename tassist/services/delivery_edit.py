"""Makes a changed copy of a delivery as a file; the journal's own is never changed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.problems import Problem, ProblemError
from tassist.errors import os_problem
from tassist.services import json_paths, payloads
from tassist.services.payloads import Taken
from tassist.text import safe_text


def edited(taken: Taken, sets: Sequence[str], unsets: Sequence[str] = ()) -> Taken:
    """The delivery with these values changed.

    Args:
        taken: The original.
        sets: ``PATH=VALUE`` each; the value is JSON, or text where it is none.
        unsets: Paths to remove.

    Raises:
        ProblemError: with every path that leads nowhere, or the body is no JSON object without double keys.
    """
    payload = payloads.load(taken.body, taken.content_type, name=taken.name)
    if not isinstance(payload.document, dict) or payload.twice:
        why = f"{payload.twice[0]} stands twice in an object" if payload.twice else "it is no JSON object"
        raise ProblemError(Problem("payload-not-editable", "this payload cannot be edited", safe_text(why)))
    problems: list[Problem] = []
    for one in sets:
        try:
            path, value = _assignment(one)
            json_paths.put(payload.document, path, value)
        except ProblemError as error:
            problems.extend(error.problems)
    for one in unsets:
        try:
            json_paths.take(payload.document, json_paths.parse(one))
        except ProblemError as error:
            problems.extend(error.problems)
    if problems:
        raise ProblemError(problems)
    return replace(taken, body=payloads.compact(payload.document), content_type="application/json")


def _assignment(text: str) -> tuple[json_paths.Path, Any]:
    # A path may hold = inside brackets, so the first = outside of them divides.
    found = re.match(r'(?:[^=\["]|\[(?:"(?:[^"\\]|\\.)*"|[^\]]*)\])+=', text)
    if found is None:
        raise ProblemError(
            Problem(
                "assignment-wrong",
                f"{safe_text(text, max_chars=100)!r} sets nothing",
                "it has the form PATH=VALUE",
                "such as: --set issue.title=Renamed or --set 'issue.labels[0].name=bug'",
            )
        )
    value = text[found.end() :]
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        parsed = value
    return json_paths.parse(found.group()[:-1]), parsed


def write_file(taken: Taken, path: Path, *, force: bool = False) -> None:
    """Write a delivery to a file only its owner can read: it holds what an issue's author wrote.

    Raises:
        ProblemError: the file is there already, or the system refuses.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | (os.O_TRUNC if force else os.O_EXCL)
    try:
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="ascii") as file:
            file.write(payloads.as_file(taken))
    except FileExistsError:
        raise ProblemError(
            Problem(
                "file-exists", f"{safe_text(path)} is there already", fix="choose another with --output, or --force"
            )
        ) from None
    except OSError as error:
        raise ProblemError(os_problem(error, doing="write the delivery to")) from None


def default_name(taken: Taken) -> str:
    """A name for the file: the beginning of the id, of which only letters, digits and hyphens are used."""
    stem = re.sub(r"[^A-Za-z0-9-]", "", taken.delivery_id)[:12].strip("-")
    return f"delivery-{stem or 'edited'}.json"
