"""Installations and repositories come, pause, move and go; work in hand follows, each by its id."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from tassist.sandbox import app_registry, issue_changes, repositories
from tassist.services.demo.process import ServerProcess
from tassist.store.journal import Journal
from tests.integration.server.test_sweep import another_repo, in_order
from tests.support.service import Outside, deliver, wait_for


@pytest.fixture
def server(world: Outside) -> Iterator[ServerProcess]:
    """A service to which the App's hook points."""
    with world.service(TASSIST_API_LIMITS="off") as process, Journal.open(world.home) as journal:
        app = world.box.app(world.app.id)
        app.hook_url, app.hook_active = f"{process.url}/webhook", True
        wait_for(lambda: journal.meta("away.read"), "the service to be there")
        yield process


def at_rest(world: Outside, journal: Journal) -> bool:
    if not world.box.webhooks.wait_idle():
        return False
    counts = journal.counts()
    return not (counts["stored"] or counts["waiting"] or journal.repos() or journal.sweeps.unfinished())


def test_h37_a_new_installation_is_swept(world: Outside) -> None:
    world.box.uninstall(world.installation_id)
    mine = world.issue()
    _, more = another_repo(world, "lib", issues=2)
    with world.service(TASSIST_API_LIMITS="off") as process:
        app = world.box.app(world.app.id)
        app.hook_url, app.hook_active = f"{process.url}/webhook", True
        world.box.install(world.app.id, "octo")

        wait_for(lambda: all(map(in_order, [mine, *more])), "every open issue to be looked at")


def test_h37_uninstalling_midway_cancels_what_is_left(world: Outside, server: ServerProcess) -> None:
    for n in range(30):
        another_repo(world, f"r{n:02}", issues=2)
    with Journal.open(world.home) as journal:
        wait_for(lambda: at_rest(world, journal), "the new issues to be handled")
        journal.sweeps.begin("big", "asked", '{"all": true}', world.box.clock.now())
        wait_for(lambda: journal.sweeps.progress("big").looked > 3, "the sweep to be under way")
        world.box.uninstall(world.installation_id)

        wait_for(lambda: at_rest(world, journal), "everything to come to rest")
        done = journal.sweeps.progress("big")
        assert done.dropped > 0
        assert done.ended == done.repos
    assert server.alive()


def test_h52_a_suspended_installation_pauses_and_is_swept_when_it_works_again(
    world: Outside, server: ServerProcess
) -> None:
    with Journal.open(world.home) as journal:
        world.box.suspend(world.installation_id)
        wait_for(lambda: at_rest(world, journal), "the news")
        mine = world.issue()  # GitHub tells nobody while it is suspended
        assert world.box.webhooks.wait_idle()
        assert not in_order(mine)

        world.box.unsuspend(world.installation_id)
        wait_for(lambda: in_order(mine), "the sweep")
    assert server.alive()


def test_h52_accepted_permissions_ask_for_another_look(world: Outside, server: ServerProcess) -> None:
    app = world.box.app(world.app.id)
    app.hook_active = False  # nothing is told of this issue
    mine = world.issue()
    app.hook_active = True
    with world.box.lock:
        app_registry.accept_permissions(world.box, world.box.installation(world.installation_id))

    wait_for(lambda: in_order(mine), "the sweep")
    assert server.alive()


def test_h52_added_repositories_are_swept_and_removed_ones_are_left_alone(
    world: Outside, server: ServerProcess
) -> None:
    lib, (first,) = another_repo(world, "lib")
    with Journal.open(world.home) as journal:
        wait_for(lambda: at_rest(world, journal), "what happened before")
        world.box.select_repositories(world.installation_id, ["app"])
        with world.box.lock:
            later = issue_changes.open_issue(world.box, world.by, lib, "later", labels=("phase-1", "phase-2"))
        wait_for(lambda: at_rest(world, journal), "the removal")
        assert in_order(first)
        assert not in_order(later)

        world.box.select_repositories(world.installation_id, ["app", "lib"])
        wait_for(lambda: in_order(later), "the sweep of what was added")
    assert server.alive()


