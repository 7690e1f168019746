"""Issue states a second in a backtest: goal 20,000, on one core.

Four histories of 23,000 states (230 snapshots of 100 issues): as recordings are, where most states repeat; the same compared with an
earlier configuration; and both with every state different, so that nothing can be remembered. Processor time, as
other programs on the machine take the clock's. Run: python -m benchmarks.backtest
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.harness import Result, record
from engine.backtest import Backtest, Seen
from engine.config import Config, parse
from engine.decide import decide
from engine.model import Issue, IssueRef, Label, Milestone, Repo, Trigger

SNAPSHOTS, ISSUES, GOAL = 230, 100, 20_000
START = datetime(2025, 12, 6, 2, 48, tzinfo=UTC)
EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "full.yml"
GROUPS = (
    ("track/sprint", "track/release", "track/backlog"),
    ("phase-1", "phase-2", ""),
    ("priority/low", "priority/medium", "priority/high"),
    ("area/api", "area/ui", ""),
    ("bug", "question", ""),
)


def history(*, distinct: bool) -> Iterator[Seen]:
    """Snapshots two hours apart; with ``distinct`` no two titles are the same."""
    titles = ("Phase 1", "Phase 2", "Sprint 4", "Release 1.2", "Release 1.10")
    milestones = tuple(Milestone(number, title) for number, title in enumerate(titles, start=1))
    names = dict.fromkeys(name for group in GROUPS for name in group if name)
    repo = Repo(
        "octo-org/octo-repo", labels=tuple(Label(name) for name in (*names, "state/stale")), milestones=milestones
    )
    for snapshot in range(SNAPSHOTS):
        at = START + timedelta(hours=2 * snapshot)
        for number in range(ISSUES):
            labels = tuple(filter(None, (group[(number // 3**place) % 3] for place, group in enumerate(GROUPS))))
            updated = at - timedelta(hours=number % 24)
            yield Seen(
                Issue(
                    IssueRef(repo.full_name, number),
                    title=f"Issue {number} at {snapshot}" if distinct else f"Issue {number}",
                    state="closed" if number % 3 == 0 else "open",
                    labels=labels,
                    milestone=milestones[number % 5] if number % 2 else None,
                    created_at=updated - timedelta(days=1),
                    updated_at=updated,
                    parent_read=True,
                ),
                repo,
                at,
            )


def main() -> None:
    """Measure and record."""
    result = Result(
        "backtest",
        "A configuration against recorded history",
        note="Processor time on one core, histories of 23,000 states. The limit decides each state and keeps nothing.",
    )
    new = parse(EXAMPLE.read_text())
    old = parse(EXAMPLE.read_text().replace('phase-1: "Phase 1"', 'phase-1: "Phase 2"'))
    assert isinstance(new, Config)
    assert isinstance(old, Config)
    for distinct in (False, True):
        states = list(history(distinct=distinct))
        for base in (None, old):
            started = time.process_time()
            report = Backtest(new, base).over(states)
            rate = report.states / (time.process_time() - started)
            what = f"{'every state different' if distinct else 'as recorded'}, {'two configurations' if base else 'one configuration'}"
            result.add(f"states/s, {what}", f"{rate:,.0f}")
            decisions = rate * (2 if base else 1)
            result.add(f"decisions/s, {what}", f"{decisions:,.0f}", f"≥ {GOAL:,}", met=decisions >= GOAL)
            if base is None:
                started = time.process_time()
                for seen in states[:5000]:
                    decide(Trigger("sweep"), seen.issue, seen.repo, new, seen.at)
                result.add(f"{what} ÷ the limit", f"{rate * (time.process_time() - started) / 5000:.2f}")
    record(result)


if __name__ == "__main__":
    main()
