"""How many decisions one core makes: a full configuration, an issue with ten labels, every fact read.

Prints one line a case: decisions per second of processor time, best of several rounds. The goal is 20,000 for the issue
that needs nothing, the case of nearly every look; `--strict` makes the exit code say so, `--profile` says where it goes.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from benchmarks.harness import Result, record
from engine.config import Config, parse
from engine.decide import decide
from engine.model import Issue, IssueRef, Label, Milestone, Repo, TimelineEvent, Trigger

GOAL = 20_000
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CONFIG = """\
schema_version: "1.0"
tracks:
  - {id: sprint, label: track/sprint, match: {labels: [feature], title: ["(?i)^feat"], body: ["(?i)user story"]}, milestone_pattern: "Sprint {major}.{minor}"}
  - {id: bug, label: track/bug, match: {labels: [bug], title: ["(?i)crash|broken", "(?i)^fix"]}, milestone: Sprint 4.0}
  - {id: backlog, label: track/backlog, default: true, aliases: [backlog]}
labels:
  - {name: phase-1}
  - {name: phase-2}
  - {name: phase-3}
  - {name: priority/low}
  - {name: priority/medium}
  - {name: priority/high}
  - {name: state/ready}
  - {name: state/done}
  - {name: area/api}
  - {name: area/ui}
milestones:
  - {title: Phase 1}
  - {title: Phase 2}
enforcement:
  exclusivity:
    track: {mode: enforce, strategy: newest}
    phase: {mode: enforce, strategy: highest}
    priority: {mode: enforce, strategy: highest, order: [priority/low, priority/medium, priority/high]}
    state: {mode: enforce, terminal: [state/done]}
    area: {mode: warn, prefix: "area/"}
  phase_milestones: {phase-1: Phase 1, phase-2: Phase 2}
  required_labels:
    - {group: priority, mode: enforce, default: priority/medium}
self_healing: {enabled: true}
stale: {days_until_stale: 14, days_until_escalated: 21, days_until_close: 30, exempt_labels: [state/done], comment: "{days} days"}
inheritance: {mode: hard}
"""
LABELS = (
    "track/sprint", "phase-1", "priority/high", "state/ready", "area/api",
    "good first issue", "help wanted", "customer", "design", "backend",
)  # fmt: skip


def cases(config: Config) -> dict[str, tuple[Issue, Repo]]:
    """What is decided about."""
    names = [label.name for label in config.labels] + [track.label for track in config.tracks]
    titles = [*(f"Sprint 4.{number}" for number in range(1, 20)), "Phase 1", "Phase 2"]
    repo = Repo(
        "acme/shop",
        1,
        labels=tuple(map(Label, dict.fromkeys([*names, *LABELS, "state/stale", "state/escalated"]))),
        milestones=tuple(Milestone(number, title) for number, title in enumerate(titles, 1)),
    )
    start = NOW - timedelta(days=2)
    settled = Issue(
        IssueRef("acme/shop", 7, 1),
        title="feat: pay by invoice",
        body="As a customer I want to pay by invoice. " * 20,
        labels=LABELS,
        milestone=Milestone(20, "Phase 1"),
        created_at=start,
        updated_at=NOW,
        timeline=tuple(
            TimelineEvent("labeled", start + timedelta(minutes=minute), label=name)
            for minute, name in enumerate(LABELS)
        ),
        parent_read=True,
    )
    return {
        "needs nothing": (settled, repo),
        "two of a group": (replace(settled, labels=(*LABELS[:9], "track/bug")), repo),
        "no track, wrong milestone": (replace(settled, labels=LABELS[1:], milestone=repo.milestones[-1]), repo),  # type: ignore[index]
        "stale": (replace(settled, created_at=NOW - timedelta(days=20), timeline=()), repo),
        "closed": (replace(settled, state="closed"), repo),
    }


def rate(issue: Issue, repo: Repo, config: Config, *, count: int, rounds: int) -> float:
    """Decisions per second of processor time, of the best round."""
    trigger = Trigger("delivery", "issues", "labeled", "guid", "ann", 1)
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(count):
            decide(trigger, issue, repo, config, NOW)
        best = min(best, time.process_time() - start)
    return count / best


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--strict", action="store_true", help="exit code 1 where the goal is missed")
    parser.add_argument("--profile", action="store_true", help="where the time of the first case goes")
    parser.add_argument("--record", action="store_true", help="write the page of figures")
    options = parser.parse_args()
    config = parse(CONFIG)
    assert isinstance(config, Config), [str(problem) for problem in config.problems]
    found = cases(config)
    if options.profile:
        profile = cProfile.Profile()
        profile.enable()
        rate(*found["needs nothing"], config, count=options.count, rounds=1)
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return 0
    rates = {
        name: rate(issue, repo, config, count=options.count, rounds=options.rounds)
        for name, (issue, repo) in found.items()
    }
    for name, each in rates.items():
        print(f"{name:<28} {each:>10,.0f} decisions/s")
    result = Result(
        "decisions", "Decisions", note="Processor time, best of five rounds of 5,000 decisions on one core."
    )
    for name, each in rates.items():
        goal = f"≥ {GOAL:,}" if name == "needs nothing" else ""
        result.add(f"decisions/s, {name}", f"{each:,.0f}", goal, met=each >= GOAL if goal else None)
    if options.record:
        record(result)
    return int(options.strict and rates["needs nothing"] < GOAL)


if __name__ == "__main__":
    sys.exit(main())
