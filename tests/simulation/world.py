"""The simulated world: GitHub, its webhooks on their way, and the service that lives and dies in it."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any

from tassist.store.database import FILE_NAME
from tests.simulation.api import Api
from tests.simulation.configurations import CONFIGS
from tests.simulation.faults import Faults
from tests.simulation.life import Life, compact
from tests.simulation.loop import VirtualLoop
from tests.simulation.state import APP_LOGIN, Installation, Logged, SimIssue, SimRepo, Stone, http_date, moment
from tests.simulation.watch import Watch
from tests.simulation.wire import found_in
from tests.support.delivering import signature

LABELS = (
    *("phase-1", "phase-2", "phase-3", "priority/low", "priority/medium", "priority/high", "state/open", "state/done"),
    *("track/main", "track/side", "area/ui", "area/api", "x-bug", "x-help", "x-question", "state/pinned"),
)
_PEOPLE = {"ann": 11, "bob": 12, "other[bot]": 13, APP_LOGIN: 99}


class World:
    """Everything outside the service, and the service."""

    def __init__(self, seed: int, home: Path, *, without: frozenset[str] = frozenset(), traced: bool = False) -> None:
        self.dice = random.Random(f"world {seed}")
        self.loop = VirtualLoop(random.Random(f"order {seed}"))
        self.home = home
        self.journal_path = home / FILE_NAME
        self.faults = Faults(random.Random(f"faults {seed}"), without=without)
        self.broken = asyncio.Event()
        self.watch = Watch(self)
        self.api = Api(self)
        self.repos: dict[int, SimRepo] = {}
        self.installations: dict[int, Installation] = {}
        self.log: list[Logged] = []
        self.poisoned: set[str] = set()
        self.sent = 0
        """Deliveries that were sent, repetitions counted."""
        self.answered: dict[int, int] = {}
        self.caught_up = 0
        self.lives = 0
        self.life: Life | None = None
        self.crashiness = 1.0
        self.away_until_s = -1.0
        """Until then nobody serves."""
        self.polls_until_s = -1.0
        """A life that begins before then has no webhook."""
        self.disk_full = False
        self.disk_full_s = -1e9
        self.down_until_s = -1.0
        """Until then GitHub answers nothing about any repository, whatever the faults are."""
        self.ended_by_itself = False
        self._outage_until_s = -1.0
        self._deadly: tuple[int, int] | None = None
        self.adversary: dict[tuple[int, int], float] = {}
        self._digest = hashlib.sha256()
        self._lines: list[str] | None = [] if traced else None
        self._guids = random.Random(f"guids {seed}")
        self._under_way = 0
        self._sending: set[asyncio.Task[int]] = set()
        self._outside = copy_context()
        self.populate()

    # --- time and the trace -------------------------------------------------------------------------

    @property
    def now_s(self) -> float:
        """Virtual seconds since the beginning."""
        return self.loop.now_s

    def epoch_s(self) -> float:
        """The same as GitHub counts it."""
        return moment(self.now_s).timestamp()

    def http_date(self) -> str:
        """For ``Date``."""
        return http_date(int(self.now_s))

    def trace(self, line: str) -> None:
        """Put a line into the trace, whose digest tells two runs apart."""
        full = f"{self.now_s:.6f} {line}\n"
        self._digest.update(full.encode())
        if self._lines is not None:
            self._lines.append(full)

    @property
    def digest(self) -> str:
        """Of everything that happened."""
        return self._digest.hexdigest()

    @property
    def lines(self) -> list[str]:
        """The trace, where it was kept."""
        return self._lines or []

    def later(self, delay_s: float, call: Callable[..., object], *values: object) -> None:
        """Do something of the world's own, which no death of the service ends."""
        self.loop.call_later(delay_s, call, *values, context=self._outside)

    # --- what is there in the beginning ----------------------------------------------------------------

    def populate(self) -> None:
        """Two accounts, three repositories, a few issues each."""
        for number, account in ((5, "acme"), (6, "octo")):
            self.installations[number] = Installation(number, account)
        for place, (name, installation_id) in enumerate((("acme/shop", 5), ("acme/site", 5), ("octo/app", 6)), start=1):
            repo = SimRepo(place, name, installation_id, CONFIGS[(place - 1) % len(CONFIGS)])
            repo.labels = {label: label for label in LABELS if label not in {"priority/medium", "track/side"}}
            if place == 2:
                repo.labels["phase-1"] = "Phase-1"
            if place == 3:
                repo.labels["track/main"] = "Track/Main"
            for number, title in enumerate(("Phase 1", "Phase 2", "Sprint", "Manual A", "Manual B", "Old"), start=1):
                repo.stones.append(Stone(number, title, "closed" if title == "Old" else "open"))
            for number in range(7, 12):
                repo.stones.append(Stone(number, f"Manual {number}"))
            self.repos[place] = repo
            for _ in range(5):
                self.open_issue(repo, "ann")

    def open_issue(self, repo: SimRepo, by: str) -> SimIssue:
        """Somebody opens an issue."""
        number = len(repo.issues) + 1
        title = self.dice.choice(("feat: a wish", "A bug", "Question", "side: later"))
        issue = SimIssue(number, title, self.now_s)
        repo.issues[number] = issue
        issue.keep(self.now_s, by_app=False)
        for label in self.dice.sample(LABELS, self.dice.randint(0, 3)):
            repo.add_label(issue, label, by, self.now_s)
        return issue

    # --- requests -----------------------------------------------------------------------------------------

    def of(self, url: str) -> tuple[SimRepo | None, SimIssue | None]:
        """What an address is about."""
        return found_in(self.repos, url)

    def outage(self) -> bool:
        """Whether GitHub is down now: sometimes for minutes."""
        if self.now_s < self._outage_until_s and self.faults.active:
            self.faults.note("server-error")
            return True
        if self.faults.may("server-error", 0.0002):
            self._outage_until_s = self.now_s + self.dice.uniform(60, 1500)
        return False

    def meddle(self, repo: SimRepo, issue: SimIssue) -> None:
        """Somebody changes the issue just before or just after it is read."""
        if self.faults.strikes("edit-in-between", 0.02) and not repo.archived:
            delay_s = self.dice.uniform(0.0, 0.6)
            self.later(delay_s, self.edit, repo, issue, self.dice.choice(LABELS), "bob")

    def edit(self, repo: SimRepo, issue: SimIssue, label: str, by: str) -> None:
        """Put a label on or take it off."""
        if repo.archived:
            return
        how = "unlabeled" if issue.has(label) else "labeled"
        change = repo.remove_label if how == "unlabeled" else repo.add_label
        change(issue, label, by, self.now_s)
        self.emit(repo, "issues", how, by, issue=issue, label={"name": label})

    def changed_by_app(self, repo: SimRepo, issue: SimIssue, form: tuple[str, str]) -> None:
        """The App has written; an adversary may undo it."""
        self.trace(f"wrote {repo.id}#{issue.number} {form}")
        until_s = self.adversary.get((repo.id, issue.number), 0.0)
        if self.now_s < until_s and self.faults.active and form[0] in {"add", "remove"}:
            self.faults.note("adversary")
            self.later(self.dice.uniform(0.5, 4.0), self._undo, repo, issue, form)

    def _undo(self, repo: SimRepo, issue: SimIssue, form: tuple[str, str]) -> None:
        if self.faults.active and not repo.archived and issue.has(form[1]) == (form[0] == "add"):
            self.edit(repo, issue, form[1], "other[bot]")

    # --- an issue that kills -----------------------------------------------------------------------------

    def is_deadly(self, key: tuple[int, int]) -> bool:
        """Whether looking at the issue kills the process."""
        if not self.faults.active or "deadly" not in self.faults.enabled:
            return False
        return key == self._deadly

    def make_deadly(self, key: tuple[int, int]) -> None:
        """From now on it does."""
        self._deadly = self._deadly or key

    def heal(self, key: tuple[int, int]) -> None:
        """It was given up; it kills no more."""
        if self._deadly == key:
            self._deadly = None

    # --- webhooks -------------------------------------------------------------------------------------------

    def emit(self, repo: SimRepo | None, event: str, action: str, by: str, **parts: Any) -> str:
        """Something happened, and GitHub tells of it."""
        dice, faults = self.dice, self.faults
        payload: dict[str, Any] = {"action": action} if action else {}
        installation_id = parts.pop("installation_id", repo.installation_id if repo else 0)
        for name, part in parts.items():
            payload[name] = {"number": part.number, "title": part.title} if isinstance(part, SimIssue) else part
        if repo is not None:
            payload["repository"] = {"id": repo.id, "full_name": repo.name, "default_branch": "main"}
        payload["sender"] = {"login": by, "id": _PEOPLE.get(by, 1)}
        payload.setdefault("installation", {"id": installation_id, "account": {"login": "acct"}})
        guid = f"{self._guids.getrandbits(64):016x}"
        first = Logged(
            len(self.log) + 1, guid, event, action, self.now_s, 0, repo.id if repo else 0, installation_id, payload
        )
        self.log.append(first)
        if repo is not None and repo.removed:
            self.log.pop()  # GitHub tells nobody of what the installation does not cover
            return guid
        if faults.strikes("loss", 0.02):
            return guid
        delay_s = dice.expovariate(5.0)
        if faults.strikes("reorder", 0.1):
            delay_s += dice.uniform(1.0, 40.0)
        if faults.strikes("late", 0.004):
            delay_s += dice.uniform(600.0, 20_000.0)
        self._attempt_later(delay_s, first)
        if faults.strikes("duplicate", 0.05):
            self._attempt_later(delay_s + dice.choice((0.0, 0.001, 5.0, 4000.0)) * dice.random(), first)
        return guid

    def _attempt_later(self, delay_s: float, attempt: Logged) -> None:
        self._under_way += 1
        self.later(delay_s, self._attempt, attempt)

    def _attempt(self, attempt: Logged) -> None:
        task = self.loop.create_task(self.send(attempt))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def send(self, attempt: Logged, *, body: bytes | None = None) -> int:
        """One attempt to deliver; answers the status, 0 where nobody answered."""
        try:
            self.sent += 1
            life = self.life
            if life is None or not life.ready or life.dead or life.polling:
                self.faults.note("down")
                self.trace(f"hook {attempt.guid} down")
                return 0
            content = compact(attempt.payload) if body is None else body
            headers = [
                (b"content-type", b"application/json"),
                (b"x-github-event", attempt.event.encode()),
                (b"x-github-delivery", attempt.guid.encode()),
                (b"x-hub-signature-256", signature(content).encode()),
            ]
            status = await life.receive(content, headers)
            attempt.status = status if not 200 <= attempt.status < 300 else attempt.status
            self.answered[status] = self.answered.get(status, 0) + 1
            self.trace(f"hook {attempt.guid} {attempt.event}.{attempt.action} {status}")
            return status
        finally:
            self._under_way -= 1

    async def redeliver(self, guid: str) -> int:
        """Somebody presses Redeliver."""
        attempt = next(one for one in self.log if one.guid == guid)
        self._under_way += 1
        return await self.send(attempt)

    async def send_poison(self) -> None:
        """A signed body that is no payload."""
        bodies = (
            b"not json",
            b'{"action":"opened","action":"closed","issue":{"number":1},"repository":{"id":1,"full_name":"a/b"}}',
            b'{"action":"opened","issue":{"number":' + b"9" * 40 + b'},"repository":{"id":1,"full_name":"a/b"}}',
            b'{"zen":NaN}',
            b'{"action":"opened"}',
            b"[" * 3000,
        )
        guid = f"poison-{self._guids.getrandbits(64):016x}"
        self.poisoned.add(guid)
        attempt = Logged(0, guid, "issues", "opened", self.now_s, 0, 1, 5, {})
        self._under_way += 1
        await self.send(attempt, body=self.dice.choice(bodies))

    @property
    def quiet(self) -> bool:
        """Whether no webhook is on its way."""
        return not self._under_way

    # --- the service's lives --------------------------------------------------------------------------------

    def start_life(self) -> None:
        """Start the service."""
        self.lives += 1
        polling = self.now_s < self.polls_until_s
        life = self.life = Life(self, self.lives, self.home, random.Random(self.dice.random()), polling=polling)
        life.start()

    def died(self, life: Life) -> None:
        """The service died; somebody starts it again."""
        if life is self.life:
            self.life = None
            down_s = self.dice.choice((0.5, 5.0, 60.0, 600.0)) * self.dice.random() if self.faults.active else 0.5
            down_s = max(down_s, self.away_until_s - self.now_s)
            self.later(down_s, self._revive)

    def _revive(self) -> None:
        self.watch.journal()
        if self.life is None and not self.broken.is_set():
            self.start_life()
