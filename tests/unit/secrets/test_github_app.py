"""The App's credentials are kept durably in one private file, and put together from environment and file."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from engine.problems import ProblemError
from tassist import secrets
from tassist.config import settings as config
from tassist.errors import Secret
from tassist.secrets.files import read_private, write_private
from tests.support import keys


def an_app(**changes: object) -> secrets.GitHubApp:
    values: dict[str, object] = {
        "app_id": 7,
        "private_key": Secret(keys.pem()),
        "webhook_secret": Secret("canary-webhook-secret"),
        "client_id": "Iv23x",
        "slug": "tassist-demo",
        "api_url": "http://127.0.0.1:1/api/v3",
        "html_url": "http://127.0.0.1:1/apps/tassist-demo",
        **changes,
    }
    return secrets.GitHubApp(**values)  # type: ignore[arg-type]  # values are checked by the dataclass's users


def codes(error: ProblemError) -> list[str]:
    return [problem.code for problem in error.problems]


def settings_of(home: Path, **env: str) -> config.Settings:
    return config.load({"home": str(home)}, env=env)


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    path = secrets.credentials_path(tmp_path / "new" / "home")

    secrets.save(an_app(), path)

    assert secrets.read(path) == an_app()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "canary" not in repr(secrets.read(path))
    assert "BEGIN" not in repr(secrets.read(path))


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_h76_the_mode_does_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_private(tmp_path / "secret", b"x")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_h76_a_file_that_was_open_to_all_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    path.chmod(0o644)

    write_private(path, b"new")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b"new"


def test_h76_a_symlink_is_refused_both_ways(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"theirs")
    target.chmod(0o600)
    link = tmp_path / "secret"
    link.symlink_to(target)

    with pytest.raises(ProblemError) as writing:
        write_private(link, b"ours")
    with pytest.raises(ProblemError) as reading:
        read_private(link)

    assert codes(writing.value) == codes(reading.value) == ["credentials-symlink"]
    assert target.read_bytes() == b"theirs"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_h76_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"theirs")
    path.chmod(0o600)
    os.chown(path, 12345, 12345)

    with pytest.raises(ProblemError) as writing:
        write_private(path, b"ours")
    with pytest.raises(ProblemError) as reading:
        read_private(path)

    assert codes(writing.value) == codes(reading.value) == ["credentials-foreign-owner"]
    assert path.read_bytes() == b"theirs"


@pytest.mark.shows_secrets
def test_h76_a_file_others_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    path = secrets.credentials_path(tmp_path)
    secrets.save(an_app(), path)
    path.chmod(0o640)

    with pytest.raises(ProblemError) as raised:
        secrets.read(path)

    assert codes(raised.value) == ["readable-by-others"]
    assert raised.value.problems[0].fix == f"chmod 600 {path}"


def test_h76_two_writers_leave_one_whole_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    contents = [bytes([65 + n]) * 200_000 for n in range(8)]
    threads = [threading.Thread(target=write_private, args=(path, content)) for content in contents]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert path.read_bytes() in contents
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_h29_a_failed_rename_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    write_private(path, b"old")
    order: list[str] = []
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)
        if len(order) > 2:
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(os, "fsync", failing)
    write_private(path, b"new")
    assert order == ["file", "folder"], "contents before the rename, the folder after it"

    with pytest.raises(ProblemError) as raised:
        write_private(path, b"newer")

    assert codes(raised.value) == ["no-disk-space"]
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"app_id": "seven"}', b'{"app_id": 7}', b"\xff\xfe", b"[" * 100_000],
    ids=lambda content: repr(content[:20]),
)
def test_a_file_that_is_none_of_ours_is_refused_without_being_quoted(tmp_path: Path, content: bytes) -> None:
    path = secrets.credentials_path(tmp_path)
    write_private(path, content)

    with pytest.raises(ProblemError) as raised:
        secrets.read(path)

    assert codes(raised.value) == ["credentials-unreadable"]


def test_a_later_form_is_refused_and_a_new_field_is_not(tmp_path: Path) -> None:
    path = secrets.credentials_path(tmp_path)
    secrets.save(an_app(), path)
    document = json.loads(path.read_bytes())

    write_private(path, json.dumps({**document, "new": 1}).encode())
    assert secrets.read(path) == an_app()

    write_private(path, json.dumps({**document, "form": 2}).encode())
    with pytest.raises(ProblemError, match="form 2"):
        secrets.read(path)


def test_the_environment_alone_is_enough(tmp_path: Path) -> None:
    app = secrets.load(
        settings_of(
            tmp_path, GITHUB_APP_ID="9", GITHUB_PRIVATE_KEY=keys.pem().replace("\n", "\\n"), WEBHOOK_SECRET="s3cret"
        ),
        needs_webhook_secret=True,
    )

    assert app.app_id == 9
    assert app.webhook_secret == Secret("s3cret")
    assert app.api_url == "https://api.github.com"
    assert len(app.keys()) == 1


def test_the_file_fills_what_the_environment_leaves_open(tmp_path: Path) -> None:
    secrets.save(an_app(), secrets.credentials_path(tmp_path))

    app = secrets.load(settings_of(tmp_path, GITHUB_WEBHOOK_SECRET="rotated"), needs_webhook_secret=True)

    assert app.app_id == 7
    assert app.slug == "tassist-demo"
    assert app.api_url == "http://127.0.0.1:1/api/v3"
    assert app.webhook_secret == Secret("rotated")


def test_another_app_in_the_environment_takes_nothing_of_the_one_in_the_file(tmp_path: Path) -> None:
    secrets.save(an_app(), secrets.credentials_path(tmp_path))

    app = secrets.load(settings_of(tmp_path, GITHUB_APP_ID="8", GITHUB_PRIVATE_KEY=keys.pem(1)))

    assert (app.app_id, app.slug, app.client_id, app.webhook_secret) == (8, "", "", Secret(""))


def test_a_key_file_is_read_and_an_open_one_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "app.pem"
    key.write_text(keys.pem())
    key.chmod(0o600)
    assert secrets.load(settings_of(tmp_path, GITHUB_APP_ID="9", GITHUB_PRIVATE_KEY_FILE=str(key))).app_id == 9

    key.chmod(0o644)
    with pytest.raises(ProblemError) as raised:
        secrets.load(settings_of(tmp_path, GITHUB_APP_ID="9", GITHUB_PRIVATE_KEY_FILE=str(key)))

    assert codes(raised.value) == ["private-key-readable-by-others"]


def test_everything_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as raised:
        secrets.load(settings_of(tmp_path), needs_webhook_secret=True)

    assert codes(raised.value) == ["app-id-missing", "private-key-missing", "webhook-secret-missing"]


@pytest.mark.parametrize("secret", ["", "   ", "\n"])
def test_h03_a_server_without_a_webhook_secret_does_not_start(tmp_path: Path, secret: str) -> None:
    secrets.save(an_app(webhook_secret=Secret(secret)), secrets.credentials_path(tmp_path))

    with pytest.raises(ProblemError) as raised:
        secrets.load(settings_of(tmp_path), needs_webhook_secret=True)

    assert codes(raised.value) == ["webhook-secret-missing"]


@pytest.mark.parametrize("app_id", ["Iv23abc", "-1", "0", "9" * 30, "٣"])
def test_an_app_id_that_is_none_is_named(tmp_path: Path, app_id: str) -> None:
    with pytest.raises(ProblemError) as raised:
        secrets.load(settings_of(tmp_path, GITHUB_APP_ID=app_id, GITHUB_PRIVATE_KEY=keys.pem()))

    assert codes(raised.value) == ["app-id-wrong"]
