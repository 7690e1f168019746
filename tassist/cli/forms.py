"""Commands as data, for whoever shows them otherwise: their words, options and help, read from what the command line runs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import click

from tassist.cli.registry import VERB_BY_NAME
from tassist.opening import Form, Parameter


def forms_of(verb: str) -> tuple[Form, ...]:
    """A verb, and every command below it."""
    return tuple(_forms(importlib.import_module(VERB_BY_NAME[verb].module).command, (verb,)))


def _forms(command: click.Command, words: tuple[str, ...]) -> Iterator[Form]:
    yield Form(
        words,
        command.get_short_help_str(200),
        tuple(_parameter(one) for one in command.params if not getattr(one, "hidden", False)),
        runs=not isinstance(command, click.Group) or command.invoke_without_command,
    )
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _forms(below, (*words, name))


def _parameter(one: click.Parameter) -> Parameter:
    context = click.Context(click.Command("none"))
    if not isinstance(one, click.Option):
        return Parameter(one.make_metavar(context), "a word in its place", needed=one.required)
    name = max(one.opts, key=len)
    takes = "" if one.is_flag or one.count else one.make_metavar(context)
    return Parameter(name, one.help or "", takes, needed=one.required)
