"""What the console reads: pages of deliveries by key, what wants attention, and what an issue went through.

Nothing here takes longer than a moment, however large the journal is: a page is looked for in windows of the key, and
ends where its time is used up, saying how far it came. Functions of a connection; nothing is written.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tassist.store import inbox, ledger
from tassist.store.model import DeliveryRow, LaneKey, RunRow, from_us, to_us
from tassist.store.sql import Connection, Read, several

BUDGET_S = 0.03
"""How long one page is looked for before it says how far it came."""
_FIRST_WINDOW = 4_000
_FEW = 2_000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which deliveries are wanted; what is ``None`` does not matter."""

    event: str | None = None
    action: str | None = None
    repo: str | None = None
    issue: int | None = None
    state: str | None = None
    outcome: str | None = None
    """Of the run that covered it."""
    since: datetime | None = None
    """Received then or later."""
    until: datetime | None = None
    """Received before."""

    @property
    def anything(self) -> bool:
        """Whether every delivery is wanted."""
        return self == Filter()


@dataclass(frozen=True, slots=True)
class Listed:
    """A delivery with how its run ended."""

    row: DeliveryRow
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Deliveries, newest first."""

    rows: tuple[Listed, ...]
    looked_to: int
    """The place up to which was looked, inclusive; to go on, look from there."""
    ended: bool
    """Whether there is nothing beyond."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The places of the oldest and the newest delivery; both 0 where there is none."""

    first: int
    last: int

    @property
    def about(self) -> int:
        """How many deliveries there are at most; fewer where some were pruned in between."""
        return self.last - self.first + 1 if self.last else 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """An issue that waits for a look."""

    key: LaneKey
    repo: str
    since: datetime
    not_before: datetime | None
    """When its look was put off to."""
    attempts: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """What was written for an installation lately."""

    installation_id: int
    account: str
    writes: int


