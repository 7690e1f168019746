"""Patterns of a configuration: regular expressions in linear time, and milestone titles with numbers in them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

from engine.config.limits import MAX_PATTERN_MEMORY

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_MAX_DIGITS = 18


def _options() -> Any:
    options = re2.Options()
    options.max_mem = MAX_PATTERN_MEMORY
    options.log_errors = False
    return options


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Any:
    """An RE2 pattern; matching takes time in proportion to the text, whatever the pattern.

    Raises:
        ValueError: with what is wrong, in words.
    """
    try:
        return re2.compile(pattern, options=_options())
    except re2.error as error:
        raise ValueError(_in_words(pattern, error)) from None
    except UnicodeEncodeError:
        raise ValueError("it holds half of a character") from None


def _in_words(pattern: str, error: Exception) -> str:
    text: str = error.args[0].decode()
    if re.search(r"\(\?<?[=!]", pattern) and "perl operator" in text:
        return "lookahead and lookbehind are not possible in linear time"
    if re.search(r"\\[1-9]|\(\?P=", pattern) and ("escape" in text or "perl operator" in text):
        return "a reference to an earlier group is not possible in linear time"
    if "too large" in text or "repetition" in text:
        return f"{text}: use smaller repeats, at most 1,000 in all"
    return text


@lru_cache(maxsize=512)
def compile_milestone_pattern(pattern: str) -> Any:
    """``Sprint {major}.{minor}`` as an RE2 pattern with one group of digits for each placeholder."""
    parts: list[str] = []
    at = 0
    for placeholder in _PLACEHOLDER.finditer(pattern):
        parts.extend((re2.escape(pattern[at : placeholder.start()]), rf"([0-9]{{1,{_MAX_DIGITS}}})"))
        at = placeholder.end()
    parts.append(re2.escape(pattern[at:]))
    return compile_pattern("".join(parts))


def placeholders(pattern: str) -> tuple[str, ...]:
    """The names in braces, in order."""
    return tuple(_PLACEHOLDER.findall(pattern))


@lru_cache(maxsize=4096)
def milestone_numbers(pattern: str, title: str) -> tuple[int, ...] | None:
    """The numbers in a title of this form, in the order of the pattern; ``None`` where it is not of this form.

    Compared as tuples they order milestones by number: Sprint 10 comes after Sprint 9.
    """
    found = compile_milestone_pattern(pattern).fullmatch(title)
    return tuple(int(digits) for digits in found.groups()) if found else None
