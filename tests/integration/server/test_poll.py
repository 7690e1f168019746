"""No public address: the service reads the delivery log, and without any hook asks each repository what changed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tassist.store.journal import Journal
from tests.integration.server.test_sweep import in_order
from tests.support.service import Outside, wait_for


@contextmanager
def polling(world: Outside) -> Iterator[subprocess.Popen[str]]:
    """`tassist serve --poll`, without a webhook secret."""
    env = {name: value for name, value in world.env.items() if name != "GITHUB_WEBHOOK_SECRET"}
    command = [sys.executable, "-m", "tassist", "serve", "--headless", "--json", "--poll", "--every", "5"]
    with (world.home / "server.log").open("a") as log:
        process = subprocess.Popen(
            [*command, "--home", str(world.home), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**env, "TASSIST_API_LIMITS": "off"},
        )
    try:
        assert process.stdout is not None
        assert "url" in json.loads(process.stdout.readline())
        yield process
    finally:
        process.kill()
        process.communicate()


def log_of(world: Outside) -> str:
    return (world.home / "server.log").read_text()


def test_polling_works_from_the_delivery_log_where_the_app_has_a_hook(world: Outside) -> None:
    app = world.box.app(world.app.id)
    app.hook_url, app.hook_active = "http://127.0.0.1:9/webhook", True  # nobody listens there
    with polling(world), Journal.open(world.home) as journal:
        wait_for(lambda: journal.meta("away.read"), "the first reading")
        mine = world.issue()

        wait_for(lambda: in_order(mine), "the look")
        wait_for(lambda: {"done"} <= {row.state for row in journal.deliveries()}, "the delivery to be done")

    assert "working from the App's delivery log" in log_of(world)


def test_polling_asks_each_repository_where_the_app_has_no_hook_and_resumes_after_a_kill(world: Outside) -> None:
    first = world.issue()
    with polling(world):
        wait_for(lambda: in_order(first), "the first look at everything")
        second = world.issue()
        wait_for(lambda: in_order(second), "the changed issue")
    third = world.issue()  # nobody is here
    with polling(world):
        wait_for(lambda: in_order(third), "what changed meanwhile")

    assert "no webhook" in log_of(world)
    assert {record["trigger"]["kind"] for record in world.records()} <= {"sweep"}
