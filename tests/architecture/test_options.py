"""No option without a test: each is typed by one, or belongs to a question, whose forms a test compares."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator

import click

from setup_wizard.questions import QUESTIONS
from tassist.cli.registry import VERB_BY_NAME
from tests.architecture.test_words import ROOT, tracked

INSIDE = {"--end-with-stdin": "the demo starts its service with it, and tests of the demo see it end"}
"""What only the product itself types, and what would fail without it."""

_OPTION = re.compile(r"--[a-z][a-z-]+")


def options() -> Iterator[tuple[str, str]]:
    """Command and option."""

    def below(command: click.Command, words: str) -> Iterator[tuple[str, str]]:
        for one in command.params:
            if isinstance(one, click.Option):
                yield from ((words, name) for name in one.opts if name.startswith("--"))
        if isinstance(command, click.Group):
            for name, inner in command.commands.items():
                yield from below(inner, f"{words} {name}")

    for name, verb in VERB_BY_NAME.items():
        yield from below(importlib.import_module(verb.module).command, name)


def test_every_option_is_typed_by_a_test() -> None:
    typed: set[str] = set()
    for path in tracked(".py", ".yml", ".toml", ".md"):
        rooms = path.relative_to(ROOT).parts
        if rooms[0] == "tests" or rooms[:2] == ("docs", "tutorial"):
            typed |= set(_OPTION.findall(path.read_text()))
    of_questions = {f"--{question.id.replace('_', '-')}" for question in QUESTIONS}

    untyped = [f"{words} {name}" for words, name in options() if name not in typed | of_questions | INSIDE.keys()]

    assert untyped == []
