"""Where two deliveries differ, line by line, in words that need no colour."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tassist.config.settings import Place
    from tassist.services.delivery_search import Difference

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "reordered": "order:"}


def compared_lines(where: Place, first: str, second: str) -> list[str]:
    """The two, and where they differ.

    Raises:
        ProblemError: one is not there, or no JSON.
    """
    from tassist.services.delivery_search import diff

    compared = diff(where, first, second)
    lines = [f"--- {compared.one.name}  {compared.one.event}", f"+++ {compared.other.name}  {compared.other.event}", ""]
    lines += [difference_in_words(one) for one in compared.differences]
    if not compared.differences:
        lines.append("their payloads are the same")
    lines += [f"note: the key {key!r} stands twice in an object; the last was compared" for key in compared.twice]
    return lines


def difference_in_words(one: Difference) -> str:
    """One difference: a sign, the path, what was and what is."""
    sign = _SIGNS[one.kind]
    if one.kind == "added":
        return f"{sign} {one.path}: {_value(one.after)}"
    if one.kind == "removed":
        return f"{sign} {one.path}: {_value(one.before)}"
    return f"{sign} {one.path}: {_value(one.before)} → {_value(one.after)}"


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:300]
