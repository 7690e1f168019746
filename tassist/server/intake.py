"""The webhook: verify the signature on the bytes as they arrive, store durably, then answer.

A bare ASGI application: it knows a handful of exact paths, never redirects (GitHub counts a redirect as a failure) and
never reads a payload. What cannot be stored is answered with 503, never with a 2xx. The usual delivery, small and well
formed, is also taken without ASGI, which costs as much as everything else: the edge asks for that, see `Intake.usual`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from time import perf_counter
from typing import Protocol

from engine.ports import Clock
from engine.problems import ProblemError
from tassist.config import faults
from tassist.log import get_logger, log_event
from tassist.server.answering import NOT_FOUND, Answer, Receive, Scope, Send
from tassist.server.head import MAX_BODY_BYTES, Head, Refused
from tassist.server.metrics import Metrics
from tassist.server.signature import Verifier
from tassist.store.model import Accepted, Incoming

WEBHOOK_PATH = b"/webhook"
USUAL_BYTES = 64 * 1024
"""A body up to this is taken without ASGI; uvicorn itself holds as much for each connection before it asks to be read."""
_SMALL_BYTES = 256 * 1024
_LOG = get_logger("intake")
_CROWD = 8
"""With so many deliveries waiting for their answer, answering comes first."""

_BROKEN = Answer(500, b"Internal Server Error", close=True, content_type=b"text/plain; charset=utf-8")
"""What uvicorn says where an application fails."""
_KIND_STATUS = {"stored": 202, "reopened": 202, "duplicate": 200, "quarantined": 400}
_ACCEPTED = {kind: Answer(status, b'{"delivery":"%s"}' % kind.encode()) for kind, status in _KIND_STATUS.items()}


class Inbox(Protocol):
    """Where deliveries are stored."""

    def accept(self, incoming: Incoming) -> Awaitable[Accepted]:
        """Store durably; it raises `ProblemError` where that cannot be."""
        ...


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


class Usual:
    """A usual delivery whose head is checked and whose body arrives."""

    __slots__ = ("began", "head")

    def __init__(self, head: Head) -> None:
        self.head = head
        self.began = perf_counter()


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

    # --- any request, by ASGI -------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["raw_path"] != WEBHOOK_PATH:
            if self._elsewhere is None:
                await NOT_FOUND.send(send)
            else:
                await self._elsewhere(scope, send)
            return
        began = perf_counter()
        try:
            accepted, incoming = await self._take(scope, receive)
        except Refused as refused:
            await self._refusal(refused).send(send)
            return
        except _Gone:
            self.gone()
            return
        await self._acknowledgement(accepted, incoming, began).send(send)
        faults.point("after-answer")

    async def _take(self, scope: Scope, receive: Receive) -> tuple[Accepted, Incoming]:
        if scope["method"] != "POST":
            raise Refused(405, "method_not_allowed", close=True, allow=b"POST")
        head = Head(scope["headers"])
        await self._verifier.renew()
        now = self._clock.now()
        check = self._verifier.check(now)
        chunks: list[bytes] = []
        held = [0, 0]
        try:
            await self._read(receive, check.update, chunks, held)
            match = check.matches(head.signature)
            if match is None and await self._verifier.outdated(check):
                check = self._verifier.check(now)
                for chunk in chunks:
                    check.update(chunk)
                match = check.matches(head.signature)
            if match is None:
                raise Refused(401, "bad_signature", close=True)
            if match == "previous":
                self._metrics.count("previous_secret")
                log_event(_LOG, "previous-secret", "a delivery was signed with the previous webhook secret", level=30)
            incoming = _incoming(head, chunks[0] if len(chunks) == 1 else b"".join(chunks), now)
            self._enter()
            try:
                return await self._inbox.accept(incoming), incoming
            except ProblemError as error:
                raise _not_stored(error) from error
            finally:
                self.waiting -= 1
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

    # --- the usual delivery, without ASGI -----------------------------------------------------------

    def usual(self, headers: Iterable[tuple[bytes, bytes]]) -> Usual | None:
        """What a POST to the webhook becomes whose body may be handed to `take` at once; ``None``: ask by ASGI.

        Args:
            headers: Names in lower case, and values, as they came.
        """
        try:
            head = Head(headers)
        except Refused:
            return None  # ASGI finds the same, and says it before the body has come
        if head.length is None or head.length > USUAL_BYTES or head.has(b"transfer-encoding"):
            return None
        return Usual(head)

    def take(self, usual: Usual, body: bytes, answered: Callable[[Answer], None]) -> bool:
        """Take it: ``answered`` is called once it is stored, or cannot be.

        Returns:
            False: nothing was done, and ASGI is to be asked. So it is where secrets may have changed, where the signature
            is not the present secret's, and where there is no room.
        """
        head = usual.head
        if self._verifier.may_have_changed:
            return False
        now = self._clock.now()
        check = self._verifier.check(now)
        check.update(body)
        if check.matches(head.signature) != "current" or not self._budget.take(len(body), large=False):
            return False
        incoming = _incoming(head, body, now)
        self._enter()

        def settled(storing: asyncio.Future[Accepted]) -> None:
            self.waiting -= 1
            self._budget.give(len(body), large=False)
            answered(self._outcome(storing, incoming, usual.began))
            faults.point("after-answer")

        asyncio.ensure_future(self._inbox.accept(incoming)).add_done_callback(settled)
        return True

    def gone(self) -> None:
        """Note that the peer went away before its body was complete; nobody is told."""
        self._metrics.count("deliveries", "disconnected")

    # --- what both share --------------------------------------------------------------------------

    def _enter(self) -> None:
        self.waiting += 1
        if self.waiting >= _CROWD:
            self._crowded_at = self._monotonic()

    def _outcome(self, storing: asyncio.Future[Accepted], incoming: Incoming, began: float) -> Answer:
        try:
            return self._acknowledgement(storing.result(), incoming, began)
        except ProblemError as error:
            return self._refusal(_not_stored(error))
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 – whatever it was, the peer is answered
            _LOG.error(
                "a delivery met an error nobody foresaw", exc_info=error, extra={"action": "not-taken", "fields": {}}
            )
            return _BROKEN

    def _acknowledgement(self, accepted: Accepted, incoming: Incoming, began: float) -> Answer:
        faults.point("after-store")
        kind = accepted.kind if incoming.quarantine is None else "quarantined"
        self._metrics.count("deliveries", kind)
        self._metrics.answered(perf_counter() - began)
        return _ACCEPTED[kind]

    def _refusal(self, refused: Refused) -> Answer:
        self._metrics.count("deliveries", refused.kind)
        extra = ((b"allow", refused.allow),) if refused.allow else ()
        if refused.status == 503:
            extra = ((b"retry-after", b"30"),)
        return Answer(refused.status, b'{"error":"%s"}' % refused.kind.encode(), refused.close, extra)


class _Gone(Exception):  # noqa: N818 – nobody is told
    """The peer went away before its body was complete."""


def _incoming(head: Head, body: bytes, now: datetime) -> Incoming:
    return Incoming(head.delivery, head.event, body, now, head.kept(), head.no_payload(body))


def _not_stored(error: ProblemError) -> Refused:
    log_event(_LOG, "not-stored", "a delivery could not be stored", level=40, why=error.problems[0].what)
    return Refused(503, "not_stored", close=True)
