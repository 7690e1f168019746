"""A web server for one browser and one minute: shows the page that creates the App, and takes the code that comes back.

It listens on this machine alone, answers below an address nobody can guess, only under the names it was started with, and
ends after one success. It is no general server: GET, one page, one way back.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

from engine.problems import Problem, ProblemError
from tassist.errors import os_problem
from tassist.services.setup import page

MAX_HEAD = 16 * 1024
HEAD_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 5.0
_HEADERS = (
    "Cache-Control: no-store",
    "Referrer-Policy: no-referrer",
    "X-Content-Type-Options: nosniff",
    "X-Frame-Options: DENY",
    "Cross-Origin-Opener-Policy: same-origin",
    "Connection: close",
)


class CallbackServer:
    """Listens between `start` and `stop`."""

    def __init__(
        self,
        nonce: str,
        *,
        show: Callable[[], tuple[str, str]],
        take: Callable[[str], Awaitable[tuple[str, str]]],
        public_host: str = "",
    ) -> None:
        """Args beyond the obvious.

        Args:
            nonce: The secret part of the address.
            show: Makes the first page and its policy; a new one each time, since each has a state of its own.
            take: Gets the query that came back; returns the page that says so, or raises ``ProblemError``.
            public_host: The tunnel's host name, which is accepted besides this machine's own.
        """
        self._nonce = nonce
        self._show = show
        self._take = take
        self.public_host = public_host.lower()
        """May be set later too, where a tunnel is opened to the port this listens on."""
        self._server: asyncio.Server | None = None
        self._taking = asyncio.Lock()
        self.port = 0
        self._answered = asyncio.Event()

    async def start(self, port: int = 0) -> None:
        """Listen on a port; where it is taken and nobody depends on it, on another.

        Raises:
            ProblemError: there is no free port, or the machine has no loopback address.
        """
        try:
            self._server = await asyncio.start_server(self._serve, sock=_socket(port), limit=MAX_HEAD)
        except OSError as error:
            raise ProblemError(os_problem(error, doing=f"listen on 127.0.0.1:{port}", option="--port")) from None
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), 2)
            self._server = None

    async def answered(self) -> None:
        """Return when the browser that brought the code has been told, or is gone."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._answered.wait(), ANSWER_TIMEOUT_S)

    @property
    def path(self) -> str:
        """Of the page."""
        return f"/setup/{self._nonce}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_TIMEOUT_S)
            status, body, policy = await self._answer(head)
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            status, body, policy = 400, "", ""
        try:
            writer.write(_reply(status, body, policy))
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        except OSError:
            return
        finally:
            if status == 200 and self._done:
                self._answered.set()

    _done = False

    async def _answer(self, head: bytes) -> tuple[int, str, str]:
        lines = head.decode("latin-1").split("\r\n")
        method, _, rest = lines[0].partition(" ")
        target = rest.rpartition(" ")[0]
        hosts = [line.partition(":")[2].strip().lower() for line in lines if line.lower().startswith("host:")]
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return 421, "", ""
        path, _, query = target.partition("?")
        if method != "GET":
            return 405, "", ""
        if hmac.compare_digest(path.encode(), self.path.encode()):
            return (200, *self._show())
        if not hmac.compare_digest(path.encode(), f"{self.path}/created".encode()):
            return 404, "", ""
        async with self._taking:  # a browser that comes back twice finds the first one's answer
            try:
                shown = await self._take(query)
            except ProblemError as error:
                problem = error.problems[0]
                return (400, *page.refused_page(f"{problem.what}. {problem.why}", problem.fix))
            self._done = True
            return (200, *shown)

    def _is_ours(self, host: str) -> bool:
        # Another name that resolves to this machine would let a page of that name read ours (DNS rebinding).
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:  # such as one bracket, from a visitor who tries things
            return False
        own = host in {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}
        return own or (bool(self.public_host) and name == self.public_host)


def _socket(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
    except OSError:
        listening.close()
        raise
    return listening


def _reply(status: int, body: str, policy: str) -> bytes:
    reason = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 421: "Misdirected Request"}[
        status
    ]
    content = body.encode()
    lines = [
        f"HTTP/1.1 {status} {reason}",
        *_HEADERS,
        "Content-Type: text/html; charset=utf-8",
        f"Content-Length: {len(content)}",
    ]
    if policy:
        lines.append(f"Content-Security-Policy: {policy}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


def came_back(text: str) -> tuple[str, str]:
    """Code and state of an address that GitHub sent a browser to, of its query alone, or of a bare code.

    Raises:
        ProblemError: there is no code in it; what was pasted is not repeated.
    """
    plain = text.strip().strip("\"'<>` ")
    fields = parse_qs(plain.partition("#")[0].rpartition("?")[2])
    if "code" in fields:
        return fields["code"][0].strip(), fields.get("state", [""])[0].strip()
    raise ProblemError(
        Problem(
            "callback-without-code",
            "there is no code in what was pasted",
            "the address GitHub sends the browser to ends with code=… and state=…",
            "press Create GitHub App first; then copy the whole address from the browser, also when the page does not load",
        )
    )
