"""A small legacy repository in a box, with the App installed as it always is, and a person who may lend a token."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tassist.config import settings
from tassist.config.settings import Settings
from tassist.entry import run
from tassist.errors import Secret
from tassist.github.connection import Connection
from tassist.sandbox import Box, aserve, git_store
from tassist.sandbox.contents import files_below
from tassist.sandbox.model import Repository
from tassist.secrets import GitHubApp, credentials_path, save
from tests.integration.github.conftest import QUICK, Done, Octo
from tests.support import keys
from tests.support.legacy_shop import NAME, shop_box

CONFIG = ".github/task-assistant.yml"


@dataclass
class Shop(Octo):
    """GitHub in a box with `lena/shop`."""

    token: str = ""

    async def migrate(self, *args: str, **env: str) -> Done:
        """Run `tassist migrate` with lena's token lent, in a thread of this process: a process of its own costs two seconds."""
        return await asyncio.to_thread(self._run, ["migrate", *args], {"TASSIST_MIGRATE_TOKEN": self.token, **env})

    def _run(self, args: list[str], env: dict[str, str]) -> Done:
        env = {"TASSIST_HOME": str(self.home), "TASSIST_API_LIMITS": "off", **env}
        with patch.dict(os.environ, env), redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            code = run(args)
        assert keys.pem().splitlines()[1] not in out.getvalue() + err.getvalue()
        return Done(code, out.getvalue(), err.getvalue())

    def loaded(self, monkeypatch: pytest.MonkeyPatch) -> Settings:
        """The settings such a command would read."""
        monkeypatch.setenv("TASSIST_MIGRATE_TOKEN", self.token)
        monkeypatch.setenv("TASSIST_API_LIMITS", "off")
        return self.settings()

    def settings(self) -> Settings:
        """The settings of its home folder."""
        return settings.load({"home": str(self.home)})

    def files(self, branch: str = "main") -> dict[str, bytes]:
        """Every file of a branch."""
        tree = git_store.read_commit(self.repo, self.repo.refs[f"refs/heads/{branch}"]).tree
        return {path: self.repo.objects[one.sha].content for path, one in files_below(self.repo, tree).items()}

    def state(self) -> dict[str, Any]:
        """Everything a migration may touch, comparable: files to the byte, labels, milestones, issues, workflows, branches."""
        repo = self.repo
        return {
            "files": self.files(),
            "branches": sorted(repo.refs),
            "labels": sorted((one.id, one.name, one.color, one.description) for one in repo.labels.values()),
            "milestones": sorted((one.number, one.title, one.state, one.description) for one in repo.milestones.values()),
            "issues": {
                one.number: (one.title, one.state, sorted(label.name for label in one.labels),
                             one.milestone.title if one.milestone else None)
                for one in repo.issues.values() if not one.head
            },
            "workflows": sorted((one.path, one.state) for one in repo.workflows.values()),
            "variables": sorted((one.name, one.value) for one in repo.variables.values()),
        }  # fmt: skip


def authorities(repo: Repository) -> tuple[bool, bool]:
    """Whether legacy is in charge, and whether the new is: by what the default branch holds."""
    tree = git_store.read_commit(repo, repo.refs[f"refs/heads/{repo.default_branch}"]).tree
    paths = set(files_below(repo, tree))
    on = {one.path for one in repo.workflows.values() if one.state == "active"}
    return any(path in on for path in paths if "/shop-" in path), CONFIG in paths


@asynccontextmanager
async def installed(box: Box, repo: Repository, home: Path) -> AsyncIterator[Shop]:
    """The box running, with the App installed where the repository is, and its credentials in a home folder."""
    owner = repo.owner.login
    made = box.register_app("Task Assistant", owner=owner, pem=keys.pem(), hook_url="http://127.0.0.1:9/webhook")
    installation_id = box.install(made.id, owner)
    async with aserve(box) as running:
        app = GitHubApp(
            app_id=made.id, private_key=Secret(made.pem), client_id=made.client_id, slug=made.slug,
            api_url=running.api_url, webhook_secret=Secret(made.webhook_secret or ""),
        )  # fmt: skip
        async with Connection(app, **QUICK) as connection:  # type: ignore[arg-type]  # real arguments by name
            save(app, credentials_path(home))
            yield Shop(box, running, app, connection, installation_id, repo, box.by(owner), home, box.user_token(owner))
    assert box.bugs == []


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    box, repo = shop_box()
    async with installed(box, repo, tmp_path / "home") as shop:
        yield shop
    assert repo.full_name.startswith(NAME.split("/")[0])


@pytest.fixture
async def lean(tmp_path: Path) -> AsyncIterator[Shop]:
    """The same shop with two legacy workflows and two files of telemetry: every sort of step once or twice, for what is tried often."""
    box, repo = shop_box(("stale", "sync"), records=2)
    for number in (3, 7, 10, 11, 12):
        del repo.issues[number]
    async with installed(box, repo, tmp_path / "home") as shop:
        yield shop
