"""Looks at the journal's deliveries and brings one back, whether the service runs or not."""

from __future__ import annotations

from dataclasses import dataclass

from engine.problems import Problem, ProblemError
from tassist.store.model import DeliveryRow, EffectRow, RunRow
from tassist.store.place import Where, open_existing
from tassist.store.ports import Journal
from tassist.text import safe_text


@dataclass(frozen=True, slots=True)
class Shown:
    """One delivery with everything known of it."""

    delivery: DeliveryRow
    body: bytes | None
    run: RunRow | None
    effects: tuple[EffectRow, ...]


def listed(
    home: Where,
    *,
    limit: int,
    state: str | None = None,
    event: str | None = None,
    repo: str | None = None,
    issue: int | None = None,
) -> list[DeliveryRow]:
    """Deliveries, newest first.

    Raises:
        ProblemError: there is no journal, or it cannot be read.
    """
    with open_journal(home) as journal:
        return journal.deliveries(limit=limit, state=state, event=event, repo=repo, issue=issue)


def show(home: Where, delivery_id: str) -> Shown:
    """One delivery, by its id or the beginning of it.

    Raises:
        ProblemError: there is none, or several.
    """
    with open_journal(home) as journal:
        row = one(journal, delivery_id)
        run = journal.run(row.run_id) if row.run_id else None
        return Shown(row, journal.body(row.seq), run, tuple(journal.effects(row.run_id)) if row.run_id else ())


def replay(home: Where, delivery_id: str) -> DeliveryRow:
    """Have a delivery handled again, under a new run; returns it as it is now.

    A service that runs notices within a second; otherwise the next start does it.

    Raises:
        ProblemError: there is none, several, or its body was pruned.
    """
    with open_journal(home) as journal:
        row = one(journal, delivery_id)
        if journal.body(row.seq) is None:
            raise ProblemError(
                Problem(
                    code="delivery-pruned",
                    what=f"the body of delivery {safe_text(row.delivery_id)} is no longer kept",
                    fix="redeliver it from the App's settings, Advanced, Recent deliveries",
                )
            )
        if row.state not in {"stored", "waiting"}:
            journal.reopen(row.seq)
        return journal.find(row.delivery_id)[0]


def open_journal(home: Where) -> Journal:
    """The journal where it is, never a new one; close it.

    Raises:
        ProblemError: there is none, or it cannot be read.
    """
    return open_existing(home)


def one(journal: Journal, delivery_id: str) -> DeliveryRow:
    """The delivery of this id, or the only one whose id begins so.

    Raises:
        ProblemError: there is none, or several.
    """
    found = journal.find(delivery_id)
    if len(found) == 1:
        return found[0]
    if not found:
        raise ProblemError(
            Problem(
                code="no-such-delivery",
                what=f"there is no delivery {safe_text(delivery_id, max_chars=80)}",
                why="ids are those of GitHub's X-GitHub-Delivery; four characters of its beginning are enough",
                fix="tassist deliveries list",
            )
        )
    raise ProblemError(
        Problem(
            code="delivery-ambiguous",
            what=f"{len(found)} deliveries begin with {safe_text(delivery_id, max_chars=80)}",
            fix="give more of the id: " + ", ".join(safe_text(row.delivery_id) for row in found[:5]),
        )
    )
