"""Sends deliveries over real sockets, as GitHub does and as nobody should."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from tassist.clock import SystemClock
from tassist.errors import Secret
from tassist.server.edge import Bounds, Connections, edge
from tassist.server.health import Health
from tassist.server.intake import Budget, Inbox, Intake
from tassist.server.metrics import Metrics
from tassist.server.service import _listen, _Server
from tassist.server.signature import Renewal, Secrets, Verifier
from tassist.store.journal import Journal
from tassist.store.model import Accepted, Incoming

SECRET = "It's a Secret to Everybody"


def signature(body: bytes, secret: str = SECRET) -> str:
    """As GitHub puts it into `X-Hub-Signature-256`."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def issue_payload(number: int = 1, action: str = "labeled", **more: Any) -> dict[str, Any]:
    """A small payload of `issues`."""
    return {
        "action": action,
        "issue": {"number": number, "title": f"issue {number}", "labels": [], "user": {"login": "ann", "id": 3}},
        "repository": {"id": 7, "full_name": "o/r"},
        "sender": {"login": "ann", "id": 3},
        "installation": {"id": 5},
        **more,
    }


def compact(payload: object) -> bytes:
    """JSON as GitHub sends it."""
    return json.dumps(payload, separators=(",", ":")).encode()


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Target:
    """A server that takes deliveries."""

    host: str
    port: int
    inbox: Any = None
    metrics: Metrics = field(default_factory=Metrics)
    connections: Connections | None = None
    intake: Intake | None = None

    async def raw(self, data: bytes, *, bodiless: bool = False) -> Answer:
        """Send these bytes and read one answer; ``bodiless`` where the question was HEAD."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(data)
            await writer.drain()
            return await read_answer(reader, bodiless=bodiless)
        finally:
            writer.close()

    async def post(
        self,
        body: bytes,
        *,
        event: str = "issues",
        delivery_id: str | None = None,
        secret: str = SECRET,
        path: str = "/webhook",
        method: str = "POST",
        headers: Mapping[str, str | None] | None = None,
        more: Iterable[tuple[str, str]] = (),
    ) -> Answer:
        """Deliver; ``headers`` replaces (or with ``None`` leaves out) what GitHub would send."""
        sent: dict[str, str | None] = {
            "Host": "hook.example",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": "GitHub-Hookshot/1234567",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery_id or str(uuid.uuid4()),
            "X-Hub-Signature-256": signature(body, secret),
            **(headers or {}),
        }
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in [*sent.items(), *more] if value is not None]
        return await self.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


async def read_answer(reader: asyncio.StreamReader, *, bodiless: bool = False) -> Answer:
    """One HTTP answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if ":" in line)}
    body = b"" if bodiless else await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(int(first.split()[1]), headers, body)


class Held:
    """An inbox that stores when it is told to."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.open = asyncio.Event()

    async def accept(self, incoming: Incoming) -> Accepted:
        await self.open.wait()
        return await self.journal.accept(incoming)


@asynccontextmanager
async def taking_deliveries(
    inbox: Inbox,
    *,
    secrets: Secrets | None = None,
    bounds: Bounds | None = None,
    budget: Budget | None = None,
    metrics_token: Secret | None = None,
    crowded_for_s: float = 0.03,
    short_way: bool = True,
    renewal: Renewal | None = None,
    kind: type[Intake] = Intake,
) -> AsyncIterator[Target]:
    """The real intake behind the real edge on a real socket, without a dispatcher.

    Args:
        inbox: Where they are stored.
        secrets: The webhook's; one of its own where there are none.
        bounds: What a peer may take.
        budget: How many bytes of bodies are held.
        metrics_token: Opens the figures.
        crowded_for_s: See `Intake`.
        short_way: As served; otherwise every request goes by ASGI.
        renewal: Where the secrets are kept.
        kind: The intake's class.
    """
    metrics = Metrics()
    connections = Connections(bounds or Bounds())
    health = Health(metrics, list, list, metrics_token)
    verifier = Verifier(secrets or Secrets.checked(Secret(SECRET)), renewal)
    intake = kind(inbox, verifier, SystemClock(), metrics, elsewhere=health, budget=budget, crowded_for_s=crowded_for_s)
    listener = _listen("127.0.0.1", 0)
    server = _Server(
        uvicorn.Config(
            intake,
            http=edge(connections, intake if short_way else None),
            ws="none",
            lifespan="off",
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
    )
    watching = asyncio.create_task(connections.watch(0.05))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    host, port = listener.getsockname()[:2]
    try:
        yield Target(host, port, inbox, metrics, connections, intake)
    finally:
        server.should_exit = True
        await serving
        watching.cancel()
