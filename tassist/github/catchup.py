"""What was missed while nobody was there: read from the App's delivery log, bodies only where they matter.

GitHub never repeats a delivery by itself, and keeps its log for three days (Enterprise Server: seven). The log is read
newest first until what is known begins; attempts are grouped by their GUID, which a redelivery shares; what the store
knows already is left out; and of the rest a body is fetched only where a rule could look at it. What is older than the
log is a gap, which only a look at every open issue closes.
Source: https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from engine.problems import Problem
from engine.triggers import relevance
from tassist.github.app_api import AppApi
from tassist.github.faults import Refused
from tassist.github.translate import when
from tassist.github.wire import DeliveryWire

RETENTION_CLOUD = timedelta(days=3)
RETENTION_SERVER = timedelta(days=7)
FIRST_LOOK_BACK = timedelta(hours=24)
"""How far the first survey of an App looks back."""
OVERLAP = timedelta(minutes=15)
"""Deliveries may arrive minutes late and out of order, so what lies shortly before is read again."""

Known = Callable[[Sequence[str]], Awaitable[Collection[str]]]
"""Given GUIDs, those that the store has already, done or waiting."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A delivery nobody here has."""

    guid: str
    attempt_id: int
    """Of its newest attempt, whose body can be fetched."""
    event: str
    action: str
    delivered_at: datetime
    """Of its oldest attempt in the log."""
    installation_id: int
    repository_id: int
    attempts: int
    answered: bool
    """Whether somebody answered one of them with success: another server, or this one before it lost its store."""

    @property
    def relevant(self) -> bool:
        """Whether any rule could look at it."""
        return relevance(self.event, self.action).scope != "nothing"


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of which GitHub's log tells nothing any more."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Survey:
    """What the log says about the time since."""

    since: datetime
    until: datetime
    """When the survey began: where the next one goes on from."""
    absent: tuple[Absent, ...]
    """Oldest first, each GUID once."""
    read: int
    """Attempts that were read."""
    gap: Gap | None

    @property
    def relevant(self) -> tuple[Absent, ...]:
        """Those a rule could look at; the bodies of the others are never fetched."""
        return tuple(one for one in self.absent if one.relevant)

    def sentence(self) -> str:
        """One line for the log: ``away 9 h 12 min: 41 missed, 6 relevant``."""
        line = f"away {_in_words(self.until - self.since)}: {len(self.absent)} missed, {len(self.relevant)} relevant"
        if self.gap is not None:
            line += (
                f"; GitHub's log does not reach back to {self.gap.begin:%Y-%m-%d %H:%M} UTC: "
                f"{_in_words(self.gap.end - self.gap.begin)} are not covered, so every open issue is looked at"
            )
        return line


@dataclass(frozen=True, slots=True)
class Fetched:
    """A missed delivery with its body, as it would have arrived."""

    absent: Absent
    body: bytes
    """JSON, which the log keeps parsed: it is not signed, so it comes from GitHub's API and nowhere else."""
    problem: Problem | None = None
    """Why there is no body; GitHub forgot it in between, or will not show it."""


def retention_of(api_url: str) -> timedelta:
    """How long the GitHub at this address keeps its log."""
    return RETENTION_CLOUD if urlsplit(api_url).hostname == "api.github.com" else RETENTION_SERVER


async def survey(
    api: AppApi,
    known: Known,
    *,
    since: datetime | None,
    now: datetime,
    retention: timedelta = RETENTION_CLOUD,
    read_from: datetime | None = None,
) -> Survey:
    """Read the log back to where the last survey began.

    Args:
        api: Of the App.
        known: Which GUIDs the store has.
        since: When somebody was last here to take deliveries. ``None``: nobody ever was.
        now: By GitHub's clock.
        retention: How long GitHub keeps its log.
        read_from: When the last survey began (its ``until``), where that was earlier: a delivery that failed while
            somebody was here is older than those that came after it.

    Raises:
        Retry: GitHub cannot be asked now.
        ProblemError: It does not let the App in.
    """
    begin = now - FIRST_LOOK_BACK if since is None else since
    first = min(begin, read_from or begin) - OVERLAP
    attempts: dict[str, list[DeliveryWire]] = {}
    read = 0
    async for page in api.deliveries():
        read += len(page)
        news = {item.guid for item in page if item.guid} - attempts.keys()
        had = set(await known(sorted(news))) if news else set()
        for item in page:
            if item.guid and item.guid not in had:
                attempts.setdefault(item.guid, []).append(item)
        oldest = min((moment for item in page if (moment := when(item.delivered_at))), default=None)
        if oldest is not None and oldest < first:
            break
    found = (_absent(guid, items) for guid, items in attempts.items())
    reach = now - retention
    return Survey(
        since=begin,
        until=now,
        absent=tuple(sorted(_within(found, first), key=lambda one: (one.delivered_at, one.attempt_id))),
        read=read,
        gap=Gap(begin, reach) if begin < reach else None,
    )


async def fetch(api: AppApi, wanted: Iterable[Absent]) -> AsyncIterator[Fetched]:
    """The bodies, one after the other, in the order given; what cannot be fetched comes with its problem.

    Raises:
        Retry: GitHub cannot be asked now; go on with those that did not come.
    """
    for one in wanted:
        try:
            detail = await api.delivery(one.attempt_id)
        except Refused as error:
            yield Fetched(one, b"", error.problems[0])
            continue
        payload = bytes(detail.request.payload) if detail.request else b"null"
        if payload == b"null":
            problem = Problem("delivery-without-body", f"GitHub shows no body of delivery {one.guid}", family="world")
            yield Fetched(one, b"", problem)
        else:
            yield Fetched(one, payload)


def _absent(guid: str, items: list[DeliveryWire]) -> Absent | None:
    usable = [item for item in items if item.id is not None]
    if not usable:
        return None
    newest = max(usable, key=lambda item: item.id or 0)
    times = [moment for item in items if (moment := when(item.delivered_at))]
    if not times:
        return None
    return Absent(
        guid=guid,
        attempt_id=newest.id or 0,
        event=newest.event or "",
        action=newest.action or "",
        delivered_at=min(times),
        installation_id=newest.installation_id or 0,
        repository_id=newest.repository_id or 0,
        attempts=len(items),
        answered=any(item.status == "OK" for item in items),
    )


def _within(found: Iterable[Absent | None], begin: datetime) -> Iterable[Absent]:
    return (one for one in found if one is not None and one.delivered_at >= begin)


def _in_words(span: timedelta) -> str:
    minutes = max(int(span.total_seconds()) // 60, 0)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if not days else ""]
    return " ".join(part for part in parts if part)
