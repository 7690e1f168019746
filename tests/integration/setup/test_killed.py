"""Killed at whatever moment, the installer finishes at the next start, or says which App to delete."""

from __future__ import annotations

import itertools
import json

import pytest

from tassist import secrets
from tests.support.installing import Installing


@pytest.mark.slow
@pytest.mark.parametrize(("first", "place"), enumerate(["file", "keyring", "env-file"], 1))
def test_h53_killed_again_and_again_it_finishes_with_one_app(installing: Installing, first: int, place: str) -> None:
    """Each place is killed at every third line of the journal; the three together at every one."""
    installing.env["PYTHON_KEYRING_BACKEND"] = "kept_keyrings.Working"
    path = str(installing.answers(keep_secrets_in=place))

    for line in itertools.count(first, 3):
        done = installing.tassist("setup", "--answers", path, TASSIST_CRASH_AT=f"setup-noted:{line}")
        if done.code == 0:
            break
        assert done.code == -9, done.err
        assert line < 80

    assert len(installing.box.world.apps) == 1
    kept = json.loads(secrets.credentials_path(installing.home).read_text())
    assert kept.get("kept_in", "file") == place
    where = {
        "file": installing.home / "github-app.json",
        "keyring": installing.folder / "keyring.json",
        "env-file": installing.folder / ".env",
    }
    for name, file in where.items():
        holds = file.exists() and "PRIVATE KEY-----" in file.read_text()
        assert holds == (name == place), name
    assert installing.tassist("serve", "--port", "99999").code == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "point", ["setup-code-kept", "setup-arrived", "setup-secret-kept", "setup-secret-set", "setup-moved"]
)
def test_h53_killed_at_the_worst_moment_it_still_finishes(installing: Installing, point: str) -> None:
    installing.env["PYTHON_KEYRING_BACKEND"] = "kept_keyrings.Working"
    path = str(installing.answers(keep_secrets_in="keyring"))

    killed = installing.tassist("setup", "--answers", path, TASSIST_CRASH_AT=point)
    installing.person.brought = ""
    done = installing.tassist("setup", "--answers", path)

    assert (killed.code, done.code) == (-9, 0), done.err
    assert len(installing.box.world.apps) == 1
    (app,) = installing.box.world.apps.values()
    kept = json.loads((installing.folder / "keyring.json").read_text())
    assert app.webhook_secret in kept.values()


@pytest.mark.slow
def test_h53_a_key_that_was_lost_on_the_way_is_said_with_the_app_to_delete(installing: Installing) -> None:
    path = str(installing.answers())

    killed = installing.tassist("setup", "--answers", path, TASSIST_CRASH_AT="setup-converted")
    done = installing.tassist("setup", "--answers", path)

    assert killed.code == -9
    assert done.code == 5
    assert "its private key did not get here" in done.err
    assert f"{installing.running.url}/settings/apps/tidy-of-mine/advanced" in done.err.replace("\n", "")


BROKEN = (
    "keyring.backends.null.Keyring",
    "keyring.backends.fail.Keyring",
    "kept_keyrings.Plaintext",
    "kept_keyrings.Locked",
    "kept_keyrings.Hanging",
)
POINTS = ("setup-noted:2", "setup-code-kept", "setup-arrived", "setup-secret-kept", "setup-secret-set")


@pytest.mark.slow
@pytest.mark.parametrize(("point", "kind"), zip(POINTS, BROKEN, strict=True))
def test_h53_a_keyring_that_keeps_nothing_gets_nothing_and_a_kill_beside_it_loses_nothing(
    installing: Installing, point: str, kind: str
) -> None:
    """Nobody says where secrets go, so the file is taken; killed half-way, the next start finishes with one App."""
    installing.env["PYTHON_KEYRING_BACKEND"] = kind
    path = installing.answers()
    path.write_text(
        "".join(line for line in path.read_text().splitlines(keepends=True) if "keep_secrets_in" not in line)
    )

    killed = installing.tassist("setup", "--answers", str(path), TASSIST_CRASH_AT=point)
    installing.person.brought = ""
    done = installing.tassist("setup", "--answers", str(path))

    assert (killed.code, done.code) == (-9, 0), done.err
    assert len(installing.box.world.apps) == 1
    stored = installing.home / "github-app.json"
    assert "PRIVATE KEY-----" in stored.read_text()
    assert stored.stat().st_mode & 0o777 == 0o600
    ring = installing.folder / "keyring.json"
    assert not ring.exists() or "PRIVATE KEY" not in ring.read_text()


@pytest.mark.parametrize("kind", BROKEN)
def test_h53_a_keyring_that_keeps_nothing_is_refused_before_an_app_is_made(installing: Installing, kind: str) -> None:
    installing.env["PYTHON_KEYRING_BACKEND"] = kind

    done = installing.tassist("setup", "--answers", str(installing.answers(keep_secrets_in="keyring")))

    assert done.code == 2
    assert "there is no keyring that keeps secrets here" in done.err
    assert list(installing.box.world.apps) == []
