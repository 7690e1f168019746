"""CloudEvents and CDEvents: their form, and nothing lost on the way there and back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model import Issue, IssueRef, Trigger
from engine.plan import CloseIssue
from engine.ports import Applied
from engine.problems import ProblemError
from tassist.telemetry.cloudevents import from_cloudevent, to_cloudevent
from tassist.telemetry.record import run_record
from tests.support.records import full_result, full_trigger, line
from tests.unit.telemetry.test_record import every_other_record

CONTEXT = {"specversion", "id", "source", "type", "timestamp"}
CONTENT = {"uri", "labels", "milestone", "group", "summary", "creator", "updatedBy", "resolution"}
"""The fields CDEvents 0.5.0 knows of a ticket's content that we fill; it allows no others."""


def event(action: str = "labeled", **fields: Any) -> dict[str, Any]:
    result = replace(full_result(), **fields)
    record = run_record(result, trigger=replace(full_trigger(), action=action), run_id="r", include_titles=True)
    found: dict[str, Any] = json.loads(to_cloudevent(record))
    return found


def test_a_run_is_a_ticket_event_in_its_envelope() -> None:
    found = event()

    assert {name: found[name] for name in ("specversion", "type", "source", "subject", "time", "datacontenttype")} == {
        "specversion": "1.0",
        "type": "dev.cdevents.ticket.updated.0.2.0",
        "source": "https://github.com/acme/orbit",
        "subject": "acme/orbit#42",
        "time": "2026-03-01T12:00:00.250Z",
        "datacontenttype": "application/cdevents+json",
    }
    assert set(found["data"]) == {"context", "subject", "customData", "customDataContentType"}
    assert set(found["data"]["context"]) == CONTEXT
    assert found["data"]["context"]["id"] == found["id"] == found["data"]["customData"]["event_id"]
    assert set(found["data"]["subject"]) == {"id", "source", "content"}
    assert found["data"]["subject"]["content"] == {
        "uri": "https://github.com/acme/orbit/issues/42",
        "labels": ["track/a", "phase-1"],
        "milestone": "Phase 1",
        "group": "sprint",
        "summary": "Feature: a title that nobody else needs to read",
        "updatedBy": "mona",
    }


def test_opened_is_created_and_closed_is_closed() -> None:
    created = event("opened")
    closed_issue = Issue(IssueRef("acme/orbit", 42), state="closed", state_reason="not_planned")
    by_person = event("closed", issue=closed_issue)
    by_us = event(
        "labeled", issue=closed_issue, applied=(Applied(CloseIssue("not_planned", rule="stale"), changed=True),)
    )

    assert created["type"] == "dev.cdevents.ticket.created.0.2.0"
    assert created["data"]["subject"]["content"]["creator"] == "mona"
    for closed in (by_person, by_us):
        assert closed["type"] == "dev.cdevents.ticket.closed.0.2.0"
        assert closed["data"]["subject"]["content"]["resolution"] == "withdrawn"
        assert set(closed["data"]["subject"]["content"]) <= CONTENT
    assert event("edited", issue=closed_issue)["type"] == "dev.cdevents.ticket.updated.0.2.0"


def test_a_ticket_that_was_created_has_what_cdevents_asks_for_even_without_titles() -> None:
    record = run_record(full_result(), trigger=Trigger("delivery", "issues", "opened"), run_id="r")

    content = json.loads(to_cloudevent(record))["data"]["subject"]["content"]

    assert (content["summary"], content["creator"]) == ("acme/orbit#42", "unknown")


@pytest.mark.parametrize("record", every_other_record().values(), ids=list(every_other_record()))
def test_every_type_of_record_comes_back_byte_for_byte(record: bytes) -> None:
    assert from_cloudevent(to_cloudevent(record)) == record


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(
    labels=st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=4),
    extra=st.dictionaries(st.text(min_size=1, max_size=10).map(lambda name: f"x_{name}"), JSON_VALUES, max_size=4),
    spaces=st.sampled_from(["", " ", "\t", "  "]),
    action=st.sampled_from(["opened", "closed", "labeled", ""]),
    escape=st.booleans(),
)
def test_nothing_is_lost_whatever_a_record_holds(
    labels: list[str], extra: dict[str, Any], spaces: str, action: str, escape: bool
) -> None:
    """Fields of tomorrow, number spellings, key order, white space, escapes: the bytes come back as they were."""
    record = json.loads(line(3, labels=tuple(labels)))
    record["trigger"]["action"] = action
    text = json.dumps({**extra, **record}, ensure_ascii=escape, separators=(f",{spaces}", f":{spaces}")).encode()

    envelope = to_cloudevent(text)

    assert from_cloudevent(envelope) == text
    assert len(envelope.split(b"\n")) == 1
    assert json.loads(envelope)["id"] == record["event_id"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        line(1),
        b'{"specversion":"1.0","id":"x","source":"s","type":"com.example","data":{}}',
        b'{"specversion":"1.0","id":"x","source":"s","type":"dev.cdevents.ticket.updated.0.2.0","data":{}}',
        b'{"specversion":"1.0","id":"x","source":"s","type":"dev.tassist.run","data":{"a":1}}',
        b'{"specversion":"1.0","id":"x","source":"s","type":"dev.tassist.run"}',
    ],
)
def test_what_is_no_cloudevent_of_ours_is_a_problem(text: bytes) -> None:
    with pytest.raises(ProblemError) as raised:
        from_cloudevent(text)

    assert raised.value.problems[0].code == "not-a-cloudevent"


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff", line(1).replace(b'"success"', b'"fine"')])
def test_what_is_no_record_is_a_problem(text: bytes) -> None:
    with pytest.raises(ProblemError) as raised:
        to_cloudevent(text)

    assert raised.value.problems[0].code == "not-a-record"
