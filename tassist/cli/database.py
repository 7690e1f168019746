"""The option that names a database instead of the file in the home folder, and what of it may be typed."""

from __future__ import annotations

import click

from engine.problems import Problem, ProblemError
from tassist.errors import Secret

OPTION = click.option(
    "--database",
    metavar="ADDRESS",
    help="Where the journal is, instead of a file: postgresql://USER@HOST/NAME, or service=NAME. No password here.",
)


def typed(text: str | None) -> Secret | None:
    """What was typed, unless it holds a password: every user of the machine sees a command's arguments.

    Raises:
        ProblemError: it does.
    """
    if text is None:
        return None
    from tassist.store.place import holds_password

    if holds_password(text):
        raise ProblemError(
            Problem(
                "password-in-arguments",
                "--database holds a password",
                "everybody on this machine can see a command's arguments, and the shell keeps them",
                "set TASSIST_DATABASE instead, or keep the password in ~/.pgpass or in ~/.pg_service.conf",
            )
        )
    return Secret(text)
