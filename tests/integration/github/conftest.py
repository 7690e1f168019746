"""A client that does not make tests wait, and a GitHub for it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.model import IssueRef
from tassist.errors import Secret
from tassist.github.client import GitHubClient, Patience
from tassist.github.connection import Connection
from tassist.github.limits import Limits
from tassist.github.reader import CONFIG_PATH
from tassist.github.transport import Timeouts
from tassist.sandbox import Box, Running, aserve, issue_changes, labels, milestones, repositories
from tassist.sandbox.auth import Actor
from tassist.sandbox.git_store import commit_file
from tassist.sandbox.model import Issue, Repository
from tassist.secrets import GitHubApp, credentials_path, save
from tests.support import keys

Connect = Callable[..., GitHubClient]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Make clients whose own spacing is short; they are closed at the end."""
    made: list[GitHubClient] = []

    def client(url: str, **changes: object) -> GitHubClient:
        values: dict[str, object] = {
            "limits": Limits(write_spacing_s=0.0, writes_per_hour=100_000, points_burst=1e9),
            "patience": Patience(backoff_s=(0.01, 0.01, 0.01), lag_s=(0.01, 0.01), hold_s=0.05),
            "timeouts": Timeouts(connect_s=2, read_s=2, deadline_s=5),
            **changes,
        }
        made.append(GitHubClient(url, **values))  # type: ignore[arg-type]  # the caller names real arguments
        return made[-1]

    yield client
    for one in made:
        await one.close()


@dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output, decoded."""
        return json.loads(self.out)


@dataclass
class Octo:
    """GitHub in a box with the repository ``octo/app`` in it, and the App installed and connected."""

    box: Box
    running: Running
    app: GitHubApp
    connection: Connection
    installation_id: int
    repo: Repository
    by: Actor
    home: Path

    @property
    def ref(self) -> IssueRef:
        """The first issue."""
        return self.at(1)

    def at(self, number: int) -> IssueRef:
        """An issue of the repository, by its id."""
        return IssueRef("octo/app", number, self.repo.id)

    def opened(self, title: str = "an issue", **values: object) -> Issue:
        """Open an issue as a person does."""
        with self.box.lock:
            return issue_changes.open_issue(self.box, self.by, self.repo, title, **values)  # type: ignore[arg-type]

    def asked(self) -> list[str]:
        """What was asked of the repository since the log was cleared, as ``METHOD route``, tokens left out."""
        return [
            f"{request.method} {request.route.removeprefix('/repos/{owner}/{repo}')}"
            for request in self.box.requests
            if "/app" not in request.path and not request.path.endswith("/installation")
        ]

    def configure(self, text: str) -> None:
        """Commit the configuration file."""
        with self.box.lock:
            commit_file(self.repo, CONFIG_PATH, text.encode(), "configure", self.box.user("ann"), self.box.clock.now())

    async def tassist(self, *args: str, stdin: str = "", **env: str) -> Done:
        """Run the real command with the App's credentials in its home folder."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from tassist.entry import main; main()", *args,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "TASSIST_HOME": str(self.home), "TASSIST_API_LIMITS": "off", **env},
        )  # fmt: skip
        out, err = await process.communicate(stdin.encode())
        assert b"Traceback" not in err, err.decode()
        assert keys.pem().splitlines()[1].encode() not in out + err
        return Done(process.returncode or 0, out.decode(), err.decode())

    def another(self, **changes: object) -> Connection:
        """A second connection; the caller closes it."""
        return Connection(self.app, **{**QUICK, **changes})  # type: ignore[arg-type]


QUICK: dict[str, object] = {
    "limits": Limits(write_spacing_s=0.0, writes_per_hour=100_000, points_burst=1e9),
    "patience": Patience(backoff_s=(0.01, 0.01, 0.01), lag_s=(0.01, 0.01), hold_s=0.05),
}


@pytest.fixture
async def octo(tmp_path: Path) -> AsyncIterator[Octo]:
    """A small GitHub with everything a look needs."""
    box = Box.empty()
    box.organization("octo", owners=["ann"])
    by = box.by("ann")
    with box.lock:
        repo = repositories.create_repository(box, by, box.user("octo"), "app", labels=False)
        for name in ("track/main", "track/sprint", "phase-1", "phase-2", "area/a b?#%", "person"):
            labels.put_label(box, repo, name, "1d76db")
        for title in ("Phase 1", "Phase 2"):
            milestones.put_milestone(box, by, repo, title)
        milestones.put_milestone(box, by, repo, "Phase 0", state="closed")
        issue_changes.open_issue(box, by, repo, "the first", labels=["track/main", "person"])
    made = box.register_app("Task Assistant", owner="ann", pem=keys.pem(), hook_url="http://127.0.0.1:9/webhook")
    installation_id = box.install(made.id, "octo")
    async with aserve(box) as running:
        app = GitHubApp(
            app_id=made.id, private_key=Secret(made.pem), client_id=made.client_id, slug=made.slug,
            api_url=running.api_url, webhook_secret=Secret(made.webhook_secret or ""),
        )  # fmt: skip
        async with Connection(app, **QUICK) as connection:  # type: ignore[arg-type]  # real arguments by name
            home = tmp_path / "home"
            save(app, credentials_path(home))
            yield Octo(box, running, app, connection, installation_id, repo, by, home)
