"""The outer edge: uvicorn's HTTP protocol, with the bounds a public address needs and a short way for usual deliveries.

A peer that is slow, silent or endless is cut off; one that has sent nothing useful never keeps a real delivery out. A
delivery that is small and well formed, as nearly all are, is handed to the intake as it is, without ASGI's scope, task and
messages; whatever else comes takes the usual way through uvicorn, and the answers are the same.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tassist.server.answering import Answer
from tassist.server.intake import WEBHOOK_PATH, Intake, Usual

_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_NOBODY: Final = SimpleNamespace(set=lambda: None)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a peer may take."""

    head_s: float = 10.0
    """From the first byte (or the connection) to the end of the head."""
    body_s: float = 10.0
    """From the end of the head to the end of the body; GitHub itself gives up after 10 s (30 s on Enterprise Server)."""
    idle_s: float = 15.0
    """Between two requests on one connection."""
    max_head_bytes: int = 64 * 1024
    max_connections: int = 512


class Connections:
    """All open connections in the order they were made, and the clock that cuts them off."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.open: dict[Edge, None] = {}
        self.cut = 0
        """Connections closed for being slow, silent or too many."""

    async def watch(self, every_s: float = 0.5) -> None:
        """Close whoever is past its time, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(every_s)
            self.close_late(loop.time())

    def close_late(self, now: float) -> None:
        """Close every connection whose peer should have sent something by now."""
        for connection in list(self.open):
            if connection.due is not None and connection.due < now:
                self.cut += 1
                connection.abandon()

    def make_room(self) -> None:
        """Close the oldest connection that waits for its peer where there are too many."""
        if len(self.open) > self.bounds.max_connections:
            oldest = next((connection for connection in self.open if connection.due is not None), None)
            if oldest is not None:
                self.cut += 1
                oldest.abandon()


def edge(connections: Connections, intake: Intake | None = None) -> type[Edge]:
    """The protocol class uvicorn is to use, bound to these connections.

    Args:
        connections: Where they are counted and cut off.
        intake: What takes usual deliveries without ASGI; ``None``: everything goes by ASGI.
    """
    return type("BoundEdge", (Edge,), {"registry": connections, "intake": intake})


class Edge(HttpToolsProtocol):
    """One connection; ``due`` is when its peer must have gone on, or ``None`` while it waits for us."""

    registry: Connections
    intake: Intake | None
    due: float | None
    _head_bytes: int
    _in_head: bool
    _usual: Usual | None
    """The usual delivery whose body arrives."""
    _parts: list[bytes]
    """Of that body."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        super().connection_made(transport)
        self._head_bytes = 0
        self._in_head = True
        self._usual = None
        self.due = self.loop.time() + self.registry.bounds.head_s
        self.registry.open[self] = None
        self.registry.make_room()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.registry.open.pop(self, None)
        if self._usual is not None and self.intake is not None:
            self.intake.gone()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self._in_head and not self._head_bytes:
            self.due = self.loop.time() + self.registry.bounds.head_s
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > self.registry.bounds.max_head_bytes:
            self.registry.cut += 1
            if not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    @override
    def on_headers_complete(self) -> None:
        self._in_head = False
        self.due = self.loop.time() + self.registry.bounds.body_s
        if self.intake is not None and self._plain():
            self._usual = self.intake.usual(self.headers)
        if self._usual is None:
            super().on_headers_complete()
        else:
            self._parts = []
            self.cycle = _Short(self)  # type: ignore[assignment]  # all that uvicorn asks of the request under way

    def _plain(self) -> bool:
        """Whether the request, as far as HTTP goes, is what GitHub sends, and nothing else is under way here."""
        parser = self.parser
        before: Any = self.cycle  # `None` before the first request, whatever its type says
        return (
            self.url == WEBHOOK_PATH
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.expect_100_continue
            and (before is None or before.response_complete)
            and not self.flow.write_paused
        )

    @override
    def on_body(self, body: bytes) -> None:
        if self._usual is None:
            super().on_body(body)
        else:
            self._parts.append(body)

    @override
    def on_message_complete(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self.due = None
        usual, self._usual = self._usual, None
        if usual is None:
            super().on_message_complete()
            return
        assert self.intake is not None
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        short: Any = self.cycle
        if not self.intake.take(usual, body, short.answer):
            self.cycle = None  # type: ignore[assignment]  # as before the first request
            super().on_headers_complete()
            # A server that began to shut down meanwhile has said so to the one only.
            self.cycle.keep_alive = short.keep_alive
            super().on_body(body)
            super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.due = self.loop.time() + self.registry.bounds.idle_s

    def abandon(self) -> None:
        """Close without another word: whoever is there was given its time."""
        self.due = None
        transport: Any = self.transport
        if not transport.is_closing():
            transport.abort()


class _Short:
    """A usual delivery under way, standing where uvicorn keeps the request it works on.

    So what a peer sends behind it waits its turn, and a server that shuts down lets it end.
    """

    __slots__ = ("disconnected", "edge", "keep_alive", "response_complete")
    message_event = _NOBODY
    """Whom uvicorn wakes when the peer has gone."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False

    def answer(self, answer: Answer) -> None:
        """Say it, in the same bytes as uvicorn would."""
        if self.disconnected:
            return
        self.response_complete = True
        edge = self.edge
        headers = answer.headers
        close = answer.close or not self.keep_alive
        if close and not answer.close:
            headers.append((b"connection", b"close"))
        lines = [b"%s: %s\r\n" % header for header in (*edge.server_state.default_headers, *headers)]
        transport = edge.transport
        transport.write(b"%s%s\r\n%s" % (STATUS_LINE[answer.status], b"".join(lines), answer.body))
        if close or edge.pipeline:
            if close:
                transport.close()
            edge.on_response_complete()
        else:
            # Without uvicorn's timer, set and unset for each request: `Connections.watch` closes whoever idles.
            edge.due = edge.loop.time() + edge.registry.bounds.idle_s
