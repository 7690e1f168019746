"""Bugs that somebody could make, each behind its name; none of them is in the product, all of them must be noticed.

A bug replaces one piece of the product by a plausible wrong one for as long as a simulation runs.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from engine.plan import AddLabels, RemoveLabels
from engine.ports import Applied, Retry
from tassist.github import (
    app_api,
    app_auth,
    applier,
    catchup,
    client,
    limits,
    reader,
    revalidation,
    translate,
    transport,
)
from tassist.github.address import segment
from tassist.github.wire import IssueWire
from tassist.server import dispatcher, ledger, looks, sorting
from tassist.server.sorting import Place
from tassist.store import inbox, lanes, outbox
from tassist.store import ledger as book
from tassist.store.model import Accepted
from tassist.telemetry import lane as telemetry
from tassist.telemetry.sinks import day_file, jsonl
from tests.simulation import store as simulated

Put = Callable[[Any, str, Any], None]
BUGS: dict[str, tuple[str, Callable[[Put], None]]] = {}


def _bug(sentence: str) -> Callable[[Callable[[Put], None]], Callable[[Put], None]]:
    def register(plant: Callable[[Put], None]) -> Callable[[Put], None]:
        BUGS[plant.__name__.strip("_").replace("_", "-")] = (sentence, plant)
        return plant

    return register


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Let the bug live inside; no name, no bug."""
    before: list[tuple[Any, str, Any]] = []

    def put(where: Any, attribute: str, value: Any) -> None:
        before.append((where, attribute, where.__dict__[attribute]))
        setattr(where, attribute, value)

    if name:
        BUGS[name][1](put)
    try:
        yield
    finally:
        for where, attribute, value in reversed(before):
            setattr(where, attribute, value)


# --- taking deliveries --------------------------------------------------------------------------------


@_bug("a delivery is answered before it is stored")
def _answer_before_storing(put: Put) -> None:
    async def accept(self: Any, incoming: Any) -> Accepted:
        self.writer.write_soon(lambda connection: inbox.accept(connection, incoming), topic="deliveries")
        return Accepted(0, "stored")

    put(simulated.SimJournal, "accept", accept)


@_bug("what cannot be stored is answered with 202")
def _full_disk_is_fine(put: Put) -> None:
    real = simulated.SimJournal.accept

    async def accept(self: Any, incoming: Any) -> Accepted:
        try:
            return await real(self, incoming)
        except Exception:  # noqa: BLE001 – the bug itself
            return Accepted(0, "stored")

    put(simulated.SimJournal, "accept", accept)


@_bug("deliveries are told apart by what they say, not by their id")
def _dedupe_by_event(put: Put) -> None:
    real = inbox.accept

    def accept(connection: Any, incoming: Any) -> Accepted:
        same = connection.execute("SELECT 1 FROM bodies WHERE body = ?", (incoming.body,)).fetchone()
        return Accepted(0, "duplicate") if same else real(connection, incoming)

    put(inbox, "accept", accept)


@_bug("every arrival is a new delivery")
def _no_dedupe(put: Put) -> None:
    real = inbox.accept

    def accept(connection: Any, incoming: Any) -> Accepted:
        [(count,)] = connection.execute("SELECT count(*) FROM deliveries").fetchall()
        return real(connection, dataclasses.replace(incoming, delivery_id=f"{incoming.delivery_id}-{count}"))

    put(inbox, "accept", accept)


@_bug("a delivery that was given up counts as seen, so that sending it again does nothing")
def _seen_instead_of_done(put: Put) -> None:
    put(inbox, "_again", lambda connection, seq, state: Accepted(seq, "duplicate"))


@_bug("a delivery is done as soon as it is sorted")
def _done_when_sorted(put: Put) -> None:
    real = inbox.store_sorted

    def store_sorted(connection: Any, item: Any, now: Any) -> bool:
        changed = real(connection, item, now)
        connection.execute("UPDATE deliveries SET state = 'done' WHERE seq = ? AND state = 'waiting'", (item.seq,))
        return changed

    put(inbox, "store_sorted", store_sorted)


