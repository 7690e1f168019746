"""What limits how much one App can look after, at ten, a thousand and a hundred thousand installations.

    python -m benchmarks.scale [--json]

A model: GitHub's documented limits, what the other benchmarks measured one delivery to cost (`results.json`), and an assumed
load. It says which limit is reached first and how many processes are needed for the rest. `--page` writes the table to
`docs/explanation/scale.md`.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, dataclass

from benchmarks.harness import ROOT, recorded

PAGE = ROOT / "docs" / "explanation" / "scale.md"
BODY_BYTES = 12_000
"""Of a delivery in `benchmarks.queue`."""
DAY_S, HOUR_S = 86_400.0, 3_600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """GitHub's, for one installation.

    Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    calls_per_hour: float = 5_000
    """At least; 12,500 at most for large organisations, 15,000 on Enterprise Cloud."""
    content_per_hour: float = 500
    """Requests that create content; label and milestone writes are budgeted as such."""
    content_per_minute: float = 80


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one delivery, as measured; in brackets the benchmark that measures each."""

    billable_reads: float
    """Reads GitHub counts (`end_to_end`)."""
    reads: float
    """Reads it is waited for, those that changed nothing too (`end_to_end`)."""
    cpu_s_file: float
    """Processor time of taking, sorting and looking, in the store of one file (`end_to_end`)."""
    cpu_s_shared: float
    """The same on PostgreSQL with its queue, the database's share included (`end_to_end`, `postgres`, `queue`)."""
    queue_per_s: float
    """Looks a second that two cores of a database hand out and take back; more cores, more (`postgres`)."""
    stored_bytes: float
    """With its body, as long as that is kept (`queue`)."""
    row_bytes: float
    """Without it."""


def measured() -> Costs:
    """What the last runs of the benchmarks found."""
    found = {name: result.costs for name, result in recorded().items()}
    end, queue, shared = found["end_to_end"], found["queue"], found["postgres"]
    more_s = shared["worker_cpu_s_a_look"] + shared["database_cpu_s_a_look"] - queue["cpu_s_a_look"]
    return Costs(
        billable_reads=end["billable_reads_a_delivery"],
        reads=end["reads_a_delivery"],
        cpu_s_file=end["cpu_s_a_delivery"],
        cpu_s_shared=end["cpu_s_a_delivery"] + more_s,
        queue_per_s=2 / shared["database_cpu_s_a_look"],
        stored_bytes=queue["stored_bytes"],
        row_bytes=queue["stored_bytes"] - BODY_BYTES,
    )


@dataclass(frozen=True, slots=True)
class Load:
    """How much comes from one installation, and how long what is kept."""

    deliveries_per_day: float = 300
    """Of events a rule looks at; a busy organisation of twenty repositories."""
    peak: float = 6.0
    """The busiest hour, times an average one."""
    open_issues: float = 400
    """Looked at by the nightly sweep, one call each where nothing changed."""
    repositories: float = 20
    writes: float = 0.3
    """Of a delivery: most change nothing."""
    call_s: float = 0.1
    """Until GitHub has answered a call."""
    body_days: float = 7
    row_days: float = 90


@dataclass(frozen=True, slots=True)
class Answer:
    """What one size needs."""

    installations: int
    deliveries_per_s: float
    """In the busiest hour."""
    looks_at_once: float
    cores_file: float
    cores_shared: float
    worker_processes: int
    """Of 32 looks each, at half their places."""
    queue_per_s: float
    databases: int
    """So many queues of two cores each; above one, so many Apps or installations split between them."""
    disk_gb: float
    call_budget_used: float
    """Of one installation's hour, in the busiest one; above 1 GitHub refuses."""
    content_budget_used: float
    sweep_hours: float
    """Until a nightly sweep is through, paced to half of an installation's calls."""
    first_limit: str


def answer(
    installations: int, load: Load | None = None, costs: Costs | None = None, limits: Limits | None = None
) -> Answer:
    """What so many installations need."""
    load, costs, limits = load or Load(), costs or measured(), limits or Limits()
    of_one = load.deliveries_per_day / DAY_S * load.peak
    every = of_one * installations
    calls = of_one * HOUR_S * (costs.billable_reads + load.writes) / limits.calls_per_hour
    content = of_one * HOUR_S * load.writes / limits.content_per_hour
    at_once = every * load.call_s * (costs.reads + load.writes)
    file, shared = every * costs.cpu_s_file, every * costs.cpu_s_shared
    stored = installations * load.deliveries_per_day
    disk = stored * (costs.stored_bytes * load.body_days + costs.row_bytes * load.row_days) / 1e9
    sweep = load.open_issues / (limits.calls_per_hour / 2)
    # What each of them allows, as a multiple of what is asked; one process has one core and 32 places.
    room = {
        "GitHub's calls for one installation": 1 / calls,
        "GitHub's content for one installation": 1 / content,
        "one core with its file": 1 / file,
        "the places of one process": 32 / at_once,
        "one database's queue": costs.queue_per_s / every,
    }
    return Answer(
        installations,
        every,
        at_once,
        file,
        shared,
        max(1, math.ceil(max(at_once / 16, shared / 0.7))),
        costs.queue_per_s,
        max(1, math.ceil(every / costs.queue_per_s)),
        disk,
        calls,
        content,
        sweep,
        min(room, key=room.__getitem__),
    )


def main() -> None:
    """Print the three sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--page", action="store_true", help="write the table to its page")
    asked = parser.parse_args()
    found = [answer(size) for size in (10, 1_000, 100_000)]
    if asked.json:
        print(json.dumps([asdict(one) for one in found]))
        return
    if asked.page:
        head, _, rest = PAGE.read_text("utf-8").partition("<!-- scale -->\n")
        PAGE.write_text(
            f"{head}<!-- scale -->\n{table(found)}\n<!-- /scale -->{rest.partition('<!-- /scale -->')[2]}", "utf-8"
        )
    print(table(found))


def table(found: list[Answer]) -> str:
    """As it stands in docs/explanation/scale.md."""
    rows = [
        ("deliveries a second, busiest hour", lambda one: f"{one.deliveries_per_s:,.1f}"),
        ("looks at once", lambda one: f"{one.looks_at_once:,.1f}"),
        ("cores, one file", lambda one: f"{one.cores_file:,.3f}"),
        ("cores, PostgreSQL and its share", lambda one: f"{one.cores_shared:,.2f}"),
        ("worker processes", lambda one: f"{one.worker_processes:,}"),
        ("looks/s one database of two cores hands out", lambda one: f"{one.queue_per_s:,.0f}"),
        ("databases of two cores", lambda one: f"{one.databases:,}"),
        ("disk, GB", lambda one: f"{one.disk_gb:,.1f}"),
        ("of one installation's calls", lambda one: f"{one.call_budget_used:.1%}"),
        ("of one installation's content", lambda one: f"{one.content_budget_used:.1%}"),
        ("nightly sweep of one, hours", lambda one: f"{one.sweep_hours:.2f}"),
        ("reached first", lambda one: one.first_limit),
    ]
    lines = [
        f"| installations | {' | '.join(f'{one.installations:,}' for one in found)} |",
        "|---" * (len(found) + 1) + "|",
    ]
    lines += [f"| {name} | {' | '.join(form(one) for one in found)} |" for name, form in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
