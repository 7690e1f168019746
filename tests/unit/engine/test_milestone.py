"""`milestone` as its help says."""

from __future__ import annotations

from datetime import date

import pytest

from engine.config.types import SelfHealing
from engine.model import Milestone, Repo
from engine.plan import CreateMilestone, Plan, SetMilestone
from tests.support.engine import (
    by_rule,
    config,
    enforcement,
    group,
    healing,
    issue,
    look,
    mapping,
    milestone,
    repo,
    track,
)

SPRINT = track("sprint", milestone="Sprint 4")
ROLLING = track("rolling", milestone_pattern="Sprint {major}.{minor}")
PHASES = (mapping("phase-1", "Phase 1"), mapping("phase-2", "Phase 2"))
KNOWN = config(
    tracks=(SPRINT, ROLLING, track("plain")),
    milestones=(milestone("Phase 1"), milestone("Phase 2"), milestone("Sprint 4"), milestone("Mapped")),
    enforcement=enforcement(phase_milestones=PHASES, track_milestones=(mapping("track/mapped", "Mapped"),)),
)


def in_(title: str, number: int = 1, state: str = "open") -> Milestone:
    return Milestone(number, title, state)  # type: ignore[arg-type]


def test_a_milestone_enabled_track_label_sets_the_milestone() -> None:
    plan = look(issue("track/sprint"), KNOWN)

    assert plan.effects == (SetMilestone("Sprint 4", 3, "milestone", None),)
    decision = by_rule(plan, "milestone")
    assert (decision.outcome, decision.before, decision.after) == ("applied", None, "Sprint 4")
    assert decision.reason == 'track/sprint has the milestone "Sprint 4".'
    assert decision.config == SPRINT.where


def test_switching_track_re_evaluates_the_milestone() -> None:
    known = config(
        tracks=(SPRINT, track("next", milestone="Next")),
        milestones=(milestone("Sprint 4"), milestone("Next")),
        enforcement=enforcement(group("track", strategy="highest")),
    )

    plan = look(issue("track/sprint", "track/next", milestone=in_("Sprint 4")), known)

    assert SetMilestone("Next", 2, "milestone", "Sprint 4") in plan.effects


def test_the_phase_goes_before_the_track_and_the_conflict_is_recorded() -> None:
    plan = look(issue("track/sprint", "Phase-1"), KNOWN)

    assert plan.effects == (SetMilestone("Phase 1", 1, "milestone", None),)
    reason = by_rule(plan, "milestone").reason
    assert reason == 'phase-1 maps to "Phase 1", track/sprint has the milestone "Sprint 4": phase wins.'


def test_a_phase_and_a_track_that_agree_are_no_conflict() -> None:
    known = config(
        tracks=(track("a", milestone="Phase 1"), track("b", milestone_pattern="Phase {n}")),
        milestones=(milestone("Phase 1"),),
        enforcement=enforcement(phase_milestones=PHASES),
    )

    for name in ("track/a", "track/b"):
        assert "phase wins" not in by_rule(look(issue(name, "phase-1"), known), "milestone").reason


def test_the_mapping_goes_before_the_tracks_own_milestone() -> None:
    known = config(
        tracks=(SPRINT,),
        milestones=(milestone("Sprint 4"), milestone("Mapped")),
        enforcement=enforcement(track_milestones=(mapping("Track/Sprint", "Mapped"),)),
    )

    assert by_rule(look(issue("track/sprint"), known), "milestone").after == "Mapped"


def test_the_right_milestone_is_already_set_and_nothing_is_read_for_it() -> None:
    unread = Repo("acme/shop")

    plan = look(issue("track/sprint", milestone=in_("Sprint 4")), KNOWN, unread)

    assert plan.effects == ()
    assert by_rule(plan, "milestone").outcome == "already"


def test_titles_are_compared_exactly() -> None:
    plan = look(issue("track/sprint", milestone=in_("sprint 4", 9)), KNOWN)

    assert plan.effects == ()
    assert by_rule(plan, "milestone").outcome == "skipped"


def test_only_a_milestone_that_a_mapping_names_is_replaced() -> None:
    theirs = look(issue("phase-1", milestone=in_("Backlog", 9)), KNOWN)
    ours = look(issue("phase-1", milestone=in_("Mapped", 4)), KNOWN)

    assert theirs.effects == ()
    decision = by_rule(theirs, "milestone")
    assert (decision.outcome, decision.before, decision.after) == ("skipped", "Backlog", "Backlog")
    assert '"Backlog" is in no mapping' in decision.reason
    assert ours.effects == (SetMilestone("Phase 1", 1, "milestone", "Mapped"),)


def test_a_milestone_a_pattern_names_is_replaced() -> None:
    plan = look(issue("phase-1", milestone=in_("Sprint 1.2", 9)), KNOWN)

    assert plan.effects == (SetMilestone("Phase 1", 1, "milestone", "Sprint 1.2"),)


def test_a_declared_milestone_that_nothing_maps_to_is_not_replaced() -> None:
    known = config(
        milestones=(milestone("Phase 1"), milestone("Loose")), enforcement=enforcement(phase_milestones=PHASES[:1])
    )

    assert look(issue("phase-1", milestone=in_("Loose", 2)), known).effects == ()


