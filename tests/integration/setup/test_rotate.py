"""Secret and key are replaced under a running server, and no delivery is refused meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tassist import secrets
from tassist.errors import Secret
from tassist.sandbox import app_registry, issue_changes
from tassist.services.demo.process import ServerProcess
from tests.support.installing import Installing


@pytest.fixture
def installed(installing: Installing, tmp_path: Path) -> Installing:
    """An App that exists, taken over without the installer's proofs."""
    made = installing.box.register_app("Tidy", owner="ann", hook_url="https://x.example")
    installing.box.install(made.id, "octo")
    secrets.save(
        secrets.GitHubApp(
            app_id=made.id,
            private_key=Secret(made.pem),
            webhook_secret=Secret(made.webhook_secret or ""),
            slug=made.slug,
            owner="ann",
            api_url=installing.running.api_url,
        ),
        secrets.credentials_path(installing.home),
    )
    return installing


def app_of(installed: Installing) -> secrets.GitHubApp:
    return secrets.read(secrets.credentials_path(installed.home))


@contextmanager
def people_at_work(installed: Installing, url: str) -> Iterator[None]:
    """Somebody opens an issue every moment, and GitHub tells the server of it; at the end all that was told is answered."""
    box = installed.box
    by, repo = box.by("ann"), box.repository("octo/app")
    with box.lock:
        box.app(app_of(installed).app_id).hook_url = url
    stop = threading.Event()

    def deliver() -> None:
        while not stop.is_set():
            with box.lock:
                issue_changes.open_issue(box, by, repo, "an issue")
            stop.wait(0.05)

    people = threading.Thread(target=deliver)
    people.start()
    try:
        yield
    finally:
        stop.set()
        people.join()
    assert box.webhooks.wait_idle(30)


def test_h04_a_running_server_refuses_nothing_while_the_secret_is_rotated(installed: Installing) -> None:
    box, made = installed.box, installed.box.app(app_of(installed).app_id)
    before = app_of(installed).webhook_secret
    with ServerProcess(installed.home, installed.environment()) as server:
        server.start()
        with people_at_work(installed, server.url):
            done = [installed.tassist("rotate", "secret", "--json") for _ in range(2)]
        server.stop()

    assert [each.code for each in done] == [0, 0]
    sent = box.webhooks.of_app(made)
    assert len(sent) > 10
    assert {delivery.status_code for delivery in sent if delivery.url == server.url} <= {200, 202}
    after = app_of(installed)
    assert made.webhook_secret == after.webhook_secret.reveal() != before.reveal()
    assert after.webhook_secret_previous_until == json.loads(done[1].out)["previous_until"]
    for secret in (after.webhook_secret, after.webhook_secret_previous, before):
        assert (
            secret.reveal() not in done[0].out + done[0].err + done[1].out + (installed.home / "server.log").read_text()
        )


def test_a_leak_is_rehearsed_as_its_guide_says_it(installed: Installing, tmp_path: Path) -> None:
    # docs/how-to/rotate-a-leaked-key.md, step by step, while people work.
    made, before = installed.box.app(app_of(installed).app_id), app_of(installed)
    leaked = before.keys()[0]
    downloaded = tmp_path / "tidy.private-key.pem"
    downloaded.touch(0o600)
    downloaded.write_text(app_registry.add_key(made))
    with ServerProcess(installed.home, installed.environment()) as server:
        server.start()
        with people_at_work(installed, server.url):
            done = installed.tassist("rotate", "--all", "--key-file", str(downloaded), "--json")
            app_registry.remove_key(made, leaked.pem.reveal())
            finished = installed.tassist("rotate", "--finish", "--json")
            told_until = len(installed.box.webhooks.of_app(made))
        server.stop()
        log = (installed.home / "server.log").read_text()

    assert (done.code, finished.code) == (8, 0), done.err + finished.err
    after = app_of(installed)
    (key,) = after.keys()
    assert key.fingerprint != leaked.fingerprint
    assert made.webhook_secret == after.webhook_secret.reveal() != before.webhook_secret.reveal()
    sent = [one for one in installed.box.webhooks.of_app(made) if one.url == server.url]
    assert len(sent) > 10 <= told_until
    assert {one.status_code for one in sent} <= {200, 202}, "no delivery was refused"
    said = done.out + done.err + finished.out + finished.err + log + installed.every_byte()
    secret_texts = [before.webhook_secret, after.webhook_secret, leaked.pem, key.pem]
    assert not [one for one in secret_texts if one.reveal() in said or one.reveal().splitlines()[-2:][0] in said]


@pytest.mark.parametrize("point", ["setup-secret-kept", "setup-secret-set"])
def test_a_rotation_that_was_killed_is_finished_with_the_same_secret(installed: Installing, point: str) -> None:
    killed = installed.tassist("rotate", "secret", TASSIST_CRASH_AT=point)
    kept = app_of(installed)

    done = installed.tassist("rotate", "secret", "--json")

    assert (killed.code, done.code) == (-9, 0)
    assert json.loads(done.out)["resumed"] is True
    assert installed.box.app(kept.app_id).webhook_secret == kept.webhook_secret.reveal()
    assert app_of(installed).webhook_secret == kept.webhook_secret


def test_h50_a_key_is_replaced_and_the_old_one_forgotten_when_github_refuses_it(
    installed: Installing, tmp_path: Path
) -> None:
    made, old = installed.box.app(app_of(installed).app_id), app_of(installed).keys()[0]
    new_file, foreign = tmp_path / "new.pem", tmp_path / "foreign.pem"
    for path, pem in ((new_file, app_registry.add_key(made)), (foreign, app_registry.new_private_key())):
        path.touch(0o600)
        path.write_text(pem)

    refused = installed.tassist("rotate", "key", "--key-file", str(foreign))
    done = installed.tassist("rotate", "key", "--key-file", str(new_file), "--json")
    early = installed.tassist("rotate", "key", "--finish")
    app_registry.remove_key(made, old.pem.reveal())
    late = installed.tassist("rotate", "--finish", "--json")

    assert (refused.code, done.code, early.code, late.code) == (4, 8, 8, 0), refused.err
    assert json.loads(done.out)["old_keys"] == [old.fingerprint]
    assert "delete it at" in early.out
    assert json.loads(late.out)["old_keys"] == []
    (kept,) = app_of(installed).keys()
    assert kept.fingerprint == json.loads(done.out)["key"] != old.fingerprint
    assert installed.tassist("rotate", "key").code == 2
    assert installed.tassist("rotate").code == 2


def test_what_the_environment_gives_is_not_rotated(installed: Installing) -> None:
    done = installed.tassist("rotate", "secret", GITHUB_WEBHOOK_SECRET="canary-of-the-environment")

    assert done.code == 2
    assert "given by GITHUB_WEBHOOK_SECRET" in done.err
    assert "canary" not in done.err
