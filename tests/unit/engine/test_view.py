"""What a configuration's lookups answer, where no single rule shows it."""

from __future__ import annotations

from engine.config.types import LabelSpec, MilestoneSpec, StaleThresholds
from engine.model import Milestone
from engine.problems import Where
from engine.view import _MOST_NAMES, _Remembered, view
from tests.support.engine import (
    by_rule,
    config,
    enforcement,
    group,
    issue,
    label,
    look,
    mapping,
    milestone,
    repo,
    required,
    stale,
    track,
)


def test_a_group_is_the_configured_one_and_one_that_is_not_configured_enforces_nothing() -> None:
    found = view(config(enforcement=enforcement(group("area", prefix="zone/"))))

    assert found.group("area").members(["zone/x", "area/x"]) == ["zone/x"]
    other = found.group("size")
    assert (other.mode, other.strategy, other.where) == ("off", "newest", Where())
    assert other.members(["size/s", "zone/x"]) == ["size/s"]


def test_a_demand_for_a_configured_group_counts_the_labels_that_group_has() -> None:
    demand = enforcement(group("area", prefix="zone/"), required_labels=(required(group="area", mode="warn"),))

    assert by_rule(look(issue("zone/x"), config(enforcement=demand)), "labels.required").outcome == "already"
    assert by_rule(look(issue("area/x"), config(enforcement=demand)), "labels.required").outcome == "warned"


def test_a_label_knows_all_its_former_names_and_every_flag_its_place() -> None:
    known = config(labels=(label("new", aliases=("Old", "older")),), stale=stale())

    assert view(known).aliases_by_label == {"new": ("old", "older")}
    place = Where("c.yml", 10, 1, "stale")
    for flag in ("state/stale", "state/escalated"):
        assert view(known).declared[flag] == LabelSpec(flag, place)


def test_what_is_said_of_a_lone_label_is_made_once_and_not_kept_for_ever() -> None:
    found = view(config(enforcement=enforcement(group("area")))).group("area")
    first = found.alone("area/0")
    for number in range(_MOST_NAMES):
        found.alone(f"area/{number}")

    assert found.alone("area/0") is first
    found.alone("area/one-more")
    assert found.alone("area/0") is not first


def test_who_belongs_to_a_group_is_found_once_a_name_and_not_kept_for_ever() -> None:
    asked: list[str] = []

    def found(name: str) -> bool:
        asked.append(name)
        return name.startswith("a")

    known = _Remembered(found)
    names = [f"a{number}" for number in range(_MOST_NAMES)]

    assert all(known[name] for name in (*names, *names))
    assert asked == names
    assert not known["b"]
    assert known["a1"]
    assert asked == [*names, "b", "a1"]
    assert len(known) == 2


def test_a_tracks_own_milestone_is_declared_by_the_track() -> None:
    own = track("a", milestone="Own")

    assert view(config(tracks=(own,))).milestones == {"Own": MilestoneSpec("Own", own.where)}


def test_a_milestone_under_its_former_name_is_managed_and_so_replaced() -> None:
    known = config(
        milestones=(milestone("Phase 1", aliases=("Phase One",)), milestone("Phase 2")),
        enforcement=enforcement(phase_milestones=(mapping("phase-1", "Phase 1"), mapping("phase-2", "Phase 2"))),
    )
    found = issue("phase-2", milestone=Milestone(1, "Phase One"))

    decision = by_rule(look(found, known, repo(milestones=["Phase One", "Phase 2"])), "milestone")

    assert (decision.outcome, decision.before, decision.after) == ("applied", "Phase One", "Phase 2")


def test_without_stale_there_are_no_days() -> None:
    assert view(config(tracks=(track("a"),))).thresholds(track("a")) == StaleThresholds()
