"""`tassist deliveries redeliver`: the box's own delivery log, its hook on a real service, and the journal between them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tassist.sandbox import issue_changes
from tests.support.service import Outside, wait_for


def redeliver(world: Outside, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tassist", "deliveries", "redeliver", *args],
        capture_output=True,
        text=True,
        env={**os.environ, **world.env, "TASSIST_HOME": str(world.home)},
    )


def opened(world: Outside, url: str) -> str:
    """Somebody opens an issue; the delivery id of what GitHub sends about it to this hook."""
    app = world.box.app(world.app.id)
    app.hook_url, app.hook_active = f"{url}/webhook", True
    with world.box.lock:
        issue_changes.open_issue(world.box, world.by, world.repo, "an issue", labels=["phase-1", "phase-2"])
    wait_for(lambda: any(one.event == "issues" for one in world.box.webhooks.log), "an attempt in GitHub's log")
    return next(one.guid for one in world.box.webhooks.log if one.event == "issues" and one.action == "opened")


def test_a_delivery_that_never_arrived_is_fetched_and_handled(world: Outside) -> None:
    with world.service() as service:
        guid = opened(world, "http://127.0.0.1:9")
        world.box.app(world.app.id).hook_url = f"{service.url}/webhook"

        done = redeliver(world, guid[:10], "--wait", "--json")

        again = redeliver(world, guid, "--wait")
        assert service.stop() == 0

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["delivery_id"], told["state"], told["run"]["outcome"]) == (guid, "done", "success")
    assert [one.ok for one in world.box.webhooks.log if one.guid == guid and one.redelivery] == [True, True]
    assert again.returncode == 0, again.stderr
    assert "tassist deliveries replay" in again.stderr
    rows = {row.delivery_id: row for row in world.deliveries()}
    # The survey of the log at the service's start may have been faster than the first of the two.
    assert rows[guid].duplicates == 1 + told["known"]


def test_what_github_cannot_deliver_is_said_in_its_words(world: Outside) -> None:
    guid = opened(world, "http://127.0.0.1:9")
    with world.service() as service:
        assert service.stop() == 0

    done = redeliver(world, guid, "--wait", "--timeout", "10")

    assert done.returncode == 5
    assert "could not deliver" in done.stderr or "did not arrive" in done.stderr


@pytest.mark.parametrize("name", ["nowhere-to-be-found", "\x1b[2J"])
def test_what_the_log_does_not_have_is_said(world: Outside, name: str) -> None:
    done = redeliver(world, name)

    assert (done.returncode, done.stdout) == (2, "")
    assert "delivery log has no" in done.stderr
    assert "\x1b" not in done.stderr
