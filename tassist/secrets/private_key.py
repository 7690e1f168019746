"""A GitHub App's private key, in every form in which people paste it, and the exact fault where it is not one.

What was pasted never appears in a message: a fault names the kind of thing that was found, not its text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.problems import Problem, ProblemError
from tassist.errors import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_BLOCK = re.compile(r"-{3,}\s*BEGIN ([A-Z0-9 ]+?)\s*-{3,}(.*?)(-{3,}\s*END \1\s*-{3,}|\Z)", re.DOTALL)
_DOWNLOAD = "download a new one: the App's settings at GitHub, Private keys, Generate a private key"
_HEADERS = re.compile(r"^[A-Za-z0-9-]+:[^\n]*\n", re.MULTILINE)
_FOREIGN = {
    "ENCRYPTED PRIVATE KEY": (
        "private-key-encrypted",
        "the private key is encrypted with a passphrase",
        "nobody is there to type it when tassist starts",
        "openssl rsa -in key.pem -out plain.pem, and use plain.pem",
    ),
    "PUBLIC KEY": ("private-key-public", "this is the public key, not the private one", "", _DOWNLOAD),
    "RSA PUBLIC KEY": ("private-key-public", "this is the public key, not the private one", "", _DOWNLOAD),
    "OPENSSH PRIVATE KEY": (
        "private-key-openssh",
        "this is an SSH key in OpenSSH's own form",
        "GitHub makes the App's key; a key for logging in is something else",
        _DOWNLOAD,
    ),
    "CERTIFICATE": ("private-key-certificate", "this is a certificate, not a private key", "", _DOWNLOAD),
    "EC PRIVATE KEY": (
        "private-key-not-rsa",
        "this is an elliptic-curve key",
        "GitHub Apps sign with RSA",
        _DOWNLOAD,
    ),
}


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """One RSA key, parsed once: parsing costs about 50 ms, so it never happens for each request."""

    pem: Secret
    """PEM, 64 columns, as OpenSSL writes it."""
    fingerprint: str
    """``SHA256:…`` as the App's settings page shows it."""
    signer: RSAPrivateKey = field(repr=False, compare=False)


def parse_private_keys(pasted: str | bytes) -> tuple[PrivateKey, ...]:
    r"""Read one key, or several one after the other (during a rotation: the first is tried first).

    Accepted: PKCS#1 and PKCS#8, literal ``\n``, Windows line ends, spaces instead of line ends, indentation, quotes,
    a byte-order mark, the whole file in Base64, and the bare Base64 of its inside.

    Raises:
        ProblemError: with the exact fault, and never with the text.
    """
    text = _plain(pasted)
    blocks = list(_BLOCK.finditer(text))
    if not blocks:
        return (_bare(text),)
    return tuple(_from_block(block) for block in blocks)


