"""A first configuration is proposed from what the repository has, and it is always valid."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import parse
from engine.config.types import Config
from engine.model import Issue, IssueRef, Label, Milestone
from setup_wizard.scaffold import chosen_phases, find_tracks, phase_titles, scaffold_config

SPRINT = Milestone(1, "Sprint 4")
NEXT = Milestone(2, "Sprint 5")
DONE = Milestone(3, "Sprint 3", state="closed")


def issue(number: int, *labels: str, milestone: Milestone | None = None, state: str = "open") -> Issue:
    """An issue with these labels."""
    return Issue(
        IssueRef("acme/app", number), labels=labels, milestone=milestone, state="open" if state == "open" else "closed"
    )


def proposed(*names: str, milestones: tuple[Milestone, ...] = (), issues: tuple[Issue, ...] = ()) -> Config:
    """The proposal for a repository with these labels, parsed."""
    config = parse(scaffold_config([Label(name) for name in names], milestones, issues))
    assert isinstance(config, Config), config
    return config


def test_a_label_that_carries_a_track_becomes_one() -> None:
    config = proposed("bug", "track/api", "track/web")

    assert [(track.id, track.label) for track in config.tracks] == [("api", "track/api"), ("web", "track/web")]


def test_a_label_that_only_looks_like_a_track_is_inferred_from_and_not_renamed() -> None:
    config = proposed("codex-trackmain", "codex-trackdashboard")

    assert [(track.label, track.match.labels if track.match else ()) for track in config.tracks] == [
        ("track/main", ("codex-trackmain",)),
        ("track/dashboard", ("codex-trackdashboard",)),
    ]
    assert all(not track.aliases for track in config.tracks)


def test_a_tracks_milestone_is_the_open_one_its_open_issues_are_in() -> None:
    issues = (
        issue(1, "track/api", milestone=SPRINT),
        issue(2, "TRACK/API", milestone=SPRINT),
        issue(3, "track/api", milestone=NEXT),
        issue(4, "track/api", milestone=NEXT, state="closed"),
        issue(5, "track/api", milestone=NEXT, state="closed"),
        issue(6, "track/api", milestone=DONE),
    )

    (track,) = find_tracks([Label("track/api")], [SPRINT, NEXT, DONE], issues)

    assert track.milestone == "Sprint 4"


def test_a_repository_without_tracks_gets_two_proposed_and_nothing_inferred() -> None:
    config = proposed("bug", "enhancement")

    assert [track.label for track in config.tracks] == ["track/active", "track/backlog"]
    assert not any(track.default or track.match for track in config.tracks)


def test_a_naming_habit_is_not_taken_for_tracks() -> None:
    config = proposed(*(f"track/{number}" for number in range(40)))

    assert [track.label for track in config.tracks] == ["track/active", "track/backlog"]


def test_groups_come_from_labels_that_share_a_prefix() -> None:
    config = proposed("priority/high", "priority/low", "priority/odd", "phase-1", "phase-2", "state/only-one")

    assert config.enforcement is not None
    groups = {group.name: group for group in config.enforcement.exclusivity}
    assert set(groups) == {"track", "phase", "priority"}
    assert groups["priority"].order == ("priority/low", "priority/odd", "priority/high")


def test_only_open_milestones_are_declared() -> None:
    assert [spec.title for spec in proposed(milestones=(SPRINT, DONE)).milestones] == ["Sprint 4"]


NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Zs")), min_size=1, max_size=30)


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "track/", "x-track", "phase-", "priority/", "state/", "status:"]), NAMES),
        max_size=30,
        unique_by=lambda pair: (pair[0] + pair[1]).casefold(),
    ),
    st.lists(NAMES, max_size=5, unique=True),
)
def test_a_proposal_is_always_a_valid_configuration(labels: list[tuple[str, str]], titles: list[str]) -> None:
    text = scaffold_config(
        [Label(prefix + name, description="Größe: “x” # no comment") for prefix, name in labels],
        [Milestone(number, title) for number, title in enumerate(titles, 1)],
    )

    assert isinstance(parse(text), Config), text


def test_the_recorded_repository_gets_its_two_tracks_with_their_milestones(project_root: Path) -> None:
    path = project_root.parent / "shared/recorded/saas-app/activity-engine-20251206T024831Z.json"
    if not path.exists():
        pytest.skip("the recorded snapshot is not beside the checkout")
    items = msgspec.json.decode(path.read_bytes())["issues"]
    titles = sorted({item["milestone"] for item in items if item["milestone"]})
    milestones = {title: Milestone(number, title) for number, title in enumerate(titles, 1)}
    issues = [
        issue(item["number"], *item["labels"], milestone=milestones.get(item["milestone"]), state=item["state"])
        for item in items
    ]
    labels = [Label(name) for name in dict.fromkeys(name for item in items for name in item["labels"])]

    config = parse(scaffold_config(labels, list(milestones.values()), issues))

    assert isinstance(config, Config)
    assert [(track.label, track.milestone) for track in config.tracks] == [
        ("track/dashboard", "Dashboard Validation"),
        ("track/main", "Sprint 4 Stabilization"),
    ]


def test_a_track_gets_the_milestone_most_of_its_open_issues_are_in() -> None:
    sprint, later = Milestone(1, "Sprint 4"), Milestone(2, "Later")
    issues = [
        issue(number, "track/main", milestone=milestone, state="open")
        for number, milestone in enumerate((sprint, sprint, sprint, later), 1)
    ]

    config = parse(scaffold_config([Label("track/main")], [sprint, later], issues))

    assert isinstance(config, Config)
    assert (config.tracks[0].label, config.tracks[0].milestone) == ("track/main", "Sprint 4")


def test_two_labels_of_one_track_make_one_track() -> None:
    found = find_tracks([Label("track/api", "", "ededed"), Label("Track-API", "", "ededed")], [], [])

    assert [track.id for track in found] == ["api"]


PHASES = (Milestone(1, "Phase 1 – Plan"), Milestone(2, "Phase 2"), Milestone(3, "v1.0"), Milestone(4, "Ideas"), Milestone(5, "Phase 9", state="closed"))  # fmt: skip


def test_labels_that_a_person_names_become_tracks_and_no_others() -> None:
    labels = [Label("Backend API"), Label("track/web"), Label("bug"), Label("!!!")]

    config = parse(scaffold_config(labels, (), tracks_from=["backend api", "track/web", "gone", "!!!"]))

    assert isinstance(config, Config)
    assert [(track.id, track.match.labels if track.match else ()) for track in config.tracks] == [
        ("backend-api", ("Backend API",)),
        ("web", ()),
    ]


def test_milestones_that_look_like_phases_are_proposed() -> None:
    labels = [Label("phase-1"), Label("phase-ideas"), Label("bug")]

    assert phase_titles(labels, PHASES) == ["Phase 1 – Plan", "Phase 2", "Ideas"]
    assert phase_titles([], PHASES) == ["Phase 1 – Plan", "Phase 2"]


def test_chosen_milestones_become_phases_with_the_label_there_is_or_a_new_one() -> None:
    labels = [Label("phase-1"), Label("phase-x")]
    titles = ["Phase 1 – Plan", "Phase 2", "Ideas", "v1.0", "Phase 9", "gone"]

    config = parse(scaffold_config(labels, PHASES, phases_from=titles))

    assert isinstance(config, Config)
    assert config.enforcement is not None
    assert {each.label: each.milestone for each in config.enforcement.phase_milestones} == {
        "phase-1": "Phase 1 – Plan",
        "phase-2": "Phase 2",
        "phase-ideas": "Ideas",
        "phase-v1-0": "v1.0",
    }


def test_two_phases_of_one_number_get_a_label_each() -> None:
    milestones = [Milestone(1, "Phase 1"), Milestone(2, "Phase 1 again"), Milestone(3, "★"), Milestone(4, "☆ 1")]

    found = chosen_phases([each.title for each in milestones], [], milestones)

    assert [phase.label for phase in found] == ["phase-1", "phase-phase-1-again-2", "phase-3", "phase-1-4"]


@given(
    st.lists(NAMES, max_size=5, unique_by=str.casefold),
    st.lists(NAMES, max_size=5, unique=True),
)
def test_whatever_is_chosen_makes_a_valid_configuration(names: list[str], titles: list[str]) -> None:
    milestones = [Milestone(number, title) for number, title in enumerate(titles, 1)]
    labels = [Label(name) for name in names]

    assert isinstance(parse(scaffold_config(labels, milestones, tracks_from=names, phases_from=titles)), Config)
