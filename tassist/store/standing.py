"""What GitHub is to be asked about installations and repositories, and what follows from its answers.

Deliveries about them come late, twice and out of order, so a delivery is only a reason to ask: the world decides. An
answer that contradicts what was said may be a late replica's, so it is asked for again a few times, and what cannot be
taken back (dropping work) is done only when it was answered twice, or said and answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from tassist.store import lanes, sweeps
from tassist.store.model import News, to_us
from tassist.store.sql import Connection, want_looks_of
from tassist.store.writer import GroupWriter

if TYPE_CHECKING:
    from tassist.store.sql import Read

TOPIC = "standing"
Subject = Literal["installation", "repository"]
Found = Literal["active", "suspended", "archived", "gone"]
AGAIN = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
"""After an answer that contradicts what was said: a late replica is right by then."""
QUIET = timedelta(minutes=15)
"""A doubt that no delivery raised is not raised again so soon after an answer."""
_CLAIMS: dict[str, tuple[Subject, str]] = {
    "installation-deleted": ("installation", "gone"),
    "installation-suspended": ("installation", "suspended"),
    "installation-active": ("installation", "active"),
    "repo-gone": ("repository", "gone"),
    "repo-renamed": ("repository", "active"),
}
_DOUBT = "SELECT subject, id, name, claim, answer, asked, noted_at, seq FROM doubts"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something GitHub is to be asked about."""

    subject: Subject
    id: int
    name: str
    claim: str
    """What a delivery said last; empty where none did."""
    answer: str
    """What GitHub answered last, where that is not believed yet."""
    asked: int
    noted_at: int
    """When it was raised last, in microseconds; an answer to an older question settles nothing."""
    seq: int
    """The newest delivery when it was raised."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub says of it now."""

    found: Found
    name: str = ""
    installation_id: int = 0
    """Of a repository."""


def heed(connection: Connection, news: News, *, seq: int, now: datetime) -> None:
    """A delivery says something about an installation or a repository: note that GitHub is to be asked."""
    subject, claim = _CLAIMS[news.kind]
    if subject == "repository" and not _concerns(connection, news.id):
        return  # nothing waits there, so nothing follows from any answer
    _note(connection, subject, news.id, name=news.text, claim=claim, seq=seq, now=now)


def note(connection: Connection, subject: Subject, number: int, now: datetime) -> bool:
    """A look failed in a way that says something may have changed; whether that is to be asked about now."""
    known = connection.execute("SELECT noted_at FROM doubts WHERE subject = ? AND id = ?", (subject, number)).fetchone()
    if known is not None and known[0] > to_us(now - QUIET):
        return False
    _note(connection, subject, number, name="", claim="", seq=_newest(connection), now=now)
    return True


def settle(connection: Connection, doubt: Doubt, answer: Answer, *, up_to_seq: int, now: datetime) -> bool:
    """Act on an answer, unless something newer was said meanwhile; whether anything changed.

    Args:
        connection: In a transaction.
        doubt: As it was when GitHub was asked.
        answer: What it said.
        up_to_seq: The newest delivery when it was asked: what came later is not meant.
        now: The present.
    """
    row = connection.execute(
        "SELECT noted_at FROM doubts WHERE subject = ? AND id = ?", (doubt.subject, doubt.id)
    ).fetchone()
    if row is None or row[0] != doubt.noted_at:
        return False
    said = _same(doubt.claim, answer.found)
    final = answer.found in {"gone", "archived"}
    believed = said or not final or doubt.answer == answer.found
    changed = believed and _act(connection, doubt, answer, up_to_seq=up_to_seq, now=now)
    more = not believed or (doubt.claim != "" and not said)
    due = to_us(now + AGAIN[min(doubt.asked, len(AGAIN) - 1)]) if more and doubt.asked < len(AGAIN) else 0
    connection.execute(
        "UPDATE doubts SET answer = ?, asked = asked + 1, due_at = ? WHERE subject = ? AND id = ?",
        ("" if believed else answer.found, due, doubt.subject, doubt.id),
    )
    return changed


def _concerns(connection: Connection, repo_id: int) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM lanes WHERE repo_id = ?)"
        " OR EXISTS (SELECT 1 FROM sweep_repos WHERE repo_id = ? AND state IN ('waiting', 'open'))",
        (repo_id, repo_id),
    ).fetchone()
    return bool(row[0])


