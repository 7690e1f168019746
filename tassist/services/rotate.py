"""Replaces the webhook's secret and the App's private key without a delivery or a run being refused.

A new secret is kept here, beside the one so far, before GitHub is told: a running server takes both from that moment on.
Keys can be made and deleted only on GitHub's page, so a new key is kept beside the old one until GitHub refuses the old one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from engine.problems import Problem, ProblemError, Where
from tassist import secrets
from tassist.clock import SystemClock
from tassist.config import faults
from tassist.config.settings import Settings
from tassist.errors import Secret
from tassist.github.address import web_root
from tassist.github.app_api import AppApi
from tassist.github.app_auth import AppAuth
from tassist.github.client import GitHubClient
from tassist.github.faults import Kind, Refused
from tassist.secrets import GitHubApp
from tassist.secrets.files import read_private
from tassist.secrets.private_key import PrivateKey, parse_private_keys
from tassist.services.setup.github import with_new_secret


@dataclass(frozen=True, slots=True)
class SecretRotated:
    """The webhook has a new secret."""

    previous_until: str
    """Until when deliveries signed with the one before are accepted; ISO 8601, empty where there was none."""
    resumed: bool
    """An earlier rotation had been cut off, and was finished."""


@dataclass(frozen=True, slots=True)
class KeyRotated:
    """Which keys are kept now, by fingerprint, as the App's settings page shows them."""

    using: str
    old: tuple[str, ...]
    page: str
    """Where keys are made and deleted."""


async def rotate_secret(settings: Settings) -> SecretRotated:
    """Give the webhook a new secret of 256 bits; cut off at any moment, the next call finishes it.

    Raises:
        ProblemError: the secret is given by a variable, or GitHub or the disk refuses.
    """
    app = _stored(settings, "webhook_secret")
    resumed = app.rotating == "secret"
    fresh = with_new_secret(app, SystemClock())
    secrets.save(fresh, _path(settings))
    faults.point("setup-secret-kept")
    async with GitHubClient(fresh.api_url) as client:
        await AppApi(AppAuth(fresh, client)).set_hook_config(secret=fresh.webhook_secret)
    faults.point("setup-secret-set")
    secrets.save(replace(fresh, rotating="", secret_made_here=True), _path(settings))
    return SecretRotated(fresh.webhook_secret_previous_until, resumed)


def keys(settings: Settings) -> KeyRotated:
    """The keys as they are kept.

    Raises:
        ProblemError: there is no App here, or a variable gives the key.
    """
    return _shown(_stored(settings, "private_key"))


async def rotate_key(settings: Settings, key_file: Path) -> KeyRotated:
    """Use a new key first and keep the old one behind it, after GitHub has accepted the new one for this App.

    Raises:
        ProblemError: the file holds no key, or GitHub does not accept it.
    """
    app = _stored(settings, "private_key")
    new = parse_private_keys(read_private(key_file))[0]
    if not await _accepted(app, new):
        raise ProblemError(
            Problem(
                "key-not-of-this-app",
                f"GitHub does not accept the key {new.fingerprint} for App {app.app_id}",
                "it is another App's, or it was deleted",
                f"generate one at {_page(app)}",
                Where(path="private_key_file"),
                family="auth",
            )
        )
    before = app.keys()
    kept = [new, *(key for key in before if key.fingerprint != new.fingerprint)]
    changed = replace(app, private_key=_joined(kept))
    secrets.save(changed, _path(settings))
    return _shown(changed)


async def forget_old_keys(settings: Settings) -> KeyRotated:
    """Keep only the keys GitHub accepts, the first of them in front.

    Raises:
        ProblemError: GitHub accepts none of them; nothing is changed then.
    """
    app = _stored(settings, "private_key")
    before = app.keys()
    good = [key for key in before if await _accepted(app, key)]
    if not good:
        raise ProblemError(
            Problem(
                "no-key-accepted",
                f"GitHub accepts no key of App {app.app_id} that is kept here",
                fix=f"generate one at {_page(app)}, then: tassist rotate key --key-file FILE",
                family="auth",
            )
        )
    changed = replace(app, private_key=_joined(good))
    secrets.save(changed, _path(settings))
    return _shown(changed)


async def _accepted(app: GitHubApp, key: PrivateKey) -> bool:
    async with GitHubClient(app.api_url) as client:
        try:
            found = await client.get("/app", dict[str, object], AppAuth(replace(app, private_key=key.pem), client))
        except Refused as error:
            if error.fault.kind == Kind.UNAUTHORIZED:
                return False
            raise
    return found.value.get("id") == app.app_id


def _stored(settings: Settings, name: str) -> GitHubApp:
    """The App as kept here; what the environment gives cannot be rotated from here."""
    path = _path(settings)
    if not path.exists() and not path.is_symlink():
        secrets.load(settings)  # says what is missing, where nothing is known at all
        raise ProblemError(_given("the App", "the environment"))
    app = secrets.read(path)
    source = settings.values[name].source
    if settings.secret(name) and not (app.kept_in == "env-file" and source.startswith(".env")):
        raise ProblemError(_given(name.replace("_", " "), source))
    return app


def _given(what: str, source: str) -> Problem:
    return Problem(
        "given-by-environment",
        f"{what} is given by {source}",
        "what is not kept by tassist cannot be changed by it",
        "let tassist keep it: take the variable away after tassist setup --redo secrets",
    )


def _path(settings: Settings) -> Path:
    return secrets.credentials_path(settings.home)


def _joined(found: list[PrivateKey]) -> Secret:
    return Secret("".join(key.pem.reveal() for key in found))


def _shown(app: GitHubApp) -> KeyRotated:
    first, *rest = app.keys()
    return KeyRotated(first.fingerprint, tuple(key.fingerprint for key in rest), _page(app))


def _page(app: GitHubApp) -> str:
    root = web_root(app.api_url)
    owner = app.owner or "ORGANIZATION"
    return (
        f"{root}/settings/apps/{app.slug} (of an organisation: {root}/organizations/{owner}/settings/apps/{app.slug})"
    )
