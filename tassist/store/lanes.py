"""The queue of issues in the journal: which may be looked at now, and what a look leaves. Functions of a connection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tassist.store import children, holds, ledger, sweeps
from tassist.store.inbox import EARLIER, add_looks
from tassist.store.model import Covered, FinishedRun, Lane, LaneKey, Target, from_us, to_us
from tassist.store.outbox import add_record, event_id_of
from tassist.store.sql import Connection, lock_lane, several, want_look

POLL = "poll"
"""Instead of a sweep's id: a poll saw that the issue changed."""
PARENT = "parent"
"""Instead of a sweep's id: the issue's parent changed."""
LAST = 2**62
"""Where lanes of a sweep stand in line: behind every delivery."""
_LANE = "SELECT l.repo_id, l.number, l.repo, l.installation_id, l.first_seq, l.attempts, l.starts, l.not_before, l.sweep, l.asked_at FROM lanes l"
_LANE_AND_PAUSE = _LANE.replace(
    " FROM",
    ", EXISTS (SELECT 1 FROM installations i WHERE i.installation_id = l.installation_id AND i.state = 'suspended') FROM",
)
_NOT_PAUSED = " AND NOT EXISTS (SELECT 1 FROM installations i WHERE i.installation_id = l.installation_id AND i.state = 'suspended')"


_FEWER = "CASE WHEN starts > 0 THEN starts - 1 ELSE 0 END"


def _lane(row: tuple[object, ...]) -> Lane:
    repo_id, number, *rest = row
    return Lane(LaneKey(int(str(repo_id)), int(str(number))), *rest)  # type: ignore[arg-type]  # the statement's columns


def repos(connection: Connection) -> list[int]:
    """The repositories with a lane, by id."""
    # A loose scan: one step of the index for each repository, however many lanes it has.
    return [
        row[0]
        for row in connection.execute(
            "WITH RECURSIVE r (id) AS (SELECT min(repo_id) FROM lanes UNION ALL"
            " SELECT (SELECT min(repo_id) FROM lanes WHERE repo_id > r.id) FROM r WHERE r.id IS NOT NULL)"
            " SELECT id FROM r WHERE id IS NOT NULL"
        )
    ]


def many_wait(connection: Connection, amount: int) -> bool:
    """Whether there are at least so many lanes, however many there are."""
    return connection.execute("SELECT 1 FROM lanes LIMIT 1 OFFSET ?", (amount - 1,)).fetchone() is not None