def _newest(connection: Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM deliveries").fetchone()[0])


def _note(
    connection: Connection, subject: Subject, number: int, *, name: str, claim: str, seq: int, now: datetime
) -> None:
    connection.execute(
        "INSERT INTO doubts (subject, id, name, claim, due_at, noted_at, seq) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (subject, id) DO UPDATE SET"
        " name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE doubts.name END,"
        " claim = excluded.claim, answer = '', asked = 0, due_at = excluded.due_at, seq = excluded.seq,"
        " noted_at = CASE WHEN excluded.noted_at > doubts.noted_at THEN excluded.noted_at ELSE doubts.noted_at + 1 END",
        (subject, number, name, claim, to_us(now), to_us(now), seq),
    )


def _same(claim: str, found: Found) -> bool:
    return claim == found or (claim == "gone" and found == "archived")


def _act(connection: Connection, doubt: Doubt, answer: Answer, *, up_to_seq: int, now: datetime) -> bool:
    name = answer.name or doubt.name
    if doubt.subject == "installation":
        return _act_on_installation(connection, doubt, answer, name, up_to_seq=up_to_seq, now=now)
    if answer.found == "gone":
        reason = f"{name or 'the repository'} can no longer be managed"
        return bool(lanes.drop_repo(connection, doubt.id, up_to_seq=up_to_seq, reason=reason, now=now))
    if name:
        lanes.rename(connection, doubt.id, name, answer.installation_id)
    if answer.found == "archived":
        reason = f"{name or 'the repository'} is archived"
        lanes.drop_repo(connection, doubt.id, up_to_seq=up_to_seq, reason=reason, now=now)
    return True


def _act_on_installation(
    connection: Connection, doubt: Doubt, answer: Answer, name: str, *, up_to_seq: int, now: datetime
) -> bool:
    row = connection.execute("SELECT state FROM installations WHERE installation_id = ?", (doubt.id,)).fetchone()
    before = None if row is None else row[0]
    state = "deleted" if answer.found == "gone" else answer.found
    lanes.set_installation(connection, doubt.id, state=state, account=name, now=now)
    if answer.found == "gone":
        reason = "the App was uninstalled"
        lanes.drop_installation(connection, doubt.id, up_to_seq=up_to_seq, reason=reason, now=now)
    if answer.found == "active" and before == "suspended":
        want_looks_of(connection, doubt.id)
    if answer.found == "active" and (before in {"suspended", "deleted"} or doubt.claim == "active"):
        # Nothing told of what happened there until now.
        sweeps.begin_installation(connection, doubt.id, key=f"{doubt.seq}-{doubt.noted_at}", now=now)
    return before != state or doubt.claim == "active"


class Standings:
    """The doubts of one journal, and the installations it knows."""

    def __init__(self, read: Read, writer: GroupWriter) -> None:
        self._read = read
        self._writer = writer

    def due(self, now: datetime, limit: int) -> list[Doubt]:
        """What is to be asked about now, what waits longest first."""
        rows: list[tuple[Any, ...]] = self._read(
            lambda connection: connection.execute(
                f"{_DOUBT} WHERE due_at > 0 AND due_at <= ? ORDER BY due_at, subject, id LIMIT ?", (to_us(now), limit)
            ).fetchall()
        )
        return [Doubt(*row) for row in rows]

    def newest(self) -> int:
        """The place of the newest delivery."""
        found: int = self._read(_newest)
        return found

    def installations(self) -> dict[int, str]:
        """The installations the journal knows, each with `active`, `suspended` or `deleted`."""
        found: dict[int, str] = self._read(
            lambda connection: dict(connection.execute("SELECT installation_id, state FROM installations").fetchall())
        )
        return found

    def note_soon(self, subject: Subject, number: int, now: datetime) -> None:
        """Something about it may have changed: ask, unless that was done a moment ago; nobody waits for this."""
        self._writer.write_soon(lambda connection: note(connection, subject, number, now), topic=TOPIC)

    async def listed(self, states: Mapping[int, tuple[str, str]], now: datetime, *, first: bool) -> int:
        """Compare what GitHub lists (installation → state, account) with what is known; returns how many differ.

        Where they differ each is asked about by itself. The ``first`` list is only remembered: nothing was known before.
        """

        def write(connection: Connection) -> int:
            known = dict(connection.execute("SELECT installation_id, state FROM installations").fetchall())
            differing = 0
            for number, (state, account) in states.items():
                if first and number not in known:
                    lanes.set_installation(connection, number, state=state, account=account, now=now)
                elif known.get(number) != state:
                    differing += self._differs(connection, number, account, state, now)
            for number, state in known.items():
                if number not in states and state != "deleted":
                    differing += self._differs(connection, number, "", "", now)
            return differing

        return await self._writer.write(write, topic=TOPIC)

    @staticmethod
    def _differs(connection: Connection, number: int, account: str, state: str, now: datetime) -> bool:
        here = "SELECT 1 FROM doubts WHERE subject = 'installation' AND id = ? AND due_at > 0"
        if connection.execute(here, (number,)).fetchone():
            return False  # that is being asked already
        claim = "active" if state == "active" else ""
        _note(connection, "installation", number, name=account, claim=claim, seq=_newest(connection), now=now)
        return True

    async def settle(self, doubt: Doubt, answer: Answer, *, up_to_seq: int, now: datetime) -> bool:
        """Act on an answer; see the function of that name."""
        return await self._writer.write(
            lambda connection: settle(connection, doubt, answer, up_to_seq=up_to_seq, now=now), topic=TOPIC
        )

    async def put_off(self, doubt: Doubt, until: datetime) -> None:
        """GitHub cannot be asked now."""
        await self._writer.write(
            lambda connection: connection.execute(
                "UPDATE doubts SET due_at = ? WHERE subject = ? AND id = ? AND noted_at = ?",
                (to_us(until), doubt.subject, doubt.id, doubt.noted_at),
            )
        )
