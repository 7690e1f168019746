"""How long `migrate diff` takes over 100,000 states: as a record repeats them, with titles of their own, and no two alike."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from benchmarks.harness import Result, record
from engine.model import Issue, TimelineEvent
from migrations.audit.run import audit
from migrations.compare.run import compare
from migrations.legacy.recognise import recognise, world_of
from tests.support import family

GOAL_S = 10.0
PER = 100_000
LABELS = (("ours", "team-app"), ("team-site",), ("ours",), ("team-app", "look-here"), ("ours", "team-app", "team-site"))
READS_TITLES = family.CONFIG.replace("{id: site,", "{id: site, match: {title: ['^Site:']},")
State = tuple[Issue, datetime]


def issues() -> list[Issue]:
    """A hundred, of every sort."""
    return [
        family.issue(
            number,
            *LABELS[number % 5],
            milestone=number % 4,
            days=number % 12,
            state="closed" if number % 7 == 0 else "open",
        )
        for number in range(1, 101)
    ]


def states(known: list[Issue], count: int, differing: str) -> Iterator[State]:
    """So many, hour by hour; ``differing`` says in what each is another."""
    for turn in range(count // len(known)):
        at = family.NOW + timedelta(hours=turn)
        for issue in known:
            if differing == "title":
                yield replace(issue, title=f"{issue.title}, {turn}"), at
            elif differing == "timeline":
                lived = TimelineEvent("commented", family.NOW - timedelta(seconds=turn), actor="ann")
                yield replace(issue, timeline=(lived,)), at
            else:
                yield issue, at


def main() -> None:
    """Compare, and hand in the rows."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("states", type=int, nargs="?", default=PER)
    count = asked.parse_args().states
    known = issues()
    snapshot = family.snapshot(*known)
    found, legacy, world = audit(snapshot), recognise(snapshot), world_of(snapshot, family.NOW)
    result = Result("migrate_diff", "Comparing legacy with the engine")
    for what, differing, text in (
        ("as a record repeats them", "", family.CONFIG),
        ("with titles of their own", "title", family.CONFIG),
        ("with titles of their own, which a rule reads", "title", READS_TITLES),
        ("with a timeline of their own: no two alike", "timeline", family.CONFIG),
    ):
        every = list(states(known, count, differing))
        began = time.process_time()
        compare(snapshot, found, legacy, world, family.config(text), every, today=date(2026, 1, 1))
        cpu_s = (time.process_time() - began) * PER / count
        result.add(f"{PER:,} states {what}, s", f"{cpu_s:.1f}", f"≤ {GOAL_S:.0f}", met=cpu_s <= GOAL_S)
    result.note = f"Processor time of one run of {count:,} states each, 3,000 generated cases in it."
    record(result)


if __name__ == "__main__":
    main()
