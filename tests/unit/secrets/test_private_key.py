"""The App's key is read in every form in which people paste it; what is no key is named exactly and never shown."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.problems import ProblemError
from tassist.secrets.private_key import parse_private_keys
from tests.support import keys

FORMS: dict[str, Callable[[str], str | bytes]] = {
    "as downloaded": lambda pem: pem,
    "bytes": lambda pem: pem.encode(),
    "literal backslash n": lambda pem: pem.replace("\n", "\\n"),
    "literal backslash r n": lambda pem: pem.replace("\n", "\\r\\n"),
    "escaped twice": lambda pem: pem.replace("\n", "\\\\n"),
    "windows line ends": lambda pem: pem.replace("\n", "\r\n"),
    "old mac line ends": lambda pem: pem.replace("\n", "\r"),
    "double quotes": lambda pem: f'"{pem.strip()}"',
    "single quotes around literal backslash n": lambda pem: "'" + pem.strip().replace("\n", "\\n") + "'",
    "as JSON": json.dumps,
    "quoted twice": lambda pem: f"\"'{pem.strip()}'\"",
    "spaces for line ends": lambda pem: pem.replace("\n", " "),
    "nothing for line ends": lambda pem: pem.replace("\n", ""),
    "indented": lambda pem: "\n".join("    " + line for line in pem.splitlines()),
    "byte-order mark": lambda pem: "\ufeff" + pem,
    "byte-order mark in bytes": lambda pem: b"\xef\xbb\xbf" + pem.encode(),
    "UTF-16": lambda pem: pem.encode("utf-16"),
    "no-break spaces": lambda pem: pem.replace("\n", "\n\xa0"),
    "blank lines": lambda pem: "\n\n" + pem.replace("\n", "\n\n"),
    "Base64 of the file": lambda pem: base64.b64encode(pem.encode()).decode(),
    "Base64 of the file, wrapped": lambda pem: base64.encodebytes(pem.encode()).decode(),
    "Base64 of the inside": lambda _: base64.b64encode(keys.der()).decode(),
    "DER": lambda _: keys.der(),
    "PKCS#8": lambda _: keys.pkcs8(),
    "with text around it": lambda pem: "Bag Attributes\n friendlyName: app\n" + pem + "\nthat was it\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_h51_a_key_is_read_in_every_form(form: str) -> None:
    (key,) = parse_private_keys(FORMS[form](keys.pem()))

    claims = jwt.decode(
        jwt.encode({"iss": "1"}, key.signer, algorithm="RS256"), keys.rsa_key().public_key(), algorithms=["RS256"]
    )
    assert claims == {"iss": "1"}
    assert parse_private_keys(key.pem.reveal()) == (key,)


FAULTS: dict[str, tuple[Callable[[], str | bytes], str]] = {
    "nothing": (lambda: "  \n", "private-key-empty"),
    "cut in the middle": (lambda: keys.pem()[:800], "private-key-truncated"),
    "first line only": (lambda: "-----BEGIN RSA PRIVATE KEY-----", "private-key-truncated"),
    "first word only": (lambda: "-----BEGIN", "private-key-truncated"),
    "lines missing inside": (
        lambda: "\n".join(keys.pem().splitlines()[:9] + keys.pem().splitlines()[-1:]),
        "private-key-truncated",
    ),
    "Base64 cut short": (lambda: base64.b64encode(keys.der()[:600]).decode(), "private-key-truncated"),
    "foreign characters": (lambda: keys.pem().replace("x", "é"), "private-key-damaged"),
    "bytes that are no text": (lambda: b"\xff\x00\x81", "private-key-not-text"),
    "public key": (keys.public, "private-key-public"),
    "public SSH key": (lambda: "ssh-rsa AAAAB3NzaC1yc2E me@here", "private-key-public"),
    "OpenSSH": (keys.openssh, "private-key-openssh"),
    "encrypted": (keys.encrypted, "private-key-encrypted"),
    "encrypted, old form": (lambda: keys.encrypted(traditional=True), "private-key-encrypted"),
    "elliptic curve": (keys.elliptic, "private-key-not-rsa"),
    "fingerprint": (lambda: "SHA256:kxP0m5Q0q7q1q0", "private-key-fingerprint"),
    "a path": (lambda: "~/keys/app.private-key.pem", "private-key-path"),
    "a webhook secret": (lambda: "hunter2 hunter2!", "private-key-unknown"),
    "a client secret": (lambda: "0123456789abcdef0123456789abcdef01234567", "private-key-damaged"),
    "damaged inside": (
        lambda: keys.pem().replace(keys.pem().splitlines()[1][4:20], "A" * 16),
        "private-key-damaged",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_h51_what_is_no_key_is_named_exactly_and_never_shown(fault: str) -> None:
    make, code = FAULTS[fault]
    pasted = make()

    with pytest.raises(ProblemError) as raised:
        parse_private_keys(pasted)

    (problem,) = raised.value.problems
    assert problem.code == code
    assert problem.fix
    shown = f"{raised.value} {raised.value!r} {raised.value.__cause__!r}"
    text = pasted.decode("latin-1") if isinstance(pasted, bytes) else pasted
    for line in text.splitlines():
        assert len(line) < 12 or line.startswith("-----BEGIN") or line not in shown


def test_h50_two_keys_are_read_in_order() -> None:
    first, second = parse_private_keys(keys.pem(0) + keys.pkcs8(1))

    assert first.signer.private_numbers() == keys.rsa_key(0).private_numbers()
    assert second.signer.private_numbers() == keys.rsa_key(1).private_numbers()
    assert first.fingerprint != second.fingerprint


def test_a_key_shows_nothing_of_itself() -> None:
    (key,) = parse_private_keys(keys.pem())

    assert keys.pem().splitlines()[1] not in repr(key) + str(key)
    assert key.fingerprint.startswith("SHA256:")


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_h51_any_text_at_all_is_answered_with_a_problem(pasted: str | bytes) -> None:
    with pytest.raises(ProblemError):
        parse_private_keys(pasted)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1700), st.integers(1, 60))
def test_h51_a_key_with_a_piece_missing_is_never_taken(start: int, length: int) -> None:
    whole = keys.pem()
    cut = whole[:start] + whole[start + length :]
    try:
        (key,) = parse_private_keys(cut)
    except ProblemError:
        return

    # Only armour or white space can have been lost then.
    assert key.signer.private_numbers() == keys.rsa_key().private_numbers()
