"""A record as one line of canonical JSON that holds no secret and acts on no terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from tassist.errors import redact
from tassist.telemetry.shape import Record

MAX_TEXT = 4000
"""Longer values are cut, with an ellipsis as their last character."""

# A line has to be one line for every reader (`str.splitlines` breaks at U+0085 and U+2028), and harmless to `cat`.
_ACTS_ON_READERS = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


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
        text = _ACTS_ON_READERS.sub(_escaped, text)
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


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
