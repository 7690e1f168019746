"""What is left after the forms have been rewritten: keys nobody knows, numbers without quotes, names not declared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from engine.config.dump import quoted
from engine.config.nodes import Listing, Mapping, Node, Scalar, is_null, is_text
from engine.config.older.forms import NOT_USED, Change
from engine.config.older.surgery import Edit, apply, comment_out, end_of
from engine.problems import Problem


def mend(text: str, root: Mapping, problems: Sequence[Problem]) -> Change | None:
    """Mend the first problem that can be; ``None`` where none can."""
    for problem in problems:
        change = _mend(text, root, problem)
        if change:
            return change
    return None


def _mend(text: str, root: Mapping, problem: Problem) -> Change | None:
    where = problem.where
    if where is None or where.line is None or where.column is None:
        return None
    at = (where.line, where.column)
    if problem.code == "config-unknown-key":
        for mapping in _mappings(root):
            name = next((name for name, (key, _) in mapping.entries.items() if (key.line, key.column) == at), None)
            if name is not None:
                return apply(text, comment_out(text, mapping, name, NOT_USED)), [
                    f"{where.path} is not part of schema 1.0"
                ]
    if problem.code == "config-wrong-kind":
        scalar = next((leaf for leaf in _values(root) if (leaf.line, leaf.column) == at), None)
        if scalar is not None and scalar.text and not is_text(scalar) and "quotes" in problem.fix:
            return apply(text, [Edit(scalar.start, scalar.end, f'"{scalar.text}"')]), [f"{where.path} is in quotes"]
    if problem.code in {"config-unknown-label", "config-unknown-milestone"}:
        for mapping in _mappings(root):
            for key, value in mapping.entries.values():
                if (key.line, key.column) == at and problem.code == "config-unknown-label":
                    return _declare(text, root, "labels", "name", key.text)
                if isinstance(value, Scalar) and (value.line, value.column) == at:
                    section, field = ("labels", "name") if "label" in problem.code else ("milestones", "title")
                    return _declare(text, root, section, field, value.text)
    return None


def _declare(text: str, root: Mapping, section: str, field: str, name: str) -> Change | None:
    """Add an entry to `labels` or `milestones`."""
    entry = root.entries.get(section)
    said = [f"{name} is declared in {section}"]
    value = entry[1] if entry else None
    if entry is None or not isinstance(value, Listing):
        return None
    if value.flow or root.flow:
        item = f"{{{field}: {json.dumps(name, ensure_ascii=False)}}}"
        at = end_of(value) - 1
        return apply(text, [Edit(at, at, f", {item}" if value.items else item)]), said
    last = end_of(value)
    indent = " " * (value.column - 1)
    end = text.find("\n", last)
    line_end = len(text) if end < 0 else end
    if text[last - 1] == "\n":
        line_end = last - 1
    return apply(text, [Edit(line_end, line_end, f"\n{indent}- {field}: {quoted(name)}")]), said


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
    elif isinstance(node, Listing):
        for item in node.items:
            yield from _values(item)
