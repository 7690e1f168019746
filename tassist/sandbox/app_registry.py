"""Registering Apps and installing them: what GitHub's pages do behind the forms."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tassist.sandbox import render
from tassist.sandbox.events import ALWAYS, tell_app
from tassist.sandbox.model import App, Installation, Repository, User

if TYPE_CHECKING:
    from tassist.sandbox.box import Box

MAX_NAME = 34


@dataclass(frozen=True, slots=True)
class Registered:
    """What the owner of a new App is told, once."""

    id: int
    slug: str
    client_id: str
    client_secret: str
    webhook_secret: str | None
    pem: str


def new_private_key() -> str:
    """A fresh RSA key as PKCS#1 PEM, the form GitHub hands out; takes 50 to 200 ms."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


def public_half(pem: str) -> str:
    """The public key of a private one, as PEM."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def slug_of(name: str) -> str:
    """The App's name as GitHub writes it in addresses."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


def create_app(
    box: Box,
    name: str,
    owner: User,
    *,
    permissions: Mapping[str, str],
    events: Iterable[str],
    hook_url: str = "",
    hook_active: bool = True,
    webhook_secret: str | None = None,
    pem: str | None = None,
    description: str | None = None,
    external_url: str = "",
    public: bool = False,
    setup_url: str = "",
    setup_on_update: bool = False,
    redirect_url: str = "",
) -> tuple[App, str]:
    """Create the App and its bot; the App and its private key.

    Raises:
        ValueError: The name is taken.
    """
    world = box.world
    slug = slug_of(name)
    if not slug or world.app_by_slug(slug) is not None or world.user(slug) is not None:
        raise ValueError(f"the name {name!r} is taken")
    private = pem or new_private_key()
    now = world.clock.now()
    app = App(
        world.next_id("app"),
        slug,
        "Iv23li" + secrets.token_hex(7),
        secrets.token_hex(20),
        owner,
        world.add_user(f"{slug}[bot]", "Bot"),
        name,
        [public_half(private)],
        now,
        now,
        description,
        external_url,
        public,
        {"metadata": "read", **permissions},
        [event for event in events if event not in ALWAYS],
        webhook_secret,
        world.next_id("hook"),
        hook_url,
        hook_active=bool(hook_url) and hook_active,
        setup_url=setup_url,
        setup_on_update=setup_on_update,
        redirect_url=redirect_url,
    )
    world.apps[app.id] = app
    return app, private


def add_key(app: App, pem: str | None = None) -> str:
    """Give the App one more private key (PEM) and return it."""
    private = pem or new_private_key()
    app.public_keys.append(public_half(private))
    return private


def remove_key(app: App, pem: str) -> None:
    """Delete a private key from the App: what it signed is refused from now on."""
    app.public_keys.remove(public_half(pem))


def delete_app(box: Box, app: App) -> None:
    """Delete the App with its installations."""
    for item in [item for item in box.world.installations.values() if item.app is app]:
        uninstall(box, item)
    del box.world.apps[app.id]


def _briefs(repos: Iterable[Repository]) -> list[render.Json]:
    return [render.brief_repository(repo) for repo in repos]


def reached(box: Box, item: Installation) -> list[Repository]:
    """The repositories of an installation, by id."""
    return [repo for repo in box.world.of_owner(item.account) if item.reaches(repo)]


def install_app(
    box: Box, app: App, account: User, repositories: Sequence[Repository] | None = None, by: User | None = None
) -> Installation:
    """Install it for these repositories (``None``: all of them) and tell it.

    Raises:
        ValueError: It is installed there already.
    """
    if box.world.installation_of(app, account) is not None:
        raise ValueError(f"{app.slug} is installed in {account.login} already")
    now = box.clock.now()
    item = Installation(
        box.world.next_id("installation"),
        app,
        account,
        now,
        now,
        dict(app.permissions),
        list(app.events),
        None if repositories is None else {repo.id for repo in repositories},
    )
    box.world.installations[item.id] = item
    sender = by or box.world.demo_user()
    tell_app(box, item, "installation", "created", sender, repositories=_briefs(reached(box, item)), requester=None)
    return item


def suspend(box: Box, item: Installation, by: User | None = None) -> None:
    """Suspend: its tokens are refused and it hears of nothing."""
    item.suspended_at, item.suspended_by = box.clock.now(), by or box.world.demo_user()
    item.updated_at = item.suspended_at
    tell_app(box, item, "installation", "suspend", item.suspended_by, repositories=_briefs(reached(box, item)))


def unsuspend(box: Box, item: Installation, by: User | None = None) -> None:
    """Let a suspended installation work again."""
    item.suspended_at = item.suspended_by = None
    item.updated_at = box.clock.now()
    sender = by or box.world.demo_user()
    tell_app(box, item, "installation", "unsuspend", sender, repositories=_briefs(reached(box, item)))


def uninstall(box: Box, item: Installation, by: User | None = None) -> None:
    """Delete the installation and every token of it."""
    tell_app(
        box,
        item,
        "installation",
        "deleted",
        by or box.world.demo_user(),
        repositories=_briefs(reached(box, item)),
    )
    del box.world.installations[item.id]
    box.world.tokens = {value: token for value, token in box.world.tokens.items() if token.installation is not item}


def select_repositories(
    box: Box, item: Installation, repositories: Sequence[Repository] | None, by: User | None = None
) -> None:
    """Change which repositories the installation includes, and tell it what came and what went."""
    before = reached(box, item)
    item.repository_ids = None if repositories is None else {repo.id for repo in repositories}
    item.updated_at = box.clock.now()
    after = reached(box, item)
    added = [repo for repo in after if repo not in before]
    removed = [repo for repo in before if repo not in after]
    selection = "all" if repositories is None else "selected"
    sender = by or box.world.demo_user()
    for action, came, went in (("added", added, []), ("removed", [], removed)):
        if came or went:
            tell_app(
                box,
                item,
                "installation_repositories",
                action,
                sender,
                repository_selection=selection,
                repositories_added=_briefs(came),
                repositories_removed=_briefs(went),
                requester=None,
            )


def accept_permissions(box: Box, item: Installation, by: User | None = None) -> None:
    """Give the installation what its App asks for by now."""
    item.permissions, item.events = dict(item.app.permissions), list(item.app.events)
    item.updated_at = box.clock.now()
    sender = by or box.world.demo_user()
    tell_app(box, item, "installation", "new_permissions_accepted", sender, repositories=_briefs(reached(box, item)))
