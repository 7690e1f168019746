"""Periods of a series, and the windows figures are compared over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from tassist.dashboard.facts import NEVER
from tassist.dashboard.figures import RECENT_DAYS

WEEKS = 53
DAYS = 35


@dataclass(frozen=True, slots=True)
class Periods:
    """Days grouped into periods; the last one ends on the last day that counts."""

    starts: tuple[date, ...]
    ends: tuple[date, ...]

    def index(self, day: date) -> int | None:
        """The period of a day; ``None`` where it lies outside."""
        if not self.starts or day < self.starts[0] or day > self.ends[-1]:
            return None
        step = (
            1
            if self.starts[0] == self.ends[0]
            and len(self.starts) > 1
            and self.starts[1] == self.starts[0] + timedelta(1)
            else 7
        )
        return (day - self.starts[0]).days // step


def periods(first: date | None, last: date) -> Periods:
    """Weeks from Monday on, at most a year of them; days where there are less than five weeks; none before any record."""
    if last == NEVER:
        return Periods((), ())
    first = min(first or last, last)
    if (last - first).days < DAYS:
        days = [last - timedelta(days=back) for back in reversed(range(RECENT_DAYS))]
        return Periods(tuple(days), tuple(days))
    monday = last - timedelta(days=last.weekday())
    earliest = max(first - timedelta(days=first.weekday()), monday - timedelta(weeks=WEEKS - 1))
    starts = [earliest + timedelta(weeks=number) for number in range((monday - earliest).days // 7 + 1)]
    return Periods(tuple(starts), tuple(min(start + timedelta(days=6), last) for start in starts))


def windows(counts: Iterable[tuple[date, int]], last: date) -> tuple[int, int, int]:
    """Everything, the last 28 days, the 28 before."""
    recent_from = last - timedelta(days=RECENT_DAYS - 1)
    before_from = recent_from - timedelta(days=RECENT_DAYS)
    total = recent = before = 0
    for day, count in counts:
        total += count
        if day >= recent_from:
            recent += count
        elif day >= before_from:
            before += count
    return total, recent, before
