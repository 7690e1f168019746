"""`tassist undo` after a real run of the real service, against GitHub in a box."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tassist.sandbox import issue_changes
from tassist.sandbox.model import Issue
from tassist.store.journal import Journal
from tests.support import postgres
from tests.support.service import Outside, deliver, wait_for


def tassist(world: Outside, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tassist", *args],
        capture_output=True,
        text=True,
        env={**os.environ, **world.env, "TASSIST_API_LIMITS": "off", "TASSIST_HOME": str(world.home)},
    )


def undo(world: Outside, *args: str) -> tuple[int, dict[str, Any]]:
    done = tassist(world, "undo", "octo/app#1", "--json", *args)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {step["wrote"]: step["verdict"] for step in document["steps"]}


def state(issue: Issue) -> tuple[set[str], str | None, str]:
    return {label.name for label in issue.labels}, issue.milestone.title if issue.milestone else None, issue.state


ADDED, REMOVED, SET = "add label track/main", "remove label phase-1", 'set milestone "Phase 2"'


@pytest.fixture
def corrected(world: Outside) -> Issue:
    """An issue that a run gave a track and a milestone and took a phase from."""
    issue = world.issue()
    with world.service() as service:
        assert deliver(service.url, world.payload(issue), delivery_id="d-1") == 202
        wait_for(world.records, "a record")
        assert service.stop() == 0
    assert state(issue) == ({"track/main", "phase-2"}, "Phase 2", "open")
    return issue


def test_a_run_is_taken_back_and_the_rules_next_word_is_told(world: Outside, corrected: Issue) -> None:
    plain = tassist(world, "undo", "octo/app#1", "--dry-run")
    assert state(corrected)[1] == "Phase 2", "a dry run writes nothing"

    code, document = undo(world, "--yes")

    assert plain.returncode == 0, plain.stderr
    for line in (
        "undo     remove label track/main",
        "undo     add label phase-1",
        'take it out of milestone "Phase 2"',
    ):
        assert line in plain.stdout
    assert "The next look would then write" in plain.stdout
    assert "remove label phase-1  [exclusivity.phase]" in plain.stdout
    assert code == 0
    assert verdicts(document) == {ADDED: "undo", REMOVED: "undo", SET: "undo"}
    assert [(one["changed"], one["problem"]) for one in document["done"]] == [(True, None)] * 3
    assert state(corrected) == ({"phase-1", "phase-2"}, None, "open")
    assert world.box.requests.needless_writes == []


def test_undoing_again_changes_nothing(world: Outside, corrected: Issue) -> None:
    undo(world, "--yes")
    world.box.requests.clear()

    code, document = undo(world, "--yes")
    said = tassist(world, "undo", document["run_id"][:12])

    assert (code, world.box.writes) == (0, [])
    assert set(verdicts(document).values()) == {"already"}
    assert f"Nothing to do; run {document['undone_by']} took it back before." in said.stdout
    assert state(corrected) == ({"phase-1", "phase-2"}, None, "open")


def test_an_undo_leaves_its_record_and_its_ledger(world: Outside, corrected: Issue) -> None:
    _, document = undo(world, "--yes")
    with world.service() as service:
        wait_for(lambda: undone(world), "the record of the undo")
        assert service.stop() == 0

    [record] = undone(world)
    assert (record["subject"], record["outcome"], record["issue_number"]) == (document["run_id"], "success", 1)
    assert {(one["field"], one["before"], one["after"]) for one in record["changes_made"]} == {
        ("labels", None, "phase-1"),
        ("labels", "track/main", None),
        ("milestone", "Phase 2", None),
    }
    assert tassist(world, "telemetry", "verify").returncode == 0
    with Journal.open(world.home) as journal:
        [run] = journal.runs_named(record["run_id"])
        effects = journal.effects(run.run_id)
        assert (run.state, run.outcome, [effect.state for effect in effects]) == (
            "finished",
            "success",
            ["applied"] * 3,
        )
        assert journal.unfinished_run(run.key) is None
    refused = tassist(world, "undo", record["run_id"], "--yes")
    assert (refused.returncode, "is an undo itself" in refused.stderr) == (2, True)
    assert corrected.number == 1


def undone(world: Outside) -> list[dict[str, Any]]:
    lines = [
        json.loads(line)
        for path in sorted(world.home.glob("telemetry/v1/repos/*/*/*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    return [line for line in lines if line["event_type"] == "run_undone"]


def relabel(world: Outside, issue: Issue, *names: str) -> None:
    with world.box.lock:
        for name in names:
            label = world.repo.labels[name]
            issue_changes.remove_label(world.box, world.by, issue, label)
            issue_changes.add_labels(world.box, world.by, issue, [name])


def put_and_take(world: Outside, issue: Issue) -> None:
    with world.box.lock:
        issue_changes.add_labels(world.box, world.by, issue, ["phase-1"])
        issue_changes.remove_label(world.box, world.by, issue, world.repo.labels["phase-1"])


def remilestone(world: Outside, issue: Issue, *titles: str) -> None:
    with world.box.lock:
        for title in titles:
            found = next(one for one in world.repo.milestones.values() if one.title == title)
            issue_changes.set_milestone(world.box, world.by, issue, found)


@pytest.mark.parametrize(
    ("by_a_person", "kept", "why"),
    [
        (lambda world, issue: relabel(world, issue, "track/main"), ADDED, "ann changed it"),
        (put_and_take, REMOVED, "ann changed it"),
        (lambda world, issue: remilestone(world, issue, "Phase 1"), SET, 'is now "Phase 1"'),
        (lambda world, issue: remilestone(world, issue, "Phase 1", "Phase 2"), SET, "ann changed it"),
        (lambda world, _: world.repo.labels.pop("phase-1"), REMOVED, "deleted or renamed"),
    ],
    ids=["put there again", "put back and taken away", "another milestone", "there and back", "label gone"],
)
def test_h58_what_a_person_changed_since_is_left_alone_and_the_rest_is_taken_back(
    world: Outside, corrected: Issue, by_a_person: Callable[[Outside, Issue], None], kept: str, why: str
) -> None:
    by_a_person(world, corrected)
    before = state(corrected)

    code, document = undo(world, "--yes")

    assert code == 3
    assert verdicts(document) == {ADDED: "undo", REMOVED: "undo", SET: "undo"} | {kept: "refused"}
    [refused] = [step for step in document["steps"] if step["verdict"] == "refused"]
    assert why in refused["why"]
    now = state(corrected)
    assert ("track/main" in now[0]) == (kept == ADDED)
    assert ("phase-1" in now[0]) == (kept != REMOVED)
    assert now[1] == (before[1] if kept == SET else None)


def test_what_a_person_did_already_is_not_done_again(world: Outside, corrected: Issue) -> None:
    with world.box.lock:
        issue_changes.add_labels(world.box, world.by, corrected, ["phase-1"])
        issue_changes.set_milestone(world.box, world.by, corrected, None)

    _, document = undo(world, "--yes")

    assert verdicts(document) == {ADDED: "undo", REMOVED: "already", SET: "already"}
    assert len(document["done"]) == 1


def test_what_fails_half_way_is_recorded_and_a_second_undo_does_the_rest(world: Outside, corrected: Issue) -> None:
    world.box.faults.server_error(503, method="write", path="/repos/*", skip=1, count=None)
    world.box.faults.server_error(503, method="write", path="/repositories/*", skip=1, count=None)
    first = tassist(world, "undo", "octo/app#1", "--yes")
    world.box.faults.clear()

    code, document = undo(world, "--yes")

    assert first.returncode == 5, first.stdout + first.stderr
    assert code == 0
    assert sorted(verdicts(document).values()) in (["already", "undo", "undo"], ["undo", "undo", "undo"])
    assert state(corrected) == ({"phase-1", "phase-2"}, None, "open")
    assert corrected.number == 1


def test_a_later_run_that_wrote_the_same_is_undone_first(world: Outside, corrected: Issue) -> None:
    with Journal.open(world.home) as journal:
        key = journal.issue_named("OCTO/app", 1)
        assert key is not None
        [first] = journal.runs_of(key)
    with world.box.lock:
        issue_changes.remove_label(world.box, world.by, corrected, world.repo.labels["track/main"])
    with world.service() as service:
        assert deliver(service.url, world.payload(corrected, "unlabeled"), delivery_id="d-2") == 202
        wait_for(lambda: len(world.records()) == 2, "the second record")
        assert service.stop() == 0

    done = tassist(world, "undo", first.run_id, "--dry-run", "--json")

    assert done.returncode == 3, done.stderr
    [step] = [step for step in json.loads(done.stdout)["steps"] if step["wrote"] == ADDED]
    assert (step["verdict"], "a later run wrote it too" in step["why"]) == ("refused", True)


def test_without_a_terminal_nobody_is_asked_and_nothing_done(world: Outside, corrected: Issue) -> None:
    done = tassist(world, "undo", "octo/app#1")

    assert (done.returncode, "--yes" in done.stderr) == (2, True)
    assert state(corrected)[1] == "Phase 2"


@pytest.mark.parametrize(
    ("target", "said"),
    [("octo/app#99", "no run that wrote to"), ("ffffffff", "no run ffffffff"), ("a/b", "does not name an issue")],
)
def test_what_cannot_be_undone_says_why(world: Outside, corrected: Issue, target: str, said: str) -> None:
    done = tassist(world, "undo", target, "--yes")

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert corrected.number == 1


def test_beside_a_running_service_no_look_comes_between_the_steps_of_an_undo(world: Outside, corrected: Issue) -> None:
    before = len(corrected.events)
    with world.service(TASSIST_API_LIMITS="off") as service, Journal.open(world.home) as journal:
        wait_for(lambda: journal.meta("away.read"), "the service to be there")
        world.box.faults.latency(1.0, method="write", path="/repositories/*/issues/*", count=3)
        command = [sys.executable, "-m", "tassist", "undo", "octo/app#1", "--yes"]
        env = {**os.environ, **world.env, "TASSIST_API_LIMITS": "off", "TASSIST_HOME": str(world.home)}
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as undoing:
            wait_for(lambda: len(corrected.events) > before, "the first step to be taken", timeout_s=60)
            assert deliver(service.url, world.payload(corrected), delivery_id="d-2") == 202
            assert undoing.wait(60) == 0
        wait_for(lambda: world.states().get("d-2") == "done", "the look that waited for the end of it", timeout_s=60)
        wait_for(lambda: state(corrected) == ({"track/main", "phase-2"}, "Phase 2", "open"), "the rules' word")
        assert service.stop() == 0

    happened = [(event.event, event.label[0] if event.label else "") for event in corrected.events[before:]]
    inverses = {("demilestoned", ""), ("labeled", "phase-1"), ("unlabeled", "track/main")}
    assert set(happened[:3]) == inverses, happened
    assert not inverses & set(happened[3:]), "the service's look began when everything was taken back"


def test_a_hold_that_a_dead_look_left_counted_keeps_no_undo_out(world: Outside, corrected: Issue) -> None:
    with world.service(crash_at="before-finish") as service:
        assert deliver(service.url, world.payload(corrected), delivery_id="d-2") in {0, 202}
        wait_for(lambda: not service.alive(), "the service to die in its look")

    code, document = undo(world, "--yes")

    assert (code, len(document["done"])) == (0, 3)


def test_a_look_that_died_keeps_no_undo_out_of_a_database_either(world: Outside, postgresql: str) -> None:
    postgres.empty(postgresql)
    world.env["TASSIST_DATABASE"] = postgresql
    issue = world.issue()
    with world.service() as service:
        assert deliver(service.url, world.payload(issue), delivery_id="d-1") == 202
        wait_for(world.records, "a record")
        assert service.stop() == 0
    with world.service(crash_at="before-finish") as service:
        assert deliver(service.url, world.payload(issue), delivery_id="d-2") in {0, 202}
        wait_for(lambda: not service.alive(), "the service to die in its look")

    code, document = undo(world, "--yes")

    assert (code, len(document["done"])) == (0, 3)
