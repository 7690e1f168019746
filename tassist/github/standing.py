"""What GitHub says now of an installation or a repository, whatever deliveries said about them.

Sources: https://docs.github.com/en/rest/apps/apps#get-an-installation-for-the-authenticated-app
https://docs.github.com/en/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.model import IssueRef
from tassist.github.address import repository
from tassist.github.connection import Connection
from tassist.github.faults import Kind, Refused
from tassist.github.wire import RepoWire

_ABSENT = frozenset({Kind.NOT_FOUND, Kind.GONE})


@dataclass(frozen=True, slots=True)
class Standing:
    """How it is."""

    state: Literal["active", "suspended", "archived", "gone"]
    name: str = ""
    """The account's login, or the repository's full name."""
    installation_id: int = 0
    """Of a repository."""


async def of_installations(connection: Connection) -> dict[int, Standing]:
    """Every installation of the App.

    Raises:
        Retry: GitHub cannot be asked now.
        ProblemError: it does not let the App in.
    """
    found = await connection.api.installations()
    return {one.id: _of(one.suspended_at, one.account.login if one.account else None) for one in found if one.id}


async def of_installation(connection: Connection, installation_id: int) -> Standing:
    """One installation; an id never comes back, so one that is gone stays gone.

    Raises:
        Retry: GitHub cannot be asked now.
        ProblemError: it does not let the App in.
    """
    try:
        found = await connection.api.installation(installation_id)
    except Refused as error:
        if error.fault.kind in _ABSENT:
            return Standing("gone")
        raise
    return _of(found.suspended_at, found.account.login if found.account else None)


async def of_repository(connection: Connection, repo_id: int) -> Standing:
    """One repository by its id: whether the App covers it, under which name, and whether it can be written to.

    Raises:
        Retry: GitHub cannot be asked now.
        ProblemError: it does not say.
    """
    try:
        covering = await connection.api.installation_of(repository("", repo_id))
    except Refused as error:
        if error.fault.kind in _ABSENT:
            return Standing("gone")
        raise
    number = covering.id or 0
    if covering.suspended_at is not None:
        return Standing("active", installation_id=number)  # nobody may read it now; it is there
    connection.access.remember(repo_id, number)
    who = await connection.access.credential(IssueRef("", 0, repo_id))
    found = (await connection.client.get(repository("", repo_id), RepoWire, who)).value
    shut = bool(found.archived or found.disabled)
    return Standing("archived" if shut else "active", found.full_name or "", number)


def _of(suspended_at: str | None, account: str | None) -> Standing:
    return Standing("active" if suspended_at is None else "suspended", account or "")
