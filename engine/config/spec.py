"""The few kinds of thing a declaration is made of; the parser, the JSON Schema and the reference page all read them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, eq=False)
class Text:
    """A text. Its pattern is written so that Python and JavaScript read it alike."""

    max_chars: int
    pattern: str = ""
    says: str = "text"
    """What it takes, after "takes": ``a label's name of at most 50 characters``."""
    date: bool = False
    min_chars: int = 0

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern, ready for use."""
        return re.compile(self.pattern)

    def fits(self, text: str) -> bool:
        """Whether the text is of this form."""
        if not self.min_chars <= len(text) <= self.max_chars:
            return False
        return not self.pattern or self.compiled.match(text) is not None


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    low: int
    high: int
    says: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, eq=False)
class Choice:
    """One of some words, each with what it means."""

    words: tuple[tuple[str, str], ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The words alone."""
        return tuple(word for word, _ in self.words)


@dataclass(frozen=True, slots=True)
class ListOf:
    """Any number of the same, up to a bound."""

    item: Spec
    max_items: int
    min_items: int = 0


@dataclass(frozen=True, slots=True)
class Field:
    """A key of a record."""

    name: str
    spec: Spec
    help: str
    required: bool = False
    default: str = ""
    """As the reference page shows it."""
    former: tuple[str, ...] = ()
    """What older forms called it: `tassist config upgrade` rewrites these."""


@dataclass(frozen=True, eq=False)
class Record:
    """A mapping with known keys."""

    name: str
    help: str
    fields: tuple[Field, ...]
    open: bool = False
    """Whether unknown keys are only warned of."""
    not_both: tuple[tuple[str, str], ...] = ()
    exactly_one: tuple[str, ...] = ()
    """One of these keys is needed, and only one."""

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Its keys' declarations."""
        return {field.name: field for field in self.fields}


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping whose keys the file chooses."""

    key: Text
    value: Spec
    key_name: str
    """What a key is, for the reference page: ``group``."""
    refused: tuple[tuple[str, str], ...] = ()
    """Keys of older forms, with today's name."""


Spec = Text | Whole | Flag | Choice | ListOf | Record | MapOf
