"""One App being created: what is remembered while a person clicks, so that a killed installer can still finish.

Before the browser opens, `pending-app.json` says what was asked for and how the answer will be recognised. The code is
written there before it is used, the credentials are durable before it is removed: whatever moment the process ends in, the
next start finishes, or knows which App was created in vain.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import secrets as random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import msgspec

from engine.ports import Clock
from engine.problems import Problem, ProblemError
from setup_wizard.manifest import Manifest, build_manifest
from setup_wizard.outcome import Waiting
from setup_wizard.ports import NewApp
from setup_wizard.values import slug_of
from tassist import secrets
from tassist.config import faults
from tassist.github.address import api_root
from tassist.github.manifest import convert
from tassist.secrets import GitHubApp
from tassist.secrets.files import read_private, write_private
from tassist.services.setup import page
from tassist.services.setup.callback import CallbackServer, came_back
from tassist.services.switching.tunnelled import Way
from tassist.text import safe_text

PENDING = "pending-app.json"
PAGE = "create-app.html"
VALID = timedelta(hours=1)
"""Source: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest"""
MAX_STATES = 50


class Pending(msgspec.Struct, omit_defaults=True):
    """What is remembered."""

    name: str
    github: str
    organization: str
    hook_url: str
    way: str
    nonce: str
    started: str
    port: int = 0
    states: list[str] = []
    """SHA-256 of each state that was handed out and has not come back."""
    tunnel: str = ""
    """What opens the way back; empty: ``hook_url`` leads here already."""
    code: str = ""
    """What GitHub sent back, until it has been exchanged."""


class Creation:
    """Made anew for each sitting; everything that must last is in the folder."""

    def __init__(
        self,
        home: Path,
        clock: Clock,
        *,
        listen_port: int = 0,
        tunnel: Callable[[str], Way] | None = None,
        over_ssh: bool = False,
    ) -> None:
        """Args beyond the obvious.

        Args:
            home: Where what must last is kept.
            clock: Says when GitHub stops honouring what comes back.
            listen_port: Where a public address leads to.
            tunnel: Makes the tunnel of a kind; whoever gives none opens none.
            over_ssh: Whoever sits at the browser reaches this machine's own addresses through a forward only.
        """
        self._over_ssh = over_ssh
        self.home = home
        self._clock = clock
        self._listen_port = listen_port
        self._tunnel = tunnel
        self._way: Way | None = None
        self._base = ""
        self._server: CallbackServer | None = None
        self._created: asyncio.Future[GitHubApp] | None = None
        self._one = asyncio.Lock()

    @property
    def _file(self) -> Path:
        return self.home / PENDING

    def pending(self) -> Pending | None:
        """What an earlier start, or this one, began."""
        if not self._file.exists():
            return None
        try:
            return msgspec.json.decode(read_private(self._file), type=Pending)
        except (msgspec.DecodeError, ProblemError):
            return None

    def is_fresh(self, pending: Pending) -> bool:
        """Whether GitHub still honours what comes back."""
        return self._clock.now() - datetime.fromisoformat(pending.started) < VALID

    async def begin(self, wanted: NewApp) -> Waiting | GitHubApp:
        """Make everything ready for the click; where an earlier start has the code already, finish at once.

        Raises:
            ProblemError: the App was created and its key is lost, with the page where it can be deleted.
        """
        before = self.pending()
        same = before is not None and (before.name, before.github, before.organization) == (
            wanted.name,
            wanted.github,
            wanted.organization,
        )
        if before is not None and same and before.code:
            return await self._exchange(before)
        if before is None or not same or not self.is_fresh(before) or before.way == "link":
            before = Pending(
                wanted.name,
                wanted.github,
                wanted.organization,
                wanted.hook_url,
                wanted.way,
                random.token_urlsafe(16),
                self._clock.now().isoformat(),
            )
        before.way, before.hook_url, before.tunnel = wanted.way, wanted.hook_url, wanted.tunnel
        self.manifest(before, "http://127.0.0.1/")  # whatever GitHub would refuse is said before a browser opens
        self._remember(before)
        if wanted.way == "link":
            return self._by_link(wanted)
        return await self._by_callback(before)

    async def created(self) -> GitHubApp:
        """Return when the credentials are durable and nothing listens any more."""
        if self._created is None:
            raise ProblemError(
                Problem("nothing-awaited", "no App is being created", fix="tassist setup", family="ours")
            )
        app = await asyncio.shield(self._created)
        if self._server is not None:
            # The tunnel stays until the sitting ends: the page that says so may still be on its way through it.
            await self._server.answered()
            await self._stop_listening()
        return app

    async def pasted(self, text: str) -> GitHubApp:
        """Go on with the address a person pasted; nothing is listened for after that.

        Raises:
            ProblemError: as `take`.
        """
        app = await self.take(text)
        await self._stop_listening()
        return app

    async def take(self, text: str) -> GitHubApp:
        """Go on with what came back: the browser's query, or an address a person pasted.

        Raises:
            ProblemError: no code, another state, too late, or GitHub does not know the code.
        """
        code, state = came_back(text)
        async with self._one:
            if self._created is not None and self._created.done() and not self._created.cancelled():
                return self._created.result()
            pending = self.pending()
            if pending is None:
                raise ProblemError(_not_ours("nothing is being created here"))
            digest = _digest(state)
            known = [each for each in pending.states if hmac.compare_digest(each, digest)]
            if not state or not known:
                raise ProblemError(_not_ours("its state is not one that was handed out here, or it was used"))
            if not self.is_fresh(pending):
                raise ProblemError(lost(pending, "GitHub honours the address for an hour, and that is over"))
            pending.states = []
            pending.code = code
            self._remember(pending)
            app = await self._exchange(pending)
            if self._created is not None and not self._created.done():
                self._created.set_result(app)
            return app

    async def close(self) -> None:
        """Stop listening; what is remembered stays."""
        await self._stop_listening()
        if self._way is not None:
            await self._way.close()
            self._way = None
        if self._created is not None and not self._created.done():
            self._created.cancel()

    async def _stop_listening(self) -> None:
        if self._server is not None:
            await self._server.stop()
            self._server = None

    def forget(self) -> None:
        """Nothing is pending any more."""
        clear_pending(self.home)

    # --- ways ------------------------------------------------------------------------------------

    async def _by_callback(self, pending: Pending) -> Waiting:
        await self.close()
        opens = pending.way == "tunnel" and bool(pending.tunnel) and self._tunnel is not None
        self._base = base = _origin(pending.hook_url) if pending.way == "tunnel" and not opens else ""
        server = CallbackServer(
            pending.nonce,
            show=lambda: self._show(self._base),
            take=self._came_back,
            public_host=urlsplit(base).hostname or "",
        )
        try:
            await server.start(self._listen_port if base else pending.port)
        except ProblemError:
            if base or not pending.port:
                raise
            await server.start()  # the port of the earlier start is taken now: its tab in the browser cannot come back
        self._server = server
        if opens:
            self._base = base = await self._open_tunnel(pending.tunnel, server)
        self._created = asyncio.get_running_loop().create_future()
        pending.port = server.port
        self._remember(pending)
        link = f"{base or f'http://127.0.0.1:{server.port}'}{server.path}"
        accepts = "the address of the page GitHub sent your browser to, should it not load"
        again = self._hint_of_earlier(pending)
        if pending.way == "tunnel":
            return Waiting("you to create the App, in any browser", link, link, accepts=accepts, hints=again)
        if pending.way == "paste":
            target = self.home / PAGE
            content, _ = self._show("", by_itself=False)
            write_private(target, content.encode())
            return Waiting(
                "you to create the App, in any browser",
                accepts="the address of the page GitHub sends your browser to",
                by_itself=False,
                hints=(
                    f"open this file in a browser; copy it there if need be: {safe_text(target)}",
                    "press Create GitHub App; the page after that does not load, and that is right",
                    "copy its address from the browser and paste it here",
                    *again,
                ),
            )
        forward = (
            f"the link leads to this machine: over SSH type ssh -L {server.port}:127.0.0.1:{server.port} and its name "
            "on your own machine first"
        )
        hints = (forward, *again) if self._over_ssh else again
        return Waiting("you to create the App in your browser", link, opens_browser=True, accepts=accepts, hints=hints)

    async def _open_tunnel(self, kind: str, server: CallbackServer) -> str:
        """The public root of a tunnel to the server, for as long as it is waited for."""
        assert self._tunnel is not None
        way = self._tunnel(kind)
        try:
            base = await way.open(server.port)
        except BaseException:
            await self.close()
            raise
        self._way = way
        server.public_host = (urlsplit(base).hostname or "").lower()
        return base

    def _hint_of_earlier(self, pending: Pending) -> tuple[str, ...]:
        if not pending.states:
            return ()
        return (
            "if you pressed Create GitHub App before: reload the page that did not load, or paste its address here",
        )

    def _by_link(self, wanted: NewApp) -> Waiting:
        # Source: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-using-url-parameters
        manifest = build_manifest(
            name=wanted.name,
            hook_url=wanted.hook_url,
            redirect_url="http://127.0.0.1/",
            internet=_on_the_internet(wanted.github),
        )
        fields = [("name", manifest.name), ("url", manifest.url), ("description", manifest.description)]
        fields += [("public", "false"), ("webhook_active", "true"), ("webhook_url", manifest.hook_url)]
        fields += [("events[]", event) for event in manifest.events]
        fields += [(name, level) for name, level in sorted(manifest.permissions.items())]
        place = (
            f"/organizations/{wanted.organization}/settings/apps/new" if wanted.organization else "/settings/apps/new"
        )
        return Waiting(
            "you to create the App, in any browser",
            f"{wanted.github}{place}?{urlencode(fields)}",
            accepts="the App ID, a blank and the path of the key's file",
            by_itself=False,
            hints=(
                "press Create GitHub App at the end of the page",
                "on the App's page copy the App ID, and press Generate a private key",
                "bring the downloaded .pem file to this machine: chmod 600 FILE",
            ),
        )

    def _show(self, base: str, *, by_itself: bool = True) -> tuple[str, str]:
        pending = self.pending()
        if pending is None:
            return page.refused_page(
                "Nothing is being created any more.", "Look at the terminal, and run tassist setup."
            )
        state = random.token_urlsafe(32)
        pending.states = [*pending.states[-MAX_STATES:], _digest(state)]
        self._remember(pending)
        assert self._server is not None
        redirect = f"{base or f'http://127.0.0.1:{self._server.port}'}{self._server.path}/created"
        manifest = self.manifest(pending, redirect)
        return page.create_page(manifest, pending.github, pending.organization, state, by_itself=by_itself)

    @staticmethod
    def manifest(pending: Pending, redirect_url: str) -> Manifest:
        """What GitHub is asked for.

        Raises:
            ProblemError: with everything GitHub would refuse.
        """
        return build_manifest(
            name=pending.name,
            hook_url=pending.hook_url,
            redirect_url=redirect_url,
            internet=_on_the_internet(pending.github),
        )

    async def _came_back(self, query: str) -> tuple[str, str]:
        app = await self.take(f"?{query}")
        return page.created_page(app.name, f"{app.html_url}/installations/new")

    # --- the exchange ----------------------------------------------------------------------------

    async def _exchange(self, pending: Pending) -> GitHubApp:
        faults.point("setup-code-kept")
        try:
            app = await convert(
                pending.code, api_url=api_root(pending.github), credentials_path=secrets.arriving_path(self.home)
            )
        except ProblemError as error:
            codes = {problem.code for problem in error.problems}
            if codes & {"manifest-code-used", "manifest-answer-lost"}:
                self.forget()
                raise ProblemError(lost(pending, error.problems[0].what)) from None
            if "manifest-code-wrong" in codes:
                pending.code = ""
                self._remember(pending)
            raise
        faults.point("setup-arrived")
        settle(self.home)
        self.forget()
        return replace(app, kept_in="file")

    def _remember(self, pending: Pending) -> None:
        write_private(self._file, msgspec.json.encode(pending))


def settle(home: Path) -> None:
    """Let credentials that have just arrived take their place; those of another App are set aside, not lost."""
    arriving, path = secrets.arriving_path(home), secrets.credentials_path(home)
    if not arriving.exists():
        return
    clear_pending(home)
    if path.exists() or path.is_symlink():
        set_aside(home)
    arriving.replace(path)


def clear_pending(home: Path) -> None:
    """Nothing is pending any more."""
    for name in (PENDING, PAGE):
        with contextlib.suppress(OSError):
            (home / name).unlink()


def set_aside(home: Path) -> Path:
    """Keep the credentials of the App that was used so far in a file of its own, named for its id."""
    path = secrets.credentials_path(home)
    kept = secrets.read(path, secrets=False)
    aside = home / f"github-app.{kept.app_id}.json"
    if kept.kept_in == "env-file":
        # The variables will be another App's soon.
        secrets.save(replace(secrets.read(path), kept_in="file", env_file=""), aside)
        path.unlink()
    else:
        path.replace(aside)
    return aside


def settings_page(github: str, organization: str, name: str) -> str:
    """Where the owner of an App manages it."""
    place = f"/organizations/{organization}" if organization else ""
    return f"{github}{place}/settings/apps/{slug_of(name)}"


def lost(pending: Pending, why: str) -> Problem:
    """An App was created, perhaps, and its key cannot be had any more."""
    where = settings_page(pending.github, pending.organization, pending.name)
    return Problem(
        "app-key-lost",
        f"the App {safe_text(pending.name)} was created, and its private key did not get here",
        why,
        f"delete it at {where}/advanced and start again; or generate a private key at {where} and run: "
        "tassist setup --app existing --redo app",
        family="world",
    )


def _not_ours(why: str) -> Problem:
    return Problem(
        "callback-not-ours",
        "what came back does not belong to this installation",
        why,
        "open the page again from the terminal's link, and press Create GitHub App there",
    )


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _on_the_internet(github: str) -> bool:
    host = urlsplit(github).hostname or ""
    return host == "github.com" or host.endswith(".ghe.com")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
