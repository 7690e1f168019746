"""Killed at whatever moment, the installer finishes at the next start, or says which App to delete."""

from __future__ import annotations

import itertools
import json

import pytest

from tassist import secrets
from tests.support.installing import Installing


@pytest.mark.slow
@pytest.mark.parametrize("place", ["file", "keyring", "env-file"])
def test_h53_killed_again_and_again_it_finishes_with_one_app(installing: Installing, place: str) -> None:
    installing.env["PYTHON_KEYRING_BACKEND"] = "kept_keyrings.Working"
    path = str(installing.answers(keep_secrets_in=place))

    for line in itertools.count(1):
        done = installing.tassist("setup", "--answers", path, TASSIST_CRASH_AT=f"setup-noted:{line}")
        if done.code == 0:
            break
        assert done.code == -9, done.err
        assert line < 30

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