class Browse:
    """The console's reading, on whatever reads for the journal."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def page(
        self,
        wanted: Filter,
        *,
        limit: int = 100,
        before: int | None = None,
        after: int | None = None,
        budget_s: float = BUDGET_S,
    ) -> Page:
        """Deliveries below the place ``before``, or the ones just above ``after``; newest first either way."""
        return self._read(lambda one: page(one, wanted, limit=limit, before=before, after=after, budget_s=budget_s))

    def between(self, wanted: Filter, low: int, high: int, *, limit: int = 200) -> tuple[Listed, ...]:
        """Those of the wanted from one place to another, both included; for a page that is on the screen."""
        return self._read(
            lambda one: _listed(one, list(_window(one, _sources(one, wanted), low, high, limit, up=False)))
        )

    def newer(self, wanted: Filter, than: int, *, most: int = 1000) -> int:
        """How many came since, counted up to ``most``."""
        return self._read(lambda one: len(page_seqs(one, wanted, limit=most, after=than, budget_s=BUDGET_S)[0]))

    def extent(self) -> Extent:
        """From where to where the journal reaches."""
        return self._read(extent)

    def place_of(self, moment: datetime) -> int:
        """The first place received at that moment or later."""
        return self._read(lambda one: place_of(one, moment))

    def per_hour(self, now: datetime, hours: int = 24) -> list[int]:
        """Deliveries in each of the last hours, the oldest first."""
        return self._read(lambda one: per_hour(one, now, hours))

    def given_up(self) -> dict[str, int]:
        """How many deliveries are dead, and quarantined."""
        return self._read(given_up)

    def waiting(self, now: datetime, *, limit: int = 50) -> list[Waiting]:
        """Issues that wait for a look, the longest first."""
        return self._read(lambda one: waiting(one, now, limit))

    def suspended(self) -> list[str]:
        """Accounts whose installation is suspended."""
        return self._read(lambda one: [str(row[0]) for row in one.execute(_SUSPENDED)])

    def trouble(self, since: datetime, *, limit: int = 50) -> list[RunRow]:
        """Runs since then that did not succeed, newest first."""
        return self._read(lambda one: trouble(one, since, limit))

    def runs_since(self, since: datetime) -> tuple[int, int]:
        """How many runs there were since then, and how many of them did not succeed."""
        return self._read(lambda one: runs_since(one, since))

    def written_since(self, since: datetime) -> list[Written]:
        """What was written since then, by installation."""
        return self._read(lambda one: written_since(one, since))

    def delays(self, *, last: int = 200) -> list[timedelta]:
        """How long the last deliveries that are done took, from their arrival on, in no order."""
        return self._read(lambda one: delays(one, last))

    def recent_issues(
        self, *, limit: int = 100, before: tuple[datetime, str] | None = None, known: frozenset[LaneKey] = frozenset()
    ) -> list[RunRow]:
        """The newest run of each issue, newest first, of issues not ``known``; from a run on where ``before`` names one."""
        return self._read(lambda one: recent_issues(one, limit, before, known))

    def issue(self, repo: str, number: int) -> LaneKey | None:
        """The issue of that name, where a run looked at it."""
        return self._read(lambda one: ledger.issue_named(one, repo, number))

    def runs_of(self, key: LaneKey, *, limit: int = 100) -> list[RunRow]:
        """Every run of an issue, newest first, also those that wrote nothing."""
        return self._read(lambda one: runs_of(one, key, limit))

    def covered_by(self, run: RunRow) -> list[DeliveryRow]:
        """The deliveries a run answered, oldest first."""
        return self._read(lambda one: covered_by(one, run))


# --- pages of deliveries ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Source:
    """One way through the deliveries in the order of their place."""

    tables: str
    seq: str
    clauses: tuple[str, ...]
    values: tuple[Any, ...]


def page(
    connection: Connection,
    wanted: Filter,
    *,
    limit: int,
    before: int | None = None,
    after: int | None = None,
    budget_s: float = BUDGET_S,
) -> Page:
    """See `Browse.page`."""
    seqs, looked_to, ended = page_seqs(connection, wanted, limit=limit, before=before, after=after, budget_s=budget_s)
    return Page(_listed(connection, seqs), looked_to, ended)


def page_seqs(
    connection: Connection,
    wanted: Filter,
    *,
    limit: int,
    before: int | None = None,
    after: int | None = None,
    budget_s: float = BUDGET_S,
) -> tuple[list[int], int, bool]:
    """The places of a page, how far was looked, and whether that was the end."""
    reach = extent(connection)
    low, high = _bounds(connection, wanted, reach)
    up = after is not None
    sources = _sources(connection, wanted)
    found: list[int] = []
    at = max(low, (after or 0) + 1) if up else min(high, (before if before is not None else high + 1) - 1)
    # Where an index leads from match to match, there is nothing to look through in between.
    led = wanted in (Filter(), Filter(event=wanted.event), Filter(repo=wanted.repo), Filter(repo=wanted.repo, issue=wanted.issue))  # fmt: skip
    width = high if led else _FIRST_WINDOW
    ends = time.monotonic() + budget_s
    while low <= at <= high:
        edge = min(at + width - 1, high) if up else max(at - width + 1, low)
        began = time.monotonic()
        first, last = (at, edge) if up else (edge, at)
        part = list(_window(connection, sources, first, last, limit - len(found), up=up))
        found += part
        now = time.monotonic()
        if len(found) >= limit:
            at = found[-1] + (1 if up else -1)
            break
        at = edge + 1 if up else edge - 1
        # The next window takes about a quarter of the time there is.
        width = int(width * min(max(budget_s / 4 / max(now - began, 1e-5), 0.5), 8.0)) or 1
        if now >= ends:
            break
    ended = not low <= at <= high
    looked_to = at - 1 if up else at + 1
    return (found[::-1] if up else found), looked_to, ended


def _window(
    connection: Connection, sources: Sequence[_Source], low: int, high: int, limit: int, *, up: bool
) -> Iterator[int]:
    found: list[int] = []
    for source in sources:
        where = " AND ".join((f"{source.seq} BETWEEN ? AND ?", *source.clauses))
        order = "ASC" if up else "DESC"
        statement = f"SELECT {source.seq} FROM {source.tables} WHERE {where} ORDER BY {source.seq} {order} LIMIT ?"  # noqa: S608 – our own text; values are bound
        rows = connection.execute(statement, (low, high, *source.values, limit)).fetchall()
        found += [int(row[0]) for row in rows]
    # One delivery may ask for looks in several repositories.
    yield from sorted(set(found), reverse=not up)[:limit] if len(sources) > 1 else found


def _sources(connection: Connection, wanted: Filter) -> list[_Source]:
    clauses: list[str] = []
    values: list[Any] = []
    for clause, value in (
        ("d.event = ?", wanted.event),
        ("d.action = ?", wanted.action),
        ("d.received_at >= ?", None if wanted.since is None else to_us(wanted.since)),
        ("d.received_at < ?", None if wanted.until is None else to_us(wanted.until)),
        ("EXISTS (SELECT 1 FROM runs r WHERE r.run_id = d.run_id AND r.outcome = ?)", wanted.outcome),
    ):
        if value is not None:
            clauses.append(clause)
            values.append(value)
    if wanted.state is not None:
        clauses += ["d.state = ?"]
        values += [wanted.state]
        if wanted.state in {"dead", "quarantined"}:
            clauses.append("d.seq IN (SELECT g.seq FROM deliveries g WHERE g.state IN ('dead', 'quarantined'))")
        elif wanted.state == "waiting" and _few_wait(connection):
            clauses.append("d.seq IN (SELECT w.seq FROM looks w WHERE w.state = 'waiting')")
    if wanted.repo is None and wanted.issue is None:
        return [_Source("deliveries d", "d.seq", tuple(clauses), tuple(values))]
    ids = [
        repo_id
        for repo_id, name in repositories(connection)
        if wanted.repo is None or name.casefold() == wanted.repo.casefold()
    ]
    if wanted.issue is None:
        return [_Source("deliveries d", "d.seq", ("d.repo_id = ?", *clauses), (one, *values)) for one in ids]
    return [
        _Source(
            "looks l JOIN deliveries d ON d.seq = l.seq",
            "l.seq",
            ("l.repo_id = ?", "l.number = ?", *clauses),
            (one, wanted.issue, *values),
        )
        for one in ids
    ]


def _few_wait(connection: Connection) -> bool:
    statement = "SELECT count(*) FROM (SELECT 1 FROM lanes LIMIT ?) AS found"
    return int(connection.execute(statement, (_FEW,)).fetchone()[0]) < _FEW


def _bounds(connection: Connection, wanted: Filter, reach: Extent) -> tuple[int, int]:
    """The places between which the wanted lie; deliveries that come at once may swap theirs by a little."""
    low, high = reach.first, reach.last
    slack = timedelta(seconds=60)
    if wanted.since is not None:
        low = max(low, place_of(connection, wanted.since - slack))
    if wanted.until is not None:
        high = min(high, place_of(connection, wanted.until + slack))
    return max(low, 1), high


def _listed(connection: Connection, seqs: Sequence[int]) -> tuple[Listed, ...]:
    rows = inbox.rows_of(connection, seqs)
    runs = list({row.run_id for row in rows if row.run_id})
    outcomes: dict[str, str] = {}
    if runs:
        statement = f"SELECT run_id, outcome FROM runs WHERE run_id IN {several(runs)}"  # noqa: S608 – only question marks
        found = connection.execute(statement, tuple(runs))
        outcomes = {str(run_id): outcome for run_id, outcome in found}
    return tuple(Listed(row, outcomes.get(row.run_id or "")) for row in rows)


def extent(connection: Connection) -> Extent:
    """See `Browse.extent`."""
    # Two statements: of two aggregates in one, SQLite answers neither from the end of an index.
    first = connection.execute("SELECT min(seq) FROM deliveries").fetchone()[0]
    last = connection.execute("SELECT max(seq) FROM deliveries").fetchone()[0]
    return Extent(int(first or 0), int(last or 0))


def place_of(connection: Connection, moment: datetime) -> int:
    """See `Browse.place_of`: places rise with time, so a few looks at single rows find it."""
    reach = extent(connection)
    low, high, wanted = reach.first, reach.last + 1, to_us(moment)
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(
            "SELECT seq, received_at FROM deliveries WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,)
        ).fetchone()
        if row is None or int(row[1]) >= wanted:
            high = middle
        else:
            low = int(row[0]) + 1
    return low


def repositories(connection: Connection) -> list[tuple[int, str]]:
    """Every repository of the journal by its id, as it is called now; one step of an index each."""
    found: list[tuple[int, str]] = []
    at = 0
    while True:
        row = connection.execute(
            "SELECT repo_id FROM deliveries WHERE repo_id > ? ORDER BY repo_id LIMIT 1", (at,)
        ).fetchone()
        if row is None:
            return found
        at = int(row[0])
        newest = connection.execute(
            "SELECT repo FROM deliveries WHERE repo_id = ? ORDER BY seq DESC LIMIT 1", (at,)
        ).fetchone()
        found.append((at, str(newest[0])))


# --- what wants attention, and figures ----------------------------------------------------------------------------------


_SUSPENDED = "SELECT account FROM installations WHERE state = 'suspended' ORDER BY installation_id LIMIT 100"


def per_hour(connection: Connection, now: datetime, hours: int) -> list[int]:
    """See `Browse.per_hour`."""
    edges = [place_of(connection, now - timedelta(hours=hours - at)) for at in range(hours + 1)]
    return [max(later - earlier, 0) for earlier, later in itertools.pairwise(edges)]


def given_up(connection: Connection) -> dict[str, int]:
    """See `Browse.given_up`."""
    found = {"dead": 0, "quarantined": 0}
    rows = connection.execute(
        "SELECT state, count(*) FROM deliveries WHERE state IN ('dead', 'quarantined') GROUP BY state"
    )
    found.update({str(state): int(count) for state, count in rows})
    return found


def waiting(connection: Connection, now: datetime, limit: int) -> list[Waiting]:
    """See `Browse.waiting`."""
    rows = connection.execute(
        "SELECT l.repo_id, l.number, l.repo, l.not_before, l.attempts, l.reason, l.asked_at, d.received_at"
        " FROM lanes l LEFT JOIN deliveries d ON d.seq = l.first_seq ORDER BY l.first_seq, l.repo_id, l.number LIMIT ?",
        (limit,),
    )
    found = []
    for repo_id, number, repo, not_before, attempts, reason, asked_at, received_at in rows:
        since = from_us(int(received_at)) if received_at else from_us(int(asked_at)) if asked_at else now
        later = from_us(int(not_before)) if not_before and int(not_before) > to_us(now) else None
        found.append(Waiting(LaneKey(repo_id, number), repo, since, later, attempts, reason))
    return found


def trouble(connection: Connection, since: datetime, limit: int) -> list[RunRow]:
    """See `Browse.trouble`."""
    return ledger.runs_where(
        connection,
        "outcome IN ('partial', 'blocked', 'failed') AND started_at >= ? ORDER BY started_at DESC LIMIT ?",
        (to_us(since), limit),
    )


def runs_since(connection: Connection, since: datetime) -> tuple[int, int]:
    """See `Browse.runs_since`."""
    (every,) = connection.execute("SELECT count(*) FROM runs WHERE started_at >= ?", (to_us(since),)).fetchone()
    (bad,) = connection.execute(
        "SELECT count(*) FROM runs WHERE outcome IN ('partial', 'blocked', 'failed') AND started_at >= ?",
        (to_us(since),),
    ).fetchone()
    return int(every), int(bad)


def written_since(connection: Connection, since: datetime) -> list[Written]:
    """See `Browse.written_since`."""
    by_repo = connection.execute(
        "SELECT r.repo_id, sum(e.writes) FROM runs r JOIN effects e ON e.run_id = r.run_id"
        " WHERE r.started_at >= ? AND e.writes > 0 GROUP BY r.repo_id",
        (to_us(since),),
    ).fetchall()
    found: dict[int, int] = {}
    for repo_id, writes in by_repo:
        row = connection.execute(
            "SELECT installation_id FROM deliveries WHERE repo_id = ? ORDER BY seq DESC LIMIT 1", (repo_id,)
        ).fetchone()
        installation = int(row[0]) if row else 0
        found[installation] = found.get(installation, 0) + int(writes)
    accounts = dict(connection.execute("SELECT installation_id, account FROM installations").fetchall())
    return [Written(one, str(accounts.get(one, "")), found[one]) for one in sorted(found)]


def delays(connection: Connection, last: int) -> list[timedelta]:
    """See `Browse.delays`."""
    reach = extent(connection)
    rows = connection.execute(
        "SELECT received_at, handled_at FROM deliveries WHERE seq > ? AND state = 'done' AND handled_at IS NOT NULL",
        (reach.last - last,),
    )
    return [timedelta(microseconds=max(int(handled) - int(received), 0)) for received, handled in rows]


# --- issues -------------------------------------------------------------------------------------------------------------


def recent_issues(
    connection: Connection, limit: int, before: tuple[datetime, str] | None, known: frozenset[LaneKey]
) -> list[RunRow]:
    """See `Browse.recent_issues`."""
    found: dict[LaneKey, RunRow] = {}
    at = (to_us(before[0]), before[1]) if before is not None else (2**62, "")
    ends = time.monotonic() + BUDGET_S * 3
    while len(found) < limit and time.monotonic() < ends:
        runs = ledger.runs_where(
            connection,
            "started_at <= ? AND (started_at < ? OR run_id < ?) ORDER BY started_at DESC, run_id DESC LIMIT 500",
            (at[0], at[0], at[1]),
        )
        for run in runs:
            at = (to_us(run.started_at), run.run_id)
            if run.key not in known and len(found) < limit:
                found.setdefault(run.key, run)
        if len(runs) < 500:
            break
    return list(found.values())


def runs_of(connection: Connection, key: LaneKey, limit: int) -> list[RunRow]:
    """See `Browse.runs_of`."""
    return ledger.runs_where(
        connection,
        "repo_id = ? AND number = ? ORDER BY started_at DESC, run_id DESC LIMIT ?",
        (key.repo_id, key.number, limit),
    )


def covered_by(connection: Connection, run: RunRow) -> list[DeliveryRow]:
    """See `Browse.covered_by`."""
    rows = connection.execute(
        "SELECT seq FROM looks WHERE repo_id = ? AND number = ? AND run_id = ? ORDER BY seq LIMIT 200",
        (run.key.repo_id, run.key.number, run.run_id),
    ).fetchall()
    return inbox.rows_of(connection, [int(row[0]) for row in rows], newest_first=False)
