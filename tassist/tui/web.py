"""The app in a browser of this machine, through textual-serve: on loopback, for whoever has the address with its token.

Textual-serve asks nobody who they are, and any page in a browser may open a connection to this machine. So a token is in
the address, a cookie keeps it, and a connection from another page's origin is refused.
"""

from __future__ import annotations

import hmac
import secrets
import shlex
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from engine.problems import Problem, ProblemError
from tassist.opening import OpenPlace

_HOST = "127.0.0.1"
_COOKIE = "tassist-console"
_POLICY = "default-src 'self' 'unsafe-inline' data:; connect-src 'self' ws:; frame-ancestors 'none'"
"""Nothing is fetched from elsewhere; textual-serve's page asks for a font of somebody else's."""


def serve_web(wanted: OpenPlace) -> int:
    """Serve until Ctrl-C; each browser window is a process of its own.

    Raises:
        ProblemError: the extra `web` is not installed.
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
    assert wanted.web is not None
    command = [sys.executable, "-m", "tassist", "console", "--place", wanted.place]
    if wanted.home:
        command += ["--home", wanted.home]
    token = secrets.token_urlsafe(24)
    port = wanted.web.port
    address = f"http://{_HOST}:{port}/?token={token}"

    class Guarded(Server):  # type: ignore[misc]  # without the extra its type is unknown
        """Textual-serve behind a token."""

        async def _make_app(self) -> Any:
            app = await super()._make_app()
            app.middlewares.append(guard(token, port))
            return app

        async def on_startup(self, app: Any) -> None:
            del app
            sys.stdout.write(f"{address}\n")
            sys.stdout.flush()
            sys.stderr.write("open this address in a browser of this machine; Ctrl-C ends it\n")

    Guarded(shlex.join(command), host=_HOST, port=port, title="tassist").serve()
    return 0


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
    if host not in names or (origin and urlsplit(origin).netloc not in names):
        return False
    return any(hmac.compare_digest(one.encode(), token.encode()) for one in (given, kept) if one)


def guard(token: str, port: int) -> Any:
    """The middleware for aiohttp that lets only allowed requests through."""
    from aiohttp import web

    @web.middleware  # type: ignore[untyped-decorator]  # without the extra its type is unknown
    async def middleware(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:  # aiohttp hands it in by name
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
            answer = web.HTTPFound("/")
            answer.set_cookie(_COOKIE, token, httponly=True, samesite="Strict")
            return answer
        answer = await handler(request)
        if not answer.prepared:
            answer.headers["Content-Security-Policy"] = _POLICY
            answer.headers["Referrer-Policy"] = "no-referrer"
            answer.headers["X-Frame-Options"] = "DENY"
        return answer

    return middleware
