"""Is anything lost, late or blocked: the state of a service at a glance, from its journal alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tassist.store.console import Waiting, Written
from tassist.store.database import LOCK_NAME
from tassist.store.model import Backlog, RunRow
from tassist.store.pages import Filter, Listed
from tassist.store.ports import Journal
from tassist.telemetry.status import Status, read_status
from tassist.text import noun

if TYPE_CHECKING:
    from tassist.config.settings import Settings
    from tassist.services.hook import Hook

LATE = timedelta(minutes=5)
"""Whatever waits longer than this for its look is late."""
HOOK_ASKED_EVERY = timedelta(minutes=5)
"""How old an answer about the webhook may become where somebody goes on looking."""
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WRITES_PER_HOUR = 500
"""GitHub's limit for requests that create content, for each installation.
Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
_HERE = "away.here"
Verdict = Literal["good", "waiting", "bad"]


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing a person should know, the worst first."""

    verdict: Verdict
    what: str
    fix: str
    place: str
    """The place of the console that shows it."""
    wanted: str = ""
    """What is asked for there: a query of deliveries, or a check of the doctor's."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything Home shows."""

    at: datetime
    serving: bool
    """Whether a service uses the journal now, as far as this machine can tell."""
    here: datetime | None
    """When somebody was last here to take deliveries."""
    backlog: Backlog
    given_up: dict[str, int]
    waiting: tuple[Waiting, ...]
    suspended: tuple[str, ...]
    trouble: tuple[RunRow, ...]
    """Of the last day, newest first."""
    runs: int
    """Of the last day."""
    runs_in_trouble: int
    per_hour: tuple[int, ...]
    """Deliveries in each of the last 24 hours, the oldest first."""
    written: tuple[Written, ...]
    """In the last hour, by installation."""
    median_delay: timedelta | None
    """From arrival to done, of the last deliveries."""
    sinks: Status
    last: tuple[Listed, ...]
    writes_per_hour: int = WRITES_PER_HOUR
    """What each installation may write; 0 where the settings say that there is no limit."""
    serve: str = "tassist serve"
    """The command that starts a service with this folder, as it is typed."""
    hook: Hook | None = None
    """``None`` until GitHub was asked."""

    @property
    def late(self) -> tuple[Waiting, ...]:
        """Issues that wait for longer than they should."""
        return tuple(one for one in self.waiting if self.at - one.since > LATE)

    @property
    def attention(self) -> tuple[Attention, ...]:
        """What wants attention; where there is nothing, one line that says so."""
        return tuple(_attention(self)) or (Attention("good", "Nothing is lost, late or blocked", "", "deliveries"),)


