"""Deliveries: signed as GitHub signs them, sent once, logged, redelivered only when asked to.

GitHub never repeats a delivery by itself, promises no order, waits ten seconds for an answer and takes a redirect for a
failure. In order and without duplicates is the box's default; the opposite is there on request.
Source: https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import ipaddress
import json
import random
import ssl
import threading
import time
import uuid
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from tassist.sandbox.events import SENT
from tassist.sandbox.model import App, Installation, Repository
from tassist.sandbox.world import World

TIMEOUT_S = 10.0
MAX_PAYLOAD = 25 * 1024 * 1024
"""A larger payload is not delivered at all.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
"""
_KEPT_OF_ANSWER = 64 * 1024


@dataclass(slots=True, eq=False)
class Delivery:
    """One attempt to deliver; a redelivery is another one with the same ``guid``."""

    id: int
    guid: str
    app: App
    event: str
    action: str | None
    packed: bytes
    """`body`, compressed: payloads repeat themselves, and a box may log many thousands."""
    queued_at: datetime
    installation_id: int | None = None
    repository_id: int | None = None
    redelivery: bool = False
    url: str = ""
    request_headers: dict[str, str] = field(default_factory=dict)
    delivered_at: datetime | None = None
    duration: float = 0.0
    """Seconds."""
    status: str = "pending"
    """``OK``, or why not in GitHub's words."""
    status_code: int = 0
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""

    @property
    def body(self) -> bytes:
        """The JSON as it was when the event happened."""
        return zlib.decompress(self.packed)

    @property
    def payload(self) -> dict[str, Any]:
        """The body, parsed."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def ok(self) -> bool:
        """Whether it was answered 2xx in time."""
        return self.status == "OK"


@dataclass(slots=True)
class _Disorder:
    """What was asked for beside one delivery after the other."""

    shuffle: random.Random | None = None
    chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - repeatable, not secret
    duplicates: int = 0
    duplicate_probability: float = 0.0
    fresh_guid: bool = False
    losses: int = 0


def signature(secret: str, body: bytes) -> str:
    """``X-Hub-Signature-256``: HMAC-SHA256 of the body alone."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class _Clients:
    """HTTP clients, made when first needed: loading the certificates takes longer than a hundred deliveries."""

    def __init__(self, stack: contextlib.AsyncExitStack, timeout_s: float, authority: Callable[[], str]) -> None:
        self._stack = stack
        self._timeout_s = timeout_s
        self._authority = authority
        self._made: dict[bool, httpx.AsyncClient] = {}

    async def to(self, app: App) -> httpx.AsyncClient:
        """The one that checks certificates, where there are any and the hook does not forgo it."""
        verify = app.hook_url.startswith("https:") and app.hook_insecure_ssl == "0"
        if verify not in self._made:
            # One connection a delivery, as at GitHub: a kept one could break just when the receiver restarts.
            limits = httpx.Limits(max_keepalive_connections=0)
            trusted: ssl.SSLContext | bool = verify
            if verify and self._authority():
                trusted = httpx.create_ssl_context(trust_env=False)
                trusted.load_verify_locations(self._authority())
            client = httpx.AsyncClient(trust_env=False, limits=limits, timeout=self._timeout_s, verify=trusted)
            self._made[verify] = await self._stack.enter_async_context(client)
        return self._made[verify]


