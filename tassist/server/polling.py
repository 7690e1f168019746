"""Where the App has no webhook: every repository is asked what changed, with conditional requests that cost nothing.

A repository's cursor and the looks it asks for are one transaction, so a crash in between repeats the question.
Source: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
"""

from __future__ import annotations

import asyncio

import msgspec

from engine.model import IssueRef
from engine.ports import Clock, Retry
from engine.problems import ProblemError
from tassist.config.chosen import EVERYWHERE, Chosen
from tassist.github.connection import Connection
from tassist.github.polling import Cursor, poll
from tassist.log import get_logger, log_event
from tassist.store.database import StoreError
from tassist.store.model import LaneKey
from tassist.store.ports import Journal

_LOG = get_logger("poll")
_LIST_AGAIN_S = 600.0
_MOST_S = 900.0
_CURSOR = msgspec.json.Decoder(Cursor)


class Polling:
    """Asks every repository of every installation what changed; runs in the dispatcher's event loop."""

    def __init__(
        self,
        connection: Connection,
        journal: Journal,
        clock: Clock,
        *,
        every_s: float,
        chosen: Chosen = EVERYWHERE,
    ) -> None:
        self._chosen = chosen
        self._connection = connection
        self._journal = journal
        self._clock = clock
        self._every_s = every_s
        self._repos: list[tuple[int, str, int]] = []
        self._listed_s: float | None = None

    async def run(self) -> None:
        """Ask every so often, until cancelled."""
        failures = 0
        while True:
            try:
                await self.round()
                failures = 0
                await asyncio.sleep(self._every_s)
            except ProblemError as error:
                after_s = error.after_s if isinstance(error, Retry) else None
                wait_s = max(after_s or 0.0, min(self._every_s * 2.0 ** min(failures, 20), _MOST_S))
                failures += 1
                why = error.problems[0].what
                log_event(_LOG, "poll-waits", "GitHub cannot be asked now", level=30, wait_s=round(wait_s, 1), why=why)
                await asyncio.sleep(wait_s)

    async def round(self) -> int:
        """Ask each repository once; returns how many looks that asked for.

        Raises:
            Retry: GitHub cannot be asked now; what was read stays.
            ProblemError: it does not let the App in, or the journal cannot be written.
        """
        loop = asyncio.get_running_loop()
        if self._listed_s is None or loop.time() - self._listed_s > _LIST_AGAIN_S:
            self._repos = await self._list()
            self._listed_s = loop.time()
        asked = 0
        for repo_id, name, installation_id in self._repos:
            try:
                asked += await self._ask(repo_id, name, installation_id)
            except (Retry, StoreError):
                raise
            except ProblemError as error:
                why = error.problems[0].what
                log_event(_LOG, "repository-not-polled", f"could not ask {name}", level=30, why=why)
        return asked

    async def _list(self) -> list[tuple[int, str, int]]:
        found = []
        for one in await self._connection.api.installations():
            if not one.id or one.suspended_at is not None:
                continue
            async for page in self._connection.api.repositories(one.id):
                found += [
                    (repo.id, repo.full_name, one.id)
                    for repo in page
                    if repo.id
                    and repo.full_name
                    and not repo.archived
                    and not repo.disabled
                    and self._chosen.takes(repo.full_name)
                ]
        return found

    async def _ask(self, repo_id: int, name: str, installation_id: int) -> int:
        key = f"poll:{repo_id}"
        text = self._journal.meta(key)
        before = _CURSOR.decode(text) if text else None
        self._connection.access.remember(repo_id, installation_id)
        polled = await poll(self._connection, IssueRef(name, 0, repo_id), before)
        if polled.cursor == before and not polled.changed and not polled.everything:
            return 0
        numbers = (0,) if polled.everything else polled.changed
        await self._journal.polled(
            [LaneKey(repo_id, number) for number in numbers],
            repo=name,
            installation_id=installation_id,
            cursor=(key, msgspec.json.encode(polled.cursor).decode()),
            now=self._clock.now(),
        )
        log_event(
            _LOG, "changed", f"{name} changed", issues="all" if polled.everything else len(numbers), reads=polled.reads
        )
        return len(numbers)
