"""The model of actions/stale against actions/stale itself: its own bundle, run by node on a GitHub in a box, does what the model said."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from engine.model import Issue
from migrations.audit.document import read_document
from migrations.audit.facts import gather
from migrations.legacy import stale_action
from migrations.legacy.component import Says
from migrations.legacy.recognise import world_of
from migrations.legacy.stale_action import StaleAction
from migrations.model import Snapshot
from tassist.sandbox import Box, issue_changes, labels, milestones, repositories
from tassist.sandbox.git_store import commit_file
from tassist.sandbox.model import Repository
from tassist.services.migrate.remote import read_remote
from tests.integration.migrate.conftest import Shop, installed

TAG = "v9.1.0"
INPUTS: dict[str, dict[str, str]] = {
    "its defaults": {},
    "messages and exemptions": {
        "stale-issue-message": "Nobody was here.", "close-issue-message": "Closed.", "exempt-issue-labels": "Pinned", "exempt-milestones": "later",
        "close-issue-label": "gone", "days-before-pr-stale": "-1", "days-before-close": "5", "stale-pr-label": "old",
    },
    "only some": {"only-labels": "bug", "any-of-pr-labels": "pinned,bug", "only-pr-labels": "", "exempt-all-assignees": "true", "days-before-stale": "20"},
    "marks that stay": {"remove-stale-when-updated": "false", "remove-pr-stale-when-updated": "true", "exempt-assignees": "ben", "labels-to-remove-when-unstale": "bug", "days-before-close": "1"},
    "never, and by creation": {"days-before-issue-stale": "-1", "ignore-pr-updates": "true", "days-before-pr-stale": "30.5", "labels-to-remove-when-stale": "bug", "include-only-assigned": "true"},
}  # fmt: skip
DEEDS = ("nothing", "marked", "marked, then a comment", "marked, then a title", "a bot's mark with words")


def live(box: Box, repo: Repository, at: datetime) -> None:
    """Issues of every sort, each with its own past: how long ago it was touched last, what it carries, what was done to it."""
    ann, ben, robot = box.by("ann"), box.user("ben"), box.by("robot")
    # All on one page: what it closes moves the next page up, so that it passes over what stood at its top until its next run.
    sorts = product(DEEDS, (0.4, 6, 21, 61), ((), ("bug",)), ("issue", "pull request"))
    for place, (deed, days, some, kind) in enumerate(sorts):
        carried = (*some, "pinned") if place % 6 == 1 else some
        box.clock.set(at - timedelta(days=days + 100))
        issue = issue_changes.open_issue(
            box, ann, repo, f"{deed}, {days}", labels=list(carried), assignees=[ben] if place % 5 == 0 else [],
            milestone=repo.milestones[1] if place % 7 == 0 else None,
        )  # fmt: skip
        issue.is_pull_request = kind == "pull request"
        box.clock.set(at - timedelta(days=days) - (timedelta(days=2) if "then" in deed else timedelta(0)))
        if deed == "a bot's mark with words":
            issue_changes.add_comment(box, robot, issue, "Nobody was here.")
        if deed != "nothing":
            issue_changes.add_labels(box, robot, issue, ["Stale"])
        box.clock.set(at - timedelta(days=days))
        if "comment" in deed or deed == "nothing":
            issue_changes.add_comment(box, ann, issue, "Still there.")
        if "title" in deed:
            issue_changes.edit_text(box, ann, issue, title="another")
        if place % 11 == 0:
            issue_changes.set_locked(box, ann, issue, locked=True)
    box.clock.set(at)


def foreseen(said: Says, issue: Issue) -> tuple[str, list[str]]:
    """State and labels as the model leaves them."""
    state, names = issue.state, {name.casefold(): name for name in issue.labels}
    for write in said.writes:
        if write.field == "state":
            state = "closed"
        elif write.value == "on":
            names.setdefault(write.name.casefold(), write.name)
        else:
            names.pop(write.name.casefold(), None)
    return state, sorted(names.values())


@pytest.mark.parametrize("which", INPUTS)
async def test_what_the_model_says_is_what_the_action_does(which: str, tmp_path: Path) -> None:
    named = os.environ.get("TASSIST_TEST_ACTIONS_STALE", "")
    node = shutil.which("node")
    if not named or not node:
        pytest.skip("TASSIST_TEST_ACTIONS_STALE names no git directory of actions/stale, or there is no node")
    shown = subprocess.run(["git", "--git-dir", named, "show", f"{TAG}:dist/index.js"], capture_output=True, check=True)
    inputs = {**INPUTS[which], "operations-per-run": "100000"}
    given = "".join(f"          {name}: {value!r}\n" for name, value in inputs.items())
    flow = f"on: {{schedule: [{{cron: 1 1 * * *}}]}}\njobs:\n  a:\n    steps:\n      - uses: actions/stale@{TAG}\n        with:\n{given}"
    box = Box.empty()
    box.organization("octo", owners=["ann", "ben", "robot"])
    with box.lock:
        by = box.by("ann")
        repo = repositories.create_repository(box, by, box.user("octo"), "old", labels=False)
        commit_file(repo, ".github/workflows/stale.yml", flow.encode(), "add", box.user("ann"), box.clock.now())
        for name in ("Stale", "old", "bug", "pinned", "gone"):
            labels.put_label(box, repo, name, "cccccc")
        milestones.put_milestone(box, by, repo, "Later")
        live(box, repo, datetime.now(UTC))
    async with installed(box, repo, tmp_path / "home") as shop:
        snapshot = await read_remote(shop.connection, "octo/old")
        assert snapshot.taken_at is not None
        world = world_of(snapshot, snapshot.taken_at)
        said = {one.ref.number: (one, _model(snapshot).decide(one, world)) for one in snapshot.issues or ()}
        await asyncio.to_thread(_run, [node, "-"], shown.stdout, shop, inputs)

    wrong: dict[str, Any] = {}
    for number, (issue, one) in said.items():
        there = repo.issues[number]
        did = there.state, sorted(label.name for label in there.labels)
        if one.unknown:
            wrong[f"#{number} {issue.title}"] = one.unknown
        elif did != foreseen(one, issue):
            wrong[f"#{number} {issue.title}"] = (one.branch, foreseen(one, issue), did)
    assert wrong == {}
    assert len(said) == 80
    assert len({one.branch for _, one in said.values()}) > 4


def _model(snapshot: Snapshot) -> StaleAction:
    (file,) = snapshot.workflows
    (found,) = stale_action.recognise(gather(read_document(file), {}), snapshot)
    return found


def _run(command: list[str], bundle: bytes, shop: Shop, inputs: dict[str, str]) -> None:
    """The Action as a runner starts it, with nothing in its environment that leads elsewhere."""
    defaults = {
        "days-before-stale": "60", "days-before-close": "7", "stale-issue-label": "Stale", "stale-pr-label": "Stale",
        "close-issue-reason": "not_planned", "remove-stale-when-updated": "true",
    }  # fmt: skip
    told = {**defaults, **inputs}
    env = {f"INPUT_{name.upper()}": value for name, value in told.items()} | {
        "PATH": "/usr/bin:/bin", "GITHUB_API_URL": shop.running.api_url.rstrip("/"), "GITHUB_REPOSITORY": "octo/old", "RUNNER_TEMP": str(shop.home.parent),
        "GITHUB_RUN_ID": "1", "GITHUB_RUN_ATTEMPT": "1",
    }  # fmt: skip
    # Not in the environment, where whoever lists processes sees it.
    given = f"process.env['INPUT_REPO-TOKEN'] = '{shop.token}';\n".encode()
    # What it prints holds its own token, which a runner would mask: nobody reads it.
    done = subprocess.run(
        command,
        input=given + bundle,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0
