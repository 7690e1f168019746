"""What the structural stage leaves to later ones: valid values, each of which knows its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from engine.config.nodes import Mapping, Node
from engine.problems import Where

_SIMPLE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")


def step(path: str, key: str) -> str:
    """The path of a key below a path: ``a.b``, and ``a["b.c"]`` where a plain one would be misread."""
    if _SIMPLE_KEY.match(key):
        return f"{path}.{key}" if path else key
    quoted = key[:80].replace("\\", "\\\\").replace('"', '\\"')
    return f'{path}["{quoted}"]'


class Leaf:
    """A valid value and where it stands."""

    __slots__ = ("_file", "_node", "_path", "value")

    def __init__(self, value: str | int | bool, node: Node, path: str, file: str) -> None:  # noqa: FBT001 – it is data
        self.value = value
        self._node = node
        self._path = path
        self._file = file

    @property
    def where(self) -> Where:
        """Its place; made when asked for, as most are not."""
        return Where(self._file, self._node.line, self._node.column, self._path)


class Checked:
    """A record's valid values; an invalid or absent one is missing."""

    __slots__ = ("_file", "_node", "_path", "broken", "values")

    def __init__(self, node: Mapping, path: str, file: str) -> None:
        self._node = node
        self._path = path
        self._file = file
        self.values: dict[str, Value] = {}
        self.broken: set[str] = set()
        """Keys that are there, but wrong."""

    @property
    def where(self) -> Where:
        """Its place."""
        return Where(self._file, self._node.line, self._node.column, self._path)

    def place(self, name: str) -> Where:
        """Where the value of a key stands; the record's own place where there is none."""
        entry = self._node.entries.get(name)
        if entry is None:
            return self.where
        return Where(self._file, entry[1].line, entry[1].column, step(self._path, name))

    def text(self, name: str, default: str = "") -> str:
        """A text or word."""
        value = self.values.get(name)
        return value.value if isinstance(value, Leaf) and isinstance(value.value, str) else default

    def text_or_none(self, name: str) -> str | None:
        """A text or word, or ``None``."""
        return self.text(name) if name in self.values else None

    def number(self, name: str) -> int | None:
        """A whole number, or ``None``."""
        value = self.values.get(name)
        return value.value if isinstance(value, Leaf) and isinstance(value.value, int) else None

    def flag(self, name: str, *, default: bool) -> bool:
        """A truth value."""
        value = self.values.get(name)
        return value.value if isinstance(value, Leaf) and isinstance(value.value, bool) else default

    def leaves(self, name: str) -> tuple[Leaf, ...]:
        """A list of texts, each with its place."""
        value = self.values.get(name)
        return tuple(item for item in value if isinstance(item, Leaf)) if isinstance(value, list) else ()

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(str(leaf.value) for leaf in self.leaves(name))

    def record(self, name: str) -> Checked | None:
        """A nested record, or ``None``."""
        return cast("Checked | None", self.values.get(name))

    def records(self, name: str) -> tuple[Checked, ...]:
        """A list of records."""
        value = self.values.get(name)
        return tuple(item for item in value if isinstance(item, Checked)) if isinstance(value, list) else ()

    def pairs(self, name: str) -> Iterator[tuple[Leaf, Value]]:
        """A mapping with keys of its own: key (at its place) and value."""
        value = self.values.get(name)
        if isinstance(value, dict):
            yield from value.values()

    def record_pairs(self, name: str) -> Iterator[tuple[Leaf, Checked]]:
        """The same, where the values are records."""
        return ((key, value) for key, value in self.pairs(name) if isinstance(value, Checked))

    def leaf_pairs(self, name: str) -> Iterator[tuple[Leaf, Leaf]]:
        """The same, where the values are leaves."""
        return ((key, value) for key, value in self.pairs(name) if isinstance(value, Leaf))


Value = Leaf | Checked | list["Value"] | dict[str, tuple[Leaf, "Value"]]
