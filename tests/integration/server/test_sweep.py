"""The sweep: by hand beside a service or alone, killed and gone on with, in many repositories, and dry."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from tassist.sandbox import issue_changes, labels, milestones, repositories
from tassist.sandbox.git_store import commit_file
from tassist.sandbox.model import Issue, Repository
from tassist.server.away import Away
from tassist.store.journal import Journal
from tests.support.service import CONFIG, Outside, deliver, wait_for

NO_LIMITS = {"TASSIST_API_LIMITS": "off"}


def another_repo(world: Outside, name: str, *, issues: int = 1) -> tuple[Repository, list[Issue]]:
    """A repository with a configuration, and issues that need three writes each."""
    box = world.box
    with box.lock:
        repo = repositories.create_repository(box, world.by, box.user("octo"), name, labels=False)
        for label in ("track/main", "phase-1", "phase-2"):
            labels.put_label(box, repo, label, "1d76db")
        for title in ("Phase 1", "Phase 2"):
            milestones.put_milestone(box, world.by, repo, title)
        commit_file(repo, ".github/task-assistant.yml", CONFIG.encode(), "configure", world.by.user, box.clock.now())
        made = [
            issue_changes.open_issue(box, world.by, repo, f"issue {n}", labels=("phase-1", "phase-2"))
            for n in range(issues)
        ]
    return repo, made


def start_sweep(world: Outside, *args: str, **env: str) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tassist", "sweep", *args, "--home", str(world.home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**world.env, **NO_LIMITS, **env},
    )


def sweep(world: Outside, *args: str, code: int = 0) -> tuple[str, str]:
    """Its stdout and stderr."""
    process = start_sweep(world, *args)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    return out, err


def in_order(issue: Issue) -> bool:
    return {label.name for label in issue.labels} == {"track/main", "phase-2"} and issue.milestone is not None


def swept(world: Outside) -> list[dict[str, object]]:
    """The records of what each sweep did in each repository."""
    lines = [line for path in sorted(world.home.glob("telemetry/**/*.jsonl")) for line in path.read_text().splitlines()]
    return [record for record in map(json.loads, lines) if record["event_type"] == "sweep_finished"]


def test_a_sweep_looks_at_every_open_issue_of_everything_that_is_installed(world: Outside) -> None:
    _, more = another_repo(world, "lib", issues=2)
    mine = world.issue()
    with world.box.lock:
        closed = world.issue()
        issue_changes.set_state(world.box, world.by, closed, "closed")

    out, _ = sweep(world, "--all", "--json")

    said = json.loads(out)
    assert (said["repositories"], said["looked_at"], said["changed"], said["failed"]) == (2, 3, 3, 0)
    assert all(map(in_order, [mine, *more]))
    assert not in_order(closed)
    assert {record["trigger"]["kind"] for record in world.records()} == {"sweep"}
    counts = {str(record["repo"]): record["counts"] for record in swept(world)}
    assert counts == {
        "octo/app": {"looked_at": 1, "changed": 1, "failed": 0},
        "octo/lib": {"looked_at": 2, "changed": 2, "failed": 0},
    }


def test_a_named_repository_only(world: Outside) -> None:
    _, others = another_repo(world, "lib")
    mine = world.issue()

    out, _ = sweep(world, "octo/app")

    assert out == "1 issue of 1 repository looked at, 1 changed, 0 failed\n"
    assert in_order(mine)
    assert not in_order(others[0])


def test_a_repository_that_was_not_chosen_is_neither_swept_nor_looked_at(world: Outside) -> None:
    _, others = another_repo(world, "lib")
    mine = world.issue()
    chosen = {"TASSIST_REPOSITORIES": "octo/lib", **NO_LIMITS}
    process = start_sweep(world, "--all", "--json", **chosen)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err

    assert json.loads(out)["repositories"] == 1
    assert in_order(others[0])
    assert not in_order(mine)
    with world.service(**chosen) as server:
        assert deliver(server.url, world.payload(mine), delivery_id="not-ours") == 202
        wait_for(lambda: world.states().get("not-ours") == "ignored", "the delivery to be recorded")
    (row,) = [row for row in world.deliveries() if row.delivery_id == "not-ours"]
    assert "setting repositories" in (row.reason or "")
    assert not in_order(mine)


def test_a_sweep_beside_a_running_service_is_done_by_it(world: Outside) -> None:
    mine = world.issue()
    with world.service(**NO_LIMITS), Journal.open(world.home) as journal:
        wait_for(lambda: journal.meta("away.read"), "the service to be there")
        _, err = sweep(world, "--all")

        assert "a service holds the journal" in err
        assert in_order(mine)


def test_a_dry_sweep_writes_nothing_with_a_token_that_cannot(world: Outside) -> None:
    mine = world.issue()

    out, err = sweep(world, "--all", "--dry-run")

    assert "octo/app#1" in out
    assert "1 issue looked at, 1 would be changed; nothing was written" in err
    assert not in_order(mine)
    assert world.box.writes == []
    granted = [token.permissions for token in world.box.world.tokens.values() if token.installation is not None]
    assert granted
    assert all(level == "read" for permissions in granted for level in (permissions or {"": "write"}).values())


def test_a_killed_sweep_goes_on_where_it_was(world: Outside) -> None:
    issues = [issue for n in range(12) for issue in another_repo(world, f"r{n:02}", issues=3)[1]]
    with Journal.open(world.home) as journal:
        process = start_sweep(world, "--all")
        wait_for(lambda: any(map(in_order, issues)), "the first looks")
        process.kill()
        process.communicate()
        (begun,) = journal.sweeps.unfinished()

        out, err = sweep(world, "--all", "--json")

    said = json.loads(out)
    assert said["sweep"] == begun.sweep_id
    assert begun.sweep_id in err
    assert (said["repositories"], said["looked_at"]) == (13, 36)
    assert all(map(in_order, issues))
    assert len(world.writes()) == 3 * 36, "nothing was done twice"


def test_h37_a_thousand_repositories_are_swept_a_few_at_a_time(world: Outside) -> None:
    box = world.box
    with box.lock:
        for n in range(1000):
            repositories.create_repository(box, world.by, box.user("octo"), f"many-{n:04}", labels=False)
    _, (last,) = another_repo(world, "zz")

    out, _ = sweep(world, "--all", "--json")

    assert json.loads(out)["repositories"] == 1002
    assert in_order(last)
    pages = [request for request in box.requests if request.route == "/installation/repositories"]
    assert len(pages) == 11
    assert not [request for request in box.requests if request.status in {403, 429}]


def test_there_is_one_nightly_sweep_a_day_also_across_restarts(tmp_path: Path) -> None:
    away = Away(timedelta(days=3), sweep_at=time(2, 30))
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)

    with Journal.open(tmp_path) as journal:
        assert not away.begin_night(journal, start), "the first start waits for its first night"
        assert not away.begin_night(journal, start + timedelta(hours=14, minutes=20))
        assert away.begin_night(journal, start + timedelta(hours=15, minutes=1))
    with Journal.open(tmp_path) as journal:
        assert not away.begin_night(journal, start + timedelta(hours=16))
        assert [found.sweep_id for found in journal.sweeps.unfinished()] == ["nightly-2026-01-02"]
        # Three nights nobody was here: made up for once.
        assert away.begin_night(journal, start + timedelta(days=4))
        assert not away.begin_night(journal, start + timedelta(days=4, hours=1))
