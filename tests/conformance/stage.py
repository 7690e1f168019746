"""A box on a real socket with one of everything a request may name, and callers of every kind."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
import jwt

from tassist.sandbox import Box, Registered, serve
from tassist.sandbox.app_registry import new_private_key
from tests.conformance.receiver import Receiver, receiving
from tests.support.conformance import API_VERSION

PERMISSIONS = {
    "issues": "write",
    "pull_requests": "write",
    "metadata": "read",
    "contents": "write",
    "actions": "write",
    "actions_variables": "write",
    "administration": "write",
    "workflows": "write",
}
EVENTS = ["issues", "issue_comment", "label", "milestone", "sub_issues", "repository", "push", "pull_request", "meta"]
OWNER, REPO, OTHER_REPO = "acme", "shop", "depot"


@dataclass
class Stage:
    """Addresses, tokens and fresh things; every request goes over a socket and follows no redirect."""

    box: Box
    api: str
    """The REST root."""
    html: str
    client: httpx.Client
    receiver: Receiver
    app: Registered
    installation: int
    tokens: dict[str, str] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    """What an attempt's preparation made, for its address and body."""
    _fresh: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # who asks

    def app_token(self, *, issued: float = -60, expires: float = 540, algorithm: str = "RS256", **claims: Any) -> str:
        """A JSON web token of the App by the box's clock, seconds from now."""
        now = self.box.clock.now().timestamp()
        asked = {"iat": int(now + issued), "exp": int(now + expires), "iss": str(self.app.id), **claims}
        return jwt.encode(asked, self.app.pem if algorithm == "RS256" else "x" * 64, algorithm=algorithm)

    def mint(self, **narrowed: Any) -> str:
        """A fresh installation token, narrowed by `permissions`, `repositories` or `repository_ids`."""
        answer = self.ask("POST", f"/app/installations/{self.installation}/access_tokens", who="app", json=narrowed)
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["token"]
        return token

    def token(self, who: str) -> str | None:
        """The token of a caller.

        `app`: a JSON web token · `bot`: the installation, all it was granted · `reader`: narrowed to reading issues ·
        `nobody`: narrowed to metadata · `anonymous`: none · `forged`: an unknown one · anything else: that person.
        """
        if who == "anonymous":
            return None
        if who == "app":
            return self.app_token()
        if who not in self.tokens:
            match who:
                case "forged":
                    self.tokens[who] = "ghs_" + "0" * 36
                case "bot":
                    self.tokens[who] = self.mint()
                case "reader":
                    self.tokens[who] = self.mint(permissions={"issues": "read", "metadata": "read"})
                case "nobody":
                    self.tokens[who] = self.mint(permissions={"metadata": "read"})
                case _:
                    self.tokens[who] = self.box.user_token(who)
        return self.tokens[who]

    def ask(self, method: str, path: str, *, who: str = "bot", headers: Any = None, **send: Any) -> httpx.Response:
        """One request below the REST root, or to a whole address."""
        token = self.token(who)
        sent = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": API_VERSION,
            **({"Authorization": f"Bearer {token}"} if token else {}),
            **(headers or {}),
        }
        url = path if path.startswith("http") else f"{self.api}{path}"
        return self.client.request(method, url, headers=sent, **send)

    def want(self, method: str, path: str, **send: Any) -> Any:
        """A request that must succeed, and its body."""
        answer = self.ask(method, path, **send)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    # fresh things, made through the API

    @property
    def root(self) -> str:
        """The path of the repository most requests are about."""
        return f"/repos/{OWNER}/{REPO}"

    def next(self) -> int:
        """A number not used before on this stage."""
        return next(self._fresh)

    def issue(self, **fields: Any) -> int:
        """A new issue's number."""
        number: int = self.want("POST", f"{self.root}/issues", json={"title": f"Issue {self.next()}", **fields})[
            "number"
        ]
        return number

    def label(self, **fields: Any) -> str:
        """A new label's name."""
        name: str = self.want(
            "POST", f"{self.root}/labels", json={"name": f"label-{self.next()}", "color": "0e8a16", **fields}
        )["name"]
        return name

    def milestone(self, **fields: Any) -> int:
        """A new milestone's number."""
        number: int = self.want(
            "POST", f"{self.root}/milestones", json={"title": f"Milestone {self.next()}", **fields}
        )["number"]
        return number

    def comment(self, number: int | None = None) -> int:
        """A new comment's id, on a new issue unless told otherwise."""
        found: int = self.want(
            "POST", f"{self.root}/issues/{number or self.issue()}/comments", json={"body": f"Comment {self.next()}"}
        )["id"]
        return found


@cache
def private_key() -> str:
    """One RSA key for all stages of a test run; making one takes longer than everything else."""
    return new_private_key()


@contextlib.contextmanager
def staged() -> Iterator[Stage]:
    """A stage for as long as the block lasts: an organisation, two repositories, an App installed, its hook listening."""
    box = Box.empty()
    box.organization(OWNER, owners=["alice"])
    box.settings.demo_user = "alice"
    with receiving() as receiver, serve(box) as running, httpx.Client(timeout=30, trust_env=False) as client:
        app = box.register_app(
            "Conformist", owner=OWNER, hook_url=receiver.url, permissions=PERMISSIONS, events=EVENTS, pem=private_key()
        )
        installation = box.install(app.id, OWNER)
        stage = Stage(box, running.api_url, running.url, client, receiver, app, installation)
        for name in (REPO, OTHER_REPO):
            stage.want("POST", f"/orgs/{OWNER}/repos", json={"name": name}, who="alice")
        yield stage
