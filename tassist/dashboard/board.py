"""The dashboard as data: what the pages, the terminal and `dashboard.json` show; whole numbers and text only."""

from __future__ import annotations

import msgspec

FORM = "tassist dashboard 1"


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A figure: over everything, over the last 28 days, and over the 28 days before; ``None`` where it is unknown."""

    all: int | None
    recent: int | None = None
    before: int | None = None


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Figures by period; a period is a week from Monday on, or a day where there are less than five weeks."""

    starts: list[str]
    """First day of each period."""
    ends: list[str]
    lines: dict[str, list[int | None]]
    """Values by name, one for each period."""


class Bar(msgspec.Struct, frozen=True):
    """One bar of a distribution."""

    name: str
    count: int


class MilestoneAt(msgspec.Struct, frozen=True, kw_only=True):
    """How far a milestone is."""

    title: str
    open: int
    closed: int
    due: str
    is_open: bool
    overdue_days: int
    """Days past its date, 0 where it is not late or has none."""


class IssueAt(msgspec.Struct, frozen=True, kw_only=True):
    """An issue as it was seen last."""

    number: int
    title: str
    open: bool
    track: str
    milestone: str
    labels: list[str]
    created: str
    closed: str
    age_days: int | None
    """Since it was opened, for an open one."""
    idle_days: int | None
    """Since anybody touched it, for an open one."""
    seen: str
    history: list[Happening]


class Happening(msgspec.Struct, frozen=True, gc=False):
    """A value that was written to an issue."""

    at: str
    run_id: str
    field: str
    before: str
    after: str
    rule: str
    kind: str
    """``written`` or ``undone``."""
    reverted: bool
    flapped: bool


class RuleAt(msgspec.Struct, frozen=True, kw_only=True):
    """How a rule did."""

    rule: str
    applied: Value
    already: Value
    skipped: Value
    warned: Value
    blocked: Value
    failed: Value
    written: Value
    reverted: Value
    flapped: Value


class Behind(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the newest records behind a figure."""

    at: str
    issue: int
    reason: str
    event_id: str
    repo: str = ""
    """Where the page that shows it is not that repository's."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one repository, or one track of it, or all repositories together."""

    name: str
    """``owner/name``, the track's id, or empty for everything; a track that is none is empty, too."""
    figures: dict[str, Value]
    flow: Series
    ages: list[Bar]
    idle: list[Bar]


class RepoBoard(msgspec.Struct, frozen=True, kw_only=True):
    """One repository."""

    repo: str
    scope: Scope
    tracks: list[Scope]
    milestones: list[MilestoneAt]
    activity: Series
    latency: Series
    rules: list[RuleAt]
    prepared: StepAt | None
    """Its newest preparation: the labels and milestones that were declared, made."""
    causes: list[Bar]
    changes: list[Bar]
    issues: list[IssueAt]
    behind: dict[str, list[Behind]]
    """The newest records by the name of what they count for, such as ``run.failed``."""


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person has to look at; the most urgent first."""

    kind: str
    repo: str
    issue: int
    what: str
    why: str
    at: str


class SinkAt(msgspec.Struct, frozen=True, kw_only=True):
    """How a sink of records did."""

    name: str
    outages: Value
    lost: Value
    last: str
    """When the last outage began."""
    reason: str


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """How a repository's migration stands."""

    repo: str
    at: str
    verdicts: dict[str, int]
    outcome: str
    reason: str
    steps: list[StepAt]
    comparisons: int
    imported: list[Bar]
    """Imported records by origin."""


class StepAt(msgspec.Struct, frozen=True, kw_only=True):
    """The newest news of a step of a migration or a setup, or of a preparation."""

    step: str
    at: str
    outcome: str
    reason: str


class Gap(msgspec.Struct, frozen=True):
    """Something that is missing from the telemetry, and what that means for the figures."""

    what: str
    why: str


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What was read."""

    files: int
    records: int
    folded: int
    duplicates: int
    faulty: int
    faults: list[Fault]
    first: str
    last: str
    gaps: list[Gap]


class Fault(msgspec.Struct, frozen=True):
    """A line that is no record."""

    file: str
    line: int
    why: str


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The whole dashboard."""

    form: str
    as_of: str
    """The last day that counts; empty where there is no record and none was asked for."""
    now: str
    """The moment ages are measured from; empty as `as_of` is."""
    source: Source
    needs: list[Need]
    total: Scope
    activity: Series
    latency: Series
    rules: list[RuleAt]
    repos: list[RepoBoard]
    sinks: list[SinkAt]
    service: dict[str, Value]
    """Figures of the service itself: sweeps, what was caught up, deliveries without a run."""
    service_behind: dict[str, list[Behind]]
    migrations: list[Parity]
    setup: list[StepAt]
