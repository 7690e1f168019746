"""Everything the engine says about several hundred configurations, word for word: tests/golden/configurations.txt.

The configurations stand in tests/fixtures/configurations.json: right ones, older ones, wrong ones and hostile ones, each of which some
test was written about. `make docs` writes the answers, a test compares them, and `make mutate` judges changes of the parser by them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from engine.config import Config, dump, milestone_numbers, parse
from engine.config.effective import effective
from engine.config.older import upgrade
from engine.problems import Problem

_FILE = Path(__file__).resolve().parents[1] / "fixtures" / "configurations.json"
_TITLES = ("Sprint 10", "Sprint 1.2", "v3", "")


def configurations() -> list[str]:
    """The documents; a new one stands last, so that the others keep their place."""
    found: list[str] = json.loads(_FILE.read_text())
    return found


def answer(text: str, *, explain: bool = True) -> str:
    """What parsing, writing, explaining and upgrading say of one document; ``explain``: also every value in force."""
    parsed = parse(text)
    lines = [f"digest {parsed.digest[:20]}"]
    if isinstance(parsed, Config):
        lines += [f"! {_words(warning)}" for warning in parsed.warnings]
        lines.append(repr(parsed))
        lines.append(dump(parsed))
        if explain:
            lines += [f"{value.path} = {value.value!r} at {value.where}" for value in effective(parsed, text)]
        for track in parsed.tracks:
            if track.milestone_pattern:
                lines += [f"{title!r}: {milestone_numbers(track.milestone_pattern, title)}" for title in _TITLES]
    else:
        lines += [f"- {_words(problem)}" for problem in parsed.problems]
        lines += [f"! {_words(warning)}" for warning in parsed.warnings]
        upgraded = upgrade(text)
        lines += [f"> {change}" for change in upgraded.changes]
        lines += [f"note {note}" for note in upgraded.notes]
        lines += [f"~ {_words(problem)}" for problem in upgraded.problems]
        if upgraded.text != text:
            lines.append(upgraded.text)
    return _shown("\n".join(lines))


def _words(problem: Problem) -> str:
    return f"[{problem.code}, {problem.family}] {problem.where!r} {problem}"


def _shown(text: str) -> str:
    """As printable text on any terminal and under any line-end rule of git."""
    return (
        text.encode("ascii", "backslashreplace")
        .decode()
        .replace("\r", "\\r")
        .replace("\x1b", "\\x1b")
        .replace("\0", "\\0")
    )


def page() -> str:
    """The whole file: each document, and what is said of it."""
    parts = [f"== {at}\n{_shown(text)}\n--\n{said}\n" for at, (text, said) in enumerate(said_of_all())]
    return "\n".join(parts)


def said_of_all() -> Iterator[tuple[str, str]]:
    """Each document with what is said of it now; every value in force for one in six."""
    for at, text in enumerate(configurations()):
        yield text, answer(text, explain=at % 6 == 0)


def answers(text: str) -> list[str]:
    """The file taken apart again: the answers in the order of the documents."""
    return [part.partition("\n--\n")[2].rstrip("\n") for part in text.removeprefix("== ").split("\n\n== ")]
