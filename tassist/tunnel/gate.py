"""A gate before the server: whatever a tunnel makes public, only POST requests to the webhook's path get through.

It reads a request's head, compares one line, and then passes bytes on in both directions. Everything else is answered here
with 404, as if nothing were there.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable

from engine.problems import Problem, ProblemError
from tassist.errors import os_problem

MAX_HEAD = 32 * 1024
HEAD_TIMEOUT_S = 10.0
IDLE_TIMEOUT_S = 60.0
_PATH = re.compile(rb"[A-Za-z0-9/._~%-]{1,200}")
_NOT_HERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_BUSY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Gate:
    """Listens on a port of its own, on this machine; the tunnel leads there."""

    def __init__(self, target_port: int, *, host: str = "127.0.0.1", paths: Iterable[str] = ("/webhook",)) -> None:
        """Args beyond the obvious.

        Args:
            target_port: Of the server.
            host: Where the server is.
            paths: Exactly these are let through.
        """
        self._target = (host, target_port)
        self._paths = {path.encode() for path in paths}
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.port = 0
        self.refused = 0
        """Requests that were answered here."""

    async def start(self, port: int = 0) -> int:
        """Listen; the port.

        Raises:
            ProblemError: it cannot.
        """
        try:
            self._server = await asyncio.start_server(self._one, "127.0.0.1", port, limit=MAX_HEAD)
        except OSError as error:
            raise ProblemError(os_problem(error, doing=f"listen on 127.0.0.1:{port}")) from None
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Stop listening, and cut what is open."""
        if self._server is not None:
            self._server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._pass(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            return
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_TIMEOUT_S)
        line, _, rest = head.partition(b"\r\n")
        words = line.split(b" ")
        known = len(words) == 3 and words[0] == b"POST" and bool(_PATH.fullmatch(words[1])) and words[1] in self._paths
        if not known:
            self.refused += 1
            writer.write(_NOT_HERE)
            await writer.drain()
            return
        try:
            inside, outside = await asyncio.open_connection(*self._target)
        except OSError:
            writer.write(_BUSY)
            await writer.drain()
            return
        # One request a connection: a second one could go anywhere.
        kept = [
            each for each in rest.split(b"\r\n") if each and not each.lower().startswith((b"connection:", b"upgrade:"))
        ]
        outside.write(b"\r\n".join([line, *kept, b"Connection: close", b"", b""]))
        up = asyncio.create_task(_pump(reader, outside))
        try:
            await _pump(inside, writer)
        finally:
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)
            outside.close()
            with contextlib.suppress(OSError):
                await outside.wait_closed()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await asyncio.wait_for(source.read(65536), IDLE_TIMEOUT_S):
        target.write(piece)
        await target.drain()


def unknown_tunnel(text: str) -> Problem:
    """What was named is no way in."""
    return Problem(
        "tunnel-unknown",
        f"{text!r} is no tunnel",
        "known are ngrok (opened by tassist), agent (an ngrok agent that is running), and a public address",
        "write --tunnel ngrok, --tunnel agent or --tunnel https://…",
    )
