"""`tassist rules` and `tassist run` from the command line to the last character."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.rules import RULES
from tassist.entry import run

CONFIG = """\
schema_version: "1.0"
tracks:
  - {id: main, label: track/main, default: true, milestone: Sprint 4}
  - {id: bug, label: track/bug}
labels: []
milestones: []
enforcement:
  exclusivity:
    track: {mode: enforce, strategy: newest}
self_healing: {enabled: true}
"""
REPOSITORY = {"id": 5, "full_name": "acme/shop", "default_branch": "main"}


def issue(*labels: str, **fields: Any) -> dict[str, Any]:
    return {
        "number": 7,
        "title": "An issue",
        "body": None,
        "state": "open",
        "labels": [{"name": name} for name in labels],
        "milestone": None,
        "created_at": "2026-03-01T12:00:00Z",
        "updated_at": "2026-03-01T12:00:00Z",
        **fields,
    }


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yml").write_text(CONFIG)


def write(name: str, document: object) -> str:
    Path(name).write_text(json.dumps(document))
    return name


def ran(*args: str) -> int:
    return run(["run", *args, "--config", "c.yml", "--now", "2026-03-02T12:00:00Z"])


def test_rules_list_names_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["rule", *[rule.id for rule in RULES]]
    assert not [line for line in lines if line.endswith("…")]


def test_rules_list_as_json_is_everything_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "list", "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert [entry["id"] for entry in found] == [rule.id for rule in RULES]
    assert all(entry["help"] and entry["example"] and entry["outcomes"] for entry in found)


@pytest.mark.parametrize("name", ["milestone", "exclusivity.<group>", "exclusivity.area"])
def test_rules_show_gives_help_keys_outcomes_and_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "show", name]) == 0

    shown = capsys.readouterr().out
    for part in (
        "configured by: enforcement.",
        "outcomes:",
        "reads, beyond the issue itself:",
        '  schema_version: "1.0"',
    ):
        assert part in shown


def test_a_rule_that_does_not_exist_is_a_mistake_that_names_those_that_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "show", "milestones"]) == 2

    assert "the rules are labels.normalize, track.classify" in capsys.readouterr().err


def test_run_shows_the_plan_and_what_was_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    event = write("e.json", {"action": "opened", "issue": issue(), "repository": REPOSITORY})

    assert ran(event) == 0

    shown = capsys.readouterr()
    assert shown.out.splitlines()[:7] == [
        "issues.opened: The issue changed.",
        "",
        "acme/shop#7",
        "  success",
        "",
        "  effects:",
        "    1. add label track/main  [track.classify]",
    ]
    assert '    2. set milestone "Sprint 4"  [milestone]' in shown.out
    assert shown.err.splitlines() == [
        "assumed: the repository has every label the configuration declares",
        "assumed: the repository has every milestone the configuration declares, open",
    ]


def test_run_takes_the_state_instead_of_assuming(capsys: pytest.CaptureFixture[str]) -> None:
    event = write("e.json", {"action": "opened", "issue": issue(), "repository": REPOSITORY})
    state = write(
        "s.json",
        {
            "issue": issue("track/main", "track/bug"),
            "labels": [{"name": "track/main"}, {"name": None}],
            "milestones": [{"number": 9, "title": "Sprint 4", "state": "closed"}, {"title": "no number"}],
            "timeline": [
                {"event": "labeled", "created_at": "2026-03-01T12:00:02Z", "label": {"name": "track/main"}},
                {"event": "labeled", "created_at": "2026-03-01T12:00:01Z", "label": {"name": "track/bug"}},
                {"event": "unknown"},
            ],
            "parent": None,
            "app_id": 3,
        },
    )

    assert ran(event, "--state", state, "--json") == 3

    shown = capsys.readouterr()
    (found,) = json.loads(shown.out)["issues"]
    assert (found["repo"], found["number"], found["assumed"]) == ("acme/shop", 7, [])
    assert [effect["names"] for effect in found["plan"]["effects"]] == [["track/bug"]]
    assert "closed" in found["plan"]["reason"]
    assert shown.err == ""


def test_the_label_of_the_event_was_put_on_last(capsys: pytest.CaptureFixture[str]) -> None:
    event = write(
        "e.json",
        {
            "action": "labeled",
            "label": {"name": "track/bug"},
            "issue": issue("track/bug", "track/main", updated_at="2026-03-02T00:00:00Z"),
            "repository": REPOSITORY,
        },
    )

    assert ran(event) == 0

    shown = capsys.readouterr()
    assert "remove label track/main" in shown.out
    assert "assumed: the issue's labels were put on in the order" in shown.err


def test_an_event_that_asks_for_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(write("e.json", {"zen": "Design for failure."})) == 0
    assert capsys.readouterr().out == "ping: GitHub asks whether we are there.\n"

    assert ran(write("e.json", {"action": "created"}), "--event", "star", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["event"], found["action"], found["asks_for"], found["issues"]) == ("star", "created", "nothing", [])


def test_a_wrapped_event_brings_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    payload = {"action": "created", "issue": issue("track/main"), "comment": {}, "repository": REPOSITORY}

    assert ran(write("e.json", {"event": "issue_comment", "payload": payload})) == 0
    assert capsys.readouterr().out.startswith("issue_comment.created: A comment is activity.")

    headers = {"X-GitHub-Event": "issues", "X-GitHub-Delivery": "guid"}
    assert ran(write("e.json", {"headers": headers, "payload": {**payload, "action": "edited"}})) == 0
    assert capsys.readouterr().out.startswith("issues.edited: The issue changed.")


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        ({"action": "created", "issue": {}, "comment": {}}, "issue_comment"),
        ({"action": "sub_issue_added", "sub_issue": {}, "parent_issue": {}}, "sub_issues"),
        ({"action": "parent_issue_removed", "sub_issue_id": 1}, "sub_issues"),
        ({"action": "opened", "pull_request": {}}, "pull_request"),
        ({"ref": "refs/heads/main", "commits": []}, "push"),
        ({"action": "edited", "label": {}}, "label"),
        ({"action": "closed", "milestone": {}}, "milestone"),
        ({"action": "added", "repositories_added": []}, "installation_repositories"),
        ({"action": "created", "installation": {}, "repositories": []}, "installation"),
    ],
)
def test_a_bare_payload_tells_its_event(
    payload: dict[str, Any], event: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(write("e.json", payload), "--json") == 0

    assert json.loads(capsys.readouterr().out)["event"] == event


def test_a_pull_request_is_looked_at_itself_where_that_is_configured(capsys: pytest.CaptureFixture[str]) -> None:
    with Path("c.yml").open("a") as config:
        config.write("pull_requests: {manage: true}\n")
    pull = {"number": 9, "title": "t", "body": "fixes #7", "state": "open", "labels": []}

    assert ran(write("e.json", {"action": "opened", "pull_request": pull, "repository": REPOSITORY}), "--json") == 0

    found = json.loads(capsys.readouterr().out)["issues"]
    assert [entry["number"] for entry in found] == [9, 7]
    assert found[1]["assumed"][0] == "the issue is open and has no label: the event does not carry it"
    assert "the issue is open" not in found[0]["assumed"][0]


def test_facts_no_payload_has_are_assumed_in_the_most_ordinary_way(capsys: pytest.CaptureFixture[str]) -> None:
    with Path("c.yml").open("a") as config:
        config.write("inheritance: {mode: hard}\nstale: {days_until_stale: 14}\n")
    old = issue("track/main", created_at="2026-01-01T00:00:00Z", milestone={"number": 3, "title": "Sprint 4"})

    event = write("e.json", {"action": "edited", "issue": old, "repository": REPOSITORY})
    assert ran(event, "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)["issues"]
    assert found["plan"]["effects"] == []
    assert found["assumed"] == ["the issue has no parent"]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"zen": "z"}')))

    assert ran("-") == 0
    assert capsys.readouterr().out.startswith("ping")


def test_an_invalid_configuration_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.yml").write_text("schema_version: 3\n")
    event = write("e.json", {"action": "opened", "issue": issue(), "repository": REPOSITORY})

    assert ran(event) == 2
    assert "blocked: The configuration is invalid" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is not JSON"),
        ("[]", "it is not an object"),
        ("[" * 100_000, "it is not JSON"),
        ('{"payload": 3}', "the payload is not an object"),
        ('{"action": "created"}', "does not say which event"),
        ('{"review": {}, "pull_request": {}}', "does not say which event"),
        ('{"comment": {}}', "does not say which event"),
    ],
)
def test_a_file_that_is_no_event_is_a_mistake_in_words(
    text: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("e.json").write_text(text)

    assert ran("e.json") == 2

    err = capsys.readouterr().err
    assert err.startswith("error: e.json ")
    assert says in err


def test_files_that_are_not_there_are_mistakes_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran("none.json") == 2
    assert "could not read the event" in capsys.readouterr().err
    event = write("e.json", {"action": "opened", "issue": issue(), "repository": REPOSITORY})
    assert run(["run", event, "--config", "none.yml"]) == 2
    assert "could not read the configuration" in capsys.readouterr().err


def test_a_state_in_another_shape_is_a_mistake_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    event = write("e.json", {"action": "opened", "issue": issue(), "repository": REPOSITORY})

    assert ran(event, "--state", write("s.json", {"labels": {"not": "a list"}, "milestones": []})) == 2
    assert "the labels: not in the shape of GitHub's REST API" in capsys.readouterr().err


def test_h71_what_an_issue_says_reaches_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b[2Jtrack"
    event = write("e.json", {"action": "opened", "issue": issue("track/main", evil), "repository": REPOSITORY})
    Path("c.yml").write_text(CONFIG.replace("id: bug, label: track/bug", 'id: bug, label: "\\e[2Jtrack"'))

    ran(event)

    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
