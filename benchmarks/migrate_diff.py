"""How long `migrate diff` takes over 100,000 states: python benchmarks/migrate_diff.py [states]."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from migrations.audit.run import audit
from migrations.compare.run import compare
from migrations.legacy.recognise import recognise, world_of
from tests.support import family

GOAL_S = 10.0


def main() -> int:
    """Compare generated states: every one with a title of its own (nothing is remembered), then as a record repeats them."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    labels = (
        ("ours", "team-app"),
        ("team-site",),
        ("ours",),
        ("team-app", "look-here"),
        ("ours", "team-app", "team-site"),
    )
    issues = [
        family.issue(
            number,
            *labels[number % 5],
            milestone=number % 4,
            days=number % 12,
            state="closed" if number % 7 == 0 else "open",
        )
        for number in range(1, 101)
    ]
    snapshot = family.snapshot(*issues)
    found, legacy, world = audit(snapshot), recognise(snapshot), world_of(snapshot, family.NOW)
    own = [
        (replace(issue, title=f"{issue.title}, {turn}"), family.NOW + timedelta(hours=turn))
        for turn in range(count // 100)
        for issue in issues
    ]
    repeated = [(issue, family.NOW + timedelta(hours=turn)) for turn in range(count // 100) for issue in issues]
    worst = 0.0
    for name, states in (("each with a title of its own", own), ("as a record repeats them", repeated)):
        began, began_cpu = time.perf_counter(), time.process_time()
        comparison = compare(snapshot, found, legacy, world, family.config(), states, today=date(2026, 1, 1))
        wall_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
        worst = max(worst, cpu_s)
        print(
            f"{len(states)} states, {name}: {wall_s:.1f} s, {cpu_s:.1f} s of processor, {len(comparison.differences)} differences"
        )
    print(f"goal: {GOAL_S:.0f} s for 100,000; worst: {worst * 100_000 / max(count, 1):.1f} s")
    return 0 if worst * 100_000 / max(count, 1) <= GOAL_S else 1


if __name__ == "__main__":
    sys.exit(main())
