"""Sub-issues and their parents: when a look finds a parent changed, those of its children that saw it otherwise are looked at."""

from __future__ import annotations

from tassist.store.model import FinishedRun, LaneKey
from tassist.store.sql import Connection

MOST = 100
"""GitHub's own bound of sub-issues below one issue."""


def note(connection: Connection, run: FinishedRun) -> None:
    """Remember what the issue saw of its parent; forget a parent it has not any more."""
    issue = (run.key.repo_id, run.key.number)
    if run.parent is not None:
        connection.execute(
            "INSERT INTO children (repo_id, number, repo, installation_id, parent_repo_id, parent_number, seen)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (repo_id, number) DO UPDATE SET repo = excluded.repo,"
            " installation_id = excluded.installation_id, parent_repo_id = excluded.parent_repo_id,"
            " parent_number = excluded.parent_number, seen = excluded.seen",
            (*issue, run.repo, run.installation_id, run.parent.repo_id, run.parent.number, run.parent_seen),
        )
    elif run.parent_read:
        connection.execute("DELETE FROM children WHERE repo_id = ? AND number = ?", issue)


def to_look_at(connection: Connection, run: FinishedRun) -> list[tuple[LaneKey, str, int]]:
    """Children of the issue that saw it otherwise than it is now: their place, repository and installation.

    A look at a child notes what it saw, so a parent's change is one look for each child, however they are linked.
    """
    if not run.seen:
        return []
    found = connection.execute(
        "SELECT repo_id, number, repo, installation_id FROM children"
        " WHERE parent_repo_id = ? AND parent_number = ? AND seen <> ? LIMIT ?",
        (run.key.repo_id, run.key.number, run.seen, MOST),
    )
    return [(LaneKey(int(row[0]), int(row[1])), str(row[2]), int(row[3])) for row in found]
