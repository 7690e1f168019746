"""What must hold after chaos: checked from outside, in the journal, at GitHub, in the records and in their chain."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

from engine.model import IssueRef, Trigger
from engine.plan import Effect
from engine.runner import consider
from tassist.clock import SystemClock
from tassist.errors import Secret
from tassist.github.connection import Connection
from tassist.sandbox.model import Issue
from tassist.secrets import GitHubApp
from tassist.store.model import DeliveryRow
from tests.support.chaos import Chaos

LOST = ("answer lost", "answer cut", "200 html", "200 empty", "reset")
"""Faults after which a write may be made again, since nobody knows whether it was done."""


@dataclass(slots=True)
class Found:
    """Figures of the state afterwards."""

    states: Counter[str]
    issues: int
    runs: int
    writes: int
    needless: int
    explained: int
    """The most needless writes that kills and lost answers account for."""
    verified: int
    """Records whose chain was checked."""


def check(run: Chaos) -> Found:
    """Everything that must hold, or an assertion that says what does not."""
    world = run.world
    rows = world.deliveries()
    _check_journal(run, rows)
    for issue in world.repo.issues.values():
        _check_issue(issue)
    assert asyncio.run(_still_to_do(run)) == {}, "deciding again about what is there must ask for nothing"
    needless, explained = _check_writes(run)
    runs = _check_records(run, rows)
    log = (world.home / "server.log").read_text(errors="replace")
    assert "Traceback" not in log
    assert "outcome-not-stored" not in log or run.figures.disks
    assert not world.box.bugs
    return Found(
        Counter(row.state for row in rows),
        len(world.repo.issues),
        runs,
        len(world.box.writes),
        needless,
        explained,
        _verify(run),
    )


def _check_journal(run: Chaos, rows: list[DeliveryRow]) -> None:
    state = {row.delivery_id: row for row in rows}
    assert len(state) == len(rows), "an id is there once"
    hooks = run.acknowledged_hooks()
    assert not (run.acknowledged | hooks) - set(state), "acknowledged, and not in the journal"
    # What was stored and could not be answered any more is there as well; nothing else is.
    assert not set(state) - {f"raw-{n}" for n in range(len(rows))} - {item.guid for item in run.world.box.webhooks.log}
    for row in rows:
        own = row.sender.endswith("[bot]")
        assert row.state == "done" or (own and row.state == "ignored"), row


def _check_issue(issue: Issue) -> None:
    names = sorted(label.name for label in issue.labels)
    phases = [name for name in names if name.startswith("phase-")]
    assert [name for name in names if name not in phases] == ["track/main"], (issue.number, names)
    given = [int(event.label[0][-1]) for event in issue.events if event.event == "labeled" and event.label and "phase-" in event.label[0]]  # fmt: skip
    assert phases == ([f"phase-{max(given)}"] if given else []), (issue.number, names)
    milestone = issue.milestone.title if issue.milestone else None
    assert milestone == (f"Phase {max(given)}" if given else None), (issue.number, milestone)


async def _still_to_do(run: Chaos) -> dict[int, tuple[Effect, ...]]:
    """What the engine would still do about each issue, by its number; empty where everything is in order."""
    world = run.world
    app = GitHubApp(app_id=world.app.id, private_key=Secret(world.app.pem), api_url=world.running.api_url)
    found = {}
    async with Connection(app) as connection:
        connection.access.remember(world.repo.id, world.installation_id)
        for number in sorted(world.repo.issues):
            ref = IssueRef(world.repo.full_name, number, world.repo.id)
            considered = await consider(Trigger("manual"), ref, reader=connection.reader, clock=SystemClock())
            assert considered.look is not None, ref
            if considered.plan.effects:
                found[number] = considered.plan.effects
    return found


def _check_writes(run: Chaos) -> tuple[int, int]:
    """Each write changed something once; those that changed nothing are accounted for."""
    requests = run.world.box.requests
    changing = Counter((item.method, item.path, item.body) for item in requests.writes if item.changed)
    assert [key for key, count in changing.items() if count > 1] == []
    lost = sum(run.figures.faults[name] for name in LOST)
    kills = run.figures.kills.total()
    # A kill may lose the answers of all writes that are under way: at most one for each of eight looks.
    lagging = 8 * run.figures.faults["replica lag, lives"]
    explained = lost + 8 * kills + lagging
    needless = len(requests.needless_writes)
    assert needless <= explained
    return needless, explained


def _check_records(run: Chaos, rows: list[DeliveryRow]) -> int:
    """One record a run; the records tell what GitHub saw the App do, neither more nor less."""
    records = run.world.records()
    runs = Counter(record["run_id"] for record in records)
    assert [run_id for run_id, count in runs.items() if count > 1] == []
    assert {row.run_id for row in rows if row.state == "done"} <= set(runs)
    told = Counter(
        (record["issue_number"], change["field"], _text(change.get("before")), _text(change.get("after")))
        for record in records
        for change in record["changes_made"]
        if change["field"] == "labels"
    )
    seen: Counter[tuple[int, str, str, str]] = Counter()
    for number, issue in run.world.repo.issues.items():
        for event in issue.events:
            if event.actor is not None and event.actor.login.endswith("[bot]") and event.label:
                name = event.label[0]
                seen[(number, "labels", *(("", name) if event.event == "labeled" else (name, "")))] += 1
    assert told == seen, {"told and not done": told - seen, "done and not told": seen - told}
    return len(runs)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _verify(run: Chaos) -> int:
    """The product's own command on the files it left."""
    command = [sys.executable, "-m", "tassist", "telemetry", "verify", "--json", str(run.world.home / "telemetry")]
    done = subprocess.run(command, capture_output=True, text=True, env=run.world.env)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    chained = int(report["chained"])
    assert chained >= len(run.world.records())
    return chained


def said(run: Chaos, found: Found) -> list[str]:
    """The figures in words."""
    figures = run.figures
    hooks = run.world.box.webhooks.log
    return [
        f"deliveries: {figures.sent.total()} by the raw client ({_list(figures.sent)}), {len(hooks)} by the box",
        f"answers: {_list(figures.answers)}; acknowledged: {len(run.acknowledged) + len(run.acknowledged_hooks())} ids",
        f"kills: {figures.kills.total()} ({_list(figures.kills)}); disk: {_list(figures.disks)}",
        f"faults at GitHub: {figures.faults.total()} ({_list(figures.faults)})",
        f"journal: {_list(found.states)}; given up and replayed: {figures.replayed}",
        f"issues: {found.issues}; runs: {found.runs}, each with one record",
        f"writes: {found.writes}, of which needless {found.needless} (accounted for: {found.explained})",
        f"chain: {found.verified} records verified; {figures.seconds:.1f} s",
    ]


def _list(counts: Counter[int] | Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))
