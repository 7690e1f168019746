"""Reads bytes or text into nodes with their places; refuses what YAML can do beyond plain data.

Events are taken one at a time, so that depth, count and size are bounded before anything is built: no alias is ever
expanded, no tag constructs anything, no directive is obeyed.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

import yaml

from engine.config.findings import Findings
from engine.config.limits import MAX_BYTES, MAX_DEPTH, MAX_NODES
from engine.config.nodes import AMBIGUOUS, Listing, Mapping, Node, Scalar, Unreadable
from engine.problems import Where


def _parser(text: str) -> Any:
    """Libyaml's parser, or the one in Python where PyYAML was built without it; both give the same events."""
    try:
        from yaml import cyaml
    except ImportError:
        return yaml.SafeLoader(text)
    return cyaml.CSafeLoader(text)


# Printable characters of YAML, less those that only some readers take for line ends and a byte order mark within.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_DIRECTIVE = re.compile("^%.*", re.MULTILINE)
_SHOWN_CHARACTERS = 10


class _StopReadingError(Exception):
    """The rest of the file cannot be read; why has been reported."""


def decode(source: str | bytes, out: Findings) -> str | None:
    """The text of the file, or ``None`` where it is none; said in ``out``."""
    size = len(source if isinstance(source, bytes) else source.encode(errors="replace"))
    if size > MAX_BYTES:
        _too_large(size, out)
        return None
    try:
        text = source.decode() if isinstance(source, bytes) else source
    except UnicodeDecodeError as error:
        _not_utf8(error.object, error.start, out)
        return None
    text = text.removeprefix("\ufeff")
    forbidden = list(islice(_FORBIDDEN.finditer(text), _SHOWN_CHARACTERS))
    for hit in forbidden:
        line, column = _place(text, hit.start())
        code = ord(hit.group())
        out.problem(
            "config-control-character",
            Where(out.file, line, column),
            f"the character U+{code:04X} stands in the file",
            "control characters, invisible line ends and halves of characters are read differently by different programs",
            f'remove it, or write it as an escape in double quotes: "\\u{code:04x}"',
        )
    return None if forbidden else text


def read(text: str, out: Findings, *, max_nodes: int = MAX_NODES) -> Node | None:
    """The file's one document as nodes; ``None`` where it could not be read to its end.

    Args:
        text: As decoded.
        out: Grows.
        max_nodes: Keys, values and entries together; a workflow may hold more than a configuration.
    """
    directive = _DIRECTIVE.search(text)
    if directive:
        line, column = _place(text, directive.start())
        out.problem(
            "config-yaml-directive",
            Where(out.file, line, column),
            "a line starts with %, which YAML takes for a directive",
            "a configuration needs none",
            "remove the line, or indent it where it belongs to a text",
        )
        return None
    try:
        return _Reader(text, out, max_nodes).document()
    except _StopReadingError:
        return None
    except yaml.YAMLError as error:
        _syntax(text, error, out)
        return None