def test_without_a_mapping_the_issue_keeps_what_it_has() -> None:
    for carried in ((), ("track/plain",), ("phase-9",)):
        plan = look(issue(*carried, milestone=in_("Sprint 4")), KNOWN)
        assert plan.effects == ()
        assert by_rule(plan, "milestone").outcome == "skipped"


def test_two_phases_that_disagree_choose_none() -> None:
    plan = look(issue("phase-1", "phase-2"), KNOWN)

    assert (plan.effects, plan.outcome) == ((), "partial")
    assert by_rule(plan, "milestone").outcome == "warned"
    assert "disagree" in by_rule(plan, "milestone").reason


def test_a_closed_milestone_is_reported_and_not_assigned() -> None:
    plan = look(issue("track/sprint"), KNOWN, repo(milestones=[in_("Sprint 4", 1, "closed")]))

    assert (plan.effects, plan.outcome) == ((), "partial")
    decision = by_rule(plan, "milestone")
    assert (decision.outcome, decision.after) == ("warned", None)
    assert "closed" in decision.reason


def test_an_issue_that_is_in_the_closed_milestone_stays_there() -> None:
    plan = look(issue("track/sprint", milestone=in_("Sprint 4", 1, "closed")), KNOWN)

    assert (plan.effects, plan.outcome) == ((), "success")


def test_the_newest_open_match_counts_number_by_number() -> None:
    sprints = repo(milestones=["Sprint 4.10", "Sprint 4.9", "Sprint 04.2", in_("Sprint 5.0", 9, "closed"), "Sprint 9"])

    plan = look(issue("track/rolling"), KNOWN, sprints)

    assert plan.effects == (SetMilestone("Sprint 4.10", 1, "milestone", None),)
    assert '"Sprint 4.10" is the newest open one' in by_rule(plan, "milestone").reason


def test_equal_numbers_leave_the_milestone_that_was_made_last() -> None:
    plan = look(issue("track/rolling"), KNOWN, repo(milestones=["Sprint 4.1", "Sprint 04.01"]))

    assert plan.effects == (SetMilestone("Sprint 04.01", 2, "milestone", None),)


def test_an_issue_in_the_newest_match_is_already_right() -> None:
    plan = look(issue("track/rolling", milestone=in_("Sprint 4.1")), KNOWN, repo(milestones=["Sprint 4.1"]))

    assert (plan.effects, by_rule(plan, "milestone").outcome) == ((), "already")


@pytest.mark.parametrize(
    ("milestones", "says"), [([], "has none"), ([in_("Sprint 1.1", 1, "closed")], "None of them is open")]
)
def test_a_pattern_without_an_open_match_warns(milestones: list[Milestone], says: str) -> None:
    plan = look(issue("track/rolling"), KNOWN, repo(milestones=milestones))

    assert (plan.effects, plan.outcome) == ((), "partial")
    assert says in by_rule(plan, "milestone").reason


def test_a_missing_declared_milestone_is_created_only_where_healing_says_so() -> None:
    def plan_with(section: SelfHealing | None) -> Plan:
        known = config(
            tracks=(SPRINT,),
            milestones=(milestone("Sprint 4", description="Now", due_on=date(2026, 4, 1)),),
            self_healing=section,
        )
        return look(issue("track/sprint"), known, repo())

    created = plan_with(healing())
    assert created.effects == (
        CreateMilestone("Sprint 4", "Now", "2026-04-01", "milestone"),
        SetMilestone("Sprint 4", None, "milestone", None),
    )
    for section in (None, healing(enabled=False), healing(fix_missing_milestone=False)):
        plan = plan_with(section)
        assert plan.effects == ()
        assert "tassist apply" in by_rule(plan, "milestone").reason


def test_a_due_date_may_be_counted_from_now() -> None:
    known = config(tracks=(SPRINT,), milestones=(milestone("Sprint 4", due_offset_days=14),), self_healing=healing())

    assert look(issue("track/sprint"), known, repo()).effects[0] == CreateMilestone(
        "Sprint 4", "", "2026-03-16", "milestone"
    )


def test_h56_a_milestone_nothing_declares_is_never_created() -> None:
    known = config(enforcement=enforcement(phase_milestones=PHASES), self_healing=healing())

    plan = look(issue("phase-1"), known, repo())

    assert (plan.effects, plan.outcome) == ((), "partial")
    assert "does not declare it" in by_rule(plan, "milestone").reason


def test_a_track_declares_its_own_milestone() -> None:
    plan = look(issue("track/sprint"), config(tracks=(SPRINT,), self_healing=healing()), repo())

    assert plan.effects[0] == CreateMilestone("Sprint 4", "", None, "milestone")


def test_a_declared_milestone_under_its_former_name_is_used() -> None:
    known = config(
        tracks=(SPRINT,), milestones=(milestone("Sprint 4", aliases=("Sprint Four",)),), self_healing=healing()
    )

    plan = look(issue("track/sprint"), known, repo(milestones=["Sprint Four"]))
    inside = look(issue("track/sprint", milestone=in_("Sprint Four")), known, repo(milestones=["Sprint Four"]))

    assert plan.effects == (SetMilestone("Sprint Four", 1, "milestone", None),)
    assert inside.effects == ()


def test_without_any_mapping_the_rule_is_not_configured() -> None:
    assert "milestone" in look(issue(), config(tracks=(track("a"),))).not_configured
