"""What GitHub tells a stranger about the names of a new App and of its owner, before a browser opens."""

from __future__ import annotations

import secrets as random

from engine.problems import Problem, Where
from setup_wizard.values import slug_of
from tassist.github.address import segment
from tassist.github.client import Anonymous, GitHubClient
from tassist.github.faults import Kind, Refused
from tassist.github.wire import Account
from tassist.services.setup.creation import settings_page
from tassist.text import safe_text

_TOLD_NOTHING = frozenset({Kind.UNAUTHORIZED, Kind.PERMISSION, Kind.RATE_PRIMARY, Kind.RATE_SECONDARY})
"""A private Enterprise Server tells strangers nothing, and others not always; GitHub's page will."""


async def faults(client: GitHubClient, github: str, name: str, organization: str) -> tuple[Problem, ...]:
    """An App or an account of that name, and no such organisation; nothing where GitHub does not say."""
    try:
        return (*await _owner(client, github, organization), *await _taken(client, github, name))
    except Refused as error:
        if error.fault.kind in _TOLD_NOTHING:
            return ()
        raise


async def _looked_up(client: GitHubClient, where: str) -> Account | None:
    """What strangers are told is there; ``None``: nothing is."""
    try:
        return (await client.get(where, Account, Anonymous())).value
    except Refused as error:
        if error.fault.kind == Kind.NOT_FOUND:
            return None
        raise


async def _owner(client: GitHubClient, github: str, organization: str) -> tuple[Problem, ...]:
    if not organization:
        return ()
    found = await _looked_up(client, f"/users/{segment(organization)}")
    where = Where(path="organization")
    if found is None:
        what = f"there is no organisation {safe_text(organization)} at {github}"
        return (
            Problem(
                "organization-unknown",
                what,
                fix="type its name as it stands in the addresses of its pages",
                where=where,
            ),
        )
    if found.type == "User":
        return (
            Problem(
                "organization-is-person",
                f"{safe_text(organization)} is a person's account, not an organisation",
                fix="type an organisation; for your own account answer me to the question who shall own the App",
                where=where,
            ),
        )
    return ()


async def _taken(client: GitHubClient, github: str, name: str) -> tuple[Problem, ...]:
    slug = slug_of(name)
    for where, what in (
        (f"/apps/{segment(slug)}", "an App"),
        (f"/users/{segment(slug)}", "an account"),
        (f"/users/{segment(slug)}%5Bbot%5D", "an App"),
    ):
        if await _looked_up(client, where) is None:
            continue
        mine = f"; if an earlier start created it, delete it at {settings_page(github, '', name)}/advanced"
        return (
            Problem(
                "app-name-taken",
                f"there is {what} named {safe_text(name)} already",
                "no two Apps or accounts at GitHub have the same name",
                f"choose another, such as {safe_text(name[:29])} {random.token_hex(2)}{mine}",
                Where(path="app_name"),
            ),
        )
    return ()
