"""Everything that exists in the box, with the look-ups GitHub's addresses need."""

from __future__ import annotations

import itertools
import secrets
import string
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tassist.sandbox.clock import Clock
from tassist.sandbox.model import (
    App,
    Installation,
    Issue,
    ManifestCode,
    Repository,
    Role,
    Token,
    User,
    UserType,
)

_ALPHABET = string.ascii_letters + string.digits
_FIRST_ID = {"user": 5_100_001, "repository": 810_001, "issue": 2_400_001, "app": 1001, "installation": 40_001}


@dataclass(slots=True)
class Settings:
    """What may differ between one GitHub and another."""

    primary_limit: int | None = None
    """Requests an hour for each token's owner; ``None``: counted and shown, never enforced."""
    primary_status: int = 403
    """403 or 429; GitHub uses both."""
    points_per_minute: int | None = None
    """Secondary limit, 900 at GitHub: a read is 1 point, a write 5."""
    content_per_minute: int | None = None
    """Secondary limit, about 80 at GitHub: requests that create content."""
    content_per_hour: int | None = None
    """Secondary limit, about 500 at GitHub."""
    concurrent: int | None = None
    """Secondary limit, 100 at GitHub: requests at the same time."""
    secondary_status: int = 403
    """403 or 429, for secondary limits."""
    retry_after_s: int | None = 60
    """``Retry-After`` of a secondary limit; ``None`` leaves the header out, as GitHub sometimes does."""
    drop_label_changes: bool = False
    """PATCH of an issue answers 200 and leaves the labels as they were, whoever asks (hostile case 46)."""
    local_hooks: bool = True
    """Accept hook addresses on this machine, which github.com refuses."""
    opened_has_labels: bool = True
    """Whether the ``opened`` payload already carries the labels; GitHub does both."""
    retention_days: int = 3
    """Days for which deliveries can be listed and redelivered: 3 on github.com, 7 on GitHub Enterprise Server."""
    private_mode: bool = False
    """As an Enterprise Server that tells strangers nothing: without credentials the API answers 401."""
    demo_user: str = ""
    """Who acts on the pages at ``/``; empty: the first person there is."""


class World:
    """The tables. Nothing here checks rights or sends anything."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.settings = Settings()
        self.root_url = "http://127.0.0.1"
        self.changes = 0
        """Counts up with every change; a write that leaves it as it was changed nothing."""
        self.users: dict[int, User] = {}
        self._logins: dict[str, User] = {}
        self.repositories: dict[int, Repository] = {}
        self._names: dict[str, int] = {}
        self._former_names: dict[str, int] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.manifest_codes: dict[str, ManifestCode] = {}
        self._ids: defaultdict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1_000_001))
        for kind, first in _FIRST_ID.items():
            self._ids[kind] = itertools.count(first)

    @property
    def api_url(self) -> str:
        """The REST root, as in GitHub Enterprise Server."""
        return f"{self.root_url}/api/v3"

    def next_id(self, kind: str) -> int:
        """A fresh number for this kind of thing; counts up, so that equal histories have equal ids."""
        return next(self._ids[kind])

    @staticmethod
    def secret(prefix: str = "", length: int = 36) -> str:
        """A fresh secret of letters and digits."""
        return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))

    # accounts

    def add_user(self, login: str, kind: UserType = "User", *, name: str | None = None) -> User:
        """A new account; logins are unique without case."""
        if self.user(login) is not None:
            raise ValueError(f"there is an account {login!r} already")
        user = User(self.next_id("user"), login, kind, name, self.clock.now())
        self.users[user.id] = user
        self._logins[login.casefold()] = user
        return user

    def user(self, login: str) -> User | None:
        """The account of that login, without regard to case."""
        return self._logins.get(login.casefold())

    def person(self, login: str) -> User:
        """The account of that login, made where there is none."""
        return self.user(login) or self.add_user(login)

    def demo_user(self) -> User:
        """Who acts on the pages."""
        if self.settings.demo_user:
            return self.person(self.settings.demo_user)
        found = next((user for user in self.users.values() if user.type == "User"), None)
        return found or self.add_user("octocat")

    def role(self, user: User | None, repo: Repository) -> Role | None:
        """What a person may do in a repository; ``None``: not even see it."""
        if user is not None:
            if user is repo.owner:
                return "admin"
            found = repo.collaborators.get(user.id) or repo.owner.members.get(user.id)
            if found is not None:
                return found
        return None if repo.private else "read"

    # repositories

    def repository(self, owner: str, name: str) -> Repository | None:
        """The repository of that name now."""
        return self.repositories.get(self._names.get(f"{owner}/{name}".casefold(), 0))

    def former(self, owner: str, name: str) -> Repository | None:
        """The repository that once had that name."""
        return self.repositories.get(self._former_names.get(f"{owner}/{name}".casefold(), 0))

    def put_repository(self, repo: Repository) -> None:
        """Make it known under its name; a new repository ends the redirect of an old name."""
        self.repositories[repo.id] = repo
        self._names[repo.full_name.casefold()] = repo.id
        self._former_names.pop(repo.full_name.casefold(), None)

    def move_repository(self, repo: Repository, owner: User, name: str) -> None:
        """Give it another name or owner; the old address redirects from now on."""
        old = repo.full_name.casefold()
        del self._names[old]
        self._former_names[old] = repo.id
        repo.owner, repo.name = owner, name
        self.put_repository(repo)

    def drop_repository(self, repo: Repository) -> None:
        """Forget it and every name it had."""
        del self.repositories[repo.id]
        del self._names[repo.full_name.casefold()]
        self._former_names = {name: number for name, number in self._former_names.items() if number != repo.id}

    def of_owner(self, owner: User) -> list[Repository]:
        """An account's repositories by id."""
        return [repo for repo in self.repositories.values() if repo.owner is owner]

    def issues(self) -> Iterator[Issue]:
        """Every issue of every repository."""
        for repo in self.repositories.values():
            yield from repo.issues.values()

    # Apps

    def app_by_slug(self, slug: str) -> App | None:
        """The App with that slug."""
        return next((app for app in self.apps.values() if app.slug == slug.casefold()), None)

    def installation_of(self, app: App, account: User) -> Installation | None:
        """Where the App is installed in this account."""
        found = (item for item in self.installations.values() if item.app is app and item.account is account)
        return next(found, None)
