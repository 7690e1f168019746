"""Who we are to GitHub: the App's JWT, and one token per installation, narrowed to what a run needs.

The key is parsed once. A token is minted once however many wait for it, and again before it runs out. GitHub's
`Date` tells how wrong this machine's clock is, so a clock that is off by hours does no harm.
Sources: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from engine.ports import Retry
from engine.problems import Problem
from tassist.errors import Secret
from tassist.github.client import GitHubClient
from tassist.github.faults import Fault, Kind, Refused, server_time
from tassist.github.wire import TokenWire
from tassist.log import get_logger, log_event
from tassist.secrets import GitHubApp
from tassist.secrets.private_key import PrivateKey

ISSUED_BEFORE_S = 60
EXPIRES_AFTER_S = 540
FRESH_S = 5.0
"""A new token may be refused for so long: GitHub's replicas have not seen it yet."""
REPLACE_AGAIN_S = 60.0
"""A refused token is replaced at most so often."""
RENEW_BEFORE = timedelta(minutes=5)
MAX_TOKENS = 5000
MAX_REPOSITORIES = 500
"""GitHub takes at most so many ids in one request for a token."""

Permissions = Mapping[str, Literal["read", "write"]]
RUN_PERMISSIONS: Permissions = {"issues": "write", "contents": "read", "metadata": "read"}
"""What a run needs: it writes issues, and reads the configuration."""
PULL_PERMISSIONS: Permissions = {"pull_requests": "write"}
"""What a write to a pull request needs besides; it happens only where the configuration manages pull requests."""
DRY_PERMISSIONS: Permissions = {"issues": "read", "contents": "read", "metadata": "read"}
"""What a look needs: GitHub itself refuses a write with such a token."""
_log = get_logger("github")