@_bug("one poisoned payload stops the sorting of all others")
def _poison_stops_sorting(put: Put) -> None:
    async def place(self: Any, delivery: Any, own_login: str) -> Place:
        found: Place = sorting.place(delivery, own_login)
        if found.sorted.state == "quarantined":
            raise ValueError(found.sorted.reason)
        return found

    put(dispatcher.Dispatcher, "_place", place)


@_bug("the App's own writes are looked at")
def _own_writes_cause_looks(put: Put) -> None:
    real = sorting.place
    put(sorting, "place", lambda delivery, own_login: real(delivery, ""))


@_bug("a push of the configuration looks at no issue")
def _spread_reaches_nobody(put: Put) -> None:
    real = lanes.spread

    def spread(connection: Any, lane: Any, *, up_to_seq: int, numbers: Sequence[int], now: Any) -> bool:
        return real(connection, lane, up_to_seq=up_to_seq, numbers=(), now=now)

    put(lanes, "spread", spread)


@_bug("the first page of the delivery log is taken for all of it")
def _log_first_page_only(put: Put) -> None:
    real = app_api.AppApi.deliveries

    async def deliveries(self: Any, **options: Any) -> Any:
        async for page in real(self, **options):
            yield page[:5]
            return

    put(app_api.AppApi, "deliveries", deliveries)


@_bug("an id in the delivery log that failed is taken for known")
def _failed_attempts_are_known(put: Put) -> None:
    real = catchup._within
    put(catchup, "_within", lambda found, begin: (one for one in real(found, begin) if one.answered))


# --- looking ---------------------------------------------------------------------------------------------


@_bug("a lane is free again while its look still runs")
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


@_bug("deliveries that came during a look are closed by it")
def _coalescing_drops_newest(put: Put) -> None:
    real = lanes.finish

    def finish(connection: Any, run: Any) -> bool:
        return real(connection, dataclasses.replace(run, up_to_seq=2**62, covered=None))

    put(lanes, "finish", finish)


@_bug("the record names only the newest of the deliveries it covers")
def _record_names_only_the_newest(put: Put) -> None:
    def before(real: Any) -> Any:
        def init(self: Any, journal: Any, github: Any, make_record: Any, *rest: Any) -> None:
            def make(*args: Any, delivery_ids: Any, **more: Any) -> bytes:
                line: bytes = make_record(*args, delivery_ids=delivery_ids[-1:], **more)
                return line

            real(self, journal, github, make, *rest)

        return init

    put(looks.Looks, "__init__", before(looks.Looks.__init__))


@_bug("the record is stored in a transaction of its own")
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


@_bug("a run that a crash broke off is forgotten, and another begun")
def _broken_run_forgotten(put: Put) -> None:
    put(book, "unfinished", lambda connection, key: None)


@_bug("what became of a write whose answer was lost is not stored")
def _lost_answers_stay_open(put: Put) -> None:
    put(book, "resolve", lambda connection, **_: None)


@_bug("a crash forgets that a look had begun")
def _crash_forgets_attempts(put: Put) -> None:
    put(lanes, "started", lambda connection, key, **_: True)


@_bug("two bots undo each other for ever")
def _fight_unnoticed(put: Put) -> None:
    put(looks.Looks, "_flips", lambda self, key, now: False)


@_bug("a fight is noticed only where the very same labels are written together")
def _fight_by_whole_effects(put: Put) -> None:
    put(looks, "single_writes", lambda effect: (("effect", effect),))


@_bug("a suspended installation is looked at all the same")
def _suspended_not_paused(put: Put) -> None:
    put(lanes, "_NOT_PAUSED", "")


