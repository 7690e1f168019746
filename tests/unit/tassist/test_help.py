"""Every problem can be looked up by its code, every command by its name, and a shell completes both."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tassist.entry import run
from tassist.services.help import codes
from tests.support import problems


def test_every_problem_of_the_source_is_found_with_its_words() -> None:
    found = problems.problems()

    assert problems.literal_codes() <= set(found)
    silent = [code for code, told in found.items() if not (told.what or told.why or told.fix)]
    assert silent == []


def test_a_code_is_explained_with_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", "port-in-use"]) == 0

    said = capsys.readouterr().out
    assert "another program listens on that port" in said
    assert "Exit code 5." in said


def test_a_code_is_a_document_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", "--json", "no-such-delivery"]) == 0

    said = json.loads(capsys.readouterr().out)
    assert (said["code"], said["family"], said["exit_code"]) == ("no-such-delivery", "yours", 2)


def test_a_mistyped_code_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", "port-in-us"]) == 2

    assert "port-in-use" in capsys.readouterr().err


def test_a_command_is_explained_as_its_own_help_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", "deliveries", "search"]) == 0
    explained = capsys.readouterr().out
    assert run(["deliveries", "search", "--help"]) == 0

    assert explained == capsys.readouterr().out


def test_all_problems_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", "--problems"]) == 0

    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]}
    assert listed == set(codes())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script_that_asks_tassist(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0

    script = capsys.readouterr().out
    assert f"_TASSIST_COMPLETE={shell}_complete" in script
    assert 'string split ","' not in script, "fish would cut what a command does at its first comma"


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_a_command_and_its_options(tmp_path: Path, project_root: Path) -> None:
    command = tmp_path / "tassist"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tassist "$@"\n')
    command.chmod(0o755)

    def completed(*words: str) -> list[str]:
        script = (
            f"source <(tassist completion bash); COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}\n"
            '_tassist_completion tassist; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": str(project_root), "HOME": str(tmp_path)}
        done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, timeout=120)
        return done.stdout.split()

    assert completed("tassist", "deli") == ["deliveries"]
    assert "--problems" in completed("tassist", "help", "--p")
    assert completed("tassist", "help", "port-in") == ["port-in-use"]
    assert completed("tassist", "help", "deliveries", "se") == ["search"]


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes_a_command_with_what_it_does(tmp_path: Path, project_root: Path) -> None:
    command = tmp_path / "tassist"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tassist "$@"\n')
    command.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": str(project_root), "HOME": str(tmp_path)}
    script = 'tassist completion fish | source; complete --do-complete "tassist de"'

    done = subprocess.run(["fish", "--no-config", "-c", script], env=env, capture_output=True, text=True, timeout=120)

    assert "deliveries\tLook at deliveries: list, search, compare, edit, send again.\n" in done.stdout, done.stderr


def test_the_man_page_is_the_same_in_every_locale_and_no_reader_complains(project_root: Path) -> None:
    page = project_root / "docs" / "reference" / "tassist.1"

    assert page.read_bytes().isascii()
    if shutil.which("man"):
        shown = subprocess.run(
            ["man", "--warnings", "-l", str(page)],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            capture_output=True,
            timeout=60,
        )
        assert shown.stderr == b""
        assert b"TASSIST(1)" in shown.stdout
