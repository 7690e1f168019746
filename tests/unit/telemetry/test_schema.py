"""The contract is published, pinned, and read the same by the schema and by our own types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tassist.telemetry.events import MEANINGS, EventType
from tassist.telemetry.record import run_record
from tassist.telemetry.schema import schema, schema_digest, schema_text
from tassist.telemetry.shape import READ_HEAD, READ_RECORD
from tests.support.records import full_result, full_trigger, line
from tests.unit.telemetry.test_record import every_other_record

PINNED = "d9ce8b41bce0eddc82d10b088403d1b264f1842a34d0f3d0335bdb643124af88"
"""The digest of schema 1.1. A new optional field is 1.2 and a new digest here; anything else is 2.0 and a migration."""

VALIDATOR = Draft202012Validator(schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
FULL: dict[str, Any] = json.loads(run_record(full_result(), trigger=full_trigger(), run_id="r", include_titles=True))


def faults(record: object) -> list[str]:
    return [error.json_path for error in VALIDATOR.iter_errors(record)]


def test_the_contract_did_not_change_by_accident(project_root: Path) -> None:
    assert schema_digest() == PINNED
    published = (project_root / "docs" / "reference" / "telemetry.schema.json").read_text()
    assert published == schema_text()


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_every_record_we_make_is_valid() -> None:
    for made in [run_record(full_result(), trigger=full_trigger(), run_id="r"), *every_other_record().values()]:
        assert faults(json.loads(made)) == []


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("event_type", "something_else"),
        ("timestamp", "2026-03-01 12:00:00"),
        ("timestamp", "2026-03-01T12:00:00+02:00"),
        ("timestamp", "2026-13-01T12:00:00Z"),
        ("repo", "no-slash"),
        ("issue_number", "42"),
        ("issue_number", 0),
        ("outcome", "fine"),
        ("schema_version", "2.0"),
        ("applied_rules", "exclusivity.track"),
        ("changes_made", [{"field": "labels", "before": 1, "after": None}]),
        ("changes_made", [{"field": "labels"}]),
        ("event_id", ""),
        ("decisions", [{"rule": "x", "subject": "y", "outcome": "done", "reason": ""}]),
        ("counts", {"x": "many"}),
    ],
)
def test_schema_and_types_refuse_the_same(field: str, wrong: object) -> None:
    record = {**FULL, field: wrong}

    assert faults(record) != []
    with pytest.raises(msgspec.ValidationError):
        READ_RECORD(json.dumps(record))


@pytest.mark.parametrize("field", [name for name in FULL if name in schema()["required"]])
def test_schema_and_types_miss_the_same(field: str) -> None:
    record = {name: value for name, value in FULL.items() if name != field}

    assert faults(record) != []
    with pytest.raises(msgspec.ValidationError):
        READ_RECORD(json.dumps(record))


def test_a_reason_stands_on_everything_but_success() -> None:
    assert faults({**FULL, "outcome": "success"}) != []
    assert faults({**FULL, "reason": None}) != []
    assert faults({**FULL, "outcome": "success", "reason": None}) == []


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(
    minor=st.integers(2, 99),
    extra=st.dictionaries(
        st.text(min_size=1, max_size=12).filter(lambda name: name not in FULL), JSON_VALUES, max_size=4
    ),
    inside=st.dictionaries(st.just("a_field_of_tomorrow"), JSON_VALUES, max_size=1),
)
def test_records_of_a_newer_minor_version_are_read(minor: int, extra: dict[str, Any], inside: dict[str, Any]) -> None:
    known = {*schema()["properties"]}
    extra = {name: value for name, value in extra.items() if name not in known}
    record = {**FULL, **extra, "schema_version": f"1.{minor}", "state": {**FULL["state"], **inside}}

    read = READ_RECORD(json.dumps(record))

    assert faults(record) == []
    assert json.loads(msgspec.json.encode(read)) == {**FULL, "schema_version": f"1.{minor}"}


def test_a_sink_reads_only_the_head_of_a_record() -> None:
    head = READ_HEAD(line(7))

    assert (head.repo, head.event_type, head.timestamp) == ("acme/orbit", "run", "2026-03-01T12:00:00.250Z")


def test_every_event_type_has_its_meaning() -> None:
    assert [meaning.type for meaning in MEANINGS] == list(get_args(EventType))
    for meaning in MEANINGS:
        assert all((meaning.per, meaning.meaning, meaning.key, meaning.note)), meaning.type
