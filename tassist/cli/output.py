"""The only writer of stdout: data as text, JSON, or one JSON object a line."""

from __future__ import annotations

import sys

import msgspec

from tassist.text import safe_text


def line(text: str = "") -> None:
    """Write one line of our own words; values from outside pass `safe_text` before they get here."""
    sys.stdout.write(_encodable(text) + "\n")
    sys.stdout.flush()


def document(value: object) -> None:
    """Write one JSON document, indented, keys in the order given."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode() + "\n")
    sys.stdout.flush()


def ndjson(value: object) -> None:
    """Write one JSON object on one line."""
    sys.stdout.write(msgspec.json.encode(value, enc_hook=str).decode() + "\n")
    sys.stdout.flush()


def table(rows: list[tuple[object, ...]], *, header: tuple[str, ...]) -> None:
    """Write columns, aligned; every cell is made safe here."""
    cells = [header, *[tuple(safe_text(cell, max_chars=80) for cell in row) for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for row in cells:
        line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _encodable(text: str) -> str:
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