class AppAuth:
    """The App's own credential: signs JWTs, and mints installation tokens."""

    def __init__(self, app: GitHubApp, client: GitHubClient) -> None:
        """Parse the key once, about 50 ms.

        Raises:
            ProblemError: the key is none.
        """
        self.app = app
        self.client = client
        self.scope = f"app:{app.app_id}"
        self.skew = timedelta(0)
        """GitHub's clock minus ours, as far as it matters."""
        self.on_lost_installation: Callable[[int], None] = lambda _: None
        """Called with the id of an installation GitHub does not know any more."""
        self.renew_keys: Callable[[], tuple[PrivateKey, ...]] = lambda: ()
        """Called, in a thread, when GitHub refuses every key: those that are kept by now, or none."""
        self._keys: tuple[PrivateKey, ...] = app.keys()
        self._using = 0
        self._signed: tuple[Secret, datetime] | None = None
        self._tokens: OrderedDict[_Wanted, _Token] = OrderedDict()
        self._replaced: dict[_Wanted, float] = {}
        self._minting: dict[_Wanted, asyncio.Task[_Token]] = {}

    @property
    def fingerprint(self) -> str:
        """Of the key in use, as the App's settings page shows it."""
        return self._keys[self._using].fingerprint

    def now(self) -> datetime:
        """The present by GitHub's clock."""
        return self.client.clock.now() + self.skew

    # --- the JWT -------------------------------------------------------------------------------

    async def authorization(self) -> str | None:
        """``Bearer`` and a JWT that is valid for some minutes more."""
        return f"Bearer {self.sign().reveal()}"

    def sign(self) -> Secret:
        """A JWT: RS256, issued a minute ago, for nine minutes, by the client id where it is known."""
        now = self.now()
        if self._signed and now < self._signed[1] and self._signed[1] - now < timedelta(seconds=EXPIRES_AFTER_S):
            return self._signed[0]
        issued = int(now.timestamp())
        import jwt  # with it comes cryptography

        token = jwt.encode(
            {
                "iat": issued - ISSUED_BEFORE_S,
                "exp": issued + EXPIRES_AFTER_S,
                "iss": self._issuer(),
            },
            self._keys[self._using].signer,
            algorithm="RS256",
        )
        self._signed = (Secret(token), now + timedelta(seconds=EXPIRES_AFTER_S - 120))
        return self._signed[0]

    def _issuer(self) -> str:
        # GitHub recommends the client id; Enterprise Servers that are not new know only the App's id.
        cloud = urlsplit(self.client.api_url).hostname == "api.github.com"
        return self.app.client_id if cloud and self.app.client_id else str(self.app.app_id)

    def observe(self, headers: Mapping[str, str]) -> None:
        """Learn how far our clock is off; less than half a minute is what the JWT's own margin covers."""
        theirs = server_time(headers)
        if theirs is None:
            return
        skew = theirs - self.client.clock.now()
        if abs(skew - self.skew) > timedelta(seconds=20):
            log_event(_log, "clock-skew", "GitHub's clock and this machine's differ", seconds=int(skew.total_seconds()))
            self.skew = skew
            self._signed = None

    async def rejected(self, authorization: str | None, headers: Mapping[str, str]) -> bool:
        """A JWT was refused: sign anew where the clock was the reason, else try the next key, else stop."""
        del headers
        if f"Bearer {self.sign().reveal()}" != authorization:
            return True  # the answer's `Date` corrected our clock, or somebody else went on to the next key
        self._signed = None
        if self._using + 1 < len(self._keys):
            self._using += 1
            log_event(
                _log, "next-key", "GitHub refuses this private key, so the next one is tried", key=self.fingerprint
            )
            return True
        self._using = 0
        fresh = await asyncio.to_thread(self.renew_keys)
        if fresh and [key.fingerprint for key in fresh] != [key.fingerprint for key in self._keys]:
            self._keys = fresh
            log_event(
                _log,
                "keys-renewed",
                "GitHub refuses the private keys, and others are kept by now",
                key=self.fingerprint,
            )
            return True
        return False

    def refusal(self, fault: Fault) -> Refused:
        """Why the App was not let in, in words that name the key."""
        return Refused(
            fault,
            Problem(
                "app-refused",
                f"GitHub does not let App {self.app.app_id} in",
                f"{fault.problem().why}; the key used is {self.fingerprint}",
                "compare the fingerprint with those in the App's settings, Private keys; a key of another App or a "
                "deleted one is refused. Make a new key there and run tassist setup",
                family="auth",
            ),
        )

    # --- installation tokens -----------------------------------------------------------------

    def installation(
        self, installation_id: int, *, repository_ids: tuple[int, ...] = (), permissions: Permissions | None = None
    ) -> InstallationCredential:
        """A credential for one installation, narrowed to repositories and permissions; nothing is minted yet.

        Args:
            installation_id: GitHub's id.
            repository_ids: At most 500; none: all of the installation.
            permissions: None: `RUN_PERMISSIONS`.
        """
        wanted = tuple(sorted((RUN_PERMISSIONS if permissions is None else permissions).items()))
        return InstallationCredential(self, _Wanted(installation_id, tuple(sorted(set(repository_ids))), wanted))

    async def token(self, wanted: _Wanted) -> _Token:
        """The cached token, or a new one; minted once, however many ask at the same time."""
        token = self._tokens.get(wanted)
        if token is not None and token.expires_at - self.now() > RENEW_BEFORE:
            self._tokens.move_to_end(wanted)
            return token
        minting = self._minting.get(wanted)
        if minting is None:
            minting = asyncio.create_task(self._mint(wanted))
            self._minting[wanted] = minting
            minting.add_done_callback(lambda done: self._minted(wanted, done))
        # Whoever gives up waiting does not stop the others' token.
        return await asyncio.shield(minting)

    def replace(self, wanted: _Wanted, value: Secret) -> bool:
        """Throw a refused token away; false where that was done a moment ago, so that it is not done in a loop."""
        now_s = self.client.monotonic()
        if now_s - self._replaced.get(wanted, -REPLACE_AGAIN_S) < REPLACE_AGAIN_S:
            return False
        self._replaced[wanted] = now_s
        token = self._tokens.get(wanted)
        if token is not None and token.value == value:
            del self._tokens[wanted]
        return True

    def forget_installation(self, installation_id: int) -> None:
        """Throw away every token of an installation: it was deleted, suspended, or its permissions changed."""
        for wanted in [wanted for wanted in self._tokens if wanted.installation_id == installation_id]:
            del self._tokens[wanted]

    def _minted(self, wanted: _Wanted, done: asyncio.Task[_Token]) -> None:
        self._minting.pop(wanted, None)
        if not done.cancelled():
            done.exception()  # nobody may be left to hear it

    async def _mint(self, wanted: _Wanted) -> _Token:
        body: dict[str, object] = {"permissions": dict(wanted.permissions)}
        if 0 < len(wanted.repository_ids) <= MAX_REPOSITORIES:
            body["repository_ids"] = list(wanted.repository_ids)
        path = f"/app/installations/{wanted.installation_id}/access_tokens"
        try:
            answer = await self.client.write("POST", path, TokenWire, self, body=body, repeatable=True, paced=False)
        except Refused as error:
            raise self._explained(error, wanted) from None
        value, expires = answer.value.token, answer.value.expires_at
        if not value or not expires:
            raise Retry(
                Problem("github-garbled", "GitHub's answer holds no token", path, "it is tried again", family="world")
            )
        token = _Token(Secret(value), datetime.fromisoformat(expires), self.client.monotonic())
        self._tokens[wanted] = token
        while len(self._tokens) > MAX_TOKENS:
            old, _ = self._tokens.popitem(last=False)
            self._replaced.pop(old, None)
        return token

    def _explained(self, error: Refused, wanted: _Wanted) -> Refused:
        if error.fault.kind == Kind.NOT_FOUND:
            self.on_lost_installation(wanted.installation_id)
        if error.fault.kind == Kind.UNAUTHORIZED:
            return self.refusal(error.fault)
        if error.fault.kind == Kind.INVALID:
            asked = ", ".join(f"{name}: {level}" for name, level in wanted.permissions)
            return Refused(
                Fault(
                    Kind.PERMISSION,
                    422,
                    error.fault.doing,
                    f"{error.fault.message or 'not granted'} (asked for {asked})",
                    error.fault.fields,
                )
            )
        return error


