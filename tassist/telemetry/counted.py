"""What a record counts for, as the names `prune` keeps and a dashboard adds up; both count the same by these names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tassist.telemetry.shape import Record

LIMITS_MS: tuple[int, ...] = tuple(step * 10**power for power in range(6) for step in (1, 2, 5))
"""Upper bounds of the buckets of durations, in milliseconds: 1, 2, 5, 10 … 500,000; longer ones are `more`."""


def counted(record: Record) -> Iterator[tuple[str, int]]:
    """Names and figures of one record, in a stable order; a name may come several times.

    ``records``; ``TYPE``; ``TYPE.OUTCOME``; ``rule.RULE.OUTCOME`` for each decision; ``change.FIELD`` for each value
    written; ``trigger.EVENT`` (or the trigger's kind); ``deliveries`` a run answered; ``reads``; ``writes``;
    ``duration_ms.le_N`` from start to finish and ``latency_ms.le_N`` from the delivery's arrival to the finish;
    ``sum.TYPE.NAME`` for the record's own counts; ``sink.NAME.TYPE`` for news of a sink.
    """
    yield "records", 1
    yield record.event_type, 1
    yield f"{record.event_type}.{record.outcome}", 1
    for decision in record.decisions:
        yield f"rule.{decision.rule}.{decision.outcome}", 1
    for change in record.changes_made:
        yield f"change.{change.field}", 1
    if record.trigger:
        yield f"trigger.{record.trigger.event or record.trigger.kind}", 1
        yield "deliveries", len(record.trigger.delivery_ids)
    if record.timing:
        yield "reads", record.timing.reads
        yield "writes", record.timing.writes
        yield from _bucket("duration_ms", record.timing.started, record.timing.finished)
        yield from _bucket("latency_ms", record.timing.received, record.timing.finished)
    for name, count in record.counts.items():
        yield f"sum.{record.event_type}.{name}", count
    if record.event_type == "sink_failure":
        yield f"sink.{record.subject}.{record.event_type}", 1


def _bucket(name: str, begun: str | None, ended: str | None) -> Iterator[tuple[str, int]]:
    if begun is None or ended is None:
        return
    spent = (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)) // timedelta(milliseconds=1)
    limit = next((limit for limit in LIMITS_MS if spent <= limit), None)
    yield f"{name}.{f'le_{limit}' if limit else 'more'}", 1
