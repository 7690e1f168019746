"""Asks a person for a yes, where there is a person."""

from __future__ import annotations

import sys

import click

from engine.problems import Problem, ProblemError


def confirm(question: str, *, yes: bool, command: str) -> bool:
    """Whether to go on.

    Args:
        question: Ends with a question mark.
        yes: ``--yes`` was given.
        command: What to run instead where nobody can be asked.

    Raises:
        ProblemError: there is no terminal to ask at, and no ``--yes``.
    """
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ProblemError(
            Problem(
                "nobody-to-ask",
                "this changes the repository, and there is no terminal to ask at",
                "nothing was changed",
                f"look at the plan, then run: {command} --yes",
            )
        )
    return click.confirm(question, err=True)