@dataclass(frozen=True, slots=True)
class _Wanted:
    installation_id: int
    repository_ids: tuple[int, ...]
    permissions: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Token:
    value: Secret
    expires_at: datetime
    minted_s: float
    tries: int = field(default=0)


class InstallationCredential:
    """A credential of the client: mints, renews and replaces its token by itself."""

    def __init__(self, auth: AppAuth, wanted: _Wanted) -> None:
        self._auth = auth
        self._wanted = wanted
        self.scope = f"installation:{wanted.installation_id}"

    @property
    def installation_id(self) -> int:
        """GitHub's id of the installation."""
        return self._wanted.installation_id

    async def authorization(self) -> str | None:
        """``Bearer`` and a token with some minutes left."""
        token = await self._auth.token(self._wanted)
        return f"Bearer {token.value.reveal()}"

    def observe(self, headers: Mapping[str, str]) -> None:
        """GitHub's clock is learnt from every answer."""
        self._auth.observe(headers)

    async def rejected(self, authorization: str | None, headers: Mapping[str, str]) -> bool:
        """A token was refused: wait for the replicas while it is new, replace it once when it is not, then stop."""
        del headers
        token = await self._auth.token(self._wanted)
        if authorization != f"Bearer {token.value.reveal()}":
            return True  # somebody else has replaced it already
        age_s = self._auth.client.monotonic() - token.minted_s
        if age_s <= FRESH_S and token.tries < 8:
            token.tries += 1
            await self._auth.client.sleep(min(0.1 * 2**token.tries, FRESH_S / 2))
            return True
        return self._auth.replace(self._wanted, token.value)
