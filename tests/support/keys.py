"""Keys for tests, made once a process: making one costs a tenth of a second."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


def rsa_key(which: int = 0) -> rsa.RSAPrivateKey:
    """An RSA key of GitHub's size; another one for each number."""
    return _made(which)


@cache
def _made(which: int) -> rsa.RSAPrivateKey:
    del which
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def pem(which: int = 0) -> str:
    """The key as GitHub hands it out: PKCS#1."""
    return rsa_key(which).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@cache
def pkcs8(which: int = 0) -> str:
    """The same key as PKCS#8."""
    return rsa_key(which).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def der(which: int = 0) -> bytes:
    """The same key without its armour."""
    return rsa_key(which).private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())


@cache
def openssh() -> str:
    """The same key in OpenSSH's form."""
    return rsa_key().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


@cache
def encrypted(*, traditional: bool = False) -> str:
    """The same key behind a passphrase."""
    form = PrivateFormat.TraditionalOpenSSL if traditional else PrivateFormat.PKCS8
    return rsa_key().private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"passphrase")).decode()


@cache
def public() -> str:
    """Its public half."""
    return rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@cache
def elliptic() -> str:
    """A key of another kind, in the armour GitHub's could have."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
