"""A year of five repositories: people open, label, move and close issues, and the real engine does what its rules say.

Every run is the engine's own (`engine.runner`) on a repository in memory; only people, time and mishaps come from dice,
which a seed decides. `python -m tests.support.year FOLDER` writes it as files of records.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from engine.model import Issue, IssueRef, Label, Milestone, Repo, Trigger
from engine.ports import RunResult
from engine.problems import Problem
from engine.runner import run
from tassist.telemetry import around
from tassist.telemetry.record import run_record
from tassist.telemetry.shape import READ_HEAD, Change
from tassist.telemetry.sinks.jsonl import JsonlSink
from tassist.telemetry.sinks.port import Entry
from tests.support.world import World

START = datetime(2025, 3, 31, 6, 0, tzinfo=UTC)
DAYS = 365
REPOS = ("acme/orbit", "acme/lander", "acme/ground-control", "acme/telemetry", "moonbase/docs")
_TRACKS = ("sprint", "platform")
_PEOPLE = ("mona", "hubert", "lin", "amara", "pim")
_CONFIG = """\
schema_version: "1.0"
tracks:
  - {id: sprint, label: track/sprint}
  - {id: platform, label: track/platform, default: true}
labels:
  - {name: state/stale, description: Untouched, color: "FBCA04"}
  - {name: state/pinned, description: Stays, color: "5319E7"}
  - {name: phase-1}
  - {name: phase-2}
  - {name: priority/low}
  - {name: priority/high}
milestones:
  - {title: "Phase 1", due_on: 2025-09-30}
  - {title: "Phase 2", due_on: 2026-04-30}
  - {title: "Platform 2026", due_on: 2026-06-30}
enforcement:
  exclusivity:
    track: {mode: enforce, strategy: newest}
    priority: {mode: enforce, strategy: highest, order: [priority/low, priority/high]}
  track_milestones: {track/platform: "Platform 2026"}
  phase_milestones: {phase-1: "Phase 1", phase-2: "Phase 2"}
