"""The command itself, at the edges of a process: its start, its streams, files without an end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tassist.entry import run

TASSIST = f"{sys.executable} -m tassist"


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """What a person types."""
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("module", ["click", "tassist.cli.app", "tassist.services.rules"])
def test_ctrl_c_while_modules_are_loaded_is_answered_in_a_word(module: str) -> None:
    code = (
        "import sys\n"
        "class Ctrl_C:\n"
        f"    def find_spec(self, name, *rest):\n        if name == {module!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Ctrl_C())\n"
        "from tassist.entry import main\nmain(['rules', 'list'])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert done.returncode == 130
    assert done.stderr.split() == ["stopped"]
    assert done.stdout == ""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_bug(closed: str) -> None:
    done = shell(f"{TASSIST} rules list {closed}")

    assert done.returncode == 0
    assert done.stderr == ""
    assert (">&-" in closed.replace("2>&-", "")) != ("track.classify" in done.stdout)


def test_a_closed_error_stream_keeps_the_exit_code(tmp_path: Path) -> None:
    assert shell(f"{TASSIST} config validate {tmp_path}/none.yml 2>&-").returncode == 2


def test_a_code_is_kept_where_nobody_reads_the_last_words_any_more() -> None:
    code = "import sys; from tassist import entry; sys.stdout.write('left over'); entry.main(['nonsense'])"
    reading, writing = os.pipe()
    os.close(reading)

    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, env=buffered
    )
    os.close(writing)

    assert done.returncode == 2, "and not Python's 120"
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("verb", ["rules list", "rules list --json"])
def test_h27_output_onto_a_full_disk_says_so_once(verb: str) -> None:
    done = shell(f"{TASSIST} {verb} >/dev/full")

    assert done.returncode == 5
    assert done.stderr.splitlines()[:2] == ["error: could not write the output", "  why: the disk is full"]
    assert "--home" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero")
@pytest.mark.parametrize(
    ("verb", "code"),
    [
        ("demo --seed /dev/zero", 2),
        ("demo --config /dev/zero", 2),
        ("contract verify --config /dev/zero", 2),
        ("config simulate --config /dev/zero --over .", 1),
    ],
)
def test_a_file_without_an_end_is_read_no_further_than_allowed(verb: str, code: int) -> None:
    done = shell(f"ulimit -v 4000000; {TASSIST} {verb}")

    assert done.returncode == code, done.stderr
    assert "at most" in done.stderr
    assert "bug" not in done.stderr


def test_upgrade_shows_no_difference_where_it_can_read_nothing(tmp_path: Path) -> None:
    path = tmp_path / "old.yml"
    path.write_bytes(b"version: 1\n# caf\xe9\n")

    done = shell(f"{TASSIST} config upgrade --write {path}")

    assert done.returncode == 2
    assert done.stdout == ""
    assert "the byte 0xe9 is no UTF-8" in done.stderr
    assert path.read_bytes() == b"version: 1\n# caf\xe9\n"


def test_on_windows_it_says_in_words_where_it_runs() -> None:
    code = (
        "import sys\nfrom tassist.entry import main\nimport tassist.cli.diagnostics, engine.problems, tassist.errors\n"
        "sys.platform = 'win32'\nmain(['rules', 'list'])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert done.stdout == ""
    assert "Windows" in done.stderr
    assert "fix: run it in WSL" in done.stderr


@pytest.mark.parametrize("verb", [["serve", "--headless"], ["worker", "--looks", "4"]])
def test_a_database_is_named_by_an_option_that_takes_no_password(verb: list[str], tmp_path: Path) -> None:
    home = f"--home {tmp_path}"
    with_password = shell(f"{TASSIST} {' '.join(verb)} {home} --database postgresql://me:hunter2hunter2@h/db")
    nowhere = shell(f"{TASSIST} {' '.join(verb)} {home} --database postgresql://me@127.0.0.1:9/db")

    assert with_password.returncode == 2, with_password.stderr
    assert "hunter2" not in with_password.stdout + with_password.stderr
    assert nowhere.returncode != 0
    assert "no database is named" not in nowhere.stderr


@pytest.mark.parametrize("verb", ["serve --headless", "worker"])
def test_what_is_no_address_of_a_database_is_said_before_what_else_is_missing(verb: str, tmp_path: Path) -> None:
    done = shell(f"{TASSIST} {verb} --home {tmp_path} --database wrong")

    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: the database's connection string cannot be read\n")
    assert "the GitHub App's id is not known" in done.stderr


def test_as_many_looks_at_once_as_a_worker_can_have() -> None:
    assert "0 is not between 1 and 256." in shell(f"{TASSIST} worker --looks 0").stderr
    assert "no database is named" in shell(f"{TASSIST} worker --looks 256").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["config"], "error: tassist config needs one of its commands: init, schema, "),
        (["migrate"], "error: tassist migrate needs one of its commands: apply, audit, "),
        (["demo", "--port", "x"], "'x' is not a whole number."),
        (["demo", "--port", "70000"], "70000 is not between 0 and 65535."),
        (["doctor", "--timeout", "soon"], "'soon' is not a number."),
        (["dashboard", "build", "--as-of", "soon"], "'soon' is not a day such as 2026-03-31."),
        (["completion"], "Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish"),
    ],
)
def test_a_mistyped_line_is_answered_in_one_line_and_where_help_is(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2

    first, fix = capsys.readouterr().err.splitlines()
    assert said in first
    assert fix.startswith("  fix: tassist ")


@pytest.mark.parametrize(
    "verb", ["plan", "apply", "scaffold", "sweep", "migrate plan", "migrate apply", "migrate shadow start"]
)
def test_a_wrong_name_of_a_repository_is_told_before_anything_else_is_looked_for(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of `plan`, 2 would say that there are changes (docs/decisions/0007-exit-code-two.md).
    assert run([*verb.split(), "acme"]) == (1 if verb == "plan" else 2)

    assert "error: 'acme' is not the name of a repository" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "meant"),
    [(["serv"], "serve"), (["doctr"], "doctor"), (["config", "valdate"], "validate"), (["migrate", "plann"], "plan")],
)
def test_a_word_that_was_nearly_right_says_which_was_meant(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    assert f"Did you mean '{meant}'?" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["config", "deliveries", "migrate", "setup", "store", "telemetry"])
def test_help_says_whole_sentences_of_the_commands_below(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb, "--help"]) == 0
    commands = capsys.readouterr().out.partition("\nCommands:\n")[2]
    assert commands
    assert "..." not in commands
