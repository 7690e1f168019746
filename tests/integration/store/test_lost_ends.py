"""A worker that lost its connection at the very end of a job, and nothing else of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import psycopg

from tassist.store.model import Incoming, Lane, Sorted, Target
from tassist.store.place import open_database
from tassist.store.postgres.journal import PostgresJournal
from tassist.store.postgres.writer import SharedWriter
from tests.support import postgres

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def test_an_issue_whose_job_could_not_be_ended_is_looked_at_again(postgresql: str) -> None:
    postgres.empty(postgresql)
    with open_database(postgresql) as journal, psycopg.connect(postgresql, autocommit=True) as other:
        assert isinstance(journal, PostgresJournal)
        looks: list[Lane] = []
        again = asyncio.Event()

        async def look(lane: Lane) -> None:
            looks.append(lane)
            if len(looks) > 1:
                again.set()
                return
            # The pool gives out what was longest idle: that is what the end of this job will be said on. The other
            # one lives, on which the worker goes on taking jobs and shows that it is there.
            cut = other.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND query = 'COMMIT' AND pid <> %s"
                " ORDER BY state_change LIMIT 1) AS idle",
                (writer_pid,),
            ).fetchone()
            assert cut is not None
            assert cut[0] == 1, "the worker's connection was found and is gone"

        accepted = await journal.accept(Incoming("d", "issues", b"{}", NOW))
        place = Sorted(
            accepted.seq, "waiting", installation_id=5, repo_id=7, repo="o/r", targets=(Target(7, "o/r", 1),)
        )
        await journal.store_sorted([(place, ())], NOW)
        assert isinstance(journal.writer, SharedWriter)
        session = journal.writer._session
        assert session is not None
        writer_pid = session.raw.info.backend_pid
        queue = journal.queue(look, slots=1)
        running = asyncio.create_task(queue.run())
        try:
            await asyncio.wait_for(again.wait(), 60)
        finally:
            await queue.drain(5)
            await running
