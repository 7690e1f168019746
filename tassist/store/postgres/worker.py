"""Takes jobs and has their issues looked at, one look at a time for an issue across all machines.

What goes wrong with the database ends a worker of procrastinate's; this starts the next one as soon as the database is
back. What a process held that died is taken over by whichever process notices it first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import procrastinate
import psycopg
import psycopg_pool
from procrastinate import exceptions

from tassist.log import get_logger, log_event
from tassist.store.database import StoreError
from tassist.store.model import Lane, LaneKey
from tassist.store.postgres.fence import Fence
from tassist.store.postgres.jobs import QUEUE
from tassist.store.postgres.journal import PostgresJournal, due_at
from tassist.store.postgres.session import Session

_LOG = get_logger("queue")
_TROUBLE = (exceptions.ProcrastinateException, psycopg.Error, psycopg_pool.PoolTimeout, StoreError, OSError)
_JOBLESS = 500
Look = Callable[[Lane], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Tact:
    """How often what is done; the sum of three of them is how long a dead process's issues wait."""

    poll_s: float = 0.2
    """How long a free slot waits for news of a job before it asks."""
    heartbeat_s: float = 2.0
    stalled_s: float = 8.0
    """A process that has not shown a heartbeat for so long is taken for dead."""
    check_s: float = 1.0
    """How often each looks for the dead."""
    again_s: float = 1.0
    """How long an issue rests that another process still holds, or whose outcome could not be stored."""
    unended_s: float = 2.0
    """A job whose look is through for so long and which is still held was not taken off the queue: that got lost."""
    jobless_s: float = 15.0
    """How often it is made sure that every issue that waits has a job."""
    prune_s: float = 60.0
    """After so long a dead process is forgotten."""


