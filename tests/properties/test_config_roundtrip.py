"""Generated configurations are valid in every style, and survive being written and read again."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.config import Config, dump, parse
from engine.config.dump import render
from engine.config.findings import Findings
from engine.config.nodes import Json, to_json
from engine.config.reading import decode, read
from engine.problems import Where
from tests.support.configs import config_documents, configs


def bare(value: Any) -> Any:
    """A value without the places and the digest, which depend on the text."""
    if isinstance(value, Where):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        skipped = {"digest", "file", "warnings"}
        return {field.name: bare(getattr(value, field.name)) for field in fields(value) if field.name not in skipped}
    return [bare(item) for item in value] if isinstance(value, tuple) else value


@given(config_documents())
def test_a_generated_document_is_valid_in_every_style(text: str) -> None:
    config = parse(text)

    assert isinstance(config, Config), [str(problem) for problem in config.problems]


@given(configs())
def test_a_configuration_survives_being_written_and_read(config: Config) -> None:
    again = parse(dump(config))

    assert isinstance(again, Config), [str(problem) for problem in again.problems]
    assert bare(again) == bare(config)
    assert dump(again) == dump(config)


WORDS = (
    "null",
    "~",
    "True",
    "no",
    "ON",
    "off",
    "y",
    "N",
    "1",
    "010",
    "1.0",
    "5319E7",
    "2026-12-31",
    "12:30",
    "=",
    "<<",
    "-",
    "a: b",
    "a #b",
    "&a",
)


@given(st.one_of(st.sampled_from(WORDS), st.text(max_size=30)), st.one_of(st.sampled_from(WORDS), st.text(max_size=30)))
def test_a_text_that_is_written_is_the_same_text_to_readers_of_both_versions_of_yaml(key: str, value: str) -> None:
    data: dict[str, Json] = {key: value, "below": [{key: [value]}]}
    text = render(data)

    out = Findings("")
    assert decode(text, out) == text, out.problems()
    node = read(text, out)
    assert node is not None, out.problems()
    assert to_json(node) == data
    assert yaml.safe_load(text) == data  # PyYAML reads version 1.1
