"""A repository's first files: made from its labels and milestones, shown as differences, written only where that was wanted."""

from __future__ import annotations

import difflib
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine.config import parse
from engine.config.types import InvalidConfig
from engine.model import IssueRef, Label, Milestone
from engine.problems import Problem, ProblemError
from setup_wizard.scaffold import scaffold_config
from tassist.errors import os_problem
from tassist.github.connection import Connection
from tassist.services.config import replace_file
from tassist.text import safe_text

CONFIG = ".github/task-assistant.yml"
BRANCH = "task-assistant"
MAX_NAME = 255
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?\Z")
_BUG_FORM = """\
name: Bug
description: Something does not work.
body:
  - type: textarea
    id: what
    attributes:
      label: What happened, and what should have?
    validations:
      required: true
  - type: textarea
    id: again
    attributes:
      label: How can it be seen again?
"""
_WORK_FORM = """\
name: Work
description: Something is to be done.
body:
  - type: textarea
    id: what
    attributes:
      label: What is to be done, and how is it seen that it is done?
    validations:
      required: true
"""
FORMS = {".github/ISSUE_TEMPLATE/bug.yml": _BUG_FORM, ".github/ISSUE_TEMPLATE/work.yml": _WORK_FORM}


@dataclass(frozen=True, slots=True)
class ScaffoldFile:
    """One file that is proposed."""

    path: str
    """Below the repository's root, with slashes."""
    text: str
    diff: tuple[str, ...]
    """Against what is there, as of ``diff -u``; empty where nothing would change."""
    exists: bool
    """Something else is there; it is replaced only where that was said."""


@dataclass(frozen=True, slots=True)
class Has:
    """What a repository has, as far as its first configuration is made from it."""

    labels: tuple[Label, ...]
    milestones: tuple[Milestone, ...]
    """The open ones."""


async def look(connection: Connection, repo: str) -> Has:
    """Read a repository's labels and open milestones.

    Raises:
        ProblemError: the App does not see it.
    """
    from tassist.github.address import repository
    from tassist.github.translate import label, milestone
    from tassist.github.wire import LabelWire, MilestoneWire

    who = await connection.access.credential(IssueRef(repo, 0, 0))
    path = repository(repo)
    labels = await connection.client.get_all(f"{path}/labels?per_page=100", LabelWire, who)
    milestones = await connection.client.get_all(f"{path}/milestones?state=open&per_page=100", MilestoneWire, who)
    return Has(
        tuple(each for each in map(label, labels) if each is not None),
        tuple(each for each in map(milestone, milestones) if each is not None),
    )


async def propose(
    connection: Connection,
    repo: str,
    *,
    forms: bool = True,
    tracks: Sequence[str] | None = None,
    phases: Sequence[str] = (),
) -> dict[str, str]:
    """The files a repository would begin with, by path.

    Args:
        connection: As the App.
        repo: ``owner/name``.
        forms: Issue forms as well.
        tracks: Labels that become tracks; ``None``: those that look like tracks.
        phases: Titles of the milestones that become phases.

    Raises:
        ProblemError: the App does not see it.
    """
    has = await look(connection, repo)
    text = scaffold_config(has.labels, has.milestones, tracks_from=tracks, phases_from=phases)
    found = parse(text, file=CONFIG)
    if isinstance(found, InvalidConfig):
        raise ProblemError(found.problems)
    return {CONFIG: text, **(FORMS if forms else {})}


def compare(root: Path, files: dict[str, str]) -> tuple[ScaffoldFile, ...]:
    """Each file against what is there.

    Raises:
        ProblemError: a name leads out of the folder, or is no name of a file.
    """
    return tuple(_compared(root, path, text) for path, text in files.items())


def write(root: Path, files: Sequence[ScaffoldFile], *, replace: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Write what is new, and what was said to be replaced; the paths that were written.

    Raises:
        ProblemError: a name leads out of the folder, or the system refuses; nothing of that file was written.
    """
    written = []
    for file in files:
        target = checked(root, file.path)
        if not file.diff or (file.exists and file.path not in replace):
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            checked(root, file.path)
            replace_file(target, file.text.encode())
        except OSError as error:
            raise ProblemError(os_problem(error, doing="write")) from None
        written.append(file.path)
    return tuple(written)


def commit(root: Path, paths: Sequence[str], *, branch: str = BRANCH) -> str:
    """Commit the files on a branch of their own, with the person's own git; the branch.

    Raises:
        ProblemError: it is no checkout, or git refuses; its words are named.
    """
    for args in (["switch", "-c", branch], ["add", "--", *paths], ["commit", "-m", MESSAGE, "--", *paths]):
        try:
            done = subprocess.run(["git", "-C", str(root), *args], capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ProblemError(_git_refuses(type(error).__name__)) from None
        if done.returncode:
            raise ProblemError(_git_refuses(done.stderr.decode("utf-8", "replace")))
    return branch


MESSAGE = """Let Task Assistant keep the issues in order

The file .github/task-assistant.yml says which labels and milestones there are and what the rules do. Once it is on the default
branch, every open issue is looked at: labels and milestones are added or removed one by one, nothing is deleted, and each change
can be taken back with `tassist undo`. What it would do first: `tassist sweep --dry-run`.
"""


def checked_name(path: str) -> tuple[str, ...]:
    """The parts of a file's path: below the repository's root, under names that every system takes (H68).

    Raises:
        ProblemError: it is none of that.
    """
    parts = PurePosixPath(path).parts
    bad = (
        not parts
        or path.startswith(("/", "~"))
        or "\\" in path
        or ":" in path
        or any(part in {"..", ".", ""} or _RESERVED.match(part) or part.endswith((" ", ".")) for part in parts)
        or any(ord(char) < 0x20 or ord(char) == 0x7F for char in path)
        or any(len(part.encode()) > MAX_NAME for part in parts)
    )
    if bad:
        raise ProblemError(
            Problem(
                "scaffold-path-refused",
                f"{safe_text(path, max_chars=100)!r} is no place for a file",
                "it leads out of the repository, or some system does not take the name",
                "use a relative path with plain names",
            )
        )
    return parts


def checked(root: Path, path: str) -> Path:
    """Where a file goes; only below the folder, through no link.

    Raises:
        ProblemError: it is none of that.
    """
    parts = checked_name(path)
    place = root
    for part in parts:
        place = place / part
        if place.is_symlink():
            raise ProblemError(
                Problem(
                    "scaffold-link-refused",
                    f"{safe_text(place)} is a symbolic link",
                    "what is written there would land somewhere else",
                    "replace the link by a folder or a file",
                )
            )
    return place


def _compared(root: Path, path: str, text: str) -> ScaffoldFile:
    target = checked(root, path)
    try:
        before = target.read_text("utf-8-sig") if target.exists() else ""
    except (OSError, UnicodeDecodeError):
        before = "(cannot be read)\n"
    diff = tuple(
        line.rstrip("\n")
        for line in difflib.unified_diff(
            before.splitlines(keepends=True),
            text.splitlines(keepends=True),
            f"a/{path}" if target.exists() else os.devnull,
            f"b/{path}",
        )
    )
    return ScaffoldFile(path, text, diff, target.exists())


def _git_refuses(said: str) -> Problem:
    return Problem(
        "scaffold-not-committed",
        "git made no commit",
        safe_text(said.strip(), max_chars=300),
        "mend what it names; the files are written, so that they can be committed by hand",
    )
