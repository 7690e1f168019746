"""With what right a migration writes: the App's own token, narrowed, or a person's token for this one command.

The App's standing permissions are never widened: what it lacks for the switch (contents, workflows, pull requests, actions) a person lends
through TASSIST_MIGRATE_TOKEN, which is read when the command starts and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from engine.model import IssueRef, Repo
from engine.problems import Problem, ProblemError
from migrations.model import Snapshot
from tassist.config.settings import Settings
from tassist.errors import Secret
from tassist.github.access import InstallationAccess
from tassist.github.address import repository
from tassist.github.client import Credential
from tassist.github.connection import Connection
from tassist.github.migrator import Migrator

TOKEN = "migrate_token"  # noqa: S105 – the setting's name
NEEDS: dict[str, Literal["read", "write"]] = {
    "contents": "write",
    "workflows": "write",
    "pull_requests": "write",
    "actions": "write",
}
"""For the switch, beyond what the App has."""
DIRECT = ("contents", "workflows", "actions")
"""Without a pull request."""


@dataclass(frozen=True, slots=True)
class Lent:
    """A person's token."""

    token: Secret
    scope: str = "person"

    async def authorization(self) -> str | None:
        """The header."""
        return f"Bearer {self.token.reveal()}"

    async def rejected(self, authorization: str | None, headers: Mapping[str, str]) -> bool:
        """A person's token does not get better by asking again."""
        del authorization, headers
        return False

    def observe(self, headers: Mapping[str, str]) -> None:
        """Nothing to learn."""


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
        found = await connection.api.installation_of(repository(repo.full_name, repo.id))
        granted = found.permissions or {}
        missing = [f"{name}: {level}" for name, level in wanted.items() if granted.get(name) not in {level, "admin"}]
        if missing:
            raise ProblemError(_lacks(missing, repo.full_name))
        access = InstallationAccess(connection.auth, permissions={**wanted, "metadata": "read"})
        access.remember(repo.id, found.id or 0)
        code = await access.credential(ref)
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
    notes = snapshot.notes
    if variables is None:
        variables = await on.variables()
        notes = tuple(note for note in notes if "variable" not in note)
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
