"""Bugs in what is done without being told: catching up, sweeping, polling, retention, asking how things stand."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from engine.ports import Retry
from tassist.github import (
    app_api,
    catchup,
)
from tassist.github import polling as asked
from tassist.server import absence, away, looks, polling, sweeping
from tassist.store import lanes, prune, sql_journal, standing, sweeps
from tassist.store.model import Pruned
from tests.simulation.planting import Put, bug


@bug("what a late delivery says of an installation is believed without asking GitHub")
def _late_news_believed(put: Put) -> None:
    def heed(connection: Any, news: Any, *, seq: int, now: Any) -> None:
        if news.kind.startswith("installation-"):
            state = news.kind.removeprefix("installation-")
            lanes.set_installation(connection, news.id, state=state, account=news.text, now=now)

    put(standing, "heed", heed)
    put(standing.Standings, "_differs", staticmethod(lambda *_: False))


@bug("an answer of a late replica is never asked for again")
def _replica_believed(put: Put) -> None:
    put(standing, "AGAIN", ())
    put(standing.Standings, "_differs", staticmethod(lambda *_: False))


@bug("a look begins before its start is stored")
def _start_not_awaited(put: Put) -> None:
    async def started(self: Any, key: Any, *, rest: Any, now: Any) -> bool:
        self.writer.write_soon(lambda connection: lanes.started(connection, key, rest=rest, now=now))
        return True

    put(sql_journal.SqlJournal, "started", started)


@bug("patience is counted from the arrival of a delivery, not from the first failure")
def _patience_from_arrival(put: Put) -> None:
    put(looks, "_LEAST", timedelta(0))
    real = looks.Looks._again

    async def again(self: Any, work: Any, retry: Retry) -> bool:
        if work.covered and self._clock.now() - work.covered[0].received_at > self._patience.retry_for:
            gave: bool = await self._give_up(work, retry.problems[0])
            return gave
        return await real(self, work, retry)

    put(looks.Looks, "_again", again)


@bug("what the delivery log forgot is not covered by a sweep")
def _gap_unswept(put: Put) -> None:
    real = catchup.survey

    async def survey(*args: Any, **options: Any) -> Any:
        return dataclasses.replace(await real(*args, **options), gap=None)

    put(absence, "survey", survey)


@bug("every absence is taken for a gap of the log")
def _every_absence_a_gap(put: Put) -> None:
    real = catchup.survey

    async def survey(*args: Any, **options: Any) -> Any:
        found = await real(*args, **options)
        return dataclasses.replace(found, gap=catchup.Gap(found.since, found.until))

    put(absence, "survey", survey)


@bug("the log counts as read before what was missed is stored")
def _read_before_stored(put: Put) -> None:
    real = absence.Absence._store

    async def store(self: Any, wanted: Any) -> Any:
        now = self._github_now().isoformat()
        self._journal.set_meta(absence.READ, now)
        self._journal.set_meta(absence.HERE, now)
        return await real(self, wanted[:-1])

    put(absence.Absence, "_store", store)


@bug("only the first page of an installation's repositories is swept")
def _sweep_first_page(put: Put) -> None:
    real = app_api.AppApi.repositories

    async def repositories(self: Any, *args: Any, **options: Any) -> Any:
        async for page in real(self, *args, **options):
            yield page
            return

    put(app_api.AppApi, "repositories", repositories)


@bug("a look of a sweep does not count")
def _sweep_counts_nothing(put: Put) -> None:
    put(sweeps, "count_look", lambda *_, **__: None)


@bug("a swept repository is closed without a record")
def _sweep_without_record(put: Put) -> None:
    put(sweeps, "add_record", lambda *_, **__: None)


@bug("a repository is swept again for ever")
def _sweep_without_end(put: Put) -> None:
    async def finish(self: Any, sweep_id: str, now: Any) -> bool:
        return False

    put(sweeps.Sweeps, "finish", finish)


@bug("the nightly sweep begins whenever the schedule is looked at")
def _night_after_night(put: Put) -> None:
    def begin_night(self: Any, journal: Any, now: Any) -> bool:
        journal.sweeps.begin(f"nightly-{now.timestamp()}", "nightly", sweeping.ALL, now)
        return True

    put(away.Away, "begin_night", begin_night)


@bug("a poll remembers how far it came, and asks for no look")
def _poll_without_looks(put: Put) -> None:
    real = sql_journal.SqlJournal.polled

    async def polled(self: Any, keys: Any, **options: Any) -> None:
        await real(self, [key for key in keys if key.number == 0], **options)

    put(sql_journal.SqlJournal, "polled", polled)


@bug("a poll does not remember how far it came")
def _poll_without_cursor(put: Put) -> None:
    real = polling.Polling._ask

    async def ask(self: Any, repo_id: int, name: str, installation_id: int) -> int:
        self._journal.set_meta(f"poll:{repo_id}", "")
        return await real(self, repo_id, name, installation_id)

    put(polling.Polling, "_ask", ask)


@bug("a poll reads the first page of what changed")
def _poll_first_page(put: Put) -> None:
    async def issues(connection: Any, ref: Any, who: Any, meter: Any, since: str, *, newest_only: bool = False) -> Any:
        found = await real(connection, ref, who, meter, since, newest_only=newest_only)
        return found[:1]

    real = asked._issues
    put(asked, "_issues", issues)


@bug("retention removes the bodies of what waits")
def _retention_takes_what_waits(put: Put) -> None:
    real = prune.steps

    def steps(keep: Any, sinks: Any, now: Any) -> Any:
        def take(connection: Any) -> Any:
            waiting = "SELECT seq FROM deliveries WHERE state = 'waiting'"
            gone = connection.execute(f"DELETE FROM bodies WHERE seq IN ({waiting})").rowcount
            return Pruned(bodies=gone)

        return (*real(keep, sinks, now), take)

    put(prune, "steps", steps)


@bug("retention removes bodies that GitHub may still redeliver")
def _retention_too_early(put: Put) -> None:
    real = prune.steps
    put(prune, "steps", lambda keep, sinks, now: real(dataclasses.replace(keep, bodies=1), sinks, now))


@bug("retention removes nothing")
def _retention_idle(put: Put) -> None:
    put(prune, "steps", lambda keep, sinks, now: ())
