"""A delivery's head: which headers it needs, which it must not have, and what of it is kept beside the body."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from tassist.server.signature import well_formed

MAX_BODY_BYTES = 25 * 2**20
"""GitHub's own cap. Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap"""
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


class Refused(Exception):  # noqa: N818 – an answer, not an error
    """An answer other than 2xx."""

    def __init__(self, status: int, kind: str, *, close: bool = False, allow: bytes | None = None) -> None:
        super().__init__(kind)
        self.status = status
        self.kind = kind
        self.close = close
        self.allow = allow


class Head:
    """The headers of a delivery in which nothing is missing, doubled or malformed."""

    __slots__ = ("_headers", "delivery", "event", "length", "signature")

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Check them.

        Args:
            headers: Names in lower case, and values, as they came.

        Raises:
            Refused: it is no delivery of GitHub's.
        """
        found = self._headers = _each_once(headers)
        self.signature = found.get(b"x-hub-signature-256", b"")
        if not well_formed(self.signature):
            raise Refused(401, "bad_signature", close=True)
        event = found.get(b"x-github-event", b"")
        delivery = found.get(b"x-github-delivery", b"")
        if not _EVENT.fullmatch(event) or not delivery:
            raise Refused(400, "bad_headers", close=True)
        if found.get(b"content-encoding", b"identity").lower() != b"identity":
            # GitHub does not compress; inflating what a stranger sent would be an invitation.
            raise Refused(415, "content_encoding", close=True)
        length = found.get(b"content-length", b"")
        self.length = int(length) if length.isdigit() else None
        """Bytes of the body as they were announced, if they were."""
        if self.length is not None and self.length > MAX_BODY_BYTES:
            raise Refused(413, "too_large", close=True)
        self.event = event.decode("ascii")
        self.delivery = delivery_key(delivery)

    def has(self, name: bytes) -> bool:
        """Whether a header is there; its name in lower case."""
        return name in self._headers

    def kept(self) -> dict[str, str]:
        """The headers worth keeping beside the body, each bounded; never the signature."""
        headers = self._headers
        return {text: headers[name][:256].decode("latin-1") for name, text in _KEPT.items() if name in headers}

    def no_payload(self, body: bytes) -> str | None:
        """Why a signed body is certainly no payload, seen from its first byte; ``None`` where it may be one."""
        if self._headers.get(b"content-type", b"").lower().startswith(b"application/x-www-form-urlencoded"):
            return None if body.startswith(b"payload=") else "the form has no field named payload"
        start = body[:64].lstrip(b" \t\r\n\xef\xbb\xbf")[:1]
        return None if start == b"{" else "the payload is not a JSON object"


def _each_once(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
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
