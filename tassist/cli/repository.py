"""A repository as an argument: its name or the address of its page, judged before anything else is looked for."""

from __future__ import annotations

from typing import Any

import click
from typing_extensions import override


def named(given: str) -> str:
    """``OWNER/NAME``, also out of an address that was pasted.

    Raises:
        ProblemError: It is none.
    """
    from engine.problems import ProblemError
    from setup_wizard import values

    found = values.repository(given)
    if problems := values.repository_faults(found):
        raise ProblemError(problems)
    return found


class RepositoryName(click.ParamType):  # type: ignore[type-arg]  # generic only in later versions
    """What `named` gives; where it is none, the command ends as with any wrong use."""

    name = "repository"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return named(value)


REPOSITORY = RepositoryName()
