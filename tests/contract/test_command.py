"""`tassist contract` as a person and a script call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from engine.problems import ProblemError
from tassist.contract import check
from tassist.contract.case import Case
from tassist.contract.library import cases, sources, topics
from tassist.contract.reading import read_topic
from tassist.entry import run


def test_verify_runs_every_case_and_says_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["contract", "verify"]) == 0
    out = capsys.readouterr().out
    assert "The four that failed before" in out
    assert out.rstrip().endswith("cases, none broken")


def test_verify_json_counts_topics_and_events(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["contract", "verify", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["broken"] == []
    assert found["cases"] == len(cases()) + found["events"]["cases"]


def test_verify_exits_1_and_names_the_case_that_is_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tassist.services import contract

    def broken(case: Case) -> check.Verdict:
        return check.Verdict(
            case, ("effects: expected none; found all",) if case.id.endswith("newest-is-wrong") else ()
        )

    wrong = type(cases()[0])("exclusivity", "newest is wrong", cases()[0].given, cases()[0].expected)
    topic = topics()[2]
    monkeypatch.setattr(contract, "topics", lambda: (type(topic)(topic.slug, topic.title, topic.about, (wrong,)),))
    monkeypatch.setattr(contract, "verify", broken)
    assert run(["contract", "verify"]) == 1
    assert "broken: exclusivity/newest-is-wrong" in capsys.readouterr().err


def test_verify_of_a_configuration_prints_a_line_a_promise(
    project_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["contract", "verify", "--config", str(project_root / "examples" / "full.yml")]) == 0
    out = capsys.readouterr().out
    assert "phase-1 sets Phase 1" in out
    assert "examples/full.yml:" in out


def test_a_hidden_promise_is_exit_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.yml"
    file.write_text(sources()["configurations/tracks.yml"])
    assert run(["contract", "verify", "--config", str(file), "--json"]) == 3
    found = json.loads(capsys.readouterr().out)["promises"]
    assert [promise["rule"] for promise in found if promise["standing"] == "hidden"] == ["track.classify"]


def test_an_invalid_configuration_is_exit_2_with_every_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.yml"
    file.write_text('schema_version: "1.0"\ntracks: {}\nlabels: x\nmilestones: []\n')
    assert run(["contract", "verify", "--config", str(file)]) == 2
    err = capsys.readouterr().err
    assert err.count("error:") >= 2


def test_print_shows_only_the_rule_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["contract", "print", "--rule", "labels.normalize"]) == 0
    out = capsys.readouterr().out
    assert "a former name is replaced by the declared one" in out
    assert "Sprint 10" not in out


def test_print_of_a_group_of_rules_shows_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["contract", "print", "--rule", "exclusivity"]) == 0
    out = capsys.readouterr().out
    assert "exclusivity.size" in out
    assert "exclusivity.phase" in out


def test_print_of_no_such_rule_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["contract", "print", "--rule", "exclusivty"]) == 2
    assert "exclusivity.track" in capsys.readouterr().err


def test_export_json_holds_every_case_resolved(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["contract", "export"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [case["id"] for case in found["cases"]] == [case.id for case in cases()]
    assert all(
        "schema_version" in case["given"]["configuration"] for case in found["cases"] if case["topic"] == "milestone"
    )


def test_export_yaml_is_the_files_as_they_ship(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["contract", "export", "--format", "yaml"]) == 0
    documents = list(yaml.load_all(capsys.readouterr().out, yaml.BaseLoader))
    assert len(documents) == len(sources())
    assert sum(len(found.get("cases", ())) for found in documents) == len(cases())


def test_export_md_is_the_page(project_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["contract", "export", "--format", "md"]) == 0
    page = (project_root / "docs" / "reference" / "contract.md").read_text()
    assert page.endswith(capsys.readouterr().out)


WRONG_FILES = {
    "a key nobody knows": "topic: t\nabout: a\ncases:\n- {name: n, effect: []}\n",
    "no effects": "topic: t\nabout: a\ncases:\n- {name: n, configuration: nothing, trigger: sweep, decisions: [], outcome: success}\n",
    "an outcome that is none": (
        "topic: t\nabout: a\ncases:\n"
        "- {name: n, configuration: nothing, trigger: sweep, decisions: [{stale: fine}], effects: [], outcome: success}\n"
    ),
    "no such configuration": (
        "topic: t\nabout: a\ncases:\n"
        "- {name: n, configuration: no such, trigger: sweep, decisions: [], effects: [], outcome: success}\n"
    ),
    "a milestone the repository lacks": (
        "topic: t\nabout: a\ncases:\n- {name: n, configuration: nothing, issue: {milestone: M}, trigger: sweep,"
        " decisions: [], effects: [], outcome: success}\n"
    ),
    "a key twice": "topic: t\nabout: a\ntopic: u\ncases: []\n",
    "two cases of one name": "topic: t\nabout: a\ncases:\n"
    + 2 * "- {name: n, configuration: nothing, trigger: sweep, decisions: [], effects: [], outcome: success}\n",
    "a time that is none": (
        "topic: t\nabout: a\ncases:\n- {name: n, configuration: nothing, issue: {created: some day}, trigger: sweep,"
        " decisions: [], effects: [], outcome: success}\n"
    ),
}


@pytest.mark.parametrize("wrong", WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_case_file_with_a_mistake_is_refused(wrong: str) -> None:
    nothing = {"nothing": sources()["configurations/nothing.yml"]}
    with pytest.raises(ProblemError, match=r"the contract's file t\.yml is wrong"):
        read_topic("t", wrong, nothing)
