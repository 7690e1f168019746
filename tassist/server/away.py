"""Everything a service does without being told by a delivery: catching up, polling, sweeping, and the nightly schedule."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from engine.ports import Clock, Retry
from engine.problems import ProblemError
from tassist.config.chosen import EVERYWHERE, Chosen
from tassist.github.connection import Connection
from tassist.log import get_logger, log_event
from tassist.server.absence import Absence, Watchfulness
from tassist.server.polling import Polling
from tassist.server.standing import Asking, Standing
from tassist.server.sweeping import ALL, Pace, Sweeping, nightly_id
from tassist.store.database import StoreError
from tassist.store.ports import Journal

_LOG = get_logger("away")
_NIGHT = "sweep.night"
"""The day of the last nightly sweep, or of the first start: that one waits for its first night."""
_CHECK_S = 20.0
_JITTER_S = 1800


@dataclass(frozen=True, slots=True)
class Away:
    """What a service does by itself."""

    retention: timedelta
    """Of GitHub's delivery log."""
    sweep_at: time | None = None
    """Each night, in UTC; ``None``: never."""
    spread_by: str = ""
    """Makes the nightly sweeps of different Apps begin at different moments."""
    poll_every_s: float | None = None
    """Work without a webhook, asking so often; ``None``: deliveries are sent here."""
    catch_up: bool = True
    """Read the delivery log; a command that only sweeps does not."""
    pace: Pace | None = None
    asking: Asking | None = None
    chosen: Chosen = EVERYWHERE
    """The repositories that are swept and polled."""

    async def run(self, connection: Connection, journal: Journal, clock: Clock) -> None:
        """Do all of it until cancelled; a part that fails for a reason nobody foresaw ends the service."""
        async with asyncio.TaskGroup() as group:
            group.create_task(Standing(connection, journal, clock, asking=self.asking).run(), name="standing")
            group.create_task(
                Sweeping(connection, journal, clock, pace=self.pace, chosen=self.chosen).run(), name="sweeping"
            )
            if self.sweep_at is not None:
                group.create_task(self._nightly(journal, clock), name="nightly")
            if self.catch_up and self.poll_every_s is None:
                absence = Absence(connection, journal, clock, Watchfulness(self.retention))
                group.create_task(absence.run(), name="absence")
            elif self.poll_every_s is not None:
                group.create_task(self._poll(connection, journal, clock, self.poll_every_s), name="polling")

    # --- without a webhook --------------------------------------------------------------------

    async def _poll(self, connection: Connection, journal: Journal, clock: Clock, every_s: float) -> None:
        if await self._has_hook(connection, every_s):
            log_event(
                _LOG, "polling", "working from the App's delivery log; nothing needs to reach us", every_s=every_s
            )
            how = Watchfulness(self.retention, every_s=every_s, first_s=min(every_s, 5.0))
            await Absence(connection, journal, clock, how, taking=False).run()
        else:
            log_event(
                _LOG,
                "polling",
                "the App has no webhook and so no delivery log; asking each repository what changed",
                every_s=every_s,
            )
            await Polling(connection, journal, clock, every_s=every_s, chosen=self.chosen).run()

    async def _has_hook(self, connection: Connection, every_s: float) -> bool:
        while True:
            try:
                found = await connection.api.hook_config()
            except ProblemError as error:
                wait_s = max((error.after_s or 0.0) if isinstance(error, Retry) else 60.0, every_s)
                why = error.problems[0].what
                log_event(_LOG, "poll-waits", "GitHub cannot be asked now", level=30, wait_s=wait_s, why=why)
                await asyncio.sleep(wait_s)
            else:
                return found is not None and bool(found.url)

    # --- every night --------------------------------------------------------------------------

    async def _nightly(self, journal: Journal, clock: Clock) -> None:
        while True:
            try:
                await asyncio.to_thread(self.begin_night, journal, clock.now())
            except StoreError as error:
                log_event(_LOG, "store-trouble", "the journal cannot be used", level=40, why=str(error))
            await asyncio.sleep(_CHECK_S)

    def begin_night(self, journal: Journal, now: datetime) -> bool:
        """Begin the sweep of the newest night that has come, unless that was done; whether it did.

        A night that passed while nobody was here is made up for, once; the first start waits for its first night.
        """
        assert self.sweep_at is not None
        jitter = timedelta(seconds=zlib.crc32(self.spread_by.encode()) % _JITTER_S)
        due = datetime.combine(now.date(), self.sweep_at, now.tzinfo) + jitter
        night = due if due <= now else due - timedelta(days=1)
        day = f"{night:%Y-%m-%d}"
        last = journal.meta(_NIGHT)
        if last is not None and last >= day:
            return False
        if last is not None:
            journal.sweeps.begin(nightly_id(night), "nightly", ALL, now)
            log_event(_LOG, "nightly-sweep", "every open issue is looked at")
        journal.set_meta(_NIGHT, day)
        return last is not None
