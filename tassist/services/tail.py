"""The console as lines: what wants attention, the last deliveries, and then each thing that happens, as a sentence.

For screen readers, slow lines and pipes: nothing is drawn, moved or taken back; the information is the console's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.ports import Clock
from tassist.services import overview
from tassist.services.hook import Hook
from tassist.services.overview_words import attention_in_words, in_words
from tassist.services.provenance import told
from tassist.store.model import DeliveryRow
from tassist.store.pages import Filter, Listed
from tassist.store.ports import Journal
from tassist.text import noun

_MOST_FOLLOWED = 5_000
_LOOK_AGAIN = 20
"""What wants attention is looked at once in so many rounds."""
_SETTLED = ("done", "ignored", "dead", "quarantined")


def tail(
    journal: Journal,
    home: Path,
    clock: Clock,
    *,
    last: int = 10,
    follow: bool,
    rest: Callable[[], bool],
    hook: Callable[[], Hook] | None = None,
    writes_per_hour: int = overview.WRITES_PER_HOUR,
    serve: str = "tassist serve",
) -> Iterator[str]:
    """Lines, oldest first; each says one thing.

    Args:
        journal: What is looked at.
        home: Its folder.
        clock: For how long ago things were.
        last: How many deliveries are told in the beginning.
        follow: Go on with what happens, until ``rest`` says to stop.
        rest: Called between two rounds; sleeps, and says whether to go on.
        hook: Asks GitHub where the webhook leads; ``None``: it is not asked.
        writes_per_hour: What each installation may write; 0 for no limit.
        serve: The command that starts a service with this folder.
    """

    def looked(last: int) -> overview.Overview:
        return overview.overview(
            journal,
            home,
            clock.now(),
            last=last,
            writes_per_hour=writes_per_hour,
            serve=serve,
            hook=asked.look() if asked else None,
        )

    asked = _Asked(hook, clock) if hook is not None else None
    found = looked(max(last, 1))
    yield from in_words(found)
    shown = found.last[:last]
    if shown:
        yield f"last {len(shown)} {noun(len(shown), 'delivery', 'deliveries')}:"
    elif not found.last:
        yield "no delivery yet"
    followed: OrderedDict[int, str] = OrderedDict()
    for one in reversed(shown):
        yield sentence(journal, one)
        if one.row.state not in _SETTLED:
            followed[one.row.seq] = one.row.state
    if not follow:
        return
    place = journal.browse.extent().last
    known = {one.what for one in found.attention}
    rounds = 0
    yield "following; Ctrl-C ends it"
    while rest():
        page = journal.browse.page(Filter(), limit=200, after=place)
        for one in reversed(page.rows):
            place = one.row.seq
            yield sentence(journal, one)
            if one.row.state not in _SETTLED:
                followed[one.row.seq] = one.row.state
        yield from _settled(journal, followed)
        while len(followed) > _MOST_FOLLOWED:
            followed.popitem(last=False)
        rounds += 1
        if rounds % _LOOK_AGAIN == 0:
            now = looked(1).attention
            said = {one.what for one in now}
            for attention in now:
                if attention.what not in known:
                    yield attention_in_words(attention)
            yield from (f"over: {what}" for what in sorted(known - said))
            known = said


class _Asked:
    """What GitHub said of the webhook, asked anew every few minutes, as Home does."""

    def __init__(self, ask: Callable[[], Hook], clock: Clock) -> None:
        self._ask, self._clock = ask, clock
        self._found: Hook | None = None

    def look(self) -> Hook:
        if self._found is None or self._clock.now() - self._found.at >= overview.HOOK_ASKED_EVERY:
            self._found = self._ask()
        return self._found


def _settled(journal: Journal, followed: OrderedDict[int, str]) -> Iterator[str]:
    """What became of deliveries that were told before."""
    if not followed:
        return
    low, high = min(followed), max(followed)
    for one in reversed(journal.browse.between(Filter(), low, high, limit=_MOST_FOLLOWED)):
        before = followed.get(one.row.seq)
        if before is not None and before != one.row.state:
            yield sentence(journal, one)
            if one.row.state in _SETTLED:
                del followed[one.row.seq]
            else:
                followed[one.row.seq] = one.row.state


def sentence(journal: Journal, one: Listed) -> str:
    """One delivery: when, what, about which issue, by whom, and how it stands."""
    row = one.row
    event = f"{row.event}.{row.action}" if row.action else row.event
    about = f" {_about(row)}" if row.repo else ""
    by = f" by {row.sender}" if row.sender else ""
    head = f"{row.received_at:%H:%M:%S} {event}{about}{by}: {row.state}"
    if row.state != "done":
        return head + (f", {row.reason}" if row.reason else "")
    run = journal.run(row.run_id) if row.run_id else None
    if run is None:
        return head
    found = told(journal, run)
    rules = "; ".join(f"{decided.rule} {decided.outcome}: {decided.reason}" for decided in found.decisions
                      if decided.outcome not in {"already", "skipped"})  # fmt: skip
    reason = f" ({run.reason})" if run.reason else ""
    return f"{head}, {run.outcome}{reason}, {found.writes} {noun(found.writes, 'write')}" + (
        f"; {rules}" if rules else ""
    )


def _about(row: DeliveryRow) -> str:
    numbers = ",".join(f"#{number}" if number else " (every open issue)" for number in row.issues[:5])
    return f"{row.repo}{numbers}{'…' if len(row.issues) > 5 else ''}"
