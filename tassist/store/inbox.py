"""Deliveries in the journal: accepting, sorting to issues, finding again. Functions of a connection, inside a transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from tassist.store.model import (
    Accepted,
    Backlog,
    DeliveryRow,
    Incoming,
    LaneKey,
    Over,
    Sorted,
    Target,
    Unsorted,
    from_us,
    to_us,
)
from tassist.store.sql import Connection, several, want_look

FROM_LOG = "x-tassist-delivery-log"
"""Beside a delivery that was read from GitHub's delivery log rather than sent."""
_INTO = "INSERT INTO deliveries (delivery_id, event, received_at, headers, size, state, reason) VALUES "
_ROW_OF_VALUES = "(?, ?, ?, ?, ?, ?, ?)"
_NEW = " ON CONFLICT (delivery_id) DO NOTHING RETURNING seq, delivery_id"
_compact = json.JSONEncoder(separators=(",", ":")).encode
EARLIER = "CASE WHEN excluded.first_seq < lanes.first_seq THEN excluded.first_seq ELSE lanes.first_seq END"


def accept(connection: Connection, incoming: Incoming) -> Accepted:
    """Store a delivery once; its id is known again however often it arrives.

    The id is not signed. The same id with another body is another delivery, and is kept beside the first.
    """
    stored = _insert(connection, incoming, incoming.delivery_id)
    if stored is not None:  # nearly always, so it is tried before looking
        return stored
    seq, state, body, headers = connection.execute(
        "SELECT d.seq, d.state, b.body, d.headers FROM deliveries d LEFT JOIN bodies b USING (seq) WHERE d.delivery_id = ?",
        (incoming.delivery_id,),
    ).fetchone()
    if body is None or body == incoming.body or _retold(body, incoming, headers):
        return _again(connection, seq, state)
    delivery_id = f"{incoming.delivery_id[:100]}~{hashlib.sha256(incoming.body).hexdigest()[:16]}"
    stored = _insert(connection, incoming, delivery_id)
    if stored is not None:
        return stored
    same = connection.execute("SELECT seq, state FROM deliveries WHERE delivery_id = ?", (delivery_id,)).fetchone()
    return _again(connection, *same)


def accept_all(connection: Connection, incoming: Sequence[Incoming]) -> list[Accepted]:
    """The same for several, in their order: those whose ids are new, nearly all, by two statements for many of them."""
    if len(incoming) == 1:
        return [accept(connection, incoming[0])]
    first: dict[str, Incoming] = {}
    for each in incoming:
        first.setdefault(each.delivery_id, each)
    new = list(first.values())
    stored: dict[str, int] = {}
    while new:
        # Sizes are powers of two, so that a handful of statements is prepared for good.
        size = 1 << (len(new).bit_length() - 1)
        stored |= _insert_several(connection, new[:size])
        del new[:size]
    results = []
    for each in incoming:
        seq = stored.pop(each.delivery_id, None)
        results.append(accept(connection, each) if seq is None else Accepted(seq, "stored"))
    return results


def _insert(connection: Connection, incoming: Incoming, delivery_id: str) -> Accepted | None:
    """Store a delivery under this id; ``None`` where the id is there."""
    inserted = connection.execute(_INTO + _ROW_OF_VALUES + _NEW, _columns(incoming, delivery_id)).fetchone()
    if inserted is None:
        return None
    seq = int(inserted[0])
    connection.execute("INSERT INTO bodies (seq, body) VALUES (?, ?)", (seq, incoming.body))
    return Accepted(seq, "stored")


def _insert_several(connection: Connection, incoming: Sequence[Incoming]) -> dict[str, int]:
    """Store deliveries of different ids; where each lies that was new."""
    values: list[object] = []
    for each in incoming:
        values.extend(_columns(each, each.delivery_id))
    statement = _INTO + ", ".join([_ROW_OF_VALUES] * len(incoming)) + _NEW
    stored = {delivery_id: int(seq) for seq, delivery_id in connection.execute(statement, values).fetchall()}
    bodies: list[object] = []
    for each in incoming:
        if each.delivery_id in stored:
            bodies += (stored[each.delivery_id], each.body)
    if bodies:
        rows = ", ".join(["(?, ?)"] * len(stored))
        connection.execute(f"INSERT INTO bodies (seq, body) VALUES {rows}", bodies)  # noqa: S608 – placeholders
    return stored


def _columns(incoming: Incoming, delivery_id: str) -> tuple[object, ...]:
    """The values of a delivery's row, in the order of `_INTO`."""
    return (
        delivery_id,
        incoming.event,
        to_us(incoming.received_at),
        _headers(tuple(incoming.headers.items())),
        len(incoming.body),
        "quarantined" if incoming.quarantine else "stored",
        incoming.quarantine,
    )


