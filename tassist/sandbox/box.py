"""The box: one GitHub with its clock, its faults, its deliveries and its log of requests."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tassist.sandbox import app_registry as registry
from tassist.sandbox.app_registry import Registered
from tassist.sandbox.auth import Actor, person
from tassist.sandbox.clock import Clock
from tassist.sandbox.faults import Faults
from tassist.sandbox.limits import Limits
from tassist.sandbox.model import App, Installation, Issue, Repository, Token, User
from tassist.sandbox.requests import Request, Requests
from tassist.sandbox.webhooks import Webhooks
from tassist.sandbox.world import Settings, World

DEFAULT_PERMISSIONS = {"issues": "write", "contents": "read"}
DEFAULT_EVENTS = (
    "issues",
    "issue_comment",
    "label",
    "milestone",
    "push",
    "repository",
    "sub_issues",
)


class Box:
    """GitHub in a box. Serve it with `serve` or `aserve`; everything here works before, during and after.

    Methods may be called from any thread; whoever changes `world` itself holds `lock`.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        """Held while a request is answered, so that a handler sees a world that stands still."""
        self.clock = Clock()
        self.world = World(self.clock)
        self.faults = Faults()
        self.webhooks = Webhooks(self.world)
        self.requests = Requests()
        self.limits = Limits(self.world)
        self.bugs: list[Exception] = []
        """What went wrong in the box itself and was answered 500; a test that ends well leaves it empty."""

    @classmethod
    def empty(cls) -> Box:
        """A GitHub without anybody in it."""
        return cls()

    @classmethod
    def seeded(cls) -> Box:
        """A small organisation, ``acme-demo``, from the fixture the project owns."""
        from tassist.sandbox import seeds

        return cls.from_file(seeds.ACME_DEMO)

    @classmethod
    def from_file(cls, path: Path | str) -> Box:
        """What a seed file or a recorded snapshot says.

        Raises:
            ProblemError: The file is not what it claims; everything that is wrong, with its place.
        """
        from tassist.sandbox import seeds

        box = cls()
        seeds.plant(box, seeds.read(Path(path)))
        return box

    @property
    def settings(self) -> Settings:
        """What may differ between one GitHub and another: limits, quirks, retention."""
        return self.world.settings

    # people and repositories

    def user(self, login: str) -> User:
        """The account of that login, made where there is none."""
        with self.lock:
            return self.world.person(login)

    def by(self, login: str) -> Actor:
        """That person as an actor, for the functions of `issue_changes`, `labels`, `milestones` and `repositories`."""
        return person(self.user(login))

    def organization(self, login: str, *, owners: Sequence[str] = ()) -> User:
        """An organisation, made where there is none; ``owners`` become its owners."""
        with self.lock:
            found = self.world.user(login) or self.world.add_user(login, "Organization")
            for owner in owners:
                found.members[self.world.person(owner).id] = "admin"
            return found

    def user_token(self, login: str) -> str:
        """A new token for acting as that person: ``Authorization: token …``."""
        with self.lock:
            token = Token(self.world.secret("ghp_"), self.world.person(login))
            self.world.tokens[token.value] = token
            return token.value

    def repository(self, full_name: str) -> Repository:
        """The repository ``owner/name``.

        Raises:
            KeyError: There is none.
        """
        owner, _, name = full_name.partition("/")
        with self.lock:
            found = self.world.repository(owner, name)
        if found is None:
            raise KeyError(full_name)
        return found

    def issue(self, full_name: str, number: int) -> Issue:
        """One issue.

        Raises:
            KeyError: There is none.
        """
        return self.repository(full_name).issues[number]

    # Apps

    def register_app(
        self,
        name: str = "Task Assistant",
        *,
        owner: str = "",
        hook_url: str = "",
        webhook_secret: str | None = None,
        permissions: Mapping[str, str] | None = None,
        events: Sequence[str] = DEFAULT_EVENTS,
        pem: str | None = None,
        public: bool = False,
        ping: bool = False,
    ) -> Registered:
        """Register an App without the manifest's detour.

        Args:
            name: At most 34 characters; the slug is made from it.
            owner: Login of its owner; the demo user where empty.
            hook_url: Where deliveries go; without one there is no hook.
            webhook_secret: Made up where ``None``; empty for none at all.
            permissions: What installations are granted.
            events: What it subscribes to.
            pem: Its private key; a new one takes 50 to 200 ms.
            public: Whether others may see and install it.
            ping: Send GitHub's ``ping`` to the hook.

        Raises:
            ValueError: The name is taken.
        """
        with self.lock:
            secret = self.world.secret(length=40) if webhook_secret is None else (webhook_secret or None)
            app, private = registry.create_app(
                self,
                name,
                self.world.person(owner) if owner else self.world.demo_user(),
                permissions=DEFAULT_PERMISSIONS if permissions is None else permissions,
                events=events,
                hook_url=hook_url,
                webhook_secret=secret,
                pem=pem,
                public=public,
            )
            if ping:
                self.webhooks.ping(app)
        return Registered(app.id, app.slug, app.client_id, app.client_secret, app.webhook_secret, private)

    def app(self, app_id: int) -> App:
        """The App of that id."""
        return self.world.apps[app_id]

    def install(self, app_id: int, owner: str, repositories: Sequence[str] | None = None) -> int:
        """Install an App in an account and return the installation's id.

        Args:
            app_id: As `register_app` returned it.
            owner: The account's login.
            repositories: Names, with or without the owner; ``None``: all, also later ones.

        Raises:
            KeyError: A repository that does not exist.
            ValueError: It is installed there already.
        """
        with self.lock:
            account = self.world.person(owner)
            chosen = None if repositories is None else [self._in(account, name) for name in repositories]
            return registry.install_app(self, self.world.apps[app_id], account, chosen).id

    def installation(self, installation_id: int) -> Installation:
        """The installation of that id."""
        return self.world.installations[installation_id]

    def select_repositories(self, installation_id: int, repositories: Sequence[str] | None) -> None:
        """Change which repositories an installation includes."""
        with self.lock:
            item = self.world.installations[installation_id]
            chosen = None if repositories is None else [self._in(item.account, name) for name in repositories]
            registry.select_repositories(self, item, chosen)

    def add_key(self, app_id: int, pem: str | None = None) -> str:
        """Give an App one more private key and return it."""
        with self.lock:
            return registry.add_key(self.world.apps[app_id], pem)

    def remove_key(self, app_id: int, pem: str) -> None:
        """Delete one of an App's private keys."""
        with self.lock:
            registry.remove_key(self.world.apps[app_id], pem)

    def delete_app(self, app_id: int) -> None:
        """Delete an App with its installations."""
        with self.lock:
            registry.delete_app(self, self.world.apps[app_id])

    def accept_manifest(
        self, manifest: Mapping[str, object], *, state: str = "", owner: str = "", name: str = ""
    ) -> str:
        """What the person at GitHub's page does: create the App; the address the browser is sent to.

        Raises:
            GitHubError: 422 with everything that is wrong with the manifest.
        """
        from tassist.sandbox import manifests

        with self.lock:
            account = self.world.person(owner) if owner else self.world.demo_user()
            return manifests.accept(self, dict(manifest), account, state=state, name=name)

    def suspend(self, installation_id: int) -> None:
        """Suspend an installation."""
        with self.lock:
            registry.suspend(self, self.world.installations[installation_id])

    def unsuspend(self, installation_id: int) -> None:
        """Let a suspended installation work again."""
        with self.lock:
            registry.unsuspend(self, self.world.installations[installation_id])

    def uninstall(self, installation_id: int) -> None:
        """Delete an installation."""
        with self.lock:
            registry.uninstall(self, self.world.installations[installation_id])

    def _in(self, account: User, name: str) -> Repository:
        return self.repository(name if "/" in name else f"{account.login}/{name}")

    @property
    def writes(self) -> list[Request]:
        """Writes by Apps' installations that were carried out; see `Requests.writes`."""
        return self.requests.writes
