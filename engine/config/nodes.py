"""What a YAML file is made of here: scalars, mappings and lists, each at its line and column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Protocol

JsonScalar = str | int | float | bool | None
Json = JsonScalar | list["Json"] | dict[str, "Json"]


class Mark(Protocol):
    """A place in the text as the YAML parser gives it, counted from 0."""

    line: int
    column: int
    index: int


class _Placed:
    """Begins at a mark; lines and columns are counted from 1 only when somebody asks."""

    __slots__ = ("behind", "mark")

    def __init__(self, mark: Mark, behind: Mark) -> None:
        self.mark = mark
        self.behind = behind

    @property
    def line(self) -> int:
        """From 1."""
        return self.mark.line + 1

    @property
    def column(self) -> int:
        """From 1, in characters."""
        return self.mark.column + 1

    @property
    def start(self) -> int:
        """Offset of its first character in the text."""
        return self.mark.index

    @property
    def end(self) -> int:
        """Offset behind its last character."""
        return self.behind.index


class Scalar(_Placed):
    """One value as it stands in the file."""

    __slots__ = ("plain", "text")

    def __init__(self, text: str, mark: Mark, behind: Mark, *, plain: bool) -> None:
        super().__init__(mark, behind)
        self.text = text
        self.plain = plain
        """Written without quotes, so it may be a number, a truth value or nothing at all."""


class Mapping(_Placed):
    """Keys and values in the order of the file; keys are text and unique."""

    __slots__ = ("entries", "flow")

    def __init__(self, mark: Mark, *, flow: bool) -> None:
        super().__init__(mark, mark)
        self.flow = flow
        self.entries: dict[str, tuple[Scalar, Node]] = {}


class Listing(_Placed):
    """Entries in the order of the file."""

    __slots__ = ("flow", "items")

    def __init__(self, mark: Mark, *, flow: bool) -> None:
        super().__init__(mark, mark)
        self.flow = flow
        self.items: list[Node] = []


class Unreadable(_Placed):
    """Stands where something was refused and has been reported, so that nothing more is said about it."""

    __slots__ = ()


Node = Scalar | Mapping | Listing | Unreadable
Kind = Literal["text", "null", "bool", "int", "float"]

# The core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema), which is what editors and JavaScript read:
# `no`, `on`, `off`, 12:30 and 2026-12-31 are text.
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z|[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z"
)
_MOST_DIGITS = 40
"""Longer ones are far beyond every bound, and told as readers of JSON do: a float."""
_MAYBE_NUMBER = frozenset("0123456789+-.")
_MAYBE_OTHER = frozenset("~nNtTfF0123456789+-.")
AMBIGUOUS = re.compile(r"[-+]?0[0-9_]+\Z|0o[0-7]+\Z|[-+]?0b[01_]+\Z")
"""Numbers that readers of YAML 1.1 and 1.2 take for different ones: ``010`` is 8 to one and 10 to the other."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A scalar's value as JSON has it."""

    kind: Kind
    value: JsonScalar


def is_text(node: Scalar) -> bool:
    """Whether the scalar is text by the core schema; the same as `resolve`, sooner."""
    if not node.plain:
        return True
    text = node.text
    return bool(text) and (text[0] not in _MAYBE_OTHER or resolve(node).kind == "text")


def is_null(node: Node) -> bool:
    """Whether nothing stands there."""
    return isinstance(node, Scalar) and node.plain and node.text in _NULL


def resolve(node: Scalar) -> Resolved:
    """What the scalar means by the core schema of YAML 1.2."""
    text = node.text
    if not node.plain:
        return Resolved("text", text)
    if text in _NULL:
        return Resolved("null", None)
    if text in _BOOL:
        return Resolved("bool", _BOOL[text])
    if text[0] in _MAYBE_NUMBER:
        if len(text) <= _MOST_DIGITS and _INT.match(text):
            base = {"0o": 8, "0x": 16}.get(text[:2], 10)
            return Resolved("int", int(text, base))
        if _FLOAT.match(text):
            return Resolved("float", float(text.lower().replace(".inf", "inf").replace(".nan", "nan")))
    return Resolved("text", text)


def to_json(node: Node) -> Json:
    """The node as a JSON document, as an editor hands it to a schema; what was refused becomes null."""
    if isinstance(node, Scalar):
        return resolve(node).value
    if isinstance(node, Mapping):
        return {key: to_json(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, Listing):
        return [to_json(item) for item in node.items]
    return None
