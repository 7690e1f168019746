"""From nothing to a delivery, without a question: for a user, an organisation, and killed at every step."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest

from tassist import secrets
from tests.support.installing import Installing


def stored(installing: Installing) -> secrets.GitHubApp:
    """The credentials of a place that needs no keyring."""
    return secrets.read(secrets.credentials_path(installing.home))


def assert_no_secret_leaked(installing: Installing, app: secrets.GitHubApp, *said: str) -> None:
    text = installing.every_byte() + "".join(said)
    for secret in (app.private_key, app.webhook_secret, app.client_secret):
        for line in secret.reveal().split("\n"):
            assert len(line) < 20 or "PRIVATE KEY" in line or line not in text


@pytest.mark.parametrize("organization", ["", "octo"])
def test_one_click_and_one_installation_are_all(installing: Installing, organization: str) -> None:
    said = {"account": "organization", "organization": organization} if organization else {}

    done = installing.tassist("setup", "--answers", str(installing.answers(**said)), "--json")

    assert done.code == 0, done.err
    shown = json.loads(done.out)
    app = stored(installing)
    made = installing.box.app(app.app_id)
    assert (shown["app_id"], shown["slug"]) == (app.app_id, "tidy-of-mine")
    assert made.owner.login == (organization or "ann")
    assert made.webhook_secret == app.webhook_secret.reveal()
    assert len(app.webhook_secret.reveal()) >= 43
    assert made.hook_url == "https://webhook.invalid/webhook"
    assert stat.S_IMODE(secrets.credentials_path(installing.home).stat().st_mode) == 0o600
    assert {"app", "webhook", "installation"} <= set(shown["changed"])
    assert_no_secret_leaked(installing, app, done.out, done.err)
    assert not (installing.home / "pending-app.json").exists()
    assert "is yours" in installing.person.pages[-1]

    again = installing.tassist("setup", "--answers", str(installing.answers(**said)), "--json")

    assert again.code == 0
    assert set(json.loads(again.out)["changed"]) <= {"health"}
    assert installing.person.created == 1


def test_a_dry_run_makes_no_change_anywhere(installing: Installing) -> None:
    done = installing.tassist("setup", "--answers", str(installing.answers()), "--dry-run")

    assert done.code == 0
    assert "a new private App, Tidy of mine" in done.err
    assert not installing.home.exists()
    assert list(installing.box.world.apps) == []


def test_what_is_missing_is_listed_at_once_with_flag_and_variable(installing: Installing) -> None:
    done = installing.tassist("setup", "--app", "existing", "--webhook", "url")

    assert done.code == 2
    for name in ("app-id", "private-key-file", "webhook-url"):
        assert f"--{name}" in done.err
        assert f"TASSIST_SETUP_{name.upper().replace('-', '_')}" in done.err
    assert not installing.home.exists()


def test_everything_that_is_wrong_or_missing_is_said_at_once_also_what_hangs_on_a_wrong_answer(
    installing: Installing,
) -> None:
    answers = installing.answers(
        app="maybe", app_name="x" * 40, colour="blue", organization="-no-", account="organization"
    )

    done = installing.tassist(
        "setup", "--answers", str(answers), "--webhook", "url",
        TASSIST_SETUP_KEEP_SECRETS_IN="pocket", TASSIST_SETUP_TELEMETY="jsonl",
    )  # fmt: skip

    assert done.code == 2
    for said in (
        "'colour' is no question",
        "app: 'maybe' is no answer to app",
        "app_name: the App's name has 40 characters",
        "organization: '-no-'",
        "--webhook-url",
        "TASSIST_SETUP_TELEMETY is set, and no question has that variable",
        "or write TASSIST_SETUP_TELEMETRY;",
    ):
        assert done.err.count(said) == 1, (said, done.err)
    assert not installing.home.exists()


def test_h77_a_secret_as_an_argument_is_refused_and_not_repeated(installing: Installing) -> None:
    done = installing.tassist("setup", "--app", "import", "--bundle", "tassist-app-1.canary", "--passphrase", "env:P")

    assert done.code == 2
    assert "canary" not in done.err


def test_a_name_that_is_taken_is_said_before_the_browser_opens(installing: Installing) -> None:
    installing.box.register_app("Tidy of mine", owner="ann", hook_url="https://x.example")

    done = installing.tassist("setup", "--answers", str(installing.answers()))

    assert done.code == 2
    assert "there is an App named Tidy of mine already" in done.err
    assert "/setup/" not in done.err


@pytest.mark.parametrize(
    ("organization", "what", "fix"),
    [
        ("octoo", "there is no organisation octoo at", "as it stands in the addresses of its pages"),
        ("ann", "ann is a person's account, not an organisation", "for your own account answer me"),
    ],
)
def test_an_organisation_there_is_not_is_said_before_the_browser_opens(
    installing: Installing, organization: str, what: str, fix: str
) -> None:
    path = installing.answers(account="organization", organization=organization)

    done = installing.tassist("setup", "--answers", str(path), "--wait", "1")

    assert done.code == 2
    assert what in done.err
    assert fix in " ".join(done.err.split())
    assert "/setup/" not in done.err


def test_a_server_in_private_mode_is_installed_on_although_it_tells_strangers_nothing(installing: Installing) -> None:
    installing.box.settings.private_mode = True
    path = installing.answers(account="organization", organization="octo")

    done = installing.tassist("setup", "--answers", str(path))
    looked = installing.tassist(
        "doctor", "--only", "github,clock,app,permissions,installations,hook", "--timeout", "30"
    )

    assert done.code == 0, done.err
    assert installing.box.app(stored(installing).app_id).owner.login == "octo"
    assert looked.code == 0, looked.out
    strangers = [one for one in installing.box.requests if one.kind == "anonymous"]
    assert {one.status for one in strangers} == {401, 201}, strangers


def test_an_organisation_the_person_does_not_own_ends_at_github_and_leaves_no_app(installing: Installing) -> None:
    installing.box.organization("theirs", owners=["ben"])
    path = installing.answers(account="organization", organization="theirs")

    done = installing.tassist("setup", "--answers", str(path), "--wait", "1", clicks=False)

    assert done.code == 8
    assert list(installing.box.world.apps) == []


def test_a_real_delivery_arrives_at_a_server_of_this_machine(installing: Installing, unused_port: int) -> None:
    path = installing.answers(webhook="url", webhook_url=f"http://127.0.0.1:{unused_port}/webhook")

    done = installing.tassist("setup", "--answers", str(path), TASSIST_PORT=str(unused_port), TASSIST_METRICS_TOKEN="t")

    assert done.code == 0, done.err
    assert "answered 202" in done.err
    assert (installing.home / "journal.db").exists()


def test_where_switch_pointed_the_webhook_it_stays_when_setup_does_something_else(
    installing: Installing, unused_port: int
) -> None:
    assert installing.tassist("setup", "--answers", str(installing.answers())).code == 0
    address = f"http://127.0.0.1:{unused_port}/webhook"
    assert installing.tassist("switch", "prod", "--url", address, "--no-proof").code == 0
    app = next(iter(installing.box.world.apps.values()))

    moved = installing.tassist(
        "setup", "--redo", "secrets", "--keep-secrets-in", "env-file", "--yes", TASSIST_PORT=str(unused_port)
    )

    assert app.hook_url == address
    assert moved.code == 0, moved.err
    assert f"webhook       {address}\n" in moved.out

    back = installing.tassist("setup", "--webhook", "poll", "--yes")

    assert back.code == 0, back.err
    assert app.hook_url == "https://webhook.invalid/webhook"
    assert "somebody else" not in installing.tassist("doctor").out
    assert installing.tassist("setup", "--yes").code == 0
    assert app.hook_url == "https://webhook.invalid/webhook"


def test_the_link_way_needs_an_id_and_a_key_and_sets_our_secret(installing: Installing, tmp_path: Path) -> None:
    made = installing.box.register_app("Tidy of mine", owner="ann", hook_url="https://x.example")
    key = tmp_path / "key.pem"
    key.touch(0o600)
    key.write_text(made.pem)

    done = installing.tassist(
        "setup", "--answers", str(installing.answers(app="existing", app_id=str(made.id), private_key_file=str(key)))
    )

    assert done.code == 0, done.err
    assert installing.box.app(made.id).webhook_secret == stored(installing).webhook_secret.reveal()


def test_an_app_is_brought_to_another_machine_as_one_line(installing: Installing, tmp_path: Path) -> None:
    assert installing.tassist("setup", "--answers", str(installing.answers())).code == 0
    exported = installing.tassist("setup", "export")
    passphrase = next(line.split()[1] for line in exported.err.splitlines() if line.startswith("passphrase"))
    line = tmp_path / "line"
    line.touch(0o600)
    line.write_text(exported.out)
    other = Installing(installing.running, tmp_path / "other", tmp_path / "elsewhere")

    done = other.tassist(
        "setup", "--answers", str(other.answers(app="import", bundle=f"file:{line}", passphrase="env:P")), P=passphrase
    )

    assert done.code == 0, done.err
    assert stored(other).private_key == stored(installing).private_key
    assert stored(installing).private_key.reveal()[40:80] not in exported.out + exported.err
    wrong = Installing(installing.running, tmp_path / "third", tmp_path / "there")
    refused = wrong.tassist(
        "setup", "--answers", str(wrong.answers(app="import", bundle=f"file:{line}", passphrase="env:P")), P="x"
    )
    assert (refused.code, wrong.home.joinpath("github-app.json").exists()) == (2, False)


def test_h76_an_env_file_git_would_commit_is_refused_before_an_app_is_made(installing: Installing) -> None:
    subprocess.run(["git", "-C", str(installing.folder), "init", "-q"], check=True)

    done = installing.tassist("setup", "--answers", str(installing.answers(keep_secrets_in="env-file")))

    assert done.code == 2
    assert "git does not ignore" in done.err
    assert list(installing.box.world.apps) == []
    assert not (installing.folder / ".env").exists()
