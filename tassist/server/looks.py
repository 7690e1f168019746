"""One look at one issue: gather what waits for it, run the engine, store what the run leaves in one transaction."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

import msgspec

from engine.model import Issue, IssueRef, Trigger, fold
from engine.ports import Clock, Retry, RunResult
from engine.problems import Problem, ProblemError
from tassist.config import faults
from tassist.errors import problems_of
from tassist.log import get_logger, log_event
from tassist.server.ledger import LedgerApplier, RunId, pieced_together, single_writes
from tassist.server.metrics import Metrics
from tassist.server.ports import GitHubSide, MakeRecord, Telling
from tassist.store.database import StoreError
from tassist.store.ledger import new_run_id
from tassist.store.model import Covered, EffectRow, FinishedRun, Lane, LaneKey, Over, from_us
from tassist.store.outbox import event_id_of
from tassist.store.ports import Journal, shared

_LOG = get_logger("runs")
_LEAST = timedelta(hours=1)
"""Nothing is given up for trouble of the world's sooner after a start."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a delivery is tried before it is given up, and how often."""

    first_s: float = 2.0
    most_s: float = 900.0
    """Waits double from the first to this."""
    retry_for: timedelta = timedelta(hours=72)
    """Trouble of the world's is waited out this long, counted from the first look that failed."""
    person_s: float = 300.0
    """How long what a person must mend is left alone between two looks."""
    bug_attempts: int = 3
    """An error nobody foresaw is tried so often: the same payload will hardly fare better."""
    starts: int = 7
    """Looks that began and never came back: the process died in them each time. A start is stored before the look begins,
    so it was really in hand."""
    rest_s: float = 60.0
    """How long a suspect rests after one more death; each further one doubles it. So seven deaths take a quarter of an hour
    at the least, in which the service works without it, and a machine that dies for another reason does not cost deliveries."""
    suspect_from: int = 2
    """A lane whose look did not come back so often is looked at with no other suspect beside it, so that whichever kills
    the process is found, and is given up alone."""
    look_s: float = 300.0
    """A look that takes longer is broken off and tried again."""
    flips: int = 4
    """The same write to one issue so often within ``flip_window`` means that somebody undoes it."""
    flip_window: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Work:
    """One look under way."""

    run: RunId
    lane: Lane
    covered: Sequence[Covered]
    trigger: Trigger
    before: Sequence[EffectRow]
    """What an earlier part of the same run wrote, before it was broken off."""


