"""When a person (or another program) last did something to an issue; the App's own activity is none."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.model import Issue, TimelineEvent, fold

PASSIVE_EVENTS = frozenset({"subscribed", "unsubscribed", "mentioned"})
"""Timeline events that are consequences of others, or nobody's work on the issue.

Source: https://docs.github.com/en/rest/using-the-rest-api/issue-event-types
"""

_ALONG = timedelta(minutes=1)
"""A comment that says why a flag is put on comes with it: the same actor's, in the same moment."""

_EXCHANGE = timedelta(minutes=1)
"""How long an exchange may take that begins with taking the old flag off, as on an issue that is full of labels."""


@dataclass(frozen=True, slots=True)
class Idle:
    """How long nothing real has happened: between ``least`` and ``most`` whole days."""

    least: int
    most: int | None
    """``None``: for ever, as far as is known."""
    since: datetime | None
    """The last real activity; ``None`` where only bounds are known."""


def _days(start: datetime | None, now: datetime) -> int | None:
    return None if start is None else max((now - start).days, 0)


def bounds(issue: Issue, now: datetime) -> Idle:
    """What can be said without the timeline: nothing real happened after ``updated_at`` or before ``created_at``."""
    return Idle(_days(issue.updated_at, now) or 0, _days(issue.created_at, now), None)


def exact(issue: Issue, timeline: Iterable[TimelineEvent], now: datetime, flags: frozenset[str]) -> Idle:
    """What the timeline says; ``updated_at`` counts for nothing, since the App's own writes move it.

    An edit of the body leaves no event, so it is no activity: counted once by its delivery, it would be forgotten with the
    App's next write, and the flag would flap.
    """
    last = issue.created_at
    events = tuple(timeline)
    marks = [event for event in events if event.event == "labeled" and fold(event.label) in flags and event.actor]
    for event in events:
        if is_real(event, flags) and not _says_so(event, marks):
            last = event.at if last is None else max(last, event.at)
    if last is None:
        return Idle(0, 0, now)
    days = _days(last, now) or 0
    return Idle(days, days, last)


def is_real(event: TimelineEvent, flags: frozenset[str]) -> bool:
    """Whether the event is somebody's work on the issue.

    Putting the stale flag on by hand is not: it says that there is none.
    """
    if event.by_app or event.event in PASSIVE_EVENTS:
        return False
    return not (event.event == "labeled" and fold(event.label) in flags)


def _says_so(event: TimelineEvent, marks: list[TimelineEvent]) -> bool:
    """Whether a comment came along with a flag, as other automation posts it: it says that nobody worked on the issue."""
    return event.event == "commented" and any(
        event.actor == mark.actor and abs(event.at - mark.at) <= _ALONG for mark in marks
    )


def flagged_since(
    timeline: Iterable[TimelineEvent], flags: frozenset[str], carried: Collection[str]
) -> datetime | None:
    """Since when the issue carries a flag without a break; ``None`` where the timeline does not say.

    One flag exchanged for another is no break. A flag that was taken off and put on again begins anew, and so does one
    that is gone without a trace: GitHub takes a label that is deleted off every issue.

    Args:
        timeline: In any order.
        flags: The folded names of all flags.
        carried: Of those on the issue now.
    """
    begun: dict[str, datetime] = {}
    ended: list[tuple[datetime, datetime]] = []
    for event in sorted(timeline, key=lambda event: event.at):
        name = fold(event.label)
        if name in flags and event.event == "labeled":
            begun[name] = event.at
        elif name in begun and event.event == "unlabeled":
            ended.append((event.at, begun.pop(name)))
    # Where nothing is told of those it carries, one that was put on and never taken off stands for them: it was renamed.
    told = [begun[name] for name in carried if name in begun] or list(begun.values())
    since = min(told, default=None)
    for off, on in sorted(ended, reverse=True):
        if since is not None and since <= off + _EXCHANGE:
            since = min(since, on)
    return since
