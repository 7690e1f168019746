"""What a configuration comes to: every value in force, and whether the file says it or a default does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from engine.config.checked import step
from engine.config.dump import to_data
from engine.config.findings import Findings
from engine.config.nodes import Json, Listing, Mapping, Node
from engine.config.reading import decode, read
from engine.config.types import Config
from engine.problems import Where


@dataclass(frozen=True, slots=True)
class Effective:
    """One value in force."""

    path: str
    value: Json
    """A scalar, or a list of scalars."""
    where: Where | None
    """``None``: the file does not say it, a default does."""


def effective(config: Config, source: str | bytes) -> tuple[Effective, ...]:
    """Every value in force, in the order of the reference page.

    Args:
        config: What `parse` made of ``source``.
        source: The file's bytes, or its text.
    """
    out = Findings()
    root = read(cast("str", decode(source, out)), out)
    return tuple(_walk(dict(to_data(config, defaults=True)), root, "", config.file))


def _walk(data: dict[str, Json], node: Node | None, path: str, file: str) -> Iterator[Effective]:
    entries = node.entries if isinstance(node, Mapping) else {}
    for key, value in data.items():
        entry = entries.get(key)
        yield from _value(value, entry[1] if entry else None, step(path, key), file)


def _value(value: Json, node: Node | None, path: str, file: str) -> Iterator[Effective]:
    if isinstance(value, dict):
        yield from _walk(value, node, path, file)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        items = cast("Listing", node).items  # no default is a list of records, so this one stands in the file
        for index, item in enumerate(value):
            yield from _value(item, items[index], f"{path}[{index}]", file)
    else:
        where = Where(file, node.line, node.column, path) if node is not None else None
        yield Effective(path, value, where)
