"""What is left after the forms have been rewritten: keys nobody knows, numbers without quotes, names not declared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import cast

from engine.config.dump import quoted
from engine.config.nodes import Listing, Mapping, Node, Scalar, is_null, is_text
from engine.config.older.forms import NOT_USED, Change
from engine.config.older.surgery import Edit, apply, comment_out, end_of
from engine.problems import Problem, Where

_Place = tuple[int | None, int | None]
"""Line and column."""
_UNDECLARED = {"config-unknown-label": "labels", "config-unknown-milestone": "milestones"}
"""Code of a problem → the section that shall declare the name."""
_FIELDS = {"labels": "name", "milestones": "title"}


def mend(text: str, root: Mapping, problems: Sequence[Problem]) -> Change | None:
    """Mend every problem that can be and does not touch another's place; ``None`` where there is none."""
    keys: dict[_Place, tuple[Mapping, str]] = {
        (key.line, key.column): (mapping, name)
        for mapping in _mappings(root)
        for name, (key, _) in mapping.entries.items()
    }
    values: dict[_Place, Scalar] = {(value.line, value.column): value for value in _values(root)}
    names = {at: value.text for at, value in values.items()} | {at: name for at, (_, name) in keys.items()}
    edits: list[Edit] = []
    said: list[str] = []
    undeclared: dict[str, list[str]] = {"labels": [], "milestones": []}
    for problem in problems:
        where = problem.where or Where()
        at = (where.line, where.column)
        scalar = values.get(at)
        if problem.code == "config-unknown-key" and at in keys:
            more = comment_out(text, *keys[at], NOT_USED)
            if not _touching(edits, more):
                edits += more
                said.append(f"{where.path} is not part of schema 1.0")
        elif problem.code == "config-wrong-kind" and scalar and not is_text(scalar) and "quotes" in problem.fix:
            edits.append(Edit(scalar.start, scalar.end, f'"{scalar.text}"'))
            said.append(f"{where.path} is in quotes")
        elif problem.code in _UNDECLARED and at in names:
            undeclared[_UNDECLARED[problem.code]].append(names[at])
    if edits:
        return apply(text, edits), said
    for section, (_, there) in root.entries.items():
        wanted = list(dict.fromkeys(undeclared.get(section, ())))
        if wanted and isinstance(there, Listing):
            more = _declare(text, root, there, _FIELDS[section], wanted)
            return apply(text, more), [f"{name} is declared in {section}" for name in wanted]
    return None


def _touching(edits: Sequence[Edit], more: Sequence[Edit]) -> bool:
    # Problems come in the order of the file, and so do the edits.
    low = min(edit.start for edit in more)
    return any(low <= edit.end for edit in edits)


def _declare(text: str, root: Mapping, value: Listing, field: str, names: Sequence[str]) -> list[Edit]:
    """Add entries to the list of `labels` or `milestones`."""
    if value.flow or root.flow:
        items = ", ".join(f"{{{field}: {json.dumps(name, ensure_ascii=False)}}}" for name in names)
        at = end_of(value) - 1
        return [Edit(at, at, f", {items}" if value.items else items)]
    last = end_of(value)
    at = last - 1 if text[last - 1] == "\n" else last + len(text[last:].partition("\n")[0])
    indent = " " * (value.column - 1)
    return [Edit(at, at, "".join(f"\n{indent}- {field}: {quoted(name)}" for name in names))]


def _mappings(node: Node) -> Iterator[Mapping]:
    if isinstance(node, Mapping):
        yield node
        for _, value in node.entries.values():
            yield from _mappings(value)
    elif isinstance(node, Listing):
        for item in node.items:
            yield from _mappings(item)


def _values(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        if not is_null(node):
            yield node
    elif isinstance(node, Mapping):
        for _, value in node.entries.values():
            yield from _values(value)
    else:
        for item in cast("Listing", node).items:
            yield from _values(item)
