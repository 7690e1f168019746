"""Issues of a repository, a track or everything: figures, distributions, milestones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from tassist.dashboard.board import Bar, Happening, IssueAt, MilestoneAt, Scope, Series, Value
from tassist.dashboard.facts import Latest
from tassist.dashboard.figures import AGES, OLDEST, RECENT_DAYS, STALE_DAYS
from tassist.dashboard.flow import Flow
from tassist.dashboard.periods import periods, windows


def day_of(stamp: str) -> date | None:
    """The day of a stamp, where it is one."""
    try:
        return date.fromisoformat(stamp[:10])
    except ValueError:
        return None


def days_since(stamp: str, last: date) -> int | None:
    """Days from a stamp to the last day that counts, never less than none."""
    day = day_of(stamp)
    return max((last - day).days, 0) if day else None


def idle_days(issue: Latest, last: date) -> int | None:
    """Days since anybody touched an issue, else since it was seen."""
    return days_since(issue.updated or issue.seen, last)


def scope(name: str, issues: Sequence[Latest], flow: Flow, last: date) -> Scope:
    """One scope; ``issues`` are those of it, without pull requests."""
    still = [issue for issue in issues if issue.open]
    ages = sorted(age for issue in still if (age := days_since(issue.created or issue.seen, last)) is not None)
    idle = [days for issue in still if (days := idle_days(issue, last)) is not None]
    before = _days_back(last, RECENT_DAYS)
    at = periods(flow.first(), last)
    return Scope(
        name=name,
        figures={
            "open": Value(all=len(still), recent=len(still), before=flow.open_at([before])[0]),
            "opened": _window(flow.came.items(), last),
            "closed": _window(flow.went.items(), last),
            "stale": Value(all=sum(days >= STALE_DAYS for days in idle)),
            "median_age": Value(all=ages[(len(ages) - 1) // 2] if ages else None),
            "oldest": Value(all=ages[-1] if ages else None),
            "untracked": Value(all=sum(not issue.track for issue in still)),
            "unplanned": Value(all=sum(not issue.milestone for issue in still)),
            "overdue": Value(all=sum(bool(late_days(issue, last)) for issue in still)),
        },
        flow=Series(
            starts=[day.isoformat() for day in at.starts],
            ends=[day.isoformat() for day in at.ends],
            lines=flow.by_period(at),
        ),
        ages=_bars(ages),
        idle=_bars(idle),
    )


def counting(name: str, issues: Iterable[Latest], last: date) -> list[Latest]:
    """The issues behind a figure of `scope` that counts them, or for ages those that are looked at."""
    still = [issue for issue in issues if issue.open]
    if name == "oldest":
        ages = [days_since(issue.created or issue.seen, last) or 0 for issue in still]
        return [issue for issue, age in zip(still, ages, strict=True) if age == max(ages)]
    if name == "stale":
        return [issue for issue in still if (idle_days(issue, last) or 0) >= STALE_DAYS]
    if name == "untracked":
        return [issue for issue in still if not issue.track]
    if name == "unplanned":
        return [issue for issue in still if not issue.milestone]
    if name == "overdue":
        return [issue for issue in still if late_days(issue, last)]
    return still


def late_days(issue: Latest, last: date) -> int:
    """Days past the date of the issue's milestone, 0 where there is none or it is not over."""
    due = day_of(issue.due)
    return max((last - due).days, 0) if issue.milestone and due else 0


def milestones(issues: Iterable[Latest], last: date) -> list[MilestoneAt]:
    """Progress of every milestone: those with open issues first, by date."""
    by_title: dict[str, list[Latest]] = defaultdict(list)
    for issue in issues:
        if issue.milestone:
            by_title[issue.milestone].append(issue)
    found = []
    for title, members in by_title.items():
        newest = max(members, key=lambda issue: (issue.seen, issue.issue))
        due = newest.due
        still = sum(issue.open for issue in members)
        found.append(
            MilestoneAt(
                title=title,
                open=still,
                closed=len(members) - still,
                due=due,
                is_open=newest.milestone_open,
                overdue_days=late_days(newest, last) if still else 0,
            )
        )
    return sorted(found, key=lambda milestone: (not milestone.open, milestone.due or "9999", milestone.title))


def issues_at(
    issues: Iterable[Latest], histories: Mapping[tuple[str, int], list[Happening]], last: date
) -> list[IssueAt]:
    """Every issue with its history; open ones first, those left longest first."""
    found = [
        IssueAt(
            number=issue.issue,
            title=issue.title,
            open=issue.open,
            track=issue.track,
            milestone=issue.milestone,
            labels=list(issue.labels),
            created=issue.created,
            closed=issue.closed,
            age_days=days_since(issue.created or issue.seen, last) if issue.open else None,
            idle_days=idle_days(issue, last) if issue.open else None,
            seen=issue.seen,
            history=histories.get((issue.repo, issue.issue), []),
        )
        for issue in issues
    ]
    return sorted(found, key=lambda issue: (not issue.open, -(issue.idle_days or 0), issue.number))


def _window(counts: Iterable[tuple[date, int]], last: date) -> Value:
    total, recent, before = windows(counts, last)
    return Value(all=total, recent=recent, before=before)


def _days_back(last: date, days: int) -> date:
    return date.fromordinal(max(last.toordinal() - days, 1))


def _bars(days: Iterable[int]) -> list[Bar]:
    counts = dict.fromkeys([*(name for _, name in AGES), OLDEST], 0)
    for value in days:
        counts[next((name for limit, name in AGES if value < limit), OLDEST)] += 1
    return [Bar(name, count) for name, count in counts.items()]
