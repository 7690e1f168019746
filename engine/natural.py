"""Natural order of names, so that ``Sprint 10`` comes after ``Sprint 9``, and milestone patterns compared number by number."""

from __future__ import annotations

import re
from functools import lru_cache

NaturalKey = tuple[tuple[int, int, str], ...]

_DIGITS = re.compile(r"([0-9]+)")
_PLACEHOLDER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")


def natural_key(name: str) -> NaturalKey:
    """A sort key in which runs of digits compare as numbers, and the rest as text without case.

    Numbers are compared by their length and digits, so that one of ten thousand digits costs nothing and fits no limit.
    """
    return tuple(
        _number_key(part) if at % 2 else (1, 0, part.casefold()) for at, part in enumerate(_DIGITS.split(name)) if part
    )


def _number_key(digits: str) -> tuple[int, int, str]:
    significant = digits.lstrip("0")
    return (0, len(significant), significant)


class TitlePattern:
    """A milestone pattern such as ``Sprint {major}.{minor}``: each placeholder stands for one number."""

    __slots__ = ("_titles", "pattern")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        literals = [re.escape(part) for part in _PLACEHOLDER.split(pattern)]
        self._titles = re.compile("([0-9]+)".join(literals))

    def numbers(self, title: str) -> tuple[tuple[int, int, str], ...] | None:
        """The numbers in the title, comparable with those of another title; ``None`` where it does not match.

        Titles are compared exactly, as GitHub compares them.
        """
        found = self._titles.fullmatch(title)
        return None if found is None else tuple(_number_key(digits) for digits in found.groups())


@lru_cache(maxsize=1024)
def title_pattern(pattern: str) -> TitlePattern:
    """The compiled pattern; compiled once."""
    return TitlePattern(pattern)
