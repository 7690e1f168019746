"""The installer's App, here and at GitHub: the real `GitHubAppPort`."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets as random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from typing_extensions import override

from engine.problems import Problem, ProblemError, Where
from setup_wizard.manifest import PERMISSIONS
from setup_wizard.outcome import Waiting
from setup_wizard.ports import GitHubAppPort, HeldApp, Hook, Installed, NewApp, Opened
from setup_wizard.values import app_id, app_id_faults, path
from tassist import secrets
from tassist.clock import SystemClock
from tassist.config import faults
from tassist.config.settings import Settings
from tassist.errors import Secret
from tassist.github.address import api_root, web_root
from tassist.github.app_api import missing_permissions
from tassist.github.catchup import retention_of
from tassist.github.client import GitHubClient
from tassist.github.connection import Connection
from tassist.github.faults import Kind, Refused
from tassist.secrets import GitHubApp, env_file
from tassist.secrets.files import read_private
from tassist.secrets.private_key import parse_private_keys
from tassist.services.setup import bundle as bundles
from tassist.services.setup import names
from tassist.services.setup.creation import Creation, settle
from tassist.services.switching import kept
from tassist.services.switching.tunnelled import way
from tassist.text import safe_text

POLL_S = 2.0


class RealGitHubApp(GitHubAppPort):
    """Credentials are in the home folder; GitHub is asked as the App, or as nobody."""

    def __init__(self, settings: Settings, env: Mapping[str, str], *, folder: Path, poll_s: float = POLL_S) -> None:
        """Args beyond the obvious.

        Args:
            settings: As loaded.
            env: Where references of the form ``env:NAME`` lead.
            folder: The current folder, for its `.env`.
            poll_s: How often GitHub is asked whether the App is installed by now.
        """
        self._settings = settings
        self._env = env
        self._folder = folder
        self._poll_s = poll_s
        self.home = settings.home
        self.creation = Creation(
            self.home,
            SystemClock(),
            listen_port=settings.number("port"),
            tunnel=lambda kind: way(settings, kind),
            over_ssh=bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY")),
        )

    async def close(self) -> None:
        """Stop listening."""
        await self.creation.close()

    # --- here ------------------------------------------------------------------------------------

    def app(self) -> GitHubApp | None:
        """The credentials with their secrets; ``None`` where there are none."""
        settle(self.home)
        path_ = secrets.credentials_path(self.home)
        if path_.exists() or path_.is_symlink():
            return secrets.read(path_)
        if self._settings.text("app_id"):
            return secrets.load(self._settings)
        return None

    @override
    async def held(self) -> HeldApp | None:
        app = self.app()
        return None if app is None else self._held(app)

    def _held(self, app: GitHubApp) -> HeldApp:
        stored = secrets.credentials_path(self.home).exists()
        return HeldApp(
            app.app_id,
            app.slug,
            safe_text(app.name or app.slug, max_chars=60),
            app.owner,
            web_root(app.api_url),
            app.html_url,
            app.kept_in if stored else "environment",
            app.keys()[0].fingerprint,
        )

    def _needed(self) -> GitHubApp:
        app = self.app()
        if app is None:
            raise ProblemError(Problem("no-app", "there is no App here yet", fix="tassist setup", family="auth"))
        return app

    def _keep(self, app: GitHubApp) -> None:
        secrets.save(app, secrets.credentials_path(self.home))

    @override
    async def place_faults(self, place: str) -> tuple[Problem, ...]:
        if place != "env-file":
            return ()
        path_ = self._folder / ".env"
        try:
            env_file.refuse_tracked(path_)
            env_file.read(path_)
        except ProblemError as error:
            return tuple(replace(problem, where=Where(path="keep_secrets_in")) for problem in error.problems)
        return ()

    @override
    async def keep_in(self, place: str) -> HeldApp:
        app = self._needed()
        if place == "keyring":
            moved = replace(app, kept_in="keyring", env_file="")
        elif place == "env-file":
            moved = replace(app, kept_in="env-file", env_file=str((self._folder / ".env").absolute()))
        else:
            moved = replace(app, kept_in="file", env_file="")
        self._keep(moved)
        if self.app() != moved:
            raise ProblemError(
                Problem(
                    "secrets-not-kept", f"the secrets could not be read back from {place}", fix="choose another place"
                )
            )
        if (app.kept_in, app.env_file) != (moved.kept_in, moved.env_file):
            faults.point("setup-moved")
            secrets.forget(app)
        return self._held(moved)

    # --- at GitHub -------------------------------------------------------------------------------

    @asynccontextmanager
    async def _as_app(self, app: GitHubApp | None = None) -> AsyncIterator[Connection]:
        async with Connection(app or self._needed()) as connection:
            yield connection

    @override
    async def recognised(self) -> HeldApp:
        app = self._needed()
        known = await self._known_to_github(app)
        if known != app and secrets.credentials_path(self.home).exists():
            self._keep(known)
        return self._held(known)

    async def _known_to_github(self, app: GitHubApp) -> GitHubApp:
        """The App with its name and addresses as GitHub says them.

        Raises:
            ProblemError: GitHub does not accept the key for this App.
        """
        async with self._as_app(app) as connection:
            wire = await connection.api.app()
        if wire.id != app.app_id:
            raise ProblemError(
                Problem(
                    "app-id-other",
                    f"the key belongs to App {wire.id}, not to App {app.app_id}",
                    fix="check the App ID and the key's file",
                    where=Where(path="app_id"),
                    family="auth",
                )
            )
        slug = wire.slug or app.slug
        return replace(
            app,
            slug=slug,
            name=wire.name or app.name,
            client_id=wire.client_id or app.client_id,
            owner=(wire.owner.login if wire.owner else None) or app.owner,
            html_url=wire.html_url or app.html_url or f"{web_root(app.api_url)}/apps/{slug}",
        )

    @override
    async def name_faults(self, github: str, name: str, organization: str) -> tuple[Problem, ...]:
        pending = self.creation.pending()
        ours = pending is not None and (pending.name, pending.github) == (name, github)
        if pending is not None and ours and (pending.code or self.creation.is_fresh(pending)):
            return ()  # the click may have come, and the answer not
        async with GitHubClient(api_root(github)) as client:
            return await names.faults(client, github, name, organization)

    @override
    async def create(self, wanted: NewApp) -> Waiting:
        begun = await self.creation.begin(wanted)
        if isinstance(begun, Waiting):
            return begun
        # An earlier start had the code already: there is nothing to click.
        return Waiting("GitHub's answer")

    @override
    async def created(self) -> HeldApp:
        app = self.app()
        if app is not None and self.creation.pending() is None:
            return self._held(app)
        pending = self.creation.pending()
        if pending is not None and pending.way == "link":
            await asyncio.Event().wait()  # nothing comes by itself: the App ID and the key's file are pasted
        return self._held(await self.creation.created())

    @override
    async def pasted(self, text: str) -> HeldApp:
        pending = self.creation.pending()
        if pending is not None and pending.way == "link":
            number, file = _id_and_file(text)
            return await self.adopt(pending.github, number, file)
        return self._held(await self.creation.pasted(text))

    @override
    async def adopt(self, github: str, app_id: int, key_file: str) -> HeldApp:
        keys = parse_private_keys(_key_file(key_file))
        app = GitHubApp(
            app_id=app_id,
            private_key=Secret("".join(key.pem.reveal() for key in keys)),
            api_url=api_root(github),
        )
        return self._take_over(await self._known_to_github(app))

    @override
    async def opened(self, bundle: str, passphrase: str) -> Opened:
        app, here = await self._unpacked(bundle, passphrase), self.app()
        same = here is not None and _what_counts(here) == _what_counts(app)
        return Opened(self._held(app), same)

    @override
    async def unpack(self, bundle: str, passphrase: str) -> HeldApp:
        return self._take_over(replace(await self._unpacked(bundle, passphrase), imported=True))

    async def _unpacked(self, bundle: str, passphrase: str) -> GitHubApp:
        line = _resolved("bundle", bundle, self._env)
        # Deriving a key takes a second on purpose, and whoever shows what is going on must not stand still.
        app = await asyncio.to_thread(bundles.unpack, line, _resolved("passphrase", passphrase, self._env))
        return await self._known_to_github(app)

    def _take_over(self, app: GitHubApp) -> HeldApp:
        """Keep credentials GitHub has accepted; those of another App are set aside."""
        before = self.app()
        if (
            before is not None
            and before.app_id == app.app_id
            and before.api_url == app.api_url
            and not app.webhook_secret
        ):
            # The same App with a new key: what GitHub signs with stays.
            app = replace(
                app,
                webhook_secret=before.webhook_secret,
                secret_made_here=before.secret_made_here,
                webhook_secret_previous=before.webhook_secret_previous,
                webhook_secret_previous_until=before.webhook_secret_previous_until,
                client_secret=before.client_secret,
            )
        secrets.save(app, secrets.arriving_path(self.home))
        faults.point("setup-arrived")
        settle(self.home)
        self.creation.forget()
        faults.point("setup-taken-over")
        return self._held(app)

    # --- the webhook -----------------------------------------------------------------------------

    @override
    async def hook(self) -> Hook | None:
        async with self._as_app() as connection:
            found = await connection.api.hook_config()
        if found is None:
            return None
        return Hook(
            found.url or "",
            found.content_type == "json",
            bool(found.secret),
            str(found.insecure_ssl or "0") in {"0", "0.0"},
        )

    @override
    async def secret_is_ours(self) -> bool:
        app = self.app()
        return app is not None and app.secret_made_here and not app.rotating and bool(app.webhook_secret.reveal())

    @override
    async def set_hook(self, url: str) -> Hook:
        app = self._needed()
        self._note_switch(url)
        if not app.secret_made_here or app.rotating or not app.webhook_secret.reveal():
            await self._set_secret(app, url)
        else:
            async with self._as_app(app) as connection:
                try:
                    await connection.api.set_hook_config(url=url, secret=app.webhook_secret)
                except Refused as error:
                    raise ProblemError(_hook_refused(error, app)) from None
        hook = await self.hook()
        if hook is None:
            raise ProblemError(_no_hook(app))
        return hook

    def _note_switch(self, url: str) -> None:
        """What was switched to before is over; kept as it was, this change would pass for somebody else's."""
        before = kept.read(self.home)
        if before is not None and before.standing == kept.Standing.SET and before.url != url:
            now = kept.Kept(url, url, "prod", kept.Standing.SET, before.past)
            kept.keep(self.home, now, now=SystemClock().now(), before=before.url, why="setup")

    async def _set_secret(self, app: GitHubApp, url: str | None) -> None:
        """Give GitHub a secret made here; both are accepted while it happens, and after a crash."""
        fresh = with_new_secret(app, SystemClock())
        self._keep(fresh)
        faults.point("setup-secret-kept")
        async with self._as_app(fresh) as connection:
            try:
                await connection.api.set_hook_config(url=url, secret=fresh.webhook_secret)
            except Refused as error:
                raise ProblemError(_hook_refused(error, app)) from None
        faults.point("setup-secret-set")
        self._keep(replace(fresh, rotating="", secret_made_here=True))

    # --- installations ---------------------------------------------------------------------------

    @override
    async def installations(self) -> tuple[Installed, ...]:
        app = self._needed()
        async with self._as_app(app) as connection:
            found = await connection.api.installations()
        return tuple(
            Installed(
                item.id or 0,
                safe_text((item.account.login if item.account else None) or "", max_chars=60),
                item.suspended_at is not None,
                tuple(
                    problem.what.partition("grants ")[2].partition(",")[0]
                    for problem in missing_permissions(item.permissions, PERMISSIONS)
                ),
            )
            for item in found
        )

    @override
    async def requests(self) -> tuple[str, ...]:
        from tassist.github.wire import InstallationWire

        async with self._as_app() as connection:
            with contextlib.suppress(Refused):  # an older Enterprise Server has no such list
                found = await connection.client.get_all(
                    "/app/installation-requests?per_page=100", InstallationWire, connection.auth
                )
                return tuple(safe_text(item.account.login or "", max_chars=60) for item in found if item.account)
        return ()

    @override
    async def installed(self) -> tuple[Installed, ...]:
        while True:
            found = await self.installations()
            if found:
                return found
            await asyncio.sleep(self._poll_s)  # GitHub tells nobody of it but the webhook, which may lead nowhere yet


