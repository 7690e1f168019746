"""A record as one line of canonical JSON that holds no secret and acts on no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tassist.errors import redact
from tassist.telemetry.shape import Record
from tassist.text import inert_json

MAX_TEXT = 4000
"""Longer values are cut, with an ellipsis as their last character."""


def encode(record: Record, *, secrets: Sequence[str] = ()) -> bytes:
    r"""The record as one line without its line feed; equal records give equal bytes.

    Keys stand in the order of the contract, optional fields that say nothing are left out, UTF-8 is kept as it is but
    for control and format characters, which are written as ``\uXXXX``. Whatever looks like a credential is blanked
    out, and so are ``secrets``.
    """
    try:
        text = msgspec.json.encode(record).decode()
    except UnicodeEncodeError:  # a lone surrogate
        text = _cleaned(record, secrets)
    else:
        if len(text) > MAX_TEXT or _shows_a_secret(text, secrets):
            text = _cleaned(record, secrets)
    if not text.isascii() or "\x7f" in text:
        text = inert_json(text)
    return text.encode()


def clean(text: str, secrets: Sequence[str] = ()) -> str:
    """A value without credentials and lone surrogates, at most `MAX_TEXT` characters long."""
    text = redact(text, *secrets)
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT - 1] + "…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _shows_a_secret(text: str, secrets: Sequence[str]) -> bool:
    inside = [msgspec.json.encode(secret).decode()[1:-1] for secret in secrets]
    return redact(text, *inside) != text


def _cleaned(record: Record, secrets: Sequence[str]) -> str:
    return msgspec.json.encode(_deep(msgspec.to_builtins(record), secrets)).decode()


def _deep(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        return clean(value, secrets)
    if isinstance(value, dict):
        return {clean(str(key), secrets): _deep(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_deep(item, secrets) for item in value]
    return value
