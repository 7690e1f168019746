"""What the journal holds, as values: deliveries, lanes, runs and their effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

DeliveryState = Literal["stored", "waiting", "done", "ignored", "dead", "quarantined"]
"""`stored`: durable, not yet sorted to issues. `waiting`: a look is due. `done`: a run covered it. `ignored`: nothing
to do. `dead`: given up after a bound, with the reason. `quarantined`: its payload cannot be trusted or understood."""
EffectState = Literal["intended", "applied", "already", "failed"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 in UTC, as the journal keeps times."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(moment: int) -> datetime:
    """The moment the journal means."""
    return _EPOCH + timedelta(microseconds=moment)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A delivery as it came over the wire, its signature already verified."""

    delivery_id: str
    event: str
    body: bytes
    received_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    quarantine: str | None = None
    """Why it is set aside at once; ``None`` where it goes the usual way."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What storing a delivery meant."""

    seq: int
    kind: Literal["stored", "duplicate", "reopened"]
    """`duplicate`: this delivery id is known and done or on its way. `reopened`: it was dead and is tried again."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits."""

    unsorted: int
    """Deliveries whose payload was not read yet."""
    lanes: int
    """Issues that wait for a look."""


@dataclass(frozen=True, slots=True)
class Unsorted:
    """A stored delivery whose issues are not known yet."""

    seq: int
    delivery_id: str
    event: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """An issue a delivery asks to look at; ``number`` 0 stands for every open issue of the repository."""

    repo_id: int
    repo: str
    number: int


NewsKind = Literal[
    "installation-deleted", "installation-suspended", "installation-active", "repo-gone", "repo-renamed", "repo-added"
]


@dataclass(frozen=True, slots=True)
class News:
    """What a delivery says about an installation or a repository as a whole; it touches work in hand."""

    kind: NewsKind
    id: int
    """Of the installation or the repository."""
    text: str = ""
    """The account or the repository, for people."""
    installation_id: int = 0
    """Of a repository, where the delivery names it."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """What reading a payload gave: where the delivery belongs, or why nothing is to be done."""

    seq: int
    state: Literal["waiting", "ignored", "quarantined"]
    action: str = ""
    reason: str | None = None
    installation_id: int = 0
    repo_id: int = 0
    repo: str = ""
    sender: str = ""
    sender_id: int = 0
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Over:
    """A delivery that leads to nothing, as it is stored."""

    delivery_id: str
    event: str
    action: str
    state: Literal["ignored", "quarantined", "dead"]
    reason: str | None
    repo_id: int
    repo: str
    sender: str
    sender_id: int
    at: datetime
    """When that was found."""


@dataclass(frozen=True, slots=True, order=True)
class LaneKey:
    """One issue, by its repository's id: a rename changes nothing. Number 0: the repository as a whole."""

    repo_id: int
    number: int


@dataclass(frozen=True, slots=True)
class Lane:
    """An issue that waits for a look."""

    key: LaneKey
    repo: str
    installation_id: int
    first_seq: int
    attempts: int
    starts: int
    not_before: int
    sweep: str = ""
    """The sweep that asked for it; empty where none did."""
    asked_at: int = 0
    """When it was asked for without a delivery, or else when a look at it failed first, in microseconds since 1970; or 0."""


SweepKind = Literal["asked", "nightly", "gap", "installed"]
"""By a person; by the schedule; because GitHub's log does not reach back; because repositories came."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Looks at every open issue of many repositories."""

    sweep_id: str
    kind: SweepKind
    scope: str
    """JSON."""
    state: Literal["listing", "open", "finished"]
    """`listing`: its repositories are not known yet."""
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class SweptRepo:
    """One repository of a sweep."""

    sweep_id: str
    repo_id: int
    repo: str
    installation_id: int
    begun_at: datetime | None
    issues: int
    looked: int
    changed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sweep is."""

    repos: int
    ended: int
    """Repositories that are through, or were dropped because they are gone."""
    dropped: int
    issues: int
    """Of the repositories begun so far."""
    looked: int
    changed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Covered:
    """A waiting delivery that one look will cover."""

    received_at: datetime
    seq: int
    delivery_id: str
    event: str
    action: str
    sender: str
    sender_id: int


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One line of the ledger."""

    at: datetime
    run_id: str
    ordinal: int
    effect: str
    """JSON."""
    state: EffectState
    inverse: str | None
    """JSON of what would undo it; ``None`` where nothing can or nothing was done."""
    before: str | None
    after: str | None
    writes: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as the journal knows it."""

    run_id: str
    key: LaneKey
    repo: str
    state: Literal["running", "finished"]
    trigger: str
    """JSON."""
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    reason: str | None
    result: str | None
    """JSON."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """Everything a run leaves, stored in one transaction."""

    run_id: str
    key: LaneKey
    repo: str
    trigger: str
    started_at: datetime
    finished_at: datetime
    outcome: str
    reason: str | None
    result: str
    up_to_seq: int
    """The deliveries of this issue up to this one are covered."""
    event_id: str
    record: bytes
    """The telemetry record: one JSON line without its line feed."""
    dead: bool = False
    """The deliveries are given up, not done."""
    covered: tuple[int, ...] | None = None
    """Their places one by one; ``None``: all up to ``up_to_seq``. One that is replayed meanwhile has an old place."""
    further: tuple[bytes, ...] = ()
    """Records of what else the run found out."""
    resolved: tuple[tuple[int, EffectState], ...] = ()
    """What became of effects (by place in the run) whose answer a crash or a lost connection swallowed."""
    installation_id: int = 0
    seen: str = ""
    """Digest of what a sub-issue could take over from the issue; empty where it could not be read."""
    parent_read: bool = False
    """Whether the question of a parent was asked at all."""
    parent: LaneKey | None = None
    parent_seen: str = ""
    """The digest of the parent, as it was read."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long the journal keeps what is over, in days."""

    bodies: int = 7
    """Bodies of deliveries that are done or ignored: as long as GitHub can redeliver them."""
    deliveries: int = 90
    """Their rows, and runs with their effects."""
    given_up: int = 365
    """Dead and quarantined deliveries, whole, unless they are replayed."""


@dataclass(slots=True)
class Pruned:
    """How much was removed, or would be."""

    records: int = 0
    """Telemetry records that every configured sink has."""
    bodies: int = 0
    deliveries: int = 0
    """Rows of done and ignored deliveries."""
    given_up: int = 0
    """Dead and quarantined deliveries."""
    runs: int = 0
    effects: int = 0
    sweeps: int = 0

    def add(self, other: Pruned) -> None:
        """Add up."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __bool__(self) -> bool:
        """Whether there was anything."""
        return any(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class SinkPlace:
    """How far a sink is in the outbox."""

    sink: str
    configured: bool
    """Only configured sinks hold records back."""
    behind: int
    """Records still kept that it does not have."""


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a journal holds."""

    path: str
    schema_version: int
    bytes: int
    """Of the file and its log."""
    free_bytes: int
    """Inside the file, for what comes next."""
    deliveries: Mapping[str, int]
    """By state."""
    oldest_delivery: datetime | None
    bodies: int
    runs: int
    effects: int
    records: int
    """Telemetry in the outbox."""
    issues_waiting: int
    sinks: tuple[SinkPlace, ...]


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as listed."""

    seq: int
    delivery_id: str
    event: str
    action: str
    repo: str
    issues: tuple[int, ...]
    state: DeliveryState
    reason: str | None
    run_id: str | None
    received_at: datetime
    handled_at: datetime | None
    size: int
    duplicates: int
    sender: str
    headers: str
    """JSON."""
