"""Holds on issues: somebody beside the service works on one, so that no look at it begins until that is over.

A hold runs out by itself, since whoever holds may die. A look counts its start in a transaction and a hold is taken in
one, so of the two only one can be: a look that began is waited for, and one that meets a hold does not begin.
"""

from __future__ import annotations

from datetime import datetime

from tassist.store.model import LaneKey, to_us
from tassist.store.sql import AT_ONCE, Connection, lock_lane, looked_at, want_look
from tassist.store.writer import GroupWriter


def held_until(connection: Connection, key: LaneKey, now: datetime) -> int:
    """Until when (microseconds since 1970) the issue is held; 0 where it is free."""
    row = connection.execute(
        "SELECT until FROM holds WHERE repo_id = ? AND number = ? AND until > ?", (key.repo_id, key.number, to_us(now))
    ).fetchone()
    return 0 if row is None else int(row[0])


def take(
    connection: Connection, key: LaneKey, owner: str, *, until: datetime, now: datetime, nobody_looks: bool = False
) -> bool:
    """Take or prolong a hold; false where a look is under way or somebody else holds it.

    ``nobody_looks``: no service runs, so a start that is counted is that of one that died. Where several processes share
    the store, it knows by itself which of them looks at the issue.
    """
    issue = (key.repo_id, key.number)
    lock_lane(connection, key)
    holder = connection.execute(
        "SELECT owner FROM holds WHERE repo_id = ? AND number = ? AND until > ?", (*issue, to_us(now))
    ).fetchone()
    if holder is not None and holder[0] != owner:
        return False
    looking = connection.execute("SELECT starts FROM lanes WHERE repo_id = ? AND number = ?", issue).fetchone()
    counted = looking is not None and looking[0] > 0
    if holder is None and counted and not nobody_looks and looked_at(connection, key):
        return False
    connection.execute(
        "INSERT INTO holds (repo_id, number, owner, until) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (repo_id, number) DO UPDATE SET owner = excluded.owner, until = excluded.until",
        (*issue, owner, to_us(until)),
    )
    return True


def release(connection: Connection, key: LaneKey, owner: str) -> None:
    """Give a hold up, and let the look that waited for its end begin."""
    issue = (key.repo_id, key.number)
    lock_lane(connection, key)
    row = connection.execute(
        "DELETE FROM holds WHERE repo_id = ? AND number = ? AND owner = ? RETURNING until", (*issue, owner)
    ).fetchone()
    if row is not None:
        connection.execute(
            "UPDATE lanes SET not_before = 0 WHERE repo_id = ? AND number = ? AND not_before <= ?", (*issue, row[0])
        )
        want_look(connection, key, at=AT_ONCE)


class Holds:
    """The holds of one journal."""

    def __init__(self, writer: GroupWriter) -> None:
        self._writer = writer

    async def take(
        self, key: LaneKey, owner: str, *, until: datetime, now: datetime, nobody_looks: bool = False
    ) -> bool:
        """Take or prolong a hold; false where a look is under way or somebody else holds the issue.

        Args:
            key: Of the issue.
            owner: Who holds it.
            until: When the hold runs out by itself.
            now: The present.
            nobody_looks: No service runs, so a start that is counted is that of one that died.
        """
        return await self._writer.write(
            lambda connection: take(connection, key, owner, until=until, now=now, nobody_looks=nobody_looks)
        )

    async def release(self, key: LaneKey, owner: str) -> None:
        """Give it up."""
        await self._writer.write(lambda connection: release(connection, key, owner), topic="deliveries")
