"""Natural order of names, so that ``phase-10`` comes after ``phase-9``."""

from __future__ import annotations

import re

NaturalKey = tuple[tuple[int, int, str], ...]

_DIGITS = re.compile(r"([0-9]+)")


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
