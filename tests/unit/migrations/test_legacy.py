"""The models say what the workflows' texts say, whatever they are called, and every way through them is walked."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine.model import Issue
from migrations.compare.cases import assumed, cases
from migrations.legacy.component import World
from migrations.legacy.project_sync import ProjectSync
from migrations.legacy.recognise import Legacy, recognise, world_of
from migrations.legacy.simple import AutoAssign
from migrations.legacy.supervisor import Supervisor, Track
from migrations.model import Write
from tassist.services.migrate.checkout import read_checkout
from tassist.services.migrate.reading import joined
from tassist.services.migrate.snapshot_file import read_record_folder
from tests.support import family
from tests.support.family import NOW, issue, snapshot
from tests.support.legacy import fetched, recorded


@pytest.fixture(scope="module")
def legacy() -> Legacy:
    return recognise(snapshot())


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(snapshot(), NOW)


def part(legacy: Legacy, kind: type) -> object:
    return next(component for component in legacy.issues if isinstance(component, kind))


def test_the_components_are_known_by_their_texts_with_their_parameters(legacy: Legacy) -> None:
    assert part(legacy, ProjectSync) == ProjectSync(
        ".github/workflows/sync.yml",
        "ours",
        (("team-app", "TEAM_APP_MILESTONE"), ("team-site", "TEAM_SITE_MILESTONE")),
        "look-here",
        100,
    )
    watch = (Track("team-app", "TEAM_APP_MILESTONE", "TEAM_APP_LATE_DAYS", "TEAM_APP_LOST_DAYS"),)
    assert part(legacy, Supervisor) == Supervisor(
        ".github/workflows/watch.yml", "ours", watch, "look-here", "call-somebody"
    )
    assert part(legacy, AutoAssign) == AutoAssign(".github/workflows/greet.yml", "ours", ("opened",))
    assert [(test.title, test.labels) for test in legacy.self_tests] == [("Alive? *", ("ours", "alive"))]
    assert [(one.id, one.is_board) for one in legacy.declared] == [("pr-status", True)]
    assert "(merged): moves every issue the pull request names to Done" in legacy.declared[0].what
    assert legacy.members == {"ours"}


def test_variables_are_followed_to_titles(world: World) -> None:
    assert world.titles == {"TEAM_APP_MILESTONE": "App 1", "TEAM_SITE_MILESTONE": "Site 1"}
    poor = snapshot(
        variables=None, telemetry=(family.record("d.json", json.dumps({"milestones": {"app": "App 9", "site": ""}})),)
    )
    assert world_of(poor, NOW).titles == {"TEAM_APP_MILESTONE": "App 9"}


SYNC = {
    "a member of a track": (issue(1, "ours", "team-app", milestone=3), "target changes", "milestone: App 1"),
    "already there": (issue(1, "ours", "team-app", milestone=1), "target set", "milestone: App 1"),
    "closed, all the same": (issue(1, "ours", "team-site", state="closed"), "target changes", "milestone: Site 1"),
    "two tracks: the first wins": (issue(1, "team-site", "ours", "team-app"), "target changes", "milestone: App 1"),
    "part of a name is enough": (issue(1, "ours", "not-team-app-at-all"), "target changes", "milestone: App 1"),
    "neither": (issue(1, "ours"), "flagged", "+look-here"),
    "a milestone but no track": (issue(1, "ours", milestone=3), "left alone", ""),
    "not a member": (issue(1, "team-app"), "not a member", ""),
    "a member in other letters is none": (issue(1, "Ours", "team-app"), "not a member", ""),
}


@pytest.mark.parametrize("case", SYNC)
def test_project_sync_declares(case: str, legacy: Legacy, world: World) -> None:
    given, branch, writes = SYNC[case]
    component = part(legacy, ProjectSync)
    assert isinstance(component, ProjectSync)

    said = component.decide(given, world)

    assert (said.branch, ", ".join(map(str, said.writes))) == (branch, writes)
    assert component.decide(given, replace(world, titles={})).branch in {"cannot resolve", "not a member"}


WATCHED = {
    2: ("fresh", "-look-here, -call-somebody"),
    3: ("stale", "+look-here, -call-somebody"),
    6: ("stale", "+look-here, -call-somebody"),
    7: ("escalated", "+call-somebody, -look-here"),
    99: ("escalated", "+call-somebody, -look-here"),
}


@pytest.mark.parametrize("days", WATCHED)
def test_the_supervisor_declares(days: int, legacy: Legacy, world: World) -> None:
    component = part(legacy, Supervisor)
    assert isinstance(component, Supervisor)

    said = component.decide(issue(1, "ours", "team-app", milestone=1, days=days), world)

    assert (said.branch, ", ".join(map(str, said.writes))) == WATCHED[days]


NOT_WATCHED = {
    "closed": issue(1, "ours", "team-app", milestone=1, days=9, state="closed"),
    "no membership": issue(1, "team-app", milestone=1, days=9),
    "another milestone": issue(1, "ours", "team-app", milestone=2, days=9),
    "no track": issue(1, "ours", milestone=1, days=9),
}


@pytest.mark.parametrize("case", NOT_WATCHED)
def test_the_supervisor_never_looks_at(case: str, legacy: Legacy, world: World) -> None:
    component = part(legacy, Supervisor)
    assert isinstance(component, Supervisor)

    assert component.decide(NOT_WATCHED[case], world).writes == ()


def test_its_own_label_makes_a_flagged_issue_look_fresh_so_it_flaps(legacy: Legacy, world: World) -> None:
    component = part(legacy, Supervisor)
    assert isinstance(component, Supervisor)
    flagged = issue(1, "ours", "team-app", milestone=1, days=4)
    assert component.decide(flagged, world).branch == "stale"

    touched = replace(flagged, labels=(*flagged.labels, "look-here"), updated_at=NOW)

    assert component.decide(touched, world).writes == (
        Write("label", "look-here", "off"),
        Write("label", "call-somebody", "off"),
    )


def test_generated_cases_walk_every_way_through_every_component(legacy: Legacy, world: World) -> None:
    whole, taken = assumed(world, legacy, family.config())
    walked: dict[str, set[str]] = {}
    for case in cases(snapshot(), legacy, whole):
        for component in legacy.issues:
            walked.setdefault(component.id, set()).add(component.decide(case.issue, case.world).branch)

    assert walked == {component.id: set(component.branches) for component in legacy.issues}
    assert taken == ()
    bare, taken = assumed(World(NOW), legacy, family.config())
    assert bare.numbers["TEAM_APP_LATE_DAYS"] == "3"
    assert len(taken) == 4


@pytest.mark.shows_secrets  # git reads all of that repository, in which something looks like a token
def test_the_model_reproduces_the_recorded_decisions_item_by_item_and_to_the_byte() -> None:
    record = read_record_folder(recorded())
    whole = joined(read_checkout(fetched()), record)
    component = part(recognise(whole), ProjectSync)
    assert isinstance(component, ProjectSync)
    assert whole.taken_at is not None
    known = world_of(whole, whole.taken_at)
    files = sorted(recorded().glob("project-sync-*.json"))

    for file in files:
        assert component.decisions(whole.issues or (), known) == json.loads(file.read_text()), file.name
        assert component.record(whole.issues or (), known) == file.read_text(), file.name
    assert len(files) == 3


def test_the_same_with_the_parameters_written_down_where_no_clone_is() -> None:
    record = read_record_folder(recorded())
    routes = (
        ("codex-selftest", "SELFTEST_MILESTONE"),
        ("codex-trackmain", "MAIN_MILESTONE"),
        ("codex-trackdashboard", "DASHBOARD_MILESTONE"),
    )
    component = ProjectSync("x", "codex", routes, "needs-attention", 100)
    titles = {
        "SELFTEST_MILESTONE": "Codex Internal",
        "MAIN_MILESTONE": "Sprint 4 Stabilization",
        "DASHBOARD_MILESTONE": "Dashboard Validation",
    }
    issues: tuple[Issue, ...] = record.issues or ()

    decisions = component.decisions(issues, World(NOW, titles))

    for file in sorted(recorded().glob("project-sync-*.json")):
        assert decisions == json.loads(file.read_text()), file.name
    assert len(decisions) == 71
    assert all(component.decide(one, World(NOW, titles)).needless for one in issues if one.has_label("codex")), (
        "all 70 set what is set"
    )
