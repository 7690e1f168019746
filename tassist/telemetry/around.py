"""Records of what happens around runs: deliveries without a run, configuration, sweeps, sinks, migration, setup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.model import Issue, IssueRef, Trigger
from engine.problems import Problem
from tassist.telemetry.events import EventType
from tassist.telemetry.parts import issue_state, optional_stamp, stamp, trigger_seen
from tassist.telemetry.record import event_record
from tassist.telemetry.shape import NO_REPO, Change, IssueState, Timing


def delivery_recorded(
    *,
    trigger: Trigger,
    at: datetime,
    repo: str = NO_REPO,
    repo_id: int = 0,
    reason: str | None = None,
    note: str = "",
    secrets: Sequence[str] = (),
) -> bytes:
    """A delivery that leads to no run; ``note`` says why that is right, ``reason`` why it is not."""
    return event_record(
        "delivery_recorded",
        key=(trigger.delivery_id,),
        run_id=trigger.delivery_id or "-",
        at=at,
        repo=repo,
        repo_id=repo_id,
        outcome="failed" if reason else "success",
        reason=reason,
        trigger=trigger_seen(trigger, (trigger.delivery_id,) if trigger.delivery_id else ()),
        note=note,
        secrets=secrets,
    )


def config_validated(
    *,
    repo: str,
    run_id: str,
    config_digest: str,
    at: datetime,
    repo_id: int = 0,
    problems: Sequence[Problem] = (),
    valid: bool = True,
    secrets: Sequence[str] = (),
) -> bytes:
    """A configuration was read that is another one than before; with ``valid``, the problems are warnings."""
    return event_record(
        "config_validated",
        key=(run_id,),
        run_id=run_id,
        at=at,
        repo=repo,
        repo_id=repo_id,
        outcome="success" if valid else "blocked",
        problems=problems,
        config_digest=config_digest,
        counts={"problems": len(problems)},
        secrets=secrets,
    )


def repo_prepared(
    *,
    repo: str,
    run_id: str,
    at: datetime,
    changes_made: Sequence[Change],
    repo_id: int = 0,
    problems: Sequence[Problem] = (),
) -> bytes:
    """Labels and milestones were created or changed as the configuration declares; ``problems`` are those that were not."""
    outcome = "success" if not problems else "partial" if changes_made else "failed"
    return event_record(
        "repo_prepared",
        key=(run_id,),
        run_id=run_id,
        at=at,
        repo=repo,
        repo_id=repo_id,
        outcome=outcome,
        problems=problems,
        changes_made=tuple(changes_made),
        counts={"changed": len(changes_made), "failed": len(problems)},
    )


def sweep_finished(
    *,
    repo: str,
    run_id: str,
    at: datetime,
    counts: Mapping[str, int],
    started: datetime | None = None,
    problems: Sequence[Problem] = (),
) -> bytes:
    """A sweep over a repository ended; ``counts`` such as ``looked_at``, ``changed``, ``failed``."""
    return event_record(
        "sweep_finished",
        key=(run_id, repo),
        run_id=run_id,
        at=at,
        repo=repo,
        outcome="partial" if problems else "success",
        problems=problems,
        counts=dict(counts),
        timing=Timing(started=optional_stamp(started), finished=stamp(at)),
    )


def step_record(
    event_type: EventType,
    *,
    step: str,
    run_id: str,
    at: datetime,
    repo: str = NO_REPO,
    outcome: str = "success",
    reason: str | None = None,
    problems: Sequence[Problem] = (),
    changes_made: tuple[Change, ...] = (),
    secrets: Sequence[str] = (),
) -> bytes:
    """A ``migration_step`` or ``setup_step``; with problems and no other outcome given, it failed."""
    if problems and outcome == "success":
        outcome = "failed"
    return event_record(
        event_type,
        key=(run_id, step),
        run_id=run_id,
        at=at,
        repo=repo,
        outcome=outcome,
        reason=reason,
        problems=problems,
        changes_made=changes_made,
        subject=step,
        secrets=secrets,
    )


def sink_failure(*, sink: str, at: datetime, problem: Problem, waiting: int = 0, secrets: Sequence[str] = ()) -> bytes:
    """An outage of a sink began; ``waiting`` records stand in the outbox."""
    return event_record(
        "sink_failure",
        key=(sink, stamp(at)),
        run_id=f"sink:{sink}",
        at=at,
        outcome="partial",
        problems=(problem,),
        subject=sink,
        counts={"waiting": waiting},
        secrets=secrets,
    )


def records_lost(*, sink: str, at: datetime, first_seq: int, lost: int, reason: str) -> bytes:
    """A sink will never get these ``lost`` records, of which ``first_seq`` is the first."""
    return event_record(
        "records_lost",
        key=(sink, first_seq),
        run_id=f"sink:{sink}",
        at=at,
        outcome="failed",
        reason=reason,
        subject=sink,
        counts={"lost": lost, "first_seq": first_seq},
    )


def issue_observed(
    issue: Issue, *, source: str, at: datetime, track: str | None = None, include_titles: bool = False
) -> bytes:
    """An issue's state as seen without a run: imported history, a snapshot, a backfill."""
    return event_record(
        "issue_observed",
        key=(source, issue.ref.repo, issue.ref.number, stamp(at)),
        run_id=source,
        at=at,
        repo=issue.ref.repo,
        repo_id=issue.ref.repo_id,
        issue_number=issue.ref.number,
        state=issue_state(issue, track=track, include_titles=include_titles),
        subject=source,
    )


