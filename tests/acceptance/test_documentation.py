"""What the documentation tells a person to type is typed here, to the letter."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from tassist.cli.registry import VERB_BY_NAME

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path for folder in ("tutorial", "how-to") for path in (ROOT / "docs" / folder).glob("*.md"))
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
_EXIT = re.compile(r"\s+# exit (\d+)$")


def typed(page: Path) -> list[tuple[str, int]]:
    """Every line to type, with the exit code the page names for it."""
    lines = [
        line[2:] for block in _BLOCK.findall(page.read_text()) for line in block.splitlines() if line.startswith("$ ")
    ]
    return [(_EXIT.sub("", line), int(found[1]) if (found := _EXIT.search(line)) else 0) for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if typed(page)], ids=lambda page: page.stem)
def test_every_command_of_a_page_does_what_the_page_says(page: Path, tmp_path: Path) -> None:
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "tassist").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tassist "$@"\n')
    (commands / "tassist").chmod(0o755)
    here = tmp_path / "here"
    here.mkdir()
    shutil.copytree(ROOT / "examples", here / "examples")
    env = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    with contextlib.ExitStack() as beside:
        for line, code in typed(page):
            if "--keep" in line:
                beside.enter_context(kept(line, here, env))
                continue
            done = subprocess.run(["sh", "-c", line], cwd=here, env=env, capture_output=True, text=True, timeout=300)
            assert done.returncode == code, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            assert "Traceback" not in done.stderr


@contextlib.contextmanager
def kept(line: str, here: Path, env: dict[str, str]) -> Iterator[None]:
    """The demo of another terminal: running once it says so, ended by Ctrl-C."""
    talk = here.parent / "demo.err"
    with talk.open("w") as err, (here.parent / "demo.out").open("w") as out:
        demo = subprocess.Popen(["sh", "-c", f"exec {line}"], cwd=here, env=env, stdout=out, stderr=err)
    try:
        until = time.monotonic() + 300
        while "Still running" not in talk.read_text():
            assert demo.poll() is None, talk.read_text()[-2000:]
            assert time.monotonic() < until, talk.read_text()[-2000:]
            time.sleep(0.1)
        yield
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(60)
    assert demo.returncode == 0, talk.read_text()[-2000:]
    assert "Traceback" not in talk.read_text()


WORDS = re.compile(r"`(?:\w+=\S+ )*(tassist [^`]+)`")


def named(page: Path) -> list[str]:
    """Every command of ours a page names, in blocks and in sentences."""
    text = page.read_text()
    blocks = re.findall(r"```(?:sh|console|text|bash)?\n(.*?)```", text, re.DOTALL)
    lines = [re.sub(r"^\$ ", "", line.strip()) for block in blocks for line in block.splitlines()]
    found = [line for line in lines if line.startswith("tassist ")]
    return found + WORDS.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL))


EVERYWHERE = [
    ROOT / "README.md",
    ROOT / "AGENTS.md",
    ROOT / "SECURITY.md",
    ROOT / "CHANGELOG.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "reference"),
]


@pytest.mark.parametrize("page", [p for p in EVERYWHERE if named(p)], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_a_page_names_is_one_the_command_line_takes(page: Path) -> None:
    wrong = [f"{line}: {problem}" for line in named(page) if (problem := refused(line))]

    assert wrong == []


def refused(line: str) -> str | None:
    """Why the command line would not take these words; a sentence may name a command without its arguments."""
    line = re.sub(r"\$\([^)]*\)", "X", line)
    words = shlex.split(re.split(r" [|>&…]|  +", line)[0].replace("…", ""), comments=True)[1:]
    while words and words[0].startswith("-"):
        words.pop(0)
    if not words or words[0] == "COMMAND":
        return None
    name = words.pop(0)
    for name in name.split("|"):  # noqa: B020 – `plan|apply` names two
        if name not in VERB_BY_NAME:
            return f"no command {name}"
    command = import_module(VERB_BY_NAME[name].module).command
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if not set(words[0].split("|")) <= set(command.commands):
            if command.invoke_without_command or type(command) is not click.Group:
                break
            return f"no command {words[0]}"
        command = command.commands[words.pop(0).split("|")[0]]
    try:
        command.parse_args(click.Context(command, info_name=name, resilient_parsing=False), words)
    except (click.MissingParameter, click.exceptions.NoArgsIsHelpError):
        return None
    except click.exceptions.Exit:
        return None
    except click.UsageError as error:
        return str(error)
    return None


def test_the_readme_names_commands_that_exist() -> None:
    mentioned = re.findall(r"`tassist ([a-z]+)", (ROOT / "README.md").read_text())

    assert set(mentioned) <= set(VERB_BY_NAME)


FOLLOWED = {
    "first-installation": "tests/integration/setup/test_pages.py",
    "install-for-an-organisation": "tests/integration/setup/test_pages.py",
    "install-over-ssh": "tests/integration/setup/test_pages.py",
    "use-enterprise-server": "tests/integration/setup/test_pages.py",
    "move-to-another-machine": "tests/integration/setup/test_pages.py",
    "rotate-a-leaked-key": "tests/integration/setup/test_rotate.py",
    "build-the-dashboard": "tests/acceptance/test_pages_of_figures.py",
    "migrate": "tests/acceptance/test_migration_guide.py",
    "find-out-what-is-wrong": "tests/integration/setup/test_pages.py",
    "postgresql": "tests/integration/setup/test_pages.py",
    "put-it-behind-a-reverse-proxy": "tests/integration/setup/test_pages.py",
    "use-a-tunnel": "tests/integration/setup/test_pages.py",
    "use-the-console": "tests/integration/setup/test_pages.py",
}
"""Page → the test that follows it, where what it says to type needs more than a folder and a box."""


def test_every_page_that_says_what_to_type_is_followed_by_a_test() -> None:
    blocks = {page.stem: re.findall(r"```(?!console)\w*\n(.*?)```", page.read_text(), re.DOTALL) for page in PAGES}
    told = {
        page
        for page, found in blocks.items()
        if re.search(r"^\s*(?:\$ )?tassist [a-z|]*", "\n".join(found), re.MULTILINE)
    }

    assert told == set(FOLLOWED)
    assert [name for name in FOLLOWED.values() if not (ROOT / name).exists()] == []
