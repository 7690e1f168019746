"""The structural stage: holds nodes against the declaration, exactly as the JSON Schema does.

What depends on two places at once (a name that is declared elsewhere, an order of days) is not structure; see
`engine.config.meaning`. Every code made here is in `STRUCTURAL`.
"""

from __future__ import annotations

import re
from datetime import date
from typing import cast

from engine.config.checked import Checked, Leaf, Value, step
from engine.config.findings import Findings
from engine.config.nodes import Listing, Mapping, Node, Scalar, Unreadable, is_null, is_text, resolve
from engine.config.reading import ambiguous
from engine.config.spec import Choice, ListOf, MapOf, Record, Spec, Text, Whole
from engine.problems import Where

STRUCTURAL = frozenset(
    {
        "config-wrong-kind",
        "config-wrong-text",
        "config-wrong-number",
        "config-wrong-word",
        "config-wrong-date",
        "config-missing-key",
        "config-unknown-key",
        "config-older-form",
        "config-not-both",
        "config-exactly-one",
        "config-too-many-entries",
        "config-too-few-entries",
    }
)
"""The codes a JSON Schema can find too; a document has one of them exactly if the published schema refuses it."""


def check(root: Mapping, spec: Record, out: Findings) -> Checked:
    """Hold a document against the declaration; everything wrong goes to ``out``.

    Returns:
        What is valid of it, so that later stages find their problems in the same pass.
    """
    value = _Check(out).value(root, spec, "")
    assert isinstance(value, Checked)
    return value


def show(node: Node) -> str:
    """What was found, in a few words."""
    if isinstance(node, Mapping):
        return "a mapping" if node.entries else "an empty mapping"
    if isinstance(node, Listing):
        return "a list" if node.items else "an empty list"
    assert isinstance(node, Scalar)  # what was refused is not looked at again
    kind = resolve(node).kind
    text = _shorten(node.text)
    if kind == "null":
        return f"nothing ({text})" if text else "nothing"
    if kind == "bool":
        return f"the truth value {text}"
    if kind in {"int", "float"}:
        return f"the number {text}"
    return repr(text)


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


