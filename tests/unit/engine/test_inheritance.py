"""`inheritance` as its help says: a child issue follows what is declared, and records why."""

from __future__ import annotations

from dataclasses import replace

from engine.config.types import Config
from engine.model import Issue, IssueRef, Milestone, Repo
from engine.plan import AddLabels, Decision, Plan, RemoveLabels, SetMilestone
from tests.support.engine import (
    by_rule,
    config,
    enforcement,
    group,
    healing,
    inheritance,
    issue,
    labeled,
    look,
    milestone,
    repo,
    track,
)

TRACKS = (track("a", milestone="A"), track("b", milestone="B"), track("plain", default=True))
MILESTONES = ["A", "B", "Theirs"]


def known(mode: str = "hard", **fields: object) -> Config:
    copy = fields.pop("copy", ("track", "milestone"))
    return config(
        tracks=TRACKS,
        milestones=(milestone("A"), milestone("B")),
        enforcement=enforcement(group("track")),
        inheritance=inheritance(mode, copy=copy),
        **fields,
    )


def parent(*labels: str, title: str | None = None) -> Issue:
    held = Milestone(MILESTONES.index(title) + 1, title) if title in MILESTONES else None
    return Issue(IssueRef("acme/shop", 1, 1), labels=labels, milestone=held)


def full() -> Repo:
    return repo(["track/a", "track/b", "track/plain"], MILESTONES)


def told(plan: Plan) -> list[Decision]:
    return [decision for decision in plan.decisions if decision.rule == "inheritance"]


def test_a_child_takes_track_and_milestone_and_says_from_whom() -> None:
    plan = look(issue("track/a", parent=parent("track/b", title="B")), known(), full())

    assert plan.effects == (
        AddLabels(("track/b",), "inheritance", rules=("inheritance",)),
        RemoveLabels(("track/a",), "inheritance", rules=("inheritance",)),
        SetMilestone("B", 2, "inheritance", None),
    )
    labels, title = told(plan)
    assert (labels.subject, labels.outcome, labels.before, labels.after) == ("labels", "applied", "track/a", "track/b")
    assert labels.reason == "The parent acme/shop#1 is on track/b."
    assert (title.subject, title.outcome, title.before, title.after) == ("milestone", "applied", None, "B")
    assert title.reason == 'The parent acme/shop#1 is in "B".'
    assert by_rule(plan, "milestone").reason == "The parent's milestone goes first."


def test_the_milestone_follows_the_track_the_child_will_have() -> None:
    plan = look(issue("track/a", parent=parent("track/b")), known(), full())

    assert SetMilestone("B", 2, "milestone", None) in plan.effects


def test_only_what_is_to_be_copied_is() -> None:
    only_track = look(issue("track/a", parent=parent("track/b", title="A")), known(copy=("track",)), full())
    only_milestone = look(issue("track/a", parent=parent("track/b", title="B")), known(copy=("milestone",)), full())

    assert SetMilestone("B", 2, "milestone", None) in only_track.effects
    assert [decision.subject for decision in told(only_track)] == ["labels"]
    assert only_milestone.effects == (SetMilestone("B", 2, "inheritance", None),)


def test_the_parents_track_settles_an_exclusive_group() -> None:
    child = issue("track/a", "track/plain", timeline=labeled("track/a", "track/plain"), parent=parent("track/b"))

    plan = look(child, known(), full())

    assert by_rule(plan, "exclusivity.track").outcome == "already"
    assert told(plan)[0].before == "track/a, track/plain"


def test_a_track_that_would_be_inferred_gives_way_to_the_parents() -> None:
    plan = look(issue(parent=parent("track/b")), known(self_healing=healing()), full())

    assert AddLabels(("track/b",), "inheritance", rules=("inheritance",)) in plan.effects
    classified = by_rule(plan, "track.classify")
    assert classified.outcome == "skipped"
    assert classified.reason.endswith("Taken back by inheritance.")


def test_an_inferred_track_that_is_the_parents_too_is_the_inferring_rules_work() -> None:
    plan = look(issue(parent=parent("track/plain")), known(self_healing=healing()), full())

    assert plan.effects == (AddLabels(("track/plain",), "track.classify", rules=("track.classify",)),)
    assert told(plan)[0].outcome == "already"


