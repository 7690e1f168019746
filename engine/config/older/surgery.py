"""Edits of a YAML text that leave every line they do not concern as it is, comments included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from engine.config.dump import flow, render
from engine.config.nodes import Json, Listing, Mapping, Node, Scalar


@dataclass(frozen=True, slots=True)
class Edit:
    """Put a text in the place of what stands between two offsets."""

    start: int
    end: int
    text: str


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Make the edits; none may overlap another."""
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def end_of(node: Node) -> int:
    """Offset behind the node's last character; a block ends where its last line does, not where the next key begins."""
    if isinstance(node, Mapping) and not node.flow and node.entries:
        return max(max(key.end, end_of(value)) for key, value in node.entries.values())
    if isinstance(node, Listing) and not node.flow and node.items:
        return max(end_of(item) for item in node.items)
    return node.end


def lines_of(text: str, key: Scalar, value: Node) -> tuple[int, int]:
    """Offsets of the whole lines of a key and its value."""
    start = text[: key.start].rfind("\n") + 1
    last = end_of(value)
    if text[last - 1] == "\n":  # a block of text brings its own line end
        return start, last
    rest, line_end, _ = text[last:].partition("\n")
    return start, last + len(rest) + len(line_end)


def stands_alone(text: str, key: Scalar) -> bool:
    """Whether nothing but blanks is before the key on its line."""
    return not text[: key.start].rpartition("\n")[2].strip()


def comment_out(text: str, mapping: Mapping, name: str, note: str) -> list[Edit]:
    """Turn a key and its value into comments; within braces, where there are none, leave it out."""
    key, value = mapping.entries[name]
    if mapping.flow:
        return [_cut_from_flow(mapping, name)]
    start, end = lines_of(text, key, value)
    if stands_alone(text, key):
        indent = text[start : key.start]
        lines = text[start:end].splitlines(keepends=True)
        commented = "".join(_commented(line, indent) for line in lines)
        return [Edit(start, end, f"{indent}# {note}\n{commented}")]
    # The key is the first one behind a dash: the next key takes its place.
    indent = text[start : key.start].replace("-", " ")
    commented = "".join(_commented(line, indent) for line in (text[key.start : end]).splitlines(keepends=True))
    after = [entry for other, entry in mapping.entries.items() if other != name]
    if not after:
        return [
            Edit(key.start, end, f"{{}}  # {note} {text[key.start : end].strip()}\n".replace("\n", " ").rstrip() + "\n")
        ]
    following = after[0][0].start
    between = text[end:following]
    comments_between = between[: between.rfind("\n") + 1]
    return [Edit(start, start, f"{indent}# {note}\n{commented}{comments_between}"), Edit(key.start, following, "")]


def _commented(line: str, indent: str) -> str:
    rest = line.removeprefix(indent) if line.startswith(indent) else line.lstrip()
    return line if not rest.strip() else f"{indent}# {rest}" if not rest.startswith("#") else indent + rest


def _cut_from_flow(mapping: Mapping, name: str) -> Edit:
    entries = list(mapping.entries.items())
    index = [key for key, _ in entries].index(name)
    key, value = entries[index][1]
    if index + 1 < len(entries):
        return Edit(key.start, entries[index + 1][1][0].start, "")
    if index:
        before = entries[index - 1][1]
        return Edit(end_of(before[1]), end_of(value), "")
    return Edit(key.start, end_of(value), "")


def scalars(node: Node) -> Iterator[Scalar]:
    """Every scalar below a node, keys included."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Mapping):
        for key, value in node.entries.values():
            yield key
            yield from scalars(value)
    else:
        for item in cast("Listing", node).items:
            yield from scalars(item)


def comments(text: str, start: int, end: int, root: Node) -> list[str]:
    """The comments between two offsets, each from its #; a # within a text is none."""
    covered = sorted(
        (scalar.start, scalar.end) for scalar in scalars(root) if scalar.end > start and scalar.start < end
    )
    found: list[str] = []
    at = start
    while (sign := text.find("#", at, end)) != -1:
        inside = next((stop for begin, stop in covered if begin <= sign < stop), None)
        if inside is not None:
            at = inside
        else:
            comment = text[sign:end].partition("\n")[0]
            found.append(comment.rstrip())
            at = sign + len(comment)
    return found


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a section: where its old form ends, and its new form."""

    end: int
    data: Json


def as_list(text: str, root: Mapping, name: str, items: list[Item]) -> Edit:
    """Write a section anew as a list; each item takes along the comments above it, within it and behind it.

    Args:
        text: The file.
        root: Its nodes.
        name: The section's key.
        items: In the order of the file.
    """
    key, value = root.entries[name]
    if root.flow:
        return Edit(value.start, end_of(value), flow([item.data for item in items]))
    end = lines_of(text, key, value)[1]
    lines = [f"{name}:" + ("" if items else " []")]
    low = key.end
    for item in items:
        high = item.end + len(text[item.end : end].partition("\n")[0])
        lines += [f"  {comment}" for comment in comments(text, low, high, root)]
        lines += render({name: [item.data]}).splitlines()[1:]
        low = max(low, high)
    lines += [f"  {comment}" for comment in comments(text, low, end, root)]
    return Edit(key.start, end, "\n".join(lines) + "\n")


def section(data: dict[str, Json]) -> str:
    """Some top-level keys as text."""
    return render(data)


def append(text: str, addition: str) -> str:
    """Put something at the end of the file, before a line that ends the document."""
    body, end = text, ""
    stripped = text.rstrip()
    if stripped.endswith("\n..."):
        body, end = stripped[: -len("...")], text[len(stripped) - len("...") :]
    if body and not body.endswith("\n"):
        body += "\n"
    return body + addition + end
