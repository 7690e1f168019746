"""The engine's `Applier` on GitHub in a box: additive, checked, once, and safe to repeat."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from engine.plan import (
    AddLabels,
    CloseIssue,
    CreateLabel,
    CreateMilestone,
    Effect,
    PostComment,
    RemoveLabels,
    SetMilestone,
)
from engine.ports import Applied, Retry
from tassist.github.app_auth import DRY_PERMISSIONS
from tassist.sandbox import issue_changes, labels, milestones, repositories
from tests.integration.github.conftest import Octo

COMMENT = PostComment("No activity for 14 days.\n\n<!-- tassist:stale:1 -->", "<!-- tassist:stale:1 -->", "stale")
EFFECTS: dict[str, Effect] = {
    "add labels": AddLabels(("phase-1", "area/a b?#%"), "r"),
    "remove labels": RemoveLabels(("track/main", "person"), "r"),
    "set milestone": SetMilestone("Phase 2", 2, "r"),
    "create label": CreateLabel("new/label", "why", "00ff00", "r"),
    "create milestone": CreateMilestone("Phase 3", "third", "2026-12-31", "r"),
    "post comment": COMMENT,
    "close": CloseIssue("not_planned", "r"),
}
EFFECT = pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)


async def apply(octo: Octo, effect: Effect, number: int = 1) -> Applied:
    return await octo.connection.applier.apply(octo.at(number), effect)


def state(octo: Octo) -> object:
    """Everything an effect may change."""
    issue = octo.box.issue("octo/app", 1)
    return (
        {label.name for label in issue.labels},
        issue.milestone.title if issue.milestone else None,
        issue.state,
        issue.state_reason,
        [comment.body for comment in issue.comments],
        {(label.name, label.color, label.description) for label in octo.repo.labels.values()},
        [(m.title, m.description, m.due_on.date() if m.due_on else None) for m in octo.repo.milestones.values()],
    )


async def test_h62_what_is_written_to_a_repository_that_moved_waits_for_the_installation_that_covers_it_now(
    octo: Octo,
) -> None:
    octo.box.user("bob")
    await octo.connection.reader.look(octo.ref)  # a token of the old installation is at hand
    await octo.connection.access.to_write(octo.ref)
    octo.box.install(octo.app.app_id, "bob")
    with octo.box.lock:
        repositories.transfer_repository(octo.box, octo.by, octo.repo, octo.box.user("bob"))
    octo.connection.access.remember(octo.repo.id, octo.installation_id)

    with pytest.raises(Retry):
        await apply(octo, RemoveLabels(("person",), "r"))
    done = await apply(octo, RemoveLabels(("person",), "r"))

    assert (done.changed, done.before) == (True, "person")


async def test_a_label_is_gone_only_where_github_says_so(octo: Octo) -> None:
    octo.box.faults.answer(404, {"message": "Not Found"}, path="/repos/*/issues/*", count=None)
    octo.box.faults.answer(404, {"message": "Not Found"}, path="/repos/*/issues/*/labels/*", count=None)

    done = await apply(octo, RemoveLabels(("person",), "r"))

    assert done.problem is not None, "nobody took the label off: the issue is out of reach"


@EFFECT
async def test_an_effect_is_applied_and_counted(octo: Octo, effect: Effect) -> None:
    before = state(octo)

    done = await apply(octo, effect)

    assert (done.problem, done.changed) == (None, True)
    assert done.writes == (2 if isinstance(effect, RemoveLabels) else 1)
    assert state(octo) != before
    assert octo.box.requests.needless_writes == []
    assert all("PUT" not in line for line in octo.asked())


async def test_what_each_effect_leaves(octo: Octo) -> None:
    for effect in EFFECTS.values():
        await apply(octo, effect)

    issue = octo.box.issue("octo/app", 1)
    assert {label.name for label in issue.labels} == {"phase-1", "area/a b?#%"}
    assert (issue.milestone and issue.milestone.title, issue.state, issue.state_reason) == (
        "Phase 2",
        "closed",
        "not_planned",
    )
    assert [comment.body for comment in issue.comments] == [COMMENT.body]
    assert octo.repo.labels["new/label"].color == "00ff00"
    made = next(m for m in octo.repo.milestones.values() if m.title == "Phase 3")
    assert made.due_on is not None
    assert made.due_on.date().isoformat() == "2026-12-31"


@EFFECT
async def test_applying_again_leaves_the_same(octo: Octo, effect: Effect) -> None:
    await apply(octo, effect)
    before = state(octo)
    async with octo.another() as restarted:
        again = await restarted.applier.apply(octo.ref, effect)

    assert again.problem is None
    assert state(octo) == before
    if not isinstance(
        effect, AddLabels | SetMilestone | CloseIssue
    ):  # GitHub does not say whether these changed anything
        assert not again.changed


@EFFECT
async def test_h21_an_answer_that_is_lost_after_the_change_is_read_back(octo: Octo, effect: Effect) -> None:
    octo.box.faults.lose_answer(method="write", path="/repos/*")

    done = await apply(octo, effect)

    assert done.problem is None
    assert done.changed or isinstance(effect, RemoveLabels)
    once = state(octo)
    octo.box.faults.clear()
    await apply(octo, effect)
    assert state(octo) == once
    assert len(octo.box.issue("octo/app", 1).comments) == isinstance(effect, PostComment)


async def test_h21_a_label_whose_removal_was_not_answered_is_told_as_removed(octo: Octo) -> None:
    octo.box.faults.lose_answer(method="DELETE", path="/repos/*")

    done = await apply(octo, RemoveLabels(("person",), "r"))

    assert (done.problem, done.changed, done.before) == (None, True, "person")
    assert "person" not in {label.name for label in octo.box.issue("octo/app", 1).labels}
    assert not (await apply(octo, RemoveLabels(("person",), "r"))).changed


@EFFECT
@pytest.mark.parametrize("trouble", ["truncate", "html", "empty"])
async def test_h42_an_answer_that_says_nothing_is_read_back(octo: Octo, effect: Effect, trouble: str) -> None:
    getattr(octo.box.faults, trouble)(method="write", path="/repos/*")

    done = await apply(octo, effect)

    assert done.problem is None
    assert len(octo.box.issue("octo/app", 1).comments) <= 1


@EFFECT
async def test_h42_trouble_before_the_change_is_slept_over_or_handed_back(octo: Octo, effect: Effect) -> None:
    octo.box.faults.server_error(503, method="write", path="/repos/*")
    before = state(octo)
    try:
        done = await apply(octo, effect)
    except Retry:
        assert isinstance(effect, CreateLabel | CreateMilestone | PostComment), (
            "only these must not be sent blindly again"
        )
        assert state(octo) == before
        done = await apply(octo, effect)

    assert (done.problem, done.changed) == (None, True)


@EFFECT
async def test_h40_a_token_without_the_permission_writes_nothing(octo: Octo, effect: Effect) -> None:
    before = state(octo)
    async with octo.another(permissions=DRY_PERMISSIONS) as dry:
        done = await dry.applier.apply(octo.ref, effect)

    assert done.problem is not None
    assert done.problem.code == "github-permission"
    assert done.problem.family == "auth"
    assert not done.changed
    assert state(octo) == before


async def test_h40_only_a_write_to_a_pull_request_asks_for_the_permission_for_those(octo: Octo) -> None:
    with octo.box.lock:
        octo.box.issue("octo/app", octo.ref.number).is_pull_request = True
    effect = AddLabels(("track/main",), "track.classify")
    await octo.connection.reader.look(octo.ref)

    refused = await apply(octo, effect)
    assert refused.problem is not None
    assert "pull_requests: write" in refused.problem.why, "which the installation does not grant, and it says so"

    with octo.box.lock:
        octo.box.installation(octo.installation_id).permissions["pull_requests"] = "write"
    octo.connection.access.forget_installation(octo.installation_id)
    assert (await apply(octo, effect)).problem is None
    minted = [json.loads(one.body)["permissions"] for one in octo.box.requests if one.path.endswith("/access_tokens")]
    assert "pull_requests" not in minted[0], "looking needs no more than for an issue"
    assert minted[-1]["pull_requests"] == "write"


@EFFECT
async def test_h61_an_archived_repository_takes_nothing(octo: Octo, effect: Effect) -> None:
    with octo.box.lock:
        repositories.set_archived(octo.box, octo.by, octo.repo, archived=True)

    done = await apply(octo, effect)

    assert done.problem is not None
    assert done.problem.code == "github-archived"


@EFFECT
async def test_h61_a_deleted_issue_takes_nothing(octo: Octo, effect: Effect) -> None:
    with octo.box.lock:
        issue_changes.delete_issue(octo.box, octo.by, octo.box.issue("octo/app", 1))

    done = await apply(octo, effect)

    if isinstance(effect, CreateLabel | CreateMilestone):
        assert done.problem is None
    elif isinstance(effect, RemoveLabels):
        assert not done.changed
    else:
        assert done.problem is not None
        assert done.problem.code in {"github-gone", "github-not-found"}


async def test_h41_a_limit_is_handed_back_and_nothing_more_is_sent(octo: Octo) -> None:
    octo.box.faults.too_many("120", method="write", path="/repos/*")
    with pytest.raises(Retry) as raised:
        await apply(octo, EFFECTS["set milestone"])
    assert raised.value.after_s is not None
    assert 118 < raised.value.after_s <= 120
    octo.box.requests.clear()

    with pytest.raises(Retry):
        await apply(octo, EFFECTS["close"])

    assert octo.asked() == []


async def test_h39_the_replica_does_not_know_the_issue_yet(octo: Octo) -> None:
    octo.box.faults.issue_not_found(path="/repos/*/issues/*", count=2)

    done = await apply(octo, EFFECTS["add labels"])

    assert (done.problem, done.changed) == (None, True)


async def test_h38_a_404_for_a_write_is_asked_again(octo: Octo) -> None:
    octo.box.faults.answer(404, {"message": "Not Found"}, method="PATCH", path="/repos/*/issues/*")

    assert (await apply(octo, EFFECTS["set milestone"])).problem is None


async def test_h54_names_are_one_label_whatever_their_case(octo: Octo) -> None:
    done = await apply(octo, AddLabels(("PHASE-1",), "r"))
    assert done.problem is None
    assert (await apply(octo, RemoveLabels(("Phase-1", "TRACK/main"), "r"))).changed
    created = await apply(octo, CreateLabel("Person", "", "ffffff", "r"))

    assert (created.problem, created.changed) == (None, False)
    assert {label.name for label in octo.box.issue("octo/app", 1).labels} == {"person"}


async def test_h55_a_name_github_does_not_take_is_said_with_its_field(octo: Octo) -> None:
    done = await apply(octo, CreateLabel("x" * 51, "", "ffffff", "r"))

    assert done.problem is not None
    assert done.problem.code == "github-invalid"
    assert "name" in done.problem.why


async def test_h56_a_label_that_vanished_is_not_brought_back(octo: Octo) -> None:
    with octo.box.lock:
        labels.delete_label(octo.box, octo.by, octo.repo, octo.repo.labels["phase-1"])

    with pytest.raises(Retry) as raised:
        await apply(octo, AddLabels(("phase-2", "phase-1"), "r"))

    assert raised.value.problems[0].code == "label-vanished"
    assert "phase-1" not in octo.repo.labels
    assert {label.name for label in octo.box.issue("octo/app", 1).labels} == {"track/main", "person"}


async def test_h59_a_label_that_was_renamed_since_the_look_is_looked_at_again(octo: Octo) -> None:
    with octo.box.lock:
        labels.edit_label(octo.box, octo.by, octo.repo, octo.repo.labels["phase-1"], {"name": "stage-1"})

    with pytest.raises(Retry):
        await apply(octo, AddLabels(("phase-1",), "r"))

    assert set(octo.repo.labels) >= {"stage-1"}
    assert "phase-1" not in octo.repo.labels


async def test_a_label_just_created_is_added_although_a_replica_lags(octo: Octo) -> None:
    octo.box.faults.answer(404, {"message": "Not Found"}, method="GET", path="/repos/*/labels/*", count=None)
    await apply(octo, CreateLabel("fresh", "", "ffffff", "r"))

    assert (await apply(octo, AddLabels(("fresh",), "r"))).problem is None


async def test_h57_a_hundred_labels_are_the_end(octo: Octo) -> None:
    with octo.box.lock:
        names = [f"l{n}" for n in range(98)]
        for name in names:
            labels.put_label(octo.box, octo.repo, name)
        issue_changes.add_labels(octo.box, octo.by, octo.box.issue("octo/app", 1), names)

    done = await apply(octo, AddLabels(("phase-1",), "r"))

    assert done.problem is not None
    assert done.problem.code == "too-many-labels"
    assert len(octo.box.issue("octo/app", 1).labels) == 100


async def test_h58_what_a_person_adds_in_between_stays(octo: Octo) -> None:
    with octo.box.lock:
        issue_changes.add_labels(octo.box, octo.by, octo.box.issue("octo/app", 1), ["phase-2"])

    await apply(octo, AddLabels(("phase-1",), "r"))
    await apply(octo, RemoveLabels(("track/main",), "r"))

    assert {label.name for label in octo.box.issue("octo/app", 1).labels} == {"person", "phase-1", "phase-2"}


async def test_h60_fifty_who_want_the_same_new_milestone_make_one(octo: Octo) -> None:
    effect = CreateMilestone("Phase 9", "", None, "r")
    async with octo.another() as other:
        done = await asyncio.gather(
            *(octo.connection.applier.apply(octo.ref, effect) for _ in range(25)),
            *(other.applier.apply(octo.ref, effect) for _ in range(25)),
        )

    assert [m.title for m in octo.repo.milestones.values()].count("Phase 9") == 1
    assert sum(result.changed for result in done) == 1
    assert all(result.problem is None for result in done)
    assert sum(result.writes for result in done) <= 4, "who knows that it is made does not ask for it again"


async def test_h60_an_adopted_milestone_is_set_by_its_number(octo: Octo) -> None:
    with octo.box.lock:
        for n in range(150):
            milestones.put_milestone(octo.box, octo.by, octo.repo, f"m{n}")
    done = await apply(octo, CreateMilestone("m149", "", None, "r"))
    assert (done.changed, done.problem) == (False, None)

    done = await apply(octo, SetMilestone("m149", None, "r"))

    assert done.problem is None
    milestone = octo.box.issue("octo/app", 1).milestone
    assert milestone is not None
    assert milestone.title == "m149"


async def test_a_milestone_that_was_deleted_is_named(octo: Octo) -> None:
    done = await apply(octo, SetMilestone("Nowhere", 99, "r"))
    assert done.problem is not None
    assert done.problem.code == "milestone-missing"

    done = await apply(octo, SetMilestone("Nowhere", None, "r"))
    assert done.problem is not None
    assert done.problem.code == "milestone-missing"


async def test_h46_a_change_that_is_dropped_silently_is_noticed(octo: Octo) -> None:
    unchanged = {"number": 1, "state": "open", "milestone": None}
    octo.box.faults.answer(200, unchanged, method="PATCH", path="/repos/*", count=2)
    octo.box.faults.answer(200, [{"name": "person"}], method="POST", path="/repos/*")
    octo.box.faults.answer(200, [{"name": "person"}], method="DELETE", path="/repos/*")

    for effect in (EFFECTS["set milestone"], EFFECTS["close"], EFFECTS["add labels"], RemoveLabels(("person",), "r")):
        done = await apply(octo, effect)
        assert done.problem is not None
        assert (done.problem.code, done.problem.family, done.changed) == ("change-dropped", "auth", False)


async def test_a_comment_is_posted_once_and_a_copied_marker_does_not_silence_us(octo: Octo) -> None:
    with octo.box.lock:
        issue = octo.box.issue("octo/app", 1)
        for n in range(120):
            issue_changes.add_comment(octo.box, octo.by, issue, f"{n} {COMMENT.marker}")

    assert (await apply(octo, COMMENT)).changed
    again = await apply(octo, replace(COMMENT, body="in other words " + COMMENT.marker))

    assert (again.changed, again.writes) == (False, 0)
    assert len(issue.comments) == 121


async def test_a_comment_whose_marker_is_not_in_it_gets_it(octo: Octo) -> None:
    await apply(octo, PostComment("words", "tassist:x", "r"))

    assert octo.box.issue("octo/app", 1).comments[-1].body == "words\n\n<!-- tassist:x -->"


async def test_h62_a_renamed_repository_is_written_by_its_id(octo: Octo) -> None:
    with octo.box.lock:
        repositories.rename_repository(octo.box, octo.by, octo.repo, "renamed")

    assert (await apply(octo, EFFECTS["add labels"])).problem is None


async def test_h40_each_kind_of_403_is_told(octo: Octo) -> None:
    told = []
    for kind in ("archived", "suspended", "blocked", "permission"):
        octo.box.faults.forbidden(kind, method="PATCH", path="/repos/*")
        problem = (await apply(octo, EFFECTS["set milestone"])).problem
        assert problem is not None
        told.append(problem.code)

    assert told == ["github-archived", "github-suspended", "github-blocked", "github-permission"]
