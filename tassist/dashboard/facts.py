"""What was counted from telemetry, before anything is said about it: plain rows, each in an order that is always the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import msgspec

from tassist.dashboard.board import Happening

NEVER = date(1970, 1, 1)
"""Stands for a day where no record names one; nobody is shown it."""


class Flaw(msgspec.Struct, frozen=True, gc=False):
    """A line that is no record."""

    file: str
    """Below the telemetry folder."""
    line: int
    why: str


class Counted(msgspec.Struct, frozen=True, gc=False):
    """One figure of one day; the names are those of `tassist.telemetry.counted`."""

    repo: str
    day: date
    name: str
    count: int


class Turn(msgspec.Struct, frozen=True, gc=False):
    """An issue as it was at the end of a day on which its state, track or milestone was another than before."""

    repo: str
    issue: int
    day: date
    open: bool
    track: str
    milestone: str
    created: date | None
    closed: date | None


class Latest(msgspec.Struct, frozen=True, gc=False):
    """An issue as it was seen last."""

    repo: str
    issue: int
    seen: str
    open: bool
    track: str
    milestone: str
    labels: tuple[str, ...]
    title: str
    created: str
    updated: str
    closed: str
    due: str
    """The milestone's date."""
    milestone_open: bool
    is_pull_request: bool


class Stuck(msgspec.Struct, frozen=True, gc=False):
    """An issue whose newest run did not succeed."""

    repo: str
    issue: int
    at: str
    outcome: str
    reason: str
    event_id: str


class News(msgspec.Struct, frozen=True, gc=False):
    """A record that stands for itself: a comparison, a step, a configuration that was checked, records lost."""

    repo: str
    type: str
    at: str
    subject: str
    outcome: str
    reason: str
    run_id: str
    event_id: str
    counts: dict[str, int]


class Seen(msgspec.Struct, frozen=True, gc=False):
    """One of the newest records behind a figure."""

    repo: str
    name: str
    at: str
    issue: int
    reason: str
    event_id: str


class RuleDay(msgspec.Struct, frozen=True, gc=False):
    """Values a rule wrote on one day, and what became of them."""

    repo: str
    rule: str
    day: date
    written: int
    reverted: int
    flapped: int


@dataclass(slots=True)
class Facts:
    """Everything that was counted."""

    as_of: date
    """The last day that counts; `NEVER` where there is no record and none was asked for."""
    now: str
    """The moment ages are measured from, as a stamp."""
    files: int = 0
    records: int = 0
    """Records that count, each once; those that `prune` folded included."""
    folded: int = 0
    """Those among them that stand in a `day_aggregate`."""
    duplicates: int = 0
    flaws: list[Flaw] = field(default_factory=list)
    """The first hundred."""
    flaw_count: int = 0
    first: str = ""
    last: str = ""
    imported: list[tuple[str, str, int]] = field(default_factory=list)
    """Repository, origin, records."""
    repos: list[str] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    latest: list[Latest] = field(default_factory=list)
    histories: dict[tuple[str, int], list[Happening]] = field(default_factory=dict)
    """The newest values written to an issue, by repository and number."""
    rule_days: list[RuleDay] = field(default_factory=list)
    stuck: list[Stuck] = field(default_factory=list)
    news: list[News] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    @property
    def weight(self) -> int:
        """How much there is to show: issues, and values written to them."""
        return len(self.latest) + sum(map(len, self.histories.values()))
