"""Every figure of the dashboard, declared once: the pages, their tooltips and the reference are made from this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RECENT_DAYS = 28
STALE_DAYS = 30
AGES = ((7, "under a week"), (30, "1–4 weeks"), (90, "1–3 months"), (180, "3–6 months"), (365, "6–12 months"))
OLDEST = "over a year"

Unit = Literal["count", "days", "ms"]
Of = Literal["issues", "runs", "rules", "service"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure."""

    id: str
    title: str
    meaning: str
    of: Of
    unit: Unit = "count"
    better: Literal["less", "more", "neither"] = "neither"
    name: str = ""
    """The name it is summed by, as `tassist.telemetry.counted` spells it; empty where it is made otherwise."""
    export: str = ""
    """Arguments of `tassist telemetry export` that print the records behind it."""


_SEEN = "--type run --type issue_observed"

FIGURES: tuple[Figure, ...] = (
    Figure(
        "open",
        "Open issues",
        "Issues whose newest known state is open, at the end of the day. An issue counts from the day it was created, also where "
        "it was seen later; pull requests never count.",
        "issues",
        export=_SEEN,
    ),
    Figure(
        "opened",
        "In",
        "Issues that were opened or reopened; for a track also those that moved into it.",
        "issues",
        export=_SEEN,
    ),
    Figure(
        "closed",
        "Out",
        "Issues that were closed; for a track also those that left it. On the day GitHub says they were closed, where that is known.",
        "issues",
        export=_SEEN,
    ),
    Figure(
        "stale",
        "Untouched for 30 days",
        f"Open issues nobody has touched for {STALE_DAYS} days or more, by the time of GitHub's last update, else by when they were last seen.",
        "issues",
        better="less",
        export=_SEEN,
    ),
    Figure(
        "median_age",
        "Median age",
        "Half of the open issues are older than this, in days.",
        "issues",
        "days",
        "less",
        export=_SEEN,
    ),
    Figure("oldest", "Oldest", "Age of the oldest open issue, in days.", "issues", "days", "less", export=_SEEN),
    Figure("untracked", "Without a track", "Open issues that carry no track.", "issues", better="less", export=_SEEN),
    Figure(
        "unplanned", "Without a milestone", "Open issues that have no milestone.", "issues", better="less", export=_SEEN
    ),
    Figure(
        "overdue",
        "In a late milestone",
        "Open issues whose milestone's date is over.",
        "issues",
        better="less",
        export=_SEEN,
    ),
    Figure(
        "stuck", "Not settled", "Issues whose newest run did not succeed.", "runs", better="less", export="--type run"
    ),
    Figure(
        "runs",
        "Runs",
        "Passes of the engine over one issue, each counted once.",
        "runs",
        name="run",
        export="--type run",
    ),
    Figure(
        "success",
        "Succeeded",
        "Runs that did all they wanted, or had nothing to do.",
        "runs",
        better="more",
        name="run.success",
        export="--type run",
    ),
    Figure(
        "partial",
        "Partly done",
        "Runs of whose effects some could not be applied.",
        "runs",
        better="less",
        name="run.partial",
        export="--type run",
    ),
    Figure(
        "blocked",
        "Blocked",
        "Runs that were not allowed to go on, such as by a configuration that is wrong.",
        "runs",
        better="less",
        name="run.blocked",
        export="--type run",
    ),
    Figure(
        "failed",
        "Failed",
        "Runs that did not come to their end.",
        "runs",
        better="less",
        name="run.failed",
        export="--type run",
    ),
    Figure(
        "deliveries",
        "Deliveries answered",
        "Deliveries from GitHub that a run answered; one look may answer several.",
        "runs",
        name="deliveries",
        export="--type run",
    ),
    Figure(
        "reads", "Reads", "Billable reads of GitHub's API.", "runs", better="less", name="reads", export="--type run"
    ),
    Figure("writes", "Writes", "Calls that changed something on GitHub.", "runs", name="writes", export="--type run"),
    Figure(
        "latency_p50",
        "Latency, median",
        "From a delivery's arrival to the end of the run that answered it: half took at most this. Upper bound of a bucket (1, 2, 5, 10 … ms).",
        "runs",
        "ms",
        "less",
        export="--type run",
    ),
    Figure("latency_p95", "Latency, 95 %", "The same for 95 of 100 runs.", "runs", "ms", "less", export="--type run"),
    Figure(
        "duration_p50",
        "Duration, median",
        "From the start of a run to its end: half took at most this. Upper bound of a bucket.",
        "runs",
        "ms",
        "less",
        export="--type run",
    ),
    Figure("duration_p95", "Duration, 95 %", "The same for 95 of 100 runs.", "runs", "ms", "less", export="--type run"),
    Figure("applied", "Applied", "Decisions that wanted a change, and had it written.", "rules", export="--type run"),
    Figure("already", "Already so", "Decisions that found everything as it should be.", "rules", export="--type run"),
    Figure(
        "skipped", "Skipped", "Decisions not to act: exempt, or nothing that decides.", "rules", export="--type run"
    ),
    Figure("warned", "Warned", "Decisions that only pointed something out.", "rules", export="--type run"),
    Figure(
        "rule_blocked",
        "Blocked",
        "Decisions that could not act, such as for a label that does not exist.",
        "rules",
        better="less",
        export="--type run",
    ),
    Figure(
        "rule_failed",
        "Failed",
        "Decisions whose change could not be written.",
        "rules",
        better="less",
        export="--type run",
    ),
    Figure(
        "written",
        "Values written",
        "Labels added or removed, milestones set, issues closed by the rule: one for each value.",
        "rules",
        export="--type run",
    ),
    Figure(
        "reverted",
        "Taken back",
        "Written values that somebody took back: the rule had to write the value again, `tassist undo` took it back, or the "
        "issue does not have it any more. Much of it says the rule and the people disagree.",
        "rules",
        better="less",
        export="--type run --type run_undone",
    ),
    Figure(
        "flapped",
        "Flapping",
        "Written values that a rule itself changed back within 24 hours. Always a fault of the configuration.",
        "rules",
        better="less",
        export="--type run",
    ),
    Figure(
        "sweeps",
        "Sweeps",
        "Sweeps over a repository's open issues that ended.",
        "service",
        name="sweep_finished",
        export="--type sweep_finished",
    ),
    Figure(
        "prepared",
        "Preparations",
        "Times the labels and milestones a configuration declares were compared with those of a repository, and made.",
        "service",
        name="repo_prepared",
        export="--type repo_prepared",
    ),
    Figure(
        "caught_up",
        "Caught up",
        "Deliveries that were missed while the service was away and handled afterwards.",
        "service",
        name="sum.catch_up_finished.handled",
        export="--type catch_up_finished",
    ),
    Figure(
        "missed",
        "Missed for good",
        "Deliveries that were missed and could not be found again.",
        "service",
        better="less",
        name="sum.catch_up_finished.lost",
        export="--type catch_up_finished",
    ),
    Figure(
        "ignored",
        "Deliveries without a run",
        "Deliveries that asked for no run: the App's own writes coming back, ping, events nothing listens to.",
        "service",
        name="delivery_recorded.success",
        export="--type delivery_recorded",
    ),
    Figure(
        "given_up",
        "Deliveries given up",
        "Deliveries that could not be handled, and were set aside.",
        "service",
        better="less",
        name="delivery_recorded.failed",
        export="--type delivery_recorded",
    ),
    Figure(
        "outages",
        "Outages of sinks",
        "Times a sink began not to take records; they wait meanwhile.",
        "service",
        better="less",
        name="sink_failure",
        export="--type sink_failure",
    ),
    Figure(
        "lost",
        "Records lost",
        "Records a sink will never get, because it was away too long.",
        "service",
        better="less",
        name="sum.records_lost.lost",
        export="--type records_lost",
    ),
    Figure(
        "undone",
        "Runs undone",
        "Runs a person took back with `tassist undo`.",
        "service",
        name="run_undone",
        export="--type run_undone",
    ),
)
FIGURE_BY_ID = {figure.id: figure for figure in FIGURES}
OUTCOMES = ("success", "partial", "blocked", "failed")
DECISIONS = ("applied", "already", "skipped", "warned", "blocked", "failed")
"""Outcomes of decisions, in the order of the rules' table."""
WRITTEN = ("written", "reverted", "flapped")
"""What became of the values a rule wrote."""


def figure_of_decision(outcome: str) -> str:
    """The figure's id for a decision's outcome."""
    return f"rule_{outcome}" if outcome in {"blocked", "failed"} else outcome


def reference() -> str:
    """docs/reference/dashboard.md: every figure, without the note that it is generated."""
    titles: dict[Of, str] = {"issues": "Issues", "runs": "Runs", "rules": "Rules", "service": "The service"}
    lines = [
        "# Figures of the dashboard",
        "",
        "What every figure of `tassist dashboard` counts. The pages show the same sentences beside the figures.",
        f"*Recent* is the last {RECENT_DAYS} days, the day of `--as-of` included; *before* is the {RECENT_DAYS} days before those.",
        "Repetitions of an event id count once; what `tassist telemetry prune` folded counts as before; imported records tell how",
        "issues were, and count neither as runs nor as decisions. Days are days in UTC.",
    ]
    for of, title in titles.items():
        lines += ["", f"## {title}", "", "| figure | id | what it counts | records behind it |", "|---|---|---|---|"]
        lines += [
            f"| {figure.title} | `{figure.id}` | {figure.meaning} | `tassist telemetry export {figure.export}` |"
            for figure in FIGURES
            if figure.of == of
        ]
    return "\n".join(lines) + "\n"
