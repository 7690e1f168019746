"""A dispatcher at work on a real journal, with the GitHub side as a script."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from engine.model import Issue, IssueRef, Trigger
from engine.ports import Retry, RunResult
from engine.problems import Problem
from tassist.clock import SystemClock
from tassist.server.dispatcher import Breadth, Dispatcher
from tassist.server.looks import Looks, Patience
from tassist.server.metrics import Metrics
from tassist.server.ports import Wrap
from tassist.store.journal import DELIVERIES, Journal
from tassist.store.model import Incoming, News
from tassist.store.standing import Answer, Found
from tassist.telemetry.record import run_record
from tests.support.delivering import compact, issue_payload

QUICK = Patience(first_s=0.01, most_s=0.05)
TROUBLE = Problem("github-down", "GitHub is down", family="world")


async def succeed(ref: IssueRef, _trigger: Trigger, _ledger: Wrap) -> RunResult:
    """A look that finds nothing to do."""
    now = datetime.now(UTC)
    return RunResult(ref, "success", None, issue=Issue(ref), started=now, finished=now)


async def trouble(_ref: IssueRef, _trigger: Trigger, _ledger: Wrap) -> RunResult:
    """A look during which GitHub is down."""
    raise Retry(TROUBLE)


@dataclass
class ScriptedGitHub:
    """The GitHub side as a script: what a look does, and what was looked at in which order."""

    behave: Callable[[IssueRef, Trigger, Wrap], Awaitable[RunResult]] = succeed
    looked: list[tuple[str, int]] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    since: list[datetime | None] = field(default_factory=list)
    under_way: Counter[tuple[str, int]] = field(default_factory=Counter)
    most_at_once: int = 0
    overlaps: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    issues: list[int] = field(default_factory=list)
    news: list[News] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    async def run(
        self, trigger: Trigger, ref: IssueRef, *, installation_id: int, ledger: Wrap, since: datetime | None = None
    ) -> RunResult:
        key = (ref.repo, ref.number)
        self.looked.append(key)
        self.triggers.append(trigger)
        self.since.append(since)
        self.under_way[key] += 1
        self.overlaps += self.under_way[key] > 1
        self.most_at_once = max(self.most_at_once, self.under_way.total())
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            return await self.behave(ref, trigger, ledger)
        finally:
            self.under_way[key] -= 1

    async def open_issues(self, repo: str, repo_id: int, *, installation_id: int) -> list[int]:
        return self.issues

    def heed(self, news: News) -> None:
        self.news.append(news)

    async def own_login(self) -> str:
        return ""

    async def close(self) -> None:
        return None


@dataclass
class Bench:
    """A journal, a script and a dispatcher over both."""

    journal: Journal
    github: ScriptedGitHub
    dispatcher: Dispatcher
    metrics: Metrics

    async def deliver(
        self, *numbers: int, repo: int = 7, installation: int = 5, name: str = "d", received: datetime | None = None
    ) -> None:
        """Store a delivery for each of these issues."""
        await asyncio.gather(
            *(
                self.journal.accept(
                    Incoming(
                        f"{name}-{repo}-{place}-{number}",
                        "issues",
                        compact(
                            issue_payload(
                                number,
                                repository={"id": repo, "full_name": f"o/r{repo}"},
                                installation={"id": installation},
                            )
                        ),
                        received or datetime.now(UTC),
                    )
                )
                for place, number in enumerate(numbers)
            )
        )

    async def event(self, event: str, **payload: object) -> None:
        """Store another delivery."""
        body = compact(payload)
        await self.journal.accept(Incoming(f"{event}-{len(body)}-{id(payload)}", event, body, datetime.now(UTC)))

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.005)
        assert condition(), what

    async def until_done(self, amount: int) -> None:
        """Wait until so many deliveries are through, one way or another."""
        await self.until(
            lambda: (
                self.journal.backlog().unsorted == 0
                and sum(self.journal.counts()[state] for state in ("done", "dead", "ignored", "quarantined")) == amount
            ),
            f"{amount} deliveries to be through",
        )

    def outcomes(self) -> list[str]:
        """The outcome of each telemetry record, in order."""
        return [msgspec.json.decode(line)["outcome"] for _, line in self.journal.outbox.read(0, 10_000)]

    async def github_says(self, state: Found, name: str = "") -> None:
        """Answer what is to be asked, as the service does when it asks."""
        await self.until(lambda: self.journal.standing.due(datetime.now(UTC), 9), "a question")
        for doubt in self.journal.standing.due(datetime.now(UTC), 9):
            answer = Answer(state, name)
            await self.journal.standing.settle(doubt, answer, up_to_seq=10**9, now=datetime.now(UTC))
        self.dispatcher.look_anew()


@asynccontextmanager
async def working(
    home: Path,
    github: ScriptedGitHub,
    *,
    breadth: Breadth | None = None,
    patience: Patience = QUICK,
    max_pages: int = 0,
    busy: Callable[[], bool] = lambda: False,
) -> AsyncIterator[Bench]:
    metrics = Metrics()
    with Journal.open(home, max_pages=max_pages) as journal:
        looks = Looks(journal, github, run_record, SystemClock(), metrics, patience)
        dispatcher = Dispatcher(
            journal,
            looks,
            SystemClock(),
            metrics,
            on_news=github.heed,
            busy=busy,
            breadth=breadth or Breadth(poll_s=0.05, trouble_s=0.05),
        )
        loop = asyncio.get_running_loop()

        def stored() -> None:
            loop.call_soon_threadsafe(dispatcher.stored)

        journal.writer.on_commit(DELIVERIES, stored)
        running = asyncio.create_task(dispatcher.run())
        try:
            yield Bench(journal, github, dispatcher, metrics)
        finally:
            github.gate.set()
            await dispatcher.drain(5)
            await running