def run_undone(
    *,
    ref: IssueRef,
    run_id: str,
    undone: str,
    at: datetime,
    changes_made: Sequence[Change] = (),
    problems: Sequence[Problem] = (),
    reason: str | None = None,
) -> bytes:
    """A person took back what the run ``undone`` did; ``reason`` says why not all of it."""
    return event_record(
        "run_undone",
        key=(run_id,),
        run_id=run_id,
        at=at,
        repo=ref.repo,
        repo_id=ref.repo_id,
        issue_number=ref.number,
        outcome="success" if not problems and not reason else "partial" if changes_made else "failed",
        reason=reason,
        problems=problems,
        changes_made=tuple(changes_made),
        subject=undone,
    )


def catch_up_finished(
    *, repo: str = NO_REPO, run_id: str, at: datetime, counts: Mapping[str, int], problems: Sequence[Problem] = ()
) -> bytes:
    """What was missed while the service was away was handled or named; ``counts`` such as ``found``, ``handled``, ``lost``."""
    return event_record(
        "catch_up_finished",
        key=(run_id, repo),
        run_id=run_id,
        at=at,
        repo=repo,
        outcome="partial" if problems else "success",
        problems=problems,
        counts=dict(counts),
    )


def migration_compared(
    *, repo: str, run_id: str, at: datetime, counts: Mapping[str, int], reason: str | None = None
) -> bytes:
    """Legacy and engine were compared; ``counts`` is the number of cases by verdict, ``reason`` why it is no parity."""
    return event_record(
        "migration_compared",
        key=(run_id, repo),
        run_id=run_id,
        at=at,
        repo=repo,
        outcome="partial" if reason else "success",
        reason=reason,
        counts=dict(counts),
    )


def legacy_run(
    *,
    repo: str,
    component: str,
    at: datetime,
    digest: str,
    counts: Mapping[str, int],
    missing: Sequence[str] = (),
    issue: int = 0,
    failed: bool = False,
    note: str = "",
) -> bytes:
    """One run of a legacy component, from its own telemetry; ``digest`` tells the same content from whatever file."""
    lacks = f"it did not find {', '.join(missing)}" if missing else ""
    return event_record(
        "sweep_finished",
        key=("legacy", repo, component, stamp(at), digest),
        run_id=f"legacy:{component}:{stamp(at)}",
        at=at,
        repo=repo,
        issue_number=issue or None,
        outcome="failed" if failed else "partial" if missing else "success",
        reason=lacks or ("legacy recorded a failure" if failed else None),
        subject=component,
        counts=dict(counts),
        note=note,
        origin="legacy:codex",
    )


def legacy_issue(
    *, repo: str, number: int, state: IssueState, component: str, at: datetime, digest: str, note: str = ""
) -> bytes:
    """An issue as a legacy component saw it; ``digest`` is the same for the same state, whenever it was seen."""
    return event_record(
        "issue_observed",
        key=("legacy", repo, number, digest),
        run_id=f"legacy:{component}:{stamp(at)}",
        at=at,
        repo=repo,
        issue_number=number,
        state=state,
        subject=component,
        note=note,
        origin="legacy:codex",
    )
