"""What changed in a repository, found without any webhook: four conditional requests that cost nothing while nothing moves.

A changed issue is looked at; changed labels, milestones or configuration mean a look at every open issue. As looks are
level-triggered, seeing a change twice does no harm, so the cursor only ever moves forward over what was read.
Source: https://docs.github.com/en/rest/issues/issues#list-repository-issues
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from engine.model import IssueRef
from engine.ports import Gone
from engine.problems import ProblemError
from tassist.github.address import repository
from tassist.github.client import Credential, Meter
from tassist.github.connection import Connection
from tassist.github.translate import when
from tassist.github.wire import IssueWire


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a repository has been read; plain text, so that a store can keep it."""

    updated_at: str = ""
    """The latest ``updated_at`` seen, as GitHub writes it; empty: the repository had no issue."""
    seen: tuple[int, ...] = ()
    """The issues that have exactly that time: GitHub's ``since`` includes it."""
    declared: str = ""
    """Digest of labels, milestones and configuration."""


@dataclass(frozen=True, slots=True)
class Polled:
    """What moved since the cursor."""

    cursor: Cursor
    """Where the next poll goes on."""
    changed: tuple[int, ...]
    """Numbers of issues and pull requests, the one that changed first in front."""
    everything: bool
    """Labels, milestones or configuration changed, or this is the first poll: every open issue wants a look."""
    reads: int
    """Billable ones; 0 while nothing moves."""


async def poll(connection: Connection, ref: IssueRef, cursor: Cursor | None) -> Polled:
    """Ask what changed in a repository.

    Args:
        connection: A read-only one will do.
        ref: The repository, by its id; the number does not matter.
        cursor: Of the last poll; ``None``: this is the first.

    Raises:
        Retry: GitHub cannot be asked now; the cursor stays where it is.
        ProblemError: The App may not read the repository.
    """
    meter = Meter()
    who = await connection.access.credential(ref)
    declared = await _declared(connection, ref, who, meter)
    if cursor is None:
        newest = await _issues(connection, ref, who, meter, "", newest_only=True)
        return Polled(_moved(Cursor(declared=declared), newest), (), everything=True, reads=meter.reads)
    issues = await _issues(connection, ref, who, meter, cursor.updated_at)
    fresh = [
        issue
        for issue in issues
        if issue.number and not (issue.updated_at == cursor.updated_at and issue.number in cursor.seen)
    ]
    return Polled(
        cursor=_moved(Cursor(cursor.updated_at, cursor.seen, declared), issues),
        changed=tuple(dict.fromkeys(issue.number for issue in fresh if issue.number)),
        everything=declared != cursor.declared,
        reads=meter.reads,
    )


async def _issues(
    connection: Connection, ref: IssueRef, who: Credential, meter: Meter, since: str, *, newest_only: bool = False
) -> list[IssueWire]:
    query = {"state": "all", "sort": "updated", "direction": "desc" if newest_only else "asc", "per_page": "100"}
    if since:
        query["since"] = since
    path = f"{repository(ref.repo, ref.repo_id)}/issues?{urlencode(query)}"
    return await connection.client.get_all(
        path, IssueWire, who, meter=meter, until=(lambda _: True) if newest_only else None
    )


async def _declared(connection: Connection, ref: IssueRef, who: Credential, meter: Meter) -> str:
    config = await connection.reader.config(ref)
    if isinstance(config, Gone):
        raise ProblemError(config.problem)
    labels = await connection.reader.labels(ref, who, meter)
    milestones = await connection.reader.milestones(ref, who, meter)
    parts = [
        repr(config.text),
        *sorted(f"{label.id} {label.name!r}" for label in labels),
        *(f"{milestone.number} {milestone.title!r} {milestone.state}" for milestone in milestones),
    ]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _moved(cursor: Cursor, issues: list[IssueWire]) -> Cursor:
    times = {issue.number: issue.updated_at for issue in issues if issue.number and issue.updated_at}
    latest = max([cursor.updated_at, *times.values()], key=lambda text: when(text) or datetime.min.replace(tzinfo=UTC))
    at_once = {number for number, moment in times.items() if moment == latest}
    if latest == cursor.updated_at:
        at_once |= set(cursor.seen)
    return Cursor(latest, tuple(sorted(at_once)), cursor.declared)
