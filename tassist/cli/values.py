"""Kinds of values on the command line that several commands take."""

from __future__ import annotations

import os
import re
from typing import Any

import click

from engine.overriding import override


class _Path(click.Path):
    """A file or folder, which a variable of a script that is not set does not name.

    Whether it can be read is left to whoever reads it: the system says what is wrong with it.
    """

    def __init__(self) -> None:
        from pathlib import Path

        super().__init__(path_type=Path, readable=False)

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not os.fspath(value):
            self.fail("it is empty; name a file or a folder.", param, ctx)
        return super().convert(value, param, ctx)


class _Repo(click.ParamType[str]):
    """A repository's name, or an account's where that will do."""

    def __init__(self, form: str, pattern: str) -> None:
        self.name = form
        self._pattern = re.compile(pattern)

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not self._pattern.fullmatch(text):
            self.fail(f"{text!r} is not of the form {self.name}.", param, ctx)
        return text


PATH = _Path()
REPO = _Repo("OWNER/NAME", r"[^/\s]+/[^/\s]+")
REPO_OR_OWNER = _Repo("OWNER or OWNER/NAME", r"[^/\s]+(/[^/\s]+)?")
