"""The installer in lines, at a real terminal: what a person types, also what they paste by mistake."""

from __future__ import annotations

import asyncio
import os
import tomllib
from pathlib import Path

import httpx
import pytest

from engine.problems import Problem
from setup_wizard.app_steps import KeepSecrets
from setup_wizard.flow import Failed, News, Signal, Standing
from tassist import secrets
from tassist.cli.folding import cells
from tassist.cli.setup_plain import PlainFace
from tests.support.installing import Installing
from tests.support.installing_terminal import Terminal
from tests.support.service import wait_for
from tests.support.staying_browser import staying_browser


def go_through(terminal: Terminal, *, accessible: bool) -> None:
    terminal.answers("a new GitHub App, or is there one already?", "9")
    terminal.expect("error: '9' is no answer to app")
    terminal.answers("", "")
    terminal.answers("Which GitHub is it?", "?")
    terminal.expect("without this question: --github")
    terminal.answers("", "http://169.254.169.254/")
    terminal.expect("error: 'http://169.254.169.254' does not begin with https://")
    terminal.answers("", f'"{terminal.installing.running.url}/settings/apps/new?x=1"')
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
    if accessible:
        terminal.answers("Which repositories shall be looked after?", "/own")
        terminal.expect("ann/own")
        terminal.answers("", "ann/nothing")
        terminal.expect("error: 'ann/nothing' is no answer to repositories")
        terminal.answers("", "ann/own")
        terminal.answers("Where shall be recorded what it did and why?", "1,3")
        terminal.answers("In which SQLite file?", "")
    else:
        terminal.picks("Which repositories shall be looked after?", "own", " ")
        terminal.picks("Where shall be recorded what it did and why?", "SQLite", " ")
        terminal.answers("In which SQLite file?", "")
    terminal.expect("Go on?")
    terminal.types("")
    terminal.answers("Shall a repository get its first configuration now?", "no")


@pytest.mark.parametrize("env", [{}, {"ACCESSIBLE": "1"}], ids=["questionary", "accessible"])
def test_a_person_types_their_way_through(installing: Installing, env: dict[str, str]) -> None:
    terminal = Terminal(installing, "setup", "--plain", **env)

    go_through(terminal, accessible=bool(env))

    assert terminal.ends() == 0, terminal.shown
    app = secrets.read(secrets.credentials_path(installing.home))
    assert installing.box.app(app.app_id).name == "Tidy of mine"
    chosen = tomllib.loads((installing.home / "tassist.toml").read_text())
    assert chosen["repositories"] == "ann/own"
    assert chosen["telemetry_sinks"] == f"jsonl,sqlite:{installing.home}/telemetry.db"
    assert (installing.home / "telemetry.db").exists()
    assert "Traceback" not in terminal.shown
    assert "webhook       none; GitHub is asked for deliveries once a minute" in terminal.shown
    assert "answers       tassist setup --yes --save-answers FILE keeps them in a file" in terminal.shown
    for secret in (app.webhook_secret, app.client_secret):
        assert secret.reveal() not in terminal.shown
    if env:
        # A screen reader hears every line once: nothing is redrawn, no cursor moves.
        assert "\x1b" not in terminal.shown


def test_what_is_to_be_typed_next_names_the_folder_that_was_given(installing: Installing) -> None:
    folder = installing.folder / "another one"
    typed = ("setup", "--home", str(folder), "--answers", str(installing.answers()))

    left = installing.tassist(*typed, "--wait", "0", clicks=False)
    done = installing.tassist(*typed)

    named = f"--home '{folder}'"
    assert f"go on with: tassist setup {named}\n" in left.err
    assert f"tassist serve --poll {named}\n" in done.out
    assert f"tassist doctor {named}\n" in done.out
    assert f"tassist setup --yes --save-answers FILE {named}" in done.out


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


def test_a_browser_that_stays_in_the_foreground_holds_up_neither_the_page_nor_who_leaves(
    installing: Installing, tmp_path: Path
) -> None:
    with staying_browser(tmp_path / "browser") as browser:
        terminal = Terminal(installing, "setup", "--answers", str(installing.answers()), BROWSER=browser.command)
        terminal.expect("waiting for you to create the App")
        wait_for(lambda: browser.link, "the browser")
        page = httpx.get(browser.link, trust_env=False, timeout=30)
        terminal.expect("your browser has been opened")
        terminal.expect("Paste, or just wait:")
        terminal.types("quit")

        assert page.status_code == 200
        assert terminal.ends() == 8
        assert browser.stays


def test_a_browser_that_refuses_is_no_browser_that_was_opened(installing: Installing) -> None:
    terminal = Terminal(installing, "setup", "--answers", str(installing.answers()), BROWSER="false")
    terminal.expect("open the link in your browser")
    terminal.expect("Paste, or just wait:")
    terminal.types("quit")

    assert terminal.ends() == 8
    assert "has been opened" not in terminal.shown


def test_an_address_is_pasted_back_over_ssh(installing: Installing) -> None:
    path = str(installing.answers(create_with="paste"))
    terminal = Terminal(installing, "setup", "--answers", path, SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22")
    terminal.process.expect(r"browser to:")
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


async def test_what_takes_long_says_now_and_then_for_how_long_until_the_next_word(
    capsys: pytest.CaptureFixture[str],
) -> None:
    face = PlainFace({}, opens_browser=False, every_s=0.01)
    await face.say(News("see one real delivery …", Standing.CHECKED))
    said = ""
    async with asyncio.timeout(60):
        while said.count("still at it") < 2:
            await asyncio.sleep(0)
            said += capsys.readouterr().err
    await face.say(News("delivery ping: answered 202", Standing.APPLIED))

    assert "  still at it, for 0.02 s now" in said
    assert face._counting is None


@pytest.mark.parametrize("columns", [40, 80])
def test_h73_nothing_is_broken_in_a_word_however_narrow_the_terminal_is(installing: Installing, columns: int) -> None:
    terminal = Terminal(installing, "setup", "--plain", COLUMNS=str(columns), ACCESSIBLE="1")
    terminal.answers(
        "a new GitHub App, or is there one already?", "neither 日本語 of them, nor anything else that fits a line"
    )
    terminal.answers("error:", "?")
    terminal.answers("without this question", "1")
    terminal.answers("Which GitHub is it?", "http://169.254.169.254/")
    terminal.answers("error:", installing.running.url)
    terminal.answers("Who shall own the App?", "quit")
    terminal.expect("go on with: tassist setup")
    assert terminal.ends() == 130

    lines = [line.rstrip() for line in terminal.shown.replace("\r", "").split("\n")]
    long = [line for line in lines if cells(line) > columns and " " in line.strip() and "Answer" not in line]
    assert long == []
    assert any(line.startswith("  fix: ") for line in lines)


async def test_a_word_that_is_no_choice_is_answered_with_the_choices(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keyboard, terminal = os.openpty()
    face = PlainFace({"ACCESSIBLE": "1"}, opens_browser=False)
    failed = Failed(KeepSecrets(), "apply", (Problem("no", "that did not work"),))
    with os.fdopen(terminal) as typed, os.fdopen(keyboard, "wb", buffering=0) as keys:
        monkeypatch.setattr("sys.stdin", typed)
        keys.write(b"what?\nback\n")
        assert await face.failed(failed) == Signal.BACK
        keys.write(b"\n")
        assert await face.failed(failed) == Signal.AGAIN

    said = capsys.readouterr().err
    assert said.count("Type again, back or quit [again]:") == 3
    assert said.count("type again (or only Enter) to try once more, back for the question before, quit to leave") == 1
