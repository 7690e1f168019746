"""The closed list of event types: what each means, how it aggregates, how long it is kept.

The list belongs to schema 1.x. A new optional field is a minor change; a new event type is 2.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EventType = Literal[
    "run",
    "delivery_recorded",
    "config_validated",
    "repo_prepared",
    "sweep_finished",
    "catch_up_finished",
    "issue_observed",
    "run_undone",
    "migration_compared",
    "migration_step",
    "setup_step",
    "sink_failure",
    "records_lost",
    "day_aggregate",
]

Aggregation = Literal["counted", "snapshot", "counted and snapshot", "sum"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What readers may conclude from records of one type."""

    type: EventType
    per: str
    """One record for each of these."""
    meaning: str
    key: str
    """What the event id is made from; the same key gives the same id, so a repetition folds away."""
    aggregation: Aggregation
    note: str
    """How to aggregate, in words."""
    keep_days: int
    """Default retention in days before `prune` folds the record into a day's aggregate; 0 is for ever."""


MEANINGS: tuple[Meaning, ...] = (
    Meaning(
        "run",
        "run",
        "One pass of the engine over one issue: why it looked, what every rule concluded, what was written, what is left.",
        "run id",
        "counted and snapshot",
        "Count runs, changes and decisions; `state` is a snapshot: the newest by `timestamp` wins for an issue.",
        400,
    ),
    Meaning(
        "delivery_recorded",
        "delivery",
        "A delivery that led to no run: ping, an event nothing listens to, a quarantined payload, one set aside after its last try.",
        "delivery id",
        "counted",
        "Count by `trigger.event` and `outcome`.",
        400,
    ),
    Meaning(
        "config_validated",
        "repository and configuration digest",
        "The configuration of a repository was read and checked; `problems` lists everything that is wrong.",
        "run id",
        "counted and snapshot",
        "The newest for a repository says whether its configuration is valid now.",
        400,
    ),
    Meaning(
        "repo_prepared",
        "repository",
        "Labels and milestones the configuration declares were compared with what exists, and created or changed.",
        "run id",
        "counted",
        "Sum `changes_made` by field.",
        400,
    ),
    Meaning(
        "sweep_finished",
        "repository and sweep",
        "A sweep over a repository's open issues ended; `counts` says how many were looked at and changed. With `origin` "
        "`legacy:…`: one run of a legacy component over the repository, which `subject` names.",
        "run id",
        "counted",
        "Sum `counts`; the runs of the sweep are records of their own and are not counted again here.",
        400,
    ),
    Meaning(
        "catch_up_finished",
        "repository and start of the service",
        "What was missed while the service was away was found and handled, or named as lost; `counts` has the figures.",
        "run id",
        "counted",
        "Sum `counts`.",
        400,
    ),
    Meaning(
        "issue_observed",
        "issue and source",
        "An issue's state as seen without a run: imported history, a recorded snapshot, a backfill.",
        "source, issue, time of observation",
        "snapshot",
        "Only `state` counts, as a snapshot at `timestamp`; it is never a run.",
        400,
    ),
    Meaning(
        "run_undone",
        "undo",
        "A person took back what a run did, with `tassist undo`.",
        "run id of the undo",
        "counted",
        "Count, and sum `changes_made` by field; `subject` is the run that was undone.",
        400,
    ),
    Meaning(
        "migration_compared",
        "repository and comparison",
        "Legacy and engine were compared; `counts` has the number of cases by verdict.",
        "run id",
        "counted and snapshot",
        "The newest for a repository is its parity now; never sum over comparisons.",
        0,
    ),
    Meaning(
        "migration_step",
        "step of a migration",
        "A step was applied, verified or rolled back; `subject` names it.",
        "run id and step",
        "counted",
        "The newest by step says how far the migration is.",
        0,
    ),
    Meaning(
        "setup_step",
        "step of the setup",
        "A step of the setup or of a switch was done or failed; `subject` names it.",
        "run id and step",
        "counted",
        "The newest by step says what is done.",
        0,
    ),
    Meaning(
        "sink_failure",
        "outage of a sink",
        "A sink could not take records; they wait in the outbox. One record at the start of an outage, not one a try.",
        "sink and time",
        "counted",
        "Count outages by `subject`, the sink's name.",
        400,
    ),
    Meaning(
        "records_lost",
        "sink and stretch of records",
        "Records a sink will never get, because its bound was hit or it refused them; `counts.lost` says how many.",
        "sink and first sequence number",
        "sum",
        "Sum `counts.lost` by `subject`, the sink's name.",
        0,
    ),
    Meaning(
        "day_aggregate",
        "repository and file of a day",
        "What `prune` keeps of a file of records it removed: counts, every value that was written, the last state of every issue.",
        "repository, file, origin and digest of what was folded",
        "sum",
        "Add `counts` to what is counted from records: what it folds stands nowhere else. `subject` is the day; "
        "`issues` holds snapshots, each at its `seen_at`; `written` stands for the `changes_made` of the runs that were folded.",
        0,
    ),
)
MEANING_BY_TYPE: dict[str, Meaning] = {meaning.type: meaning for meaning in MEANINGS}