def with_new_secret(app: GitHubApp, clock: SystemClock) -> GitHubApp:
    """The credentials with a new webhook secret of 256 bits, and the one so far still accepted while GitHub may redeliver.

    Where an earlier rotation was cut off, its new secret is kept: GitHub may have it already, or the one before.
    """
    if app.rotating == "secret":
        return app
    until = clock.now() + retention_of(app.api_url) + timedelta(hours=1)
    return replace(
        app,
        webhook_secret=Secret(random.token_urlsafe(32)),
        webhook_secret_previous=app.webhook_secret,
        webhook_secret_previous_until=until.isoformat(timespec="seconds") if app.webhook_secret.reveal() else "",
        rotating="secret",
    )


def _resolved(question_id: str, value: str, env: Mapping[str, str]) -> Secret:
    """The secret itself; a reference that leads nowhere is said below the question it answers."""
    try:
        return bundles.resolve(value, env)
    except ProblemError as error:
        raise ProblemError([replace(problem, where=Where(path=question_id)) for problem in error.problems]) from None


def _what_counts(app: GitHubApp) -> tuple[object, ...]:
    """What makes two sets of credentials the same, wherever they are kept."""
    return app.app_id, app.api_url, app.private_key, app.webhook_secret


def _key_file(name: str) -> bytes:
    """A key's file: somebody has just downloaded it, so it may be readable by others; it is read and said."""
    try:
        return read_private(Path(name).expanduser())
    except ProblemError as error:
        raise ProblemError(
            [replace(problem, where=Where(path="private_key_file")) for problem in error.problems]
        ) from None