def test_h62_renamed_archived_and_made_anew(world: Outside, server: ServerProcess) -> None:
    box = world.box
    with Journal.open(world.home) as journal:
        with box.lock:
            repositories.rename_repository(box, world.by, world.repo, "renamed")
        mine = world.issue()
        wait_for(lambda: in_order(mine), "the look under the new name")

        with box.lock:
            repositories.set_archived(box, world.by, world.repo, archived=True)
        wait_for(lambda: at_rest(world, journal), "the archiving")
        with box.lock:
            repositories.set_archived(box, world.by, world.repo, archived=False)
        wait_for(lambda: at_rest(world, journal), "the return")

        with box.lock:
            repositories.delete_repository(box, world.by, world.repo)
        anew, (fresh,) = another_repo(world, "renamed")
        assert anew.id != world.repo.id
        wait_for(lambda: in_order(fresh), "the look in the new one of the same name")
        wait_for(lambda: at_rest(world, journal), "everything")
        assert {row.state for row in journal.deliveries(limit=500)} <= {"done", "ignored"}
    assert server.alive()


def test_h62_a_transferred_repository_is_looked_at_under_its_new_installation(
    world: Outside, server: ServerProcess
) -> None:
    box = world.box
    other = box.organization("elsewhere", owners=["ann"])
    box.install(world.app.id, "elsewhere")
    with Journal.open(world.home) as journal:
        with box.lock:
            repositories.transfer_repository(box, world.by, world.repo, other)
        mine = world.issue()

        wait_for(lambda: in_order(mine), "the look at the new place")
        wait_for(lambda: at_rest(world, journal), "everything")
    assert world.repo.full_name == "elsewhere/app"
    assert server.alive()


def test_h52_a_repository_that_cannot_be_listed_is_asked_about_and_what_waits_for_it_is_not_given_up(
    world: Outside, server: ServerProcess
) -> None:
    mine = world.issue()
    with Journal.open(world.home) as journal:
        wait_for(lambda: at_rest(world, journal) and in_order(mine), "what happened before")
        left = world.box.faults.answer(404, {"message": "Not Found"}, method="GET", path="*/issues", count=None)
        payload = world.payload(mine) | {
            "action": "edited",
            "label": {"name": "track/main"},
            "changes": {"name": {"from": "x"}},
        }
        del payload["issue"]
        assert deliver(server.url, payload, event="label", delivery_id="label-edited") == 202
        what = "SELECT reason, attempts FROM lanes WHERE number = 0"
        reader = sqlite3.connect(world.home / "journal.db")
        wait_for(lambda: any("cannot be listed" in (reason or "") for reason, _ in reader.execute(what)), "the look")

        assert journal.find("label-edited")[0].state == "waiting"
        assert reader.execute(what).fetchall() == [(f"the open issues of {world.repo.full_name} cannot be listed", 0)]
        wait_for(lambda: reader.execute("SELECT 1 FROM doubts WHERE subject = 'repository'").fetchall(), "the question")
        reader.close()
        world.box.faults.remove(left)


def test_h61_where_issues_are_switched_off_a_look_at_the_whole_repository_is_over(
    world: Outside, server: ServerProcess
) -> None:
    with Journal.open(world.home) as journal:
        wait_for(lambda: at_rest(world, journal), "what happened before")
        world.box.faults.answer(
            410, {"message": "Issues are disabled for this repo"}, method="GET", path="*/issues", count=None
        )
        payload = world.payload(1) | {
            "action": "edited",
            "label": {"name": "track/main"},
            "changes": {"name": {"from": "x"}},
        }
        del payload["issue"]
        assert deliver(server.url, payload, event="label", delivery_id="label-edited") == 202
        wait_for(lambda: journal.find("label-edited")[0].state == "done", "the look")
