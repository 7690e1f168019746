"""An App's credentials as one encrypted line, to bring them to another machine; and where a secret is said to be.

The line is `tassist-app-1.`, Base64 of salt, nonce and AES-256-GCM ciphertext, and a sum; the key is scrypt of the passphrase.
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

from engine.problems import Problem, ProblemError, Where
from setup_wizard import export_line
from setup_wizard.export_line import MARK
from tassist.errors import Secret
from tassist.secrets import GitHubApp, system_keyring
from tassist.secrets.files import read_private

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
    return Secret(export_line.sealed(base64.urlsafe_b64encode(salt + nonce + sealed).decode().rstrip("=")))


def unpack(line: Secret, passphrase: Secret) -> GitHubApp:
    """What `pack` packed.

    Raises:
        ProblemError: it is no such line, it is cut (both below the question bundle), or the passphrase is another one.
    """
    problems = export_line.faults(line.reveal())
    if problems:
        raise ProblemError(problems)
    body = export_line.body(line.reveal())
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        packed = AESGCM(_key(passphrase, raw[:16])).decrypt(raw[16:28], raw[28:], MARK.encode())
    except (InvalidTag, ValueError, binascii.Error):
        raise ProblemError(
            Problem(
                "passphrase-wrong",
                "the passphrase does not open the line",
                "it was shown in the terminal where the line was made, and belongs to that line alone",
                "type it again; where it is lost, make a new line there: tassist setup export",
                Where(path="passphrase"),
            )
        ) from None
    try:
        inflated = zlib.decompressobj().decompress(packed, 1 << 20)
        document = msgspec.json.decode(inflated, type=dict[str, str | int | bool])
        values = {name: document[name] for name in _FIELDS} | {name: Secret(str(document[name])) for name in _SECRETS}
        return GitHubApp(**values)  # type: ignore[arg-type]  # sealed by ourselves, so the types are those of `pack`
    except (ValueError, zlib.error, KeyError, msgspec.DecodeError):
        raise ProblemError(
            Problem(
                "bundle-unreadable",
                "the line opens, and holds no App this tassist can read",
                "it was made by another version",
                "use the same version on both machines, and make a new line: tassist setup export",
                Where(path="bundle"),
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
