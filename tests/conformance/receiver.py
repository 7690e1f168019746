"""A hook on a real socket that keeps every delivery as it came over the wire."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override


@dataclass(frozen=True)
class Received:
    """One POST: headers in lower case, and the body's bytes."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> str:
        """GitHub's word in `X-GitHub-Event`."""
        return self.headers["x-github-event"]

    @property
    def guid(self) -> str:
        """`X-GitHub-Delivery`."""
        return self.headers["x-github-delivery"]

    @property
    def payload(self) -> dict[str, Any]:
        """The body, parsed."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def action(self) -> str | None:
        """The payload's action."""
        return self.payload.get("action")


class Receiver:
    """Where the box sends its deliveries; answers ``status``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.status = 202
        self.received: list[Received] = []

    def of(self, event: str, action: str | None = None) -> list[Received]:
        """What has come for an event, oldest first."""
        return [item for item in self.received if item.event == event and action in {None, item.action}]


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            receiver.received.append(Received({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/webhook")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
