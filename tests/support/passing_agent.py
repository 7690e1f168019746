"""An ngrok agent's stand-in through which requests really pass: TLS ends at its public address, as at ngrok's."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from typing_extensions import override


@dataclass
class _Tunnel:
    """A public port and where it leads."""

    name: str
    target: tuple[str, int]
    listening: socket.socket
    keeps: bool

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.listening.getsockname()[1]}"

    def document(self) -> dict[str, Any]:
        address = f"http://{self.target[0]}:{self.target[1]}"
        config = {"addr": address, "inspect": self.keeps}
        return {"name": self.name, "public_url": self.url, "proto": "https", "config": config}


@dataclass
class PassingAgent:
    """What the agent did."""

    api: str = ""
    opened: list[str] = field(default_factory=list)
    """Public addresses, in order."""
    tunnels: dict[str, _Tunnel] = field(default_factory=dict)
    """Those that are open."""


@contextmanager
def passing_agent(certificate: tuple[Path, Path]) -> Iterator[PassingAgent]:
    """Run it; ``certificate`` and key are those of its public addresses."""
    found = PassingAgent()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    class Answers(BaseHTTPRequestHandler):
        def _send(self, status: int, document: object = None) -> None:
            body = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self._send(200, {"tunnels": [each.document() for each in found.tunnels.values()], "uri": "/api/tunnels"})

        def do_POST(self) -> None:
            wanted = json.loads(self.rfile.read(int(self.headers["content-length"])))
            host, _, port = wanted["addr"].rpartition(":")
            made = _Tunnel(
                wanted["name"], (host, int(port)), socket.create_server(("127.0.0.1", 0)), bool(wanted["inspect"])
            )
            found.tunnels[made.name] = made
            found.opened.append(made.url)
            threading.Thread(target=_serve, args=(made, context), daemon=True).start()
            self._send(201, made.document())

        def do_DELETE(self) -> None:
            gone = found.tunnels.pop(self.path.rpartition("/")[2], None)
            if gone is not None:
                _close(gone)
            self._send(204 if gone is not None else 404)

        @override
        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    found.api = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
        for each in found.tunnels.values():
            _close(each)


def _close(tunnel: _Tunnel) -> None:
    with contextlib.suppress(OSError):
        tunnel.listening.shutdown(socket.SHUT_RDWR)
    tunnel.listening.close()


def _serve(tunnel: _Tunnel, context: ssl.SSLContext) -> None:
    while True:
        try:
            outer, _ = tunnel.listening.accept()
        except OSError:
            return
        threading.Thread(target=_pass, args=(tunnel, context, outer), daemon=True).start()


def _pass(tunnel: _Tunnel, context: ssl.SSLContext, outer: socket.socket) -> None:
    """One connection: bytes go both ways until one side ends."""
    with contextlib.suppress(OSError), outer:
        outer.settimeout(20)
        with (
            context.wrap_socket(outer, server_side=True) as public,
            socket.create_connection(tunnel.target, timeout=20) as inner,
        ):
            up = threading.Thread(target=_pump, args=(public, inner), daemon=True)
            up.start()
            _pump(inner, public)
            # The other thread still waits for the browser: closing alone would end nothing before it gives up.
            with contextlib.suppress(OSError):
                public.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
