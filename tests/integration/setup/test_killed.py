"""Killed at whatever moment, with whatever keyring, the installer finishes at the next start, or says which App to delete.

An ordinary run dies at each of the worst moments with every place that keeps secrets, at some more with one of them, and at one moment
with each kind of keyring that keeps none, or where an App is there already that another takes the place of; `make kill-setup` at every
moment with every kind.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tassist import secrets
from tests.support.installing import Elsewhere, Installing, nothing_installed

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
PLACES = {"said file": ("file", GOOD), "said env-file": ("env-file", GOOD), "good": ("", GOOD)}
PLACES |= {name: ("", kind) for name, kind in BROKEN.items()}
"""What is said of the place, and the keyring."""
WORST = ("setup-code-kept", "setup-arrived", "setup-moved", "setup-secret-kept", "setup-secret-set")
"""Between two things that belong together, in the order in which an installation passes them."""
STEPS = ("app", "secrets", "webhook", "installation", "telemetry", "health")
NOTED = [
    *("answered", "waiting.app", "waiting.installation", "finished"),
    *(f"{event}.{step}" for event in ("began", "applied", "verified") for step in STEPS),
]
"""Every line of the journal of an installation without an interruption, as a test below says."""
SOME_NOTED = ("answered", "waiting.app", "applied.webhook", "verified.installation", "began.health")
EVERY = {*WORST, *(f"setup-noted:{line}" for line in NOTED)}


SOME = {*WORST, *(f"setup-noted:{line}" for line in SOME_NOTED)}
"""As many as one installation passes."""


def moments(name: str, place: str) -> set[str]:
    """Those an installation passes that keeps its secrets there: what arrives in the file is not moved to it."""
    chosen = EVERY if COMPLETE else SOME if name == "good" else set(WORST)
    chosen -= {"setup-moved"} if place == "file" else set()
    if COMPLETE or name not in BROKEN:
        return chosen
    one_each = sorted(chosen)
    return {one_each[list(BROKEN).index(name) % len(one_each)]}


def until_done(installing: Installing, answers: Path, left: set[str]) -> None:
    """Start again and again, killed at the first of the moments that are left, until a start ends; takes away what was reached."""
    while True:
        done = installing.tassist("setup", "--answers", str(answers), TASSIST_CRASH_AT=",".join(sorted(left)) + ",")
        if done.code == 0:
            return
        assert done.code == -9, done.err
        died = re.findall(r"^killed at (\S+)$", done.err, re.MULTILINE)
        assert len(died) == 1, done.err
        left.remove(died[0])
        if died[0] in {"setup-code-kept", "setup-arrived"}:
            installing.person.brought = ""  # the page did not load, and what it had to bring is here


def kept(installing: Installing, place: str) -> None:
    """One App there is, and its secrets are in their place and in no other."""
    assert len(installing.box.world.apps) == 1
    (app,) = installing.box.world.apps.values()
    noted = json.loads(secrets.credentials_path(installing.home).read_text())
    assert noted.get("kept_in", "file") == place
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
    assert not (installing.home / "pending-app.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
def test_h53_killed_again_and_again_it_finishes_with_one_app(tmp_path: Path, name: str) -> None:
    """A start that was killed passes over what was done, so that every moment takes more than one installation."""
    said, kind = PLACES[name]
    place = said or ("keyring" if kind == GOOD else "file")
    left = moments(name, place)
    installations = 0
    while left:
        before = set(left)
        with nothing_installed(tmp_path / str(installations)) as installing:
            installing.env["PYTHON_KEYRING_BACKEND"] = kind
            path = installing.answers(keep_secrets_in=said)
            if not said:  # nobody says where secrets go: the keyring where it is good, the file where it is not
                kept_lines = [line for line in path.read_text().splitlines(True) if "keep_secrets_in" not in line]
                path.write_text("".join(kept_lines))
            until_done(installing, path, left)
            kept(installing, place)
        assert left != before, f"never reached: {left}"
        installations += 1
    assert COMPLETE or installations == 1


BROUGHT = ("setup-arrived", "setup-taken-over", "setup-noted:applied.app")
"""While credentials that were brought along are taken over, in their order."""


BROUGHT_AFTER = [("nothing", moment) for moment in BROUGHT]
BROUGHT_AFTER += [("another App", moment) for moment in (BROUGHT if COMPLETE else BROUGHT[1:2])]


@pytest.mark.slow
@pytest.mark.parametrize(("before", "moment"), BROUGHT_AFTER)
def test_h53_killed_while_an_app_is_brought_along_it_goes_on_without_what_brought_it(
    installing: Installing, elsewhere: Elsewhere, moment: str, before: str
) -> None:
    """Neither line nor passphrase are noted anywhere, and the next start does not ask for them."""
    if before != "nothing":
        assert installing.tassist("setup", "--answers", str(installing.answers())).code == 0
    said = ("--app", "import", "--webhook", "poll", "--keep-secrets-in", "file")

    killed = installing.tassist(
        *("setup", *said, "--yes"),
        TASSIST_SETUP_BUNDLE=f"file:{elsewhere.file}",
        TASSIST_SETUP_PASSPHRASE=elsewhere.passphrase,
        TASSIST_CRASH_AT=moment,
    )
    elsewhere.file.unlink()
    done = installing.tassist("setup", "--yes")

    assert (killed.code, done.code) == (-9, 0), killed.err + done.err
    here = secrets.read(secrets.credentials_path(installing.home))
    assert (here.app_id, here.private_key) == (elsewhere.app.app_id, elsewhere.app.private_key)
    assert not secrets.arriving_path(installing.home).exists()


@pytest.mark.slow
@pytest.mark.parametrize("moment", BROUGHT)
def test_h53_killed_while_an_app_is_taken_over_it_goes_on_without_the_file_of_its_key(
    installing: Installing, tmp_path: Path, moment: str
) -> None:
    made = installing.box.register_app("Tidy of mine", owner="ann", hook_url="https://x.example")
    key = tmp_path / "key.pem"
    key.touch(0o600)
    key.write_text(made.pem)
    said = ("--github", installing.running.url, "--app", "existing", "--app-id", str(made.id), "--webhook", "poll")
    more = ("--private-key-file", str(key), "--keep-secrets-in", "file", "--yes")

    killed = installing.tassist("setup", *said, *more, TASSIST_CRASH_AT=moment)
    key.unlink()
    done = installing.tassist("setup", "--yes")

    assert (killed.code, done.code) == (-9, 0), killed.err + done.err
    assert (
        installing.box.app(made.id).webhook_secret
        == secrets.read(secrets.credentials_path(installing.home)).webhook_secret.reveal()
    )


def test_the_moments_are_all_there_are(installing: Installing) -> None:
    done = installing.tassist("setup", "--answers", str(installing.answers()))

    lines = [json.loads(line) for line in (installing.home / "setup.journal").read_text().splitlines()]
    assert done.code == 0
    assert {f"{line['event']}.{line['step']}" if "step" in line else line["event"] for line in lines} == set(NOTED)


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
