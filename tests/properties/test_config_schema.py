"""The published JSON Schema and the parser's structural stage accept the same documents.

Both get the same document: the one the reading stage made of the text. Problems of reading (a tag, a duplicate key) and
of meaning (an undeclared name) have codes of their own and are not compared.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from engine.config import parse
from engine.config.declaration import CONFIG
from engine.config.dump import render
from engine.config.findings import Findings
from engine.config.nodes import to_json
from engine.config.reading import _FORBIDDEN, read
from engine.config.schema import _spec as schema_of
from engine.config.schema import json_schema
from engine.config.spec import Choice, ListOf, MapOf, Record, Spec, Text, Whole
from engine.config.structure import STRUCTURAL, _Check
from tests.support.configs import Data, config_data, config_documents

SCHEMA = json_schema()
VALIDATOR = Draft7Validator(SCHEMA, format_checker=Draft7Validator.FORMAT_CHECKER)
ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.0, 1.5, 3650, 3651, 10**30, "", " ", "x", "x ", " x", "x\n", "\u00a0x", "x\u200b", "a\tb",
    "#ff0000", "ff000", "F00", "FF00001", "2026-12-31", "2026-02-30", "20261231", "2026-12-31\n", "0000-01-01", "1.0", "1.10",
    "1.01", "2.0", "1", "enforce", "single", "newest", "off", "Sprint {n}", "{a}{b}", "{{n}}", "Sprint {N}", "Sprint {",
    "state/done", "tracks", "track", "x" * 50, "x" * 51, "x" * 101, "x" * 256, "ü" * 51, [], {}, [[]], [None], [1], ["x"], ["x", "x"],
    {"id": "a", "label": "b"}, {"name": "a"}, {"title": "a"}, {"mode": "off"}, {"manage": True}, "\ufeffx", "a\u2028b", "a\u202eb", "😀", "‍",
)  # fmt: skip
KEYS = (
    "id", "label", "name", "title", "mode", "strategy", "colour", "color", "default", "tracks", "labels", "milestones", "prefix",
    "version", "schema_version", "due_on", "due_offset_days", "milestone", "milestone_pattern", "default_milestone_pattern",
    "exclude_labels", "any_of", "group", "", "x" * 51, " a", "phases", "priorities", "copy", "aliases", "match",
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every node of a document."""
    found = [path]
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Data:
    """A valid configuration with up to four changes: a value replaced, a key or entry added, removed or renamed."""
    data = copy.deepcopy(draw(config_data()))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(places(data)))
        if not path:
            data[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(st.sampled_from(ODD)))
            continue
        parent: Any = data
        for key in path[:-1]:
            parent = parent[key]
        node = parent[path[-1]]
        how = draw(st.sampled_from(("replace", "remove", "add", "rename")))
        if how == "remove":
            del parent[path[-1]]
        elif how == "add" and isinstance(node, dict):
            node[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(st.sampled_from(ODD)))
        elif how == "add" and isinstance(node, list):
            node.append(copy.deepcopy(draw(st.sampled_from(ODD))))
        elif how == "rename" and isinstance(parent, dict):
            parent[draw(st.sampled_from(KEYS))] = parent.pop(path[-1])
        else:
            parent[path[-1]] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return data


def structural(text: str) -> list[str]:
    """The structural problems of a text."""
    found = parse(text)
    return [str(problem) for problem in getattr(found, "problems", ()) if problem.code in STRUCTURAL]


def document(text: str) -> Any:
    """The document as the reading stage understood it."""
    out = Findings("")
    node = read(text, out)
    assert node is not None, out.problems()
    assert not out.failed, out.problems()
    return to_json(node)


def agree(text: str) -> None:
    problems = structural(text)
    errors = [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document(text))]
    assert bool(problems) == bool(errors), f"parser: {problems}\nschema: {errors}\n{text}"


def test_the_schema_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


@given(config_documents())
def test_schema_and_parser_accept_the_same_valid_documents(text: str) -> None:
    agree(text)
    assert structural(text) == []


@given(mutated())
def test_schema_and_parser_refuse_the_same_broken_documents(data: Data) -> None:
    agree(render(data))


_SCALARS = st.sampled_from(
    [
        "~",
        "null",
        "true",
        "True",
        "yes",
        "no",
        "on",
        "off",
        "0",
        "1",
        "14",
        "14.0",
        "1e1",
        "-3",
        "1_000",
        "12:30:00",
        "2026-12-31",
        "1.0",
        "5319E7",
        ".inf",
        ".nan",
        "0x1F",
        "newest",
        "enforce",
        "''",
        '"1.0"',
        "'x'",
    ]
)


@given(
    key=st.sampled_from(("days_until_stale", "enabled", "comment", "stale_label", "exempt_labels", "tracks")),
    scalar=_SCALARS,
)
def test_schema_and_parser_read_the_same_scalars(key: str, scalar: str) -> None:
    agree(f'schema_version: "1.0"\ntracks: []\nlabels: []\nmilestones: []\nstale:\n  {key}: {scalar}\n')


def declared(spec: Spec, found: dict[int, Spec]) -> dict[int, Spec]:
    """Every part of a declaration, each once."""
    if id(spec) not in found:
        found[id(spec)] = spec
        below: list[Spec] = []
        if isinstance(spec, Record):
            below = [field.spec for field in spec.fields]
        elif isinstance(spec, ListOf):
            below = [spec.item]
        elif isinstance(spec, MapOf):
            below = [spec.key, spec.value]
        for part in below:
            declared(part, found)
    return found


def at_the_edges(spec: Spec) -> list[Any]:
    """Values just inside and just outside of what a part takes."""
    if isinstance(spec, Text):
        lengths = {spec.min_chars - 1, spec.min_chars, spec.max_chars, spec.max_chars + 1} - {-1}
        return [char * length for length in lengths for char in ("x", "1", "ü")] + ["1." + "1" * 8, "1." + "1" * 9]
    if isinstance(spec, Whole):
        return [spec.low - 1, spec.low, spec.high, spec.high + 1]
    if isinstance(spec, ListOf) and isinstance(spec.item, Text | Choice):
        one = spec.item.names[0] if isinstance(spec.item, Choice) else "x"
        return [[one] * count for count in (0, 1, spec.max_items, spec.max_items + 1)]
    return []


@pytest.mark.parametrize("spec", declared(CONFIG, {}).values(), ids=lambda spec: type(spec).__name__)
def test_schema_and_parser_draw_every_line_at_the_same_place(spec: Spec) -> None:
    definitions: dict[str, Any] = {}
    part = schema_of(spec, definitions)
    validator = Draft7Validator({**part, "definitions": definitions}, format_checker=Draft7Validator.FORMAT_CHECKER)

    for value in (*ODD, *at_the_edges(spec)):
        out = Findings("")
        text = json.dumps(value, ensure_ascii=False)
        node = read(text, out) if not _FORBIDDEN.search(text) else None
        if node is None:
            continue
        _Check(out).value(node, spec, "")
        problems = [problem for problem in out.problems() if problem.code in STRUCTURAL]
        assert bool(problems) != validator.is_valid(value), f"{value!r}: {problems}"
