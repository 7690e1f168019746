"""`tassist rollover` as a person runs it, against GitHub in a box."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tassist.sandbox import issue_changes, milestones
from tassist.sandbox.model import Issue
from tests.integration.github.conftest import Octo


@pytest.fixture
def sprint(octo: Octo) -> Octo:
    """Sprint 4 with three open issues and a closed one."""
    with octo.box.lock:
        milestones.put_milestone(
            octo.box, octo.by, octo.repo, "Sprint 3", state="closed", due_on=datetime(2026, 1, 1, 8, tzinfo=UTC)
        )
        current = milestones.put_milestone(
            octo.box, octo.by, octo.repo, "Sprint 4", due_on=datetime(2026, 1, 15, 8, tzinfo=UTC)
        )
    for n in range(4):
        octo.opened(f"in the sprint {n}", milestone=current)
    with octo.box.lock:
        issue_changes.set_state(octo.box, octo.by, octo.box.issue("octo/app", 5), "closed", "completed")
    return octo


def where(octo: Octo) -> dict[int, str]:
    def title(issue: Issue) -> str:
        return issue.milestone.title if issue.milestone else ""

    return {number: title(issue) for number, issue in octo.repo.issues.items()}


def state(octo: Octo) -> dict[str, str]:
    return {
        milestone.title: milestone.state for milestone in octo.repo.milestones.values() if "Sprint" in milestone.title
    }


async def roll(octo: Octo, *more: str) -> tuple[int, str, str]:
    done = await octo.tassist("rollover", "octo/app", "--milestone", "Sprint 4", *more)
    return done.code, done.out, done.err


async def test_it_shows_what_it_would_do_and_asks(sprint: Octo) -> None:
    code, out, err = await roll(sprint)

    assert code == 2
    assert out.splitlines() == [
        '+ milestone "Sprint 5", due 2026-01-29',
        '~ #2: "Sprint 4" → "Sprint 5"',
        '~ #3: "Sprint 4" → "Sprint 5"',
        '~ #4: "Sprint 4" → "Sprint 5"',
        '~ milestone "Sprint 4": open → closed',
    ]
    assert '--milestone "Sprint 4" --yes' in err
    assert sprint.box.writes == []


async def test_it_moves_what_is_open_and_closes_last(sprint: Octo) -> None:
    code, out, _ = await roll(sprint, "--yes")

    assert code == 0
    assert out.splitlines()[-5:] == [
        'created milestone "Sprint 5"',
        "moved #2",
        "moved #3",
        "moved #4",
        'closed milestone "Sprint 4"',
    ]
    assert where(sprint) == {1: "", 2: "Sprint 5", 3: "Sprint 5", 4: "Sprint 5", 5: "Sprint 4"}
    assert state(sprint) == {"Sprint 3": "closed", "Sprint 4": "closed", "Sprint 5": "open"}
    assert sprint.box.requests.needless_writes == []

    sprint.box.requests.clear()
    code, out, _ = await roll(sprint, "--yes")
    assert (code, sprint.box.writes) == (0, [])
    assert out.startswith("Nothing to do")


@pytest.mark.parametrize("after", range(5))
async def test_stopped_anywhere_a_second_run_does_the_rest(sprint: Octo, after: int) -> None:
    sprint.box.faults.server_error(503, method="write", path="/repos/*", skip=after, count=None)
    code, _, _ = await roll(sprint, "--yes")
    assert code == 5
    assert len(sprint.box.writes) == after

    sprint.box.faults.clear()
    code, _, _ = await roll(sprint, "--yes")

    assert code == 0
    assert where(sprint) == {1: "", 2: "Sprint 5", 3: "Sprint 5", 4: "Sprint 5", 5: "Sprint 4"}
    assert state(sprint) == {"Sprint 3": "closed", "Sprint 4": "closed", "Sprint 5": "open"}
    assert len(sprint.box.writes) == 5


async def test_lost_answers_do_not_do_anything_twice(sprint: Octo) -> None:
    sprint.box.faults.lose_answer(method="write", path="/repos/*", probability=0.6, count=None)

    code, _, _ = await roll(sprint, "--yes")

    sprint.box.faults.clear()
    if code:
        code, _, _ = await roll(sprint, "--yes")
    assert code == 0
    assert [milestone.title for milestone in sprint.repo.milestones.values()].count("Sprint 5") == 1
    assert state(sprint)["Sprint 4"] == "closed"


async def test_an_issue_that_cannot_be_moved_keeps_the_old_one_open(sprint: Octo) -> None:
    sprint.box.faults.forbidden("permission", method="PATCH", path="/repos/*/issues/3", count=None)

    code, out, err = await roll(sprint, "--yes")

    assert code == 4
    assert "failed: moved #3" in out
    assert "lacks a permission" in err
    assert where(sprint)[4] == "Sprint 5"
    assert state(sprint)["Sprint 4"] == "open"


async def test_an_open_pull_request_stays_and_is_named(sprint: Octo) -> None:
    with sprint.box.lock:
        sprint.box.issue("octo/app", 3).is_pull_request = True

    code, out, _ = await roll(sprint, "--yes")

    assert code == 0
    assert "pull requests stay, as the configuration does not manage them: #3" in out
    assert where(sprint)[3] == "Sprint 4"


async def test_as_json_with_another_title_and_day(sprint: Octo) -> None:
    done = await sprint.tassist(
        "rollover", "octo/app", "--milestone", "Sprint 4", "--next", "Later", "--due", "2027-01-01", "--yes", "--json"
    )

    assert done.code == 0, done.err
    assert (done.json["to"], done.json["due_on"], done.json["move"]) == ("Later", "2027-01-01", [2, 3, 4])
    assert len(done.json["steps"]) == 5
    later = next(m for m in sprint.repo.milestones.values() if m.title == "Later")
    assert str(later.due_on).startswith("2027-01-01")


async def test_a_configuration_that_names_the_old_one_is_pointed_at(sprint: Octo) -> None:
    sprint.configure(
        'schema_version: "1.0"\ntracks: [{id: s, label: s, milestone: "Sprint 4"}]\nlabels: []\n'
        'milestones: [{title: "Sprint 4"}]\n'
    )

    _, out, _ = await roll(sprint)

    assert "task-assistant.yml:2" in out
    assert 'change it to "Sprint 5"' in out


async def test_an_unknown_milestone_is_named_with_those_there_are(sprint: Octo) -> None:
    done = await sprint.tassist("rollover", "octo/app", "--milestone", "Sprint 44", "--yes")

    assert done.code == 2
    assert '"Sprint 4"' in done.err
    assert sprint.box.writes == []
