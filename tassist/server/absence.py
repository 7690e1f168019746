"""What came while nobody was here: read from the App's delivery log, stored as if it had just arrived, and said.

Two moments are remembered in the journal, by GitHub's clock: when somebody was last here, and up to when the log has
been read. Both move only after everything they stand for is stored, so a crash in between repeats and loses nothing.
Until the log was read for the first time a third stands for both: when somebody was here first. What arrives meanwhile,
or is stored of a reading that was broken off, says nothing about what was missed before.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from engine.ports import Clock, Retry
from engine.problems import ProblemError
from tassist.config import faults
from tassist.github.catchup import FIRST_LOOK_BACK, Absent, Survey, fetch, survey
from tassist.github.connection import Connection
from tassist.log import get_logger, log_event
from tassist.server.head import delivery_key
from tassist.server.sweeping import ALL
from tassist.store.database import StoreError
from tassist.store.inbox import FROM_LOG
from tassist.store.model import Incoming
from tassist.store.ports import Journal
from tassist.telemetry.around import catch_up_finished
from tassist.text import noun

_LOG = get_logger("away")
HERE = "away.here"
"""When somebody was last here to take deliveries."""
READ = "away.read"
"""Up to when the delivery log has been read."""
FIRST = "away.first"
"""When somebody was here first, noted before anything else is done."""


@dataclass(frozen=True, slots=True)
class Watchfulness:
    """How often the log is read, and how it is retried."""

    retention: timedelta
    every_s: float = 900.0
    """A delivery that failed on its way while we were here is found this much later."""
    beat_s: float = 60.0
    """How often it is noted that somebody is here."""
    first_s: float = 5.0
    most_s: float = 900.0
    """Waits double from the first to this where GitHub cannot be asked."""


class Absence:
    """Catches up on start and reads the log now and then; runs in the dispatcher's event loop."""

    def __init__(
        self,
        connection: Connection,
        journal: Journal,
        clock: Clock,
        watchfulness: Watchfulness,
        *,
        taking: bool = True,
    ) -> None:
        """Args beyond the obvious.

        Args:
            connection: Of the App.
            journal: Where deliveries go.
            clock: The machine's; GitHub's is told from its answers.
            watchfulness: How often, and how patiently.
            taking: Whether deliveries are sent here; false where the log is all there is.
        """
        self._connection = connection
        self._journal = journal
        self._clock = clock
        self._how = watchfulness
        self._taking = taking
        self._said = False
        self.caught_up = asyncio.Event()
        """Set once the log was read for the first time."""

    async def run(self) -> None:
        """Read the log at once, then every so often, until cancelled."""
        failures = 0
        while True:
            try:
                await self.catch_up()
            except Retry as retry:
                wait_s = retry.after_s if retry.after_s is not None else self._wait_s(failures)
                failures += 1
                await self._wait(max(wait_s, self._how.first_s), retry)
            except ProblemError as error:
                failures += 1
                await self._wait(self._how.most_s if not isinstance(error, StoreError) else self._how.first_s, error)
            else:
                failures = 0
                await self._be_here()

    async def catch_up(self) -> None:
        """Read the log back to where it was read, and store what is missing.

        Raises:
            Retry: GitHub cannot be asked now; what was stored stays.
            ProblemError: it does not let the App in.
        """
        here = self._moment(HERE)
        since, read = await self._unread()
        api = self._connection.api
        await api.app()  # from its answer the client knows what time it is at GitHub
        now = self._github_now()
        found = await survey(api, self._known, since=since, now=now, retention=self._how.retention, read_from=read)
        # What somebody answered before this journal began is theirs.
        wanted = [one for one in found.relevant if here is not None or not self._taking or not one.answered]
        self._say(found, wanted, first=here is None)
        if found.gap is not None:
            await asyncio.to_thread(
                self._journal.sweeps.begin, f"gap-{found.gap.end:%Y%m%dT%H%M%S}", "gap", ALL, self._clock.now()
            )
        stored, without_body = await self._store(wanted)
        if found.absent or found.gap is not None:
            record = catch_up_finished(
                run_id=f"catch-up-{found.until:%Y%m%dT%H%M%S.%f}",
                at=self._clock.now(),
                counts={
                    "found": len(found.absent),
                    "relevant": len(wanted),
                    "handled": stored,
                    "lost": without_body,
                },
            )
            await asyncio.to_thread(self._journal.outbox.emit, record)
        await asyncio.to_thread(self._journal.set_meta, READ, found.until.isoformat())
        await asyncio.to_thread(self._journal.set_meta, HERE, found.until.isoformat())
        self._said = True
        self.caught_up.set()

    # --- small things -------------------------------------------------------------------------

    async def _unread(self) -> tuple[datetime, datetime | None]:
        """When somebody was last here, and from where on the log is to be read where that is earlier."""
        here = self._moment(HERE)
        if here is not None:
            return here, self._moment(READ)
        first = self._moment(FIRST)
        if first is None:
            first = self._github_now()
            await asyncio.to_thread(self._journal.set_meta, FIRST, first.isoformat())
        return first, first - FIRST_LOOK_BACK

    async def _store(self, wanted: Sequence[Absent]) -> tuple[int, int]:
        stored = without_body = 0
        async for one in fetch(self._connection.api, wanted):
            if one.problem is not None:
                without_body += 1
                log_event(_LOG, "delivery-lost", one.problem.what, level=30, why=one.problem.why or None)
                continue
            incoming = Incoming(
                delivery_id=delivery_key(one.absent.guid.encode("utf-8", "replace")),
                event=one.absent.event,
                # As GitHub sends it; the log's answer may be laid out for people.
                body=msgspec.json.format(one.body, indent=-1),
                received_at=self._clock.now(),
                headers={"content-type": "application/json", FROM_LOG: str(one.absent.attempt_id)},
            )
            accepted = await self._journal.accept(incoming)
            faults.point("caught-one")
            stored += accepted.kind != "duplicate"
        return stored, without_body

    async def _known(self, guids: Sequence[str]) -> set[str]:
        by_key = {delivery_key(guid.encode("utf-8", "replace")): guid for guid in guids}
        return {by_key[key] for key in await asyncio.to_thread(self._journal.known, list(by_key))}

    def _say(self, found: Survey, wanted: Sequence[Absent], *, first: bool) -> None:
        gap = found.gap
        counts = {"missed": len(found.absent), "relevant": len(wanted)}
        if gap is not None:
            log_event(
                _LOG,
                "away-gap",
                found.sentence(),
                level=30,
                gap_from=gap.begin.isoformat(timespec="seconds"),
                gap_to=gap.end.isoformat(timespec="seconds"),
                **counts,
            )
        elif first:
            if wanted:
                log_event(_LOG, "first-start", "the log has deliveries nobody answered", **counts)
        elif not self._said or (wanted and self._taking):
            log_event(_LOG, "away", found.sentence(), **counts)
        elif wanted:
            log_event(
                _LOG,
                "log-read",
                f"{len(wanted)} {noun(len(wanted), 'delivery', 'deliveries')} read from GitHub's log",
                **counts,
            )

    async def _be_here(self) -> None:
        """Until the log is to be read again, note now and then that somebody is here."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._how.every_s
        while (left_s := until_s - loop.time()) > 0:
            await asyncio.sleep(min(left_s, self._how.beat_s))
            if self._taking:
                with contextlib.suppress(StoreError):  # the next beat says it
                    await asyncio.to_thread(self._journal.set_meta, HERE, self._github_now().isoformat())

    async def _wait(self, wait_s: float, error: ProblemError) -> None:
        log_event(
            _LOG,
            "log-not-read",
            "could not read GitHub's delivery log; deliveries are taken meanwhile",
            level=30,
            why=error.problems[0].what,
            wait_s=round(wait_s, 1),
        )
        await asyncio.sleep(wait_s)

    def _wait_s(self, failures: int) -> float:
        return min(self._how.first_s * 2.0 ** min(failures, 20), self._how.most_s)

    def _github_now(self) -> datetime:
        return self._clock.now() + self._connection.auth.skew

    def _moment(self, key: str) -> datetime | None:
        text = self._journal.meta(key)
        return datetime.fromisoformat(text) if text else None
