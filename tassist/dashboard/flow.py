"""From how issues turned to how many were open, came and went, day by day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby, pairwise

from tassist.dashboard.facts import Turn
from tassist.dashboard.periods import Periods


@dataclass(slots=True)
class Flow:
    """Issues of one scope that came and went, by day."""

    came: Counter[date] = field(default_factory=Counter)
    went: Counter[date] = field(default_factory=Counter)

    def first(self) -> date | None:
        """The first day anything came."""
        return min(self.came, default=None)

    def open_at(self, days: Iterable[date]) -> list[int]:
        """How many were open at the end of each day; the days rise."""
        balance = sorted(self.came.keys() | self.went.keys())
        found, at, total = [], 0, 0
        for day in days:
            while at < len(balance) and balance[at] <= day:
                total += self.came[balance[at]] - self.went[balance[at]]
                at += 1
            found.append(total)
        return found

    def by_period(self, periods: Periods) -> dict[str, list[int | None]]:
        """Lines ``open``, ``opened``, ``closed``."""
        opened = [0] * len(periods.starts)
        closed = [0] * len(periods.starts)
        for target, counts in ((opened, self.came), (closed, self.went)):
            for day, count in counts.items():
                index = periods.index(day)
                if index is not None:
                    target[index] += count
        return {"open": [*self.open_at(periods.ends)], "opened": [*opened], "closed": [*closed]}


def flows(turns: Iterable[Turn]) -> dict[tuple[str, str | None], Flow]:
    """Flows by repository and track; the track ``None`` is the repository as a whole.

    The turns are those of each issue after the other, by day.
    """
    found: dict[tuple[str, str | None], Flow] = defaultdict(Flow)
    for (repo, _), issue in groupby(turns, key=lambda turn: (turn.repo, turn.issue)):
        _follow(found, repo, list(issue))
    return dict(found)


def turned(turns: Iterable[Turn], *, opened: bool) -> list[Turn]:
    """The turns by which issues came (or went), whatever their track: one for each time a whole repository's flow counts."""
    found = []
    for _, issue in groupby(turns, key=lambda turn: (turn.repo, turn.issue)):
        first, *rest = issue
        if opened or not first.open:
            found.append(first)
        found += [now for before, now in pairwise([first, *rest]) if before.open != now.open and now.open == opened]
    return found


def _follow(found: dict[tuple[str, str | None], Flow], repo: str, turns: list[Turn]) -> None:
    whole = found[repo, None]
    first = turns[0]
    begun = min(first.created or first.day, first.day)
    if not first.open and first.created is None and first.closed is not None:
        begun = min(first.closed, first.day)
    whole.came[begun] += 1
    found[repo, first.track].came[begun] += 1
    if not first.open:
        ended = _closed(first, begun)
        whole.went[ended] += 1
        found[repo, first.track].went[ended] += 1
    for before, now in pairwise(turns):
        if before.open and not now.open:
            ended = _closed(now, before.day)
            whole.went[ended] += 1
            found[repo, before.track].went[ended] += 1
        elif not before.open and now.open:
            whole.came[now.day] += 1
            found[repo, now.track].came[now.day] += 1
        elif now.open and before.track != now.track:
            found[repo, before.track].went[now.day] += 1
            found[repo, now.track].came[now.day] += 1


def _closed(turn: Turn, not_before: date) -> date:
    """The day it was closed, where GitHub's time lies between the two looks; else the day of the look."""
    return turn.closed if turn.closed is not None and not_before <= turn.closed <= turn.day else turn.day
