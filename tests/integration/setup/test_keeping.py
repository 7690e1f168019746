"""Secrets are kept where a person said, whole or not at all, and what cannot keep them is told apart."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.problems import ProblemError
from tassist import secrets
from tassist.clock import SystemClock
from tassist.config import settings as settings_
from tassist.doctor import keyring as doctor_keyring
from tassist.doctor.check import Machine
from tassist.doctor.check import State as CheckState
from tassist.doctor.examine import examine
from tassist.errors import Secret
from tassist.secrets import GitHubApp, env_file, system_keyring
from tassist.secrets.files import append_private
from tassist.secrets.system_keyring import State, examine_backend
from tests.support import keys
from tests.support.installing import KEYRINGS

KINDS = {
    "kept_keyrings.Working": State.GOOD,
    "kept_keyrings.Chained": State.GOOD,
    "kept_keyrings.ChainedPlain": State.PLAINTEXT,
    "kept_keyrings.Plaintext": State.PLAINTEXT,
    "kept_keyrings.Unknown": State.UNKNOWN,
    "kept_keyrings.Locked": State.LOCKED,
    "kept_keyrings.Hanging": State.HANGS,
    "kept_keyrings.NoBus": State.NO_SERVICE,
    "kept_keyrings.Forgetting": State.FORGETS,
    "kept_keyrings.Broken": State.BROKEN,
    "keyring.backends.null.Keyring": State.NULL,
    "keyring.backends.fail.Keyring": State.NONE,
}


def use_keyring(monkeypatch: pytest.MonkeyPatch, folder: Path, kind: str) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", kind)
    monkeypatch.setenv("PYTHONPATH", str(KEYRINGS))
    monkeypatch.setenv("TEST_KEYRING_FILE", str(folder / "keyring.json"))


def app_of(place: secrets.github_app.Place = "file", **more: object) -> GitHubApp:
    values: dict[str, object] = {
        "app_id": 7,
        "private_key": Secret(keys.pem()),
        "webhook_secret": Secret("canary-webhook-secret"),
        "client_secret": Secret("canary-client-secret"),
        "slug": "tidy",
        "kept_in": place,
        **more,
    }
    return GitHubApp(**values)  # type: ignore[arg-type]  # real arguments by name


@pytest.mark.parametrize(("kind", "state"), KINDS.items(), ids=str)
def test_h75_every_kind_of_keyring_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, state: State
) -> None:
    use_keyring(monkeypatch, tmp_path, kind)

    found = examine_backend(timeout_s=3 if state == State.HANGS else 30)

    assert found.state == state
    assert found.usable == (state == State.GOOD)
    assert "canary" not in repr(found)
    assert found.usable or (found.problem().why and found.problem().fix)
    left = tmp_path / "keyring.json"
    assert not left.exists() or left.read_text() == "{}"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("kept_keyrings.Working", "keeps secrets"),
        ("keyring.backends.null.Keyring", "switched off: it takes everything and keeps nothing"),
        ("keyring.backends.fail.Keyring", "this system has no keyring"),
        ("kept_keyrings.Plaintext", "a file that is not encrypted"),
        ("kept_keyrings.Locked", "the keyring is locked"),
        ("kept_keyrings.Hanging", "did not answer within"),
    ],
)
async def test_h75_the_doctor_says_which_kind_of_keyring_it_is_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, said: str
) -> None:
    use_keyring(monkeypatch, tmp_path, kind)
    machine = Machine(None, (), {}, tmp_path, tmp_path, tmp_path / ".env", SystemClock().now)

    (found,) = await examine([(check, machine) for check in doctor_keyring.CHECKS], deadline_s=20)

    good = kind == "kept_keyrings.Working"
    assert found.finding.state == (CheckState.OK if good else CheckState.WARNING)
    assert said in found.finding.said
    assert good or "choose file" in found.finding.fix
    assert "canary" not in repr(found)


@pytest.mark.parametrize("kind", ["kept_keyrings.Locked", "kept_keyrings.Forgetting", "keyring.backends.null.Keyring"])
def test_h75_a_keyring_that_keeps_nothing_is_never_relied_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    use_keyring(monkeypatch, tmp_path, kind)
    path = secrets.credentials_path(tmp_path / "home")

    with pytest.raises(ProblemError) as raised:
        secrets.save(app_of("keyring"), path)

    assert raised.value.problems[0].code.startswith("keyring-")
    assert not path.exists()


@pytest.mark.shows_secrets
@pytest.mark.parametrize("place", ["file", "keyring", "env-file"])
def test_every_command_finds_what_was_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: secrets.github_app.Place
) -> None:
    use_keyring(monkeypatch, tmp_path, "kept_keyrings.Working")
    path = secrets.credentials_path(tmp_path / "home")
    app = app_of(place, env_file=str(tmp_path / ".env") if place == "env-file" else "")
    secrets.save(app, path)

    loaded = secrets.load(settings_.load({"home": str(path.parent)}), needs_webhook_secret=True)

    assert secrets.read(path) == app
    assert loaded == app
    assert secrets.load_webhook_secret(settings_.load({"home": str(path.parent)})) == app.webhook_secret
    assert ("canary" in path.read_text()) == (place == "file")
    secrets.forget(app)
    if place != "file":
        with pytest.raises(ProblemError) as raised:
            secrets.load(settings_.load({"home": str(path.parent)}))
        assert raised.value.problems[0].code == "secrets-gone"


def test_a_service_that_is_given_everything_does_not_ask_the_keyring(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_keyring(monkeypatch, tmp_path, "kept_keyrings.Working")
    path = secrets.credentials_path(tmp_path)
    secrets.save(app_of("keyring"), path)
    use_keyring(monkeypatch, tmp_path, "kept_keyrings.Locked")
    monkeypatch.setenv("GITHUB_PRIVATE_KEY", keys.pem(1))
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "another")

    loaded = secrets.load(settings_.load({"home": str(tmp_path)}))

    assert loaded.private_key == Secret(keys.pem(1))


def test_a_secret_of_a_finished_rotation_leaves_the_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_keyring(monkeypatch, tmp_path, "kept_keyrings.Working")
    path = secrets.credentials_path(tmp_path)
    secrets.save(app_of("keyring", webhook_secret_previous=Secret("canary-old")), path)
    secrets.save(app_of("keyring"), path)

    assert "canary-old" not in (tmp_path / "keyring.json").read_text()


def test_h77_a_secret_is_never_an_argument_of_the_process_that_asks_the_keyring(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_keyring(monkeypatch, tmp_path, "kept_keyrings.Working")
    started: list[list[str]] = []

    class Watched(subprocess.Popen[str]):
        def __init__(self, args: list[str], **more: Any) -> None:
            started.append(args)
            super().__init__(args, **more)

    monkeypatch.setattr(subprocess, "Popen", Watched)

    system_keyring.put("x", Secret("canary"))

    assert started == [[sys.executable, "-P", str(system_keyring._CHILD)]]


# .env


ENV = """# the database
DATABASE_URL=postgres://x # not ours

