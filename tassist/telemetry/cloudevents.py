"""Records as CloudEvents with the CDEvents ticket vocabulary, and back without loss.

A record about an issue whose state is known becomes ``dev.cdevents.ticket.created``, ``.updated`` or ``.closed``, with the
whole record as ``customData``; any other becomes ``dev.tassist.<event type>`` with the record as ``data``. The record's own
bytes are carried, not a copy of what was understood of them: fields of tomorrow and the spelling of numbers survive.

Sources: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md,
https://github.com/cdevents/spec/blob/main/cloudevents-binding.md, https://cdevents.dev/docs/ (0.5.0, ticket).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from engine.problems import Problem, ProblemError
from tassist.telemetry.schema import SCHEMA_ID
from tassist.telemetry.shape import READ_RECORD, Record
from tassist.telemetry.verify import why_unread

CDEVENTS_VERSION = "0.5.0"
TICKET_VERSION = "0.2.0"
_RESOLUTIONS = {"completed": "completed", "not_planned": "withdrawn", "duplicate": "duplicate"}
"""GitHub's reasons for closing, in the words of CDEvents."""


class _Data(msgspec.Struct):
    customData: msgspec.Raw  # noqa: N815 – CDEvents spells it so


class _Envelope(msgspec.Struct):
    specversion: str
    id: str
    source: str
    type: str
    data: msgspec.Raw


def to_cloudevent(line: bytes, *, web_url: str = "https://github.com") -> bytes:
    """A record as one CloudEvent in JSON format, on one line.

    Args:
        line: The record.
        web_url: Where issues are shown, for the ticket's ``uri``.

    Raises:
        ProblemError: The line is no record.
    """
    try:
        record = READ_RECORD(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        why = why_unread(line, error)[1]
        raise ProblemError(Problem("not-a-record", "the line is no telemetry record", why=why)) from error
    source = f"{web_url}/{quote(record.repo)}"
    own = msgspec.Raw(line)
    envelope: dict[str, Any] = {"specversion": "1.0", "id": record.event_id, "source": source}
    if record.state is None or record.issue_number is None:
        return msgspec.json.encode(
            {
                **envelope,
                "type": f"dev.tassist.{record.event_type}",
                "subject": record.subject or record.repo,
                "time": record.timestamp,
                "datacontenttype": "application/json",
                "dataschema": SCHEMA_ID,
                "data": own,
            }
        )
    kind = _predicate(record)
    event_type = f"dev.cdevents.ticket.{kind}.{TICKET_VERSION}"
    subject = f"{record.repo}#{record.issue_number}"
    context = {"specversion": CDEVENTS_VERSION, "id": record.event_id, "source": source, "type": event_type}
    return msgspec.json.encode(
        {
            **envelope,
            "type": event_type,
            "subject": subject,
            "time": record.timestamp,
            "datacontenttype": "application/cdevents+json",
            "data": {
                "context": {**context, "timestamp": record.timestamp},
                "subject": {"id": subject, "source": source, "content": _content(record, kind, source)},
                "customData": own,
                "customDataContentType": "application/json",
            },
        }
    )


def from_cloudevent(line: bytes) -> bytes:
    """The record inside a CloudEvent of ours, byte for byte.

    Raises:
        ProblemError: It is no CloudEvent, or none that carries a record.
    """
    try:
        record = _inside(msgspec.json.decode(line, type=_Envelope))
        READ_RECORD(record)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProblemError(
            Problem("not-a-cloudevent", "the line is no CloudEvent that carries a record", why=str(error))
        ) from error
    return record


def _inside(envelope: _Envelope) -> bytes:
    if envelope.type.startswith("dev.tassist."):
        return bytes(envelope.data)
    if not envelope.type.startswith("dev.cdevents.ticket."):
        raise msgspec.ValidationError(f"type {envelope.type!r} is not one of ours")
    return bytes(msgspec.json.decode(envelope.data, type=_Data).customData)


def _predicate(record: Record) -> str:
    """Created and closed as the delivery says, closed also where the run itself closed the issue."""
    assert record.state is not None
    action = record.trigger.action if record.trigger and record.trigger.event == "issues" else ""
    by_us = any(change.field == "state" and change.after == "closed" for change in record.changes_made)
    if record.state.state == "closed" and (action == "closed" or by_us):
        return "closed"
    return "created" if action == "opened" else "updated"


def _content(record: Record, kind: str, source: str) -> dict[str, Any]:
    assert record.state is not None
    content: dict[str, Any] = {
        "uri": f"{source}/issues/{record.issue_number}",
        "labels": list(record.state.labels),
    }
    if record.state.milestone is not None:
        content["milestone"] = record.state.milestone
    if record.state.track:
        content["group"] = record.state.track
    if record.state.title or kind == "created":
        content["summary"] = record.state.title or f"{record.repo}#{record.issue_number}"
    sender = record.trigger.sender if record.trigger else ""
    if kind == "created":
        content["creator"] = sender or "unknown"
    elif sender:
        content["updatedBy"] = sender
    if kind == "closed":
        reason = record.state.state_reason or "completed"
        content["resolution"] = _RESOLUTIONS.get(reason, reason)
    return content