class _Reader:
    def __init__(self, text: str, out: Findings, max_nodes: int) -> None:
        self.max_nodes = max_nodes
        self.out = out
        self.nodes = 0
        self.parser: Any = _parser(text)

    def document(self) -> Node | None:
        next_event = self.parser.get_event
        next_event()  # the stream's start
        if isinstance(next_event(), yaml.StreamEndEvent):
            return None
        root = self._build(next_event)
        next_event()  # the document's end
        self._only_document(next_event)
        return root

    def _build(self, next_event: Any) -> Node:
        """Build the tree with an own stack: its depth is the file's business, not the interpreter's."""
        stack: list[tuple[Mapping | Listing, Scalar | None, bool]] = []
        parent: Mapping | Listing | None = None
        key: Scalar | None = None
        at_key = False
        while True:
            event = next_event()
            kind = event.__class__
            if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                assert parent is not None
                parent.behind = event.end_mark
                if not stack:
                    return parent
                parent, key, at_key = stack.pop()
                continue
            self.nodes += 1
            if self.nodes > self.max_nodes:
                self._too_many(event)
            node = self._node(event, kind)
            if isinstance(parent, Listing):
                parent.items.append(node)
            elif parent is not None and at_key:
                key = self._key(parent, node)
                at_key = False
            elif parent is not None:
                if key is not None:
                    parent.entries[key.text] = (key, node)
                at_key = True
            if isinstance(node, Mapping | Listing):
                if parent is not None:
                    stack.append((parent, key, at_key))
                    if len(stack) >= MAX_DEPTH:
                        self._too_deep(event)
                parent = node
                at_key = isinstance(node, Mapping)
            elif parent is None:
                return node

    def _node(self, event: Any, kind: type) -> Node:
        if kind is yaml.ScalarEvent:
            if event.anchor is None and event.tag is None:
                return Scalar(event.value, event.start_mark, event.end_mark, plain=not event.style)
            return self._refuse(event)
        if kind is yaml.AliasEvent:
            return self._refuse(event)
        if event.anchor is not None or event.tag is not None:
            self._refuse(event)  # said; what is in it is still read
        made = Mapping if kind is yaml.MappingStartEvent else Listing
        return made(event.start_mark, flow=bool(event.flow_style))

    def _key(self, collection: Mapping, node: Node) -> Scalar | None:
        """The key, where it can be one; ``None`` makes its value be read and dropped."""
        if isinstance(node, Unreadable):
            return None
        where = Where(self.out.file, node.line, node.column)
        if not isinstance(node, Scalar):
            self.out.problem(
                "config-key-not-text",
                where,
                "a mapping or a list stands where a key should",
                "every key of a configuration is a word",
                "write a word and a colon",
            )
            return None
        if node.plain and node.text == "<<":
            self.out.problem(
                "config-merge-key",
                where,
                "the key << merges another mapping into this one",
                "aliases and merge keys are refused: a few lines of them make a file of any size",
                "write the keys out",
            )
            return None
        known = collection.entries.get(node.text)
        if known:
            if self.out.wants_problem:
                self.out.problem(
                    "config-duplicate-key",
                    where,
                    f"the key {node.text!r} stands here again, first on line {known[0].line}",
                    "YAML readers take the last one and say nothing",
                    "remove one of the two",
                )
            return None
        return node

    def _refuse(self, event: Any) -> Unreadable:
        mark = event.start_mark
        where = Where(self.out.file, mark.line + 1, mark.column + 1)
        if event.__class__ is yaml.AliasEvent or event.anchor is not None:
            sign, word = ("*", "an alias") if event.__class__ is yaml.AliasEvent else ("&", "an anchor")
            if self.out.wants_problem:
                self.out.problem(
                    "config-alias",
                    where,
                    f"{word} stands here: {sign}{event.anchor[:60]}",
                    "aliases are refused: a few lines of them make a file of any size",
                    f"write the value out; a text that begins with {sign} needs quotes",
                )
        elif self.out.wants_problem:
            self.out.problem(
                "config-tag",
                where,
                f"a tag stands here: {str(event.tag)[:60]}",
                "tags are refused: they make readers build things that are not data",
                "remove it; to make a value text, put it in quotes",
            )
        return Unreadable(mark, event.end_mark)

    def _too_many(self, event: Any) -> None:
        mark = event.start_mark
        self.out.fatal(
            "config-too-many-nodes",
            Where(self.out.file, mark.line + 1, mark.column + 1),
            f"the file holds more than {self.max_nodes} keys, values and entries; reading stopped here",
            "a file of any size must be answered at once",
            "leave out what is not needed",
        )
        raise _StopReadingError

    def _too_deep(self, event: Any) -> None:
        mark = event.start_mark
        self.out.fatal(
            "config-too-deep",
            Where(self.out.file, mark.line + 1, mark.column + 1),
            f"nesting is deeper than {MAX_DEPTH} levels; reading stopped here",
            "schema 1.0 needs 6",
            "look for a bracket that is not closed",
        )
        raise _StopReadingError

    def _only_document(self, next_event: Any) -> None:
        """Nothing may follow the first document."""
        event = next_event()
        if isinstance(event, yaml.StreamEndEvent):
            return
        mark = event.start_mark
        self.out.fatal(
            "config-several-documents",
            Where(self.out.file, mark.line + 1, mark.column + 1),
            "a second document starts here",
            "a configuration is one document",
            "remove the line ---, or move what follows into another file",
        )
        raise _StopReadingError


def ambiguous(node: Scalar) -> bool:
    """Whether two readers of YAML take this number for two numbers."""
    return node.plain and bool(AMBIGUOUS.match(node.text)) and node.text != "00"


def _syntax(text: str, error: Any, out: Findings) -> None:
    mark, said = error.problem_mark, error.problem
    where = Where(out.file, mark.line + 1, mark.column + 1)
    why = f"{error.context} at line {error.context_mark.line + 1}" if error.context_mark else ""
    if text[mark.index : mark.index + 1] == "\t":
        out.fatal(
            "config-tab",
            where,
            "a tab stands where YAML wants spaces",
            "YAML indents with spaces only",
            "replace the tab by spaces",
        )
        return
    fixes = {
        "mapping values are not allowed": "a text with a colon and a space in it needs quotes; or the indentation is wrong",
        "could not find expected ':'": "write the key, a colon and a space; or close the quotes",
        "did not find expected key": "align the key with its neighbours, or close the quotes or the bracket above",
        "did not find expected <document start>": "align the line with the first key of the file",
        "found unknown escape": "write \\\\ for a backslash, or use single quotes",
        "cannot start any token": "a text that begins with this character needs quotes",
        "found unexpected end of stream": "close the quotes or the bracket",
    }
    fix = next((fix for start, fix in fixes.items() if start in said), "mend the line, or put the text in quotes")
    out.fatal("config-yaml-syntax", where, f"the file is not YAML: {said}", why, fix)


def _too_large(size: int, out: Findings) -> None:
    out.fatal(
        "config-too-large",
        Where(out.file),
        f"the file has {size} bytes",
        f"at most {MAX_BYTES} are read",
        "leave out what is not needed",
    )


def _not_utf8(source: bytes, at: int, out: Findings) -> None:
    before = source[:at].decode()
    line, column = _place(before, len(before))
    utf16 = source[:2] in {b"\xff\xfe", b"\xfe\xff"}
    out.fatal(
        "config-not-utf8",
        Where(out.file, line, column),
        "the file is UTF-16" if utf16 else f"the byte 0x{source[at]:02x} is no UTF-8",
        "GitHub and every reader of YAML expect UTF-8",
        "save the file as UTF-8",
    )


def _place(text: str, index: int) -> tuple[int, int]:
    """Line and column of an offset, from 1; a line ends at LF, CR or both."""
    before = text[:index].replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


__all__ = ["ambiguous", "decode", "read"]
