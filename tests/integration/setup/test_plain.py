"""The installer in lines, at a real terminal: what a person types, also what they paste by mistake."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tassist import secrets
from tests.support.installing import LINK, Installing

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = sorted((ROOT / "examples" / "answers").glob("*.toml"))


class Terminal:
    """The installer on a terminal of 80 by 24."""

    def __init__(self, installing: Installing, *args: str, **env: str) -> None:
        self.installing = installing
        self.shown = ""
        given = installing.environment(TERM="xterm", COLUMNS="80", **env)
        self.process: pexpect.spawn[str] = pexpect.spawn(
            sys.executable, ["-m", "tassist", *args], env=given, cwd=str(installing.folder), encoding="utf-8", timeout=60, dimensions=(24, 80)
        )  # fmt: skip

    def expect(self, text: str) -> None:
        """Wait for words; line ends and what moves a cursor do not matter."""
        self.process.expect(re.escape(text))
        self.shown += self.process.before + self.process.after

    def types(self, text: str) -> None:
        """A line and Enter."""
        self.process.send(text + "\r")

    def answers(self, question: str, text: str) -> None:
        """Wait for a question and its prompt, and answer it."""
        self.expect(question)
        self.process.expect(r"Answer[^\r\n]*:")
        self.shown += self.process.before + self.process.after
        self.types(text)

    def clicks(self) -> None:
        """Have the person act on the link that is shown next."""
        self.process.expect(r"\r\n(https?://\S+)\r\n")
        self.shown += self.process.before + self.process.after
        assert self.process.match is not None
        link = self.process.match.group(1)
        assert LINK.fullmatch(link)
        self.installing.person.see(link)

    def ends(self) -> int:
        """Its exit code."""
        self.process.expect(pexpect.EOF)
        self.shown += self.process.before
        self.process.close()
        return self.process.exitstatus if self.process.exitstatus is not None else -(self.process.signalstatus or 0)


def go_through(terminal: Terminal) -> None:
    terminal.answers("Which GitHub is it?", "?")
    terminal.expect("without this question: --github")
    terminal.answers("", "http://169.254.169.254/")
    terminal.expect("error: 'http://169.254.169.254' does not begin with https://")
    terminal.answers("", f'"{terminal.installing.running.url}/settings/apps/new?x=1"')
    terminal.answers("a new GitHub App, or is there one already?", "9")
    terminal.expect("error: '9' is no answer to app")
    terminal.answers("", "")
    terminal.answers("Who shall own the App?", "2")
    terminal.answers("Which organisation?", "back")
    terminal.answers("Who shall own the App?", "1")
    terminal.answers("What shall the App be called?", "x" * 40)
    terminal.expect("error: the App's name has 40 characters")
    terminal.answers("", "  'Tidy of mine' ")
    terminal.answers("How does GitHub reach this machine?", "4")
    terminal.answers("Where is your browser?", "browser")
    terminal.answers("Where shall the App's secrets be kept?", "1")
    terminal.expect("error: there is no keyring that keeps secrets here")
    terminal.answers("", "2")
    terminal.expect("Go on?")
    terminal.types("")
    terminal.expect("waiting for you to create the App")
    terminal.clicks()
    terminal.expect("waiting for you to install the App")
    terminal.clicks()


@pytest.mark.parametrize("env", [{}, {"ACCESSIBLE": "1"}], ids=["questionary", "accessible"])
def test_a_person_types_their_way_through(installing: Installing, env: dict[str, str]) -> None:
    terminal = Terminal(installing, "setup", "--plain", **env)

    go_through(terminal)

    assert terminal.ends() == 0, terminal.shown
    app = secrets.read(secrets.credentials_path(installing.home))
    assert installing.box.app(app.app_id).name == "Tidy of mine"
    assert "Traceback" not in terminal.shown
    for secret in (app.webhook_secret, app.client_secret):
        assert secret.reveal() not in terminal.shown
    if env:
        # A screen reader hears every line once: nothing is redrawn, no cursor moves.
        assert "\x1b" not in terminal.shown


def test_ctrl_c_leaves_things_whole_and_the_next_start_goes_on(installing: Installing) -> None:
    terminal = Terminal(installing, "setup", "--plain", "--github", installing.running.url)
    terminal.answers("a new GitHub App", "")
    terminal.answers("Who shall own the App?", "")
    terminal.expect("What shall the App be called?")
    terminal.process.expect(r"Answer[^\r\n]*:")
    terminal.process.sendcontrol("c")

    assert terminal.ends() == 130
    assert "Traceback" not in terminal.shown
    again = Terminal(installing, "setup", "--plain")
    again.expect("What shall the App be called?")
    again.process.expect(r"Answer[^\r\n]*:")
    again.types("quit")
    assert again.ends() == 130


def test_an_address_is_pasted_back_over_ssh(installing: Installing) -> None:
    path = str(installing.answers(create_with="paste"))
    terminal = Terminal(installing, "setup", "--answers", path, SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22")
    terminal.process.expect(r"browser to; or just wait:")
    page = (installing.home / "create-app.html").read_text()
    import httpx

    sent_to = installing.person.at_github(
        httpx.Response(200, text=page, request=httpx.Request("GET", "http://127.0.0.1/"))
    )

    terminal.types("https://github.com/settings/apps/new")
    terminal.process.expect("error: there is no code in what was pasted")
    terminal.types(sent_to.replace("state=", "state=x"))
    terminal.process.expect("error: what came back does not belong to this installation")
    terminal.types(f"  '{sent_to}' ")
    terminal.process.expect("waiting for you to install")
    terminal.clicks()

    assert terminal.ends() == 0
    assert not (installing.home / "create-app.html").exists()
    assert sent_to.split("code=")[1][:20] not in installing.every_byte()


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_does_the_same_with_and_without_questions(
    installing: Installing, tmp_path: Path, example: Path
) -> None:
    said: dict[str, Any] = tomllib.loads(example.read_text())
    asks = said.pop("ask", [])
    said.pop("version")
    here = {
        "github": installing.running.url,
        **({"organization": "octo"} if "organization" in said else {}),
        **({"webhook": "poll"} if said["webhook"] == "url" else {}),
    }
    said |= here
    said.pop("webhook_url", None)
    if said.get("create_with") == "paste":
        said["create_with"] = "browser"
    if "app_id" in said:
        made = installing.box.register_app("Given", owner="ann", hook_url="https://x.example")
        key = tmp_path / "key.pem"
        key.touch(0o600)
        key.write_text(made.pem)
        said |= {"app_id": made.id, "private_key_file": str(key)}
    asked = Installing(installing.running, tmp_path / "asked", tmp_path / "asked-folder")
    silent = Installing(installing.running, tmp_path / "silent", tmp_path / "silent-folder")
    file = silent.folder / "answers.toml"
    file.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in said.items()))

    plan = silent.tassist("setup", "--answers", str(file), "--dry-run")
    done = silent.tassist("setup", "--answers", str(file), "--json")
    taken_away = json.loads(done.out)
    with installing.box.lock:
        if "app_id" not in said:
            from tassist.sandbox.app_registry import delete_app

            delete_app(installing.box, installing.box.app(taken_away["app_id"]))
    terminal = Terminal(asked, "setup", "--plain", "--save-answers", str(asked.folder / "saved.toml"), ACCESSIBLE="1")
    while True:
        found = terminal.process.expect(
            [r"Question \d+ of \d+: ([^\r\n]+)", r"Go on\?", "waiting for you", pexpect.EOF]
        )
        terminal.shown += terminal.process.before
        if found == 0:
            assert terminal.process.match is not None
            question = next(each for each in _questions() if terminal.process.match.group(1).startswith(each.text[:30]))
            terminal.process.expect(r"Answer[^\r\n]*:")
            terminal.types(str(said.get(question.id, "")))
        elif found == 1:
            terminal.types("")
        elif found == 2:
            terminal.clicks()
        else:
            break
    terminal.process.close()

    assert (plan.code, done.code, terminal.process.exitstatus) == (0, 0, 0), done.err + terminal.shown
    kept = [json.loads((each.home / "github-app.json").read_text()) for each in (silent, asked)]
    same = [{key: app.get(key) for key in ("name", "owner", "api_url", "kept_in", "secret_made_here")} for app in kept]
    assert same[0] == same[1]
    saved = tomllib.loads((asked.folder / "saved.toml").read_text())
    assert {key: value for key, value in saved.items() if key in said} == said
    assert set(asks) <= set(saved)


def _questions() -> Any:
    from setup_wizard.questions import QUESTIONS

    return QUESTIONS
