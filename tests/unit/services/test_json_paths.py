"""Paths into payloads: what is written is read again, and what leads nowhere says so."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.problems import ProblemError
from tassist.services import json_paths
from tassist.services.json_paths import Chosen

DOCUMENT: dict[str, Any] = {
    "issue": {"title": "a", "labels": [{"name": "bug", "color": "f00"}, {"name": "a=b", "color": "0f0"}]},
    "a.b": 1,
}


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("issue.title", ("issue", "title")),
        ("issue.labels[1].name", ("issue", "labels", 1, "name")),
        ("issue.labels[name=bug].color", ("issue", "labels", Chosen("name", "bug"), "color")),
        ("issue.labels[name=a=b]", ("issue", "labels", Chosen("name", "a=b"))),
        ('["a.b"]', ("a.b",)),
        ('x["a\\"]"].y', ("x", 'a"]', "y")),
    ],
)
def test_a_path_is_read_and_written_the_same(text: str, steps: json_paths.Path) -> None:
    assert json_paths.parse(text) == steps
    assert json_paths.render(steps) == text


@given(st.lists(st.text(min_size=1, max_size=8) | st.integers(0, 10**8), min_size=1, max_size=5))
def test_any_path_survives_being_written(steps: list[str | int]) -> None:
    assert json_paths.parse(json_paths.render(tuple(steps))) == tuple(steps)


@pytest.mark.parametrize("text", ["", ".a", "a..b", "a[", "a[x]", "a]b", 'a["\\q"]', "a[0]b"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ProblemError) as raised:
        json_paths.parse(text)

    assert raised.value.problems[0].code == "path-wrong"


@pytest.mark.parametrize(
    ("path", "value", "at"),
    [
        ("issue.title", "b", lambda document: document["issue"]["title"]),
        ("issue.labels[name=a=b].color", "00f", lambda document: document["issue"]["labels"][1]["color"]),
        ("issue.labels[2].name", "new", lambda document: document["issue"]["labels"][2]["name"]),
        ("issue.milestone.title", "M", lambda document: document["issue"]["milestone"]["title"]),
        ('["a.b"]', 2, lambda document: document["a.b"]),
    ],
)
def test_a_value_is_put_where_the_path_leads(path: str, value: object, at: Any) -> None:
    document = copy.deepcopy(DOCUMENT)

    json_paths.put(document, json_paths.parse(path), value)

    assert at(document) == value


@pytest.mark.parametrize("path", ["issue.title.x", "issue.labels[9]", "issue.labels.name", "issue.labels[name=no].x"])
def test_a_path_that_leads_nowhere_says_where_it_ends(path: str) -> None:
    with pytest.raises(ProblemError, match="leads nowhere"):
        json_paths.put(copy.deepcopy(DOCUMENT), json_paths.parse(path), 1)


def test_what_is_taken_is_gone_and_what_is_not_there_cannot_be_taken() -> None:
    document = copy.deepcopy(DOCUMENT)

    json_paths.take(document, json_paths.parse("issue.labels[name=bug]"))

    assert document["issue"]["labels"] == DOCUMENT["issue"]["labels"][1:]
    for path in ("issue.milestone", "issue.labels[1]"):
        with pytest.raises(ProblemError, match="there is no"):
            json_paths.take(document, json_paths.parse(path))
