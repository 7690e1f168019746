"""Follows a value through a workflow: from the variable of a script back to the repository variable it comes from."""

from __future__ import annotations

import re

from migrations.audit.facts import Facts

_SOURCE = re.compile(r"vars\.([A-Za-z_]\w*)")
_NAMES = re.compile(r"\$\{?([A-Za-z_]\w*)|outputs\.([A-Za-z_][\w-]*)|env\.([A-Za-z_]\w*)")
_QUOTED = re.compile(r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b")
_MOST_STEPS = 200


def repository_variable(facts: Facts, name: str) -> str:
    """The repository variable a script's variable takes its value from; empty where none is found."""
    asked = {used.name for used in facts.variables}
    waiting, seen = [name], set[str]()
    while waiting and len(seen) < _MOST_STEPS:
        current = waiting.pop(0)
        if current in seen:
            continue
        seen.add(current)
        for text in _given(facts, current):
            found = _SOURCE.search(text)
            if found:
                return found[1]
            by_name = next((word for word in _QUOTED.findall(text) if word in asked), "")
            if by_name:
                return by_name
            waiting += [one or two or three for one, two, three in _NAMES.findall(text)]
    return name if name in asked else ""


def _given(facts: Facts, name: str) -> list[str]:
    """Every text that gives the name its value."""
    pattern = re.compile(rf"(?<![\w$]){re.escape(name)}=(.*)")
    found = [hit[1] for ran in facts.ran for line in ran.script.lines for hit in pattern.finditer(line.text)]
    found += [ran.env[name].value for ran in facts.ran if name in ran.env]
    return [text for text in found if f"${name}" not in text.split(">>", maxsplit=1)[0] or "outputs." in text]
