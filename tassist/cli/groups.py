"""Groups of commands whose help says each command's whole first sentence, and which know a word that was nearly right."""

from __future__ import annotations

import click

from engine.overriding import override

_WHOLE = 1000
"""Longer than any first sentence: click would cut one at the width of the terminal, where a second line does no harm."""


class Group(click.Group):
    """A verb with commands below it."""

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, one.get_short_help_str(_WHOLE)) for name, one in found if one is not None and not one.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