def overview(
    journal: Journal,
    home: Path,
    now: datetime,
    *,
    last: int = 12,
    writes_per_hour: int = WRITES_PER_HOUR,
    serve: str = "tassist serve",
    hook: Hook | None = None,
) -> Overview:
    """Read everything Home shows; takes a moment, whatever the journal holds.

    Args:
        journal: What is looked at.
        home: Its folder.
        now: The present.
        last: How many of the last deliveries.
        writes_per_hour: What each installation may write; 0 for no limit.
        serve: The command that starts a service with this folder.
        hook: What GitHub said of the webhook, where it was asked.

    Raises:
        ProblemError: the journal cannot be read.
    """
    browse = journal.browse
    runs, in_trouble = browse.runs_since(now - DAY)
    delays = browse.delays()
    here = journal.meta(_HERE)
    return Overview(
        at=now,
        serving=is_served(home),
        here=datetime.fromisoformat(here) if here else None,
        backlog=journal.backlog(),
        given_up=browse.given_up(),
        waiting=tuple(browse.waiting(now)),
        suspended=tuple(browse.suspended()),
        trouble=tuple(browse.trouble(now - DAY, limit=20)),
        runs=runs,
        runs_in_trouble=in_trouble,
        per_hour=tuple(browse.per_hour(now)),
        written=tuple(browse.written_since(now - HOUR)),
        median_delay=sorted(delays)[len(delays) // 2] if delays else None,
        sinks=read_status(home / "sinks.json"),
        last=browse.page(Filter(), limit=last).rows,
        writes_per_hour=writes_per_hour,
        serve=serve,
        hook=hook,
    )


def writes_per_hour(settings: Settings) -> int:
    """What an installation may write in an hour, as the settings say; 0 where there is no limit."""
    return 0 if settings.text("api_limits") == "off" else WRITES_PER_HOUR


def _attention(found: Overview) -> list[Attention]:
    said: list[Attention] = []
    dead, aside = found.given_up.get("dead", 0), found.given_up.get("quarantined", 0)
    if dead:
        what = f"{_many(dead, 'delivery was', 'deliveries were')} given up"
        said.append(Attention("bad", what, "replay them once the cause is mended", "deliveries", "state:dead"))
    if found.suspended:
        what = f"suspended: {', '.join(found.suspended[:3])}{' …' if len(found.suspended) > 3 else ''}"
        said.append(
            Attention(
                "bad", what, "its owner lifts it in the account's settings, Installed Apps", "health", "installations"
            )
        )
    failing = [sink.name for sink in found.sinks.sinks if sink.condition == "failing"]
    if failing:
        what = f"telemetry does not reach {', '.join(failing)}"
        said.append(Attention("bad", what, "nothing is lost: it waits; see tassist telemetry status", "health"))
    for item in found.hook.drift if found.hook is not None else ():
        verdict: Verdict = "bad" if item.finding.state == "failed" else "waiting"
        said.append(Attention(verdict, f"{item.title}: {item.finding.said}", item.finding.fix, "health", item.id))
    if found.late:
        oldest = found.late[0]
        what = f"{_many(len(found.late), 'issue waits', 'issues wait')} for longer than {LATE.seconds // 60} minutes"
        said.append(
            Attention("bad", what, oldest.reason or f"start the service: {found.serve}", "deliveries", "state:waiting")
        )
    if aside:
        what = f"{_many(aside, 'delivery was', 'deliveries were')} set aside: no payload of GitHub's form"
        said.append(
            Attention(
                "waiting", what, "look at one: somebody knows the webhook's secret", "deliveries", "state:quarantined"
            )
        )
    if found.runs_in_trouble:
        what = f"{_many(found.runs_in_trouble, 'run', 'runs')} of the last day did not succeed"
        reason = next((run.reason for run in found.trouble if run.reason), "") or ""
        said.append(Attention("waiting", what, reason, "issues"))
    most = found.writes_per_hour
    for one in [one for one in found.written if most and one.writes >= most * 0.8]:
        what = f"{one.account or f'installation {one.installation_id}'} has used {one.writes} of {most} writes"
        said.append(Attention("waiting", what, "the rest waits for the hour to pass, by itself", "home"))
    if not found.serving:
        said.append(Attention("waiting", "No service uses this journal now", f"start it: {found.serve}", "setup"))
    return said


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {noun(count, one, more)}"


def is_served(home: Path) -> bool:
    """Whether a process holds the service's lock, found out without touching the lock.

    Trying it, if only for a moment, could keep a service from starting.
    """
    path = home / LOCK_NAME
    try:
        owner = int(path.read_text("ascii").strip() or "0")
        place = path.stat()
    except (OSError, ValueError):
        return False
    try:
        locks = Path("/proc/locks").read_text("ascii")
    except OSError:
        return _alive(owner)
    device = f"{os.major(place.st_dev):02x}:{os.minor(place.st_dev):02x}:{place.st_ino}"
    listed = [line.split() for line in locks.splitlines() if f" {device} " in line]
    # Behind another user's namespace the list may be empty; then the process's being there has to do.
    return any("FLOCK" in words and "WRITE" in words for words in listed)


def _alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
