"""GitHub in a box with an App, and small servers that take deliveries or do not."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from setup_wizard.manifest import EVENTS, PERMISSIONS
from tassist.errors import Secret
from tassist.github.app_api import AppApi
from tassist.github.connection import Connection
from tassist.sandbox import Box, Registered, Running, aserve
from tassist.secrets import GitHubApp, credentials_path, save
from tests.support import keys


@dataclass
class Receiver:
    """Something that listens for deliveries."""

    url: str
    status: int = 202
    hold: threading.Event = field(default_factory=threading.Event)
    """Answers wait for it; set at first."""
    paths: list[str] = field(default_factory=list)
    bodies: list[int] = field(default_factory=list)


@contextmanager
def receiver(status: int = 202) -> Iterator[Receiver]:
    """A server on a free port of this machine."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            found.paths.append(self.path)
            found.bodies.append(len(body))
            found.hold.wait(20)
            self.send_response(found.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            found.paths.append(self.path)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        @override
        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    found = Receiver(f"http://127.0.0.1:{server.server_port}/webhook", status)
    found.hold.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.hold.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class World:
    """GitHub in a box, the App, and its credentials."""

    box: Box
    running: Running
    made: Registered
    home: Path
    api: AppApi

    @property
    def hook(self) -> str:
        """Where the webhook leads."""
        return self.box.app(self.made.id).hook_url

    @hook.setter
    def hook(self, url: str) -> None:
        with self.box.lock:
            self.box.app(self.made.id).hook_url = url

    def ping(self) -> None:
        """GitHub sends something."""
        with self.box.lock:
            self.box.webhooks.ping(self.box.app(self.made.id))
        assert self.box.webhooks.wait_idle(10)

    @property
    def env(self) -> dict[str, str]:
        """For the command."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TASSIST")}
        return {**kept, "TASSIST_HOME": str(self.home), "TASSIST_API_LIMITS": "off"}

    def start(self, *args: str, **env: str) -> subprocess.Popen[str]:
        """The real command, running."""
        return subprocess.Popen(
            [sys.executable, "-c", "from tassist.entry import main; main()", *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.env, **env},
            cwd=self.home.parent,
        )

    def run(self, *args: str, **env: str) -> tuple[int, str, str]:
        """The real command, run."""
        process = self.start(*args, **env)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        return process.returncode, out, err


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """An App whose webhook leads to production, which is a name nobody knows."""
    box = Box.empty()
    box.organization("octo", owners=["ann"])
    made = box.register_app(
        "Task Assistant", owner="octo", pem=keys.pem(), hook_url="https://production.invalid/webhook",
        permissions=dict(PERMISSIONS), events=EVENTS,
    )  # fmt: skip
    home = tmp_path / "home"
    async with aserve(box) as running:
        app = GitHubApp(
            made.id, Secret(made.pem), Secret(made.webhook_secret or ""), slug=made.slug, api_url=running.api_url
        )
        save(app, credentials_path(home))
        async with Connection(app) as connection:
            yield World(box, running, made, home, connection.api)


@contextmanager
def ngrok_agent(tunnels: list[dict[str, Any]]) -> Iterator[str]:
    """The local interface of an ngrok agent: tunnels are listed, opened and closed; nothing passes through them."""
    import json

    class Answers(BaseHTTPRequestHandler):
        def _send(self, status: int, document: object) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def do_GET(self) -> None:
            self._send(200, {"tunnels": tunnels, "uri": "/api/tunnels"})

        def do_POST(self) -> None:
            wanted = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if any(item["name"] == "only-one" for item in tunnels):
                self._send(502, {"error_code": 103, "details": {"err": "ERR_NGROK_334: one endpoint is all you get"}})
                return
            made = {
                "name": wanted["name"],
                "public_url": f"https://{len(tunnels)}-opened.ngrok-free.app",
                "proto": "https",
                "config": {"addr": f"http://{wanted['addr']}", "inspect": wanted["inspect"]},
            }
            tunnels.append(made)
            self._send(201, made)

        def do_DELETE(self) -> None:
            name = self.path.rpartition("/")[2]
            tunnels[:] = [item for item in tunnels if item["name"] != name]
            self.send_response(204)
            self.end_headers()

        @override
        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
