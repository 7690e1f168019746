"""Removes what is over from the journal, in steps so small that no acknowledgement waits for one.

The pages a step frees stay in the file and take what comes next: in a steady state as much arrives as is removed, while
giving pages back to the system would move others about in the very transactions acknowledgements wait for.
`compact` gives them back where a person asks for it and no service runs.
"""

# ruff: noqa: S608 – only constants of this module are put into statements
from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from tassist.store import inbox
from tassist.store.model import Keep, Pruned, SinkPlace, StoreInfo, from_us, to_us
from tassist.store.sql import Connection, SharedConnection

STEP = 64
"""Rows in one transaction; about a millisecond, as much as a group of deliveries."""
_BODIES_DROPPED = "bodies_dropped_to"
_OVER = "state IN ('done', 'ignored')"
_GIVEN_UP = "state IN ('dead', 'quarantined')"
Step = Callable[[Connection], Pruned]


def steps(keep: Keep, sinks: Collection[str], now: datetime) -> tuple[Step, ...]:
    """What to do, each until it finds nothing more; every call is one transaction's worth.

    Args:
        keep: How long what is kept.
        sinks: The configured sinks. One that was configured once holds nothing back.
        now: The present.
    """

    def before(days: int) -> int:
        return to_us(now - timedelta(days=days))

    return (
        lambda connection: Pruned(records=trim_outbox(connection, sinks)),
        lambda connection: Pruned(bodies=_drop_bodies(connection, before(keep.bodies))),
        lambda connection: Pruned(deliveries=_drop_deliveries(connection, before(keep.deliveries))),
        lambda connection: Pruned(given_up=_drop_given_up(connection, before(keep.given_up))),
        lambda connection: _drop_runs(connection, before(keep.deliveries)),
        lambda connection: Pruned(sweeps=_drop_sweeps(connection, before(keep.deliveries))),
    )


def would(connection: Connection, keep: Keep, sinks: Collection[str], now: datetime) -> Pruned:
    """How much the steps would remove now."""

    def count(statement: str, *values: object) -> int:
        return int(connection.execute(statement, values).fetchone()[0])

    def before(days: int) -> int:
        return to_us(now - timedelta(days=days))

    runs = f"FROM runs WHERE {_OLD_RUN}"
    old = before(keep.deliveries)
    return Pruned(
        records=count("SELECT count(*) FROM records WHERE seq <= ?", _handed_over(connection, sinks)),
        bodies=count(
            f"SELECT count(*) FROM deliveries WHERE {_WITH_BODY}", *_dropped_to(connection), before(keep.bodies)
        ),
        deliveries=count(f"SELECT count(*) FROM deliveries WHERE {_OVER} AND handled_at < ?", old),
        given_up=count(f"SELECT count(*) FROM deliveries WHERE {_GIVEN_UP} AND received_at < ?", before(keep.given_up)),
        runs=count(f"SELECT count(*) {runs}", old),
        effects=count(f"SELECT count(*) FROM effects WHERE run_id IN (SELECT run_id {runs})", old),
        sweeps=count("SELECT count(*) FROM sweeps WHERE state = 'finished' AND ended_at < ?", old),
    )


def enrol(connection: Connection, sinks: Collection[str]) -> dict[str, int]:
    """Give every configured sink its place; returns, by sink, the records trimmed while it was not configured.

    A new sink starts with the oldest record that is still kept. One that was away goes on where it was, or there.
    """
    missed: dict[str, int] = {}
    first = _first_kept(connection)
    for sink in sinks:
        row = connection.execute("SELECT seq FROM cursors WHERE sink = ?", (sink,)).fetchone()
        if row is not None and row[0] + 1 >= first:
            continue
        if row is not None:
            missed[sink] = first - row[0] - 1
        connection.execute(
            "INSERT INTO cursors (sink, seq) VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET seq = excluded.seq",
            (sink, first - 1),
        )
    return missed


def trim_outbox(connection: Connection, sinks: Collection[str]) -> int:
    """Remove records that every configured sink has; where none is configured, nobody waits for any."""
    return connection.execute(
        "DELETE FROM records WHERE seq <= ? AND seq < (SELECT min(seq) FROM records) + ?",
        (_handed_over(connection, sinks), STEP),
    ).rowcount


def _handed_over(connection: Connection, sinks: Collection[str]) -> int:
    if not sinks:
        return int(connection.execute("SELECT coalesce(max(seq), 0) FROM records").fetchone()[0])
    places = dict(connection.execute("SELECT sink, seq FROM cursors").fetchall())
    return min(int(places.get(sink, 0)) for sink in sinks)


def _first_kept(connection: Connection) -> int:
    (first,) = connection.execute("SELECT min(seq) FROM records").fetchone()
    if first is not None:
        return int(first)
    # Places are never used twice, so the last one given is known also where every record is trimmed.
    if isinstance(connection, SharedConnection):
        return connection.last_record() + 1
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()
    return int(row[0]) + 1 if row else 1


