"""A machine on which every example of the commands' help can be typed: GitHub in a box, a service, a home, and files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tassist.errors import Secret
from tassist.sandbox import Box, issue_changes, labels, milestones, repositories, serve
from tassist.sandbox.seeds.checkout import plant_files
from tassist.secrets import GitHubApp, credentials_path, save
from tassist.services.demo.process import ServerProcess
from tassist.store.journal import Journal
from tassist.store.model import DeliveryRow
from tassist.telemetry.sinks.jsonl import JsonlSink
from tassist.telemetry.sinks.port import entry
from tests.support import family, keys
from tests.support.delivering import SECRET
from tests.support.legacy import git, repository, write
from tests.support.legacy_shop import shop_box
from tests.support.records import NOON
from tests.support.records import line as record
from tests.support.service import CONFIG, wait_for

ROOT = Path(__file__).resolve().parents[2]


def examples() -> list[str]:
    """Every line of every example, as the generated page of the commands shows them."""
    page = (ROOT / "docs" / "reference" / "commands.md").read_text()
    found: dict[str, None] = {}
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        said = section.partition("  Example:")[2]
        for line in said.splitlines():
            if re.match(r"\s*(?:[A-Z_]+=\S+ )?tassist(?: |$)", line):
                found[line.strip()] = None
    return list(found)


@dataclass
class Machine:
    """Where they are typed."""

    folder: Path
    env: dict[str, str]
    instead: dict[str, str] = field(default_factory=dict)
    """What stands in an example → what it is here: ids, addresses."""

    def here(self, text: str) -> str:
        """A text of an example as it is here."""
        for there, here in self.instead.items():
            text = text.replace(there, here)
        return text

    def types(self, line: str) -> subprocess.CompletedProcess[str]:
        """Have the shell do what the line says."""
        return subprocess.run(
            ["sh", "-c", self.here(line)], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=60,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip


def machine(folder: Path, **env: str) -> Machine:
    """A folder to type in, a house, and tassist on the path."""
    commands, here, house = folder / "bin", folder / "here", folder / "house"
    for one in (commands, here, house / ".config/fish/completions", here / ".github"):
        one.mkdir(parents=True)
    (commands / "tassist").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tassist "$@"\n')
    (commands / "tassist").chmod(0o755)
    keep = {name: os.environ[name] for name in ("TZ", "LC_ALL", "LANG") if name in os.environ}
    env = {
        "HOME": str(house),
        "TASSIST_HOME": str(folder / "home"),
        "TASSIST_API_LIMITS": "off",
        "EDITOR": "true",
        "BROWSER": "true",
        **keep,
        **env,
    }
    return Machine(here, {"PATH": f"{commands}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), **env})


@contextmanager
def looked_after(folder: Path, port: int) -> Iterator[Machine]:
    """A machine with a service that has looked at issues of `acme`'s repositories, and what the examples speak of."""
    box = Box.empty()
    box.organization("acme", owners=["ann"])
    by = box.by("ann")
    with box.lock:
        for name in ("app", "lib", "orbit", "shop"):
            repo = repositories.create_repository(box, by, box.user("acme"), name, labels=False)
            for label in ("track/main", "phase-1", "phase-2", "bug"):
                labels.put_label(box, repo, label, "1d76db")
            for title in ("Phase 1", "Phase 2", "Sprint 4", "Sprint 5"):
                milestones.put_milestone(box, by, repo, title)
            plant_files(box, repo, {".github/task-assistant.yml": CONFIG.encode()})
    app = box.register_app(
        "Task Assistant",
        owner="ann",
        pem=keys.pem(),
        webhook_secret=SECRET,
        hook_url=f"http://127.0.0.1:{port}/webhook",
    )
    box.install(app.id, "acme")
    at = machine(folder, TASSIST_PORT=str(port))
    home = Path(at.env["TASSIST_HOME"])
    home.mkdir(mode=0o700)
    with serve(box) as running:
        save(
            GitHubApp(app.id, Secret(app.pem), Secret(SECRET), slug=app.slug, api_url=running.api_url),
            credentials_path(home),
        )
        with ServerProcess(home, at.env, port=port) as service:
            service.start()
            _happenings(box, at, home)
            downloaded = Path(at.env["HOME"]) / "Downloads" / "app.private-key.pem"
            downloaded.parent.mkdir()
            downloaded.touch(0o600)
            downloaded.write_text(box.add_key(app.id))
            here = f"http://127.0.0.1:{port}"
            addresses = ("http://127.0.0.1:8080", "https://abc.ngrok-free.app", "https://tassist.example.com")
            at.instead |= dict.fromkeys(addresses, here)
            yield at


