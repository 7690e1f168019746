"""`tassist deliveries redeliver`: asks GitHub to send a delivery again, through the App's delivery log."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from engine.problems import Problem, ProblemError
from tassist.github.catchup import retention_of
from tassist.github.connection import Connection
from tassist.github.wire import DeliveryWire
from tassist.services import sending
from tassist.services.deliveries import open_journal
from tassist.services.sending import Came
from tassist.store.model import DeliveryRow
from tassist.store.place import Where, has_journal
from tassist.text import safe_text

_STEP_S = 1.0
_LEAST_PREFIX = 8


@dataclass(frozen=True, slots=True)
class Redelivered:
    """What GitHub was asked for."""

    guid: str
    attempt_id: int
    """The attempt that is repeated."""
    event: str
    action: str
    last_status: str
    """What GitHub notes about that attempt."""
    before: DeliveryRow | None
    """As the journal had it; ``None`` where it never arrived."""


async def redeliver(connection: Connection, home: Where, delivery_id: str) -> Redelivered:
    """Ask GitHub to send a delivery again; it answers before it does.

    Args:
        connection: As the App.
        home: Folder of the journal, or where the settings say it is; it need not have the delivery, nor exist.
        delivery_id: The delivery's id, or the beginning of it.

    Raises:
        ProblemError: GitHub's log does not have it, or several begin so.
        Retry: GitHub cannot be asked now.
    """
    before = _known(home, delivery_id)
    guid = before.delivery_id.partition("~")[0] if before else delivery_id
    attempt = await _attempt(connection, guid, whole=before is not None)
    found = attempt.guid or guid
    # Read before asking: it may arrive before GitHub's answer does.
    before = before or _known(home, found)
    await connection.api.redeliver(attempt.id or 0)
    return Redelivered(
        found,
        attempt.id or 0,
        attempt.event or "",
        attempt.action or "",
        attempt.status or "",
        before,
    )


def _known(home: Where, delivery_id: str) -> DeliveryRow | None:
    if not has_journal(home):
        return None
    with open_journal(home) as journal:
        rows = journal.find(delivery_id)
    exact = [row for row in rows if row.delivery_id == delivery_id]
    if len(exact or rows) > 1:
        raise ProblemError(_several(delivery_id, [row.delivery_id for row in rows]))
    return next(iter(exact or rows), None)


async def _attempt(connection: Connection, guid: str, *, whole: bool) -> DeliveryWire:
    """The newest attempt of the delivery in GitHub's log."""
    newest: dict[str, DeliveryWire] = {}
    async for page in connection.api.deliveries():
        for item in page:
            if item.guid and (item.guid == guid or (not whole and _begins(item.guid, guid))):
                newest.setdefault(item.guid, item)
        if guid in newest:
            return newest[guid]
    if len(newest) == 1:
        return next(iter(newest.values()))
    if newest:
        raise ProblemError(_several(guid, list(newest)))
    days = retention_of(connection.client.api_url).days
    raise ProblemError(
        Problem(
            "delivery-not-in-log",
            f"GitHub's delivery log has no {safe_text(guid, max_chars=80)}",
            f"it is kept for {days} days, and holds what went to the App's present hook",
            "tassist deliveries replay handles what the journal has; tassist deliveries list shows it",
        )
    )


def _begins(guid: str, text: str) -> bool:
    return len(text) >= _LEAST_PREFIX and guid.startswith(text)


async def arrived(connection: Connection, home: Where, asked: Redelivered, *, timeout_s: float) -> Came:
    """Wait until the journal has the delivery once more and is done with it.

    Raises:
        ProblemError: it did not arrive in time, or GitHub says why it could not deliver it.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        if has_journal(home):
            came = await asyncio.to_thread(
                sending.wait, home, asked.guid, timeout_s=min(_STEP_S, timeout_s), at_first=asked.before
            )
            if came is not None:
                return came
        attempt = await _attempt(connection, asked.guid, whole=True)
        if (attempt.id or 0) != asked.attempt_id and attempt.status_code and not 200 <= attempt.status_code < 300:
            raise ProblemError(
                Problem(
                    "redelivery-failed",
                    f"GitHub tried again, and could not deliver: {safe_text(attempt.status or attempt.status_code)}",
                    "the hook's address does not lead to a server that takes it",
                    "check that tassist serve runs and that the App's webhook points to it",
                    family="world",
                )
            )
        if time.monotonic() >= deadline:
            raise ProblemError(sending.waited_in_vain(asked.guid, timeout_s, "did not arrive"))
        await asyncio.sleep(min(_STEP_S, 0.2))


def _several(text: str, ids: list[str]) -> Problem:
    return Problem(
        "delivery-ambiguous",
        f"{len(ids)} deliveries begin with {safe_text(text, max_chars=80)}",
        fix="give more of the id: " + ", ".join(safe_text(one, max_chars=80) for one in ids[:5]),
    )