@lru_cache(256)
def _headers(items: tuple[tuple[str, str], ...]) -> str:
    """Headers as they are kept; GitHub sends the same with nearly every delivery of an App."""
    return _compact(dict(items))


def _retold(body: bytes, incoming: Incoming, headers: str) -> bool:
    """Whether the two are one delivery, of which one was read from GitHub's log: that keeps meaning, not bytes."""
    if FROM_LOG not in incoming.headers and FROM_LOG not in json.loads(headers):
        return False
    try:
        return bool(json.loads(body) == json.loads(incoming.body))
    except (ValueError, RecursionError):
        return False


def _again(connection: Connection, seq: int, state: str) -> Accepted:
    """A delivery id is done, not seen: one that is on its way stays so, one that was given up is tried again."""
    connection.execute("UPDATE deliveries SET duplicates = duplicates + 1 WHERE seq = ?", (seq,))
    if state == "dead":
        reopen(connection, seq)
        return Accepted(seq, "reopened")
    return Accepted(seq, "duplicate")


def reopen(connection: Connection, seq: int) -> None:
    """Let a delivery be handled as if it had just arrived."""
    connection.execute(
        "UPDATE deliveries SET state = 'stored', reason = NULL, run_id = NULL, handled_at = NULL WHERE seq = ?", (seq,)
    )
    connection.execute("DELETE FROM looks WHERE seq = ?", (seq,))


def unsorted(connection: Connection, limit: int, *, most_bytes: int) -> list[Unsorted]:
    """The oldest stored deliveries whose payload was not read yet; at least one where there is any."""
    found: list[Unsorted] = []
    held = 0
    for seq, delivery_id, event, headers, size, body in connection.execute(
        "SELECT d.seq, d.delivery_id, d.event, d.headers, d.size, b.body"
        " FROM deliveries d JOIN bodies b USING (seq) WHERE d.state = 'stored' ORDER BY d.seq LIMIT ?",
        (limit,),
    ):
        held += size
        if found and held > most_bytes:
            break
        content_type = str(json.loads(headers).get("content-type") or "")
        found.append(Unsorted(seq, delivery_id, event, content_type, bytes(body)))
    return found


def store_sorted(connection: Connection, item: Sorted, now: datetime) -> bool:
    """Write where a delivery belongs, and open a lane for each issue that has none; false where it was sorted before."""
    changed = connection.execute(
        "UPDATE deliveries SET state = ?, action = ?, reason = ?, installation_id = ?, repo_id = ?, repo = ?,"
        " sender = ?, sender_id = ?, handled_at = ? WHERE seq = ? AND state = 'stored'",
        (
            item.state,
            item.action,
            item.reason,
            item.installation_id,
            item.repo_id,
            item.repo,
            item.sender,
            item.sender_id,
            None if item.state == "waiting" else to_us(now),
            item.seq,
        ),
    ).rowcount
    if changed and item.state == "waiting":
        add_looks(connection, item.seq, item.installation_id, item.targets)
    return bool(changed)


def over(connection: Connection, seq: int, now: datetime) -> Over | None:
    """A delivery that leads to nothing; ``None`` where a look is due or was made."""
    row = connection.execute(
        "SELECT delivery_id, event, action, state, reason, repo_id, repo, sender, sender_id FROM deliveries WHERE seq = ?"
        " AND state IN ('ignored', 'quarantined')",
        (seq,),
    ).fetchone()
    if row is None:
        return None
    delivery_id, event, action, state, reason, repo_id, repo, sender, sender_id = row
    return Over(
        delivery_id, event, action or "", state, reason, repo_id or 0, repo or "", sender or "", sender_id or 0, now
    )


def add_looks(connection: Connection, seq: int, installation_id: int, targets: Sequence[Target]) -> None:
    """Let a delivery wait for a look at each of these issues."""
    connection.executemany(
        "INSERT INTO looks (seq, repo_id, number) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(seq, target.repo_id, target.number) for target in targets],
    )
    connection.executemany(
        "INSERT INTO lanes (repo_id, number, repo, installation_id, first_seq) VALUES (?, ?, ?, ?, ?)"  # noqa: S608 – our own text
        " ON CONFLICT (repo_id, number) DO UPDATE SET repo = excluded.repo, installation_id = excluded.installation_id,"
        f" first_seq = {EARLIER}",
        [(target.repo_id, target.number, target.repo, installation_id, seq) for target in targets],
    )
    for target in targets:
        want_look(connection, LaneKey(target.repo_id, target.number))


