"""The webhook: verify the signature on the bytes as they arrive, store durably, then answer.

A bare ASGI application: it knows a handful of exact paths, never redirects (GitHub counts a redirect as a failure) and
never reads a payload. What cannot be stored is answered with 503, never with a 2xx.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from time import perf_counter
from typing import Any, Protocol

from engine.ports import Clock
from engine.problems import ProblemError
from tassist.config import faults
from tassist.log import get_logger, log_event
from tassist.server.metrics import Metrics
from tassist.server.signature import Verifier, well_formed
from tassist.store.model import Accepted, Incoming

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY_BYTES = 25 * 2**20
"""GitHub's own cap. Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap"""
WEBHOOK_PATH = b"/webhook"
_SMALL_BYTES = 256 * 1024
_LOG = get_logger("intake")
_EVENT = re.compile(rb"[a-z][a-z0-9_]{0,63}")
_ONCE = (b"x-hub-signature-256", b"x-github-event", b"x-github-delivery", b"content-length", b"content-type")
_KEPT = {
    b"content-type": "content-type",
    b"user-agent": "user-agent",
    b"x-github-hook-id": "x-github-hook-id",
    b"x-github-hook-installation-target-id": "x-github-hook-installation-target-id",
    b"x-github-hook-installation-target-type": "x-github-hook-installation-target-type",
    b"x-github-enterprise-host": "x-github-enterprise-host",
    b"x-github-enterprise-version": "x-github-enterprise-version",
}
_CLOSE = (b"connection", b"close")
_CROWD = 8
"""With so many deliveries waiting for their answer, answering comes first."""


class Inbox(Protocol):
    """Where deliveries are stored."""

    async def accept(self, incoming: Incoming) -> Accepted:
        """Store durably, or raise."""
        ...


class Refused(Exception):  # noqa: N818 – an answer, not an error
    """An answer other than 2xx."""

    def __init__(self, status: int, kind: str, *, close: bool = False, allow: bytes | None = None) -> None:
        super().__init__(kind)
        self.status = status
        self.kind = kind
        self.close = close
        self.allow = allow


class Budget:
    """How many bytes of bodies are held at once, those that are still arriving included.

    Small bodies have a budget of their own: a few peers that trickle in huge ones cannot keep real deliveries out.
    """

    def __init__(self, *, small_bytes: int = 64 * 2**20, large_bytes: int = 64 * 2**20) -> None:
        self._left = {False: small_bytes, True: large_bytes}

    def take(self, amount: int, *, large: bool) -> bool:
        """Reserve, if there is room."""
        if self._left[large] < amount:
            return False
        self._left[large] -= amount
        return True

    def give(self, amount: int, *, large: bool) -> None:
        """Return what was reserved."""
        self._left[large] += amount