def _plain(pasted: str | bytes) -> str:
    text = pasted if isinstance(pasted, str) else ""
    if isinstance(pasted, bytes):
        encoding = "utf-16" if pasted[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
        try:
            text = pasted.decode(encoding)
        except UnicodeDecodeError:
            if pasted.startswith(b"\x30"):  # DER, as OpenSSL writes it when asked
                return base64.b64encode(pasted).decode("ascii")
            raise ProblemError(
                Problem("private-key-not-text", "the private key is not text", fix="use the .pem file as downloaded")
            ) from None
    text = text.replace("\ufeff", "").replace("\xa0", " ").strip()
    while len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'`":
        text = text[1:-1].strip()
    # Doubly escaped text comes from JSON inside a shell variable.
    text = re.sub(r"\\+r\\+n|\\+n|\\+r", "\n", text)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _bare(text: str) -> PrivateKey:
    if not text:
        raise ProblemError(Problem("private-key-empty", "the private key is empty", fix=_DOWNLOAD))
    if text.startswith("SHA256:"):
        raise ProblemError(
            Problem("private-key-fingerprint", "this is a key's fingerprint, not the key itself", fix=_DOWNLOAD)
        )
    if text.startswith(("ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-")):
        raise ProblemError(_foreign("PUBLIC KEY"))
    if re.fullmatch(r"[^\n]{1,400}\.pem", text) or re.match(r"(?:~|\.{0,2})/[^\n]{1,400}\Z", text):
        raise ProblemError(
            Problem(
                "private-key-path",
                "this is the name of a file, not the key in it",
                fix="set GITHUB_PRIVATE_KEY_FILE to the file's path instead",
            )
        )
    decoded = _base64(text)
    if decoded is None:
        if "-----BEGIN" in text or text.startswith("-"):
            raise ProblemError(_cut())
        raise ProblemError(
            Problem(
                "private-key-unknown",
                "this is not a private key",
                "a key begins with -----BEGIN RSA PRIVATE KEY-----",
                _DOWNLOAD,
            )
        )
    if decoded.lstrip(b"\xef\xbb\xbf \r\n\t\"'").startswith(b"-----BEGIN"):
        block = _BLOCK.search(_plain(decoded))
        if block:
            return _from_block(block)
    return _from_der(decoded)


def _from_block(block: re.Match[str]) -> PrivateKey:
    kind, inside, end = block.groups()
    if not end:
        raise ProblemError(_cut())
    if kind in _FOREIGN:
        raise ProblemError(_foreign(kind))
    if "ENCRYPTED" in inside:
        raise ProblemError(_foreign("ENCRYPTED PRIVATE KEY"))
    if kind not in {"RSA PRIVATE KEY", "PRIVATE KEY"}:
        raise ProblemError(
            Problem("private-key-unknown", "this is some other kind of key", "GitHub Apps sign with RSA", _DOWNLOAD)
        )
    der = _base64(_HEADERS.sub("", inside.lstrip(" \t")))
    if der is None:
        raise ProblemError(
            Problem(
                "private-key-damaged",
                "the private key has characters in it that do not belong there",
                "its inside is not Base64",
                "copy it again, from the first dash to the last",
            )
        )
    return _from_der(der)


def _from_der(der: bytes) -> PrivateKey:
    if _declared_bytes(der) > len(der):
        raise ProblemError(_cut())
    # A large library that only whoever has a key needs.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

    try:
        key = load_der_private_key(der, None)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        # The cause is left out: OpenSSL's text says nothing a person can use.
        raise ProblemError(
            Problem("private-key-damaged", "the private key is damaged", "its inside is not an RSA key", _DOWNLOAD)
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise ProblemError(_foreign("EC PRIVATE KEY"))
    if key.key_size < 2048:
        raise ProblemError(
            Problem(
                "private-key-short",
                f"the private key has {key.key_size} bits",
                "GitHub's have 2048 or more",
                _DOWNLOAD,
            )
        )
    kind = "RSA PRIVATE KEY" if _is_pkcs1(der) else "PRIVATE KEY"
    body = base64.encodebytes(der).replace(b"\n", b"").decode("ascii")
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    pem = "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""])
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PrivateKey(
        pem=Secret(pem),
        fingerprint="SHA256:" + base64.b64encode(hashlib.sha256(public).digest()).decode("ascii"),
        signer=key,
    )


def _base64(text: str) -> bytes | None:
    packed = re.sub(r"\s+", "", text)
    if not packed:
        return None
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _declared_bytes(der: bytes) -> int:
    """How long the outermost DER sequence says it is; 0 where it is none."""
    if len(der) < 4 or der[0] != 0x30:
        return 0
    if der[1] < 0x80:
        return der[1] + 2
    size = der[1] & 0x7F
    return int.from_bytes(der[2 : 2 + size], "big") + 2 + size if size <= 4 else 0


def _is_pkcs1(der: bytes) -> bool:
    # PKCS#1 goes on with the modulus (an INTEGER) after the version, PKCS#8 with an algorithm (a SEQUENCE).
    head = 2 + (der[1] & 0x7F if der[1] >= 0x80 else 0)
    return der[head + 3] == 0x02


def _cut() -> Problem:
    return Problem(
        "private-key-truncated",
        "the private key is cut short",
        "its end is missing; in .env a value over several lines ends at the first line unless it is quoted",
        "copy all of it, from the first dash to the last, or use GITHUB_PRIVATE_KEY_FILE",
    )


def _foreign(kind: str) -> Problem:
    code, what, why, fix = _FOREIGN[kind]
    return Problem(code, what, why, fix)
