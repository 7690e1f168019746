"""`tassist sweep`: every open issue looked at now, by the service that runs, or by this process where none does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.explain import plan_data
from engine.model import IssueRef, Trigger
from engine.plan import Plan
from engine.ports import Clock
from engine.problems import Problem, ProblemError
from engine.runner import consider
from tassist.config.chosen import EVERYWHERE, Chosen
from tassist.github.address import repository
from tassist.github.connection import Connection
from tassist.github.wire import IssueWire
from tassist.store.model import Progress, Sweep
from tassist.store.ports import Journal
from tassist.text import noun

ALL = json.dumps({"all": True})
Repos = list[tuple[int, str, int]]
"""Id, name, installation."""
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did."""

    sweep_id: str
    progress: Progress
    seconds: float
    resumed: bool
    """It had been begun before, and went on."""

    def data(self) -> dict[str, Any]:
        """As plain data."""
        done = self.progress
        return {
            "sweep": self.sweep_id,
            "resumed": self.resumed,
            "repositories": done.repos,
            "dropped": done.dropped,
            "looked_at": done.looked,
            "changed": done.changed,
            "failed": done.failed,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True, slots=True)
class Intent:
    """What a sweep would do to one issue."""

    ref: IssueRef
    plan: Plan

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return {"repo": self.ref.repo, "number": self.ref.number, "plan": plan_data(self.plan)}


async def resolve(connection: Connection, names: Sequence[str]) -> Repos:
    """The named repositories.

    Raises:
        ProblemError: with everything that is wrong with the names, at once.
    """
    found: Repos = []
    problems: list[Problem] = []
    for name in dict.fromkeys(names):
        try:
            repo = await connection.access.resolve(name)
            covering = await connection.api.installation_of(repository(repo.full_name, repo.id))
        except ProblemError as error:
            problems.extend(error.problems)
        else:
            found.append((repo.id, repo.full_name, covering.id or 0))
    if problems:
        raise ProblemError(problems)
    return found


async def covered(connection: Connection, chosen: Chosen = EVERYWHERE) -> Repos:
    """Every repository that is looked after, of every installation that is not suspended; archived ones left out."""
    found: Repos = []
    for one in await connection.api.installations():
        if one.id and one.suspended_at is None:
            async for page in connection.api.repositories(one.id):
                found += [
                    (repo.id, repo.full_name, one.id)
                    for repo in page
                    if repo.id
                    and repo.full_name
                    and not repo.archived
                    and repo.has_issues is not False
                    and chosen.takes(repo.full_name)
                ]
    return found


def begin(journal: Journal, repos: Repos | None, clock: Clock) -> tuple[Sweep, bool]:
    """Put a sweep into the journal; one of the same repositories that is under way goes on instead.

    Args:
        journal: Open.
        repos: ``None`` for everything the App covers.
        clock: The present.

    Returns:
        The sweep, and whether it was under way.
    """
    now = clock.now()
    wanted = f"asked-{now:%Y%m%dT%H%M%S.%f}"
    scope = ALL if repos is None else json.dumps({"repos": sorted(repo_id for repo_id, _, _ in repos)})
    sweep = journal.sweeps.begin(wanted, "asked", scope, now, repos)
    return sweep, sweep.sweep_id != wanted


def follow(
    journal: Journal,
    sweep: Sweep,
    say: Callable[[str], None],
    *,
    resumed: bool = False,
    alive: Callable[[], BaseException | None] = lambda: None,
    every_s: float = 2.0,
) -> Swept:
    """Wait until a sweep is through, and say now and then how far it is.

    Args:
        journal: Open.
        sweep: As begun.
        say: Writes one line of talk.
        resumed: Whether it had been begun before.
        alive: What went wrong with whoever works it off; ``None`` while nothing did.
        every_s: How often it is said; the first time after one second.

    Raises:
        ProblemError: whoever worked it off ended; the sweep stays as it is, and goes on later.
    """
    started = time.monotonic()
    before = journal.sweeps.progress(sweep.sweep_id).looked
    said_s = started + 1.0 - every_s
    moment = threading.Event()
    while True:
        found = journal.sweeps.find(sweep.sweep_id)
        now_s = time.monotonic()
        done = journal.sweeps.progress(sweep.sweep_id)
        if found is None or found.state == "finished":
            return Swept(sweep.sweep_id, done, now_s - started, resumed)
        error = alive()
        if error is not None:
            raise error
        if now_s - said_s >= every_s:
            said_s = now_s
            say(_how_far(done, listing=found.state == "listing", rate=(done.looked - before) / (now_s - started)))
        moment.wait(_POLL_S)


def _how_far(done: Progress, *, listing: bool, rate: float) -> str:
    left = max(done.issues - done.looked, 0)
    repos = noun(2 if listing else done.repos, "repository", "repositories")
    line = f"{done.ended} of {done.repos}{' or more' if listing else ''} {repos}, {done.looked} {noun(done.looked, 'issue')} looked at"
    line += f" ({done.changed} changed)" if done.changed else ""
    if rate > 0:
        line += f", {rate:.1f} a second"
        if left:
            line += f", {left} known to remain: about {left / rate:.0f} s"
    return line


async def intents(connection: Connection, repos: Repos, said: Callable[[str], None]) -> AsyncIterator[Intent]:
    """What a sweep would do, issue by issue; a repository that cannot be read is said and stops no other.

    Args:
        connection: One whose tokens are minted read-only: GitHub itself refuses a write.
        repos: Which.
        said: Hears of repositories that cannot be read.
    """
    for repo_id, name, installation_id in repos:
        connection.access.remember(repo_id, installation_id)
        try:
            who = await connection.access.credential(IssueRef(name, 0, repo_id))
            path = f"{repository(name, repo_id)}/issues?state=open&per_page=100"
            found = await connection.client.get_all(path, IssueWire, who)
        except ProblemError as error:
            said(f"{name}: {error.problems[0].what}")
            continue
        for number in [issue.number for issue in found if issue.number and issue.pull_request is None]:
            ref = IssueRef(name, number, repo_id)
            considered = await consider(Trigger("sweep"), ref, reader=connection.reader, clock=connection.client.clock)
            yield Intent(ref, considered.plan)
