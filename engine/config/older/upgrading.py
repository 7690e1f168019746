"""From an older form to schema 1.0, one small change of the text at a time, each on what the one before it left."""

from __future__ import annotations

from dataclasses import dataclass

from engine.config.findings import Findings
from engine.config.nodes import Mapping, Scalar
from engine.config.older.forms import FORMS
from engine.config.older.mending import mend
from engine.config.parsing import DEFAULT_FILE, parse
from engine.config.reading import decode, read
from engine.config.types import Config, InvalidConfig
from engine.problems import Problem

_MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A configuration in today's form, and what was done to get there."""

    text: str
    """As it was where nothing had to change."""
    changes: tuple[str, ...]
    """In words, in the order in which they were made."""
    notes: tuple[str, ...]
    """What a person should know about the new form."""
    problems: tuple[Problem, ...]
    """What a person has to mend; empty: the text is valid."""


def upgrade(source: str | bytes, *, file: str = DEFAULT_FILE) -> Upgraded:
    """Rewrite what older forms said otherwise.

    A configuration that is valid stays as it is, to the byte. One that is broken, but of no older form, stays as it is
    too, and its problems are returned. Never raises.

    Args:
        source: The file's bytes, or its text.
        file: What the places in problems call it.
    """
    text = decode(source, Findings())
    found = parse(source, file=file)
    if text is None or isinstance(found, Config) or not _is_older(text, found):
        kept = text if text is not None else ""
        return Upgraded(kept, (), (), found.problems if isinstance(found, InvalidConfig) else ())
    windows = "\r\n" in text
    text = text.replace("\r\n", "\n")
    changes: list[str] = []
    for form in FORMS:
        root = _root(text)
        change = form(text, root) if root else None
        if change:
            text = change[0]
            changes += change[1]
    for _ in range(_MOST_ROUNDS):
        again = parse(text)
        root = _root(text)
        if isinstance(again, Config) or root is None:
            break
        change = mend(text, root, again.problems)
        if change is None:
            break
        text = change[0]
        changes += change[1]
    if windows:
        text = text.replace("\n", "\r\n")
    last = parse(text, file=file)
    if isinstance(last, InvalidConfig):
        return Upgraded(text, tuple(changes), (), last.problems)
    return Upgraded(text, tuple(changes), _notes(last), ())


def _notes(config: Config) -> tuple[str, ...]:
    if config.enforcement is None and config.self_healing is not None and config.self_healing.enabled:
        return ("without enforcement nothing is written: add enforcement: {} to let self_healing act",)
    return ()


def _is_older(text: str, found: InvalidConfig) -> bool:
    root = _root(text)
    if root is None:
        return False
    named = any(problem.code == "config-older-form" for problem in found.problems)
    # Before there was a version at all, and where it is a number today.
    return named or "schema_version" not in root.entries or _unquoted(root)


def _unquoted(root: Mapping) -> bool:
    version = root.entries["schema_version"][1]
    return isinstance(version, Scalar) and version.plain and version.text in {"1", "1.0"}


def _root(text: str) -> Mapping | None:
    out = Findings()
    root = read(text, out)
    return root if isinstance(root, Mapping) and not out.failed else None