_WITH_BODY = f"{_OVER} AND (handled_at, seq) > (?, ?) AND handled_at < ?"


def _dropped_to(connection: Connection) -> tuple[int, int]:
    """The last delivery whose body was dropped, by when it was handled; without it every step would begin at the oldest row."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_BODIES_DROPPED,)).fetchone()
    moment, _, seq = str(row[0]).partition(",") if row else ("0", "", "0")
    return int(moment), int(seq)


def _drop_bodies(connection: Connection, before: int) -> int:
    found = connection.execute(
        f"SELECT handled_at, seq FROM deliveries WHERE {_WITH_BODY} ORDER BY handled_at, seq LIMIT ?",
        (*_dropped_to(connection), before, STEP),
    ).fetchall()
    if not found:
        return 0
    connection.executemany("DELETE FROM bodies WHERE seq = ?", [(seq,) for _, seq in found])
    moment, seq = found[-1]
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (_BODIES_DROPPED, f"{moment},{seq}"),
    )
    return len(found)


def _drop_deliveries(connection: Connection, before: int) -> int:
    return _drop(connection, f"{_OVER} AND handled_at < ? ORDER BY handled_at", before)


def _drop_given_up(connection: Connection, before: int) -> int:
    return _drop(connection, f"{_GIVEN_UP} AND received_at < ? ORDER BY received_at", before)


def _drop(connection: Connection, which: str, before: int) -> int:
    found = connection.execute(f"SELECT seq FROM deliveries WHERE {which} LIMIT ?", (before, STEP)).fetchall()
    for table in ("bodies", "looks", "deliveries"):
        connection.executemany(f"DELETE FROM {table} WHERE seq = ?", found)
    return len(found)


# A run that was broken off is kept as long as its issue has a lane: the next look goes on with it.
_OLD_RUN = (
    "started_at < ? AND (state = 'finished'"
    " OR NOT EXISTS (SELECT 1 FROM lanes l WHERE l.repo_id = runs.repo_id AND l.number = runs.number))"
)


def _drop_runs(connection: Connection, before: int) -> Pruned:
    found = connection.execute(
        f"SELECT run_id FROM runs WHERE {_OLD_RUN} ORDER BY started_at LIMIT ?", (before, STEP)
    ).fetchall()
    effects = connection.executemany("DELETE FROM effects WHERE run_id = ?", found).rowcount if found else 0
    connection.executemany("DELETE FROM runs WHERE run_id = ?", found)
    return Pruned(runs=len(found), effects=max(effects, 0))


def _drop_sweeps(connection: Connection, before: int) -> int:
    found = connection.execute(
        "SELECT sweep_id FROM sweeps WHERE state = 'finished' AND ended_at < ? ORDER BY ended_at LIMIT 1", (before,)
    ).fetchall()
    for table in ("sweep_repos", "sweeps"):
        connection.executemany(f"DELETE FROM {table} WHERE sweep_id = ?", found)
    return len(found)


def compact(connection: sqlite3.Connection) -> None:
    """Give free pages back to the system; rewrites the whole file, so no service may run."""
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def info(
    connection: Connection, sinks: Collection[str], *, where: str, schema_version: int, space: tuple[int, int]
) -> StoreInfo:
    """What the journal holds; reads whole indexes, so it is for people, not for every minute.

    Args:
        connection: To read with.
        sinks: The configured ones.
        where: The file or the database, for people.
        schema_version: Of its tables.
        space: Bytes it takes, and of those free.
    """

    def one(statement: str, *values: object) -> int:
        return int(connection.execute(statement, values).fetchone()[0] or 0)

    states = inbox.counts(connection)
    oldest = connection.execute("SELECT received_at FROM deliveries ORDER BY seq LIMIT 1").fetchone()
    with_body = one(
        f"SELECT count(*) FROM deliveries WHERE {_OVER} AND (handled_at, seq) > (?, ?)", *_dropped_to(connection)
    )
    places = dict(connection.execute("SELECT sink, seq FROM cursors").fetchall())
    return StoreInfo(
        path=where,
        schema_version=schema_version,
        bytes=space[0],
        free_bytes=space[1],
        deliveries=states,
        oldest_delivery=from_us(oldest[0]) if oldest else None,
        bodies=sum(amount for state, amount in states.items() if state not in {"done", "ignored"}) + with_body,
        runs=one("SELECT count(*) FROM runs"),
        effects=one("SELECT count(*) FROM effects"),
        records=one("SELECT count(*) FROM records"),
        issues_waiting=one("SELECT count(*) FROM lanes"),
        sinks=tuple(
            SinkPlace(sink, sink in sinks, one("SELECT count(*) FROM records WHERE seq > ?", places.get(sink, 0)))
            for sink in sorted({*places, *sinks})
        ),
    )
