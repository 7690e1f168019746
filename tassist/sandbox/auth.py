"""Who is asking: JSON web tokens of Apps, tokens of installations and of people."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import jwt

from tassist.sandbox.errors import GitHubError, bad_credentials
from tassist.sandbox.model import App, Installation, Repository, User
from tassist.sandbox.world import World

ActorKind = Literal["anonymous", "user", "installation", "app"]
_LEVELS = {"read": 1, "write": 2, "admin": 3}
_UNDECODABLE = "A JSON web token could not be decoded"


@dataclass(slots=True)
class Actor:
    """The caller of one request, with what its token allows."""

    kind: ActorKind
    user: User | None = None
    """Who appears as ``sender`` and ``actor``: the person, or the App's bot."""
    app: App | None = None
    installation: Installation | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    repository_ids: set[int] | None = None

    @property
    def via(self) -> App | None:
        """What GitHub shows as ``performed_via_github_app``."""
        return self.app if self.kind == "installation" else None

    @property
    def limit_key(self) -> str:
        """Whose budget a request is taken from."""
        if self.installation is not None:
            return f"installation {self.installation.id}"
        if self.app is not None:
            return f"app {self.app.id}"
        return f"user {self.user.id}" if self.user else "anonymous"

    def may(self, permission: str, level: str) -> bool:
        """Whether the installation's token has the permission; ``a|b``: one of them suffices."""
        wanted = _LEVELS[level]
        return any(_LEVELS.get(self.permissions.get(name, ""), 0) >= wanted for name in permission.split("|"))

    def reaches(self, repo: Repository) -> bool:
        """Whether the installation's token includes the repository."""
        if self.installation is None or not self.installation.reaches(repo):
            return False
        return self.repository_ids is None or repo.id in self.repository_ids


def person(user: User) -> Actor:
    """A person acting for themselves."""
    return Actor("user", user)


def authenticate(world: World, authorization: str | None) -> Actor:
    """Turn an ``Authorization`` header into an actor.

    Raises:
        GitHubError: 401 in all the ways GitHub has; 403 for a suspended installation.
    """
    if authorization is None:
        return Actor("anonymous")
    scheme, _, value = authorization.partition(" ")
    scheme, value = scheme.lower(), value.strip()
    if scheme == "basic":
        value = _from_basic(value)
    elif scheme not in {"bearer", "token"}:
        raise bad_credentials()
    if value.count(".") == 2 and not value.startswith(("ghs_", "ghp_")):
        return Actor("app", app=verify_app_token(world, value))
    token = world.tokens.get(value)
    if token is None or (token.expires_at is not None and token.expires_at <= world.clock.now()):
        raise bad_credentials()
    installation = token.installation
    if installation is None:
        return Actor("user", token.user)
    if installation.id not in world.installations:
        raise bad_credentials()
    if installation.suspended_at is not None:
        raise GitHubError(403, "This installation has been suspended")
    return Actor(
        "installation",
        installation.app.bot,
        installation.app,
        installation,
        {"metadata": "read", **token.permissions},
        token.repository_ids,
    )


def _from_basic(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        raise bad_credentials() from None


def verify_app_token(world: World, token: str) -> App:
    """Check an App's JSON web token: RS256 by the App's key, issued in the past, at most ten minutes to live.

    Source: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app

    Raises:
        GitHubError: 401 with GitHub's sentence for what is wrong; 404 for an App that does not exist.
    """
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        algorithm = jwt.get_unverified_header(token).get("alg")
    except jwt.PyJWTError:
        raise GitHubError(401, _UNDECODABLE) from None
    if algorithm != "RS256":
        raise GitHubError(401, _UNDECODABLE)
    issuer = claims.get("iss")
    if not issuer:
        raise GitHubError(401, "'Issuer' claim ('iss') must be an Integer")
    app = next((app for app in world.apps.values() if str(issuer) in {str(app.id), app.client_id}), None)
    if app is None:
        raise GitHubError(404, "Integration not found")
    if not any(_is_signed_by(token, key) for key in app.public_keys):
        raise GitHubError(401, _UNDECODABLE)
    _check_times(claims, world.clock.now().timestamp())
    return app


def _is_signed_by(token: str, public_key: str) -> bool:
    times = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
    try:
        jwt.decode(token, public_key, algorithms=["RS256"], options=cast("Any", times))
    except jwt.PyJWTError:
        return False
    return True


def _check_times(claims: dict[str, Any], now: float) -> None:
    expires, issued = claims.get("exp"), claims.get("iat")
    if isinstance(expires, bool) or not isinstance(expires, int | float) or expires <= now:
        raise GitHubError(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the"
            " assertion expires",
        )
    if isinstance(issued, bool) or not isinstance(issued, int | float) or issued > now:
        raise GitHubError(
            401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )
    # Ten minutes are counted from now; a fast clock at the caller has no headroom at all.
    if expires > now + 600:
        raise GitHubError(401, "'Expiration time' claim ('exp') is too far in the future")
