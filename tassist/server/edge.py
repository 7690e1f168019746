"""The outer edge: uvicorn's HTTP protocol, with the bounds a public address needs.

A peer that is slow, silent or endless is cut off; one that has sent nothing useful never keeps a real delivery out.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


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


def edge(connections: Connections) -> type[Edge]:
    """The protocol class uvicorn is to use, bound to these connections."""
    return type("BoundEdge", (Edge,), {"registry": connections})


class Edge(HttpToolsProtocol):
    """One connection; ``due`` is when its peer must have gone on, or ``None`` while it waits for us."""

    registry: Connections
    due: float | None
    _head_bytes: int
    _in_head: bool

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        super().connection_made(transport)
        self._head_bytes = 0
        self._in_head = True
        self.due = self.loop.time() + self.registry.bounds.head_s
        self.registry.open[self] = None
        self.registry.make_room()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.registry.open.pop(self, None)
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
        super().on_headers_complete()

    @override
    def on_message_complete(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self.due = None
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
