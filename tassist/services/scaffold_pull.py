"""A repository's first files as a pull request: by the App where it may write code, or with a token a person lends."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence

from engine.model import IssueRef
from engine.problems import Problem, ProblemError
from tassist.errors import Secret
from tassist.github.client import Credential
from tassist.github.connection import Connection
from tassist.github.migrator import WORKFLOWS, Migrator, PullWire
from tassist.services.lending import Lent, Levels, narrowed
from tassist.services.scaffolding import BRANCH, MESSAGE, ScaffoldFile, checked_name
from tassist.text import safe_text

_BRANCHES = 9


async def hands(connection: Connection, repo: str, token: Secret, *, paths: Sequence[str]) -> Migrator:
    """What may write these files to a branch of the repository and open a pull request.

    Args:
        connection: As the App.
        repo: ``owner/name``.
        token: A person's; empty: the App's own right.
        paths: The files.

    Raises:
        ProblemError: neither may do it; what is missing.
    """
    found = await connection.access.resolve(repo)
    ref = IssueRef(found.full_name, 0, found.id)
    issues = await connection.access.credential(ref)
    code: Credential
    if token.reveal().strip():
        code = Lent(Secret(token.reveal().strip()))
    else:
        wanted: Levels = {"contents": "write", "pull_requests": "write"}
        if any(path.startswith(f"{WORKFLOWS}/") for path in paths):
            wanted["workflows"] = "write"
        code = await narrowed(connection, ref, wanted, lacks=lambda missing: _lacks(missing, found.full_name))
    return Migrator(connection.client, ref, code=code, issues=issues)


async def reader(connection: Connection, repo: str) -> Migrator:
    """What reads the repository as the App always may."""
    found = await connection.access.resolve(repo)
    ref = IssueRef(found.full_name, 0, found.id)
    who = await connection.access.credential(ref)
    return Migrator(connection.client, ref, code=who, issues=who)


async def existing(on: Migrator, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the files that the default branch has."""
    _, head = await _base(on)
    return tuple([path for path in paths if await on.content(path, head) is not None])


async def compare(on: Migrator, files: Mapping[str, str]) -> tuple[ScaffoldFile, ...]:
    """Each file against what the default branch has.

    Raises:
        ProblemError: the repository has no commit yet, or cannot be read.
    """
    _, head = await _base(on)
    return tuple([await _compared(on, head, path, text) for path, text in files.items()])


async def _compared(on: Migrator, commit: str, path: str, text: str) -> ScaffoldFile:
    checked_name(path)
    there = await on.content(path, commit)
    before = "" if there is None else there.decode("utf-8", "replace")
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        text.splitlines(keepends=True),
        os.devnull if there is None else f"a/{path}",
        f"b/{path}",
    )
    return ScaffoldFile(path, text, tuple(line.rstrip("\n") for line in lines), there is not None)


async def open_pull(on: Migrator, files: Sequence[ScaffoldFile]) -> PullWire:
    """Commit the files on a branch of their own and open the pull request; after a crash the same one is found again.

    Args:
        on: As `hands` gave it.
        files: Those to be written, as `compare` found them.

    Raises:
        ProblemError: GitHub refuses.
    """
    base, head = await _base(on)
    changes = {file.path: file.text.encode() for file in files}
    for number in range(1, _BRANCHES + 1):
        # A branch that holds something else is somebody's work and stays as it is.
        branch = BRANCH if number == 1 else f"{BRANCH}-{number}"
        there = await on.head(branch)
        if there is not None and not await _holds(on, there, changes):
            continue
        if there is None:
            await on.make_branch(branch, await on.commit(head, {**changes}, MESSAGE))
        return await on.open_pull(branch, base, TITLE, body([file.path for file in files]))
    raise ProblemError(
        Problem(
            "scaffold-branches-taken",
            f"the branches {BRANCH} to {BRANCH}-{_BRANCHES} are there and hold something else",
            fix="delete those that are not needed any more",
        )
    )


async def _holds(on: Migrator, commit: str, changes: Mapping[str, bytes]) -> bool:
    return all([await on.content(path, commit) == content for path, content in changes.items()])


async def _base(on: Migrator) -> tuple[str, str]:
    base = await on.default_branch()
    head = await on.head(base)
    if head is None:
        raise ProblemError(
            Problem(
                "repository-empty",
                "the repository has no commit yet",
                "a pull request needs something it is against",
                "commit a README there first, or choose files",
            )
        )
    return base, head


TITLE = "Let Task Assistant keep the issues in order"


def body(paths: Sequence[str]) -> str:
    """The pull request's text: what to expect of merging it."""
    listed = "\n".join(f"- `{safe_text(path)}`" for path in paths)
    return f"""This pull request was opened by `tassist setup`. It adds

{listed}

**What happens when it is merged.** `.github/task-assistant.yml` says which labels and milestones there are and what the rules do. As soon as
it is on the default branch, every open issue is looked at once, and then each issue that changes. Labels and milestones are added or
removed one by one, each with a record that says which rule did it and why.

**What does not happen.** Nothing is deleted, no issue is closed, no label is renamed. Pull requests are left alone.

**Before you merge.** Read the tracks and phases in the file: they were made from the labels and milestones this repository has.
`tassist sweep --dry-run` shows what would be done to every open issue, and `tassist plan` which labels and milestones would be made.

**Afterwards.** `tassist why OWNER/NAME#NUMBER` explains an issue, `tassist undo` takes back what a run wrote. To stop it, revert this
pull request: without the file nothing is done.
"""


def _lacks(missing: Sequence[str], repo: str) -> Problem:
    return Problem(
        "scaffold-permission",
        f"the App may not open a pull request in {repo}: it lacks {', '.join(missing)}",
        "it never needs that afterwards, so it is not asked to have it for ever",
        "give a token of yours as the answer to github_token, or choose commit or files",
        family="auth",
    )
