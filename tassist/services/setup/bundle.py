"""An App's credentials as one encrypted line, to bring them to another machine; and where a secret is said to be.

The line is `tassist-app-1.` and Base64 of salt, nonce and AES-256-GCM ciphertext; the key is scrypt of the passphrase.
"""

from __future__ import annotations

import base64
import binascii
import secrets as random
import zlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from engine.problems import Problem, ProblemError
from tassist.errors import Secret
from tassist.secrets import GitHubApp, system_keyring
from tassist.secrets.files import read_private

MARK = "tassist-app-1."
_FIELDS = (
    "app_id",
    "client_id",
    "slug",
    "name",
    "owner",
    "api_url",
    "html_url",
    "webhook_secret_previous_until",
    "secret_made_here",
)
_SECRETS = ("private_key", "webhook_secret", "client_secret", "webhook_secret_previous")
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_passphrase() -> Secret:
    """Twenty letters and digits that are not mistaken for each other, about 99 bits, in groups of five."""
    letters = [random.choice(_ALPHABET) for _ in range(20)]
    return Secret("-".join("".join(letters[at : at + 5]) for at in range(0, 20, 5)))


def pack(app: GitHubApp, passphrase: Secret) -> Secret:
    """The credentials as one line."""
    document: dict[str, object] = {name: getattr(app, name) for name in _FIELDS}
    document |= {name: getattr(app, name).reveal() for name in _SECRETS}
    salt, nonce = random.token_bytes(16), random.token_bytes(12)
    packed = zlib.compress(msgspec.json.encode(document), 9)
    sealed = AESGCM(_key(passphrase, salt)).encrypt(nonce, packed, MARK.encode())
    return Secret(MARK + base64.urlsafe_b64encode(salt + nonce + sealed).decode().rstrip("="))


def unpack(line: Secret, passphrase: Secret) -> GitHubApp:
    """What `pack` packed.

    Raises:
        ProblemError: it is no such line, it is cut, or the passphrase is another one.
    """
    text = "".join(line.reveal().split())
    if not text.startswith(MARK):
        raise ProblemError(
            _wrong("bundle-wrong", "that is not a line of tassist setup export", f"such a line begins with {MARK}")
        )
    body = text.removeprefix(MARK)
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        packed = AESGCM(_key(passphrase, raw[:16])).decrypt(raw[16:28], raw[28:], MARK.encode())
        inflated = zlib.decompressobj().decompress(packed, 1 << 20)
        document = msgspec.json.decode(inflated, type=dict[str, str | int | bool])
        values = {name: document[name] for name in _FIELDS} | {name: Secret(str(document[name])) for name in _SECRETS}
        return GitHubApp(**values)  # type: ignore[arg-type]  # sealed by ourselves, so the types are those of `pack`
    except (InvalidTag, ValueError, binascii.Error, zlib.error, KeyError, msgspec.DecodeError):
        raise ProblemError(
            _wrong(
                "bundle-unreadable",
                "the line cannot be opened",
                "the passphrase is another one, or a part of the line is missing",
            )
        ) from None


def resolve(value: str, env: Mapping[str, str]) -> Secret:
    """The secret a reference leads to; a value that is none is the secret itself.

    Raises:
        ProblemError: there is nothing at that place.
    """
    kind, _, name = value.partition(":")
    if kind == "env":
        found = env.get(name, "")
    elif kind == "file":
        found = read_private(Path(name).expanduser()).decode("utf-8", "replace").strip()
    elif kind == "keyring":
        found = system_keyring.get_all([name])[0].reveal()
    else:
        return Secret(value)
    if not found:
        raise ProblemError(
            Problem(
                "reference-empty",
                f"there is no secret at {kind}:{name}",
                fix="check the name; a keyring entry belongs to the service tassist",
            )
        )
    return Secret(found)


def _key(passphrase: Secret, salt: bytes) -> bytes:
    plain = "".join(char for char in passphrase.reveal().strip().lower() if char.isalnum())
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(plain.encode())


def _wrong(code: str, what: str, why: str) -> Problem:
    return Problem(code, what, why, "copy the whole line again, or make a new one there: tassist setup export")
