"""Reads what a migration starts from: a checkout, a snapshot file, a folder of records, or a repository on GitHub."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.problems import Problem, ProblemError
from migrations.model import Recorded, Snapshot
from tassist.config.settings import Settings
from tassist.services.migrate.checkout import read_checkout
from tassist.services.migrate.snapshot_file import newest_state, read_record_folder, read_snapshot_file
from tassist.text import safe_text

_MEANT = re.compile(
    r"^(?:(?:https?|ssh|git)://[^/\s]+/|git@[^:\s]+:)?([A-Za-z0-9][A-Za-z0-9-]{0,99}/[A-Za-z0-9._-]{1,100}?)(?:\.git)?/?$"
)
"""OWNER/NAME in an address that was pasted."""
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}/[A-Za-z0-9._-]{1,100}")

_UNSEEN = frozenset({"app-id-missing", "private-key-missing", "app-not-installed"})
"""What is said where nobody could look whether there is such a repository, or there is none."""


async def read_target(
    target: str,
    settings: Settings,
    *,
    record: Path | None = None,
    variables: tuple[str, ...] = (),
    told: Callable[[float, str], None] | None = None,
) -> Snapshot:
    """The repository a person named.

    Args:
        target: A folder, a file, or ``OWNER/NAME``.
        settings: For the connection to GitHub, where the target is a repository there.
        record: A snapshot file or a folder of recorded telemetry, added to what the target tells.
        variables: ``NAME=VALUE`` each: the repository's variables, where the target does not tell them.
        told: Hears of waits.

    Raises:
        ProblemError: there is no such target, or it cannot be read.
    """
    found = await _read(target, settings, told)
    if record is not None:
        found = with_record(found, record)
    elif found.issues is None and found.telemetry:
        found = joined(found, Snapshot(found.repo, "", telemetry=()))
    if variables:
        found = replace(found, variables={**(found.variables or {}), **dict(map(_variable, variables))})
    return found


async def _read(target: str, settings: Settings, told: Callable[[float, str], None] | None) -> Snapshot:
    found = read_local(Path(target))
    if found is not None:
        return found
    if _REPO.fullmatch(target):
        from tassist.services.connecting import AT_A_TERMINAL, connect
        from tassist.services.migrate.hands import more
        from tassist.services.migrate.remote import read_remote

        try:
            async with connect(settings, dry=True, patience=AT_A_TERMINAL, told=told) as connection:
                return await more(connection, await read_remote(connection, target), settings)
        except ProblemError as error:
            unseen = any(problem.code in _UNSEEN for problem in error.problems)
            raise ProblemError([*error.problems, *([_taken(target)] if unseen else [])]) from error
    meant = _MEANT.search(target)
    raise ProblemError(
        Problem(
            "no-such-target",
            f"there is no folder or file {safe_text(target, max_chars=200)!r}, and it is no OWNER/NAME",
            "a migration starts from a checkout, a snapshot file, a folder of records, or a repository the App is installed on",
            f"write it as {meant.group(1)}"
            if meant
            else "check the spelling; OWNER/NAME is written as in the address of the repository's page",
        )
    )


def _taken(target: str) -> Problem:
    """What else may be wrong where a repository could not be read: it may never have been meant."""
    return Problem(
        "taken-for-a-repository",
        f"{target} was taken for a repository on GitHub: there is no such folder or file here",
        fix=f"if a folder was meant, check its path; one that is written ./{target} is never taken for a repository",
    )


def is_repository(target: str) -> bool:
    """Whether a target means a repository on GitHub: it is no path of this machine, and has the form OWNER/NAME."""
    return bool(_REPO.fullmatch(target)) and not Path(target).exists()


def read_local(path: Path) -> Snapshot | None:
    """What a folder or a file of this machine holds; ``None`` where there is neither."""
    if path.is_dir():
        return read_record_folder(path) if _is_record(path) else read_checkout(path)
    return read_snapshot_file(path) if path.is_file() else None


def _is_record(folder: Path) -> bool:
    """Whether a folder holds records rather than a repository."""
    inside = {entry.name for entry in folder.iterdir()}
    if inside & {".git", ".github", "HEAD"}:
        return False
    return any(name.endswith(".json") for name in inside) and not any(name.endswith((".yml", ".md")) for name in inside)


def with_record(found: Snapshot, record: Path) -> Snapshot:
    """What the target tells, completed by a snapshot file or a folder of recorded telemetry.

    Raises:
        ProblemError: the record cannot be read.
    """
    return joined(found, _recorded(record))


def _recorded(path: Path) -> Snapshot:
    if path.is_dir():
        return read_record_folder(path)
    found = read_snapshot_file(path)
    return replace(found, telemetry=found.telemetry or (Recorded(path.name, path.read_bytes()),))


def joined(found: Snapshot, record: Snapshot) -> Snapshot:
    """What the target tells, completed by its record: what the target itself says is stronger."""
    telemetry = found.telemetry + record.telemetry
    newest = record if record.issues is not None else newest_state(telemetry)
    return replace(
        found,
        repo=found.repo or record.repo or (newest.repo if newest else ""),
        taken_at=found.taken_at or (newest.taken_at if newest else None),
        issues=found.issues if found.issues is not None else newest.issues if newest else None,
        assigned=found.assigned if found.issues is not None else newest.assigned if newest else None,
        labels=found.labels if found.labels is not None else record.labels,
        milestones=found.milestones if found.milestones is not None else record.milestones,
        variables=found.variables if found.variables is not None else record.variables,
        secrets=found.secrets if found.secrets is not None else record.secrets,
        telemetry=telemetry,
        notes=found.notes + record.notes,
    )


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ProblemError(
            Problem(
                "variable-wrong",
                f"{safe_text(text, max_chars=100)!r} is no variable",
                "it has the form NAME=VALUE",
                "write it as: --variable SPRINT_MILESTONE=4",
            )
        )
    return name, value