class IssueQueue:
    """One process's share of the queue; in the dispatcher's event loop."""

    def __init__(self, journal: PostgresJournal, look: Look, *, slots: int, tact: Tact | None = None) -> None:
        """Args beyond the obvious.

        Args:
            journal: Open.
            look: Does one look; whatever it raises, the issue is looked at again.
            slots: Jobs taken at once.
            tact: How often what is done.
        """
        self._journal = journal
        self._look = look
        self._slots = slots
        self._tact = tact or Tact()
        self._fence = Fence(journal.address, journal.held, self._break_off)
        self._looks: dict[LaneKey, asyncio.Task[None]] = {}
        self._through: dict[int, tuple[LaneKey, float]] = {}
        """Jobs that need no more than being taken off the queue, which is procrastinate's to do, and since when."""
        self._draining = False
        self._worker: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()

    @property
    def looks_under_way(self) -> int:
        """How many looks run now."""
        return len(self._looks)

    async def run(self) -> None:
        """Work until `drain`."""
        beside = [
            asyncio.create_task(self._fence.watch(), name="fence"),
            asyncio.create_task(self._every(self._tact.jobless_s, self._find_jobless), name="jobless"),
        ]
        try:
            while not self._draining:
                try:
                    await self._work()
                except _TROUBLE as error:
                    log_event(_LOG, "queue-trouble", "the database cannot be used", level=40, why=_said(error))
                if not self._draining:
                    await asyncio.sleep(self._tact.poll_s)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await self._fence.close()
            self._ended.set()

    async def drain(self, grace_s: float) -> int:
        """Take nothing more; let looks under way end in time, break off the rest. Returns how many were broken off."""
        self._draining = True
        if self._worker is not None:
            self._worker.cancel()
        late: set[asyncio.Task[None]] = set()
        if self._looks:
            _, late = await asyncio.wait(set(self._looks.values()), timeout=grace_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        # What is through must be off the queue before the process goes, or it counts as dead.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), 3.0)
        return len(late)

    async def _work(self) -> None:
        """One worker of procrastinate's, as long as it lives."""
        app = self._journal.jobs.workers(self._fetched)
        async with app.open_async():
            watching = asyncio.create_task(
                self._every(self._tact.check_s, lambda: self._recover(app)), name="take-over"
            )
            self._worker = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE],
                    name="tassist",
                    concurrency=self._slots,
                    fetch_job_polling_interval=self._tact.poll_s,
                    listen_notify=True,
                    delete_jobs="always",
                    install_signal_handlers=False,
                    update_heartbeat_interval=self._tact.heartbeat_s,
                    stalled_worker_timeout=self._tact.prune_s,
                    shutdown_graceful_timeout=30.0,
                ),
                name="worker",
            )
            try:
                await self._worker
            except asyncio.CancelledError:
                if not self._draining:
                    raise
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    # --- one job ------------------------------------------------------------------------------

    async def _fetched(self, key: LaneKey, job_id: int) -> None:
        """Look at the issue; where its job is cancelled because its worker ends, the look itself goes on."""
        under_way = self._looks.get(key)
        if under_way is None:
            under_way = self._looks[key] = asyncio.create_task(self._once(key), name=f"look-{key.repo_id}-{key.number}")
            under_way.add_done_callback(lambda _: self._looks.pop(key, None))
        try:
            await asyncio.wait({under_way})
        finally:
            self._through[job_id] = (key, asyncio.get_running_loop().time())

    async def _once(self, key: LaneKey) -> None:
        again = False
        try:
            if not await self._fence.acquire(key):
                # A process that is paused, or cut off, has it: it is its, as long as its connection lives.
                await self._again(key)
                return
            try:
                again = await self._look_if_due(key)
            except asyncio.CancelledError:
                again = True
                raise
            except Exception as error:  # noqa: BLE001 – one issue stops no other
                log_event(
                    _LOG, "look-not-through", f"issue {key.number} is looked at again", level=40, why=_said(error)
                )
                again = True
            finally:
                await self._fence.release(key)
        except StoreError:
            again = True
        finally:
            if again:
                await self._again(key)

    async def _look_if_due(self, key: LaneKey) -> bool:
        """Look, unless there is nothing to see or it is not yet time; whether it is to be tried again."""
        lane, paused = self._journal.due(key)
        if lane is None or paused:
            return False
        at = due_at(lane)
        if at > self._journal.clock.now():
            await self._journal.want(key, at=at)
            return False
        await self._look(lane)
        return False

    async def _again(self, key: LaneKey) -> None:
        """Have the issue looked at in a moment, by whomever; the database may have to come back first."""
        while True:
            try:
                await self._journal.want(key, at=self._journal.clock.now() + timedelta(seconds=self._tact.again_s))
            except StoreError:
                if self._draining:
                    return  # its job stays with this process, and is taken over from it
                await asyncio.sleep(self._tact.again_s)
            else:
                return

    def _break_off(self) -> None:
        """The locks are gone, so others may look at what we look at."""
        log_event(_LOG, "fence-lost", "the connection was lost; looks under way are broken off", level=30)
        found_it = asyncio.current_task()  # the one that met the loss ends by itself, and asks to be looked at again
        for task in list(self._looks.values()):
            if task is not found_it:
                task.cancel()

    # --- what was left ----------------------------------------------------------------------------

    async def _recover(self, app: procrastinate.App) -> None:
        await self._take_over(app)
        await self._end_the_unended(app)

    async def _end_the_unended(self, app: procrastinate.App) -> None:
        """Take jobs off the queue that procrastinate could not, because it lost its connection in that very moment.

        It does not try again, and shows signs of life: the job would be held, and its issue not looked at, for ever.
        """
        since = asyncio.get_running_loop().time() - self._tact.unended_s
        due = {job_id: key for job_id, (key, at) in self._through.items() if at <= since}
        if not due:
            return
        rows = await app.connector.execute_query_all_async(
            "SELECT id FROM procrastinate_jobs WHERE id = ANY(%(ids)s) AND status = 'doing'", ids=list(due)
        )
        for row in rows:
            key = due[row["id"]]
            if await self._journal.writer.write(_replaced(row["id"], key)):
                log_event(_LOG, "job-ended-late", f"issue {key.number} is looked at again", repo_id=key.repo_id)
        for job_id in due:
            del self._through[job_id]

    async def _take_over(self, app: procrastinate.App) -> None:
        """Put what dead processes held back into the queue, in front of everything else.

        The job is replaced, not retried: should its worker wake, it finds it gone, and takes no new one away.
        """
        stalled = await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=self._tact.stalled_s)
        for job in stalled:
            key = LaneKey(int(str(job.task_kwargs["repo_id"])), int(str(job.task_kwargs["number"])))
            if await self._journal.writer.write(_replaced(job.id or 0, key)):
                log_event(_LOG, "look-taken-over", f"issue {key.number} was another process's", repo_id=key.repo_id)
        await app.job_manager.prune_stalled_workers(self._tact.prune_s)

    async def _find_jobless(self) -> None:
        def write(session: Session) -> int:
            found = session.jobless(_JOBLESS)
            for key in found:
                session.want_look(key, at=None, late=False)
            return len(found)

        found = _JOBLESS
        while found == _JOBLESS:
            found = await self._journal.writer.write(write)

    async def _every(self, seconds: float, call: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await call()
            except _TROUBLE as error:
                log_event(_LOG, "queue-trouble", "the database cannot be used", level=10, why=_said(error))
            await asyncio.sleep(seconds)


def _replaced(job_id: int, key: LaneKey) -> Callable[[Session], bool]:
    def write(session: Session) -> bool:
        session.lock_lane(key)
        gone = session.take_from_the_gone(job_id)
        if gone:
            session.take_over(key)
        return gone

    return write


def _said(error: BaseException) -> str:
    cause = error.__cause__ or error
    return " ".join(str(cause).split())[:200] or type(cause).__name__
