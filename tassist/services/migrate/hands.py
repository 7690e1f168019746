"""With what right a migration writes: the App's own token, narrowed, or a person's token for this one command.

The App's standing permissions are never widened: what it lacks for the switch (contents, workflows, pull requests, actions) a person lends
through TASSIST_MIGRATE_TOKEN, which is read when the command starts and kept nowhere.
"""

from __future__ import annotations

from dataclasses import replace

from engine.model import IssueRef, Repo
from engine.problems import Problem, ProblemError
from migrations.model import Snapshot
from tassist.config.settings import Settings
from tassist.errors import Secret
from tassist.github.client import Credential
from tassist.github.connection import Connection
from tassist.github.migrator import Migrator
from tassist.services.lending import Lent, Levels, narrowed

TOKEN = "migrate_token"  # noqa: S105 – the setting's name
NEEDS: Levels = {
    "contents": "write",
    "workflows": "write",
    "pull_requests": "write",
    "actions": "write",
}
"""For the switch, beyond what the App has."""
DIRECT = ("contents", "workflows", "actions")
"""Without a pull request."""


async def hands(connection: Connection, repo: Repo, settings: Settings, *, direct: bool) -> Migrator:
    """What writes to this repository.

    Args:
        connection: As the App; its token for issues is the one it always has.
        repo: As resolved.
        settings: For a person's token.
        direct: Without a pull request.

    Raises:
        ProblemError: neither the App nor the person may do it; everything that is missing, at once.
    """
    ref = IssueRef(repo.full_name, 0, repo.id)
    if repo.archived:
        raise ProblemError(
            Problem(
                "repo-archived",
                f"{repo.full_name} is archived",
                "GitHub refuses every change to it",
                "unarchive it in its settings, run the command again, and archive it afterwards if you wish",
            )
        )
    wanted = {name: level for name, level in NEEDS.items() if not direct or name in DIRECT}
    issues = await connection.access.credential(ref)
    code: Credential | None = lent_token(settings)
    if code is None:
        code = await narrowed(connection, ref, wanted, lacks=lambda missing: _lacks(missing, repo.full_name))
    return Migrator(connection.client, ref, code=code, issues=issues)


def lent_token(settings: Settings) -> Lent | None:
    """A person's token, where one is lent."""
    token = settings.secret(TOKEN).reveal().strip()
    return Lent(Secret(token)) if token else None


async def more(connection: Connection, snapshot: Snapshot, settings: Settings) -> Snapshot:
    """What a person's token reads beyond the App's: variables, and whether workflows are switched off."""
    who = lent_token(settings)
    if who is None or (snapshot.variables is not None and all(file.state for file in snapshot.workflows)):
        return snapshot
    repo = await connection.access.resolve(snapshot.repo)
    ref = IssueRef(repo.full_name, 0, repo.id)
    on = Migrator(connection.client, ref, code=who, issues=who)
    variables = snapshot.variables
    # What the App could not read is read now.
    notes = tuple(note for note in snapshot.notes if "could not be read; the App needs" not in note)
    if variables is None:
        variables = await on.variables()
    known = await on.workflows()
    workflows = tuple(
        file if file.state else replace(file, state=known[file.path].state if file.path in known else "")
        for file in snapshot.workflows
    )
    return replace(snapshot, variables=variables, workflows=workflows, notes=notes)


def _lacks(missing: list[str], repo: str) -> Problem:
    return Problem(
        "migrate-permission",
        f"the App may not make the switch on {repo}: it lacks {', '.join(missing)}",
        "it never needs these afterwards, so it is not asked to have them for ever",
        "lend a token for this one command: make a fine-grained personal access token for this repository alone with these "
        "permissions, valid for a day, and set TASSIST_MIGRATE_TOKEN; or grant them to the App and take them back afterwards",
        family="auth",
    )
