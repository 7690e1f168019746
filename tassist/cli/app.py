"""The root of the command line; commands are imported only when they are used."""

from __future__ import annotations

import importlib
from typing import cast

import click

from engine.overriding import override
from tassist import __version__
from tassist.cli.registry import VERB_BY_NAME, VERBS


class LazyGroup(click.Group):
    """Knows its commands by name and help, and imports one when it is called."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [verb.name for verb in VERBS]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        verb = VERB_BY_NAME.get(cmd_name)
        if verb is None:
            return None
        return cast("click.Command", importlib.import_module(verb.module).command)

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            # Click looks for what is alike among commands it holds, and none is held here before it is called.
            raise click.exceptions.NoSuchCommand(
                error.command_name, possibilities=self.list_commands(ctx), ctx=ctx
            ) from None

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not VERBS:
            return
        with formatter.section("Commands"):
            formatter.write_dl([(verb.name, verb.help) for verb in VERBS])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start here: tassist demo",
)
@click.version_option(__version__, prog_name="tassist", message="%(prog)s %(version)s")
def root() -> None:
    """Keep the issues of a GitHub repository in order, and explain every decision."""
