"""Counts the dashboard's figures once more, from raw lines, with plain Python and none of the dashboard's code."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

Records = list[dict[str, Any]]


def raw(root: Path, as_of: str = "9999") -> Records:
    """Every record once, by its event id, in order of time."""
    by_id: dict[str, dict[str, Any]] = {}
    for file in sorted(root.rglob("*.jsonl")):
        for line in file.read_bytes().splitlines():
            record = json.loads(line)
            if record["timestamp"][:10] <= as_of:
                by_id.setdefault(record["event_id"], record)
    return sorted(by_id.values(), key=lambda record: (record["timestamp"], record["event_id"]))


def days_between(one: str, other: str) -> int:
    return (date.fromisoformat(other[:10]) - date.fromisoformat(one[:10])).days


def recount(records: Records, as_of: str) -> dict[str, dict[str, int | None]]:
    """Figures by repository, as ``name`` → value; windows as ``name.recent`` and ``name.before``."""
    repos = sorted({record["repo"] for record in records} - {"-/-"})
    return {repo: _repo([record for record in records if record["repo"] == repo], as_of) for repo in repos}


def _repo(records: Records, as_of: str) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    runs = [record for record in records if record["event_type"] == "run"]
    last = date.fromisoformat(as_of)
    windows = {
        "": (date.min, last),
        ".recent": (last - timedelta(days=27), last),
        ".before": (last - timedelta(days=55), last - timedelta(days=28)),
    }
    for suffix, (start, end) in windows.items():
        inside = [run for run in runs if start <= date.fromisoformat(run["timestamp"][:10]) <= end]
        found[f"runs{suffix}"] = len(inside)
        for outcome in ("success", "partial", "blocked", "failed"):
            found[f"{outcome}{suffix}"] = sum(run["outcome"] == outcome for run in inside)
        found[f"deliveries{suffix}"] = sum(len(run.get("trigger", {}).get("delivery_ids", ())) for run in inside)
        found[f"writes{suffix}"] = sum(run.get("timing", {}).get("writes", 0) for run in inside)
        found[f"reads{suffix}"] = sum(run.get("timing", {}).get("reads", 0) for run in inside)
        for name, begun in (("latency", "received"), ("duration", "started")):
            spent = sorted(
                int((moment(run["timing"]["finished"]) - moment(run["timing"][begun])) / timedelta(milliseconds=1))
                for run in inside
                if begun in run.get("timing", {})
            )
            for share in (50, 95):
                value = spent[-(-share * len(spent) // 100) - 1] if spent else None
                found[f"{name}_p{share}{suffix}"] = None if value is None else _bound(value)
    states = _states(records)
    open_ones: list[tuple[int, tuple[str, dict[str, Any]]]] = [
        (number, states[number][-1]) for number in states if states[number][-1][1]["state"] == "open"
    ]
    found["open"] = len(open_ones)
    ages = sorted(days_between(state["created_at"], as_of) for _, (_, state) in open_ones)
    found["oldest"] = ages[-1] if ages else None
    found["median_age"] = ages[(len(ages) - 1) // 2] if ages else None
    found["stale"] = sum(days_between(state["updated_at"], as_of) >= 30 for _, (_, state) in open_ones)
    found["untracked"] = sum(not state.get("track") for _, (_, state) in open_ones)
    found["unplanned"] = sum(not state.get("milestone") for _, (_, state) in open_ones)
    found["overdue"] = sum(
        bool(state.get("milestone")) and (state.get("milestone_due_on") or "9999") < as_of
        for _, (_, state) in open_ones
    )
    newest = {run["issue_number"]: run for run in runs}
    found["stuck"] = sum(run["outcome"] != "success" for run in newest.values())
    return found | _flow(states, windows, last)


def _flow(
    states: dict[int, list[tuple[str, dict[str, Any]]]], windows: dict[str, tuple[date, date]], last: date
) -> dict[str, int | None]:
    came: list[date] = []
    went: list[date] = []
    for seen in states.values():
        by_day = {stamp[:10]: state for stamp, state in seen}
        before: dict[str, Any] | None = None
        for day, state in sorted(by_day.items()):
            if before is None:
                came.append(date.fromisoformat(state["created_at"][:10]))
            elif before["state"] == "closed" and state["state"] == "open":
                came.append(date.fromisoformat(day))
            if state["state"] == "closed" and (before is None or before["state"] == "open"):
                went.append(date.fromisoformat(state["closed_at"][:10]))
            before = state
    found: dict[str, int | None] = {}
    for suffix, (start, end) in windows.items():
        found[f"opened{suffix}"] = sum(start <= day <= end for day in came)
        found[f"closed{suffix}"] = sum(start <= day <= end for day in went)
    then = last - timedelta(days=28)
    found["open.before"] = sum(day <= then for day in came) - sum(day <= then for day in went)
    return found


def _states(records: Records) -> dict[int, list[tuple[str, dict[str, Any]]]]:
    found: dict[int, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for record in records:
        if record.get("state") and not record["state"].get("is_pull_request"):
            found[record["issue_number"]].append((record["timestamp"], record["state"]))
    return found


def migrations(records: Records) -> dict[str, dict[str, Any]]:
    """By repository: how the newest comparison came out, how many there were, the newest of each step, what was imported."""
    found: dict[str, dict[str, Any]] = {}
    for record in records:  # in order of time, so that the newest is said last
        kind = record["event_type"]
        if kind not in {"migration_compared", "migration_step"} and not record.get("origin"):
            continue
        repo = found.setdefault(record["repo"], {"verdicts": {}, "comparisons": 0, "steps": {}, "imported": Counter()})
        if record.get("origin"):
            repo["imported"][record["origin"]] += 1
        if kind == "migration_compared":
            repo["verdicts"], repo["at"] = record["counts"], record["timestamp"]
            repo["comparisons"] += 1
        elif kind == "migration_step":
            repo["steps"][record["subject"]] = (record["timestamp"], record["outcome"])
    return found


def prepared(records: Records) -> dict[str, tuple[str, str]]:
    """By repository: when it was made ready last, and how that came out."""
    return {
        record["repo"]: (record["timestamp"], record["outcome"])
        for record in records
        if record["event_type"] == "repo_prepared"
    }


def rules(records: Records) -> dict[str, Counter[str]]:
    """Decisions by rule and outcome, and values written, taken back, flapping."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        for decision in record.get("decisions", ()):
            found[decision["rule"]][decision["outcome"]] += 1
    for _, change, reverted, flapped in _written(records):
        for rule in change["rule"].split(", "):
            found[rule]["written"] += 1
            found[rule]["reverted"] += reverted
            found[rule]["flapped"] += flapped
    return dict(found)