def backlog(connection: Connection) -> Backlog:
    """How much waits, from indexes alone."""
    (unread,) = connection.execute("SELECT count(*) FROM deliveries WHERE state = 'stored'").fetchone()
    (lanes,) = connection.execute("SELECT count(*) FROM lanes").fetchone()
    return Backlog(unread, lanes)


def counts(connection: Connection) -> dict[str, int]:
    """How many deliveries are in each state that still matters to the server, plus those given up."""
    found = dict.fromkeys(("stored", "waiting", "dead", "quarantined", "done", "ignored"), 0)
    found.update(connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall())
    return found


_ROW = (
    "SELECT d.seq, d.delivery_id, d.event, d.action, d.repo,"
    " d.state, d.reason, d.run_id, d.received_at, d.handled_at, d.size, d.duplicates, d.sender, d.headers FROM deliveries d"
)


def _rows(connection: Connection, found: Iterable[Sequence[object]]) -> list[DeliveryRow]:
    kept = list(found)
    issues: dict[object, list[int]] = {}
    seqs = [row[0] for row in kept]
    for first in range(0, len(seqs), 500):
        part = seqs[first : first + 500]
        statement = f"SELECT seq, number FROM looks WHERE seq IN {several(part)} ORDER BY seq, number"  # noqa: S608 – placeholders
        for seq, number in connection.execute(statement, part):
            issues.setdefault(seq, []).append(int(number))
    rows = []
    for row in kept:
        values = list(row)
        values.insert(5, tuple(issues.get(row[0], ())))
        values[9] = from_us(int(str(values[9])))
        values[10] = None if values[10] is None else from_us(int(str(values[10])))
        rows.append(DeliveryRow(*values))  # type: ignore[arg-type]  # the columns are those of the statement above
    return rows


def listed(
    connection: Connection,
    *,
    limit: int,
    state: str | None = None,
    event: str | None = None,
    repo: str | None = None,
    issue: int | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_seq: int | None = None,
) -> list[DeliveryRow]:
    """Deliveries, newest first; ``since`` is included, ``until`` is not."""
    wanted: list[str] = []
    values: list[object] = []
    for clause, value in (
        ("d.state = ?", state),
        ("d.event = ?", event),
        ("d.action = ?", action),
        ("d.received_at >= ?", None if since is None else to_us(since)),
        ("d.received_at < ?", None if until is None else to_us(until)),
        ("lower(d.repo) = lower(?)", repo),
        ("d.seq < ?", before_seq),
        ("EXISTS (SELECT 1 FROM looks l WHERE l.seq = d.seq AND l.number = ?)", issue),
    ):
        if value is not None:
            wanted.append(clause)
            values.append(value)
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    return _rows(connection, connection.execute(f"{_ROW}{where} ORDER BY d.seq DESC LIMIT ?", (*values, limit)))


def rows_of(connection: Connection, seqs: Sequence[int], *, newest_first: bool = True) -> list[DeliveryRow]:
    """The deliveries at these places."""
    if not seqs:
        return []
    found = _rows(connection, connection.execute(f"{_ROW} WHERE d.seq IN {several(seqs)}", tuple(seqs)))
    return sorted(found, key=lambda row: row.seq, reverse=newest_first)


def found(connection: Connection, delivery_id: str) -> list[DeliveryRow]:
    """The deliveries of that id, or those whose id begins with it (at most 20)."""
    exact = _rows(connection, connection.execute(f"{_ROW} WHERE d.delivery_id = ?", (delivery_id,)))
    if exact or len(delivery_id) < 4:
        return exact
    return _rows(
        connection,
        connection.execute(
            f"{_ROW} WHERE substr(d.delivery_id, 1, CAST(? AS integer)) = ? ORDER BY d.seq LIMIT 20",
            (len(delivery_id), delivery_id),
        ),
    )


def known(connection: Connection, delivery_ids: Sequence[str]) -> set[str]:
    """Those that are stored."""
    stored: set[str] = set()
    for first in range(0, len(delivery_ids), 500):
        part = delivery_ids[first : first + 500]
        statement = f"SELECT delivery_id FROM deliveries WHERE delivery_id IN {several(part)}"  # noqa: S608 – placeholders
        stored.update(row[0] for row in connection.execute(statement, part))
    return stored


def body_of(connection: Connection, seq: int) -> bytes | None:
    """A delivery's raw body; ``None`` where it was pruned."""
    row = connection.execute("SELECT body FROM bodies WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else bytes(row[0])
