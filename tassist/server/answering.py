"""What the server answers over HTTP, before it is put into bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_CLOSE = (b"connection", b"close")


@dataclass(frozen=True, slots=True)
class Answer:
    """A short answer."""

    status: int
    body: bytes
    close: bool = False
    """End the connection after it."""
    extra: tuple[tuple[bytes, bytes], ...] = ()
    """Headers beside those every answer has."""
    content_type: bytes = b"application/json"

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """All of its own headers, in their order."""
        headers = [(b"content-type", self.content_type), (b"content-length", b"%d" % len(self.body)), *self.extra]
        if self.close:
            headers.append(_CLOSE)
        return headers

    async def send(self, send: Send) -> None:
        """Say it to an ASGI server."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


NOT_FOUND = Answer(404, b'{"error":"not found"}', close=True)
