"""A scalar means what the core schema of YAML 1.2 says, however long it is."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml

from engine.config.nodes import Resolved, Scalar, resolve

_MARK: Any = yaml.Mark("", 0, 0, 0, "", 0)


def resolved(text: str, *, plain: bool = True) -> Resolved:
    return resolve(Scalar(text, _MARK, _MARK, plain=plain))


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("", Resolved("null", None)),
        ("TRUE", Resolved("bool", True)),
        ("no", Resolved("text", "no")),
        ("010", Resolved("int", 10)),
        ("0o10", Resolved("int", 8)),
        ("-12", Resolved("int", -12)),
        ("0x1f", Resolved("int", 31)),
        ("1.50", Resolved("float", 1.5)),
        ("-.INF", Resolved("float", -math.inf)),
        (".inf", Resolved("float", math.inf)),
        ("1" * 40, Resolved("int", int("1" * 40))),
        ("1" * 41, Resolved("float", float("1" * 41))),
        ("1" * 4_301, Resolved("float", math.inf)),
        ("1" * 40 + "x", Resolved("text", "1" * 40 + "x")),
        ("0x" + "1" * 39, Resolved("text", "0x" + "1" * 39)),
    ],
)
def test_a_plain_scalar_is_resolved(text: str, means: Resolved) -> None:
    found = resolved(text)

    assert found == means
    assert type(found.value) is type(means.value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number_is_a_number_of_yaml(text: str) -> None:
    found = resolved(text)

    assert found.kind == "float"
    assert isinstance(found.value, float)
    assert math.isnan(found.value)


def test_in_quotes_everything_is_text() -> None:
    assert resolved("12", plain=False) == Resolved("text", "12")
