"""The whole migration on the real legacy repository, in a box: `python -m tests.support.real_migration GIT_DIR SNAPSHOT`.

The git directory and the recorded snapshot are the reader's own; nothing of them is kept here. Prints each command and the
last lines of what it said, then figures.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.model import IssueRef, Trigger
from engine.runner import run
from tassist.errors import Secret
from tassist.github.connection import Connection
from tassist.github.limits import UNLIMITED
from tassist.sandbox import Box, aserve, git_store, issue_changes
from tassist.sandbox.contents import files_below
from tassist.sandbox.labels import find_label, put_label
from tassist.sandbox.model import Repository, Variable
from tassist.sandbox.seeds.checkout import plant_git
from tassist.secrets import GitHubApp, credentials_path, save
from tassist.services.migrate import shadow as shadowing
from tassist.services.migrate.progress import folder
from tests.support import keys

VARIABLES = {
    "CODEX_MAIN_MILESTONE": "Sprint 4 Stabilization",
    "CODEX_DASHBOARD_MILESTONE": "Dashboard Validation",
    "CODEX_SELFTEST_MILESTONE": "Codex Internal",
    "CODEX_MAIN_STALE_DAYS": "2",
    "CODEX_MAIN_ESCALATION_DAYS": "4",
    "CODEX_DASHBOARD_STALE_DAYS": "7",
    "CODEX_DASHBOARD_ESCALATION_DAYS": "14",
}
"""Milestones as in the record; the thresholds are recorded nowhere and are those of examples/saas-app.yml."""
LABELS = ("codex", "codex-selftest", "codex-trackmain", "codex-trackdashboard", "needs-attention", "needs-escalation")


@dataclass
class Story:
    """What happened, for a page and for a test."""

    said: list[tuple[str, int, list[str]]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


def loaded_box(git_dir: Path, snapshot: Path) -> tuple[Box, Repository]:
    """The repository's files, its telemetry branch and its recorded state in a box."""
    box = Box.from_file(snapshot)
    (repo,) = box.world.repositories.values()
    last = _git(git_dir, "rev-list", "-1", "--before=2025-12-07", "main")
    record = _git(git_dir, "rev-list", "-1", "--before=2025-12-07", "gh-pages")
    plant_git(box, repo, git_dir, last)
    plant_git(box, repo, git_dir, record, branch="gh-pages")
    now = box.clock.now()
    for name in LABELS:
        if find_label(repo, name) is None:
            put_label(box, repo, name)
    for name, value in VARIABLES.items():
        titles = {item.title: item.number for item in repo.milestones.values()}
        repo.variables[name] = Variable(name, str(titles.get(value, value)), now, now)
    return box, repo


def full_state(repo: Repository) -> dict[str, Any]:
    """Everything a migration may touch."""
    tree = git_store.read_commit(repo, repo.refs[f"refs/heads/{repo.default_branch}"]).tree
    return {
        "files": {path: (one.mode, one.sha) for path, one in files_below(repo, tree).items()},
        "branches": sorted(repo.refs),
        "labels": sorted((one.id, one.name, one.color, one.description) for one in repo.labels.values()),
        "milestones": sorted((one.number, one.title, one.state) for one in repo.milestones.values()),
        "issues": {
            one.number: (one.title, one.state, sorted(label.name for label in one.labels),
                         one.milestone.title if one.milestone else None)
            for one in repo.issues.values() if not one.head
        },
        "workflows": sorted((one.path, one.state) for one in repo.workflows.values()),
    }  # fmt: skip


async def story(git_dir: Path, snapshot: Path, home: Path) -> Story:
    """Everything, in order."""
    told = Story()
    box, repo = loaded_box(git_dir, snapshot)
    owner, name = repo.owner.login, repo.full_name
    made = box.register_app("Task Assistant", owner=owner, pem=keys.pem(), hook_url="http://127.0.0.1:9/webhook")
    box.install(made.id, owner)
    token = box.user_token(owner)
    box.clock.set(max(one.updated_at for one in repo.issues.values()) + timedelta(hours=2))
    before = full_state(repo)
    told.facts["before"] = _figures(before)
    async with aserve(box) as running:
        app = GitHubApp(
            app_id=made.id, private_key=Secret(made.pem), client_id=made.client_id, slug=made.slug,
            api_url=running.api_url, webhook_secret=Secret(made.webhook_secret or ""),
        )  # fmt: skip
        save(app, credentials_path(home))

        async def command(*args: str) -> str:
            began = time.monotonic()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "from tassist.entry import main; main()", "migrate", *args,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, "TASSIST_HOME": str(home), "TASSIST_API_LIMITS": "off", "TASSIST_MIGRATE_TOKEN": token},
            )  # fmt: skip
            out, _ = await process.communicate()
            text = out.decode()
            shown = [line for line in text.splitlines() if line.strip()]
            told.said.append((" ".join(args), process.returncode or 0, shown))
            told.facts.setdefault("seconds", {})[args[0]] = round(time.monotonic() - began, 1)
            return text

        plan = home / "plan.json"
        await command("audit", name)
        await command("plan", name, "--close-self-tests", "--out", str(plan))
        config, evidence = home / "task-assistant.yml", home / "evidence.md"
        config.write_text(json.loads(plan.read_text())["config"])
        await command("diff", name, "--config", str(config), "--markdown", str(evidence))
        await command("shadow", "start", name, "--plan", str(plan), "--days", "7")
        await _look_at_all(box, repo, app, home, told, shadow=True)
        await command("shadow", "status", name)
        reported = ("--evidence", str(evidence)) if evidence.exists() else ()
        await command("apply", name, "--plan", str(plan), *reported, "--yes", "--service-elsewhere")
        await command("apply", name, "--merge", "--yes", "--service-elsewhere")
        told.facts["after"] = _figures(full_state(repo))
        switched = full_state(repo)
        await _look_at_all(box, repo, app, home, told, shadow=False)
        await command("verify", name)
        await _week(box, repo, app, home, told)
        _set_back(repo, switched)
        await command("rollback", name, "--merge", "--yes")
    after = full_state(repo)
    told.facts["exact"] = {key: after[key] == before[key] for key in before}
    return told


