"""One request on the wire and its answer: deadlines, sizes, redirects and connection troubles, and nothing else.

httpx does not follow redirects by itself, and when asked to it turns a POST into a GET on 301; so they are followed
here: the method and the body stay, and a token never goes to another host.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import httpx

from engine.problems import Problem, ProblemError
from tassist import __version__
from tassist.errors import redact
from tassist.github.address import moved_to, same_origin
from tassist.github.line import Direct, Line, Proxied, TooLarge
from tassist.text import safe_text

API_VERSION = "2022-11-28"
MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_HOPS = 5
USER_AGENT = f"tassist/{__version__}"
_ALWAYS = {
    "user-agent": USER_AGENT,
    "accept": "application/vnd.github+json",
    "accept-encoding": "gzip, deflate",
    "x-github-api-version": API_VERSION,
}
_PROXIES = {"http", "https", "all"}
"""What the environment may name one for; httpx asks it the same way."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; the deadline bounds the whole request whatever the single steps do."""

    connect_s: float = 5.0
    read_s: float = 10.0
    deadline_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as received, after redirects within the host."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Broken(Exception):  # noqa: N818 – the connection broke
    """There is no answer. ``sent`` says whether GitHub may have received the request."""

    def __init__(self, problem: Problem, *, sent: bool, final: bool = False) -> None:
        super().__init__(problem.what)
        self.problem = problem
        self.sent = sent
        self.final = final
        """No retry will help."""


class Transport:
    """A pool of connections; proxies and CA bundles are taken from the environment, TLS is always checked.

    Each connection is a `Line` of its own, the one used last is used next.

    ``direct`` leaves the environment's proxies out: for a GitHub on this machine.
    """

    def __init__(self, timeouts: Timeouts | None = None, *, max_connections: int = 20, direct: bool = False) -> None:
        self.timeouts = timeouts or Timeouts()
        self._room = asyncio.Semaphore(max_connections)
        self._direct = direct
        self._waits = httpx.Timeout(self.timeouts.read_s, connect=self.timeouts.connect_s, pool=None)
        try:
            self._tls = httpx.create_ssl_context(trust_env=not direct)
            self._lines: list[Line] = []
            self._idle = [self._line()]
        except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:
            # The text may hold the proxy's password; its kind is enough.
            raise ProblemError(
                Problem(
                    "proxy-or-certificates-wrong",
                    "the network settings of the environment cannot be used",
                    f"HTTPS_PROXY, ALL_PROXY, NO_PROXY or SSL_CERT_FILE: {type(error).__name__}",
                    "set HTTPS_PROXY to http://host:port, or leave it out; SOCKS is not supported",
                )
            ) from None

    def _line(self) -> Line:
        by_itself = self._direct or not _PROXIES & urllib.request.getproxies().keys()
        line: Line = (Direct if by_itself else Proxied)(self._tls, self._waits)
        self._lines.append(line)
        return line

    async def close(self) -> None:
        """Give the connections back."""
        for line in self._lines:  # those that are in use as well
            await line.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
        deadline_s: float | None = None,
    ) -> Raw:
        """Send one request and read its whole answer.

        Raises:
            Broken: no whole answer came in time.
        """
        limit_s = self.timeouts.deadline_s if deadline_s is None else deadline_s
        started = False
        try:
            async with self._room, asyncio.timeout(limit_s):
                started = True
                for _ in range(MAX_HOPS):
                    raw = await self._once(method, url, headers, content)
                    if raw.status not in {301, 302, 307, 308}:
                        return raw
                    target = moved_to(url, raw.headers.get("location", ""))
                    if target is None or not same_origin(url, target):
                        return raw
                    url = target
                raise Broken(
                    Problem("github-redirect-loop", "GitHub's redirects lead in circles", family="world"),
                    sent=False,
                    final=True,
                )
        except TimeoutError:
            raise Broken(_no_answer(url, f"no whole answer within {limit_s:.0f} s"), sent=started) from None
        except httpx.HTTPError as error:
            raise _broken(url, error) from None
        except (httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
            raise Broken(
                Problem("github-address-wrong", "an address cannot be used", safe_text(error, max_chars=200)),
                sent=False,
                final=True,
            ) from None

    async def _once(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> Raw:
        line = self._idle.pop() if self._idle else self._line()
        try:
            whole = await line.ask(method, url, {**_ALWAYS, **headers}, content, at_most=MAX_ANSWER_BYTES)
        except TooLarge:
            problem = _no_answer(url, f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
            raise Broken(problem, sent=True, final=True) from None
        finally:
            self._idle.append(line)
        return Raw(whole.status, whole.headers, whole.body, url)


def _broken(url: str, error: httpx.HTTPError) -> Broken:
    causes = _causes(error)
    words = safe_text(redact(str(error)), max_chars=200) or type(error).__name__
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes) or "CERTIFICATE_VERIFY" in str(error):
        return Broken(
            Problem(
                "tls-untrusted",
                f"the certificate of {_host(url)} is not trusted",
                words,
                "set SSL_CERT_FILE to your organisation's CA bundle; checking is never switched off",
                family="world",
            ),
            sent=False,
            final=True,
        )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Broken(_no_answer(url, "its name cannot be resolved"), sent=False)
    if isinstance(error, httpx.ProxyError):
        return Broken(_no_answer(url, f"the proxy refuses: {words}"), sent=False)
    before = isinstance(
        error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.UnsupportedProtocol
    )
    why = "it cannot be reached" if before else "the connection broke"
    if isinstance(error, httpx.TimeoutException):
        why = "it does not answer in time"
    return Broken(_no_answer(url, f"{why}: {words}"), sent=not before)


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo and len(found) < 20:
        one = todo.pop()
        if one is None or one in found:
            continue
        found.append(one)
        todo += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            todo += one.exceptions
    return found


def _no_answer(url: str, why: str) -> Problem:
    return Problem(
        "github-unreachable",
        f"{_host(url)} gives no answer",
        why,
        "check the network and the proxy (HTTPS_PROXY, NO_PROXY); it is tried again",
        family="world",
    )


def _host(url: str) -> str:
    return safe_text(httpx.URL(url).host or "the address", max_chars=100)
