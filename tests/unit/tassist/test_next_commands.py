"""Commands to type next find the folder that was given with --home, and only those that take it name it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from tassist.cli.registry import VERBS
from tassist.config.typed import TAKE_HOME, with_home
from tassist.entry import run

HERE = " --home 'a b'"


def commands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from commands(f"{path} {name}", each)


def test_every_command_that_takes_a_folder_is_known_and_no_other() -> None:
    every = [found for verb in VERBS for found in commands(verb.name, import_module(verb.module).command)]

    assert {path for path, command in every if any("--home" in one.opts for one in command.params)} == TAKE_HOME


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("run tassist setup, or set GITHUB_APP_ID", "run tassist setup --home 'a b', or set GITHUB_APP_ID"),
        ("tassist setup --redo secrets moves them", "tassist setup --home 'a b' --redo secrets moves them"),
        ("then run: tassist migrate rollback a/b --yes", "then run: tassist migrate rollback --home 'a b' a/b --yes"),
        ("tassist switch status shows it; tassist switch prod --force takes it back",
         "tassist switch status --home 'a b' shows it; tassist switch prod --home 'a b' --force takes it back"),
        ("tassist switch points it elsewhere", "tassist switch points it elsewhere"),
        ("tassist rules list, or tassist config validate", "tassist rules list, or tassist config validate"),
        ("tassist doctor --home there", "tassist doctor --home there"),
        ("run tassist as its owner", "run tassist as its owner"),
    ],
)  # fmt: skip
def test_a_text_names_the_folder_in_what_is_to_be_typed(said: str, named: str) -> None:
    assert with_home(said, HERE) == named
    assert with_home(said, "") == said


@pytest.mark.parametrize("given", [["--home", "{}"], ["--home={}"]])
def test_a_fix_names_the_folder_that_was_typed(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a b"

    run(["sweep", "--all", *(one.format(folder) for one in given)])
    with_it = capsys.readouterr().err
    run(["sweep", "--all"])
    without = capsys.readouterr().err

    assert f"fix: run tassist setup --home '{folder}', or set GITHUB_APP_ID\n" in with_it
    assert "fix: run tassist setup, or set GITHUB_APP_ID\n" in without
