"""Reads our own telemetry: the state each run left, what it wrote, and what of that a person undid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from engine.model import Issue, IssueRef, Milestone, fold
from tassist.services.simulate.history import History, Written, moment
from tassist.telemetry.shape import READ_RECORD, Change, IssueState, Record


@dataclass(slots=True)
class _Pending:
    """A change of ours that nobody has undone so far."""

    at: datetime
    field: str
    before: str | None
    after: str | None


def read_records(content: bytes, history: History, runs: dict[str, Record], *, name: str) -> int:
    """Collect the records of runs, each event once, whatever file repeats it; how many are new.

    A line that cannot be read is counted and said.
    """
    known = len(runs)
    broken = 0
    for line in content.splitlines():
        if not line.strip():
            continue
        try:
            record = READ_RECORD(line)
        except (msgspec.DecodeError, RecursionError):
            broken += 1
            continue
        if record.event_type == "run":
            runs.setdefault(record.event_id, record)
    if broken:
        history.notes.append(f"{name} has {broken} line{'s' * (broken != 1)} that cannot be read")
    return len(runs) - known


def play(runs: dict[str, Record], history: History) -> None:
    """Add the state every run left, and what became of what it wrote; a run without a state tells nothing."""
    pending: dict[tuple[str, int], list[_Pending]] = {}
    for record in sorted(runs.values(), key=lambda record: (record.timestamp, record.run_id)):
        at = moment(record.timestamp)
        if at is None or record.state is None or record.issue_number is None:
            continue
        ref = IssueRef(record.repo, record.issue_number, record.repo_id)
        history.add(_issue(ref, record.state, history), at)
        _settle(pending.setdefault((record.repo, record.issue_number), []), record, at, history)
    for (repo, number), waiting in pending.items():
        history.written += [
            Written(repo, number, found.field, found.after or found.before or "", found.at, reverted=False)
            for found in waiting
        ]


def _issue(ref: IssueRef, state: IssueState, history: History) -> Issue:
    milestone = None
    if state.milestone is not None:
        number = history.number(ref.repo, state.milestone)
        milestone = Milestone(number, state.milestone, state.milestone_state or "open")
    return Issue(
        IssueRef(ref.repo, ref.number),
        title=state.title,
        state=state.state,
        state_reason=state.state_reason,
        labels=state.labels,
        milestone=milestone,
        created_at=moment(state.created_at),
        updated_at=moment(state.updated_at),
        closed_at=moment(state.closed_at),
        is_pull_request=state.is_pull_request,
        parent_read=True,
    )


def _settle(waiting: list[_Pending], record: Record, at: datetime, history: History) -> None:
    """Close what this record shows to be undone, then wait for what it did itself."""
    assert record.state is not None
    assert record.issue_number is not None
    own = [change for change in record.changes_made if change.field in {"labels", "milestone", "state"}]
    left = []
    for known in waiting:
        verdict = _verdict(known, record.state, own)
        if verdict is None:
            left.append(known)
        else:
            value = known.after or known.before or ""
            written = Written(record.repo, record.issue_number, known.field, value, known.at, reverted=verdict)
            history.written.append(written)
    waiting[:] = left
    waiting += [_Pending(at, change.field, change.before, change.after) for change in own]


def _verdict(known: _Pending, state: IssueState, own: list[Change]) -> bool | None:
    """True: a person undid it. False: we replaced it ourselves. ``None``: it still stands."""
    if known.field == "labels":
        label = fold(known.after or known.before or "")
        ours = [
            change for change in own if change.field == "labels" and fold(change.after or change.before or "") == label
        ]
        if ours:
            # The same again means that somebody had undone it; the opposite is our own second thought.
            return (ours[0].after is None) == (known.after is None)
        there = label in {fold(name) for name in state.labels}
        return None if there == (known.after is not None) else True
    now = state.milestone if known.field == "milestone" else state.state
    replaced = next((change for change in own if change.field == known.field), None)
    if replaced is not None:
        return replaced.before != known.after
    return None if now == known.after else True
