"""Answers whether the service lives, whether it can take deliveries, and, to its operator only, how much it did."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Iterable

import msgspec

from tassist.errors import Secret
from tassist.server.answering import NOT_FOUND, Answer, Scope, Send
from tassist.server.metrics import Metrics

_FORWARDED = {b"forwarded", b"x-forwarded-for", b"x-real-ip", b"x-forwarded-host"}
Readiness = Callable[[], list[str]]
"""Why the service cannot take deliveries; empty where it can."""
_ONLY_GET = Answer(405, b'{"error":"method_not_allowed"}', close=True, extra=((b"allow", b"GET, HEAD"),))
Levels = Callable[[], Iterable[tuple[str, float]]]
"""What only the service knows: name in the table of figures, value."""


class Health:
    """`/healthz` and `/readyz` for everybody, `/metrics` for this machine or with the token; everything else is 404."""

    def __init__(self, metrics: Metrics, readiness: Readiness, levels: Levels, token: Secret | None = None) -> None:
        self._metrics = metrics
        self._readiness = readiness
        self._levels = levels
        self._token = token

    async def __call__(self, scope: Scope, send: Send) -> None:
        """Answer a request for another path than the webhook's."""
        path: bytes = scope["raw_path"]
        if path not in {b"/healthz", b"/readyz", b"/metrics"}:
            await NOT_FOUND.send(send)
        elif scope["method"] not in {"GET", "HEAD"}:
            await _ONLY_GET.send(send)
        elif path == b"/healthz":
            await Answer(200, b'{"status":"ok"}').send(send)
        elif path == b"/readyz":
            reasons = self._readiness()
            body = msgspec.json.encode({"ready": not reasons, "reasons": reasons})
            await Answer(503 if reasons else 200, body).send(send)
        elif not self._is_operator(scope):
            # As if it were not there: its existence is nobody's business.
            await NOT_FOUND.send(send)
        else:
            text = self._metrics.text(self._levels()).encode()
            await Answer(200, text, content_type=b"text/plain; version=0.0.4; charset=utf-8").send(send)

    def _is_operator(self, scope: Scope) -> bool:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if self._token:
            wanted = b"Bearer " + self._token.reveal().encode()
            given = next((value for name, value in headers if name == b"authorization"), b"")
            return hmac.compare_digest(given, wanted)
        # What comes through a proxy on this machine comes from anywhere.
        if any(name in _FORWARDED for name, _ in headers):
            return False
        return _is_loopback(scope.get("client"))


def _is_loopback(client: object) -> bool:
    if not isinstance(client, list | tuple) or not client:
        return False
    try:
        address = ipaddress.ip_address(str(client[0]).partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