def writers(records: Records, what: str, rule: str = "") -> Records:
    """The records that wrote the values which count as ``written``, ``reverted`` or ``flapped``."""
    return [
        record
        for record, change, reverted, flapped in _written(records)
        if {"written": True, "reverted": reverted, "flapped": flapped}[what]
        and (not rule or rule in change["rule"].split(", "))
    ]


def _written(records: Records) -> list[tuple[dict[str, Any], dict[str, Any], bool, bool]]:
    """Every value a rule wrote: its record, the change, whether it was taken back, whether it flaps."""
    found = []
    writes: dict[tuple[str, int, str, str], list[tuple[dict[str, Any], dict[str, Any], bool]]] = defaultdict(list)
    newest: dict[tuple[str, int], dict[str, Any]] = {}
    for record in records:
        if record.get("state"):
            newest[record["repo"], record["issue_number"]] = record["state"]
        if record["event_type"] in {"run", "run_undone"} and record["issue_number"]:
            for change in record["changes_made"]:
                value = (change["after"] or change["before"]) if change["field"] == "labels" else ""
                place = (record["repo"], record["issue_number"], change["field"], value)
                writes[place].append((record, change, record["event_type"] == "run_undone"))
    for (repo, issue, kind, value), made in writes.items():
        for index, (record, change, undone) in enumerate(made):
            if undone or not change.get("rule"):
                continue
            following = made[index + 1] if index + 1 < len(made) else None
            state = newest.get((repo, issue))
            reverted = flapped = False
            if kind in {"labels", "milestone", "state"}:
                if following is not None:
                    reverted = following[2] or following[1]["after"] == change["after"]
                    back = following[1]["after"] == change["before"] and following[1]["before"] == change["after"]
                    later, at = following[0]["timestamp"], record["timestamp"]
                    flapped = not following[2] and back and moment(later[:19]) - moment(at[:19]) <= timedelta(days=1)
                elif state is not None and kind == "labels":
                    reverted = (value in state["labels"]) != (change["after"] is not None)
                elif state is not None:
                    reverted = state.get(kind) != change["after"]
            found.append((record, change, reverted, flapped))
    return found


def moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp.removesuffix("Z"))


def _bound(value: int) -> int:
    limits: list[int] = [step * 10**power for power in range(7) for step in (1, 2, 5)]
    return next(limit for limit in limits if value <= limit)
