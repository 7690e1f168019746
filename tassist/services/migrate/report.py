"""Writes a comparison to files: one page of HTML, and Markdown for a pull request."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.problems import ProblemError
from migrations.compare import words
from migrations.model import Comparison
from tassist.errors import os_problem, redact
from tassist.text import safe_text


def clean(text: str) -> str:
    """Text from outside, for a page or a terminal; a credential that stands in a repository is not repeated."""
    return safe_text(redact(text), max_chars=2000)


def redacted(value: Any) -> Any:
    """Plain data with no credential in it."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redacted(key): redacted(one) for key, one in value.items()}
    return [redacted(one) for one in value] if isinstance(value, list | tuple) else value


def files(comparison: Comparison, *, html: Path | None, markdown: Path | None) -> Iterator[tuple[Path, str]]:
    """Each file that is wanted, with its text."""
    if html is not None:
        yield html, words.page(comparison, clean)
    if markdown is not None:
        yield markdown, words.markdown(comparison, clean)


def save(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        ProblemError: it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise ProblemError(os_problem(error, doing="write the report to")) from error
