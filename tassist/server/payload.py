"""Reads payloads, and sets aside those that cannot be trusted or understood.

Strict where parsers differ: a key that is there twice, deep nesting, numbers that are no JSON. A payload must also have
the shape of its event, since the header that names the event is not signed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec

LARGE_BYTES = 2**20
"""Payloads about issues stay below; larger ones are read only where needed, so that they cost neither time nor memory."""
_NEEDED = (
    "action",
    "after",
    "before",
    "changes",
    "comment",
    "commits",
    "deleted",
    "forced",
    "head_commit",
    "hook_id",
    "installation",
    "issue",
    "label",
    "milestone",
    "number",
    "parent_issue",
    "parent_issue_repo",
    "pull_request",
    "ref",
    "repositories_added",
    "repositories_removed",
    "repository",
    "sender",
    "sub_issue",
    "sub_issue_repo",
    "zen",
)
_SHAPES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "issues": (("action", "issue", "repository"), ("comment", "pull_request", "sub_issue")),
    "issue_comment": (("action", "issue", "comment", "repository"), ()),
    "sub_issues": (("action", "sub_issue"), ("comment", "pull_request")),
    "pull_request": (("action", "pull_request", "repository"), ("issue", "comment")),
    "label": (("action", "label", "repository"), ("issue", "pull_request")),
    "milestone": (("action", "milestone", "repository"), ("issue", "pull_request")),
    "push": (("ref", "repository"), ("action", "issue")),
    "repository": (("action", "repository"), ("issue", "label", "milestone", "comment", "pull_request", "ref")),
    "installation": (("action", "installation"), ("repository", "issue", "repositories_added", "repositories_removed")),
    "installation_repositories": (
        ("action", "installation", "repositories_added", "repositories_removed"),
        ("repository", "issue"),
    ),
    "ping": (("zen",), ("action", "issue")),
}
"""Event → keys that must be objects or values, keys that belong to another event.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""


class Unreadable(ValueError):  # noqa: N818 – the payload is, not we
    """The payload cannot be trusted or understood; the text says why, without quoting it."""


def read(body: bytes, content_type: str = "") -> dict[str, Any]:
    """The payload as a mapping; of a large one only the keys that are ever needed.

    Raises:
        Unreadable: it is set aside.
    """
    if content_type.lower().startswith("application/x-www-form-urlencoded"):
        body = _form_field(body)
    try:
        document = _read_large(body) if len(body) > LARGE_BYTES else _read_exactly(body)
    except RecursionError:
        raise Unreadable("the payload is nested too deeply") from None
    except Unreadable:
        raise
    except (ValueError, msgspec.DecodeError):
        raise Unreadable("the payload is not JSON") from None
    if not isinstance(document, dict):
        raise Unreadable("the payload is not a JSON object")
    return document


def check_shape(event: str, payload: Mapping[str, Any]) -> None:
    """Refuse a payload that does not fit the event its header names.

    Raises:
        Unreadable: it is another event's, or something it needs is missing.
    """
    required, foreign = _SHAPES.get(event, ((), ()))
    for key in required:
        if payload.get(key) is None:
            raise Unreadable(f"a payload of {event} has {key}, this one has not")
    for key in foreign:
        if payload.get(key) is not None:
            raise Unreadable(
                f"a payload of {event} has no {key}, this one has: the event's name was changed on the way"
            )


def number_of(payload: Mapping[str, Any], *path: str) -> int:
    """The whole number at a path, or 0."""
    value: Any = payload
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else 0


def text_of(payload: Mapping[str, Any], *path: str) -> str:
    """The text at a path, or nothing; lone surrogates become question marks."""
    value: Any = payload
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return storable(value) if isinstance(value, str) else ""


def storable(text: str) -> str:
    """The text, bounded, as a database takes it."""
    return text[:300].encode("utf-8", "replace").decode()


def _form_field(body: bytes) -> bytes:
    try:
        fields = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=4)
        [payload] = fields["payload"]
    except (ValueError, KeyError):
        raise Unreadable("the form has no single field named payload") from None
    return payload.encode("utf-8", "surrogatepass")


def _read_exactly(body: bytes) -> object:
    document: object = _EXACT.decode(body.decode("utf-8-sig"))
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a key of the payload is there twice")
    return found


def _constant(name: str) -> float:
    raise Unreadable(f"the payload holds {name}, which is not JSON")


_EXACT = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _read_large(body: bytes) -> dict[str, Any]:
    """Only the needed keys; the rest is walked over without being built.

    The walk keeps the last of two equal keys and says nothing, so the length must add up: GitHub sends compact JSON.
    """
    raw_by_key = _KEYS.decode(body)
    length = 1 + sum(len(msgspec.json.encode(key)) + len(memoryview(raw)) + 2 for key, raw in raw_by_key.items())
    if length != len(body):
        raise Unreadable("a key of the payload is there twice, or the payload is large and not compact")
    found: dict[str, Any] = {}
    for key in _NEEDED:
        raw = raw_by_key.get(key)
        if raw is not None and len(memoryview(raw)) <= LARGE_BYTES:
            found[key] = _read_exactly(bytes(memoryview(raw)))
    return found
