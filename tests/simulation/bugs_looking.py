"""Bugs in taking deliveries, and in looking at issues."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from engine.ports import Applied, Retry
from tassist.github import (
    app_api,
    applier,
    catchup,
)
from tassist.server import dispatcher, ledger, looks, sorting
from tassist.server.sorting import Place
from tassist.store import inbox, lanes, outbox
from tassist.store import ledger as book
from tassist.store.model import Accepted
from tests.simulation import store as simulated
from tests.simulation.planting import Put, bug


@bug("a delivery is answered before it is stored")
def _answer_before_storing(put: Put) -> None:
    async def accept(self: Any, incoming: Any) -> Accepted:
        self.writer.write_soon(lambda connection: inbox.accept(connection, incoming), topic="deliveries")
        return Accepted(0, "stored")

    put(simulated.SimJournal, "accept", accept)


@bug("what cannot be stored is answered with 202")
def _full_disk_is_fine(put: Put) -> None:
    real = simulated.SimJournal.accept

    async def accept(self: Any, incoming: Any) -> Accepted:
        try:
            return await real(self, incoming)
        except Exception:  # noqa: BLE001 – the bug itself
            return Accepted(0, "stored")

    put(simulated.SimJournal, "accept", accept)


@bug("deliveries are told apart by what they say, not by their id")
def _dedupe_by_event(put: Put) -> None:
    real = inbox.accept

    def accept(connection: Any, incoming: Any) -> Accepted:
        same = connection.execute("SELECT 1 FROM bodies WHERE body = ?", (incoming.body,)).fetchone()
        return Accepted(0, "duplicate") if same else real(connection, incoming)

    put(inbox, "accept", accept)
    put(inbox, "accept_all", lambda connection, several: [accept(connection, each) for each in several])


@bug("every arrival is a new delivery")
def _no_dedupe(put: Put) -> None:
    real = inbox.accept

    def accept(connection: Any, incoming: Any) -> Accepted:
        [(count,)] = connection.execute("SELECT count(*) FROM deliveries").fetchall()
        return real(connection, dataclasses.replace(incoming, delivery_id=f"{incoming.delivery_id}-{count}"))

    put(inbox, "accept", accept)
    put(inbox, "accept_all", lambda connection, several: [accept(connection, each) for each in several])


@bug("a delivery that was given up counts as seen, so that sending it again does nothing")
def _seen_instead_of_done(put: Put) -> None:
    put(inbox, "_again", lambda connection, seq, state: Accepted(seq, "duplicate"))


@bug("a delivery is done as soon as it is sorted")
def _done_when_sorted(put: Put) -> None:
    real = inbox.store_sorted

    def store_sorted(connection: Any, item: Any, now: Any) -> bool:
        changed = real(connection, item, now)
        connection.execute("UPDATE deliveries SET state = 'done' WHERE seq = ? AND state = 'waiting'", (item.seq,))
        return changed

    put(inbox, "store_sorted", store_sorted)


@bug("one poisoned payload stops the sorting of all others")
def _poison_stops_sorting(put: Put) -> None:
    async def place(self: Any, delivery: Any, own_login: str) -> Place:
        found: Place = sorting.place(delivery, own_login)
        if found.sorted.state == "quarantined":
            raise ValueError(found.sorted.reason)
        return found

    put(dispatcher.Dispatcher, "_place", place)


@bug("the App's own writes are looked at")
def _own_writes_cause_looks(put: Put) -> None:
    real = sorting.place
    put(sorting, "place", lambda delivery, own_login, *more: real(delivery, "", *more))


@bug("a push of the configuration looks at no issue")
def _spread_reaches_nobody(put: Put) -> None:
    real = lanes.spread

    def spread(connection: Any, lane: Any, *, up_to_seq: int, numbers: Sequence[int], now: Any) -> bool:
        return real(connection, lane, up_to_seq=up_to_seq, numbers=(), now=now)

    put(lanes, "spread", spread)


@bug("the first page of the delivery log is taken for all of it")
def _log_first_page_only(put: Put) -> None:
    real = app_api.AppApi.deliveries

    async def deliveries(self: Any, **options: Any) -> Any:
        async for page in real(self, **options):
            yield page[:5]
            return

    put(app_api.AppApi, "deliveries", deliveries)


@bug("an id in the delivery log that failed is taken for known")
def _failed_attempts_are_known(put: Put) -> None:
    real = catchup._within
    put(catchup, "_within", lambda found, begin: (one for one in real(found, begin) if one.answered))


# --- looking ---------------------------------------------------------------------------------------------


@bug("a lane is free again while its look still runs")
def _lane_released_early(put: Put) -> None:
    def start(self: Any, lane: Any) -> None:
        self._by_installation[lane.installation_id] += 1
        task = asyncio.create_task(self._look(lane))
        self._running[lane.key] = task
        loop = asyncio.get_running_loop()
        loop.call_later(0.2, lambda: (self._running.pop(lane.key, None), self._rotate(lane.key.repo_id)))

    async def look(self: Any, lane: Any) -> None:
        try:
            current = self._journal.lane(lane.key)
            if current is not None:
                await self._looks.look(current)
        except Exception as error:  # noqa: BLE001 – as in the product
            await self._rest_lane(lane, repr(error))
        finally:
            self._running.pop(lane.key, None)
            self._by_installation[lane.installation_id] -= 1
            self._rotate(lane.key.repo_id)

    put(dispatcher.Dispatcher, "_start", start)
    put(dispatcher.Dispatcher, "_look", look)


@bug("deliveries that came during a look are closed by it")
def _coalescing_drops_newest(put: Put) -> None:
    real = lanes.finish

    def finish(connection: Any, run: Any) -> bool:
        return real(connection, dataclasses.replace(run, up_to_seq=2**62, covered=None))

    put(lanes, "finish", finish)


@bug("the record names only the newest of the deliveries it covers")
def _record_names_only_the_newest(put: Put) -> None:
    def before(real: Any) -> Any:
        def init(self: Any, journal: Any, github: Any, make_record: Any, *rest: Any) -> None:
            def make(*args: Any, delivery_ids: Any, **more: Any) -> bytes:
                line: bytes = make_record(*args, delivery_ids=delivery_ids[-1:], **more)
                return line

            real(self, journal, github, make, *rest)

        return init

    put(looks.Looks, "__init__", before(looks.Looks.__init__))


@bug("the record is stored in a transaction of its own")
def _record_apart(put: Put) -> None:
    async def finish(self: Any, run: Any) -> bool:
        self._life.watch.finishing(run)

        def without(connection: Any) -> bool:
            waits = lanes.finish(connection, run)
            connection.execute("DELETE FROM records WHERE run_id = ?", (run.run_id,))
            return waits

        waits: bool = await self.writer.write(without)
        await self.writer.write(lambda c: outbox.add_record(c, run.event_id, run.record, run_id=run.run_id))
        return waits

    put(simulated.SimJournal, "finish", finish)


@bug("a run that a crash broke off is forgotten, and another begun")
def _broken_run_forgotten(put: Put) -> None:
    put(book, "unfinished", lambda connection, key: None)


@bug("what became of a write whose answer was lost is not stored")
def _lost_answers_stay_open(put: Put) -> None:
    put(book, "resolve", lambda connection, **_: None)


@bug("a crash forgets that a look had begun")
def _crash_forgets_attempts(put: Put) -> None:
    put(lanes, "started", lambda connection, key, **_: True)


@bug("two bots undo each other for ever")
def _fight_unnoticed(put: Put) -> None:
    put(looks.Looks, "_flips", lambda self, key, now: False)


@bug("a fight is noticed only where the very same labels are written together")
def _fight_by_whole_effects(put: Put) -> None:
    put(looks, "single_writes", lambda effect: (("effect", effect),))


@bug("a suspended installation is looked at all the same")
def _suspended_not_paused(put: Put) -> None:
    put(lanes, "_NOT_PAUSED", "")


@bug("what was paused is not taken up again when the installation works again")
def _resume_unheard(put: Put) -> None:
    put(dispatcher.Dispatcher, "_notice_lanes", lambda self: None)
    put(dispatcher.Dispatcher, "look_anew", lambda self: None)


@bug("an issue that was put in line without a delivery waits for the next start")
def _lanes_unnoticed(put: Put) -> None:
    put(dispatcher.Dispatcher, "_notice_lanes", lambda self: None)


@bug("retries follow one another without a pause")
def _no_backoff(put: Put) -> None:
    put(looks.Looks, "_wait_s", lambda self, attempts: 0.01)


@bug("the pause before a retry grows without a bound")
def _backoff_without_bound(put: Put) -> None:
    put(looks.Looks, "_wait_s", lambda self, attempts: 60.0 * 60.0**attempts)


@bug("a look that shall be tried again is never due")
def _put_off_for_ever(put: Put) -> None:
    real = lanes.put_off

    def put_off(connection: Any, key: Any, *, until: Any, **more: Any) -> None:
        real(connection, key, until=until + timedelta(days=365), **more)

    put(lanes, "put_off", put_off)


@bug("trouble that passes is given up at once")
def _gives_up_at_once(put: Put) -> None:
    put(looks.Looks, "_again", lambda self, work, retry: self._give_up(work, retry.problems[0]))


@bug("an effect whose answer was lost is taken for done")
def _lost_answer_is_success(put: Put) -> None:
    real = applier.GitHubApplier.apply

    async def apply(self: Any, ref: Any, effect: Any) -> Applied:
        try:
            return await real(self, ref, effect)
        except Retry:
            return Applied(effect, changed=True, writes=1)

    put(applier.GitHubApplier, "apply", apply)


@bug("writes are sent without an intent in the journal")
def _no_intents(put: Put) -> None:
    async def apply(self: Any, ref: Any, effect: Any) -> Applied:
        applied: Applied = await self._inner.apply(ref, effect)
        return applied

    put(ledger.LedgerApplier, "apply", apply)


@bug("the outcome of a write is not stored")
def _no_outcomes(put: Put) -> None:
    put(book, "settle", lambda connection, **_: None)
    put(book, "resolve", lambda connection, **_: None)
