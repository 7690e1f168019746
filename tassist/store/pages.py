"""Pages of deliveries by key: how far one moment reaches, however large the journal is.

A page is looked for in windows of the key, and ends where its time is used up, saying how far it came. Functions of a
connection; nothing is written.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tassist.store import inbox
from tassist.store.model import DeliveryRow, to_us
from tassist.store.sql import Connection, several

BUDGET_S = 0.01
"""How long one page is looked for before it says how far it came: on a busy machine it may take several times that."""
_FIRST_WINDOW = 1_000
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


def between(connection: Connection, wanted: Filter, low: int, high: int, limit: int) -> tuple[Listed, ...]:
    """See `Browse.between`."""
    return _listed(connection, list(_window(connection, _sources(connection, wanted), low, high, limit, up=False)))


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
    ends = time.monotonic() + budget_s
    reach = extent(connection)
    low, high = _bounds(connection, wanted, reach)
    up = after is not None
    sources = _sources(connection, wanted)
    found: list[int] = []
    at = max(low, (after or 0) + 1) if up else min(high, (before if before is not None else high + 1) - 1)
    # Where an index leads from match to match, there is nothing to look through in between.
    led = wanted in (Filter(), Filter(event=wanted.event), Filter(repo=wanted.repo), Filter(repo=wanted.repo, issue=wanted.issue))  # fmt: skip
    width = high if led else _FIRST_WINDOW
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
        # The next window takes about a quarter of the time there is, and never more than what is left of it.
        left = min(budget_s / 4, ends - now) / max(now - began, 1e-5)
        width = int(width * min(max(left, 0.25), 4.0)) or 1
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
    rows = connection.execute(
        "WITH RECURSIVE ids (id) AS (SELECT min(repo_id) FROM deliveries WHERE repo_id > 0 UNION ALL"
        " SELECT (SELECT min(repo_id) FROM deliveries WHERE repo_id > ids.id) FROM ids WHERE ids.id IS NOT NULL)"
        " SELECT ids.id, (SELECT repo FROM deliveries WHERE repo_id = ids.id ORDER BY seq DESC LIMIT 1)"
        " FROM ids WHERE ids.id IS NOT NULL"
    )
    return [(int(repo_id), str(name)) for repo_id, name in rows]
