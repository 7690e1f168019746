"""Works sweeps off: lists the repositories, has a few at a time looked at, and records what came of each.

The looks themselves are the dispatcher's, behind everything that was delivered; so a sweep keeps to the same limits,
and delays no delivery by more than the looks under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from datetime import datetime

from engine.ports import Clock, Retry
from engine.problems import Problem, ProblemError
from tassist.config.chosen import EVERYWHERE, Chosen
from tassist.github.connection import Connection
from tassist.github.wire import RepoWire
from tassist.log import get_logger, log_event
from tassist.server.waiting import set_within
from tassist.store.database import StoreError
from tassist.store.model import Sweep, SweptRepo
from tassist.store.outbox import event_id_of
from tassist.store.ports import Journal
from tassist.store.sql_journal import RECORDS
from tassist.store.sweeps import TOPIC
from tassist.telemetry.around import sweep_finished

_LOG = get_logger("sweep")
ALL = json.dumps({"all": True})
"""The scope of a sweep of everything the App covers."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a sweep goes."""

    repos: int = 8
    """Repositories under way; one that waits for its time does not count."""
    poll_s: float = 1.0
    """How long it sleeps at most: another process may have asked for a sweep."""
    least_s: float = 0.05
    """How long it rests at least between two rounds."""
    again_s: float = 60.0
    """How long it waits where GitHub cannot be asked and does not say how long."""


class Sweeping:
    """Takes every sweep of the journal to its end; runs in the dispatcher's event loop."""

    def __init__(
        self,
        connection: Connection,
        journal: Journal,
        clock: Clock,
        *,
        pace: Pace | None = None,
        chosen: Chosen = EVERYWHERE,
    ) -> None:
        self._chosen = chosen
        self._connection = connection
        self._journal = journal
        self._clock = clock
        self._pace = pace or Pace()
        self._wake = asyncio.Event()
        self._list_again: dict[str, float] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._wake.set)

        self._journal.writer.on_commit(RECORDS, wake)
        self._journal.writer.on_commit(TOPIC, wake)
        while True:
            self._wake.clear()
            try:
                await self._round()
            except StoreError as error:
                log_event(_LOG, "store-trouble", "the journal cannot be used", level=40, why=str(error))
                await asyncio.sleep(self._pace.poll_s)
            await asyncio.sleep(self._pace.least_s)
            await set_within(self._wake, self._pace.poll_s)

    async def _round(self) -> None:
        sweeps = self._journal.sweeps
        unfinished = sweeps.unfinished()
        if not unfinished:
            return
        for sweep in unfinished:
            if sweep.state == "listing":
                await self._list(sweep)
        for repo in sweeps.through():
            await self._close(repo)
        now = self._clock.now()
        for repo in sweeps.next_repos(max(self._pace.repos - sweeps.under_way(now), 0)):
            await sweeps.start_repo(repo, now)
        for sweep in unfinished:
            if await sweeps.finish(sweep.sweep_id, self._clock.now()):
                done = sweeps.progress(sweep.sweep_id)
                log_event(
                    _LOG,
                    "sweep-finished",
                    f"sweep {sweep.sweep_id} is through",
                    repositories=done.repos,
                    dropped=done.dropped or None,
                    issues=done.looked,
                    changed=done.changed,
                    failed=done.failed or None,
                )

    async def _close(self, repo: SweptRepo) -> None:
        now = self._clock.now()
        problems = []
        if repo.failed:
            problems.append(Problem("sweep-incomplete", f"{repo.failed} looks failed", family="world"))
        record = sweep_finished(
            repo=repo.repo,
            run_id=repo.sweep_id,
            at=now,
            started=repo.begun_at,
            counts={"looked_at": repo.looked, "changed": repo.changed, "failed": repo.failed},
            problems=problems,
        )
        await self._journal.sweeps.close_repo(repo, event_id=event_id_of(record), record=record)

    # --- which repositories -------------------------------------------------------------------

    async def _list(self, sweep: Sweep) -> None:
        """Note every repository the sweep is for; done again from the start where it was broken off."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._list_again.get(sweep.sweep_id, 0.0):
            return
        try:
            for installation_id in await self._installations(sweep):
                await self._list_installation(sweep, installation_id)
        except Retry as retry:
            wait_s = self._pace.again_s if retry.after_s is None else min(max(retry.after_s, 1.0), 3600.0)
            self._list_again[sweep.sweep_id] = loop.time() + wait_s
            why = retry.problems[0].what
            log_event(_LOG, "sweep-waits", "GitHub cannot be asked now", level=30, wait_s=round(wait_s, 1), why=why)
            return
        except StoreError:
            raise
        except ProblemError as error:
            self._list_again[sweep.sweep_id] = loop.time() + self._pace.again_s * 5
            log_event(
                _LOG, "sweep-waits", "GitHub does not say what is installed", level=30, why=error.problems[0].what
            )
            return
        self._list_again.pop(sweep.sweep_id, None)
        await self._journal.sweeps.listed(sweep.sweep_id)
        repos = self._journal.sweeps.progress(sweep.sweep_id).repos
        log_event(_LOG, "sweep-begun", f"sweep {sweep.sweep_id}", kind=sweep.kind, repositories=repos)

    async def _installations(self, sweep: Sweep) -> list[int]:
        wanted = json.loads(sweep.scope).get("installations")
        if wanted is not None:
            return [int(number) for number in wanted]
        found = await self._connection.api.installations()
        return [one.id for one in found if one.id and one.suspended_at is None]

    async def _list_installation(self, sweep: Sweep, installation_id: int) -> None:
        """Add an installation's repositories; one that was revoked meanwhile stops no other."""
        try:
            async for page in self._connection.api.repositories(installation_id):
                repos = [(repo.id or 0, repo.full_name or "", installation_id) for repo in page if self._to_sweep(repo)]
                await self._journal.sweeps.add_repos(sweep.sweep_id, repos)
        except Retry:
            raise
        except StoreError:
            raise
        except ProblemError as error:
            why = error.problems[0].what
            log_event(
                _LOG, "installation-not-swept", "an installation cannot be read", level=30, id=installation_id, why=why
            )

    def _to_sweep(self, repo: RepoWire) -> bool:
        """Whether there can be anything to do: it is looked after, and not archived or disabled, where GitHub refuses changes."""
        return (
            bool(repo.id and repo.full_name)
            and not repo.archived
            and not repo.disabled
            and repo.has_issues is not False
            and self._chosen.takes(repo.full_name or "")
        )


def nightly_id(day: datetime) -> str:
    """The id of that day's sweep, so that there is one only."""
    return f"nightly-{day:%Y-%m-%d}"
