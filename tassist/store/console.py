"""What the console reads: pages of deliveries (`pages`), what wants attention, and what an issue went through.

Nothing here takes longer than a moment, however large the journal is. Functions of a connection; nothing is written.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from tassist.store import inbox, ledger, pages
from tassist.store.model import DeliveryRow, LaneKey, RunRow, from_us, to_us
from tassist.store.pages import BUDGET_S, Extent, Filter, Listed, Page, extent, place_of
from tassist.store.sql import Connection, Read


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


@dataclass(frozen=True, slots=True)
class Looked:
    """The newest run of each of some issues, newest first."""

    runs: tuple[RunRow, ...]
    looked_to: tuple[datetime, str] | None
    """The run up to which was looked, inclusive; to go on, look from there. ``None`` where there is none."""
    ended: bool
    """Whether there is nothing beyond."""


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
        return self._read(
            lambda one: pages.page(one, wanted, limit=limit, before=before, after=after, budget_s=budget_s)
        )

    def between(self, wanted: Filter, low: int, high: int, *, limit: int = 200) -> tuple[Listed, ...]:
        """Those of the wanted from one place to another, both included; for a page that is on the screen."""
        return self._read(lambda one: pages.between(one, wanted, low, high, limit))

    def newer(self, wanted: Filter, than: int, *, most: int = 1000) -> int:
        """How many came since, counted up to ``most``."""
        return self._read(lambda one: len(pages.page_seqs(one, wanted, limit=most, after=than, budget_s=BUDGET_S)[0]))

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
        self,
        *,
        limit: int = 100,
        before: tuple[datetime, str] | None = None,
        known: frozenset[LaneKey] = frozenset(),
        budget_s: float = BUDGET_S,
    ) -> Looked:
        """The newest run of each issue that is not ``known``; from a run on where ``before`` names one."""
        return self._read(lambda one: recent_issues(one, limit, before, known, budget_s))

    def issue(self, repo: str, number: int) -> LaneKey | None:
        """The issue of that name, where a run looked at it."""
        return self._read(lambda one: ledger.issue_named(one, repo, number))

    def runs_of(self, key: LaneKey, *, limit: int = 100) -> list[RunRow]:
        """Every run of an issue, newest first, also those that wrote nothing."""
        return self._read(lambda one: runs_of(one, key, limit))

    def covered_by(self, run: RunRow) -> list[DeliveryRow]:
        """The deliveries a run answered, oldest first."""
        return self._read(lambda one: covered_by(one, run))


# --- what wants attention, and figures ----------------------------------------------------------------------------------


_RUNS_AT_ONCE = 250
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
    # The sum keeps SQLite from reading every run in the order of repositories.
    by_repo = connection.execute(
        "SELECT r.repo_id + 0, sum(e.writes) FROM runs r JOIN effects e ON e.run_id = r.run_id"
        " WHERE r.started_at >= ? AND e.writes > 0 GROUP BY r.repo_id + 0",
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
    connection: Connection,
    limit: int,
    before: tuple[datetime, str] | None,
    known: frozenset[LaneKey],
    budget_s: float,
) -> Looked:
    """See `Browse.recent_issues`."""
    ends = time.monotonic() + budget_s
    found: dict[LaneKey, RunRow] = {}
    looked_to = before
    while True:
        at = (to_us(looked_to[0]), looked_to[1]) if looked_to is not None else (2**62, "")
        runs = ledger.runs_where(
            connection,
            "started_at <= ? AND (started_at < ? OR run_id < ?) ORDER BY started_at DESC, run_id DESC LIMIT ?",
            (at[0], at[0], at[1], _RUNS_AT_ONCE),
        )
        for run in runs:
            looked_to = (run.started_at, run.run_id)
            if run.key not in known:
                found.setdefault(run.key, run)
                if len(found) >= limit:
                    return Looked(tuple(found.values()), looked_to, ended=False)
        if len(runs) < _RUNS_AT_ONCE:
            return Looked(tuple(found.values()), looked_to, ended=True)
        if time.monotonic() >= ends:
            return Looked(tuple(found.values()), looked_to, ended=False)


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