class Looks:
    """Takes a lane from waiting to done, put off, or given up."""

    def __init__(
        self,
        journal: Journal,
        github: GitHubSide,
        make_record: MakeRecord,
        clock: Clock,
        metrics: Metrics,
        patience: Patience | None = None,
        tell: Telling | None = None,
    ) -> None:
        self._journal = journal
        self._github = github
        self._make_record = make_record
        self._clock = clock
        self._metrics = metrics
        self._patience = patience or Patience()
        self._tell = tell
        self._many_clocks = shared(journal) is not None
        self._configs: dict[int, str] = {}
        """The configuration each repository had when it was read last, by its digest."""
        self._counted: set[LaneKey] = set()
        """Lanes whose start is counted and whose outcome is not stored; the journal refused it, nobody died."""
        self._alone = asyncio.Lock()
        self._began = clock.now()

    async def look(self, lane: Lane) -> bool:
        """Look once; returns whether the issue waits for another look at once.

        Raises:
            StoreError: the outcome could not be stored; the lane is as it was.
        """
        died = max(lane.starts - (lane.key in self._counted), 0)
        async with self._alone if died >= self._patience.suspect_from else contextlib.nullcontext():
            waits = await self._look(lane, died)
        self._counted.discard(lane.key)
        return waits

    async def _look(self, lane: Lane, died: int) -> bool:
        covered = self._journal.covered(lane.key)
        if not covered and self._journal.lane(lane.key) is None:
            return False
        trigger = _trigger(covered, lane)
        now = self._clock.now()
        prior = self._journal.unfinished_run(lane.key)
        run = RunId(
            run_id=prior.run_id if prior else new_run_id(now),
            key=lane.key,
            repo=lane.repo,
            trigger=_json(trigger),
            started_at=prior.started_at if prior else now,
        )
        work = _Work(run, lane, covered, trigger, self._journal.effects(run.run_id) if prior else ())
        ref = IssueRef(lane.repo, lane.key.number, lane.key.repo_id)
        if died >= self._patience.starts:
            problem = _bug(f"the service died {died} times while it looked at {ref}")
            return await self._give_up(work, problem)
        try:
            if self._flips(lane.key, now):
                return await self._set_aside(work)
            # A look whose start cannot be stored does not begin: if it killed the process, nobody would ever know.
            counted = lane.key in self._counted and lane.starts > 0
            if not await self._journal.started(lane.key, rest=self._rest(died), now=now, counted=counted):
                return False
            self._counted.add(lane.key)
            async with asyncio.timeout(self._patience.look_s):
                if lane.key.number == 0:
                    return await self._spread(lane, covered)
                result = await self._github.run(
                    trigger,
                    ref,
                    installation_id=lane.installation_id,
                    ledger=lambda inner: LedgerApplier(inner, self._journal, run, self._clock),
                    since=self._since(lane, covered),
                )
        except asyncio.CancelledError:
            await self._journal.stopped(lane.key)
            raise
        except StoreError:
            raise
        except Retry as retry:
            return await self._again(work, retry)
        except TimeoutError:
            problem = Problem(
                "look-too-long", f"a look at {ref} took more than {self._patience.look_s:.0f} s", family="world"
            )
            return await self._again(work, Retry(problem))
        except Exception as error:  # noqa: BLE001 – one poisoned delivery stops nothing else
            return await self._failed(work, error)
        return await self._finish(work if result.issue is not None or result.applied else self._apart(work), result)

    def _since(self, lane: Lane, covered: Sequence[Covered]) -> datetime | None:
        """When the newest of the deliveries came that ask for the look; ``None`` where something else asks for it as well.

        Machines that share a journal have a clock each, so there one cannot tell what came first.
        """
        if not covered or lane.sweep or lane.asked_at or self._many_clocks:
            return None
        return max(item.received_at for item in covered)

    async def _spread(self, lane: Lane, covered: Sequence[Covered]) -> bool:
        """A look at a whole repository is a look at each of its open issues."""
        numbers = await self._github.open_issues(lane.repo, lane.key.repo_id, installation_id=lane.installation_id)
        waits = await self._journal.spread(
            lane, up_to_seq=covered[-1].seq if covered else 0, numbers=numbers, now=self._clock.now()
        )
        log_event(_LOG, "repository-spread", f"will look at every open issue of {lane.repo}", issues=len(numbers))
        return waits

    # --- the ways a look ends -----------------------------------------------------------------

    async def _finish(self, work: _Work, result: RunResult, *, dead: bool = False) -> bool:
        run, lane, covered = work.run, work.lane, work.covered
        result, resolved = pieced_together(result, work.before)
        now = self._clock.now()
        finished = result.finished or now
        line = self._make_record(
            result,
            trigger=work.trigger,
            run_id=run.run_id,
            delivery_ids=[item.delivery_id for item in covered],
            received=covered[0].received_at if covered else None,
            recorded=now,
        )
        faults.point("before-finish")
        waits = await self._journal.finish(
            FinishedRun(
                run_id=run.run_id,
                key=lane.key,
                repo=result.ref.repo,
                trigger=run.trigger,
                started_at=result.started or run.started_at,
                finished_at=finished,
                outcome=result.outcome,
                reason=result.reason,
                result=_json(_summary(result)),
                up_to_seq=covered[-1].seq if covered else 0,
                covered=tuple(item.seq for item in covered),
                event_id=event_id_of(line),
                record=line,
                dead=dead,
                further=self._further(work, result, now, dead=dead),
                resolved=resolved,
                installation_id=lane.installation_id,
                **_family(result),
            )
        )
        faults.point("after-finish")
        if result.config_digest:
            self._configs[lane.key.repo_id] = result.config_digest
        self._metrics.count("runs", "dead" if dead else result.outcome)
        self._metrics.count("writes", by=result.writes)
        self._metrics.count("reads", by=result.reads)
        log_event(
            _LOG,
            "run-finished",
            f"looked at {result.ref}",
            outcome=result.outcome,
            reason=result.reason,
            changed=", ".join(_said(applied.effect) for applied in result.applied if applied.changed) or None,
            deliveries=len(covered),
            run_id=run.run_id,
        )
        return waits

    def _further(self, work: _Work, result: RunResult, now: datetime, *, dead: bool) -> tuple[bytes, ...]:
        """Records of deliveries that are given up, and of a configuration that is another one than before."""
        if self._tell is None:
            return ()
        key, lines = work.lane.key, []
        if result.config_digest and self._configs.get(key.repo_id) != result.config_digest:
            lines.append(self._tell.checked(result, run_id=work.run.run_id, at=now))
        for item in work.covered if dead else ():
            over = Over(
                item.delivery_id, item.event, item.action, "dead", result.reason, key.repo_id, result.ref.repo,
                item.sender, item.sender_id, now,
            )  # fmt: skip
            lines.append(self._tell.over(over))
        return tuple(lines)

    async def _again(self, work: _Work, retry: Retry) -> bool:
        problem = retry.problems[0]
        now = self._clock.now()
        lane = work.lane
        # From the first failure on, not from the arrival: what waited while nobody was here was not tried yet.
        since = from_us(lane.asked_at) if lane.asked_at else now
        # And not while nobody was here: after an absence it is tried for a while, whatever failed before.
        here = now - self._began > min(self._patience.retry_for, _LEAST)
        if here and now - since > self._patience.retry_for:
            return await self._give_up(work, problem)
        wait_s = self._wait_s(lane.attempts) if retry.after_s is None else min(max(retry.after_s, 0.0), 3600.0)
        # A limit is told with its end; waiting for that is no attempt.
        await self._put_off(lane, now, wait_s, problem, counts=retry.after_s is None)
        return False

    async def _failed(self, work: _Work, error: Exception) -> bool:
        problem = problems_of(error)[0]
        lane = work.lane
        if isinstance(error, ProblemError) and lane.key.number == 0 and lane.sweep and not work.covered:
            # The repository went away between being listed and being read; the next sweep asks again.
            log_event(_LOG, "repository-not-swept", f"could not sweep {lane.repo}", level=30, why=problem.what)
            await self._journal.abandon(lane.key)
            return False
        if isinstance(error, ProblemError) and problem.family == "auth":
            # Perhaps the installation or the repository is not what it was, and nothing told of it.
            self._doubt(lane)
        if isinstance(error, ProblemError) and problem.family in {"world", "auth", "waiting"}:
            # Somebody has to do something: grant a permission, unsuspend, mend a network. Until then it waits.
            return await self._again(work, Retry(problem, after_s=self._patience.person_s))
        log_event(_LOG, "look-failed", f"a look at {lane.repo}#{lane.key.number} failed", level=40, error=repr(error))
        if lane.attempts + 1 >= self._patience.bug_attempts:
            return await self._give_up(work, problem)
        await self._put_off(lane, self._clock.now(), self._wait_s(lane.attempts), problem)
        return False

    async def _put_off(
        self, lane: Lane, now: datetime, wait_s: float, problem: Problem, *, counts: bool = True
    ) -> None:
        until = now + timedelta(seconds=wait_s)
        await self._journal.put_off(lane.key, until=until, reason=problem.what, now=now, counts=counts)
        self._metrics.count("looks_put_off", problem.family)
        log_event(
            _LOG,
            "look-put-off",
            f"will look again at {lane.repo}#{lane.key.number}",
            level=30,
            wait_s=round(wait_s, 1),
            attempt=lane.attempts + 1,
            why=problem.what,
        )

    def _apart(self, work: _Work) -> _Work:
        """A run that looks at nothing cannot tell what became of writes whose answer was lost: it is one of its own.

        The one that was broken off stays so, and the next look that sees the issue tells all it did.
        """
        if all(row.state != "intended" for row in work.before):
            return work
        now = self._clock.now()
        run = dataclasses.replace(work.run, run_id=new_run_id(now), started_at=now)
        return dataclasses.replace(work, run=run, before=())

    async def _give_up(self, work: _Work, problem: Problem) -> bool:
        result = self._without_look(work.lane, "failed", f"given up: {problem.what}", problem)
        return await self._finish(self._apart(work), result, dead=True)

    async def _set_aside(self, work: _Work) -> bool:
        lane = work.lane
        problem = Problem(
            code="undone-by-another",
            what=f"somebody keeps undoing what is written to {lane.repo}#{lane.key.number}; it is set aside",
            why=f"the same write was made {self._patience.flips} times within {self._patience.flip_window}",
            fix="find the other automation and switch one of the two off",
            family="waiting",
        )
        return await self._finish(self._apart(work), self._without_look(lane, "blocked", problem.what, problem))

    def _doubt(self, lane: Lane) -> None:
        now = self._clock.now()
        if lane.installation_id:
            self._journal.standing.note_soon("installation", lane.installation_id, now)
        self._journal.standing.note_soon("repository", lane.key.repo_id, now)

    # --- small things -------------------------------------------------------------------------

    def _without_look(self, lane: Lane, outcome: str, reason: str, problem: Problem) -> RunResult:
        now = self._clock.now()
        ref = IssueRef(lane.repo, lane.key.number, lane.key.repo_id)
        return RunResult(ref, outcome, reason, started=now, finished=now, problems=(problem,))

    def _flips(self, key: LaneKey, now: datetime) -> bool:
        recent = self._journal.recent_effects(key, now - self._patience.flip_window)
        written = Counter(one for effect in recent for one in single_writes(effect))
        return any(times >= self._patience.flips for times in written.values())

    def _rest(self, died: int) -> timedelta:
        more = died - self._patience.suspect_from
        return timedelta(seconds=self._patience.rest_s * 2.0 ** min(more, 20) if more >= 0 else 0.0)

    def _wait_s(self, attempts: int) -> float:
        wait_s: float = min(self._patience.first_s * 2.0 ** min(attempts, 20), self._patience.most_s)
        return wait_s * random.uniform(0.8, 1.2)  # noqa: S311 – spreads retries, guards nothing


