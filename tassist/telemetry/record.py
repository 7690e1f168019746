"""Makes the record of a run, and the form of all others.

A record is one line of canonical JSON without its line feed. The event id is made from what happened, not from when it
was written down: writing it down again after a crash gives the same id, and readers and sinks fold the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from engine.model import Trigger
from engine.plan import Decision
from engine.ports import RunResult
from engine.problems import Problem
from tassist import __version__
from tassist.telemetry.encode import encode
from tassist.telemetry.events import EventType
from tassist.telemetry.parts import (
    Words,
    applied_rules,
    changes,
    decision_made,
    event_id,
    issue_state,
    known_outcome,
    optional_stamp,
    reason_of,
    repo_name,
    stamp,
    trigger_seen,
    trouble,
)
from tassist.telemetry.shape import FIRST_VERSION, NO_REPO, SCHEMA_VERSION, Change, Record, Timing


def run_record(
    result: RunResult,
    *,
    trigger: Trigger,
    run_id: str,
    delivery_ids: Sequence[str] = (),
    received: datetime | None = None,
    recorded: datetime | None = None,
    include_titles: bool = False,
    secrets: Sequence[str] = (),
) -> bytes:
    """The record of a run.

    Args:
        result: What the run did.
        trigger: Why it looked; of several coalesced deliveries, the last.
        run_id: The run's id; the event id is made from it alone.
        delivery_ids: Every delivery this run answers, in order of arrival.
        received: When the first of them arrived.
        recorded: Stands in for the time where the result has none.
        include_titles: Whether the issue's title may be recorded. Its body never is.
        secrets: Values to blank out wherever they might appear.
    """
    moment = result.finished or result.started or recorded or received
    if moment is None:
        raise ValueError("a run's record needs a time: result.finished or recorded")
    words = Words(result.issue, include_titles=include_titles)
    decisions = tuple(d for d in result.decisions if isinstance(d, Decision))
    problems = tuple(trouble(problem, words) for problem in result.problems)
    outcome = known_outcome(result.outcome)
    record = Record(
        schema_version=SCHEMA_VERSION if result.shadow else FIRST_VERSION,
        event_id=event_id("run", run_id),
        run_id=run_id,
        event_type="run",
        timestamp=stamp(moment),
        repo=repo_name(result.ref.repo),
        issue_number=result.ref.number if result.ref.number > 0 else None,
        applied_rules=applied_rules(decisions, result.applied),
        changes_made=changes(result.applied),
        outcome=outcome,
        reason=reason_of(outcome, words(result.reason), problems),
        repo_id=result.ref.repo_id,
        decisions=tuple(decision_made(decision, words) for decision in decisions),
        not_configured=result.not_configured,
        trigger=trigger_seen(trigger, delivery_ids),
        config_digest=result.config_digest,
        engine_version=__version__,
        state=issue_state(result.issue, track=result.track, include_titles=include_titles) if result.issue else None,
        timing=Timing(
            optional_stamp(received),
            optional_stamp(result.started),
            optional_stamp(result.finished),
            result.reads,
            result.writes,
        ),
        error=problems[0] if problems and outcome != "success" else None,
        problems=problems if len(problems) > 1 or outcome == "success" else (),
        origin="shadow" if result.shadow else "",
    )
    return encode(record, secrets=secrets)


def event_record(
    event_type: EventType,
    *,
    key: Sequence[object],
    run_id: str,
    at: datetime,
    repo: str = NO_REPO,
    repo_id: int = 0,
    issue_number: int | None = None,
    outcome: str = "success",
    reason: str | None = None,
    problems: Iterable[Problem] = (),
    changes_made: tuple[Change, ...] = (),
    secrets: Sequence[str] = (),
    **optional: Any,
) -> bytes:
    """A record of any type but ``run``; `tassist.telemetry.around` says what each type needs.

    Args:
        event_type: One of the closed list.
        key: What the event id is made from; see `tassist.telemetry.events`.
        run_id: Joins it to the other records of the same run, sweep, setup or migration.
        at: When it ended.
        repo: ``owner/name``, or left out for the service itself.
        repo_id: GitHub's id of the repository, 0 where unknown.
        issue_number: ``None`` where it is about no issue.
        outcome: ``success``, ``partial``, ``blocked`` or ``failed``.
        reason: Plain words, where the outcome is not success.
        problems: All of them; the first becomes ``error``.
        changes_made: What was written.
        secrets: Values to blank out wherever they might appear.
        optional: Further fields of `Record`.
    """
    troubles = tuple(trouble(problem) for problem in problems)
    result = known_outcome(outcome)
    record = Record(
        schema_version=SCHEMA_VERSION if optional.get("origin") or event_type == "day_aggregate" else FIRST_VERSION,
        event_id=event_id(event_type, *key),
        run_id=run_id,
        event_type=event_type,
        timestamp=stamp(at),
        repo=repo_name(repo),
        issue_number=issue_number,
        applied_rules=tuple(dict.fromkeys(change.rule for change in changes_made if change.rule)),
        changes_made=changes_made,
        outcome=result,
        reason=reason_of(result, reason, troubles),
        repo_id=repo_id,
        engine_version=__version__,
        error=troubles[0] if troubles and result != "success" else None,
        problems=troubles if len(troubles) > 1 or result == "success" else (),
        **optional,
    )
    return encode(record, secrets=secrets)
