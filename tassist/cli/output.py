"""The only writer of stdout: data as text, JSON, or one JSON object a line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import msgspec

from engine.problems import ProblemError
from tassist.errors import Exit, os_problem
from tassist.text import safe_text


def line(text: str = "") -> None:
    """Write one line of our own words; values from outside pass `safe_text` before they get here."""
    _write(_encodable(text) + "\n")


def document(value: object) -> None:
    """Write one JSON document, indented, keys in the order given."""
    _write(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode() + "\n")


def ndjson(value: object) -> None:
    """Write one JSON object on one line."""
    _write(msgspec.json.encode(value, enc_hook=str).decode() + "\n")


def raw(data: bytes) -> None:
    """Write bytes as they are, for exports of any size; `flush` ends them."""
    with _reader():
        sys.stdout.buffer.write(data)


def flush() -> None:
    """Hand on what `raw` has written."""
    with _reader():
        sys.stdout.flush()


def table(rows: list[tuple[object, ...]], *, header: tuple[str, ...]) -> None:
    """Write columns, aligned; every cell is made safe here."""
    cells = [header, *[tuple(safe_text(cell, max_chars=80) for cell in row) for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for row in cells:
        line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _write(text: str) -> None:
    with _reader():
        sys.stdout.write(text)
        sys.stdout.flush()


@contextmanager
def _reader() -> Iterator[None]:
    """A reader that has gone (`| head`) is no error: the command ends, and nothing is said; a full disk is one."""
    try:
        yield
    except BrokenPipeError:
        # Whatever is still in the buffer must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(Exit.OK) from None
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ProblemError(os_problem(error, doing="write the output")) from None


def _encodable(text: str) -> str:
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