class _Check:
    def __init__(self, out: Findings) -> None:
        self.out = out

    def where(self, node: Node, path: str) -> Where:
        return Where(self.out.file, node.line, node.column, path)

    def value(self, node: Node, spec: Spec, path: str) -> Value | None:
        """The node as a valid value, or ``None``."""
        if node.__class__ is Unreadable:
            return None
        kind = spec.__class__
        if kind is Text:
            return self._text(node, cast("Text", spec), path)
        if kind is Record:
            return self._record(node, cast("Record", spec), path)
        if kind is ListOf:
            return self._list(node, cast("ListOf", spec), path)
        if kind is MapOf:
            return self._map(node, cast("MapOf", spec), path)
        if kind is Whole:
            return self._whole(node, cast("Whole", spec), path)
        if kind is Choice:
            return self._choice(node, cast("Choice", spec), path)
        return self._flag(node, path)

    def _record(self, node: Node, spec: Record, path: str) -> Checked | None:
        if not isinstance(node, Mapping):
            self._wrong_kind(node, path, "a mapping of keys", _as_record(node, spec))
            return None
        checked = Checked(node, path, self.out.file)
        by_name = spec.by_name
        below = path + "." if path else ""
        for key, (key_node, value) in node.entries.items():
            field = by_name.get(key)
            if field is None:
                self._unknown(key, key_node, node, spec, path)
            elif not field.required and is_null(value):
                self.out.warning(
                    "config-empty-value",
                    self.where(value, below + key),
                    f"{key} is empty, which counts as left out",
                    "YAML reads a key without a value as nothing",
                    "give it a value, or remove the key",
                )
            else:
                valid = self.value(value, field.spec, below + key)
                if valid is None:
                    checked.broken.add(key)
                else:
                    checked.values[key] = valid
        self._complete(node, spec, path)
        return checked

    def _complete(self, node: Mapping, spec: Record, path: str) -> None:
        here = self.where(node, path)
        for field in spec.fields:
            if field.required and field.name not in node.entries:
                former = next((name for name in field.former if name in node.entries), None)
                if former:
                    continue  # said where it stands
                empty = "[]" if isinstance(field.spec, ListOf) else "…"
                fix = f'add {field.name}: "1.0"' if field.name == "schema_version" else f"add {field.name}: {empty}"
                what = f"the key {field.name} is missing" + (f" in this {spec.name}" if path else "")
                self.out.problem("config-missing-key", here, what, field.help, fix)
        for one, other in spec.not_both:
            if one in node.entries and other in node.entries:
                self.out.problem(
                    "config-not-both",
                    self.where(node.entries[other][0], step(path, other)),
                    f"{one} and {other} are both given",
                    "one would hide the other",
                    "remove one of the two",
                )
        if spec.exactly_one:
            given = [name for name in spec.exactly_one if name in node.entries]
            if len(given) != 1:
                self.out.problem(
                    "config-exactly-one",
                    here,
                    f"{' and '.join(given)} are both given"
                    if given
                    else f"neither {' nor '.join(spec.exactly_one)} is given",
                    f"it takes exactly one of {', '.join(spec.exactly_one)}",
                    "remove one of the two" if given else f"add {spec.exactly_one[0]}: …",
                )

    def _unknown(self, key: str, key_node: Scalar, node: Mapping, spec: Record, path: str) -> None:
        below = step(path, key)
        newer = next((field for field in spec.fields if key in field.former), None)
        if newer and not (spec.open and newer.name in node.entries):
            self._older(self.where(key_node, below), f"{key} is what older forms called {newer.name}")
            return
        names = [field.name for field in spec.fields]
        if spec.open:
            if self.out.wants_warning:
                self.out.warning(
                    "config-unknown-top-level-key",
                    self.where(key_node, below),
                    f"the key {key[:60]!r} is not known and is ignored",
                    f"known are {', '.join(names)}",
                    self.out.did_you_mean(key, names),
                )
            return
        if self.out.wants_problem:
            self.out.problem(
                "config-unknown-key",
                self.where(key_node, below),
                f"the key {key[:60]!r} is not known in {_a(spec.name)}",
                f"known are {', '.join(names)}",
                self.out.did_you_mean(key, names) or "remove it",
            )

    def _older(self, where: Where, what: str) -> None:
        self.out.problem(
            "config-older-form",
            where,
            what,
            'the file is of a form before schema "1.0"',
            "run: tassist config upgrade --write",
        )

    def _list(self, node: Node, spec: ListOf, path: str) -> Value | None:
        if not isinstance(node, Listing):
            if isinstance(node, Mapping) and path in {"tracks", "labels", "milestones"}:
                self._older(self.where(node, path), f"{path} is a mapping; since schema 1.0 it is a list")
            else:
                one = isinstance(node, Scalar) and resolve(node).kind == "text" and isinstance(spec.item, Text)
                fix = (
                    f"write it as a list: [{node.text}]"
                    if one and isinstance(node, Scalar) and len(node.text) < 60
                    else ""
                )
                self._wrong_kind(
                    node,
                    path,
                    "a list",
                    fix or ("write [] for an empty list" if is_null(node) else "put - before each entry"),
                )
            return None
        few = len(node.items) < spec.min_items
        if few or len(node.items) > spec.max_items:
            self.out.problem(
                "config-too-few-entries" if few else "config-too-many-entries",
                self.where(node, path),
                f"the list has {len(node.items)} entries",
                f"it takes {'at least ' + str(spec.min_items) if few else 'at most ' + str(spec.max_items)}",
                "add an entry" if few else "leave some out",
            )
            if not few:
                return None
        found: list[Value] = []
        for index, item in enumerate(node.items):
            valid = self.value(item, spec.item, f"{path}[{index}]")
            if valid is not None:
                found.append(valid)
        return found

    def _map(self, node: Node, spec: MapOf, path: str) -> Value | None:
        if not isinstance(node, Mapping):
            self._wrong_kind(node, path, f"a mapping from {spec.key_name} to its value")
            return None
        found: dict[str, tuple[Leaf, Value]] = {}
        refused = dict(spec.refused)
        for key, (key_node, value) in node.entries.items():
            below = step(path, key)
            if key in refused:
                self._older(self.where(key_node, below), f"{key} is what older forms called {refused[key]}")
                continue
            right = spec.key.fits(key)
            if not right:
                self._wrong_text(key_node, spec.key, below, f"the {spec.key_name} {_shorten(key)!r}")
            valid = self.value(value, spec.value, below)
            if right and valid is not None:
                found[key] = (Leaf(key, key_node, below, self.out.file), valid)
        return found

    def _text(self, node: Node, spec: Text, path: str) -> Leaf | None:
        if not isinstance(node, Scalar):
            self._wrong_kind(node, path, spec.says)
            return None
        if not is_text(node):
            fix = (
                f'put it in quotes: "{node.text}"' if node.text and len(node.text) < 60 else 'write a text, such as ""'
            )
            self._wrong_kind(node, path, spec.says, fix)
            return None
        if not spec.fits(node.text):
            self._wrong_text(node, spec, path, "found " + show(node))
            return None
        if spec.date:
            try:
                date.fromisoformat(node.text)
            except ValueError as error:
                self.out.problem(
                    "config-wrong-date",
                    self.where(node, path),
                    f"{node.text} is no date: {error}",
                    "GitHub takes only a day that exists",
                    "mend the date",
                )
                return None
        return Leaf(node.text, node, path, self.out.file)

    def _wrong_text(self, node: Scalar, spec: Text, path: str, what: str) -> None:
        if not self.out.wants_problem:
            return
        if len(node.text) > spec.max_chars:
            fix = f"shorten it: it has {len(node.text)} characters"
        elif not node.text:
            fix = "write something between the quotes"
        else:
            fix = _invisible(node.text) or f"write {spec.says}"
        self.out.problem("config-wrong-text", self.where(node, path), what, f"it takes {spec.says}", fix)

    def _whole(self, node: Node, spec: Whole, path: str) -> Leaf | None:
        value = resolve(node).value if isinstance(node, Scalar) else None
        if isinstance(node, Scalar) and ambiguous(node):
            self.out.problem(
                "config-ambiguous-number",
                self.where(node, path),
                f"found {node.text[:60]}",
                "a leading zero makes it octal to some readers of YAML and decimal to others",
                f"write it without the zero, such as {node.text.lstrip('+-0bo_')[:20] or '0'}",
            )
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(node, Scalar) and isinstance(value, int) and not isinstance(value, bool):
            if spec.low <= value <= spec.high:
                return Leaf(value, node, path, self.out.file)
            self.out.problem(
                "config-wrong-number",
                self.where(node, path),
                f"found {node.text[:60]}",
                f"it takes {spec.says}",
                f"write a number from {spec.low} to {spec.high}",
            )
            return None
        short = isinstance(node, Scalar) and is_text(node) and len(node.text) < _SHORT
        digits = re.sub(r"[^0-9]", "", node.text) if isinstance(node, Scalar) and short else ""
        # The digits of a day make a number too, which nobody means.
        meant = f"write {int(digits)}, without quotes" if digits and spec.low <= int(digits) <= spec.high else ""
        self._wrong_kind(node, path, spec.says, meant)
        return None

    def _flag(self, node: Node, path: str) -> Leaf | None:
        value = resolve(node).value if isinstance(node, Scalar) else None
        if isinstance(value, bool):
            return Leaf(value, node, path, self.out.file)
        meant = _MEANT.get(node.text.lower()) if isinstance(node, Scalar) else None
        self._wrong_kind(
            node, path, "true or false", f"write {meant}, without quotes" if meant else "write true or false"
        )
        return None

    def _choice(self, node: Node, spec: Choice, path: str) -> Leaf | None:
        names = spec.names
        resolved = resolve(node) if isinstance(node, Scalar) else None
        if isinstance(node, Scalar) and resolved and resolved.kind == "text":
            if node.text in names:
                return Leaf(node.text, node, path, self.out.file)
            if node.text == "single" and path.endswith(".strategy"):
                self._older(self.where(node, path), "the strategy 'single' belongs to an older form")
            elif self.out.wants_problem:
                self.out.problem(
                    "config-wrong-word",
                    self.where(node, path),
                    f"found {show(node)}",
                    f"it takes one of {', '.join(names)}",
                    self.out.did_you_mean(node.text, names),
                )
            return None
        self._wrong_kind(node, path, f"one of {', '.join(names)}")
        return None

    def _wrong_kind(self, node: Node, path: str, takes: str, fix: str = "") -> None:
        if self.out.wants_problem:
            self.out.problem(
                "config-wrong-kind",
                self.where(node, path),
                f"found {show(node)}",
                f"it takes {takes}",
                fix or f"write {takes}",
            )


_SHORT = 20
"""Characters of a text that may be a number somebody put in quotes."""
_MEANT = {
    "yes": "true",
    "on": "true",
    "y": "true",
    "true": "true",
    "no": "false",
    "off": "false",
    "n": "false",
    "false": "false",
}


def _as_record(node: Node, spec: Record) -> str:
    """How a single word would be written as this record."""
    first = next((field.name for field in spec.fields if field.required), None)
    if first and isinstance(node, Scalar) and 0 < len(node.text) < 60:
        return f"write {first}: {node.text}"
    return ""


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _invisible(text: str) -> str:
    """Name the characters nobody sees at the ends of a text."""
    edges = [
        (place, char)
        for place, char in (("first", text[0]), ("last", text[-1]))
        if char.isspace() or not char.isprintable()
    ]
    edges = edges or [("", char) for char in text if not char.isprintable()]
    if not edges:
        return ""
    place, char = edges[0]
    names = {" ": "a blank", "\u00a0": "a no-break space", "\u200b": "a zero-width space"}
    said = names.get(char, f"U+{ord(char):04X}")
    return f"remove the {place} character, {said}" if place else f"remove the character {said}"