def ready(connection: Connection, repo_id: int, now: datetime, limit: int) -> list[Lane]:
    """Lanes of the repository that may be looked at: those whose time has come first, then by age."""
    retried = connection.execute(
        f"{_LANE} WHERE l.repo_id = ? AND l.not_before > 0 AND l.not_before <= ?{_NOT_PAUSED} ORDER BY l.not_before LIMIT ?",
        (repo_id, to_us(now), limit),
    ).fetchall()
    fresh = connection.execute(
        f"{_LANE} WHERE l.repo_id = ? AND l.not_before = 0{_NOT_PAUSED} ORDER BY l.first_seq LIMIT ?", (repo_id, limit)
    ).fetchall()
    # Half of what is taken may be retries, so that neither kind can starve the other.
    half = max(limit // 2, limit - len(fresh))
    return [_lane(row) for row in (*retried[:half], *fresh)][:limit]


def next_moment(connection: Connection, repo_id: int, now: datetime) -> datetime | None:
    """When the next lane of the repository that waits for its time may be looked at."""
    row = connection.execute(
        "SELECT min(not_before) FROM lanes WHERE repo_id = ? AND not_before > ?", (repo_id, to_us(now))
    ).fetchone()
    return None if row[0] is None else from_us(row[0])


def lane(connection: Connection, key: LaneKey) -> Lane | None:
    """The lane of an issue."""
    row = connection.execute(f"{_LANE} WHERE l.repo_id = ? AND l.number = ?", (key.repo_id, key.number)).fetchone()
    return None if row is None else _lane(row)


def due(connection: Connection, key: LaneKey) -> tuple[Lane | None, bool]:
    """The lane of an issue, and whether its installation is suspended."""
    row = connection.execute(
        f"{_LANE_AND_PAUSE} WHERE l.repo_id = ? AND l.number = ?", (key.repo_id, key.number)
    ).fetchone()
    return (None, False) if row is None else (_lane(row[:-1]), bool(row[-1]))


def open_lane(
    connection: Connection, key: LaneKey, *, repo: str, installation_id: int, now: datetime, sweep: str = ""
) -> None:
    """Ask for a look at an issue without a delivery: a person at once, a sweep after everything that was delivered."""
    if sweep:
        connection.execute(
            "INSERT INTO lanes (repo_id, number, repo, installation_id, first_seq, sweep, asked_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
            # A lane that waits for its time goes on waiting for it.
            " ON CONFLICT (repo_id, number) DO UPDATE SET repo = excluded.repo, sweep = excluded.sweep",
            (key.repo_id, key.number, repo, installation_id, LAST, sweep, to_us(now)),
        )
        want_look(connection, key, late=True)
        return
    connection.execute(
        "INSERT INTO lanes (repo_id, number, repo, installation_id, first_seq, asked_at)"  # noqa: S608 – our own text
        " VALUES (?, ?, ?, ?, (SELECT coalesce(max(seq), 0) FROM deliveries), ?)"
        " ON CONFLICT (repo_id, number) DO UPDATE SET not_before = 0, repo = excluded.repo,"
        f" first_seq = {EARLIER}",
        (key.repo_id, key.number, repo, installation_id, to_us(now)),
    )
    want_look(connection, key, at=now)


def covered(connection: Connection, key: LaneKey, limit: int) -> list[Covered]:
    """The waiting deliveries of the issue, oldest first."""
    return [
        Covered(from_us(received), *row)
        for received, *row in connection.execute(
            "SELECT d.received_at, d.seq, d.delivery_id, d.event, d.action, d.sender, d.sender_id"
            " FROM looks l JOIN deliveries d USING (seq)"
            " WHERE l.repo_id = ? AND l.number = ? AND l.state = 'waiting' ORDER BY l.seq LIMIT ?",
            (key.repo_id, key.number, limit),
        )
    ]


def started(connection: Connection, key: LaneKey, *, rest: timedelta, now: datetime, counted: bool = False) -> bool:
    """Count a look that begins; where the process dies in it, the count remains, and the lane rests so long.

    ``counted``: its start is counted already, since only its outcome could not be stored; where it may not begin, that
    is taken back, because nobody died.

    Returns:
        Whether it may begin; not where somebody holds the issue: then the lane waits for the end of that.
    """
    issue = (key.repo_id, key.number)
    lock_lane(connection, key)
    held = holds.held_until(connection, key, now)
    if held:
        connection.execute(
            f"UPDATE lanes SET not_before = ?, starts = {_FEWER if counted else 'starts'} WHERE repo_id = ? AND number = ?",  # noqa: S608 – our own text
            (held, *issue),
        )
        want_look(connection, key, at=from_us(held))
        return False
    if counted:
        return True
    connection.execute(
        "UPDATE lanes SET starts = starts + 1, not_before = ? WHERE repo_id = ? AND number = ?",
        (to_us(now + rest) if rest else 0, *issue),
    )
    return True


def stopped(connection: Connection, key: LaneKey) -> None:
    """Take a counted start back: the look was broken off by us, not by what it looked at."""
    connection.execute(
        f"UPDATE lanes SET starts = {_FEWER}, not_before = 0 WHERE repo_id = ? AND number = ?",  # noqa: S608 – our own text
        (key.repo_id, key.number),
    )
    want_look(connection, key)


def put_off(
    connection: Connection, key: LaneKey, *, until: datetime, reason: str, now: datetime, counts: bool = True
) -> None:
    """Close the lane until then; ``counts`` says whether this was an attempt of those that are bounded."""
    connection.execute(
        f"UPDATE lanes SET not_before = ?, attempts = attempts + ?, starts = {_FEWER}, reason = ?,"  # noqa: S608 – our own text
        " asked_at = CASE WHEN asked_at = 0 THEN ? ELSE asked_at END WHERE repo_id = ? AND number = ?",
        (to_us(until), int(counts), reason, to_us(now), key.repo_id, key.number),
    )
    want_look(connection, key, at=until)


def finish(connection: Connection, run: FinishedRun) -> bool:
    """Store what a run leaves: result, record, what became of writes, the deliveries it covered, its lane closed.

    Returns:
        Whether the issue waits for another look: deliveries came while the run was under way.
    """
    state = "dead" if run.dead else "done"
    finished = to_us(run.finished_at)
    issue = (run.key.repo_id, run.key.number)
    lock_lane(connection, run.key)
    # A record may have been handed to every sink and trimmed: that it is not in the outbox does not mean it is new.
    handed_over = connection.execute("SELECT 1 FROM runs WHERE run_id = ? AND state = 'finished'", (run.run_id,))
    connection.execute(
        "INSERT INTO runs (run_id, repo_id, number, repo, state, trigger, started_at, finished_at, outcome, reason, result)"
        " VALUES (?, ?, ?, ?, 'finished', ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET state = 'finished',"
        " finished_at = excluded.finished_at, outcome = excluded.outcome, reason = excluded.reason, result = excluded.result",
        (
            run.run_id,
            *issue,
            run.repo,
            run.trigger,
            to_us(run.started_at),
            finished,
            run.outcome,
            run.reason,
            run.result,
        ),
    )
    if handed_over.fetchone() is None:
        add_record(connection, run.event_id, run.record, run_id=run.run_id)
        for line in run.further:
            add_record(connection, event_id_of(line), line)
    for ordinal, outcome in run.resolved:
        ledger.resolve(connection, run_id=run.run_id, ordinal=ordinal, state=outcome)
    close_looks(
        connection,
        run.key,
        up_to_seq=run.up_to_seq,
        only=run.covered,
        state=state,
        reason=run.reason,
        run_id=run.run_id,
        at=finished,
    )
    sweeps.count_look(connection, run.key, run_id=run.run_id, failed=run.dead or run.outcome == "failed")
    waits = close_lane(connection, run.key)
    children.note(connection, run)
    for child, repo, installation_id in children.to_look_at(connection, run):
        open_lane(connection, child, repo=repo, installation_id=installation_id, now=run.finished_at, sweep=PARENT)
    return waits


def close_looks(
    connection: Connection,
    key: LaneKey,
    *,
    up_to_seq: int,
    state: str,
    reason: str | None,
    run_id: str | None,
    at: int,
    only: tuple[int, ...] | None = None,
) -> None:
    """Mark the issue's waiting looks, and each delivery none of whose looks waits any more."""
    issue = (key.repo_id, key.number)
    chosen = "" if only is None else f" AND seq IN {several(only)}"
    seqs = connection.execute(
        "UPDATE looks SET state = ?, run_id = ? WHERE repo_id = ? AND number = ? AND state = 'waiting' AND seq <= ?"  # noqa: S608 – placeholders
        f"{chosen} RETURNING seq",
        (state, run_id, *issue, up_to_seq, *(only or ())),
    ).fetchall()
    # A delivery that concerned several issues is dead where one of them is.
    connection.executemany(
        "UPDATE deliveries SET handled_at = ?, run_id = coalesce(?, run_id), reason = CASE WHEN ? THEN ? ELSE reason END,"
        " state = CASE WHEN EXISTS (SELECT 1 FROM looks WHERE seq = deliveries.seq AND state = 'dead') THEN 'dead'"
        " WHEN EXISTS (SELECT 1 FROM looks WHERE seq = deliveries.seq AND state = 'done') THEN 'done' ELSE 'ignored' END"
        " WHERE seq = ? AND state = 'waiting'"
        " AND NOT EXISTS (SELECT 1 FROM looks WHERE seq = deliveries.seq AND state = 'waiting')",
        [(at, run_id, state != "done", reason, seq) for (seq,) in seqs],
    )


def close_lane(connection: Connection, key: LaneKey, *, looked_at: bool = False) -> bool:
    """Remove the lane, or start it afresh where deliveries wait; returns which.

    ``looked_at``: a look may be under way, which is not over by this: its start stays counted.
    """
    issue = (key.repo_id, key.number)
    (first,) = connection.execute(
        "SELECT min(seq) FROM looks WHERE repo_id = ? AND number = ? AND state = 'waiting'", issue
    ).fetchone()
    if first is None:
        connection.execute("DELETE FROM lanes WHERE repo_id = ? AND number = ?", issue)
        return False
    connection.execute(
        "UPDATE lanes SET first_seq = ?, attempts = 0, not_before = 0, reason = NULL, sweep = '', asked_at = 0,"  # noqa: S608 – our own text
        f" starts = {'starts' if looked_at else '0'} WHERE repo_id = ? AND number = ?",
        (first, *issue),
    )
    want_look(connection, key)
    return True


def spread(connection: Connection, lane: Lane, *, up_to_seq: int, numbers: Sequence[int], now: datetime) -> bool:
    """Let what waited for a look at a whole repository wait for each of its issues instead.

    The newest delivery carries the looks, so it is done when all of them are; the others are done at once. Returns
    whether deliveries for the whole repository came in the meantime.

    Issues with a run that was left half are looked at too, closed ones as well: nothing else may ever ask for them.
    """
    key = lane.key
    lock_lane(connection, key)
    numbers = [*numbers, *(number for number in ledger.left_half(connection, key.repo_id) if number not in numbers)]
    if up_to_seq and numbers:
        add_looks(connection, up_to_seq, lane.installation_id, [Target(key.repo_id, lane.repo, n) for n in numbers])
    for number in numbers if lane.sweep or not up_to_seq else ():
        open_lane(
            connection,
            LaneKey(key.repo_id, number),
            repo=lane.repo,
            installation_id=lane.installation_id,
            now=now,
            sweep=lane.sweep,
        )
    sweeps.count_issues(connection, key.repo_id, lane.sweep, len(numbers))
    close_looks(connection, key, up_to_seq=up_to_seq, state="done", reason=None, run_id=None, at=to_us(now))
    return close_lane(connection, key)


def abandon(connection: Connection, key: LaneKey) -> bool:
    """Give up a look at a whole repository that no delivery asked for: whoever asked will ask again."""
    lock_lane(connection, key)
    sweeps.count_failure(connection, key)
    return close_lane(connection, key)


def rename(connection: Connection, repo_id: int, repo: str, installation_id: int = 0) -> None:
    """Call the repository by its new name from now on; after a transfer another installation covers it."""
    connection.execute(
        "UPDATE lanes SET repo = ?, installation_id = CASE WHEN ? <> 0 THEN ? ELSE installation_id END WHERE repo_id = ?",
        (repo, installation_id, installation_id, repo_id),
    )
    sweeps.rename(connection, repo_id, repo, installation_id)


def drop_installation(
    connection: Connection, installation_id: int, *, up_to_seq: int, reason: str, now: datetime
) -> int:
    """Close what waits, up to that delivery, for an installation that is gone; returns how many lanes."""
    sweeps.drop_installation(connection, installation_id)
    found = connection.execute("SELECT repo_id, number FROM lanes WHERE installation_id = ?", (installation_id,))
    return _drop(connection, [LaneKey(*row) for row in found.fetchall()], up_to_seq, reason, now)


def drop_repo(connection: Connection, repo_id: int, *, up_to_seq: int, reason: str, now: datetime) -> int:
    """Close what waits, up to that delivery, for a repository that is gone; returns how many lanes."""
    sweeps.drop_repo(connection, repo_id)
    found = connection.execute("SELECT repo_id, number FROM lanes WHERE repo_id = ?", (repo_id,))
    return _drop(connection, [LaneKey(*row) for row in found.fetchall()], up_to_seq, reason, now)


def _drop(connection: Connection, keys: list[LaneKey], up_to_seq: int, reason: str, now: datetime) -> int:
    for key in sorted(keys):
        lock_lane(connection, key)
        close_looks(connection, key, up_to_seq=up_to_seq, state="dropped", reason=reason, run_id=None, at=to_us(now))
        close_lane(connection, key, looked_at=True)
    return len(keys)


def set_installation(connection: Connection, installation_id: int, *, state: str, account: str, now: datetime) -> None:
    """Remember what GitHub said about an installation."""
    connection.execute(
        "INSERT INTO installations (installation_id, account, state, changed_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (installation_id) DO UPDATE SET account = excluded.account, state = excluded.state,"
        " changed_at = excluded.changed_at",
        (installation_id, account, state, to_us(now)),
    )
