"""What `tassist dashboard records` does: find exactly the records by which a figure counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import msgspec

from engine.problems import Problem, ProblemError
from tassist.dashboard.figures import DECISIONS, FIGURE_BY_ID, WRITTEN
from tassist.errors import os_problem
from tassist.services.telemetry import recorded
from tassist.telemetry import paths
from tassist.telemetry.counted import counted
from tassist.telemetry.shape import NO_REPO, READ_RECORD, Record

_SUMMED = re.compile(r"(rule|change|trigger|sink|sum|run|[a-z_]+)\.")


def records_behind(name: str, folder: Path, *, repos: Sequence[str] = (), as_of: date | None = None) -> Iterator[bytes]:
    """The records that count for a figure, each once, in the order of their files.

    Args:
        name: A figure's id, or what it is summed by, such as ``rule.milestone.applied``; ``reverted.milestone`` are the
            records that wrote the values of one rule that were taken back.
        folder: The telemetry.
        repos: Only these.
        as_of: The last day that counts.

    Raises:
        ProblemError: Nobody knows the figure, or the telemetry cannot be read.
    """
    if name not in FIGURE_BY_ID and not _SUMMED.match(name):
        raise ProblemError(
            Problem(
                "unknown-figure",
                f"no figure is called {name}",
                fix="the ids stand on the page of figures and in docs/reference/dashboard.md, such as failed",
            )
        )
    recorded(folder)
    try:
        deciding = _deciding(name, folder, repos, as_of)
        for raw, record in _records(folder, repos, as_of):
            if _counts(record, name) if deciding is None else record.event_id in deciding:
                yield raw
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read telemetry")) from error


def _records(folder: Path, repos: Sequence[str], as_of: date | None) -> Iterator[tuple[bytes, Record]]:
    """Every record that counts, once, with its line."""
    wanted = {repo.casefold() for repo in repos}
    last = as_of.isoformat() if as_of else "9999"
    seen: set[str] = set()
    for file in paths.record_files([folder]):
        with file.open("rb") as lines:
            for raw in lines:
                try:
                    record = READ_RECORD(raw)
                except (msgspec.DecodeError, ValueError):
                    continue
                repo = record.repo.casefold()
                other = wanted and not {repo, repo.partition("/")[0]} & wanted and repo != NO_REPO
                if other or record.event_id in seen or record.timestamp[:10] > last:
                    continue
                seen.add(record.event_id)
                yield raw.rstrip(b"\r\n"), record


def _deciding(name: str, folder: Path, repos: Sequence[str], as_of: date | None) -> set[str] | None:
    """For a figure that one record cannot tell: the events by which issues and values count."""
    from tassist.dashboard.flow import turned
    from tassist.dashboard.reading import read, written_in
    from tassist.dashboard.scopes import counting

    what, _, rule = name.partition(".")
    if what in WRITTEN:
        return written_in(folder, what, rule=rule, as_of=as_of, repos=repos)
    if name not in FIGURE_BY_ID or (name != "stuck" and FIGURE_BY_ID[name].of != "issues"):
        return None
    facts = read(folder, as_of=as_of, repos=repos)
    if name == "stuck":
        return {found.event_id for found in facts.stuck}
    if name in {"opened", "closed"}:
        turns = {(turn.repo, turn.issue, turn.day.isoformat()) for turn in turned(facts.turns, opened=name == "opened")}
    else:
        latest = [issue for issue in facts.latest if not issue.is_pull_request]
        turns = {(issue.repo, issue.issue, issue.seen) for issue in counting(name, latest, facts.as_of)}
    # A day ends as its last record tells, and of two at the same moment the one whose id is greater.
    ends: dict[tuple[str, int, str], tuple[str, str]] = {}
    for _, record in _records(folder, repos, as_of):
        for issue, at in _told(record):
            for key in ((record.repo, issue, at), (record.repo, issue, record.timestamp[:10])):
                if key in turns:
                    ends[key] = max(ends.get(key, ("", "")), (at, record.event_id))
    return {event_id for _, event_id in ends.values()}


def _told(record: Record) -> Iterator[tuple[int, str]]:
    """The issues a record tells of, and when they were so."""
    for key, state in record.issues.items():
        if key.isdecimal():
            yield int(key), state.seen_at or record.timestamp
    if record.issue_number and record.state is not None:
        yield record.issue_number, record.timestamp


def _counts(record: Record, name: str) -> bool:
    """Whether a record adds to a figure that is a sum over records."""
    if record.origin:
        return False
    figure = FIGURE_BY_ID.get(name)
    key = figure.name if figure else name
    sums = record.counts.items() if record.event_type == "day_aggregate" else counted(record)
    if key:
        return any(found == key and count for found, count in sums)
    starts, ends = _names(name)
    return any(count and found.startswith(starts) and found.endswith(ends) for found, count in sums)


def _names(name: str) -> tuple[str, str]:
    """How the names begin and end that a figure is made of, where it is not a sum of one name."""
    if name.startswith(("latency", "duration")):
        return f"{name.partition('_')[0]}_ms.", ""
    outcome = name.removeprefix("rule_")
    return "rule.", f".{outcome if outcome in DECISIONS else name}"
