"""Sub-issues follow their parent through the service: what a person changes there reaches them at once, and goes no further."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tassist.sandbox import issue_changes, labels, sub_issues
from tassist.sandbox.git_store import commit_file
from tassist.sandbox.model import Issue
from tassist.services.demo.process import ServerProcess
from tassist.store.journal import Journal
from tests.integration.server.test_lifecycle import at_rest
from tests.support.service import CONFIG, Outside, wait_for

INHERITING = (
    CONFIG.replace("track/main, default: true}", "track/main}\n  - {id: ops, label: track/ops}")
    + "inheritance: {mode: hard, copy: [track]}\n"
)


@pytest.fixture
def server(world: Outside) -> Iterator[ServerProcess]:
    """A service to which the App's hook points; the configuration lets sub-issues take their parent's track."""
    with world.box.lock:
        labels.put_label(world.box, world.repo, "track/ops", "1d76db")
        commit_file(
            world.repo,
            ".github/task-assistant.yml",
            INHERITING.encode(),
            "inherit",
            world.by.user,
            world.box.clock.now(),
        )
    with world.service(TASSIST_API_LIMITS="off") as process, Journal.open(world.home) as journal:
        app = world.box.app(world.app.id)
        app.hook_url, app.hook_active = f"{process.url}/webhook", True
        wait_for(lambda: journal.meta("away.read"), "the service to be there")
        yield process


def tracks(issue: Issue) -> list[str]:
    return sorted(label.name for label in issue.labels if label.name.startswith("track/"))


def below(world: Outside, parent: Issue) -> Issue:
    child = world.issue("phase-1")
    with world.box.lock:
        sub_issues.add_sub_issue(world.box, world.by, parent, child)
    return child


def move(world: Outside, issue: Issue, track: str) -> None:
    with world.box.lock:
        others = [label.name for label in issue.labels if not label.name.startswith("track/")]
        issue_changes.replace_labels(world.box, world.by, issue, [*others, track])


def test_what_a_person_changes_on_the_parent_reaches_its_sub_issues_and_theirs(
    world: Outside, server: ServerProcess
) -> None:
    parent = world.issue("phase-1", "track/main")
    child = below(world, parent)
    grandchild = below(world, child)
    stranger = world.issue("phase-1", "track/main")
    wait_for(lambda: tracks(child) == tracks(grandchild) == ["track/main"], "both to be on the parent's track")

    move(world, parent, "track/ops")

    wait_for(lambda: tracks(child) == tracks(grandchild) == ["track/ops"], "both to follow their parent")
    assert tracks(stranger) == ["track/main"]
    assert server.alive()


def test_what_the_parent_changes_elsewhere_costs_its_sub_issues_nothing(world: Outside, server: ServerProcess) -> None:
    parent = world.issue("phase-1", "track/main")
    child = below(world, parent)
    with Journal.open(world.home) as journal:
        wait_for(lambda: tracks(child) == ["track/main"] and at_rest(world, journal), "the family to be in order")
        world.box.requests.clear()

        with world.box.lock:
            issue_changes.edit_text(world.box, world.by, parent, title="another title", body=None)

        wait_for(lambda: at_rest(world, journal), "everything to come to rest")
    asked = [one.path for one in world.box.requests if "/issues/" in one.path]
    assert any(f"/issues/{parent.number}" in path for path in asked)
    assert not any(f"/issues/{child.number}" in path for path in asked)


def test_what_happened_to_the_parent_while_the_service_was_away_reaches_the_sub_issue(
    world: Outside, server: ServerProcess
) -> None:
    parent = world.issue("phase-1", "track/main")
    child = below(world, parent)
    wait_for(lambda: tracks(child) == ["track/main"], "the sub-issue to be on its parent's track")

    server.kill()
    move(world, parent, "track/ops")
    server.start()

    wait_for(lambda: tracks(child) == ["track/ops"], "the sub-issue to follow")