def _happenings(box: Box, at: Machine, home: Path) -> None:
    """Issues are opened and labelled, and looked at; files lie about as the examples name them."""
    by = box.by("ann")
    with box.lock:
        for name, number in (("app", 12), ("shop", 7), ("orbit", 1)):
            for _ in range(number):
                issue_changes.open_issue(
                    box, by, box.repository(f"acme/{name}"), "The login page", labels=("phase-1", "phase-2", "bug")
                )

    def rows() -> list[DeliveryRow]:
        with Journal.open(home) as journal:
            return journal.deliveries(limit=1000)

    def done() -> bool:
        came = rows()
        return len(came) >= 60 and all(row.state in {"done", "ignored"} for row in came)

    wait_for(lambda: box.webhooks.wait_idle(timeout=1) and done(), "deliveries that are done", timeout_s=120)
    last, before, *_ = [
        row
        for row in rows()
        if row.state == "done" and row.repo == "acme/app" and row.action == "labeled" and row.run_id
    ]
    assert last.run_id is not None
    at.instead |= {
        "72d3162e": last.delivery_id[:12],
        "7c1f8a90": before.delivery_id[:12],
        "019b0c5d2e7f": last.run_id,  # on a quick machine several begin in one millisecond, which the twelve digits are
    }
    (at.folder / ".github/task-assistant.yml").write_text(CONFIG)
    (at.folder / "new.yml").write_text(CONFIG)
    told = {"action": "published", "release": {"id": 1}, "repository": {"full_name": "acme/app"}}
    (at.folder / "release.json").write_text(json.dumps(told))


@contextmanager
def with_a_past(folder: Path) -> Iterator[Machine]:
    """A machine with telemetry of some months, here and from elsewhere."""
    at = machine(folder)
    for place, days in (
        (Path(at.env["TASSIST_HOME"]) / "telemetry", 50),
        (at.folder / "old" / "telemetry", 30),
        (at.folder / ".tassist" / "telemetry", 5),
        (Path(at.env["HOME"]) / "telemetry", 5),
    ):
        records_of_months(place, days=days)
    (at.folder / "new.yml").write_text(CONFIG)
    (at.folder / "old.yml").write_text(CONFIG.replace("mode: enforce", "mode: warn"))
    yield at


def records_of_months(folder: Path, *, days: int) -> None:
    """Records of two repositories, from February 2026 on."""
    repos = ("acme/orbit", "moonbase/docs")
    made = [
        record(number, repo=repos[number % 2], at=NOON + timedelta(days=number // 4 - 20)) for number in range(days * 4)
    ]
    JsonlSink(folder).write([entry(number, one) for number, one in enumerate(made, 1)])


@contextmanager
def legacy(folder: Path) -> Iterator[Machine]:
    """A machine with the App installed where a repository has legacy automation, and a checkout of such a one."""
    box, repo = shop_box()
    owner = repo.owner.login
    app = box.register_app("Task Assistant", owner=owner, pem=keys.pem(), hook_url="http://127.0.0.1:9/webhook")
    box.install(app.id, owner)
    at = machine(folder)
    at.instead |= {"acme/app": repo.full_name}
    with serve(box) as running:
        made = GitHubApp(
            app.id, Secret(app.pem), Secret(app.webhook_secret or ""), slug=app.slug, api_url=running.api_url
        )
        save(made, credentials_path(Path(at.env["TASSIST_HOME"])))
        at.env["TASSIST_MIGRATE_TOKEN"] = box.user_token(owner)
        workflows = {f".github/workflows/{name}": text for name, text in family.FILES.items()}
        source = repository(Path(at.env["HOME"]) / "src" / "app", {**workflows, "README.md": "Hello\n"})
        git(source, "remote", "add", "origin", "https://github.com/octo/app.git")
        shutil.copytree(source, at.folder / "saas-app")
        shutil.copytree(ROOT / "examples", at.folder / "examples")
        issue = {
            "number": 1, "title": "x", "labels": ["team-app"], "milestone": "App 1",
            "created_at": "2025-11-01T00:00:00Z", "updated_at": "2025-11-20T00:00:00Z",
        }  # fmt: skip
        state = {"component": "c", "timestamp": "20251206T120000Z", "repository": "octo/app", "issues": [issue]}
        write(at.folder, {"recorded/state.json": json.dumps(state), "task-assistant.yml": family.CONFIG})
        every = '[[accepted]]\nmatch = "*"\nreason = "We have read the report."\nexpires = 2999-01-01\n'
        write(at.folder, {"new.yml": family.CONFIG, "accepted.toml": every})
        with ServerProcess(Path(at.env["TASSIST_HOME"]), at.env) as service:
            service.start()
            yield at
