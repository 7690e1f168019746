"""Sweeps in the journal: which repositories are to be looked at, which are through, and what came of it.

A sweep is a list of repositories. A few of them at a time have their lanes opened; each look counts in the transaction
that stores the run, so that a sweep killed at any point goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tassist.store.model import LaneKey, News, Progress, Sweep, SweepKind, SweptRepo, from_us, to_us
from tassist.store.outbox import add_record
from tassist.store.sql import Connection
from tassist.store.writer import GroupWriter

if TYPE_CHECKING:
    from tassist.store.sql import Read

TOPIC = "sweeps"
_SWEEP = "SELECT sweep_id, kind, scope, state, begun_at FROM sweeps"
_REPO = (
    "SELECT s.sweep_id, s.repo_id, s.repo, s.installation_id, s.begun_at, s.issues, s.looked, s.changed, s.failed"
    " FROM sweep_repos s"
)
_SUSPENDED = (
    "EXISTS (SELECT 1 FROM installations i WHERE i.installation_id = s.installation_id AND i.state = 'suspended')"
)
_HAS_LANES = "EXISTS (SELECT 1 FROM lanes l WHERE l.sweep = s.sweep_id AND l.repo_id = s.repo_id AND l.sweep <> '')"


# --- what the queue tells, inside its own transactions -----------------------------------------


def count_look(connection: Connection, key: LaneKey, *, run_id: str, failed: bool) -> None:
    """A look that a sweep asked for is through; before its lane is closed."""
    connection.execute(
        "UPDATE sweep_repos SET looked = looked + 1, failed = failed + ?,"
        " changed = changed + CASE WHEN EXISTS (SELECT 1 FROM effects WHERE run_id = ? AND state = 'applied') THEN 1 ELSE 0 END"
        " WHERE repo_id = ? AND state = 'open'"
        " AND sweep_id = (SELECT sweep FROM lanes WHERE repo_id = ? AND number = ? AND sweep <> '')",
        (int(failed), run_id, key.repo_id, key.repo_id, key.number),
    )


def count_failure(connection: Connection, key: LaneKey) -> None:
    """The repository itself could not be read; before its lane is closed."""
    connection.execute(
        "UPDATE sweep_repos SET failed = failed + 1 WHERE repo_id = ?"
        " AND sweep_id = (SELECT sweep FROM lanes WHERE repo_id = ? AND number = ?)",
        (key.repo_id, key.repo_id, key.number),
    )


def count_issues(connection: Connection, repo_id: int, sweep_id: str, issues: int) -> None:
    """So many issues of the repository are looked at."""
    connection.execute(
        "UPDATE sweep_repos SET issues = ? WHERE sweep_id = ? AND repo_id = ?", (issues, sweep_id, repo_id)
    )


def rename(connection: Connection, repo_id: int, repo: str, installation_id: int = 0) -> None:
    """Call the repository by its new name from now on."""
    connection.execute(
        "UPDATE sweep_repos SET repo = ?, installation_id = CASE WHEN ? <> 0 THEN ? ELSE installation_id END"
        " WHERE repo_id = ? AND state IN ('waiting', 'open')",
        (repo, installation_id, installation_id, repo_id),
    )


def begin_installation(connection: Connection, installation_id: int, *, key: str, now: datetime) -> None:
    """What an installation covers is looked at once it works, or works again: nothing told of it until now."""
    scope = json.dumps({"installations": [installation_id]})
    connection.execute(
        "INSERT INTO sweeps (sweep_id, kind, scope, state, begun_at) VALUES (?, 'installed', ?, 'listing', ?)"
        " ON CONFLICT DO NOTHING",
        (f"installed-{key}", scope, to_us(now)),
    )


def add_arrived(connection: Connection, news: News, *, seq: int, now: datetime) -> None:
    """A repository came to an installation; those of one delivery are one sweep."""
    connection.execute(
        "INSERT INTO sweeps (sweep_id, kind, scope, state, begun_at) VALUES (?, 'installed', '{}', 'open', ?)"
        " ON CONFLICT DO NOTHING",
        (f"installed-{seq}", to_us(now)),
    )
    add_repo(connection, f"installed-{seq}", news.id, news.text, news.installation_id)


def add_repo(connection: Connection, sweep_id: str, repo_id: int, repo: str, installation_id: int) -> None:
    """Add a repository, unless it is there already or the App was uninstalled meanwhile."""
    connection.execute(
        "INSERT INTO sweep_repos (sweep_id, repo_id, repo, installation_id) SELECT ?, ?, ?, ? WHERE NOT EXISTS"
        " (SELECT 1 FROM installations WHERE installation_id = ? AND state = 'deleted') ON CONFLICT DO NOTHING",
        (sweep_id, repo_id, repo, installation_id, installation_id),
    )


def drop_repo(connection: Connection, repo_id: int) -> None:
    """The repository is gone."""
    connection.execute(
        "UPDATE sweep_repos SET state = 'dropped' WHERE repo_id = ? AND state IN ('waiting', 'open')", (repo_id,)
    )


def drop_installation(connection: Connection, installation_id: int) -> None:
    """The App was uninstalled there."""
    connection.execute(
        "UPDATE sweep_repos SET state = 'dropped' WHERE installation_id = ? AND state IN ('waiting', 'open')",
        (installation_id,),
    )


# --- what those who sweep ask and tell ---------------------------------------------------------


class Sweeps:
    """The sweeps of one journal."""

    def __init__(self, read: Read, writer: GroupWriter) -> None:
        self._read = read
        self._writer = writer

    def begin(
        self,
        sweep_id: str,
        kind: SweepKind,
        scope: str,
        now: datetime,
        repos: Sequence[tuple[int, str, int]] | None = None,
    ) -> Sweep:
        """Note a sweep; where one of the same kind and scope is under way, that one goes on instead.

        Args:
            sweep_id: For a new one.
            kind: Why.
            scope: JSON; says which repositories are to be listed.
            now: The present.
            repos: Id, name and installation of all of them, where they are known already.
        """

        def write(connection: Connection) -> Sweep:
            where = " WHERE kind = ? AND scope = ? AND state <> 'finished' ORDER BY begun_at LIMIT 1"
            found = connection.execute(_SWEEP + where, (kind, scope)).fetchone()
            if found is None:
                values = (sweep_id, kind, scope, "listing" if repos is None else "open", to_us(now))
                connection.execute(
                    "INSERT INTO sweeps (sweep_id, kind, scope, state, begun_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    values,
                )
                for repo in repos or ():
                    add_repo(connection, sweep_id, *repo)
                found = connection.execute(f"{_SWEEP} WHERE sweep_id = ?", (sweep_id,)).fetchone()
            return _sweep(found)

        return self._writer.write_now(write, topic=TOPIC)

    def unfinished(self) -> list[Sweep]:
        """Sweeps under way, oldest first."""
        return [_sweep(row) for row in self._rows(f"{_SWEEP} WHERE state <> 'finished' ORDER BY begun_at, sweep_id")]

    def find(self, sweep_id: str) -> Sweep | None:
        """The sweep of that id."""
        rows = self._rows(f"{_SWEEP} WHERE sweep_id = ?", sweep_id)
        return _sweep(rows[0]) if rows else None

    async def add_repos(self, sweep_id: str, repos: Sequence[tuple[int, str, int]]) -> None:
        """Add repositories (id, name, installation); one that is there already stays as it is."""

        def write(connection: Connection) -> None:
            for repo in repos:
                add_repo(connection, sweep_id, *repo)

        await self._writer.write(write)

    async def listed(self, sweep_id: str) -> None:
        """All its repositories are known."""
        await self._writer.write(
            lambda connection: connection.execute(
                "UPDATE sweeps SET state = 'open' WHERE sweep_id = ? AND state = 'listing'", (sweep_id,)
            )
        )

    def under_way(self, now: datetime) -> int:
        """How many repositories have an issue that may be looked at now."""
        rows = self._rows(
            f"SELECT count(*) FROM sweep_repos s WHERE s.state = 'open' AND NOT {_SUSPENDED} AND EXISTS"  # noqa: S608 – our own text
            " (SELECT 1 FROM lanes l WHERE l.sweep = s.sweep_id AND l.repo_id = s.repo_id AND l.sweep <> '' AND l.not_before <= ?)",
            to_us(now),
        )
        return int(rows[0][0])

    def next_repos(self, limit: int) -> list[SweptRepo]:
        """Repositories whose turn comes, those of the oldest sweep first; those of suspended installations wait."""
        rows = self._rows(
            f"{_REPO} JOIN sweeps w USING (sweep_id) WHERE s.state = 'waiting' AND w.state = 'open' AND NOT {_SUSPENDED}"
            " ORDER BY w.begun_at, w.sweep_id, s.repo_id LIMIT ?",
            limit,
        )
        return [_repo(row) for row in rows]

    def through(self) -> list[SweptRepo]:
        """Repositories every issue of which was looked at."""
        return [_repo(row) for row in self._rows(f"{_REPO} WHERE s.state = 'open' AND NOT {_HAS_LANES}")]

    async def start_repo(self, repo: SweptRepo, now: datetime) -> None:
        """Have the repository's open issues looked at."""
        from tassist.store.lanes import open_lane

        def write(connection: Connection) -> None:
            started = connection.execute(
                "UPDATE sweep_repos SET state = 'open', begun_at = ? WHERE sweep_id = ? AND repo_id = ? AND state = 'waiting'",
                (to_us(now), repo.sweep_id, repo.repo_id),
            ).rowcount
            if started:
                open_lane(
                    connection,
                    LaneKey(repo.repo_id, 0),
                    repo=repo.repo,
                    installation_id=repo.installation_id,
                    now=now,
                    sweep=repo.sweep_id,
                )

        await self._writer.write(write, topic="deliveries")

    async def close_repo(self, repo: SweptRepo, *, event_id: str, record: bytes) -> None:
        """The repository is through: keep that, and put its record on its way."""

        def write(connection: Connection) -> None:
            closed = connection.execute(
                "UPDATE sweep_repos AS s SET state = 'done'"  # noqa: S608 – our own text
                f" WHERE s.sweep_id = ? AND s.repo_id = ? AND s.state = 'open' AND NOT {_HAS_LANES}",
                (repo.sweep_id, repo.repo_id),
            ).rowcount
            if closed:
                add_record(connection, event_id, record)

        await self._writer.write(write, topic="records")

    async def finish(self, sweep_id: str, now: datetime) -> bool:
        """End a sweep none of whose repositories is left; whether it did."""
        return await self._writer.write(
            lambda connection: bool(
                connection.execute(
                    "UPDATE sweeps SET state = 'finished', ended_at = ? WHERE sweep_id = ? AND state = 'open' AND NOT EXISTS"
                    " (SELECT 1 FROM sweep_repos s WHERE s.sweep_id = sweeps.sweep_id AND s.state IN ('waiting', 'open'))",
                    (to_us(now), sweep_id),
                ).rowcount
            )
        )

    def progress(self, sweep_id: str) -> Progress:
        """How far it is."""
        rows = self._rows(
            "SELECT count(*), count(*) FILTER (WHERE state IN ('done', 'dropped')), count(*) FILTER (WHERE state = 'dropped'),"
            " coalesce(sum(issues), 0), coalesce(sum(looked), 0), coalesce(sum(changed), 0), coalesce(sum(failed), 0)"
            " FROM sweep_repos WHERE sweep_id = ?",
            sweep_id,
        )
        return Progress(*(int(value) for value in rows[0]))

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._read(lambda connection: connection.execute(statement, values).fetchall())
        return found


def _sweep(row: tuple[Any, ...]) -> Sweep:
    sweep_id, kind, scope, state, begun = row
    return Sweep(sweep_id, kind, scope, state, from_us(begun))


def _repo(row: tuple[Any, ...]) -> SweptRepo:
    sweep_id, repo_id, repo, installation_id, begun, *counts = row
    return SweptRepo(sweep_id, repo_id, repo, installation_id, None if begun is None else from_us(begun), *counts)