self_healing: {enabled: true, normalize_labels: true, fix_missing_track: true, fix_missing_milestone: false}
stale: {days_until_stale: 30, exempt_labels: [state/pinned]}
"""
_MILESTONES = (
    Milestone(1, "Phase 1", due_on=date(2025, 9, 30)),
    Milestone(2, "Phase 2", due_on=date(2026, 4, 30)),
    Milestone(3, "Platform 2026", due_on=date(2026, 6, 30)),
)


def year(seed: int = 7, *, days: int = DAYS, busy: float = 0.08) -> Iterator[bytes]:
    """Records in order of time.

    Args:
        seed: Decides everything.
        days: How long.
        busy: New issues a day and repository.
    """
    dice = random.Random(seed)
    repos = [_Repo(name, number, dice, busy * (1.5 - number * 0.2)) for number, name in enumerate(REPOS)]
    for number in range(days):
        morning = START + timedelta(days=number)
        for repo in repos:
            yield from repo.day(morning, number)
        yield from _service(dice, morning, number)


def write(folder: Path, records: Iterator[bytes]) -> int:
    """Lay the records down as the sink of JSON lines does; how many there were."""
    sink = JsonlSink(folder)
    batch: list[Entry] = []
    count = 0
    for count, line in enumerate(records, 1):
        batch.append(Entry(count, line, READ_HEAD(line)))
        if len(batch) == 1000:
            sink.write(batch)
            batch.clear()
    sink.write(batch)
    sink.close()
    return count


class _Repo:
    def __init__(self, name: str, number: int, dice: random.Random, busy: float) -> None:
        self._name, self._id, self._dice, self._busy = name, 900 + number, dice, busy
        self._worlds: list[World] = []
        self._runs = 0
        self._broken_until = -1

    def day(self, morning: datetime, number: int) -> Iterator[bytes]:
        """What happened to the repository on one day."""
        dice = self._dice
        if number == 0 or (number == 170 and self._name == "acme/lander"):
            yield self._prepared(morning, partly=number == 0 and self._name == "acme/lander")
        if number == 200 and self._name == "acme/lander":
            yield self._checked(morning, broken=True)
            self._broken_until = 203
        elif number == 203 and self._name == "acme/lander":
            yield self._checked(morning, broken=False)
        at = morning + timedelta(minutes=dice.randint(0, 600))
        while dice.random() < self._busy / (1 + self._busy):
            yield from self._opened(at)
            at += timedelta(minutes=dice.randint(1, 90))
        for world in [w for w in self._worlds if w.issue.state == "open"]:
            if dice.random() < 0.018:
                at += timedelta(seconds=dice.randint(20, 900))
                yield from self._touched(world, at)
        if number % 7 == 6:
            yield from self._sweep(morning + timedelta(hours=21))

    def _opened(self, at: datetime) -> Iterator[bytes]:
        dice = self._dice
        labels = [f"track/{dice.choice(_TRACKS)}" for _ in range(dice.choice((0, 1, 1, 1, 2)))]
        labels += [f"phase-{1 if at < START + timedelta(days=170) else 2}"] if dice.random() < 0.55 else []
        labels += [f"priority/{name}" for name in ("low", "high") if dice.random() < 0.2]
        ref = IssueRef(self._name, len(self._worlds) + 1, self._id)
        issue = Issue(
            ref,
            title="An issue",
            labels=tuple(dict.fromkeys(labels)),
            created_at=at,
            updated_at=at,
            timeline=(),
            parent_read=True,
        )
        repo = Repo(
            self._name,
            id=self._id,
            labels=tuple(
                Label(name)
                for name in (
                    *(f"track/{track}" for track in _TRACKS),
                    *("phase-1", "phase-2", "priority/low", "priority/high", "state/stale", "state/pinned"),
                )
            ),
            milestones=_MILESTONES,
        )
        world = World(issue, repo, config_text=_CONFIG, time=at)
        self._worlds.append(world)
        yield from self._look(world, at, "opened")

    def _touched(self, world: World, at: datetime) -> Iterator[bytes]:
        dice = self._dice
        world.time = at
        happening = dice.random()
        if happening < 0.45:
            world.issue = replace(world.issue, state="closed", state_reason="completed", closed_at=at, updated_at=at)
            action = "closed"
        elif happening < 0.65:
            track = f"track/{dice.choice(_TRACKS)}"
            world.add_labels(track)
            action = "labeled"
        elif happening < 0.75 and any(label.startswith("track/") for label in world.issue.labels):
            world.remove_labels(next(label for label in world.issue.labels if label.startswith("track/")))
            action = "unlabeled"
        elif happening < 0.8:
            world.set_milestone(None)
            action = "demilestoned"
        else:
            world.issue = replace(world.issue, updated_at=at)
            action = "edited"
        yield from self._look(world, at, action)
        if action == "closed" and dice.random() < 0.06:
            at += timedelta(days=0, hours=2)
            world.issue = replace(world.issue, state="open", state_reason="reopened", closed_at=None, updated_at=at)
            yield from self._look(world, at, "reopened")

    def _sweep(self, at: datetime) -> Iterator[bytes]:
        open_ones = [world for world in self._worlds if world.issue.state == "open"]
        for place, world in enumerate(open_ones):
            yield from self._look(world, at + timedelta(seconds=place), "")
        yield around.sweep_finished(
            repo=self._name,
            run_id=f"sweep-{self._id}-{at:%Y%m%d}",
            at=at + timedelta(seconds=len(open_ones)),
            counts={"looked_at": len(open_ones), "changed": 0, "failed": 0},
        )

    def _look(self, world: World, at: datetime, action: str) -> Iterator[bytes]:
        dice = self._dice
        self._runs += 1
        run_id = f"{self._id}-{self._runs}"
        trigger = (
            Trigger("delivery", "issues", action, delivery_id=f"d-{run_id}", sender=dice.choice(_PEOPLE), sender_id=7)
            if action
            else Trigger("sweep")
        )
        world.time = at
        result = asyncio.run(run(trigger, world.issue.ref, reader=world, applier=world, clock=world))
        spent = timedelta(milliseconds=int(40 * dice.lognormvariate(0.6, 0.7)) + 260 * result.writes)
        waited = timedelta(milliseconds=int(12 * dice.lognormvariate(0.4, 0.9)))
        result = replace(result, started=at + waited, finished=at + waited + spent)
        yield run_record(
            self._mishap(result),
            trigger=trigger,
            delivery_ids=[trigger.delivery_id] if action else (),
            received=at if action else None,
            run_id=run_id,
        )
        if result.applied and dice.random() < 0.01:
            yield around.run_undone(
                ref=world.issue.ref,
                run_id=f"undo-{run_id}",
                undone=run_id,
                at=at + timedelta(hours=1),
                changes_made=[Change("labels", "state/stale", None, "stale")],
            )

    def _mishap(self, result: RunResult) -> RunResult:
        if self._dice.random() >= 0.006:
            return result
        problem = Problem("github-unavailable", "GitHub did not answer", why="HTTP 502, six times", family="world")
        return replace(result, outcome="failed", reason=problem.what, problems=(problem,), applied=(), writes=0)

    def _prepared(self, at: datetime, *, partly: bool) -> bytes:
        problem = Problem("no-permission", "could not create the milestone 'Phase 2'", why="HTTP 403", family="auth")
        return around.repo_prepared(
            repo=self._name,
            run_id=f"prepare-{self._id}-{at:%Y%m%d}",
            at=at,
            changes_made=[Change("repo.labels", None, "state/stale"), Change("repo.milestones", None, "Phase 1")],
            problems=[problem] if partly else [],
        )

    def _checked(self, at: datetime, *, broken: bool) -> bytes:
        problem = Problem("unknown-key", "`trakcs` is no key", fix="write tracks")
        return around.config_validated(
            repo=self._name,
            run_id=f"config-{at:%Y%m%d}",
            config_digest="sha256:0",
            at=at,
            problems=[problem] if broken else [],
            valid=not broken,
        )


def _service(dice: random.Random, morning: datetime, number: int) -> Iterator[bytes]:
    if dice.random() < 0.02:
        problem = Problem("collector", "the collector did not answer", why="connection refused", family="world")
        yield around.sink_failure(sink="otlp:collector.example", at=morning, problem=problem, waiting=4)
    if dice.random() < 0.03:
        counts = {"found": 5, "relevant": 3, "handled": 3, "lost": int(dice.random() < 0.1)}
        yield around.catch_up_finished(run_id=f"start-{number}", at=morning, counts=counts)
    if number == 30:
        for verdict, counts in enumerate(({"same": 88, "regression": 6}, {"same": 94, "intended improvement": 11})):
            yield around.migration_compared(
                repo="acme/orbit", run_id=f"compare-{verdict}", at=morning + timedelta(hours=verdict), counts=counts
            )
        for place, step in enumerate(("labels", "workflows", "shadow", "cut over")):
            yield around.step_record(
                "migration_step", step=step, run_id="m1", at=morning + timedelta(hours=3 + place), repo="acme/orbit"
            )


def main() -> int:
    """Write a year into the folder named on the command line."""
    count = write(Path(sys.argv[1]), year())
    sys.stdout.write(f"{count} records\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
