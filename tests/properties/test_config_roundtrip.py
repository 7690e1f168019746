"""Generated configurations are valid in every style, and survive being written and read again."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from hypothesis import given

from engine.config import Config, dump, parse
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
