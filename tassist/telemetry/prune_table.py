"""Prunes records in a database: a day of a repository is folded and its rows removed in one transaction."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import Any

import msgspec

from engine.problems import ProblemError
from tassist.telemetry.folding import Folding
from tassist.telemetry.prune import Pruned
from tassist.telemetry.shape import READ_RECORD
from tassist.telemetry.sinks.port import entry
from tassist.telemetry.sinks.sql import COLUMNS, TABLE, Database, row


def prune_table(database: Database, *, keep_days: int, now: datetime, dry_run: bool = False) -> Pruned:
    """Fold every repository's days that ended more than ``keep_days`` ago.

    A day with a row that is no record is left alone. Killed at any point, a day is either whole or folded.

    Raises:
        ProblemError: The database cannot be reached, read or written.
    """
    result = Pruned()
    if not database.begun():
        result.bare = True
        return result
    before = (now - timedelta(days=keep_days)).date().isoformat()
    try:
        with contextlib.closing(database.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(database.there)
            if cursor.fetchone() is not None:
                cursor.execute(f"SELECT 1 FROM {TABLE} LIMIT 1")  # noqa: S608 – our own name
            result.bare = cursor.fetchone() is None
            if result.bare:
                return result
            cursor.execute(
                f"SELECT DISTINCT repo, substr(timestamp, 1, 10) FROM {TABLE} "  # noqa: S608 – our own names
                f"WHERE substr(timestamp, 1, 10) < {database.mark} AND event_type <> 'day_aggregate' ORDER BY 1, 2",
                (before,),
            )
            for repo, day in cursor.fetchall():
                _fold_day(connection, database, repo, day, result, dry_run=dry_run)
    except database.errors as error:
        raise ProblemError(database.problem(error)) from error
    return result


def _fold_day(connection: Any, database: Database, repo: str, day: str, result: Pruned, *, dry_run: bool) -> None:
    mark = database.mark
    cursor = connection.cursor()
    cursor.execute(
        f"SELECT event_id, line FROM {TABLE} WHERE repo = {mark} AND substr(timestamp, 1, 10) = {mark} "  # noqa: S608 – our own names
        "AND event_type <> 'day_aggregate' ORDER BY timestamp, event_id",
        (repo, day),
    )
    folding = Folding()
    lines = {}
    try:
        for event_id, line in cursor.fetchall():
            lines[event_id] = line.encode()
            folding.add(READ_RECORD(lines[event_id]), lines[event_id])
    except (msgspec.DecodeError, ValueError):
        result.skipped.append(f"{repo} {day}")
        connection.rollback()
        return
    whole = {event_id for event_id, _ in folding.whole()}
    gone = [event_id for event_id in lines if event_id not in whole]
    if gone:
        result.files += 1
    result.records += folding.records
    result.kept += len(whole)
    result.bytes += sum(len(lines[event_id]) for event_id in gone)
    if dry_run or not gone:
        connection.rollback()
        return
    marks = ", ".join([mark] * len(COLUMNS))
    cursor.executemany(
        f"INSERT INTO {TABLE} ({', '.join(COLUMNS)}) VALUES ({marks}) ON CONFLICT (event_id) DO NOTHING",  # noqa: S608 – our own names
        [row(entry(0, made)) for made in folding.aggregates(f"{day} {TABLE}", day)],
    )
    cursor.executemany(f"DELETE FROM {TABLE} WHERE event_id = {mark}", [(event_id,) for event_id in gone])  # noqa: S608 – our own names
    connection.commit()