@_bug("what was paused is not taken up again when the installation works again")
def _resume_unheard(put: Put) -> None:
    put(dispatcher.Dispatcher, "_notice_lanes", lambda self: None)
    put(dispatcher.Dispatcher, "look_anew", lambda self: None)


@_bug("an issue that was put in line without a delivery waits for the next start")
def _lanes_unnoticed(put: Put) -> None:
    put(dispatcher.Dispatcher, "_notice_lanes", lambda self: None)


@_bug("retries follow one another without a pause")
def _no_backoff(put: Put) -> None:
    put(looks.Looks, "_wait_s", lambda self, attempts: 0.01)


@_bug("the pause before a retry grows without a bound")
def _backoff_without_bound(put: Put) -> None:
    put(looks.Looks, "_wait_s", lambda self, attempts: 60.0 * 8.0**attempts)


@_bug("a look that shall be tried again is never due")
def _put_off_for_ever(put: Put) -> None:
    real = lanes.put_off

    def put_off(connection: Any, key: Any, *, until: Any, **more: Any) -> None:
        real(connection, key, until=until + timedelta(days=365), **more)

    put(lanes, "put_off", put_off)


@_bug("trouble that passes is given up at once")
def _gives_up_at_once(put: Put) -> None:
    put(looks.Looks, "_again", lambda self, work, retry: self._give_up(work, retry.problems[0]))


@_bug("an effect whose answer was lost is taken for done")
def _lost_answer_is_success(put: Put) -> None:
    real = applier.GitHubApplier.apply

    async def apply(self: Any, ref: Any, effect: Any) -> Applied:
        try:
            return await real(self, ref, effect)
        except Retry:
            return Applied(effect, changed=True, writes=1)

    put(applier.GitHubApplier, "apply", apply)


@_bug("writes are sent without an intent in the journal")
def _no_intents(put: Put) -> None:
    async def apply(self: Any, ref: Any, effect: Any) -> Applied:
        applied: Applied = await self._inner.apply(ref, effect)
        return applied

    put(ledger.LedgerApplier, "apply", apply)


@_bug("the outcome of a write is not stored")
def _no_outcomes(put: Put) -> None:
    put(book, "settle", lambda connection, **_: None)
    put(book, "resolve", lambda connection, **_: None)


# --- GitHub --------------------------------------------------------------------------------------------------


@_bug("retry-after is not obeyed")
def _waits_ignored(put: Put) -> None:
    put(limits.Pace, "answered", lambda self, scope, now_s, headers, fault: None)


@_bug("writes follow one another without spacing")
def _no_spacing(put: Put) -> None:
    real = limits.Pace.__init__

    def init(self: Any, given: Any = None) -> None:
        real(self, dataclasses.replace(given or limits.Limits(), write_spacing_s=0.0))

    put(limits.Pace, "__init__", init)


@_bug("only the first page of a list is read")
def _first_page_only(put: Put) -> None:
    put(client, "next_page", lambda link: None)


@_bug("a page that did not change is taken to have the pages behind it that it had")
def _pages_behind_unseen(put: Put) -> None:
    real = transport.Transport.exchange

    async def exchange(self: Any, *args: Any, **options: Any) -> Any:
        raw = await real(self, *args, **options)
        if raw.status != 304:
            return raw
        return dataclasses.replace(raw, headers={k: v for k, v in raw.headers.items() if k != "link"})

    put(transport.Transport, "exchange", exchange)


@_bug("the labels of an issue are replaced as a whole")
def _replace_labels(put: Put) -> None:
    async def add(self: Any, base: str, issue: str, effect: Any, who: Any, meter: Any) -> Applied:
        wire = (await self.client.get(issue, IssueWire, who)).value
        names = [*translate.label_names(wire.labels), *effect.names]
        await self.client.write(
            "PUT", f"{issue}/labels", bytes, who, body={"labels": names}, meter=meter, repeatable=True
        )
        return Applied(effect, changed=True)

    put(applier.GitHubApplier, "_add_labels", add)