class Webhooks:
    """The queue and the log of deliveries; safe from any thread."""

    def __init__(self, world: World, *, timeout_s: float = TIMEOUT_S) -> None:
        self._world = world
        self._changed = threading.Condition()
        self._pending: list[Delivery] = []
        self._busy: Counter[int] = Counter()
        self._held = False
        self._disorder = _Disorder()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self.timeout_s = timeout_s
        self.authority = ""
        """A file of certificates that are trusted beside the public ones; read when the first of them is sent over TLS."""
        self.parallel = 1
        """How many deliveries to one App are under way at a time."""
        self.log: list[Delivery] = []
        """The attempts that have ended, oldest first."""
        self.lost: list[Delivery] = []
        """What was never sent: lost on request, or over GitHub's 25 MB."""

    # what happens in the world

    def queue(
        self,
        app: App,
        event: str,
        payload: dict[str, Any],
        *,
        installation: Installation | None = None,
        repo: Repository | None = None,
    ) -> Delivery | None:
        """Queue a delivery to the App's hook; ``None`` where it has no active one."""
        action = payload.get("action")
        if event not in SENT or (action not in SENT[event] if SENT[event] else action is not None):
            raise ValueError(f"the box sends no {event} with action {action!r}: list it in tassist.sandbox.events.SENT")
        if not app.hook_active or not app.hook_url:
            return None
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        delivery = Delivery(
            self._world.next_id("delivery"),
            str(uuid.uuid4()),
            app,
            event,
            action,
            zlib.compress(body, 1),
            self._world.clock.now(),
            installation.id if installation else None,
            repo.id if repo else None,
        )
        with self._changed:
            disorder = self._disorder
            if len(body) > MAX_PAYLOAD:
                self.lost.append(delivery)
            elif disorder.losses > 0:
                disorder.losses -= 1
                self.lost.append(delivery)
            else:
                self._pending.append(delivery)
                if self._is_doubled():
                    guid = str(uuid.uuid4()) if disorder.fresh_guid else delivery.guid
                    self._pending.append(self._again(delivery, guid=guid))
        self._wake_up()
        return delivery

    def _is_doubled(self) -> bool:
        disorder = self._disorder
        if disorder.duplicates > 0:
            disorder.duplicates -= 1
            return True
        return disorder.duplicate_probability > disorder.chance.random()

    def _again(self, delivery: Delivery, *, guid: str, redelivery: bool = False) -> Delivery:
        return Delivery(
            self._world.next_id("delivery"),
            guid,
            delivery.app,
            delivery.event,
            delivery.action,
            delivery.packed,
            self._world.clock.now(),
            delivery.installation_id,
            delivery.repository_id,
            redelivery,
        )

    def ping(self, app: App) -> Delivery | None:
        """Queue a ``ping``, which GitHub sends when a hook is made."""
        hook = {
            "type": "App",
            "id": app.hook_id,
            "name": "web",
            "active": app.hook_active,
            "events": app.events,
            "config": {"content_type": app.hook_content_type, "insecure_ssl": app.hook_insecure_ssl}
            | {"url": app.hook_url}
            | ({"secret": "********"} if app.webhook_secret else {}),
            "updated_at": app.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "created_at": app.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "app_id": app.id,
            "deliveries_url": f"{self._world.api_url}/app/hook/deliveries",
        }
        payload = {"zen": "Design for failure.", "hook_id": app.hook_id, "hook": hook}
        return self.queue(app, "ping", payload)

    # what a test or a person may ask for

    def hold(self) -> None:
        """Send nothing until `release`."""
        with self._changed:
            self._held = True

    def release(self) -> None:
        """Send what was held."""
        with self._changed:
            self._held = False
        self._wake_up()

    def shuffle(self, seed: int = 0) -> None:
        """From now on, what waits is sent in any order; repeatable by the seed."""
        with self._changed:
            self._disorder.shuffle = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def duplicate(self, *, count: int = 0, probability: float = 0.0, seed: int = 0, fresh_guid: bool = False) -> None:
        """Send the next ``count`` deliveries twice, or each with ``probability``.

        Args:
            count: How many of the next deliveries.
            probability: The chance of each delivery, decided by ``seed``.
            seed: Makes the chances repeatable.
            fresh_guid: The copy has a guid of its own, as where a repository's hook and an App's both exist.
        """
        with self._changed:
            self._disorder.duplicates = count
            self._disorder.duplicate_probability = probability
            self._disorder.chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
            self._disorder.fresh_guid = fresh_guid

    def lose(self, count: int = 1) -> None:
        """Never send the next ``count`` deliveries, and do not list them either."""
        with self._changed:
            self._disorder.losses = count

    def in_order(self) -> None:
        """Back to one after the other, each once."""
        with self._changed:
            self._disorder = _Disorder()

    def redeliver(self, delivery: Delivery) -> Delivery:
        """Queue it again: the same guid, a new id, signed with the secret of now."""
        again = self._again(delivery, guid=delivery.guid, redelivery=True)
        with self._changed:
            self._pending.append(again)
        self._wake_up()
        return again

    def of_app(self, app: App) -> list[Delivery]:
        """What the API lists: ended attempts within GitHub's window, newest first."""
        oldest = self._world.clock.now() - timedelta(days=self._world.settings.retention_days)
        with self._changed:
            found = [item for item in self.log if item.app is app and item.delivered_at and item.delivered_at > oldest]
        return sorted(found, key=lambda item: item.id, reverse=True)

    @property
    def pending(self) -> list[Delivery]:
        """What has not been sent yet."""
        with self._changed:
            return list(self._pending)

    def wait_idle(self, timeout: float = 10.0) -> bool:
        """Block until nothing is under way and nothing waits that may be sent; whether that came in time."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, timeout)

    async def idle(self, timeout: float = 10.0) -> bool:  # noqa: ASYNC109 - it is handed on to a thread
        """`wait_idle` without blocking the caller's event loop."""
        return await asyncio.to_thread(self.wait_idle, timeout)

    def _is_idle(self) -> bool:
        return not sum(self._busy.values()) and (self._held or not self._pending)

    # sending

    def _wake_up(self) -> None:
        with self._changed:
            self._changed.notify_all()
            loop, wake = self._loop, self._wake
        if loop is not None and wake is not None and not loop.is_closed():
            loop.call_soon_threadsafe(wake.set)

    def _take(self) -> Delivery | None:
        with self._changed:
            if self._held:
                return None
            ready = [item for item in self._pending if self._busy[item.app.id] < self.parallel]
            if not ready:
                return None
            shuffle = self._disorder.shuffle
            chosen = shuffle.choice(ready) if shuffle else ready[0]
            self._pending.remove(chosen)
            self._busy[chosen.app.id] += 1
            return chosen

    async def run(self) -> None:
        """Send until cancelled; what was under way then waits again."""
        wake = asyncio.Event()
        with self._changed:
            self._loop, self._wake = asyncio.get_running_loop(), wake
        sending: set[asyncio.Task[None]] = set()
        async with contextlib.AsyncExitStack() as stack:
            clients = _Clients(stack, self.timeout_s, lambda: self.authority)
            try:
                while True:
                    delivery = self._take()
                    if delivery is None:
                        await wake.wait()
                        wake.clear()
                        continue
                    started = asyncio.create_task(self._send(clients, delivery))
                    sending.add(started)
                    started.add_done_callback(sending.discard)
            finally:
                with self._changed:
                    self._loop = self._wake = None
                for task in list(sending):
                    task.cancel()
                await asyncio.gather(*sending, return_exceptions=True)

    async def _send(self, clients: _Clients, delivery: Delivery) -> None:
        finished = False
        try:
            await self._attempt(clients, delivery)
            finished = True
        finally:
            with self._changed:
                self._busy[delivery.app.id] -= 1
                if finished:
                    self.log.append(delivery)
                else:
                    self._pending.insert(0, delivery)
            self._wake_up()

    async def _attempt(self, clients: _Clients, delivery: Delivery) -> None:
        app = delivery.app
        body, headers = _dressed(app, delivery)
        delivery.url, delivery.request_headers = app.hook_url, headers
        delivery.delivered_at = self._world.clock.now()
        started = time.monotonic()
        try:
            if not is_local(app.hook_url):
                raise httpx.ConnectError("the box reaches nothing beyond this machine")
            client = await clients.to(app)
            async with asyncio.timeout(self.timeout_s):
                answer = await client.post(app.hook_url, content=body, headers=headers, follow_redirects=False)
        except TimeoutError:
            delivery.status, delivery.status_code = "timed out", 504
        except httpx.TimeoutException:
            delivery.status, delivery.status_code = "timed out", 504
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
            delivery.status, delivery.status_code = "failed to connect to host", 502
        else:
            delivery.status_code = answer.status_code
            delivery.status = "OK" if answer.is_success else f"Invalid HTTP Response: {answer.status_code}"
            delivery.response_headers = dict(answer.headers)
            delivery.response_body = answer.text[:_KEPT_OF_ANSWER]
        delivery.duration = round(time.monotonic() - started, 2)


def is_local(url: str) -> bool:
    """Whether the address is on this machine; the box sends nothing anywhere else, and asks nobody for names."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _dressed(app: App, delivery: Delivery) -> tuple[bytes, dict[str, str]]:
    """The bytes and the headers that go over the wire."""
    as_form = app.hook_content_type == "form"
    body = delivery.body
    if as_form:
        body = urlencode({"payload": body.decode("utf-8", "replace")}).encode()
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/x-www-form-urlencoded" if as_form else "application/json",
        "User-Agent": "GitHub-Hookshot/8da1e2c",
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": str(app.hook_id),
        "X-GitHub-Hook-Installation-Target-ID": str(app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
    }
    if app.webhook_secret:
        old = hmac.new(app.webhook_secret.encode(), body, hashlib.sha1).hexdigest()
        headers["X-Hub-Signature"] = f"sha1={old}"
        headers["X-Hub-Signature-256"] = signature(app.webhook_secret, body)
    return body, headers
