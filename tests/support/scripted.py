"""A server on a real socket that answers as scripted: for faults of the wire that a whole GitHub would not make."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    ``raw`` is sent as it is; ``stall`` never ends; ``drip`` sends one byte after the other; ``reset`` cuts the
    connection after the body.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    stall: bool = False
    drip: bool = False
    reset: bool = False
    length: int | None = None
    date: datetime | None = None

    def encoded(self) -> bytes:
        """As bytes on the wire."""
        if self.raw is not None:
            return self.raw
        body = (
            self.body if isinstance(self.body, bytes) else b"" if self.body is None else json.dumps(self.body).encode()
        )
        headers = {
            "content-type": "application/json",
            "date": format_datetime(self.date or datetime.now(UTC), usegmt=True),
            "content-length": str(len(body) if self.length is None else self.length),
            **self.headers,
        }
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + body


Answering = Callable[[Asked], Reply | Awaitable[Reply]]


class Scripted:
    """Answers with one reply after the other, the last one again and again; or as a function says."""

    def __init__(self, *replies: Reply, by: Answering | None = None) -> None:
        self.asked: list[Asked] = []
        self.url = ""
        self._replies = list(replies)
        self._by = by
        self._writers: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.Task[None]] = set()

    @property
    def lines(self) -> list[str]:
        """Method and target of every request."""
        return [f"{asked.method} {asked.target}" for asked in self.asked]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ", 2)
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                asked = Asked(method, target, headers, body)
                self.asked.append(asked)
                reply = await self._reply(asked)
                writer.write(reply.encoded())
                await writer.drain()
                while reply.drip:
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.02)
                if reply.stall:
                    await asyncio.Event().wait()
                if reply.reset:
                    writer.transport.abort()
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return
        finally:
            self._open.discard(task)
            writer.close()

    async def _reply(self, asked: Asked) -> Reply:
        if self._by is not None:
            found = self._by(asked)
            return found if isinstance(found, Reply) else await found
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]

    @contextlib.asynccontextmanager
    async def running(self, **options: Any) -> AsyncIterator[Scripted]:
        """Listen on a free port of this machine."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, **options)
        port = server.sockets[0].getsockname()[1]
        self.url = f"{'https' if options.get('ssl') else 'http'}://127.0.0.1:{port}"
        try:
            yield self
        finally:
            server.close()
            for task in list(self._open):
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            await server.wait_closed()
