"""`tassist plan` and `tassist apply` as a person runs them, against GitHub in a box."""

from __future__ import annotations

import json

import pytest

from tassist.sandbox import labels, repositories
from tassist.store.journal import Journal
from tests.integration.github.conftest import Octo

CONFIG = """\
schema_version: "1.0"
tracks:
  - {id: main, label: track/main, default: true}
labels:
  - {name: type/bug, description: It does not work, color: "D73A4A", aliases: [defect]}
  - {name: phase-1, color: "00ff00"}
  - {name: "what? #1/2 100%", color: "abcdef"}
milestones:
  - {title: Phase 1, description: the first}
  - {title: Phase One Hundred, due_on: 2026-12-31}
"""


@pytest.fixture
def declared(octo: Octo) -> Octo:
    """A repository that is not as declared."""
    octo.configure(CONFIG)
    with octo.box.lock:
        defect = labels.put_label(octo.box, octo.repo, "defect", "d73a4a", "It does not work")
        octo.box.issue("octo/app", 1).labels.append(defect)
    return octo


async def test_a_plan_shows_what_would_change_and_changes_nothing(declared: Octo) -> None:
    done = await declared.tassist("plan", "octo/app")

    assert done.code == 2, done.err
    assert done.out.splitlines()[2:] == [
        "~ label defect → type/bug   (renamed; its issues keep it)",
        "~ label phase-1",
        "    color: 1d76db → 00ff00",
        "+ label what? #1/2 100%",
        "    color: abcdef",
        "~ milestone Phase 1",
        '    description: none → "the first"',
        "+ milestone Phase One Hundred",
        '    due on: "2026-12-31"',
        "",
        "Plan: 2 to create, 2 to update, 1 to rename, none to delete.",
    ]
    assert done.out.splitlines()[0].startswith("octo/app, as declared in octo/app:.github/task-assistant.yml@")
    assert declared.box.writes == []


async def test_a_plan_holds_a_token_that_cannot_write(declared: Octo) -> None:
    await declared.tassist("plan", "octo/app")

    asked = [request.body for request in declared.box.requests if request.path.endswith("/access_tokens")]
    assert asked
    assert all(b"write" not in body for body in asked)


async def test_apply_makes_it_so_and_a_second_time_there_is_nothing_to_do(declared: Octo) -> None:
    done = await declared.tassist("apply", "octo/app", "--yes")

    assert done.code == 0, done.err
    assert "renamed label type/bug" in done.out
    assert done.out.splitlines()[-1] == "Done: 5 of 5 changes made, nothing deleted."
    assert {label.name for label in declared.box.issue("octo/app", 1).labels} == {"track/main", "person", "type/bug"}
    assert declared.repo.labels["phase-1"].color == "00ff00"
    made = {milestone.title: milestone for milestone in declared.repo.milestones.values()}
    assert made["Phase 1"].description == "the first"
    assert str(made["Phase One Hundred"].due_on).startswith("2026-12-31")
    assert declared.box.requests.needless_writes == []

    declared.box.requests.clear()
    again = await declared.tassist("apply", "octo/app", "--yes")
    plan = await declared.tassist("plan", "octo/app")

    assert (again.code, plan.code) == (0, 0)
    assert plan.out.splitlines()[-1].startswith("No changes")
    assert declared.box.writes == []


async def test_what_was_made_is_on_its_way_to_the_sinks(declared: Octo) -> None:
    with Journal.open(declared.home):
        pass

    done = await declared.tassist("apply", "octo/app", "--yes")

    assert done.code == 0, done.err
    with Journal.open(declared.home) as journal:
        [(_, line)] = journal.outbox.read(0, 10)
    record = json.loads(line)
    assert (record["event_type"], record["outcome"], record["repo"]) == ("repo_prepared", "success", "octo/app")
    assert record["counts"] == {"changed": 5, "failed": 0}
    assert {"field": "repo.labels", "before": "defect", "after": "type/bug", "rule": "prepare"} in record[
        "changes_made"
    ]


async def test_without_a_terminal_and_without_yes_nothing_is_changed(declared: Octo) -> None:
    done = await declared.tassist("apply", "octo/app", stdin="y\n")

    assert done.code == 2
    assert "tassist apply octo/app --yes" in done.err
    assert declared.box.writes == []


async def test_the_same_as_json(declared: Octo) -> None:
    plan = await declared.tassist("plan", "octo/app", "--json")
    made = await declared.tassist("apply", "octo/app", "--yes", "--json")

    assert (plan.code, made.code) == (2, 0)
    document = plan.json
    assert (document["create"], document["update"], document["rename"], document["delete"]) == (2, 2, 1, 0)
    assert document["changes"][0] == {
        "kind": "label",
        "action": "rename",
        "name": "type/bug",
        "present": "defect",
        "fields": {"name": {"before": "defect", "after": "type/bug"}},
        "config": document["changes"][0]["config"],
    }
    assert document["changes"][0]["config"]["line"] == 5
    assert all(change["made"] for change in made.json["changes"])
    assert {"kind": "label", "name": "person"} in made.json["undeclared"]


