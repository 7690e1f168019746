"""`tassist plan` and `tassist apply`: what is declared against what exists, and making it so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.explain import where_data
from engine.model import IssueRef, Repo
from engine.prepare import Change, Preparation, prepare
from engine.problems import Problem
from tassist.config.settings import Place
from tassist.github.connection import Connection
from tassist.github.preparer import Preparer
from tassist.services.connecting import config_file, repository_config
from tassist.store.ledger import new_run_id
from tassist.store.place import has_journal, open_existing
from tassist.telemetry.around import repo_prepared
from tassist.telemetry.shape import Change as Recorded


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan for one repository."""

    repo: Repo
    source: str
    """The configuration it follows."""
    preparation: Preparation
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """One change and how it went."""

    change: Change
    problem: Problem | None


async def plan(connection: Connection, repo: str, *, config: Path | None = None) -> Prepared:
    """Compare a repository with its configuration; writes nothing.

    Args:
        connection: A read-only one will do.
        repo: ``OWNER/NAME``.
        config: A file of this machine instead of the repository's own.

    Raises:
        ProblemError: the repository or the configuration cannot be used.
    """
    found = await connection.access.resolve(repo)
    if config is not None:
        declared, source = config_file(config), str(config)
    else:
        declared, source = await repository_config(connection, found)
    whole = await connection.reader.repo(IssueRef(found.full_name, 0, found.id))
    return Prepared(whole, source, prepare(declared, whole, connection.client.clock.now()), declared.warnings)


async def apply(connection: Connection, prepared: Prepared, told: Callable[[Made], None]) -> tuple[Made, ...]:
    """Make the changes, one after the other; what fails does not keep the others from being made.

    Args:
        connection: One that may write.
        prepared: As planned a moment ago.
        told: Hears of each change when it is made.

    Raises:
        Retry: GitHub cannot be asked now; what was made stays, and a new plan shows the rest.
    """
    preparer = Preparer(connection.client, connection.applier)
    ref = IssueRef(prepared.repo.full_name, 0, prepared.repo.id)
    done: list[Made] = []
    for change in prepared.preparation.changes:
        made = Made(change, await preparer.make(ref, change))
        done.append(made)
        told(made)
    return tuple(done)


def record(place: Place, prepared: Prepared, made: Sequence[Made], at: datetime) -> None:
    """Put the record of what was made on its way to every sink, where a journal is there to carry it.

    Raises:
        ProblemError: the journal cannot be written.
    """
    if not has_journal(place):
        return
    line = repo_prepared(
        repo=prepared.repo.full_name,
        repo_id=prepared.repo.id,
        run_id=new_run_id(at),
        at=at,
        changes_made=[
            Recorded(f"repo.{one.change.noun}s", one.change.present, one.change.name, "prepare")
            for one in made
            if one.problem is None
        ],
        problems=[one.problem for one in made if one.problem is not None],
    )
    with open_existing(place) as journal:
        journal.outbox.emit(line)


def in_words(change: Change) -> list[str]:
    """A change, line by line: what it is, then each property."""
    if change.action == "create":
        head = f"+ {change.noun} {change.name}"
    elif change.action == "rename":
        head = f"~ {change.noun} {change.present} → {change.name}   (renamed; its issues keep it)"
    else:
        head = f"~ {change.noun} {change.name}"
    lines = [head]
    for field in change.fields:
        if field.field in {"name", "title"}:
            continue
        was = "" if change.action == "create" else f"{_quoted(field.before)} → "
        lines.append(f"    {field.field.replace('_', ' ')}: {was}{_quoted(field.after)}")
    return lines


def summary(preparation: Preparation) -> str:
    """The last line of a plan."""
    if not preparation.changes:
        return f"No changes: all {len(preparation.unchanged)} declared labels and milestones are as they should be."
    return (
        f"Plan: {preparation.count('create')} to create, {preparation.count('update')} to update, "
        f"{preparation.count('rename')} to rename, none to delete."
    )


def data(prepared: Prepared, made: tuple[Made, ...] | None = None) -> dict[str, Any]:
    """The plan as plain data; with ``made``, how each change went."""
    problem_by_change = {one.change: one.problem for one in made or ()}
    preparation = prepared.preparation
    return {
        "repo": prepared.repo.full_name,
        "config": prepared.source,
        "create": preparation.count("create"),
        "update": preparation.count("update"),
        "rename": preparation.count("rename"),
        "delete": 0,
        "changes": [
            {
                "kind": change.noun,
                "action": change.action,
                "name": change.name,
                "present": change.present,
                "fields": {field.field: {"before": field.before, "after": field.after} for field in change.fields},
                "config": where_data(change.where),
                **({} if made is None else _outcome(problem_by_change, change)),
            }
            for change in preparation.changes
        ],
        "unchanged": [{"kind": noun, "name": name} for noun, name in preparation.unchanged],
        "undeclared": [{"kind": noun, "name": name} for noun, name in preparation.undeclared],
        "notes": [{"kind": note.noun, "name": note.name, "text": note.text} for note in preparation.notes],
    }


def _outcome(problem_by_change: dict[Change, Problem | None], change: Change) -> dict[str, Any]:
    if change not in problem_by_change:
        return {"made": False, "problem": None}
    problem = problem_by_change[change]
    return {"made": problem is None, "problem": None if problem is None else str(problem)}


def _quoted(value: str | None) -> str:
    return "none" if not value else value if value.isalnum() else f'"{value}"'
