"""The queue of issues as procrastinate's jobs: one job means "look at this issue", however many deliveries want it.

Its lock and its queueing lock are the issue: one look at a time, and a burst is one job. The lane in the journal says
what is to be done and when; a job is only the reason to go and see, so one too many does no harm, and none is missed,
because it is put in the transaction that makes it needed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import procrastinate
import psycopg
import psycopg_pool
from procrastinate import jobs as procrastinate_jobs

from tassist.store.model import LaneKey
from tassist.store.postgres.address import Address

QUEUE = "issues"
TASK = "look"
LATE, USUAL, TAKEN_OVER = -1000, 0, 1000
"""Priorities: a sweep's looks behind everything delivered; what a dead worker held before everything."""
_STEP = 16
"""Of one repository, so many waiting issues go before the next so many: a flood in one does not crowd others out."""
_LEAST_S = 0.25


def lock_of(key: LaneKey) -> str:
    """The name of an issue's lock."""
    return f"{key.repo_id}/{key.number}"


@dataclass(slots=True)
class Wanted:
    """A look that is wanted."""

    at: datetime | None
    """Not before; replaces what was said earlier. ``None``: as soon as its turn comes, or as was said earlier."""
    late: bool
    taken_over: bool = False

    def also(self, at: datetime | None, *, late: bool) -> None:
        """It is wanted once more."""
        self.at = at if at is not None else self.at
        self.late = self.late and late


class Jobs:
    """Puts jobs into a transaction of the journal's own; and makes the worker that takes them out."""

    def __init__(self, address: Address) -> None:
        self._address = address
        connector = procrastinate.SyncPsycopgConnector(conninfo=address.text)
        self._app = procrastinate.App(connector=connector)

    def put(self, connection: psycopg.Connection, wanted: Mapping[LaneKey, Wanted], now: datetime) -> None:
        """Put a job for each issue that has none waiting; the lanes are locked by this transaction.

        A waiting job is locked, so that no worker can take it between this look at it and our commit, and be through
        before it could see what we wrote.
        """
        names = {lock_of(key): key for key in sorted(wanted)}
        waiting = connection.execute(
            "SELECT queueing_lock, id, priority FROM procrastinate_jobs WHERE status = 'todo'"
            " AND queueing_lock = ANY(%s) ORDER BY queueing_lock FOR UPDATE",
            (list(names),),
        ).fetchall()
        for name, job_id, priority in waiting:
            self._change(connection, job_id, priority, wanted[names.pop(name)], now)
        if not names:
            return
        crowd = self._crowds(connection, {key.repo_id for key in names.values()})
        new = []
        for name, key in names.items():
            one = wanted[key]
            priority = _priority(one) or -min(crowd[key.repo_id] // _STEP, 900)
            new.append(
                procrastinate_jobs.Job(
                    queue=QUEUE,
                    task_name=TASK,
                    lock=name,
                    queueing_lock=name,
                    priority=priority,
                    scheduled_at=_database_time(connection, one.at, now),
                    task_kwargs={"repo_id": key.repo_id, "number": key.number},
                )
            )
            crowd[key.repo_id] += 1
        self._app.job_manager.batch_defer_jobs(new, connection=connection)

    @staticmethod
    def _change(connection: psycopg.Connection, job_id: int, priority: int, wanted: Wanted, now: datetime) -> None:
        """Make a waiting job earlier, later, or more urgent."""
        urgent = max(priority, _priority(wanted)) if not wanted.late else priority
        if wanted.at is not None:
            connection.execute(
                "UPDATE procrastinate_jobs SET priority = %s, scheduled_at = %s WHERE id = %s",
                (urgent, _database_time(connection, wanted.at, now), job_id),
            )
        elif urgent != priority:
            connection.execute("UPDATE procrastinate_jobs SET priority = %s WHERE id = %s", (urgent, job_id))

    @staticmethod
    def _crowds(connection: psycopg.Connection, repo_ids: set[int]) -> dict[int, int]:
        """How many lanes each repository has, counted no further than it matters."""
        most = _STEP * 900
        found: dict[int, int] = {}
        for repo_id in repo_ids:
            row = connection.execute(
                "SELECT count(*) FROM (SELECT 1 FROM lanes WHERE repo_id = %s LIMIT %s) AS l", (repo_id, most)
            ).fetchone()
            found[repo_id] = int(row[0]) if row else 0
        return found

    def workers(self, look: Callable[[LaneKey, int], Awaitable[None]]) -> procrastinate.App:
        """An application whose jobs call ``look`` with the issue and their id; for a worker in the running event loop."""
        connector = procrastinate.PsycopgConnector(
            pool_factory=_pool,
            conninfo=self._address.hasty,
            min_size=1,
            max_size=6,
            timeout=5.0,
            reconnect_timeout=5.0,
        )
        app = procrastinate.App(connector=connector)

        async def run(context: procrastinate.JobContext, *, repo_id: int, number: int) -> None:
            await look(LaneKey(repo_id, number), context.job.id or 0)

        app.task(name=TASK, queue=QUEUE, pass_context=True)(run)
        return app


def _pool(**settings: Any) -> psycopg_pool.AsyncConnectionPool:
    """Without asking before each use whether a connection lives: whoever meets one that does not starts anew anyway."""
    return psycopg_pool.AsyncConnectionPool(**{**settings, "check": None})


def _priority(wanted: Wanted) -> int:
    return TAKEN_OVER if wanted.taken_over else LATE if wanted.late else USUAL


def _database_time(connection: psycopg.Connection, at: datetime | None, now: datetime) -> datetime | None:
    """The moment by the database's clock, which is the one procrastinate goes by; not at once where we say later."""
    if at is None or at <= now:
        return None
    row: Any = connection.execute("SELECT clock_timestamp()").fetchone()
    moment: datetime = row[0]
    return moment + max(at - now, timedelta(seconds=_LEAST_S))
