"""A real service process beside GitHub in a box: started, killed, started again, and looked at from outside."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tassist.sandbox import Box, Registered, Running, issue_changes, labels, milestones, repositories, serve
from tassist.sandbox.auth import Actor
from tassist.sandbox.git_store import commit_file
from tassist.sandbox.model import Issue, Repository
from tassist.services.demo.process import ServerProcess
from tassist.store.journal import Journal
from tassist.store.model import DeliveryRow
from tests.support import keys
from tests.support.delivering import SECRET, compact, signature

CONFIG = """\
schema_version: "1.0"
tracks:
  - {id: main, label: track/main, default: true}
labels:
  - {name: phase-1, description: "", color: "1D76DB"}
  - {name: phase-2, description: "", color: "1D76DB"}
milestones:
  - {title: "Phase 1"}
  - {title: "Phase 2"}
enforcement:
  exclusivity:
    phase: {mode: enforce, strategy: highest}
  phase_milestones: {phase-1: "Phase 1", phase-2: "Phase 2"}
self_healing: {enabled: true, fix_missing_track: true}
"""
"""An issue with both phases and no track needs exactly three writes."""
_A_MOMENT = threading.Event()


def wait_for(condition: Callable[[], Any], what: str, *, timeout_s: float = 30.0) -> None:
    """Wait until a condition of the outside world holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:.0f} s in vain for: {what}")
        _A_MOMENT.wait(0.02)


@dataclass
class Outside:
    """GitHub, the App in it, and one service."""

    box: Box
    running: Running
    app: Registered
    installation_id: int
    repo: Repository
    by: Actor
    home: Path
    env: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def service(self, crash_at: str = "", **env: str) -> Iterator[ServerProcess]:
        """A service on this home; ``crash_at`` kills it at that point."""
        wanted = {**self.env, **env, **({"TASSIST_CRASH_AT": crash_at} if crash_at else {})}
        with ServerProcess(self.home, wanted) as process:
            process.start()
            process.url = f"http://127.0.0.1:{process.port}"  # the address, whatever of it the demo needs
            yield process

    def issue(self, *names: str, title: str = "an issue") -> Issue:
        """Open an issue as a person does; the App has no hook, so nothing is sent by itself."""
        with self.box.lock:
            return issue_changes.open_issue(self.box, self.by, self.repo, title, labels=names or ("phase-1", "phase-2"))

    def payload(self, issue: Issue | int, action: str = "edited", **more: Any) -> dict[str, Any]:
        """What GitHub would send about it."""
        number = issue if isinstance(issue, int) else issue.number
        return {
            "action": action,
            "issue": {"number": number, "title": "an issue"},
            "repository": {
                "id": self.repo.id,
                "name": self.repo.name,
                "full_name": self.repo.full_name,
                "owner": {"login": self.repo.full_name.split("/")[0]},
                "default_branch": "main",
            },
            "sender": {"login": "ann", "id": self.by.user.id if self.by.user else 1},
            "installation": {"id": self.installation_id},
            **more,
        }

    def deliveries(self) -> list[DeliveryRow]:
        """What the journal holds, newest first."""
        with Journal.open(self.home) as journal:
            return journal.deliveries(limit=1_000_000)

    def states(self) -> dict[str, str]:
        """The state of each delivery."""
        return {row.delivery_id: row.state for row in self.deliveries()}

    def records(self) -> list[dict[str, Any]]:
        """Every record of a run in the telemetry files; a torn line fails here."""
        lines = [
            line
            for path in sorted(self.home.glob("telemetry/v1/repos/*/*/*.jsonl"))
            for line in path.read_text().splitlines()
        ]
        return [record for record in map(json.loads, lines) if record["event_type"] == "run"]

    def writes(self) -> list[str]:
        """What the App changed, as ``METHOD route``."""
        return [
            f"{request.method} {request.route.partition('{number}')[2] or request.route}" for request in self.box.writes
        ]


def deliver(
    url: str,
    payload: Mapping[str, Any] | bytes,
    *,
    event: str = "issues",
    delivery_id: str | None = None,
    secret: str = SECRET,
) -> int:
    """Send a signed delivery; the answer's status, or 0 where the connection was cut."""
    body = payload if isinstance(payload, bytes) else compact(payload)
    request = urllib.request.Request(
        url + "/webhook",
        body,
        {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery_id or str(uuid.uuid4()),
            "X-Hub-Signature-256": signature(body, secret),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


@contextmanager
def outside(tmp_path: Path) -> Iterator[Outside]:
    """A GitHub with one repository that has a configuration, the App installed, and a home for a service."""
    box = Box.empty()
    box.organization("octo", owners=["ann"])
    by = box.by("ann")
    with box.lock:
        repo = repositories.create_repository(box, by, box.user("octo"), "app", labels=False)
        for name in ("track/main", "phase-1", "phase-2"):
            labels.put_label(box, repo, name, "1d76db")
        for title in ("Phase 1", "Phase 2"):
            milestones.put_milestone(box, by, repo, title)
        commit_file(repo, ".github/task-assistant.yml", CONFIG.encode(), "configure", by.user, box.clock.now())
    app = box.register_app("Task Assistant", owner="ann", pem=keys.pem(), webhook_secret=SECRET)
    installation_id = box.install(app.id, "octo")
    with serve(box) as running:
        env = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "TZ", "LC_ALL") if name in os.environ},
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "GITHUB_APP_ID": str(app.id),
            "GITHUB_PRIVATE_KEY": app.pem,
            "GITHUB_WEBHOOK_SECRET": SECRET,
            "GITHUB_API_URL": running.api_url,
            "TASSIST_API_LIMITS": "off",  # with limits a second passes between two writes
        }
        home = tmp_path / "service"
        home.mkdir(mode=0o700)
        yield Outside(box, running, app, installation_id, repo, by, home, env)
