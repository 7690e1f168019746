"""Shows each delivery, decision and write as it happens, and knows when nothing is left to happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from operator import itemgetter
from urllib.parse import unquote

import msgspec

from engine.problems import Problem, ProblemError
from tassist.clock import SystemClock
from tassist.sandbox import Box
from tassist.sandbox.requests import Request
from tassist.sandbox.webhooks import Delivery
from tassist.services.demo.voice import Voice
from tassist.store.ports import Journal
from tassist.telemetry.shape import Record
from tassist.text import noun, safe_text

POLL_S = 0.05
SETTLE_TIMEOUT_S = 120.0
SINK = "jsonl"

_QUIET = {"already", "skipped"}
_RECORD = msgspec.json.Decoder(Record)


@dataclass(slots=True)
class Seen:
    """How much has been shown."""

    deliveries: int = 0
    requests: int = 0
    record_seq: int = 0
    runs: int = 0
    corrected: set[int] = field(default_factory=set)
    """Issues a run changed."""


class Watch:
    """Follows the box, the journal and the telemetry of one demo."""

    def __init__(self, box: Box, journal: Journal, voice: Voice, *, quiet_looks: bool = False) -> None:
        self.box = box
        self.journal = journal
        self.voice = voice
        self.seen = Seen()
        self.quiet_looks = quiet_looks
        """Leave out runs that changed nothing and were caused by no delivery: a hundred such lines tell nothing."""

    def show(self) -> None:
        """Show what is new, in the order in which it happened."""
        happened: list[tuple[datetime, Callable[[], None]]] = []
        for delivery in self.box.webhooks.log[self.seen.deliveries :]:
            self.seen.deliveries += 1
            happened.append((delivery.delivered_at or delivery.queued_at, partial(self._delivery, delivery)))
        for request in list(self.box.requests)[self.seen.requests :]:
            self.seen.requests += 1
            if request.is_write and request.kind == "installation":
                happened.append((request.at, partial(self._write, request)))
        while page := self.journal.outbox.read(self.seen.record_seq, 200):
            for seq, line in page:
                self.seen.record_seq = seq
                record = _RECORD.decode(line)
                happened.append((datetime.fromisoformat(record.timestamp), partial(self._record, record)))
        for _, tell in sorted(happened, key=itemgetter(0)):
            tell()

    def _delivery(self, delivery: Delivery) -> None:
        name = delivery.event + (f".{delivery.action}" if delivery.action else "")
        again = " again" if delivery.redelivery else ""
        answer = f"{delivery.status_code} in {delivery.duration * 1000:.0f} ms"
        if not delivery.ok:
            answer = safe_text(delivery.status)
            if delivery.event == "ping":
                answer += ": GitHub greets a new App at once, and its server is started after that"
        self.voice.say(f"delivery  {safe_text(name)}{again}  {delivery.guid[:8]}  → {answer}", indent=3)

    def _write(self, request: Request) -> None:
        self.voice.say(f"write     {said(request)} → {request.status}", indent=3)

    def settle(self, *, timeout_s: float = SETTLE_TIMEOUT_S) -> None:
        """Show what happens until nothing is left: no delivery, no issue waiting, no record on its way.

        Raises:
            ProblemError: It did not come to rest in time.
        """
        self._until(self._at_rest, "the server did not come to rest", timeout_s=timeout_s)

    def until(self, condition: Callable[[], bool], what: str, *, timeout_s: float = 30.0) -> None:
        """Show what happens until ``condition`` holds.

        Raises:
            ProblemError: It did not hold in time; ``what`` says what was waited for.
        """
        self._until(condition, what, timeout_s=timeout_s)

    def forever(self) -> None:
        """Show what happens until the demo is interrupted."""
        while True:
            self.show()
            time.sleep(POLL_S)

    def lost(self) -> list[str]:
        """Delivery ids that were acknowledged and are not done: there must be none."""
        acknowledged = {delivery.guid for delivery in self.box.webhooks.log if delivery.ok}
        return sorted(guid for guid in acknowledged if not any(row.state in _DONE for row in self.journal.find(guid)))

    def _until(self, condition: Callable[[], bool], what: str, *, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise ProblemError(
                    Problem(
                        "demo-stuck", f"{what} within {timeout_s:.0f} s", fix="run it again with --debug", family="ours"
                    )
                )
            self.show()
            time.sleep(POLL_S)
        self.show()

    def _at_rest(self) -> bool:
        if self.box.webhooks.pending or not self.box.webhooks.wait_idle(0.01):
            return False
        counts = self.journal.counts()
        if counts.get("stored", 0) or counts.get("waiting", 0) or self.journal.repos():
            return False
        if self.journal.sweeps.unfinished() or self.journal.standing.due(SystemClock().now(), 1):
            return False  # GitHub has still to be asked how an installation stands, and looks follow
        return self.journal.outbox.waiting(SINK) == 0

    def _record(self, record: Record) -> None:
        if record.event_type != "run":
            return
        self.seen.runs += 1
        issue = f"#{record.issue_number}"
        changed = bool(record.changes_made)
        if changed and record.issue_number is not None:
            self.seen.corrected.add(record.issue_number)
        loud = [decision for decision in record.decisions if decision.outcome not in _QUIET]
        if self.quiet_looks and not changed and not (record.trigger and record.trigger.delivery_id):
            return
        reason = f": {safe_text(record.reason, max_chars=200)}" if record.reason and not loud else ""
        self.voice.say(f"run       {issue} {record.outcome}, {_counted(len(record.changes_made))}{reason}", indent=3)
        for decision in loud:
            self.voice.say(
                f"{decision.rule}: {decision.outcome}. {safe_text(decision.reason, max_chars=400)}", indent=13
            )


_DONE = {"done", "ignored"}
_WORDS = {
    ("POST", "labels"): "add labels",
    ("DELETE", "labels"): "remove label",
    ("PATCH", "milestone"): "set milestone",
    ("PATCH", "state"): "set state",
    ("POST", "comments"): "comment",
}


def _counted(changes: int) -> str:
    return f"{changes} {noun(changes, 'change')}"


def said(request: Request) -> str:
    """A write in words: what is done to which issue; as it was sent where there are no words for it."""
    parts = request.path.strip("/").split("/")
    number = parts[parts.index("issues") + 1] if "issues" in parts[:-1] else ""
    body = safe_text(request.body.decode(errors="replace"), max_chars=120)
    if number.isdigit():
        rest = parts[parts.index("issues") + 2 :]
        field_name = rest[0] if rest else next((name for _, name in _WORDS if f'"{name}"' in body), "")
        words = _WORDS.get((request.method, field_name))
        what = safe_text(unquote("/".join(rest[1:])), max_chars=60) if len(rest) > 1 else body
        if words:
            return f"#{number} {words} {what}"
    return f"{request.method} {safe_text(request.path)} {body}".rstrip()