async def _look_at_all(
    box: Box, repo: Repository, app: GitHubApp, home: Path, told: Story, *, shadow: bool
) -> Counter[str]:
    """Every open issue once, as a sweep does, on the box's clock."""
    counted: Counter[str] = Counter()
    async with Connection(app, dry=shadow, clock=box.clock, limits=UNLIMITED) as connection:
        place = folder(home, repo.full_name)
        known = shadowing.Shadow.load(place)
        for number in sorted(
            one.number for one in repo.issues.values() if one.state == "open" and not one.is_pull_request
        ):
            ref = IssueRef(repo.full_name, number, repo.id)
            if shadow:
                assert known is not None
                result = await shadowing.run(
                    Trigger("sweep"), ref, place=place, shadow=known, reader=connection.reader, clock=box.clock
                )
                assert result is not None
            else:
                result = await run(
                    Trigger("sweep"), ref, reader=connection.reader, applier=connection.applier, clock=box.clock
                )
            counted["looks"] += 1
            counted["writes"] += result.writes
            counted[result.outcome] += 1
    told.facts.setdefault("sweeps", []).append(dict(counted))
    return counted


async def _week(box: Box, repo: Repository, app: GitHubApp, home: Path, told: Story) -> None:
    """Seven days: people open, label and close issues, and each night every open issue is looked at."""
    by = box.by(repo.owner.login)
    for day in range(7):
        box.clock.advance(86_400)
        with box.lock:
            track = ("track/main", "track/dashboard")[day % 2]
            opened = issue_changes.open_issue(box, by, repo, f"Work of day {day + 1}", labels=[track])
            if day % 3 == 2:
                issue_changes.set_state(box, by, opened, "closed")
        await _look_at_all(box, repo, app, home, told, shadow=False)
    told.facts["week"] = Counter(
        label.name for one in repo.issues.values() if one.state == "open" for label in one.labels
        if label.name.startswith(("track/", "state/"))
    )  # fmt: skip


def _set_back(repo: Repository, state: dict[str, Any]) -> None:
    """Forget the week in the box, so that what the migration itself did can be compared to the byte afterwards."""
    for number in [number for number in repo.issues if number not in state["issues"] and not repo.issues[number].head]:
        del repo.issues[number]
    labels = {one.name: one for one in repo.labels.values()}
    titles = {one.title: one for one in repo.milestones.values()}
    for number, (_, was, names, title) in state["issues"].items():
        issue = repo.issues[number]
        issue.labels = [labels[name] for name in names]
        issue.state, issue.milestone = was, titles.get(title)


def _figures(state: dict[str, Any]) -> dict[str, Any]:
    carried = Counter(name for _, _, names, _ in state["issues"].values() for name in names)
    return {
        "workflow files": sum(path.startswith(".github/workflows/") for path in state["files"]),
        "files": len(state["files"]),
        "open issues": sum(was == "open" for _, was, _, _ in state["issues"].values()),
        "labels": dict(sorted(carried.items())),
    }


def _git(git_dir: Path, *args: str) -> str:
    done = subprocess.run(["git", "--git-dir", str(git_dir), *args], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main() -> int:
    """Print the story."""
    git_dir, snapshot = Path(sys.argv[1]), Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as home:
        told = asyncio.run(story(git_dir, snapshot, Path(home)))
    for args, code, lines in told.said:
        sys.stdout.write(f"\n$ tassist migrate {args.replace(home, '.')}    [exit {code}]\n")
        sys.stdout.writelines(f"  {line}\n" for line in lines)
    for key, value in told.facts.items():
        sys.stdout.write(f"\n{key}: {value}\n")
    return 0 if all(told.facts["exact"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
