"""Every command on the pages about installing is one that the command line takes."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest

from setup_wizard import answers
from setup_wizard.questions import QUESTIONS
from tassist.cli.registry import VERB_BY_NAME

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    "tutorial/first-installation",
    "how-to/install-for-an-organisation",
    "how-to/use-enterprise-server",
    "how-to/install-over-ssh",
    "how-to/move-to-another-machine",
]


def commands(page: str) -> list[list[str]]:
    """The words of every command of ours, in blocks and in sentences."""
    text = (ROOT / "docs" / f"{page}.md").read_text()
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    lines += re.findall(r"`(tassist [^`]+)`", text)
    return [shlex.split(line.split(" > ")[0])[1:] for line in lines if line.startswith("tassist ")]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_taken(page: str) -> None:
    found = commands(page)

    assert found
    for name, *words in found:
        command = import_module(VERB_BY_NAME[name].module).command
        if words and isinstance(command, click.Group) and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        context = click.Context(command, info_name=name, allow_interspersed_args=True)
        command.parse_args(context, words)


@pytest.mark.parametrize("example", sorted((ROOT / "examples" / "answers").glob("*.toml")), ids=lambda path: path.stem)
def test_an_example_of_answers_holds_good_answers(example: Path) -> None:
    _, problems = answers.load(example.read_text(), QUESTIONS, name=example.name)

    assert problems == ()
