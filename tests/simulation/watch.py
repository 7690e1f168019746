"""What must always hold: judged at every write, every answer, every run's end, and on the journal as a whole."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.config import parse
from engine.config.types import Config
from engine.decide import decide
from engine.model import Trigger, fold
from engine.plan import (
    AddLabels,
    CloseIssue,
    CreateLabel,
    CreateMilestone,
    Effect,
    PostComment,
    RemoveLabels,
    SetMilestone,
)
from tassist.store.model import FinishedRun, LaneKey
from tests.simulation.invariants import Violation
from tests.simulation.state import APP_LOGIN, Installation, SimIssue, SimRepo, Version, moment

if TYPE_CHECKING:
    from tests.simulation.life import Life
    from tests.simulation.world import World


@dataclass(slots=True)
class Seen:
    """What the present look at an issue has read, and what the engine wants on that."""

    begun_s: float
    repo_foreign: int
    version: Version | None = None
    lagged: bool = False
    at_s: float = 0.0
    allowed: frozenset[tuple[str, ...]] | None = None
    excused: bool = False
    """GitHub refused something meanwhile."""


@dataclass
class Watch:
    """Everything observed, and the first broken promise."""

    world: World
    violation: Violation | None = None
    checked: Counter[str] = field(default_factory=Counter)
    acked: dict[str, int] = field(default_factory=dict)
    """Delivery ids answered with 2xx → how often."""
    _seen: dict[tuple[int, int], Seen] = field(default_factory=dict)
    _configs: dict[str, Config] = field(default_factory=dict)
    _recent: dict[tuple[Any, ...], deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _trouble: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _put_off: dict[LaneKey, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _refusals: dict[str, tuple[float, int]] = field(default_factory=dict)
    """Refused token → when last, and at how many times apart."""
    _must_come_as: dict[str, str] = field(default_factory=dict)
    _deaths: Counter[tuple[int, int]] = field(default_factory=Counter)
    _refused_at: dict[int, float] = field(default_factory=dict)
    _read: sqlite3.Connection | None = None
    asked: Counter[int] = field(default_factory=Counter)
    """Installation → requests with a token of its own, or for one."""
    reopened: set[str] = field(default_factory=set)
    pruned: bool = False
    """Whether retention has begun to remove what is over."""

    def holds(self, invariant: str, truth: bool, what: str | Callable[[], str]) -> None:
        """Note a check; remember the first that fails."""
        self.checked[invariant] += 1
        if not truth and self.violation is None:
            text = what if isinstance(what, str) else what()
            self.violation = Violation(invariant, text, self.world.sent)
            self.world.trace(f"VIOLATION {invariant}: {text}")
            self.world.broken.set()

    # --- the store, read beside the service ------------------------------------------------------

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What the journal holds, read beside the service."""
        if self._read is None:
            self._read = sqlite3.connect(self.world.journal_path, isolation_level=None)
            self._read.execute("PRAGMA query_only = 1")
        return self._read.execute(statement, values).fetchall()

    def close(self) -> None:
        """Give the connection back."""
        if self._read is not None:
            self._read.close()
            self._read = None

    def answers(self, life: Life, headers: Mapping[bytes, bytes], status: int) -> None:
        """The service is about to answer a delivery."""
        guid = headers[b"x-github-delivery"].decode()
        if 200 <= status < 300:
            found = self.rows("SELECT 1 FROM deliveries WHERE delivery_id = ?", guid)
            self.holds("acknowledged is stored", bool(found), lambda: f"{guid} answered {status}, and not stored")
            self.acked[guid] = self.acked.get(guid, 0) + 1
        elif guid not in self.world.poisoned:
            fine = self.world.disk_full or self.world.now_s - self.world.disk_full_s < 60
            self.holds("refused only in need", fine, lambda: f"{guid} answered {status}")

    # --- looks ------------------------------------------------------------------------------------

    def run_begins(self, life: Life, key: tuple[int, int]) -> None:
        """A run is about to look."""
        self.holds("one look at a time", key not in life.active, lambda: f"two looks at {key} at once")
        life.active.add(key)
        stored = self.rows("SELECT starts FROM lanes WHERE repo_id = ? AND number = ?", *key)
        # What waited where the App may no longer look is dropped, also between the two.
        repo = self.world.repos[key[0]]
        counted = stored[0][0] > 0 if stored else repo.removed or repo.archived
        self.holds("counted", counted, lambda: f"a look at {key} whose start is not stored")
        self._seen[key] = Seen(self.world.now_s, self.world.repos[key[0]].foreign)

    def served(self, repo: SimRepo, issue: SimIssue, version: Version, *, lagged: bool) -> None:
        """A look has read the issue."""
        seen = self._seen.get((repo.id, issue.number))
        if seen is not None:
            seen.version, seen.lagged, seen.at_s, seen.allowed = version, lagged, self.world.now_s, None

    def refused(self, repo: SimRepo) -> None:
        """Something was refused in the repository, for a permission or its installation: failures there are explained."""
        self._refused_at[repo.id] = self.world.now_s

    def _config(self, text: str) -> Config:
        found = self._configs.get(text)
        if found is None:
            parsed = parse(text, file=".github/task-assistant.yml")
            assert isinstance(parsed, Config), parsed
            found = self._configs[text] = parsed
        return found

    def wants(self, repo: SimRepo, issue: SimIssue, at_s: float) -> tuple[Effect, ...]:
        """What the engine wants on what GitHub really holds."""
        config = self._config(repo.config)
        return decide(Trigger("manual"), repo.engine_issue(issue), repo.engine_repo(), config, moment(at_s)).effects

    def writes(self, repo: SimRepo, issue: SimIssue | None, form: tuple[str, ...]) -> None:
        """The App writes; nothing has changed yet."""
        now_s = self.world.now_s
        self._in_ledger(repo, issue, form)
        if issue is None:
            return
        seen = self._seen.get((repo.id, issue.number))
        if seen is None or seen.version is None:
            self.holds("looks afresh", False, lambda: f"{form} to {repo.name}#{issue.number} without a look")
            return
        self._minimal(repo, issue, form, seen.version)
        self.holds("additive", form[0] != "replace", "labels were replaced as a whole")
        if form[0] in {"add", "remove"}:
            outside = [name for name in form[1:] if name.startswith("x-")]
            self.holds("outside untouched", not outside, lambda: f"{form} to {repo.name}#{issue.number}")
        if form[0] == "milestone":
            before = repo.stone(issue.milestone)
            self.holds(
                "outside untouched",
                before is None or not before.title.startswith("Manual") or seen.version.milestone != issue.milestone,
                lambda: f"{form} instead of {before and before.title} on {repo.name}#{issue.number}",
            )
            stone = repo.titled(form[1])
            fresh = repo.foreign == seen.repo_foreign
            self.holds("closed milestones", not fresh or stone is None or stone.state == "open", lambda: f"{form}")
        if form[0] == "comment":
            mine = [text for by, text in issue.comments if by == APP_LOGIN]
            self.holds("said once", form[1] not in mine, lambda: f"said twice on {repo.name}#{issue.number}: {form[1]}")
        self._wanted(repo, issue, form, seen)
        if form[0] in {"add", "remove", "milestone"}:
            recent = self._recent[repo.id, issue.number, *form]
            while recent and recent[0] < now_s - 600:
                recent.popleft()
            recent.append(now_s)
            self.holds(
                "no loops", len(recent) <= 7, lambda: f"{form} to {repo.name}#{issue.number}: {len(recent)} times"
            )

    def _in_ledger(self, repo: SimRepo, issue: SimIssue | None, form: tuple[str, ...]) -> None:
        where = " AND r.number = ?" if issue else ""
        found = self.rows(
            "SELECT 1 FROM effects e JOIN runs r USING (run_id)"
            f" WHERE r.repo_id = ?{where} AND r.state = 'running' AND e.state = 'intended' LIMIT 1",
            repo.id,
            *((issue.number,) if issue else ()),
        )
        self.holds("explainable", bool(found), lambda: f"{form} to {repo.name} without an intent in the journal")

    def _minimal(self, repo: SimRepo, issue: SimIssue, form: tuple[str, ...], version: Version) -> None:
        labels = {fold(label) for label in version.labels}
        stone = repo.stone(version.milestone)
        needless = (
            (form[0] == "add" and set(form[1:]) <= labels)
            or (form[0] == "remove" and form[1] not in labels)
            or (form[0] == "milestone" and stone is not None and stone.title == form[1])
            or (form[0] == "close" and version.state == "closed")
        )
        self.holds("minimal", not needless, lambda: f"{form} to {repo.name}#{issue.number}, which had {sorted(labels)}")

    def _wanted(self, repo: SimRepo, issue: SimIssue, form: tuple[str, ...], seen: Seen) -> None:
        version = seen.version
        assert version is not None
        if seen.lagged or version.foreign != issue.foreign or repo.foreign != seen.repo_foreign or repo.archived:
            return  # somebody else was faster than the write, which no client can know
        if seen.allowed is None:
            if version.events != len(issue.timeline):
                return
            plans = (self.wants(repo, issue, seen.at_s), self.wants(repo, issue, self.world.now_s))
            seen.allowed = frozenset(one for effects in plans for effect in effects for one in _forms(effect))
        fine = form in seen.allowed or (
            form[0] == "add" and any(one[0] == "add" and set(form[1:]) <= set(one[1:]) for one in seen.allowed)
        )
        self.holds("wanted", fine, lambda: f"{form} to {repo.name}#{issue.number}; wanted {sorted(seen.allowed or ())}")

    def replaced(self, repo: SimRepo, issue: SimIssue) -> None:
        """The replacing form of labels was used."""
        self.holds("additive", False, lambda: f"PUT of the labels of {repo.name}#{issue.number}")

    def finishing(self, run: FinishedRun) -> None:
        """A run is about to be stored."""
        self.world.trace(f"run {run.key.repo_id}#{run.key.number} {run.outcome} {run.reason}")
        repo = self.world.repos[run.key.repo_id]
        issue = repo.issues.get(run.key.number)
        seen = self._seen.pop((run.key.repo_id, run.key.number), None)
        reason = run.reason or ""
        if run.dead:
            self.holds("given up only with reason", "the service died" in reason, lambda: reason)
            self._deaths.pop((run.key.repo_id, run.key.number), None)
            self.world.heal((run.key.repo_id, run.key.number))
            return
        gone = "is deleted, transferred, or never was" in reason
        self.holds("gone only where gone", issue is None or not gone, lambda: f"{repo.name}#{run.key.number}: {reason}")
        if run.outcome in {"failed", "partial"}:
            excused = self.world.now_s - self._refused_at.get(repo.id, -1e9) < 900 or repo.archived or repo.removed
            told = '"problem":{' in run.result
            excused = excused or not told or "milestone-missing" in run.result or "could not be created" in run.result
            self.holds("no unexplained failure", excused, lambda: f"{repo.name}#{run.key.number}: {reason}")
        if run.outcome != "success" or issue is None:
            return
        fresh = seen is not None and seen.version is not None
        self.holds("looks afresh", fresh, lambda: f"{repo.name}#{run.key.number} succeeded without a look")
        if seen is None or seen.version is None or seen.lagged or repo.archived:
            return
        if seen.version.foreign != issue.foreign or repo.foreign != seen.repo_foreign:
            return
        left = self.wants(repo, issue, seen.at_s)
        if json.loads(run.trigger)["kind"] == "delivery":
            # Where somebody works on an issue, the timeline need not be read for a flag that the next sweep sets.
            left = tuple(effect for effect in left if effect.rule != "stale")
        self.holds("nothing left to do", not left, lambda: f"{repo.name}#{run.key.number}: {left}")

    # --- the wire ---------------------------------------------------------------------------------

    def resting(self, life: Life) -> None:
        """A moment in which suspended installations are looked for; asking them is judged where it happens."""
        self.checked["paused"] += len(life.paused)

    def sent(self, life: Life, method: str, url: str, headers: Mapping[str, str]) -> None:
        """A request leaves the service."""
        now_s = self.world.now_s
        must = self._must_come_as.pop(url, None)
        if must is not None:
            self.holds("method kept", method == must, lambda: f"{must} became {method}: {url}")
            return
        scope = _scope(headers)
        if scope is None:
            return
        self.asked[int(scope)] += 1
        until_s = life.held.get(scope, 0.0)
        self.holds("obeys waits", now_s >= until_s - 0.01, lambda: f"{method} {url} {until_s - now_s:.1f} s too early")
        if method != "GET":
            last_s = life.last_write_s.get(scope, -1e9)
            self.holds("spacing", now_s - last_s >= 0.999, lambda: f"{now_s - last_s:.3f} s between writes")
            life.last_write_s[scope] = now_s

    def answered(
        self, life: Life, method: str, url: str, headers: Mapping[str, str], status: int, found: Mapping[str, str]
    ) -> None:
        """An answer reaches the service."""
        scope = _scope(headers)
        if scope is None:
            return
        now_s = self.world.now_s
        if status in {403, 429} and "retry-after" in found:
            life.held[scope] = max(life.held.get(scope, 0.0), now_s + float(found["retry-after"]))
        if status >= 500:
            path = f"{method} {url.partition('?')[0]}"
            recent = self._trouble[path]
            while recent and recent[0] < now_s - 600:
                recent.popleft()
            recent.append(now_s)
            most = 60 if "/issues/" in path else 600  # what all issues of a repository share
            self.holds("backs off", len(recent) <= most, lambda: f"{len(recent)} times in ten minutes: {path}")

    def put_off(self, key: LaneKey) -> None:
        """A look met trouble of the world's and is to be tried again."""
        now_s = self.world.now_s
        recent = self._put_off[key]
        while recent and recent[0] < now_s - 600:
            recent.popleft()
        recent.append(now_s)
        # Two seconds, doubled each time: nine in ten minutes, and as many again where all of it was begun anew.
        self.holds("backs off", len(recent) <= 24, lambda: f"{len(recent)} looks in ten minutes at {key}")

    def redirected(self, method: str, target: str) -> None:
        """A request was sent on to another address."""
        self._must_come_as[target] = method

    def minted(self, installation: Installation, body: Any) -> None:
        """A token is asked for."""
        permissions = (body or {}).get("permissions") or {"everything": "write"}
        allowed = {"issues": "write", "contents": "read", "metadata": "read"}
        narrow = all(allowed.get(name) in {level, "write"} for name, level in permissions.items())
        one = len((body or {}).get("repository_ids") or ()) == 1
        narrow = narrow and (one or permissions == {"metadata": "read"})  # what lists repositories reaches them all
        self.holds("narrowed", narrow, lambda: f"a token of {installation.account} for {body}")

    def refused_token(self, token: str) -> None:
        """A token was refused."""
        last_s, times = self._refusals.get(token, (-1e9, 0))
        times += self.world.now_s - last_s > 100
        self._refusals[token] = (self.world.now_s, times)
        self.holds("refused tokens", times <= 3, lambda: f"a refused token is used at {times} different times")

    def asked_while_suspended(self, installation: Installation) -> None:
        """Something was asked of a suspended installation."""
        life = self.world.life
        since_s = life.paused.get(installation.id) if life else None
        # Without a webhook nobody tells of one that worked in between and was suspended again.
        past_s = self.world.now_s - max(since_s, installation.changed_s) if since_s is not None else 0.0
        # A look that was under way may still ask, for as long as a look may take.
        self.holds("paused", past_s < 330, lambda: f"asked {past_s:.0f} s after {installation.account} was suspended")

    def killed(self, key: tuple[int, int]) -> None:
        """Looking at an issue kills the process."""
        repo = self.world.repos[key[0]]
        if repo.removed or repo.archived:
            return  # what waits is dropped somewhere in this time, and what comes after that is counted anew
        self._deaths[key] += 1
        self.holds("bounded deaths", self._deaths[key] <= 8, lambda: f"{key} killed it {self._deaths[key]} times")

    def covered_again(self, repo: SimRepo) -> None:
        """What waited for the repository was dropped while it was away; deaths are counted anew with what comes now."""
        for key in [key for key in self._deaths if key[0] == repo.id]:
            del self._deaths[key]

    # --- the journal as a whole ---------------------------------------------------------------------

    def journal(self) -> None:
        """What holds in every moment, judged after each death and at the end; not once retention has removed what is over."""
        if self.pruned:
            return
        known = {row[0] for row in self.rows("SELECT delivery_id FROM deliveries")}
        lost = [guid for guid in self.acked if guid not in known]
        self.holds("acknowledged is stored", not lost, lambda: f"lost: {lost[:3]}")
        [(finished, with_record)] = self.rows(
            "SELECT count(*), count(e.run_id) FROM runs r LEFT JOIN records e ON e.run_id = r.run_id"
            " WHERE r.state = 'finished'"
        )
        [(records, runs)] = self.rows("SELECT count(*), count(DISTINCT run_id) FROM records WHERE run_id IS NOT NULL")
        fine = finished == with_record == records == runs
        self.holds(
            "one record for a run", fine, lambda: f"{finished} runs, {with_record} with a record, {records} records"
        )

    def deliveries(self) -> None:
        """What holds of every delivery, judged at the end."""
        by_run: dict[str, set[str]] = {}
        for run_id, line in self.rows("SELECT run_id, line FROM records WHERE run_id IS NOT NULL"):
            record = json.loads(line)
            by_run[run_id] = set(record["trigger"].get("delivery_ids", ()))
        issues = self.rows("SELECT run_id, repo_id, number FROM runs")
        place = {run_id: (repo_id, number) for run_id, repo_id, number in issues}
        twice: Counter[tuple[str, Any]] = Counter()
        for run_id, ids in by_run.items():
            twice.update((guid, place.get(run_id)) for guid in ids)
        doubled = [key for key, count in twice.items() if count > 1 and key[0] not in self.reopened]
        self.holds("once", not doubled, lambda: f"in several records: {doubled[:3]}")
        for guid, run_id, state, sender in self.rows("SELECT delivery_id, run_id, state, sender FROM deliveries"):
            if state == "done" and run_id is not None:
                self.holds("done by a run", guid in by_run.get(run_id, ()), f"{guid} is not in its record")
            elif state == "done":
                whole = self.rows(
                    "SELECT 1 FROM looks l JOIN deliveries d USING (seq) WHERE d.delivery_id = ? AND l.number = 0", guid
                )
                self.holds("done by a run", bool(whole), f"{guid} is done by nobody")
            if sender == APP_LOGIN:
                self.holds("own writes", state not in {"done", "waiting"}, f"{guid} was looked at")

    def settled_down(self) -> None:
        """What holds when nothing waits any more."""
        half = self.rows("SELECT run_id FROM runs WHERE state = 'running'")
        self.holds("no run is left half", not half, lambda: f"unfinished: {half[:3]}")
        intents = self.rows(
            "SELECT run_id FROM effects JOIN runs USING (run_id) WHERE effects.state = 'intended' AND runs.state = 'finished'"
        )
        self.holds("no run is left half", not intents, lambda: f"unsettled: {intents[:3]}")
        waiting = self.rows("SELECT delivery_id, state FROM deliveries WHERE state IN ('stored', 'waiting')")
        self.holds("alive", not waiting, lambda: f"still waiting: {waiting[:3]}")

    def missed(self, before_s: float = math.inf) -> None:
        """Everything GitHub's log still holds, of what was sent before, is here."""
        known = {row[0] for row in self.rows("SELECT delivery_id FROM deliveries")}
        since_s = self.world.now_s - 2.9 * 86400
        for attempt in self.world.log:
            if since_s <= attempt.at_s < before_s and _matters(attempt):
                self.holds("nothing missed", attempt.guid in known, f"{attempt.event}.{attempt.action} {attempt.guid}")

    def telemetry(self, folder: Path) -> None:
        """The files hold every record once."""
        wanted = Counter(bytes(row[0]) for row in self.rows("SELECT line FROM records WHERE run_id IS NOT NULL"))
        found: Counter[bytes] = Counter()
        for path in sorted(folder.rglob("*.jsonl")):
            for line in path.read_bytes().split(b"\n"):
                if b'"event_type":"run"' in line:
                    found[line] += 1
        self.holds("telemetry complete", found == wanted, lambda: f"{sum(found.values())} lines, {len(wanted)} records")


def _matters(attempt: Any) -> bool:
    from engine.triggers import relevance

    return relevance(attempt.event, attempt.action).scope != "nothing"


def _scope(headers: Mapping[str, str]) -> str | None:
    token = headers.get("authorization", "").removeprefix("Bearer ")
    return token.split("_")[1] if token.startswith("ghs_") else None


def _forms(effect: Effect) -> list[tuple[str, ...]]:
    match effect:
        case AddLabels(names=names):
            return [("add", *map(fold, names))]
        case RemoveLabels(names=names):
            return [("remove", fold(name)) for name in names]
        case SetMilestone(title=title):
            return [("milestone", title)]
        case CreateLabel(name=name):
            return [("create-label", fold(name))]
        case CreateMilestone(title=title):
            return [("create-milestone", title)]
        case PostComment(body=body):
            return [("comment", body)]
        case CloseIssue():
            return [("close", "")]