@_bug("301 and 302 turn every method into GET")
def _redirects_become_get(put: Put) -> None:
    real = transport.Transport.exchange

    async def exchange(self: Any, method: str, url: str, **options: Any) -> Any:
        raw = await self._once(method, url, options["headers"], options.get("content"))
        if raw.status in {301, 302}:
            return await self._once("GET", raw.headers["location"], options["headers"], None)
        return await real(self, method, raw.headers["location"], **options) if raw.status in {307, 308} else raw

    put(transport.Transport, "exchange", exchange)


@_bug("a write whose answer was lost is sent again blindly")
def _blind_repetition(put: Put) -> None:
    real = client.GitHubClient.write

    async def write(self: Any, *args: Any, **options: Any) -> Any:
        return await real(self, *args, **{**options, "repeatable": True})

    put(client.GitHubClient, "write", write)


@_bug("nobody looks whether the comment is there already")
def _comments_twice(put: Put) -> None:
    async def commented(self: Any, issue: str, marker: str, who: Any) -> bool:
        return False

    put(applier.GitHubApplier, "_commented", commented)


@_bug("GitHub's spelling of a label is compared letter by letter")
def _case_matters(put: Put) -> None:
    put(applier, "fold", lambda name: name)


@_bug("closed milestones are taken for open ones")
def _closed_is_open(put: Put) -> None:
    real = translate.milestone

    def milestone(wire: Any) -> Any:
        found = real(wire)
        return dataclasses.replace(found, state="open") if found else None

    put(translate, "milestone", milestone)


@_bug("only open milestones are read")
def _open_milestones_only(put: Put) -> None:
    real = reader.GitHubReader.milestones

    async def milestones(self: Any, *args: Any) -> Any:
        return tuple(found for found in await real(self, *args) if found.state == "open")

    put(reader.GitHubReader, "milestones", milestones)


@_bug("the timeline is taken in another order than GitHub's")
def _timeline_reordered(put: Put) -> None:
    real = reader.GitHubReader._timeline

    async def timeline(self: Any, *args: Any) -> Any:
        found = await real(self, *args)
        return tuple(sorted(found, key=lambda event: (event.label, event.at)))

    put(reader.GitHubReader, "_timeline", timeline)


@_bug("the App takes its own events for a person's")
def _own_events_unknown(put: Put) -> None:
    put(translate.Ourselves, "did", lambda self, via, who: False)


@_bug("an issue that was read a while ago is not read again")
def _stale_issue(put: Put) -> None:
    real = reader.GitHubReader._look
    kept: dict[Any, Any] = {}

    async def look(self: Any, ref: Any, facts: Any, who: Any, meter: Any) -> Any:
        key = (ref.repo_id, ref.number, tuple(facts))
        if key not in kept or self.client.monotonic() - kept[key][1] > 60:
            kept[key] = (await real(self, ref, facts, who, meter), self.client.monotonic())
        return kept[key][0]

    put(reader.GitHubReader, "_look", look)


@_bug("an answer that was kept is used without asking GitHub")
def _kept_answers_unasked(put: Put) -> None:
    real = reader.GitHubReader.config
    kept: dict[Any, Any] = {}

    async def config(self: Any, ref: Any) -> Any:
        return kept.get(ref.repo_id) or kept.setdefault(ref.repo_id, await real(self, ref))

    put(reader.GitHubReader, "config", config)


@_bug("the first 404 is believed, although replicas may be late")
def _lag_is_gone(put: Put) -> None:
    real = client.GitHubClient._ask

    async def ask(self: Any, *args: Any, **options: Any) -> Any:
        return await real(self, *args, **{**options, "lag": False})

    put(client.GitHubClient, "_ask", ask)


@_bug("a refused token is never replaced")
def _refused_token_kept(put: Put) -> None:
    async def rejected(self: Any, authorization: Any, headers: Mapping[str, str]) -> bool:
        return False

    put(app_auth.InstallationCredential, "rejected", rejected)


