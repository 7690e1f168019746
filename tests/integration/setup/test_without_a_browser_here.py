"""The ways to an App from a machine without a browser, each to its end in one sitting: a filled form, a page sent to an owner."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from setup_wizard.manifest import EVENTS, PERMISSIONS
from tassist import secrets
from tassist.services.demo.browser import Browser
from tests.support.installing import Installing
from tests.support.installing_terminal import Terminal


def filled_in(terminal: Terminal, link: str, downloads: Path) -> tuple[int, Path]:
    """What a person does elsewhere: opens the link, presses Create, reads the App ID, has a key made and saves its file."""
    root = terminal.installing.running.url
    with Browser(root) as browser:
        page = browser.open(link.removeprefix(root))
        settings = browser.confirm(page)
        made = next(app for app in terminal.installing.box.world.apps.values() if app.name == "Tidy of mine")
        shown = browser.open(settings)
        assert f"<dd>{made.id}</dd>" in shown.text
        key = browser.post(f"{urlsplit(settings).path}/keys", {})
    file = downloads / key.headers["content-disposition"].partition('"')[2].rstrip('"')
    file.touch(0o600)
    file.write_bytes(key.content)
    return made.id, file


@pytest.mark.parametrize("owner", ["", "octo"])
def test_a_link_with_parameters_then_the_app_id_and_its_key(installing: Installing, tmp_path: Path, owner: str) -> None:
    said = ("--github", installing.running.url, "--app", "new", "--app-name", "Tidy of mine", "--create-with", "link")
    whose = ("--account", "organization", "--organization", owner) if owner else ("--account", "me")
    rest = ("--webhook", "poll", "--keep-secrets-in", "file", "--scaffold", "no", "--telemetry", "jsonl")
    terminal = Terminal(installing, "setup", "--plain", *said, *whose, *rest, "--repositories", "all", ACCESSIBLE="1")
    terminal.expect("Go on?")
    terminal.types("")
    terminal.process.expect(r"\r\n(https?://\S+)\r\n")
    app_id, file = filled_in(terminal, terminal.process.match.group(1), tmp_path)
    registered = installing.box.app(app_id)
    assert registered.webhook_secret is None
    assert (registered.permissions, set(registered.events)) == (PERMISSIONS, set(EVENTS))
    assert registered.owner.login == (owner or "ann")

    terminal.process.expect(r"Paste[^\r\n]*:")
    terminal.types(f"{app_id}")
    terminal.expect("error: that is not an App ID and a file")
    terminal.types(f"{app_id} {tmp_path / 'nothing.pem'}")
    terminal.expect("error:")
    terminal.types(f"App ID: {app_id} {file}")
    terminal.expect("waiting for you to install the App")
    terminal.clicks()

    assert terminal.ends() == 0, terminal.shown[-3000:]
    app = secrets.read(secrets.credentials_path(installing.home))
    assert app.app_id == app_id
    assert app.webhook_secret.reveal() in {installing.box.app(app_id).webhook_secret} - {""}
    assert registered.hook_content_type == "json"
    assert not (installing.home / "pending-app.json").exists()
    assert "PRIVATE KEY" not in terminal.shown


def test_over_ssh_a_link_to_this_machine_comes_with_the_forward_it_needs(installing: Installing) -> None:
    said = ("--github", installing.running.url, "--app", "new", "--account", "me", "--app-name", "Tidy of mine")
    rest = ("--create-with", "browser", "--webhook", "poll", "--keep-secrets-in", "file")
    given = {"ACCESSIBLE": "1", "SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
    terminal = Terminal(installing, "setup", "--plain", *said, *rest, **given)
    terminal.expect("Go on?")
    terminal.types("")
    terminal.process.expect(r"\r\nhttp://127\.0\.0\.1:(\d+)/setup/\S+\r\n")
    port = terminal.process.match.group(1)
    terminal.expect(f"ssh -L {port}:127.0.0.1:{port}")
    terminal.types("quit")
    assert terminal.ends() == 8


def test_an_owner_opens_the_page_for_somebody_who_is_none(installing: Installing) -> None:
    """Who sits at the terminal may not register Apps of the organisation; the owner gets a file and sends an address back."""
    box = installing.box
    with box.lock:
        box.world.person("ben")
    box.settings.demo_user = "ben"
    said = ("--github", installing.running.url, "--app", "new", "--app-name", "Tidy of mine", "--create-with", "paste")
    rest = ("--webhook", "poll", "--keep-secrets-in", "file", "--scaffold", "no", "--telemetry", "jsonl")
    terminal = Terminal(
        *(installing, "setup", "--plain", *said, "--account", "organization", "--organization", "octo", *rest),
        *("--repositories", "octo"),
        ACCESSIBLE="1",
    )
    terminal.expect("Go on?")
    terminal.types("")
    terminal.process.expect(r"browser to:")
    page = httpx.Response(
        200, text=(installing.home / "create-app.html").read_text(), request=httpx.Request("GET", "file:///")
    )

    with pytest.raises(Exception, match="404"):
        installing.person.at_github(page)
    box.settings.demo_user = "ann"
    came = installing.person.at_github(page)
    terminal.types(came)
    terminal.expect("waiting for you to install the App")
    terminal.clicks()
    terminal.expect("Go on?")
    terminal.types("")

    assert terminal.ends() == 0, terminal.shown[-3000:]
    app = secrets.read(secrets.credentials_path(installing.home))
    assert box.app(app.app_id).owner.login == "octo"
    assert box.app(app.app_id).webhook_secret == app.webhook_secret.reveal()
    assert not (installing.home / "create-app.html").exists()