class Intake:
    """The ASGI application; other paths than the webhook are handed to ``elsewhere``."""

    def __init__(
        self,
        inbox: Inbox,
        verifier: Verifier,
        clock: Clock,
        metrics: Metrics,
        *,
        elsewhere: Callable[[Scope, Send], Awaitable[None]] | None = None,
        budget: Budget | None = None,
        crowded_for_s: float = 0.03,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args beyond the obvious.

        Args:
            inbox: Where deliveries are stored.
            verifier: Checks their signatures.
            clock: The present.
            metrics: Counters.
            elsewhere: Answers other paths than the webhook's.
            budget: How many bytes of bodies are held.
            crowded_for_s: How long answering comes first after many waited.
            monotonic: Time itself, for a simulation to replace.
        """
        self._inbox = inbox
        self._verifier = verifier
        self._clock = clock
        self._metrics = metrics
        self._elsewhere = elsewhere
        self._budget = budget or Budget()
        self.waiting = 0
        """Deliveries that are being stored and wait for their answer."""
        self._crowded_for_s = crowded_for_s
        self._crowded_at = float("-inf")
        self._monotonic = monotonic

    @property
    def busy(self) -> bool:
        """Whether answering comes first: many wait for their answer, or did a moment ago.

        They are answered together, so that now and then nobody waits although more keep coming.
        """
        return self._monotonic() - self._crowded_at < self._crowded_for_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["raw_path"] != WEBHOOK_PATH:
            if self._elsewhere is None:
                await answer(send, 404, b'{"error":"not found"}', close=True)
            else:
                await self._elsewhere(scope, send)
            return
        began = perf_counter()
        try:
            accepted, quarantined = await self._take(scope, receive)
        except Refused as refused:
            self._metrics.count("deliveries", refused.kind)
            extra = ((b"allow", refused.allow),) if refused.allow else ()
            if refused.status == 503:
                extra = ((b"retry-after", b"30"),)
            await answer(
                send, refused.status, b'{"error":"%s"}' % refused.kind.encode(), close=refused.close, extra=extra
            )
            return
        except _Gone:
            self._metrics.count("deliveries", "disconnected")
            return
        faults.point("after-store")
        kind = "quarantined" if quarantined else accepted.kind
        self._metrics.count("deliveries", kind)
        self._metrics.answered(perf_counter() - began)
        status = 400 if quarantined else 200 if accepted.kind == "duplicate" else 202
        await answer(send, status, b'{"delivery":"%s"}' % kind.encode())
        faults.point("after-answer")

    async def _take(self, scope: Scope, receive: Receive) -> tuple[Accepted, bool]:
        if scope["method"] != "POST":
            raise Refused(405, "method_not_allowed", close=True, allow=b"POST")
        head = _head(scope["headers"])
        signature = head.get(b"x-hub-signature-256", b"")
        if not well_formed(signature):
            raise Refused(401, "bad_signature", close=True)
        event = head.get(b"x-github-event", b"")
        delivery = head.get(b"x-github-delivery", b"")
        if not _EVENT.fullmatch(event) or not delivery:
            raise Refused(400, "bad_headers", close=True)
        if head.get(b"content-encoding", b"identity").lower() != b"identity":
            # GitHub does not compress; inflating what a stranger sent would be an invitation.
            raise Refused(415, "content_encoding", close=True)
        length = head.get(b"content-length")
        if length is not None and length.isdigit() and int(length) > MAX_BODY_BYTES:
            raise Refused(413, "too_large", close=True)
        await self._verifier.renew()
        now = self._clock.now()
        check = self._verifier.check(now)
        chunks: list[bytes] = []
        held = [0, 0]
        try:
            await self._read(receive, check.update, chunks, held)
            match = check.matches(signature)
            if match is None and await self._verifier.outdated(check):
                check = self._verifier.check(now)
                for chunk in chunks:
                    check.update(chunk)
                match = check.matches(signature)
            if match is None:
                raise Refused(401, "bad_signature", close=True)
            if match == "previous":
                self._metrics.count("previous_secret")
                log_event(_LOG, "previous-secret", "a delivery was signed with the previous webhook secret", level=30)
            body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            incoming = Incoming(
                delivery_id=delivery_key(delivery),
                event=event.decode("ascii"),
                body=body,
                received_at=now,
                headers=kept_headers(head),
                quarantine=_not_a_payload(body, head.get(b"content-type", b"")),
            )
            self.waiting += 1
            if self.waiting >= _CROWD:
                self._crowded_at = self._monotonic()
            try:
                accepted = await self._inbox.accept(incoming)
            except ProblemError as error:
                log_event(_LOG, "not-stored", "a delivery could not be stored", level=40, why=error.problems[0].what)
                raise Refused(503, "not_stored", close=True) from error
            finally:
                self.waiting -= 1
            return accepted, incoming.quarantine is not None
        finally:
            self._budget.give(held[False], large=False)
            self._budget.give(held[True], large=True)

    async def _read(
        self, receive: Receive, update: Callable[[bytes], None], chunks: list[bytes], held: list[int]
    ) -> None:
        """Read the whole body within every bound, feeding the signature's check."""
        size = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            chunk: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            if not chunk:
                continue
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise Refused(413, "too_large", close=True)
            large = size > _SMALL_BYTES
            if not self._budget.take(len(chunk), large=large):
                raise Refused(503, "busy", close=True)
            held[large] += len(chunk)
            update(chunk)
            chunks.append(chunk)


class _Gone(Exception):  # noqa: N818 – nobody is told
    """The peer went away before its body was complete."""


def _head(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by name; one that decides something and is there twice is refused."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in found and name in _ONCE:
            raise Refused(
                401 if name == b"x-hub-signature-256" else 400,
                "bad_signature" if name == b"x-hub-signature-256" else "bad_headers",
                close=True,
            )
        found[name] = value
    return found


def delivery_key(header: bytes) -> str:
    """The delivery id as an opaque key of bounded length; nothing is assumed about its form."""
    if len(header) > 128:
        return "sha256:" + hashlib.sha256(header).hexdigest()
    return header.decode("latin-1")


def kept_headers(head: dict[bytes, bytes]) -> dict[str, str]:
    """The headers worth keeping beside the body, each bounded; never the signature."""
    return {text: head[name][:256].decode("latin-1") for name, text in _KEPT.items() if name in head}


def _not_a_payload(body: bytes, content_type: bytes) -> str | None:
    """Why a signed body is certainly no payload, seen from its first byte; ``None`` where it may be one."""
    start = body[:64].lstrip(b" \t\r\n\xef\xbb\xbf")[:1]
    if content_type.lower().startswith(b"application/x-www-form-urlencoded"):
        return None if body.startswith(b"payload=") else "the form has no field named payload"
    return None if start == b"{" else "the payload is not a JSON object"


async def answer(
    send: Send,
    status: int,
    body: bytes,
    *,
    close: bool = False,
    extra: Iterable[tuple[bytes, bytes]] = (),
    content_type: bytes = b"application/json",
) -> None:
    """Send a short answer."""
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), *extra]
    if close:
        headers.append(_CLOSE)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
