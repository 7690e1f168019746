"""The engine's `Reader` on GitHub in a box: what a look reads, what it costs, and what it does when things are gone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from engine.model import Fact, IssueRef
from engine.plan import CreateLabel
from engine.ports import ConfigText, Gone, Look, Retry
from tassist.github.reader import CONFIG_PATH
from tassist.sandbox import issue_changes, labels, milestones, repositories, sub_issues
from tassist.sandbox.git_store import commit_file
from tests.integration.github.conftest import Octo


async def look(octo: Octo, number: int = 1, *facts: Fact) -> Look:
    found = await octo.connection.reader.look(octo.at(number), facts)
    assert isinstance(found, Look), found
    return found


async def gone(octo: Octo, number: int = 1) -> str:
    found = await octo.connection.reader.look(octo.at(number))
    assert isinstance(found, Gone), found
    return found.problem.code


async def test_a_look_shows_the_issue_as_it_is(octo: Octo) -> None:
    with octo.box.lock:
        due = datetime(2026, 12, 31, 8, tzinfo=UTC)
        milestone = milestones.put_milestone(octo.box, octo.by, octo.repo, "Due", due_on=due, description="soon")
    octo.opened("Título", body="a body", labels=["phase-1", "track/main"], milestone=milestone)

    issue = (await look(octo, 2)).issue

    assert (issue.title, issue.body, issue.state, issue.author) == ("Título", "a body", "open", "ann")
    assert issue.labels == ("phase-1", "track/main")
    assert issue.milestone is not None
    assert (issue.milestone.title, issue.milestone.due_on, issue.milestone.description) == (
        "Due",
        date(2026, 12, 31),
        "soon",
    )
    assert issue.created_at is not None
    assert issue.created_at.tzinfo is not None
    assert (issue.timeline, issue.parent_read, issue.is_pull_request) == (None, False, False)


async def test_a_fact_asked_for_later_does_not_read_the_issue_again(octo: Octo) -> None:
    first = await look(octo)
    octo.box.requests.clear()

    second = await octo.connection.reader.look(octo.ref, (Fact.REPO_LABELS,), first)
    assert isinstance(second, Look)
    third = await octo.connection.reader.look(octo.ref, (Fact.REPO_LABELS, Fact.TIMELINE), second)

    assert isinstance(third, Look)
    assert octo.asked() == ["GET /labels", "GET /issues/{number}/timeline"]
    assert third.issue.timeline is not None
    assert third.repo.labels == second.repo.labels is not None
    assert (second.reads, third.reads) == (1, 1)


async def test_looks_that_were_asked_for_at_once_share_the_repository_and_read_each_its_issue(octo: Octo) -> None:
    octo.opened("another")
    octo.configure('schema_version: "1.0"\ntracks: []\nlabels: []\nmilestones: []\n')
    reader, clock = octo.connection.reader, octo.connection.client.clock
    facts = (Fact.REPO_LABELS, Fact.REPO_MILESTONES)
    came = clock.now()
    octo.box.requests.clear()

    for number in (1, 2, 1):
        one = reader.since(came)
        assert isinstance(await one.config(octo.at(number)), ConfigText)
        assert isinstance(await one.look(octo.at(number), facts), Look)

    asked = Counter(octo.asked())
    assert (asked["GET /contents/{path:path}"], asked["GET /labels"], asked["GET /milestones"]) == (1, 1, 1)
    assert asked["GET /issues/{number}"] == 3

    with octo.box.lock:
        labels.put_label(octo.box, octo.repo, "after")
    later = await reader.since(clock.now()).look(octo.at(1), facts)
    assert isinstance(later, Look)
    assert later.repo.labels is not None
    assert "after" in {label.name for label in later.repo.labels}, "what asked for this look came after that read"


async def test_what_a_look_creates_the_next_one_sees_however_early_it_was_asked_for(octo: Octo) -> None:
    reader = octo.connection.reader
    one = reader.since(octo.connection.client.clock.now())
    assert isinstance(await one.look(octo.at(1), (Fact.REPO_LABELS,)), Look)

    await octo.connection.applier.apply(octo.at(1), CreateLabel("new", "", "1D76DB", rule="labels"))
    seen = await one.look(octo.at(1), (Fact.REPO_LABELS,))

    assert isinstance(seen, Look)
    assert seen.repo.labels is not None
    assert "new" in {label.name for label in seen.repo.labels}


async def test_the_parent_is_named_by_the_issue_so_that_is_read_again(octo: Octo) -> None:
    first = await look(octo)
    octo.box.requests.clear()

    second = await octo.connection.reader.look(octo.ref, (Fact.PARENT,), first)

    assert isinstance(second, Look)
    assert second.issue.parent_read
    assert octo.asked()[0] == "GET /issues/{number}"


async def test_the_steady_state_costs_one_billable_read(octo: Octo) -> None:
    first = await look(octo)
    octo.box.requests.clear()
    with octo.box.lock:
        issue_changes.add_labels(octo.box, octo.by, octo.box.issue("octo/app", 1), ["phase-1"])

    second = await look(octo)
    third = await look(octo)

    assert (first.reads, second.reads, third.reads) == (2, 1, 0)
    assert octo.asked() == ["GET /issues/{number}"] * 2
    assert [request.status for request in octo.box.requests] == [200, 304]
    assert octo.box.requests[0].path == f"/repositories/{octo.repo.id}/issues/1"


async def test_facts_are_read_only_when_they_are_asked_for(octo: Octo) -> None:
    found = await look(octo)
    assert (found.repo.labels, found.repo.milestones, found.issue.timeline) == (None, None, None)

    found = await look(octo, 1, Fact.TIMELINE, Fact.REPO_LABELS, Fact.REPO_MILESTONES)

    assert [(event.event, event.label, event.actor) for event in found.issue.timeline or ()] == [
        ("labeled", "track/main", "ann"),
        ("labeled", "person", "ann"),
    ]
    assert {label.name for label in found.repo.labels or ()} >= {"track/main", "area/a b?#%"}
    assert [(m.title, m.state) for m in found.repo.milestones or ()] == [
        ("Phase 1", "open"),
        ("Phase 2", "open"),
        ("Phase 0", "closed"),
    ]


async def test_h45_more_than_a_page_of_everything_is_read(octo: Octo) -> None:
    with octo.box.lock:
        for n in range(205):
            labels.put_label(octo.box, octo.repo, f"l{n}")
            milestones.put_milestone(octo.box, octo.by, octo.repo, f"m{n}", state="closed" if n % 2 else "open")
        issue = octo.box.issue("octo/app", 1)
        for n in range(70):
            issue_changes.add_labels(octo.box, octo.by, issue, [f"l{n}"])
            issue_changes.remove_label(octo.box, octo.by, issue, octo.repo.labels[f"l{n}"])

    found = await look(octo, 1, Fact.TIMELINE, Fact.REPO_LABELS, Fact.REPO_MILESTONES)

    assert len(found.repo.labels or ()) == 6 + 205
    assert len(found.repo.milestones or ()) == 3 + 205
    assert [event.label for event in (found.issue.timeline or ())[-2:]] == ["l69", "l69"]
    assert len(found.issue.timeline or ()) == 2 + 140


async def test_our_own_doings_are_told_from_peoples(octo: Octo) -> None:
    from engine.plan import AddLabels, RemoveLabels

    await octo.connection.applier.apply(octo.ref, AddLabels(("phase-1",), "r"))
    await octo.connection.applier.apply(octo.ref, RemoveLabels(("person",), "r"))

    timeline = (await look(octo, 1, Fact.TIMELINE)).issue.timeline or ()

    assert [(event.event, event.label, event.by_app) for event in timeline] == [
        ("labeled", "track/main", False),
        ("labeled", "person", False),
        ("labeled", "phase-1", True),
        ("unlabeled", "person", True),
    ]


async def test_h62_a_renamed_repository_is_found_by_its_id(octo: Octo) -> None:
    await look(octo)
    with octo.box.lock:
        repositories.rename_repository(octo.box, octo.by, octo.repo, "renamed")

    found = await look(octo)

    assert found.issue.ref == IssueRef("octo/renamed", 1, octo.repo.id)
    assert found.repo.full_name == "octo/renamed"


async def test_h62_a_repository_made_anew_with_the_same_name_is_another_one(octo: Octo) -> None:
    await look(octo)
    with octo.box.lock:
        repositories.delete_repository(octo.box, octo.by, octo.repo)
        again = repositories.create_repository(octo.box, octo.by, octo.box.user("octo"), "app")
        issue_changes.open_issue(octo.box, octo.by, again, "not the one that was meant")

    assert await gone(octo) == "repository-gone"


async def test_h62_a_repository_that_is_gone_is_not_taken_for_one_without_a_configuration(octo: Octo) -> None:
    await octo.connection.reader.config(octo.ref)
    with octo.box.lock:
        repositories.delete_repository(octo.box, octo.by, octo.repo)

    found = await octo.connection.reader.config(octo.ref)

    assert isinstance(found, Gone)
    assert found.problem.code == "repository-gone"


async def test_h61_a_deleted_issue_is_gone(octo: Octo) -> None:
    with octo.box.lock:
        issue_changes.delete_issue(octo.box, octo.by, octo.box.issue("octo/app", 1))

    assert await gone(octo) == "issue-gone"


async def test_h61_an_issue_that_never_was_is_gone_after_a_few_tries(octo: Octo) -> None:
    assert await gone(octo, 99) == "issue-gone"
    assert octo.asked().count("GET /issues/{number}") == 3


async def test_h62_a_repository_that_moved_is_read_with_the_installation_that_covers_it_now(octo: Octo) -> None:
    octo.repo.private = True  # a public one anybody may read
    await look(octo)
    bob = octo.box.user("bob")
    elsewhere = octo.box.install(octo.app.app_id, "bob")
    with octo.box.lock:
        repositories.transfer_repository(octo.box, octo.by, octo.repo, bob)
    # A delivery from before the move says so still.
    octo.connection.access.remember(octo.repo.id, octo.installation_id)

    found = await look(octo)

    assert found.issue.ref.repo == "bob/app"
    assert elsewhere != octo.installation_id


async def test_h61_a_transferred_issue_is_gone_and_said_where_to(octo: Octo) -> None:
    with octo.box.lock:
        other = repositories.create_repository(octo.box, octo.by, octo.box.user("octo"), "other")
        for _ in range(3):
            issue_changes.open_issue(octo.box, octo.by, other, "other")
        issue_changes.transfer_issue(octo.box, octo.by, octo.box.issue("octo/app", 1), other)
    async with octo.another() as wide:
        wide.access.remember(octo.repo.id, octo.installation_id)
        found = await wide.reader.look(octo.ref)

    assert isinstance(found, Gone)
    assert found.problem.code in {"issue-transferred", "issue-gone"}


async def test_h61_issues_switched_off(octo: Octo) -> None:
    with octo.box.lock:
        octo.repo.has_issues = False

    assert await gone(octo) == "issues-off"


async def test_h61_the_end_of_being_archived_is_seen_by_the_next_look(octo: Octo) -> None:
    with octo.box.lock:
        repositories.set_archived(octo.box, octo.by, octo.repo, archived=True)
    assert (await look(octo)).repo.archived
    with octo.box.lock:
        repositories.set_archived(octo.box, octo.by, octo.repo, archived=False)

    assert not (await look(octo)).repo.archived


async def test_h61_an_archived_repository_says_so(octo: Octo) -> None:
    with octo.box.lock:
        repositories.set_archived(octo.box, octo.by, octo.repo, archived=True)

    assert (await look(octo)).repo.archived


async def test_a_repositorys_properties_are_read_anew_when_told(octo: Octo) -> None:
    assert not (await look(octo)).repo.archived
    with octo.box.lock:
        repositories.set_archived(octo.box, octo.by, octo.repo, archived=True)
    assert not (await look(octo)).repo.archived

    octo.connection.reader.forget(octo.repo.id)

    assert (await look(octo)).repo.archived


async def test_h61_a_locked_issue_is_read(octo: Octo) -> None:
    with octo.box.lock:
        issue_changes.set_locked(octo.box, octo.by, octo.box.issue("octo/app", 1), locked=True)

    assert (await look(octo)).issue.locked


async def test_h61_a_pull_request_says_that_it_is_one(octo: Octo) -> None:
    with octo.box.lock:
        octo.box.issue("octo/app", 1).is_pull_request = True

    assert (await look(octo)).issue.is_pull_request


async def test_h38_an_issue_the_replica_does_not_show_yet_appears(octo: Octo) -> None:
    octo.box.faults.answer(404, {"message": "Not Found"}, path="/repos/*/issues/*", count=2)

    assert (await look(octo)).issue.title == "the first"


async def test_h52_a_suspended_installation_is_named(octo: Octo) -> None:
    await look(octo)
    octo.box.suspend(octo.installation_id)

    assert await gone(octo) == "github-suspended"


async def test_h52_an_installation_that_left_is_gone(octo: Octo) -> None:
    octo.box.uninstall(octo.installation_id)

    assert await gone(octo) == "app-not-installed"


async def test_h52_an_app_that_was_installed_anew_is_found_again(octo: Octo) -> None:
    await look(octo)
    octo.box.uninstall(octo.installation_id)
    assert isinstance(await octo.connection.reader.look(octo.ref), Gone)
    octo.box.install(octo.app.app_id, "octo")

    assert (await look(octo)).issue.title == "the first"


async def test_h52_a_repository_taken_out_of_the_installation_is_left_alone(octo: Octo) -> None:
    await look(octo)
    with octo.box.lock:
        repositories.create_repository(octo.box, octo.by, octo.box.user("octo"), "kept")
    octo.box.select_repositories(octo.installation_id, ["kept"])
    octo.connection.access.auth.forget_installation(octo.installation_id)

    assert await gone(octo) == "github-permission"
    octo.box.select_repositories(octo.installation_id, None)
    assert (await look(octo)).issue.title == "the first"


async def test_h40_a_limit_is_handed_back_to_come_again(octo: Octo) -> None:
    await look(octo)
    octo.box.faults.forbidden("secondary", path="/repos/*/issues/*")

    with pytest.raises(Retry) as raised:
        await octo.connection.reader.look(octo.ref)

    assert raised.value.after_s is not None
    assert 55 < raised.value.after_s <= 60


async def test_h42_trouble_of_githubs_is_slept_over(octo: Octo) -> None:
    octo.box.faults.server_error(502, html=True, path="/repos/*/issues/*", count=2)
    octo.box.faults.reset(path="/repos/*/issues/*")

    assert (await look(octo)).issue.title == "the first"


async def test_credentials_that_are_refused_wait_for_a_person(octo: Octo) -> None:
    octo.box.faults.answer(401, {"message": "Bad credentials"}, path="/app/installations/*", count=None)

    with pytest.raises(Retry) as raised:
        await octo.connection.reader.look(octo.ref)

    assert raised.value.after_s == 300


async def text_of(octo: Octo) -> str | None:
    found = await octo.connection.reader.config(octo.ref)
    assert isinstance(found, ConfigText), found
    return found.text


async def test_the_configuration_is_read_once_and_revalidated(octo: Octo) -> None:
    octo.configure('schema_version: "1.0"\n')

    first = await octo.connection.reader.config(octo.ref)
    second = await octo.connection.reader.config(octo.ref)

    assert first == second
    assert isinstance(first, ConfigText)
    assert first.text == 'schema_version: "1.0"\n'
    assert first.source.startswith("octo/app:.github/task-assistant.yml@")
    asked = [request for request in octo.box.requests if "contents" in request.path]
    assert [request.status for request in asked] == [200, 304]

    octo.configure("# changed\n")
    assert await text_of(octo) == "# changed\n"


@pytest.mark.parametrize("kind", ["suspended", "blocked", "permission"])
async def test_h52_a_configuration_that_may_not_be_read_says_why(octo: Octo, kind: str) -> None:
    octo.box.faults.forbidden(kind, path="/repos/*/contents/*")

    found = await octo.connection.reader.config(octo.ref)

    assert isinstance(found, Gone)
    assert found.problem.code == f"github-{kind}"


async def test_a_repository_without_configuration_has_none(octo: Octo) -> None:
    assert await text_of(octo) is None

    octo.configure("x: 1")
    with octo.box.lock:
        commit_file(octo.repo, f"{CONFIG_PATH}/inside", b"x", "a folder", None, octo.box.clock.now())
    assert await text_of(octo) is None, "a folder is no file"


@pytest.mark.parametrize("text", ["\ufeffx: ü\n", "x: 😀\r\n", "", "# " + "x" * 1_200_000])
async def test_the_configuration_arrives_as_it_is(octo: Octo, text: str) -> None:
    octo.configure(text)

    assert await text_of(octo) == text.removeprefix("\ufeff")


async def test_bytes_that_are_no_text_are_visible_in_the_configuration(octo: Octo) -> None:
    with octo.box.lock:
        commit_file(octo.repo, CONFIG_PATH, b"x: \xff\n", "bytes", None, octo.box.clock.now())

    assert await text_of(octo) == "x: \ufffd\n"


async def test_a_parent_is_read_one_level_deep(octo: Octo) -> None:
    parent = octo.opened("the parent", labels=["track/sprint"])
    child = octo.opened("the child")
    with octo.box.lock:
        issue_changes.set_milestone(octo.box, octo.by, parent, octo.repo.milestones[1])
        sub_issues.add_sub_issue(octo.box, octo.by, parent, child)

    found = (await look(octo, child.number, Fact.PARENT)).issue
    alone = (await look(octo, parent.number, Fact.PARENT)).issue

    assert found.parent_read
    assert found.parent is not None
    assert found.parent.ref == octo.at(parent.number)
    assert found.parent.labels == ("track/sprint",)
    assert found.parent.milestone is not None
    assert found.parent.milestone.title == "Phase 1"
    assert (alone.parent, alone.parent_read) == (None, True)
