"""A person's own keys: a TOML file of lines ``binding-id = "key"``, checked before the app takes it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection
from pathlib import Path

from engine.problems import Problem, ProblemError, Where
from tassist.errors import os_problem
from tassist.text import safe_text

FILE_NAME = "keys.toml"
_KEY = re.compile(r"(?:(?:ctrl|alt|shift|super|hyper|meta)\+)*[a-z0-9_]+|[^\s,]")


def read_keymap(path: Path, known_names: Callable[[], Collection[str]], *, needed: bool) -> dict[str, str]:
    """The keys of a file by binding; a file that is not there, and need not be, gives none.

    Raises:
        ProblemError: with everything that is wrong with it.
    """
    if not needed and not path.is_file():
        return {}
    try:
        document = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the keys from")) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProblemError(
            Problem("keymap-broken", f"{safe_text(path)} is not TOML", safe_text(error), "mend the line it names")
        ) from None
    problems: list[Problem] = []
    known = known_names()  # asked for only now: it needs every screen to be loaded
    for name, value in document.items():
        keys = [key.strip() for key in value.split(",")] if isinstance(value, str) else []
        where = Where(file=safe_text(path), path=safe_text(name, max_chars=60))
        if name not in known:
            problems.append(
                Problem(
                    "keymap-unknown",
                    "there is no such binding",
                    fix="the names are in docs/reference/keys.md",
                    where=where,
                )
            )
        elif not keys or not all(_KEY.fullmatch(key) for key in keys):
            problems.append(
                Problem(
                    "keymap-no-key",
                    f"{safe_text(value, max_chars=60)!r} is no key",
                    fix='write such as "f5", "ctrl+r" or "r"; several are divided by commas',
                    where=where,
                )
            )
    if problems:
        raise ProblemError(problems)
    return {name: str(value) for name, value in document.items()}
