"""Seed files and recorded snapshots: what they become, and what is said of those that are none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.config import Config, parse
from engine.problems import Problem, ProblemError
from tassist.sandbox import Box
from tassist.sandbox.git_store import find_path, read_commit
from tassist.sandbox.seeds.reading import MAX_BYTES

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "recorded" / "saas-app"
SNAPSHOT = RECORDED / "activity-engine-20251206T024831Z.json"
ISSUE = {"number": 3, "title": "A title", "state": "open", "labels": ["a"], "created_at": "2025-12-04T03:24:27Z"}


def write(path: Path, document: Any) -> Path:
    """The document as a file."""
    target = path / "seed.json"
    target.write_text(document if isinstance(document, str) else json.dumps(document))
    return target


def problems(path: Path) -> list[Problem]:
    with pytest.raises(ProblemError) as refused:
        Box.from_file(path)
    return list(refused.value.problems)


def snapshot(**fields: Any) -> dict[str, Any]:
    return {"repository": "o/r", "issues": [ISSUE], **fields}


def seed(**fields: Any) -> dict[str, Any]:
    return {"format": "tassist-sandbox/1", "repositories": [{"owner": "o", "name": "r", **fields}]}


def test_the_projects_own_organisation_is_whole() -> None:
    box = Box.seeded()
    repo = box.repository("acme-demo/storefront")
    head = read_commit(repo, repo.refs["refs/heads/main"])
    config = find_path(repo, head.tree, ".github/task-assistant.yml")

    assert config is not None
    parsed = parse(repo.objects[config.sha].content)
    assert isinstance(parsed, Config), parsed.problems
    assert {spec.name for spec in parsed.labels} <= {label.name for label in repo.labels.values()}
    assert sorted(repo.issues) == list(range(1, 17))
    assert repo.next_issue == 17
    assert repo.milestones[5].state == "closed"
    for issue in repo.issues.values():
        labeled = [event.label[0] for event in issue.events if event.event == "labeled" and event.label]
        unlabeled = [event.label[0] for event in issue.events if event.event == "unlabeled" and event.label]
        left = sorted(set(labeled) - set(unlabeled))
        assert left == sorted(label.name for label in issue.labels), issue.number
        times = [event.created_at for event in issue.events]
        assert times == sorted(times)
        assert (issue.state == "closed") == (issue.closed_at is not None)


def test_two_boxes_of_one_seed_are_equal() -> None:
    def ids(box: Box) -> list[tuple[int, int, list[int]]]:
        return [(issue.id, issue.number, [event.id for event in issue.events]) for issue in box.world.issues()]

    assert ids(Box.seeded()) == ids(Box.seeded())


def test_the_times_of_a_seed_move_by_whole_days_so_that_it_is_true_today(tmp_path: Path) -> None:
    box = Box.from_file(write(tmp_path, {**seed(issues=[ISSUE]), "as_of": "2025-12-05T00:00:00Z"}))
    issue = box.issue("o/r", 3)

    assert issue.created_at.strftime("%H:%M:%S") == "03:24:27"
    assert timedelta(hours=20) < box.clock.now() - issue.created_at < timedelta(hours=45)
    assert issue.events[0].created_at == issue.created_at


def test_a_snapshot_keeps_numbers_states_labels_milestones_and_times(tmp_path: Path) -> None:
    closed = {**ISSUE, "number": 1, "state": "closed", "updated_at": "2025-12-05T00:00:00Z", "milestone": "M"}
    pull = {"number": 2, "title": "PR", "state": "closed", "created_at": "2025-12-01T00:00:00Z"}
    both = {**ISSUE, "number": 5}
    document = snapshot(issues=[ISSUE, closed, both], pull_requests=[pull, {**pull, "number": 5}])
    repo = Box.from_file(write(tmp_path, document)).repository("o/r")

    assert sorted(repo.issues) == [1, 2, 3, 5]
    assert [number for number, issue in sorted(repo.issues.items()) if issue.is_pull_request] == [2, 5]
    assert [label.name for label in repo.issues[5].labels] == ["a"]
    first = repo.issues[1]
    assert (first.state, first.closed_at) == ("closed", datetime(2025, 12, 5, tzinfo=UTC))
    assert first.milestone is repo.milestones[1]
    assert [event.event for event in first.events] == ["labeled", "milestoned", "closed"]
    assert repo.next_issue == 6
    assert list(repo.labels) == ["a"]


@pytest.mark.skipif(not SNAPSHOT.exists(), reason="the recorded data is not beside this checkout")
def test_the_recorded_snapshot_is_planted_as_it_was() -> None:
    recorded = json.loads(SNAPSHOT.read_text())
    repo = Box.from_file(SNAPSHOT).repository("garybayes/saas-app")

    for entry in recorded["issues"]:
        issue = repo.issues[entry["number"]]
        assert [label.name for label in issue.labels] == entry["labels"]
        assert (issue.milestone.title if issue.milestone else None) == entry["milestone"]
        assert (issue.title, issue.state) == (entry["title"], entry["state"])
        assert issue.updated_at == datetime.fromisoformat(entry["updated_at"])
    assert {issue["number"] for issue in recorded["pull_requests"]} == {
        number for number, issue in repo.issues.items() if issue.is_pull_request
    }


CASES: dict[str, tuple[Any, str, str]] = {
    "not JSON": ("{oops", "seed-not-json", "1:2"),
    "nested too deeply": ("[" * 100_000, "seed-not-json", ""),
    "a list": ("[]", "seed-form", "neither a seed file nor a recorded snapshot"),
    "another format": ({"format": "something/2"}, "seed-form", "neither a seed file nor a recorded snapshot"),
    "another file of the recording": ({"component": "cleaner"}, "seed-form", "neither a seed file nor"),
    "no repository's name": (snapshot(repository="saas-app"), "seed-form", "not of the form OWNER/NAME"),
    "repository is a number": (snapshot(repository=5), "seed-form", "'repository' is not a text"),
    "issues are no list": (snapshot(issues={}), "seed-form", "'issues' is not a list"),
    "an issue is a text": (snapshot(issues=["x"]), "seed-form", "issues[0]"),
    "no title": (snapshot(issues=[ISSUE, {**ISSUE, "number": 4, "title": None}]), "seed-form", "issues[1].title"),
    "no time": (snapshot(issues=[{**ISSUE, "created_at": "yesterday"}]), "seed-form", "'created_at' is not a time"),
    "number is true": (snapshot(issues=[{**ISSUE, "number": True}]), "seed-form", "'number' is not a whole number"),
    "number is 0": (snapshot(issues=[{**ISSUE, "number": 0}]), "seed-form", "numbers begin at 1"),
    "number twice": (snapshot(issues=[ISSUE, ISSUE]), "seed-form", "number 3 occurs twice"),
    "a state nobody knows": (snapshot(issues=[{**ISSUE, "state": "done"}]), "seed-form", "neither open nor closed"),
    "a label too long": (snapshot(issues=[{**ISSUE, "labels": ["x" * 51]}]), "seed-form", "issues[0].labels[0]"),
    "a label that is a number": (snapshot(issues=[{**ISSUE, "labels": [1]}]), "seed-form", "issues[0].labels[0]"),
    "no owner": ({**seed(), "repositories": [{"name": "r"}]}, "seed-form", "repositories[0].owner"),
    "a name with a slash": (seed(name="a/b"), "seed-form", "no name GitHub would take"),
    "a file that is a number": (seed(files={"README.md": 1}), "seed-form", "a text or a list of lines"),
    "a comment without a time": (
        seed(issues=[{**ISSUE, "comments": [{"body": "x"}]}]), "seed-form", "issues[0].comments[0].at",
    ),
    "no repositories": ({"format": "tassist-sandbox/1"}, "seed-form", "'repositories' is missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_file_that_is_not_what_it_claims_is_refused_with_its_place(case: str, tmp_path: Path) -> None:
    document, code, sentence = CASES[case]
    found = problems(write(tmp_path, document))

    assert {problem.code for problem in found} == {code}
    assert any(sentence in str(problem) for problem in found), [str(problem) for problem in found]
    assert all("seed.json" in str(problem) for problem in found)


def test_everything_wrong_is_said_at_once_up_to_fifty(tmp_path: Path) -> None:
    found = problems(write(tmp_path, snapshot(issues=[{"number": number} for number in range(1, 101)])))

    assert len(found) == 51
    assert "and 150 more problems" in found[-1].what


def test_a_file_that_is_missing_too_big_or_no_text_is_refused(tmp_path: Path) -> None:
    big = tmp_path / "big.json"
    with big.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    binary = tmp_path / "binary.json"
    binary.write_bytes(b'{"a":\n"\xff"}')

    assert problems(tmp_path / "nothing.json")[0].code == "no-such-file"
    assert problems(big)[0].code == "seed-too-big"
    assert problems(tmp_path)[0].code == "is-a-folder"
    assert str(problems(binary)[0].where).endswith("binary.json:2")
