"""What the command line did not understand, in the words in which everything else is told."""

from __future__ import annotations

import re

import click

_RANGE = re.compile(r"(\S+) is not in the range (?:(\S+?)<=)?x(?:<=(\S+?))?\.")
_TYPES = (
    ("does not match the format '%Y-%m-%d'", "is not a day such as 2026-03-31"),
    ("is not a valid integer range", "is not a whole number"),
    ("is not a valid integer", "is not a whole number"),
    ("is not a valid float range", "is not a number"),
    ("is not a valid float", "is not a number"),
)


def words(error: click.ClickException) -> str:
    """One line: what is wrong."""
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and context is not None:
        group = context.command
        names = group.list_commands(context) if isinstance(group, click.Group) else ()
        return f"{context.command_path} needs one of its commands: {', '.join(names)}"
    said = " ".join(error.format_message().split())  # a list of choices comes as lines of their own
    for theirs, ours in _TYPES:
        said = said.replace(theirs, ours)
    return _RANGE.sub(_bounds, said)


def _bounds(found: re.Match[str]) -> str:
    given, least, most = found.groups()
    if least and most:
        return f"{given} is not between {least} and {most}."
    return f"{given} is less than {least}." if least else f"{given} is more than {most}."
