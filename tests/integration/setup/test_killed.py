"""Killed at whatever moment, with whatever keyring, the installer finishes at the next start, or says which App to delete.

An ordinary run covers each moment with one kind of keyring, and each kind with some moments; `make killed` all of them with all.
"""

from __future__ import annotations

import json
import os

import pytest

from tassist import secrets
from tests.support.installing import Installing

COMPLETE = os.environ.get("TASSIST_EVERY_KILL") == "1"
GOOD = "kept_keyrings.Working"
BROKEN = {
    "null": "keyring.backends.null.Keyring",
    "fail": "keyring.backends.fail.Keyring",
    "plaintext": "kept_keyrings.Plaintext",
    "locked": "kept_keyrings.Locked",
    "hanging": "kept_keyrings.Hanging",
    "no service": "kept_keyrings.NoBus",
    "forgetting": "kept_keyrings.Forgetting",
    "broken": "kept_keyrings.Broken",
    "unknown": "kept_keyrings.Unknown",
    "a chain of plaintext": "kept_keyrings.ChainedPlain",
}
"""Kinds in which nothing is kept; each is given to an installer that was not told where secrets go."""
WORST = ("setup-code-kept", "setup-arrived", "setup-moved", "setup-secret-kept", "setup-secret-set")
"""Between two things that belong together, in the order in which an installation passes them."""

Case = tuple[str, str, tuple[str, ...]]
"""What is said of the place, the keyring, and the points to be killed at, one at each start."""
LINES = 24
"""Of a whole installation's journal, and some more: from there on a start ends before it is killed."""


def lines(first: int, step: int) -> tuple[str, ...]:
    """Points at lines of the journal."""
    return tuple(f"setup-noted:{line}" for line in range(first, LINES + 1, step))


def cases() -> dict[str, Case]:
    """Every moment with every kind, or enough of them that each is there."""
    if COMPLETE:
        every = {"said file": ("file", GOOD), "said env-file": ("env-file", GOOD), "good": ("", GOOD)}
        every |= {name: ("", kind) for name, kind in BROKEN.items()}
        return {name: (place, kind, (*WORST, *lines(1, 1))) for name, (place, kind) in every.items()}
    found: dict[str, Case] = {
        "good, the worst moments": ("", GOOD, WORST),
        "said env-file": ("env-file", GOOD, lines(1, 7)),
        "good": ("", GOOD, lines(2, 7)),
    }
    for first, (name, kind) in zip((3, 5), BROKEN.items(), strict=False):
        found[name] = ("", kind, lines(first, 7))
    return found


CASES = cases()


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_h53_killed_again_and_again_it_finishes_with_one_app(installing: Installing, name: str) -> None:
    said, kind, points = CASES[name]
    place = said or ("keyring" if kind == GOOD else "file")
    installing.env["PYTHON_KEYRING_BACKEND"] = kind
    path = installing.answers(keep_secrets_in=said)
    if not said:  # nobody says where secrets go: the keyring where it is good, the file where it is not
        path.write_text("".join(line for line in path.read_text().splitlines(True) if "keep_secrets_in" not in line))

    codes = []
    for point in (*points, ""):
        done = installing.tassist("setup", "--answers", str(path), TASSIST_CRASH_AT=point)
        codes.append(done.code)
        assert done.code in {-9, 0}, (point, done.err)
        if point in WORST:
            installing.person.brought = ""
        elif done.code == 0:
            break  # there is nothing left that a later line could tell of

    assert codes[-1] == 0
    assert codes.count(-9) >= 2
    assert len(installing.box.world.apps) == 1
    (app,) = installing.box.world.apps.values()
    kept = json.loads(secrets.credentials_path(installing.home).read_text())
    assert kept.get("kept_in", "file") == place
    where = {
        "file": installing.home / "github-app.json",
        "keyring": installing.folder / "keyring.json",
        "env-file": installing.folder / ".env",
    }
    for each, file in where.items():
        holds = file.exists() and "PRIVATE KEY-----" in file.read_text()
        assert holds == (each == place), each
    assert where[place].stat().st_mode & 0o777 == 0o600 or place == "keyring"
    assert (app.webhook_secret or "?") in where[place].read_text()
    assert installing.tassist("serve", "--port", "99999").code == 2


@pytest.mark.slow
def test_h53_a_key_that_was_lost_on_the_way_is_said_with_the_app_to_delete(installing: Installing) -> None:
    path = str(installing.answers())

    killed = installing.tassist("setup", "--answers", path, TASSIST_CRASH_AT="setup-converted")
    done = installing.tassist("setup", "--answers", path)

    assert killed.code == -9
    assert done.code == 5
    assert "its private key did not get here" in done.err
    assert f"{installing.running.url}/settings/apps/tidy-of-mine/advanced" in done.err.replace("\n", "")


@pytest.mark.parametrize("name", BROKEN if COMPLETE else ["null", "locked"])
def test_h53_a_keyring_that_keeps_nothing_is_refused_before_an_app_is_made(installing: Installing, name: str) -> None:
    installing.env["PYTHON_KEYRING_BACKEND"] = BROKEN[name]

    done = installing.tassist("setup", "--answers", str(installing.answers(keep_secrets_in="keyring")))

    assert done.code == 2
    assert "there is no keyring that keeps secrets here" in done.err
    assert list(installing.box.world.apps) == []
