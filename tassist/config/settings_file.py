"""Changes `tassist.toml` and leaves everything else in it as it is: order, comments, blank lines, other settings."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from engine.problems import Problem, ProblemError
from tassist.errors import os_problem

NAME = "tassist.toml"


def read(home: Path) -> str:
    """The file's text; empty where there is none.

    Raises:
        ProblemError: it is no text, or cannot be read.
    """
    path = home / NAME
    try:
        return path.read_text("utf-8-sig") if path.exists() else ""
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the settings from")) from None
    except UnicodeDecodeError as error:
        raise ProblemError(
            Problem("settings-file-broken", f"{path} is not UTF-8 text", str(error), "save it as UTF-8")
        ) from None


def changed(text: str, values: Mapping[str, str]) -> str:
    """The file's text with these settings; one that stands there keeps its place, a new one comes last.

    Raises:
        ProblemError: what comes out would not read back as what was meant.
    """
    lines = text.splitlines(keepends=True)
    for name, value in values.items():
        line = f"{name} = {json.dumps(value, ensure_ascii=False)}\n"
        at = next((place for place, old in enumerate(lines) if re.match(rf"\s*{re.escape(name)}\s*=", old)), None)
        if at is not None:
            lines[at] = line
        else:
            if lines and not lines[-1].endswith("\n"):
                lines[-1] += "\n"
            lines.append(line)
    made = "".join(lines)
    try:
        before, after = tomllib.loads(text), tomllib.loads(made)
    except tomllib.TOMLDecodeError as error:
        raise ProblemError(_by_hand(str(error), values)) from None
    if after != {**before, **values}:
        raise ProblemError(_by_hand("it is written over several lines, or below a table", values))
    return made


def _by_hand(why: str, values: Mapping[str, str]) -> Problem:
    return Problem(
        "settings-file-broken",
        f"{NAME} cannot be changed here",
        why,
        "write there yourself: " + "; ".join(f"{name} = {json.dumps(value)}" for name, value in values.items()),
    )
