"""A changed configuration, tried before it is saved: what is wrong with it, what it would have done, how it differs."""

from __future__ import annotations

import difflib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from engine.config import Config, InvalidConfig, parse
from engine.config.effective import effective
from engine.model import IssueRef
from engine.ports import Gone
from engine.problems import Problem, ProblemError
from tassist.errors import os_problem
from tassist.github.connection import Connection
from tassist.services.config import read_source, replace_file
from tassist.services.simulate import Simulated, simulate
from tassist.text import noun, safe_text


@dataclass(frozen=True, slots=True)
class Trial:
    """What trying a configuration gave."""

    changed: tuple[str, ...]
    """How its text differs, as a unified diff."""
    simulated: Simulated | None
    """``None`` where there is no history to try it on."""
    why_not: str = ""


def read_config(path: Path) -> str:
    """The text of a configuration file.

    Raises:
        ProblemError: it cannot be read, or is no UTF-8.
    """
    try:
        return read_source(str(path)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemError(
            Problem("config-not-utf8", f"{safe_text(path)} is not UTF-8 text", str(error), "save it as UTF-8")
        ) from None


def problems_in(text: str, *, name: str) -> tuple[Problem, ...]:
    """Everything that is wrong with it; nothing where it is valid."""
    found = parse(text, file=name)
    return found.problems if isinstance(found, InvalidConfig) else ()


def valid(text: str, *, name: str) -> Config | None:
    """The configuration, where it is valid."""
    found = parse(text, file=name)
    return found if isinstance(found, Config) else None


def try_out(text: str, *, before: str, history: Path) -> Trial:
    """Compare a changed configuration with the present one, over what the repository's history records.

    Args:
        text: The changed one.
        before: The present one; where it is not valid, the recorded states themselves are compared with.
        history: Telemetry, snapshots, or a folder of them.

    Raises:
        ProblemError: the changed one is not valid, or the history cannot be read.
    """
    problems = problems_in(text, name="the changed configuration")
    if problems:
        raise ProblemError(problems)
    changed = tuple(
        difflib.unified_diff(before.splitlines(), text.splitlines(), "as it is", "changed", lineterm="", n=2)
    )
    if not history.exists():
        return Trial(changed, None, f"there is no history in {history}")
    with tempfile.TemporaryDirectory(prefix="tassist-") as folder:
        new, old = Path(folder) / "changed.yml", Path(folder) / "as-it-is.yml"
        new.write_text(text, encoding="utf-8")
        old.write_text(before, encoding="utf-8")
        base = old if valid(before, name="as it is") is not None else None
        return Trial(changed, simulate(new, history, base=base, guess=True))


def in_words(trial: Trial, *, most: int = 200) -> list[str]:
    """What would differ, the sum first."""
    found = trial.simulated
    if found is None:
        return [f"It could not be tried: {trial.why_not}."]
    report = found.report
    issues = len({difference.ref for difference in report.differences})
    lines = [
        f"{len(report.differences)} {noun(len(report.differences), 'difference')} on {issues} of {report.issues} {noun(report.issues, 'issue')}, {report.states} recorded {noun(report.states, 'state')}"
    ]
    lines += [
        f"  {rule}: {differences} on {count} {noun(count, 'issue')}"
        for rule, (differences, count) in report.by_rule().items()
    ]
    lines += [f"note: {note}" for note in found.notes]
    for difference in report.differences[:most]:
        change = difference.change
        what = change.label or change.field
        lines.append(f"{difference.ref}  {what}: {change.base or 'none'} → {change.new or 'none'}  [{change.rule}]")
    if len(report.differences) > most:
        lines.append(f"… and {len(report.differences) - most} more: tassist config simulate --json")
    return lines


async def from_github(connection: Connection, repo: str) -> tuple[str, str]:
    """A repository's own configuration, valid or not, and where it is.

    Raises:
        ProblemError: the repository cannot be seen, or has none.
    """
    found = await connection.access.resolve(repo)
    config = await connection.reader.config(IssueRef(found.full_name, 0, found.id))
    if isinstance(config, Gone):
        raise ProblemError(config.problem)
    if config.text is None:
        raise ProblemError(
            Problem("config-missing", f"{found.full_name} has no configuration", fix="write one: tassist config init")
        )
    return config.text, config.source


def value_lines(text: str, *, name: str) -> list[str]:
    """Every value in force, with the line that says it.

    Raises:
        ProblemError: it is not valid.
    """
    found = parse(text, file=name)
    if isinstance(found, InvalidConfig):
        raise ProblemError(found.problems)
    return [
        f"{one.path} = {one.value}  ({f'line {one.where.line}' if one.where else 'default'})"
        for one in effective(found, text)
    ]


def save(path: Path, text: str) -> None:
    """Replace the file by the changed text, whole or not at all.

    Raises:
        ProblemError: the system refuses; the file is as it was.
    """
    if path.is_symlink():
        raise ProblemError(
            Problem("config-path-refused", f"{safe_text(path)} is a symbolic link", fix="open the file it leads to")
        )
    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise ProblemError(os_problem(error, doing="write the configuration")) from None
