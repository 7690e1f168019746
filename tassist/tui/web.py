"""The app in a browser of this machine, through textual-serve: on loopback, for whoever has the address with its token.

Textual-serve asks nobody who they are, and any page in a browser may open a connection to this machine. So a token is in
the address, a cookie keeps it, and a connection from another page's origin is refused.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import shlex
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from typing_extensions import override

from engine.problems import Problem, ProblemError
from tassist import log
from tassist.errors import os_problem
from tassist.opening import OpenPlace

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from aiohttp import web

_HOST = "127.0.0.1"
_COOKIE = "tassist-console"
_GRACE_S = 5.0
_POLICY = "default-src 'self' 'unsafe-inline' data:; connect-src 'self' ws:; frame-ancestors 'none'"
"""Nothing is fetched from elsewhere; textual-serve's page asks for a font of somebody else's."""


def serve_web(wanted: OpenPlace) -> int:
    """Serve until Ctrl-C; each browser window is a process of its own.

    Raises:
        ProblemError: the extra `web` is not installed, or another program has the port.
    """
    try:
        from textual_serve.server import Server
    except ImportError:
        raise ProblemError(
            Problem(
                "web-extra-missing",
                "the console cannot be shown in a browser",
                "textual-serve is not installed",
                "install tassist with its extra web: pip install 'tassist[web]'",
            )
        ) from None
    from aiohttp.web import run_app
    from textual_serve import app_service, server

    windows = Windows()

    class Noted(app_service.AppService):
        """A window whose process is known."""

        @override
        async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
            return windows.note(await super()._open_app_process(width, height))

    server.AppService = Noted  # type: ignore[attr-defined]  # the one name by which the server makes them
    assert wanted.web is not None
    command = [sys.executable, "-m", "tassist", "console", "--place", wanted.place]
    if wanted.home:
        command += ["--home", wanted.home]
    token = secrets.token_urlsafe(24)
    with _listening(wanted.web.port) as listener:
        port = listener.getsockname()[1]

        class Guarded(Server):
            """Textual-serve behind a token."""

            @override
            async def _make_app(self) -> web.Application:
                app = await super()._make_app()
                app.middlewares.append(guard(token, port))
                app.on_cleanup.append(windows.end)
                return app

            @override
            async def on_startup(self, app: web.Application) -> None:
                del app
                sys.stdout.write(f"http://{_HOST}:{port}/?token={token}\n")
                sys.stdout.flush()
                sys.stderr.write("open this address in a browser of this machine; Ctrl-C ends it\n")

            @override
            def serve(self, debug: bool = False) -> None:
                # The one it overrides logs every address with the token, and every variable where something goes wrong.
                del debug
                log.set_up()
                run_app(self._make_app(), sock=listener, print=None, shutdown_timeout=0.1)

        Guarded(shlex.join(command), host=_HOST, port=port, title="tassist").serve()
    return 0


class Windows:
    """The processes of the windows; textual-serve ends with its loop while they are still ending."""

    def __init__(self) -> None:
        self._processes: list[Process] = []

    def note(self, process: Process) -> Process:
        """One more; those that ended are forgotten."""
        for ended in [one for one in self._processes if one.returncode is not None]:
            self._processes.remove(ended)
            _close(ended)
        self._processes.append(process)
        return process

    async def end(self, app: web.Application) -> None:
        """Wait until each has ended, and end it by force where it does not in time."""
        del app
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), _GRACE_S)
            except TimeoutError:
                process.kill()
                await process.wait()
            _close(process)


def _close(process: Process) -> None:
    """Close its pipes: else they outlive the loop, which complains."""
    process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 – there is no public way


def _listening(port: int) -> socket.socket:
    """A socket of this machine's own address, and no other, that takes connections from now on.

    Raises:
        ProblemError: another program has the port.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        problem = os_problem(error, doing=f"listen on {_HOST}:{port}")
        raise ProblemError(replace(problem, fix=problem.fix.replace("--port", "--web-port"))) from None
    return listener


def allowed(token: str, port: int, *, host: str, origin: str, given: str, kept: str) -> bool:
    """Whether a request is one of the person who has the address.

    Args:
        token: The right one.
        port: Where we listen.
        host: The request's `Host`.
        origin: Its `Origin`; empty where the browser sends none.
        given: The token in its address.
        kept: The token in its cookie.
    """
    names = {f"{_HOST}:{port}", f"localhost:{port}"}
    if port == 80:  # which browsers leave away
        names |= {_HOST, "localhost"}
    if host not in names or (origin and urlsplit(origin).netloc not in names):
        return False
    return any(hmac.compare_digest(one.encode(), token.encode()) for one in (given, kept) if one)


def guard(token: str, port: int) -> Any:
    """The middleware for aiohttp that lets only allowed requests through."""
    from aiohttp import web

    @web.middleware
    async def middleware(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        given = request.query.get("token", "")
        if not allowed(
            token,
            port,
            host=request.headers.get("Host", ""),
            origin=request.headers.get("Origin", ""),
            given=given,
            kept=request.cookies.get(_COOKIE, ""),
        ):
            return web.Response(status=403, text="open the address that tassist console --web printed\n")
        if given and request.path == "/":
            onward = web.HTTPFound("/")
            onward.set_cookie(_COOKIE, token, httponly=True, samesite="Strict")
            return onward
        answer = await handler(request)
        if not answer.prepared:
            answer.headers["Content-Security-Policy"] = _POLICY
            answer.headers["Referrer-Policy"] = "no-referrer"
            answer.headers["X-Frame-Options"] = "DENY"
        return answer

    return middleware