async def test_a_file_of_this_machine_may_be_tried_first(declared: Octo, tmp_path: object) -> None:
    file = declared.home / "new.yml"
    file.write_text('schema_version: "1.0"\ntracks: []\nmilestones: []\nlabels: [{name: only}]\n')

    done = await declared.tassist("plan", "octo/app", "--config", str(file), "--json")

    assert [change["name"] for change in done.json["changes"]] == ["only"]


async def test_an_apply_that_was_interrupted_is_finished_by_the_next(declared: Octo) -> None:
    declared.box.faults.server_error(503, method="PATCH", path="/repos/*/milestones/*", count=None)
    declared.box.faults.lose_answer(method="PATCH", path="/repos/*/labels/*")
    broken = await declared.tassist("apply", "octo/app", "--yes")
    assert broken.code == 5
    assert "type/bug" in {label.name for label in declared.repo.labels.values()}

    declared.box.faults.clear()
    done = await declared.tassist("apply", "octo/app", "--yes")

    assert done.code == 0
    assert done.out.splitlines()[-1] == "Done: 2 of 2 changes made, nothing deleted."
    assert (await declared.tassist("plan", "octo/app")).code == 0


async def test_what_cannot_be_made_does_not_keep_the_rest_from_being_made(declared: Octo) -> None:
    body = {"message": "Validation Failed", "errors": [{"resource": "Label", "code": "invalid", "field": "color"}]}
    declared.box.faults.answer(422, body, method="PATCH", path="/repos/*/labels/*", count=1, skip=1)

    done = await declared.tassist("apply", "octo/app", "--yes")

    assert done.code == 1
    assert "failed: label phase-1" in done.out
    assert "Label.color" in done.err
    assert done.out.splitlines()[-1] == "Done: 4 of 5 changes made, nothing deleted."


async def test_h40_an_archived_repository_is_said_to_be(declared: Octo) -> None:
    with declared.box.lock:
        repositories.set_archived(declared.box, declared.by, declared.repo, archived=True)

    done = await declared.tassist("apply", "octo/app", "--yes")

    assert done.code == 1
    assert "archived" in done.err


async def test_a_wait_for_a_limit_is_said(declared: Octo) -> None:
    declared.box.faults.too_many("2", path="/repos/*/labels")

    done = await declared.tassist("plan", "octo/app")

    assert done.code == 2, done.err
    assert done.err == "waiting 2 s: GitHub asks us to slow down …\n"


WRONG = {
    "not a name": (["plan", "octo"], 1, "OWNER/NAME"),
    "not there": (["plan", "octo/nothing"], 1, "not installed"),
    "not there, apply": (["apply", "octo/nothing", "--yes"], 4, "not installed"),
    "no file": (["plan", "octo/app", "--config", "nowhere.yml"], 1, "nowhere.yml"),
    "hostile name": (["apply", "o/\x1b[2Jx", "--yes"], 2, "OWNER/NAME"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_is_named(declared: Octo, case: str) -> None:
    args, code, words = WRONG[case]

    done = await declared.tassist(*args)

    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert "fix:" in done.err
    assert "\x1b" not in done.err


async def test_an_invalid_configuration_is_shown_with_its_lines(declared: Octo) -> None:
    declared.configure('schema_version: "1.0"\ntracks: []\nlabels: [{name: a, color: red}, {nam: b}]\nmilestones: []\n')

    plan = await declared.tassist("plan", "octo/app")
    made = await declared.tassist("apply", "octo/app", "--yes")

    assert (plan.code, made.code) == (1, 2)
    assert "task-assistant.yml:3:" in plan.err
    assert plan.err.count("error:") >= 2


async def test_no_configuration_at_all_says_how_to_get_one(octo: Octo) -> None:
    done = await octo.tassist("plan", "octo/app")

    assert done.code == 1
    assert "tassist config init" in done.err


async def test_without_credentials_every_one_that_is_missing_is_named(octo: Octo) -> None:
    done = await octo.tassist("apply", "octo/app", "--home", str(octo.home / "empty"))

    assert done.code == 4
    assert "GITHUB_APP_ID" in done.err
    assert "GITHUB_PRIVATE_KEY" in done.err


async def test_github_that_is_not_there_is_exit_code_5(octo: Octo) -> None:
    done = await octo.tassist("why", "octo/app#1", GITHUB_API_URL="http://127.0.0.1:9/api/v3")

    assert done.code == 5
    assert "gives no answer" in done.err


async def test_h71_what_came_from_outside_cannot_act_on_the_terminal(octo: Octo) -> None:
    octo.configure(CONFIG)
    with octo.box.lock:
        octo.box.issue("octo/app", 1).title = "\x1b[2J\u202eevil\x9b"
        labels.put_label(octo.box, octo.repo, "defect", description="\x1b]0;x\x07")

    for done in (await octo.tassist("plan", "octo/app"), await octo.tassist("why", "octo/app#1")):
        assert "\x1b" not in done.out + done.err
        assert "\u202e" not in done.out
        assert "\x9b" not in done.out