def test_what_is_the_same_is_already_right() -> None:
    plan = look(issue("Track/B", milestone=Milestone(2, "B"), parent=parent("track/b", title="B")), known(), full())

    assert plan.effects == ()
    assert [decision.outcome for decision in told(plan)] == ["already", "already"]


def test_soft_records_and_changes_nothing() -> None:
    plan = look(issue("track/plain", parent=parent("track/b", title="B")), known("soft"), full())

    assert plan.effects == ()
    assert plan.outcome == "success"
    assert [decision.outcome for decision in told(plan)] == ["skipped", "skipped"]
    assert all("the mode is soft" in decision.reason for decision in told(plan))


def test_soft_says_when_both_are_the_same() -> None:
    same = issue("track/b", milestone=Milestone(2, "B"), parent=parent("track/b", title="B"))

    assert [decision.outcome for decision in told(look(same, known("soft"), full()))] == ["already", "already"]


def test_none_is_switched_off_and_absent_is_not_configured() -> None:
    off = look(issue("track/b", milestone=Milestone(2, "B"), parent=parent("track/a")), known("none"), full())

    assert [decision.outcome for decision in told(off)] == ["skipped"]
    assert off.effects == ()
    assert "inheritance" in look(issue(), config()).not_configured


def test_an_issue_without_a_parent_inherits_nothing() -> None:
    (decision,) = told(look(issue("track/plain"), known(), full()))

    assert (decision.outcome, decision.reason) == ("skipped", "The issue has no parent.")


def test_a_parent_without_one_track_gives_none() -> None:
    several = look(issue("track/plain", parent=parent("track/a", "track/b")), known(), full())
    none = look(issue("track/plain", parent=parent("bug")), known(), full())

    assert told(several)[0].reason.startswith("The parent acme/shop#1 carries track/a, track/b:")
    assert told(none)[0].reason.startswith("The parent acme/shop#1 carries no track:")
    assert several.effects == none.effects == ()


def test_a_milestone_no_mapping_names_stays() -> None:
    child = issue("track/plain", milestone=Milestone(9, "Own"), parent=parent("track/plain", title="B"))

    plan = look(child, known(), full())

    assert plan.effects == ()
    assert '"Own" is in no mapping' in told(plan)[1].reason


def test_a_milestone_of_the_parents_choice_is_taken_over_too() -> None:
    plan = look(issue("track/plain", parent=parent("track/plain", title="Theirs")), known(), full())

    assert plan.effects == (SetMilestone("Theirs", 3, "inheritance", None),)


def test_a_closed_or_missing_milestone_warns() -> None:
    child = issue("track/plain", parent=parent("track/plain", title="B"))

    closed = look(child, known(), repo(["track/plain"], [Milestone(2, "B", "closed")]))
    missing = look(child, known(), repo(["track/plain"]))

    for plan, says in ((closed, "is closed"), (missing, "has no such milestone")):
        assert (plan.effects, plan.outcome) == ((), "partial")
        assert (told(plan)[1].outcome, says in told(plan)[1].reason) == ("warned", True)


def test_a_track_that_cannot_be_added_is_told_and_the_childs_own_stays() -> None:
    fillers = [f"l{number}" for number in range(100)]

    plan = look(issue(*fillers, parent=parent("track/b")), known(), full())

    assert (plan.effects, plan.outcome) == ((), "partial")
    assert told(plan)[0].outcome == "skipped"
    assert "GitHub allows 100" in told(plan)[0].reason


def test_where_nothing_is_to_be_copied_the_parent_is_not_read() -> None:
    unread = replace(issue("track/plain"), parent_read=False)

    for mode in ("soft", "hard"):
        (decision,) = told(look(unread, known(mode, copy=()), full()))
        assert (decision.outcome, "copies nothing" in decision.reason) == ("skipped", True)


def test_a_former_name_beside_the_parents_track_gives_way_without_a_trace() -> None:
    tracks = (track("a"), track("b", aliases=("old-b",)))
    renaming = config(tracks=tracks, self_healing=healing(), inheritance=inheritance("hard"))

    plan = look(issue("track/a", "old-b", parent=parent("track/a")), renaming, full())

    assert [type(effect) for effect in plan.effects] == [RemoveLabels]
    assert told(plan)[0].outcome == "already"
