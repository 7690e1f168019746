"""A right for one command: the App's own token, narrowed to it, or a token a person lends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.model import IssueRef
from engine.problems import Problem, ProblemError
from tassist.errors import Secret
from tassist.github.access import InstallationAccess
from tassist.github.address import repository
from tassist.github.client import Credential
from tassist.github.connection import Connection

Levels = dict[str, Literal["read", "write"]]
"""Permissions by GitHub's name of them."""


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


async def narrowed(
    connection: Connection, ref: IssueRef, wanted: Levels, *, lacks: Callable[[list[str]], Problem]
) -> Credential:
    """The App's token for this repository with these permissions and no others.

    Args:
        connection: As the App.
        ref: Of the repository, as resolved.
        wanted: What is needed beyond reading metadata.
        lacks: The problem, given what the App was not granted, such as ``contents: write``.

    Raises:
        ProblemError: the installation lacks some of it; all that is missing, at once.
    """
    found = await connection.api.installation_of(repository(ref.repo, ref.repo_id))
    granted = found.permissions or {}
    missing = [f"{name}: {level}" for name, level in wanted.items() if granted.get(name) not in {level, "admin"}]
    if missing:
        raise ProblemError(lacks(missing))
    access = InstallationAccess(connection.auth, permissions={**wanted, "metadata": "read"})
    access.remember(ref.repo_id, found.id or 0)
    return await access.credential(ref)
