"""What is judged at rest: a sweep, an absence, working without a webhook, and retention; one after the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from tassist.store.model import Keep, to_us
from tests.simulation.life import POLL_S
from tests.simulation.lifecycle import Lifecycle

if TYPE_CHECKING:
    from tests.simulation.life import Life
    from tests.simulation.people import People
    from tests.simulation.store import SimJournal
    from tests.simulation.world import World

Until = Callable[["World", Callable[[], bool], str], Awaitable[None]]


class Epilogue:
    """The last part of a story; faults are silent but where they are what is judged."""

    def __init__(self, world: World, people: People, until: Until) -> None:
        self._world = world
        self._people = people
        self._until = until

    @property
    def _life(self) -> Life:
        life = self._world.life
        assert life is not None
        return life

    async def tell(self) -> None:
        """All of it; ends early where a promise was broken."""
        lifecycle = Lifecycle(self._world, self._people, self._at_rest)
        for part in (self._sweep, self._absence, self._without_webhook, lifecycle.tell, self._retention):
            if not self._world.broken.is_set():
                await part()
        self._standing()

    # --- a sweep --------------------------------------------------------------------------------

    async def _sweep(self) -> None:
        world, watch, before = self._world, self._world.watch, self._writes()
        await self._life.sweep("asked-at-the-end")
        await self._at_rest("the sweep to be done")
        watch.holds("idempotent", before == self._writes(), "a sweep over a world at rest wrote something")
        journal = self._journal()
        done = journal.sweeps.progress("asked-at-the-end")
        wanted = sum(issue.state == "open" for repo in world.repos.values() for issue in repo.issues.values())
        fine = (done.repos, done.issues, done.looked, done.failed) == (len(world.repos), wanted, wanted, 0)
        watch.holds("sweep complete", fine, lambda: f"{done}, {wanted} issues are open")
        records = [json.loads(row[0]) for row in watch.rows("SELECT line FROM records WHERE run_id IS NULL")]
        mine = sum(record.get("run_id") == "asked-at-the-end" for record in records)
        watch.holds("sweep complete", mine == len(world.repos), lambda: f"{mine} records of {len(world.repos)}")
        left = journal.sweeps.unfinished()
        watch.holds("sweeps end", not left, lambda: f"{left}")
        nights = "SELECT count(*) FROM sweeps WHERE kind = 'nightly'"
        await self._life.night()
        [(one,)] = watch.rows(nights)
        await self._at_rest("the nightly sweep to be done")
        await self._life.night()
        [(two,)] = watch.rows(nights)
        watch.holds("nightly once", one == two, f"{two - one} more sweeps in one night")
        await self._at_rest("the nightly sweep to be done")

    # --- an absence -----------------------------------------------------------------------------

    async def _absence(self) -> None:
        """One after which the log has forgotten something, and one after which it has not; where the first came already, either."""
        short = self._world.dice.choice((1.0, 71.0))
        forgotten = self._world.faults.fired["log-forgets"] > 0
        for hours in (self._world.dice.choice((short, 80.0)),) if forgotten else (80.0, short):
            if not self._world.broken.is_set():
                await self._away(hours)

    async def _away(self, hours: float) -> None:
        world, watch = self._world, self._world.watch
        gaps = "SELECT count(*) FROM sweeps WHERE kind = 'gap'"
        [(before,)] = watch.rows(gaps)
        world.faults.note("absent")
        if hours > 72:
            world.faults.note("log-forgets")
        if hours > 72:
            # What waits through it all, and fails again after it, was tried for minutes only: it may not be given up.
            world.down_until_s = world.now_s + hours * 3600 + 1500
            repo = world.repos[1]
            world.edit(repo, repo.issues[1], "x-help", "ann")
            put_off = "SELECT 1 FROM lanes WHERE repo_id = 1 AND attempts > 0"
            await self._until(world, lambda: bool(watch.rows(put_off)), "a look to fail")
        await self._people.be_away(hours, changes=10)
        await self._back()
        await self._until(world, self._life.absence.caught_up.is_set, "the log to be read")
        watch.missed()
        if hours < 72:
            await self._life.night()  # time itself makes issues stale, of which no delivery tells
        await self._at_rest("what was missed to be done")
        [(after,)] = watch.rows(gaps)
        watch.holds("gap named", after - before == (hours > 72), f"{after - before} after {hours} h")
        for repo in world.repos.values():
            for issue in repo.issues.values():
                left = watch.wants(repo, issue, world.now_s) if issue.state == "open" else ()
                watch.holds("absence covered", not left, f"{repo.name}#{issue.number} wants {left} after {hours} h")

    # --- no webhook -----------------------------------------------------------------------------

    async def _without_webhook(self) -> None:
        world, watch = self._world, self._world.watch
        await self._until(world, lambda: world.quiet, "webhooks to arrive")
        world.polls_until_s = float("inf")
        world.faults.note("unhooked")
        self._life.die("restarted without a webhook")
        await self._back()
        await asyncio.sleep(2 * POLL_S)  # the first question only notes how things are
        await self._at_rest("the first questions to be answered")
        seen = {
            (repo.id, number): issue.foreign for repo in world.repos.values() for number, issue in repo.issues.items()
        }
        for _ in range(8):
            await self._people.change_something()
            await asyncio.sleep(world.dice.uniform(1, 200))
        await asyncio.sleep(3 * POLL_S)
        await self._at_rest("what changed to be done")
        for repo in world.repos.values():
            for number, issue in repo.issues.items():
                if seen.get((repo.id, number)) != issue.foreign:
                    left = watch.wants(repo, issue, world.now_s)
                    watch.holds("polled", not left, f"{repo.name}#{number} still wants {left}")
        [(before,)] = watch.rows("SELECT count(*) FROM runs")
        await asyncio.sleep(4 * POLL_S)
        [(after,)] = watch.rows("SELECT count(*) FROM runs")
        watch.holds("polling is cheap", before == after, f"{after - before} looks while nothing moved")
        world.polls_until_s = -1.0
        self._life.die("restarted with a webhook")
        await self._back()
        await self._at_rest("everything to be done")

    # --- retention ------------------------------------------------------------------------------

    async def _retention(self) -> None:
        world, watch = self._world, self._world.watch
        repo = next(one for one in reversed(world.repos.values()) if not one.removed)
        installation = world.installations[repo.installation_id]
        self._people.suspend(installation)
        await self._until(world, lambda: installation.id in self._life.paused, "the suspension to be known")
        for _ in range(3):
            world.edit(repo, repo.issues[1], "x-bug", "ann")
        await self._until(
            world, lambda: world.quiet and not self._journal().backlog().unsorted, "webhooks to be sorted"
        )
        waiting = watch.rows("SELECT seq FROM deliveries WHERE state = 'waiting'")
        unsent = "SELECT count(*) FROM records r WHERE r.seq > (SELECT seq FROM cursors WHERE sink = 'jsonl')"
        watch.pruned = True
        world.faults.active = True
        for days in (1, 8, 100, 400):
            await self._prune(days)
            bodies = watch.rows("SELECT d.seq FROM deliveries d JOIN bodies b USING (seq) WHERE d.state = 'waiting'")
            watch.holds(
                "kept",
                set(waiting) <= set(bodies),
                f"{len(bodies)} of {len(waiting)} that wait are whole after {days} days",
            )
            newer = to_us(self._life.clock.now() + timedelta(days=days - Keep().bodies))
            [(young,)] = watch.rows(
                "SELECT count(*) FROM deliveries d LEFT JOIN bodies b USING (seq)"
                " WHERE b.seq IS NULL AND coalesce(d.handled_at, d.received_at) > ?",
                newer,
            )
            watch.holds("kept", not young, f"{young} bodies are gone too early, {days} days later")
            [(over,)] = watch.rows(
                "SELECT count(*) FROM bodies JOIN deliveries d USING (seq) WHERE d.state IN ('done', 'ignored')"
            )
            watch.holds("over is gone", days < 8 or not over, f"{over} bodies are there after {days} days")
            [(rows,)] = watch.rows("SELECT count(*) FROM deliveries WHERE state IN ('done', 'ignored')")
            watch.holds(
                "kept" if days < 90 else "over is gone", bool(rows) == (days < 90), f"{rows} rows after {days} days"
            )
            [(given_up,)] = watch.rows("SELECT count(*) FROM deliveries WHERE state IN ('dead', 'quarantined')")
            watch.holds(
                "kept" if days < 365 else "over is gone", days < 365 or not given_up, f"{given_up} after {days} days"
            )
        world.faults.active = False
        await self._back()
        [(behind,)] = watch.rows(unsent)
        kept = behind == 0 or bool(watch.rows("SELECT 1 FROM records LIMIT 1"))
        watch.holds("kept", kept, "records no sink has are gone")
        self._people.unsuspend(installation.id)
        await self._until(world, lambda: world.quiet, "the news")
        await asyncio.sleep(4000)
        await self._at_rest("what was paused to be done")

    async def _prune(self, days: int) -> None:
        """Until a round came to its end."""
        for _ in range(20):
            await self._until(self._world, self._ready, "a life")
            life = self._life
            await life.prune(Keep(), life.clock.now() + timedelta(days=days))
            if not life.dead:
                return

    # --- small things ---------------------------------------------------------------------------

    def _standing(self) -> None:
        if self._world.broken.is_set():
            return
        known = self._journal().standing.installations()
        is_so = {one.id: one.standing for one in self._world.installations.values()}
        self._world.watch.holds("standing", known == is_so, lambda: f"{known}, and it is {is_so}")

    def _journal(self) -> SimJournal:
        journal = self._life.journal
        assert journal is not None
        return journal

    def _ready(self) -> bool:
        life = self._world.life
        return life is not None and life.ready and not life.dead

    async def _back(self) -> None:
        await self._until(self._world, self._ready, "the service to be back")

    async def _at_rest(self, what: str) -> None:
        await self._until(self._world, lambda: self._world.quiet and self._ready() and self._life.idle(), what)

    def _writes(self) -> int:
        return sum(
            entry.by_app for repo in self._world.repos.values() for i in repo.issues.values() for entry in i.timeline
        )
