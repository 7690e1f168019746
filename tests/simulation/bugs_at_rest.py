"""Bugs in what is done without being told: catching up, sweeping, polling, retention, asking how things stand."""

from __future__ import annotations

import contextlib
import dataclasses
from datetime import timedelta
from typing import Any

from engine.ports import Retry
from engine.problems import ProblemError
from tassist.github import (
    app_api,
    applier,
    catchup,
)
from tassist.github import polling as asked
from tassist.github.access import InstallationAccess
from tassist.server import absence, away, looks, polling, sorting, sweeping
from tassist.server import payload as payload_of
from tassist.server import standing as server_standing
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
    async def started(self: Any, key: Any, **how: Any) -> bool:
        self.writer.write_soon(lambda connection: lanes.started(connection, key, **how))
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


@bug("until the log was read for the first time, what arrived last counts as the moment in which somebody came")
def _arrival_counts_as_first(put: Put) -> None:
    real = absence.Absence._unread

    async def unread(self: Any) -> Any:
        newest = self._journal.deliveries(limit=1)
        known = self._journal.meta(absence.HERE) or not newest
        return await real(self) if known else (newest[0].received_at, None)

    put(absence.Absence, "_unread", unread)


@bug("a suspended installation is asked for a token now and then, to see whether it works again")
def _suspended_is_probed(put: Put) -> None:
    real = server_standing.Standing._round

    async def again(self: Any) -> int:
        asked_for: int = await real(self)
        for number, state in self._journal.standing.installations().items():
            if state == "suspended":
                with contextlib.suppress(ProblemError):
                    await self._connection.auth.installation(number, permissions={"metadata": "read"}).authorization()
        return asked_for

    put(server_standing.Standing, "_round", again)


@bug("what waits where the App was uninstalled is kept")
def _uninstalled_kept(put: Put) -> None:
    put(lanes, "drop_installation", lambda *_, **__: 0)


@bug("an installation that comes is not looked at")
def _installed_unseen(put: Put) -> None:
    put(sweeps, "begin_installation", lambda *_, **__: None)


@bug("a repository that moved to another account is looked for at its old place only")
def _moves_unnoticed(put: Put) -> None:
    async def moved(*_: Any) -> bool:
        return False

    put(InstallationAccess, "moved", moved)
    real = sorting.news_of

    def news_of(event: str, action: str, payload: Any) -> Any:
        return tuple(
            news for news in real(event, action, payload) if action != "transferred" or news.kind != "repo-added"
        )

    put(sorting, "news_of", news_of)


@bug("a repository is known by its name, not by its id")
def _known_by_name(put: Put) -> None:
    ids: dict[str, int] = {}

    def by_name(body: bytes, content_type: str) -> Any:
        payload: Any = payload_of.read(body, content_type)
        repository = payload.get("repository")
        if repository:
            payload = {
                **payload,
                "repository": {**repository, "id": ids.setdefault(repository["full_name"], repository["id"])},
            }
        return payload

    put(sorting, "read", by_name)


@bug("a label that is not found is taken for removed by somebody else, also where nothing at all is found any more")
def _nothing_found_is_removed(put: Put) -> None:
    put(applier, "LABEL_NOT_THERE", "")
