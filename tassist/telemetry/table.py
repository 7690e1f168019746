"""Records as CSV that a spreadsheet shows and never calculates."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

import msgspec

from tassist.telemetry.shape import READ_RECORD, Record
from tassist.text import safe_text

COLUMNS = (
    "timestamp",
    "event_type",
    "repo",
    "issue_number",
    "outcome",
    "reason",
    "applied_rules",
    "changes_made",
    "event",
    "action",
    "sender",
    "delivery_id",
    "state",
    "track",
    "milestone",
    "labels",
    "title",
    "reads",
    "writes",
    "run_id",
    "event_id",
    "schema_version",
)
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def csv_lines(lines: Iterable[bytes]) -> Iterator[str]:
    """The header, then one row for each record; rows end in CR LF (RFC 4180).

    A cell that a spreadsheet would take for a formula begins with an apostrophe. This form is for people: what a program
    reads back is JSON lines or CloudEvents.

    Raises:
        msgspec.ValidationError: A line is no record.
    """
    yield _row(COLUMNS)
    for line in lines:
        yield _row(_cells(READ_RECORD(line)))


def formula_safe(value: object) -> str:
    """The value as a cell that is text to a spreadsheet.

    Source: https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = safe_text("" if value is None else value)
    return f"'{text}" if text.lstrip(" \u00a0\ufeff\u200b").startswith(_STARTS_A_FORMULA) else text


def _row(cells: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([formula_safe(cell) for cell in cells])
    return out.getvalue()


def _cells(record: Record) -> list[object]:
    trigger, state, timing = record.trigger, record.state, record.timing
    return [
        record.timestamp,
        record.event_type,
        record.repo,
        record.issue_number,
        record.outcome,
        record.reason,
        "; ".join(record.applied_rules),
        "; ".join(
            f"{change.field}: {_shown(change.before)} → {_shown(change.after)}" for change in record.changes_made
        ),
        trigger.event if trigger else "",
        trigger.action if trigger else "",
        trigger.sender if trigger else "",
        trigger.delivery_id if trigger else "",
        state.state if state else "",
        state.track if state else "",
        state.milestone if state else "",
        msgspec.json.encode(state.labels).decode() if state else "",
        state.title if state else "",
        timing.reads if timing else "",
        timing.writes if timing else "",
        record.run_id,
        record.event_id,
        record.schema_version,
    ]


def _shown(value: str | None) -> str:
    return "none" if value is None else value