@_bug("tokens are asked for the whole installation")
def _tokens_not_narrowed(put: Put) -> None:
    real = app_auth.AppAuth.installation

    def installation(self: Any, number: int, **options: Any) -> Any:
        return real(self, number, permissions=options.get("permissions"))

    put(app_auth.AppAuth, "installation", installation)


@_bug("labels nobody declared are tidied away")
def _foreign_labels_removed(put: Put) -> None:
    real = applier.GitHubApplier._remove_labels

    async def remove(self: Any, issue: str, effect: RemoveLabels, who: Any, meter: Any) -> Applied:
        wire = (await self.client.get(issue, IssueWire, who)).value
        more = tuple(name for name in translate.label_names(wire.labels) if name.startswith("x-"))
        done = await real(self, issue, dataclasses.replace(effect, names=(*effect.names, *more)), who, meter)
        return dataclasses.replace(done, effect=effect)

    put(applier.GitHubApplier, "_remove_labels", remove)


@_bug("labels are added once more to be sure")
def _needless_adds(put: Put) -> None:
    real = looks.Looks._finish
    first = applier.GitHubApplier._add_labels

    async def add(self: Any, base: str, issue: str, effect: AddLabels, who: Any, meter: Any) -> Applied:
        wire = (await self.client.get(issue, IssueWire, who)).value
        names = (*effect.names, *translate.label_names(wire.labels)[:1])
        done = await first(self, base, issue, dataclasses.replace(effect, names=names), who, meter)
        return dataclasses.replace(done, effect=effect)

    put(applier.GitHubApplier, "_add_labels", add)
    put(looks.Looks, "_finish", real)


@_bug("what could not be removed, since somebody was faster, is a failure")
def _faster_is_failure(put: Put) -> None:
    async def remove(self: Any, issue: str, effect: RemoveLabels, who: Any, meter: Any) -> Applied:
        for name in effect.names:
            path = f"{issue}/labels/{segment(name)}"
            await self.client.write("DELETE", path, bytes, who, meter=meter, repeatable=True)
        return Applied(effect, changed=True)

    put(applier.GitHubApplier, "_remove_labels", remove)


@_bug("kept answers of one address are used for another")
def _kept_answers_mixed_up(put: Put) -> None:
    real = revalidation.Revalidation.get

    def get(self: Any, scope: str, url: str, accept: str) -> Any:
        found = real(self, scope, url, accept)
        if found is None or "/timeline" not in url:
            return found
        other = [kept for (_, place, _), kept in self._kept.items() if "/timeline" in place]
        return dataclasses.replace(found, body=other[0].body)

    put(revalidation.Revalidation, "get", get)


# --- telemetry ------------------------------------------------------------------------------------------------


@_bug("a sink's cursor is moved before the sink has written")
def _cursor_first(put: Put) -> None:
    real = telemetry.Lane._write

    def write(self: Any, rows: Any) -> Any:
        self._log.advance(self._sink.name, rows[-1][0])
        return real(self, rows)

    put(telemetry.Lane, "_write", write)


@_bug("after a crash a sink writes again what it has")
def _telemetry_twice(put: Put) -> None:
    put(jsonl.JsonlSink, "_without_repetitions", lambda self, file, entries: list(entries))


@_bug("half a line that a crash left is written on")
def _torn_line_left(put: Put) -> None:
    real = day_file.open_file

    def open_file(path: Any, prev: Any, ids: Any, notice: Any) -> Any:
        torn = path.exists() and not path.read_bytes().endswith(b"\n")
        file = real(path, prev, ids, notice)
        if torn and path.stat().st_size:
            with path.open("ab") as end:
                end.write(b'{"event_type":"run", torn')
            file.size = path.stat().st_size
        return file

    put(jsonl, "open_file", open_file)
