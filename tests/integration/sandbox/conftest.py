"""A served box with an App installed, and clients for everybody in it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
import pytest
from typing_extensions import override

from tassist.sandbox import Box, Registered, Running, serve
from tests.support.keys import pem


@dataclass
class Inbox:
    """What the App's hook received; ``status`` is what it answers."""

    url: str = ""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 202
    answer_headers: dict[str, str] = field(default_factory=dict)
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def events(self) -> list[tuple[str, str | None]]:
        """Event and action of each, in the order they came."""
        return [(headers["x-github-event"], json.loads(body).get("action")) for headers, body in self.received]

    def payloads(self, event: str, action: str | None = None) -> list[dict[str, Any]]:
        """The payloads of one kind."""
        found = [json.loads(body) for headers, body in self.received if headers["x-github-event"] == event]
        return [payload for payload in found if action in {None, payload.get("action")}]


@dataclass
class World:
    """Everything a test needs."""

    box: Box
    running: Running
    app: Registered
    installation_id: int
    inbox: Inbox

    def app_token(self, **claims: Any) -> str:
        """The App's own token; claims override the good ones."""
        now = int(self.box.clock.now().timestamp())
        good = {"iat": now - 60, "exp": now + 540, "iss": self.app.client_id}
        return jwt.encode({**good, **claims}, self.app.pem, algorithm="RS256")

    def as_app(self) -> httpx.Client:
        """A client with the App's JSON web token."""
        return self.client(f"Bearer {self.app_token()}")

    def as_installation(self, **body: Any) -> httpx.Client:
        """A client with an installation's token, narrowed by ``body``."""
        with self.as_app() as client:
            answer = client.post(f"/app/installations/{self.installation_id}/access_tokens", json=body)
        assert answer.status_code == 201, answer.text
        return self.client(f"Bearer {answer.json()['token']}")

    def as_person(self, login: str) -> httpx.Client:
        """A client with a person's token."""
        return self.client(f"token {self.box.user_token(login)}")

    def client(self, authorization: str | None = None) -> httpx.Client:
        """A client; anonymous without an ``authorization``."""
        headers = {"Authorization": authorization} if authorization else {}
        return httpx.Client(base_url=self.running.api_url, headers=headers, trust_env=False, verify=False)

    def settle(self) -> None:
        """Wait until every delivery has been made."""
        assert self.box.webhooks.wait_idle(timeout=10)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox()
    box.gate.set()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            box.gate.wait(60)
            box.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(box.status)
            for name, value in box.answer_headers.items():
                self.send_header(name, value)
            self.end_headers()

        @override
        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    box.url = f"http://127.0.0.1:{server.server_port}/webhook"
    yield box
    box.gate.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def world(inbox: Inbox) -> Iterator[World]:
    box = Box.seeded()
    app = box.register_app("Task Assistant", hook_url=inbox.url, pem=pem())
    installation_id = box.install(app.id, "acme-demo")
    with serve(box) as running:
        ready = World(box, running, app, installation_id, inbox)
        ready.settle()
        inbox.received.clear()
        yield ready
    assert box.bugs == []
