"""Payloads of deliveries as JSON documents: from the journal's bytes, from a file, and back into one."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from engine.problems import Problem, ProblemError
from tassist.errors import os_problem
from tassist.services.run import guess_event
from tassist.store.model import DeliveryRow
from tassist.store.ports import Journal
from tassist.text import safe_text

MAX_BYTES = 25 * 2**20
"""GitHub sends no larger payload. Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap"""


@dataclass(frozen=True, slots=True)
class Payload:
    """A body as a document."""

    document: Any
    twice: tuple[str, ...] = ()
    """Keys that stand twice in one object; the document has the last value."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery taken out of the journal, or out of a file made from one."""

    name: str
    """What to call it: its delivery id, or the file."""
    event: str
    delivery_id: str
    """Empty where a file does not say it."""
    content_type: str
    body: bytes
    row: DeliveryRow | None = None
    """Its row, where the journal has a delivery of that id."""
    stored_body: bytes | None = None
    """The body the journal has for that id."""

    @property
    def changed(self) -> bool:
        """Whether the body is another one than the journal has under this id, or nobody can tell."""
        return self.stored_body is None or self.body != self.stored_body


def load(body: bytes, content_type: str = "", *, name: str = "the delivery") -> Payload:
    """The body as a document, whatever sets it aside in the service.

    Raises:
        ProblemError: it is not JSON.
    """
    text = body
    if content_type.lower().startswith("application/x-www-form-urlencoded"):
        text = parse_qs(body.decode("latin-1"), max_num_fields=100).get("payload", [""])[0].encode("utf-8", "replace")
    twice: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        kept = dict(found)
        if len(kept) < len(found):
            twice.extend(key for key, count in Counter(key for key, _ in found).items() if count > 1)
        return kept

    try:
        document = json.loads(text.decode("utf-8-sig"), object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ProblemError(
            Problem("payload-not-json", f"the body of {safe_text(name)} is not JSON", safe_text(why, max_chars=200))
        ) from None
    return Payload(document, tuple(twice))


def compact(document: object) -> bytes:
    """A document as GitHub sends it: compact JSON in UTF-8."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def content_type_of(row: DeliveryRow) -> str:
    """The content type a delivery came with."""
    return str(json.loads(row.headers).get("content-type") or "application/json")


def as_file(taken: Taken) -> str:
    """A delivery as the text of a file that `resend`, `diff` and `tassist run` read; plain ASCII, harmless everywhere.

    A body that is no JSON object is kept byte for byte, in base64.
    """
    wrapped: dict[str, Any] = {"event": taken.event, "delivery_id": taken.delivery_id}
    try:
        payload = load(taken.body, taken.content_type)
    except ProblemError:
        payload = Payload(None)
    if isinstance(payload.document, dict) and not payload.twice:
        wrapped["payload"] = payload.document
    else:
        wrapped |= {"content_type": taken.content_type, "body_base64": base64.b64encode(taken.body).decode()}
    return json.dumps(wrapped, indent=2, ensure_ascii=True) + "\n"


def from_journal(journal: Journal, row: DeliveryRow) -> Taken:
    """A delivery of the journal.

    Raises:
        ProblemError: its body is no longer kept.
    """
    body = journal.body(row.seq)
    if body is None:
        raise ProblemError(
            Problem(
                "delivery-pruned",
                f"the body of delivery {safe_text(row.delivery_id)} is no longer kept",
                fix=f"ask GitHub for it: tassist deliveries redeliver {safe_text(row.delivery_id)}",
            )
        )
    return Taken(row.delivery_id, row.event, row.delivery_id, content_type_of(row), body, row, body)


def from_file(path: Path, journal: Journal | None = None) -> Taken:
    """A delivery in a file: a payload alone, or with its event around it.

    Where the file names a delivery of the journal and its payload is still the same, it is that delivery byte for byte.

    Raises:
        ProblemError: the file cannot be read, or says no event.
    """
    try:
        if path.stat().st_size > 2 * MAX_BYTES:
            raise ProblemError(Problem("payload-too-large", f"{safe_text(path)} is larger than any delivery"))
        content = path.read_bytes()
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the payload from")) from None
    document = load(content, name=str(path)).document
    if not isinstance(document, dict):
        raise ProblemError(Problem("payload-not-object", f"{safe_text(path)} holds no JSON object"))
    wrapped = isinstance(document.get("payload"), dict) or isinstance(document.get("body_base64"), str)
    payload = document.get("payload") if wrapped else document
    delivery_id = str(document.get("delivery_id") or "") if wrapped else ""
    event = str(document.get("event") or "") if wrapped else ""
    content_type = "application/json"
    if isinstance(payload, dict):
        body = compact(payload)
        event = event or guess_event(payload)
    else:
        content_type = str(document.get("content_type") or content_type)
        try:
            body = base64.b64decode(document["body_base64"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise ProblemError(
                Problem("payload-not-base64", f"body_base64 in {safe_text(path)} cannot be read", str(error))
            ) from None
    found = journal.find(delivery_id) if journal is not None and delivery_id else []
    row = found[0] if len(found) == 1 and found[0].delivery_id == delivery_id else None
    stored = journal.body(row.seq) if journal is not None and row is not None else None
    if row is not None and stored is not None and _same(body, content_type, stored, content_type_of(row)):
        body, content_type = stored, content_type_of(row)
    return Taken(str(path), event, delivery_id, content_type, body, row, stored)


def _same(one: bytes, one_type: str, other: bytes, other_type: str) -> bool:
    if one == other:
        return True
    try:
        first, second = load(one, one_type), load(other, other_type)
    except ProblemError:
        return False
    # JSON text, since Python takes 1, 1.0 and true for the same.
    return not second.twice and compact(first.document) == compact(second.document)