def _trigger(covered: Sequence[Covered], lane: Lane) -> Trigger:
    if not covered:
        return Trigger(kind="sweep" if lane.sweep else "manual")
    newest = covered[-1]
    return Trigger(
        kind="delivery",
        event=newest.event,
        action=newest.action,
        delivery_id=newest.delivery_id,
        sender=newest.sender,
        sender_id=newest.sender_id,
    )


def _family(result: RunResult) -> _Family:
    """What the journal remembers so that a sub-issue follows its parent."""
    issue = result.issue
    parent = issue.parent if issue else None
    return _Family(
        seen=_digest(issue) if issue else "",
        parent_read=issue is not None and issue.parent_read,
        parent=LaneKey(parent.ref.repo_id, parent.ref.number) if parent and parent.ref.repo_id else None,
        parent_seen=_digest(parent) if parent else "",
    )


class _Family(TypedDict):
    """Fields of a finished run."""

    seen: str
    parent_read: bool
    parent: LaneKey | None
    parent_seen: str


def _digest(issue: Issue) -> str:
    """Of what a sub-issue may take over."""
    text = "\n".join([*sorted(map(fold, issue.labels)), issue.milestone.title if issue.milestone else ""])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _said(effect: object) -> str:
    names = getattr(effect, "names", None) or getattr(effect, "title", "") or getattr(effect, "name", "")
    return f"{type(effect).__name__}({', '.join(names) if isinstance(names, tuple) else names})"


def _summary(result: RunResult) -> dict[str, object]:
    """What the journal keeps of a result: decisions, changes and problems, without title and body."""
    return {
        "decisions": result.decisions,
        "applied": [{"effect": type(item.effect).__name__, **dataclasses.asdict(item)} for item in result.applied],
        "problems": result.problems,
        "reads": result.reads,
        "writes": result.writes,
        "config_digest": result.config_digest,
        "not_configured": result.not_configured,
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()


def _bug(what: str) -> Problem:
    return Problem("service-died", what, fix="replay the delivery once the cause is mended", family="ours")