def _id_and_file(text: str) -> tuple[int, str]:
    found = re.fullmatch(r"\s*(?:App\s*ID\s*[:=]?\s*)?(\S+)[\s,;]+(.+?)\s*", text, re.DOTALL | re.IGNORECASE)
    if not found:
        raise ProblemError(
            Problem(
                "app-id-and-key-wanted",
                "that is not an App ID and a file",
                "both are needed: the number from the App's page and the .pem file it gave you",
                "type, for example: 123456 ~/Downloads/app.private-key.pem",
            )
        )
    problems = app_id_faults(app_id(found[1]))
    if problems:
        raise ProblemError(problems)
    return int(app_id(found[1])), path(found[2])


def _no_hook(app: GitHubApp) -> Problem:
    return Problem(
        "app-without-webhook",
        "the App has no webhook",
        "one that was made without cannot be given one from here",
        f"on the App's settings page tick Active under Webhook and save: {web_root(app.api_url)}/settings/apps/{app.slug}",
        family="world",
    )


def _hook_refused(error: Refused, app: GitHubApp) -> Problem:
    if error.fault.kind == Kind.NOT_FOUND:
        return _no_hook(app)
    problem = error.problems[0]
    if error.fault.kind == Kind.INVALID:
        return Problem(
            "webhook-refused",
            "GitHub does not take the webhook's address",
            problem.why,
            "give a public address, or choose poll",
            Where(path="webhook_url"),
        )
    return problem
