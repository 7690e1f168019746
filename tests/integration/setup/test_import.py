"""An App is brought along from another machine as one line, to a machine that has none, has another, or has it already."""

from __future__ import annotations

import json

from tassist import secrets
from tests.support.installing import Elsewhere, Installing
from tests.support.installing_terminal import Terminal


def imported(installing: Installing, elsewhere: Elsewhere, *more: str, **env: str) -> tuple[int, str, str]:
    args = ("--webhook", "poll", "--keep-secrets-in", "file", "--yes", *more)
    with_passphrase = {"TASSIST_SETUP_PASSPHRASE": elsewhere.passphrase, **env}
    done = installing.tassist(
        "setup",
        "--app",
        "import",
        "--bundle",
        f"file:{elsewhere.file}",
        *args,
        clicks=True,
        timeout_s=90,
        **with_passphrase,
    )
    return done.code, done.out, done.err


def test_the_app_of_the_line_takes_the_place_of_another_one_of_the_same_github(
    installing: Installing, elsewhere: Elsewhere
) -> None:
    assert installing.tassist("setup", "--answers", str(installing.answers())).code == 0
    before = secrets.read(secrets.credentials_path(installing.home))

    code, out, err = imported(installing, elsewhere, "--json")

    assert code == 0, err
    here = secrets.read(secrets.credentials_path(installing.home))
    assert (here.app_id, here.private_key) == (elsewhere.app.app_id, elsewhere.app.private_key)
    assert json.loads(out)["app_id"] == elsewhere.app.app_id
    assert f"Tidy of theirs (App ID {here.app_id}) of ann" in " ".join(err.split())
    assert f"Tidy of mine (App ID {before.app_id}) aside" in " ".join(err.split())
    aside = secrets.read(installing.home / f"github-app.{before.app_id}.json")
    assert aside.private_key == before.private_key

    # The journal holds no line: another start asks for none, and finds everything so already.
    again = installing.tassist("setup", "--yes", "--json")
    assert again.code == 0, again.err
    assert set(json.loads(again.out)["changed"]) <= {"health"}


def test_a_github_beside_the_line_is_said_not_to_count_or_refused(installing: Installing, elsewhere: Elsewhere) -> None:
    code, _, err = imported(installing, elsewhere, "--github", "https://ghe.acme.example")

    assert code == 2
    assert "github is given as 'https://ghe.acme.example'" in err
    assert "Tidy of theirs" in err
    assert not secrets.credentials_path(installing.home).exists()
    code, _, err = imported(installing, elsewhere, TASSIST_SETUP_GITHUB=installing.running.url)
    assert code == 0, err
    assert "the answer to github is not used" in " ".join(err.split())


def test_a_wrong_passphrase_is_asked_for_again_and_the_question_comes_with_its_text(
    installing: Installing, elsewhere: Elsewhere
) -> None:
    terminal = Terminal(
        installing, "setup", "--plain", "--bundle", f"file:{elsewhere.file}", "--keep-secrets-in", "file"
    )
    terminal.answers("a new GitHub App, or is there one already?", "3")
    terminal.answers("And its passphrase?", "abcde-fghjk")
    terminal.answers("How does GitHub reach this machine?", "4")
    terminal.expect("And its passphrase?")
    terminal.expect("error: passphrase: the passphrase does not open the line")
    terminal.process.expect(r"Answer[^\r\n]*:")
    terminal.types(elsewhere.passphrase)
    terminal.expect("Tidy of theirs (App ID")
    terminal.expect("Go on?")
    assert not secrets.credentials_path(installing.home).exists()
    terminal.types("")
    terminal.expect("Which repositories")
    terminal.process.sendcontrol("c")
    assert terminal.ends() == 130
    assert "Which GitHub" not in terminal.shown
    assert elsewhere.passphrase not in installing.every_byte()


def test_a_line_that_was_cut_is_told_from_a_wrong_passphrase(installing: Installing, elsewhere: Elsewhere) -> None:
    elsewhere.file.write_text(elsewhere.file.read_text().strip()[:-40])

    code, _, err = imported(installing, elsewhere)

    assert code == 2
    assert "the line is not whole" in err
    assert not secrets.credentials_path(installing.home).exists()
