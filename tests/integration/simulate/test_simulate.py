"""`tassist config simulate` over every form of history, from real files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.model import Issue, IssueRef, Milestone, Trigger
from engine.plan import AddLabels, SetMilestone
from engine.ports import Applied, RunResult
from tassist.entry import run
from tassist.services.simulate import simulate
from tassist.telemetry.record import run_record

T0 = datetime(2026, 1, 1, tzinfo=UTC)
OLD = """
schema_version: "1.0"
tracks: [{id: x, label: track/x}, {id: y, label: track/y}]
labels: []
milestones: [{title: One}, {title: Two}]
enforcement:
  exclusivity: {track: {mode: enforce, strategy: newest}}
  track_milestones: {track/x: One, track/y: One}
"""
NEW = OLD.replace("track/x: One", "track/x: Two")


@pytest.fixture
def configs(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old.yml", tmp_path / "new.yml"
    old.write_text(OLD)
    new.write_text(NEW)
    return old, new


def stamp(days: float) -> str:
    return (T0 + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def snapshot(path: Path, issues: Sequence[dict[str, Any]], at: str = "20260110T000000Z") -> Path:
    document = {"component": "activity-engine", "timestamp": at, "repository": "o/r", "issues": issues}
    path.write_text(json.dumps(document))
    return path


def entry(number: int, *labels: str, milestone: str | None = None) -> dict[str, Any]:
    return {
        "number": number,
        "title": f"Issue {number}",
        "state": "open",
        "labels": labels,
        "milestone": milestone,
        "created_at": stamp(0),
        "updated_at": stamp(8),
    }


def record(
    number: int, labels: tuple[str, ...], milestone: str | None, days: float, *effects: AddLabels | SetMilestone
) -> bytes:
    chosen = Milestone(1, milestone) if milestone else None
    issue = Issue(IssueRef("o/r", number), labels=labels, milestone=chosen, created_at=T0, updated_at=T0)
    applied = []
    for effect in effects:
        after = effect.names[0] if isinstance(effect, AddLabels) else effect.title
        before = None if isinstance(effect, AddLabels) else effect.before
        applied.append(Applied(effect, changed=True, before=before, after=after, writes=1))
    result = RunResult(
        issue.ref, "success", None, applied=tuple(applied), issue=issue, finished=T0 + timedelta(days=days)
    )
    return run_record(result, trigger=Trigger("sweep"), run_id=f"{number}-{days}") + b"\n"


def test_a_snapshot_tells_what_would_differ_by_rule_and_issue(
    configs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = configs
    over = snapshot(
        tmp_path / "s.json", [entry(1, "track/x"), entry(2, "track/y"), entry(3, "track/x", milestone="One")]
    )

    code = run(["config", "simulate", "--config", str(new), "--base", str(old), "--over", str(over), "--json"])

    found = json.loads(capsys.readouterr().out)
    assert code == 2
    assert found["by_rule"] == {"milestone": {"differences": 2, "issues": 2}}
    assert [(one["issue"], one["base"], one["new"]) for one in found["differences"]] == [
        (1, "One", "Two"),
        (3, "One", "Two"),
    ]
    assert (found["states"], found["issues"]) == (3, 3)


def test_nothing_that_differs_is_exit_0(
    configs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, _ = configs
    over = snapshot(tmp_path / "s.json", [entry(1, "track/x")])
    assert run(["config", "simulate", "--config", str(old), "--base", str(old), "--over", str(over)]) == 0
    assert "0 differences on 0 issues" in capsys.readouterr().out


def test_two_tracks_without_a_timeline_are_said_to_be_undecided_unless_guessed(
    configs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, _ = configs
    over = snapshot(tmp_path / "s.json", [entry(1, "track/x", "track/y")])
    arguments = ["config", "simulate", "--config", str(old), "--over", str(over)]

    assert run(arguments) == 0
    assert "1 of 1 state cannot be decided" in capsys.readouterr().err

    assert run([*arguments, "--guess"]) == 2
    assert "track/x: on → off" in capsys.readouterr().out


def test_telemetry_is_compared_and_what_a_person_undid_is_counted(configs: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = configs
    folder = tmp_path / "v1" / "repos" / "o" / "r"
    folder.mkdir(parents=True)
    added = AddLabels(("track/x",), "track.classify", rules=("track.classify",))
    (folder / "2026-01-01.jsonl").write_bytes(
        record(1, ("track/x",), "One", 1, added, SetMilestone("One", 1, "milestone"))
        + record(2, ("track/x",), "One", 1, added)
    )
    (folder / "2026-01-05.jsonl").write_bytes(
        record(1, ("track/y",), "One", 5)  # a person took the label off, and left the milestone
        + record(2, ("track/x",), "One", 5)
        + b"not json\n"
        + record(2, ("track/x",), "One", 5)  # the same record again, after a crash
    )

    found = simulate(new, tmp_path / "v1", base=old)

    assert (found.recorded_changes, found.reverted_changes) == (3, 1)
    assert found.report.states == 4
    assert {(d.ref.number, d.change.new) for d in found.report.differences} == {(1, "Two"), (2, "Two")}
    assert any("1 line that cannot be read" in note for note in found.notes)


def test_what_an_export_lacks_is_told_once_for_each_file(tmp_path: Path, configs: tuple[Path, Path]) -> None:
    old, new = configs
    told = {
        "number": 1,
        "repository_url": "https://api.github.com/repos/acme/shop",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    (tmp_path / "over").mkdir()
    (tmp_path / "over" / "some.json").write_text(json.dumps([told, {"title": "x"}, {"title": "y"}, 7]))
    (tmp_path / "over" / "shot.json").write_text(
        json.dumps(
            {
                "component": "x",
                "timestamp": "2026-01-01T00:00:00Z",
                "repository": "acme/shop",
                "issues": [{"number": 2}, {"number": "3"}, {}],
            }
        )
    )

    found = simulate(new, tmp_path / "over", base=old)

    assert [note for note in found.notes if "without" in note] == [
        "shot.json has 2 issues without a number",
        "some.json has 3 issues without number, repository or time",
    ]


@pytest.mark.parametrize(
    ("later", "reverted"),
    [
        (lambda: record(1, ("track/x",), "Two", 5), 1),
        (lambda: record(1, ("track/x",), None, 5), 1),
        (lambda: record(1, ("track/x",), "Two", 5, SetMilestone("Two", 2, "milestone", "One")), 0),
        (lambda: record(1, ("track/x",), "One", 5, SetMilestone("One", 1, "milestone", "Two")), 1),
        (lambda: record(1, ("track/x",), "One", 5), 0),
    ],
    ids=["moved by a person", "taken away", "moved by us", "moved by a person and set again by us", "still there"],
)
def test_a_milestone_counts_as_undone_only_where_a_person_did_it(
    later: Any, reverted: int, configs: tuple[Path, Path], tmp_path: Path
) -> None:
    file = tmp_path / "day.jsonl"
    file.write_bytes(record(1, ("track/x",), "One", 1, SetMilestone("One", 1, "milestone")) + later())
    assert simulate(configs[0], file).reverted_changes == reverted


def test_a_label_added_again_had_been_taken_off_by_a_person(configs: tuple[Path, Path], tmp_path: Path) -> None:
    added = AddLabels(("track/x",), "track.classify", rules=("track.classify",))
    file = tmp_path / "day.jsonl"
    file.write_bytes(record(1, ("track/x",), None, 1, added) + record(1, ("track/x",), None, 5, added))
    found = simulate(configs[0], file)
    assert (found.recorded_changes, found.reverted_changes) == (2, 1)


def rest(number: int, *labels: str, milestone: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "title": f"Issue {number}",
        "state": "open",
        "labels": [{"name": name} for name in labels],
        "milestone": {"title": milestone, "number": 1, "state": "open"} if milestone else None,
        "repository_url": "https://api.github.com/repos/o/r",
        "created_at": stamp(0),
        "updated_at": stamp(9),
        **more,
    }


def event(name: str, days: float, *, app: str | None = None, **more: Any) -> dict[str, Any]:
    via = {"slug": app} if app else None
    actor = {"login": "ann", "id": 1}
    return {"event": name, "created_at": stamp(days), "actor": actor, "performed_via_github_app": via, **more}


def test_a_timeline_export_plays_each_issues_life_back(configs: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = configs
    life = [
        event("labeled", 1, label={"name": "track/y"}),
        event("labeled", 2, label={"name": "track/x"}),
        event("unlabeled", 2, app="task-assistant", label={"name": "track/y"}),
        event("milestoned", 2, app="task-assistant", milestone={"title": "One"}),
        event("commented", 3),
        event("demilestoned", 4, milestone={"title": "One"}),
        event("renamed", 5, rename={"from": "Before", "to": "Issue 1"}),
        event("closed", 6),
        event("reopened", 7),
    ]
    file = tmp_path / "export.json"
    file.write_text(json.dumps([rest(1, "track/x", timeline=life)]))

    found = simulate(new, file, base=old)

    # 1: track/y alone. 2: track/x with One. 4: without. 5: renamed. 6: closed. 7: reopened. 9: as exported.
    assert found.report.states == 7
    assert found.forms == {"timeline export": 1}
    assert found.report.undecided == {}
    (difference,) = found.report.differences
    assert (difference.change.rule, difference.change.base, difference.change.new) == ("milestone", "One", "Two")
    assert difference.states == 5
    assert (found.recorded_changes, found.reverted_changes) == (2, 1)


def test_only_the_named_app_is_ours(configs: tuple[Path, Path], tmp_path: Path) -> None:
    life = [
        event("labeled", 1, app="other", label={"name": "track/y"}),
        event("unlabeled", 2, label={"name": "track/y"}),
        event("labeled", 3, app="task-assistant", label={"name": "track/x"}),
    ]
    file = tmp_path / "export.json"
    file.write_text(json.dumps({"repository": "o/r", "issues": [rest(1, "track/x", events=life)]}))
    assert simulate(configs[0], file).recorded_changes == 2
    assert simulate(configs[0], file, app="task-assistant").recorded_changes == 1
    assert simulate(configs[0], file, app="other").reverted_changes == 1


def test_the_timeline_decides_which_label_is_newest(configs: tuple[Path, Path], tmp_path: Path) -> None:
    life = [event("labeled", 1, label={"name": "track/x"}), event("labeled", 2, label={"name": "track/y"})]
    file = tmp_path / "export.json"
    file.write_text(json.dumps([rest(1, "track/x", "track/y", timeline=life)]))
    found = simulate(configs[0], file)
    assert [(d.change.label, d.change.new) for d in found.report.differences if d.change.field == "labels"] == [
        ("track/x", "off")
    ]


def test_a_milestone_that_is_closed_in_the_export_is_never_assigned(configs: tuple[Path, Path], tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    document = {
        "repository": "o/r",
        "issues": [rest(1, "track/x")],
        "milestones": [{"title": "One", "state": "closed"}],
    }
    file.write_text(json.dumps(document))
    assert simulate(configs[0], file).report.differences == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "holds no state"),
        ('{"any": 1}', "no form of history"),
        ('{"component": "x", "issues": []}', "without timestamp"),
        ("[1, null, {}]", "without number"),
    ],
)
def test_a_file_that_is_no_history_is_said_with_a_fix(
    content: str, said: str, configs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.json"
    file.write_text(content)
    assert run(["config", "simulate", "--config", str(configs[0]), "--over", str(file)]) == 1
    shown = capsys.readouterr()
    assert said in shown.err
    assert "fix:" in shown.err
    assert shown.out == ""


def test_every_problem_of_both_configurations_is_said_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one.yml", tmp_path / "two.yml"
    one.write_text("tracks: 1\n")
    two.write_text('schema_version: "9"\n')
    assert run(["config", "simulate", "--config", str(one), "--base", str(two), "--over", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert "one.yml" in err
    assert "two.yml" in err


def test_a_path_that_is_not_there_is_said(configs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "simulate", "--config", str(configs[0]), "--over", "/no/such/file"]) == 1
    assert "there is no such file" in capsys.readouterr().err


def test_hostile_text_in_a_history_never_reaches_the_terminal(
    configs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    over = snapshot(tmp_path / "s.json", [entry(1, "track/x", "track/\x1b[2J\u202e")])
    run(["config", "simulate", "--config", str(configs[1]), "--over", str(over)])
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