export GITHUB_APP_ID = 12   # our App
MULTI="two
lines"

# the end, without a line end
LAST=1"""


def test_a_env_file_keeps_its_comments_order_and_other_lines() -> None:
    changed = env_file.changed(ENV, {"GITHUB_APP_ID": "99", "GITHUB_PRIVATE_KEY": "a\nb"})

    assert changed == (
        ENV.replace("export GITHUB_APP_ID = 12   # our App", "export GITHUB_APP_ID=99   # our App")
        + '\nGITHUB_PRIVATE_KEY="a\\nb"\n'
    )
    assert (
        env_file.changed(changed, {"GITHUB_PRIVATE_KEY": None, "GITHUB_APP_ID": "12"})
        == ENV.replace("GITHUB_APP_ID = 12", "GITHUB_APP_ID=12") + "\n"
    )


@settings(deadline=None, max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(["A", "B", "GITHUB_PRIVATE_KEY"]),
        st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=60)),
        min_size=1,
    ),
    st.sampled_from(["", ENV, "A=1\nA=2\n", "# only a comment", "garbage line\nB='x'\n"]),
)
def test_whatever_is_set_reads_back_and_nothing_else_changes(values: dict[str, str | None], text: str) -> None:
    def read(content: str) -> dict[str, str | None]:
        return dict(dotenv_values(stream=io.StringIO(content), interpolate=False))

    before, after = read(text), read(env_file.changed(text, values))

    assert {name: value for name, value in after.items() if name in values} == {
        name: value for name, value in values.items() if value is not None
    }
    assert {name: value for name, value in after.items() if name not in values} == {
        name: value for name, value in before.items() if name not in values
    }


def test_h76_a_env_file_is_private_whatever_it_was(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        env_file.update(path, {"B": "2"})
        env_file.update(tmp_path / "new" / ".env", {"B": "2"})
        append_private(tmp_path / "journal", b"x\n")
    finally:
        os.umask(before)

    for each in (path, tmp_path / "new" / ".env", tmp_path / "journal"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600


def test_h76_a_env_file_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "theirs"
    target.write_text("A=1\n")
    (tmp_path / ".env").symlink_to(target)

    with pytest.raises(ProblemError) as raised:
        env_file.update(tmp_path / ".env", {"A": "2"})
    with pytest.raises(ProblemError, match="symbolic link"):
        append_private(tmp_path / ".env", b"x")

    assert raised.value.problems[0].code == "credentials-symlink"
    assert target.read_text() == "A=1\n"


def test_h76_two_writers_lose_nothing_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / ".env"

    def write(number: int) -> None:
        env_file.update(path, {f"V{number}": str(number)})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert env_file.read(path) == {f"V{number}": str(number) for number in range(12)}
    assert [each.name for each in tmp_path.iterdir()] == [".env"]


def test_h76_a_env_file_git_would_commit_is_refused(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    path = tmp_path / ".env"

    with pytest.raises(ProblemError) as raised:
        env_file.update(path, {"A": "1"})
    assert raised.value.problems[0].code == "secret-file-not-ignored"
    (tmp_path / ".gitignore").write_text(".env\n")
    env_file.update(path, {"A": "1"})
    subprocess.run(["git", "-C", str(tmp_path), "add", "-f", ".env"], check=True)
    with pytest.raises(ProblemError) as raised:
        env_file.update(path, {"A": "2"})
    assert raised.value.problems[0].code == "secret-file-tracked"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"A=\0", b"#" * (2 << 20)])
def test_what_is_no_text_of_variables_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ".env"
    path.write_bytes(content)

    with pytest.raises(ProblemError) as raised:
        env_file.update(path, {"A": "1"})

    assert raised.value.problems[0].code == "env-file-not-text"
    assert path.read_bytes() == content


def test_an_older_tassist_still_reads_a_file_that_uses_nothing_newer(tmp_path: Path) -> None:
    path = tmp_path / "github-app.json"
    secrets.save(app_of(), path)
    assert "kept_in" not in path.read_text()

    secrets.save(replace(app_of(), secret_made_here=True), path)

    assert secrets.read(path).secret_made_here
