"""`stale` as its help says, and what of it needs the timeline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.config.types import StaleThresholds
from engine.decide import missing_facts
from engine.model import Fact, Issue, Milestone, Repo, TimelineEvent, Trigger
from engine.plan import AddLabels, CloseIssue, CreateLabel, PostComment, RemoveLabels
from engine.problems import Where
from tests.support.engine import MANUAL, NOW, by_rule, config, days_ago, issue, look, repo, stale, track

FLAG, ESCALATED = "state/stale", "state/escalated"
ALL = config(stale=stale(14, 21, 30))


def event(kind: str, days: float, **fields: object) -> TimelineEvent:
    return TimelineEvent(kind, days_ago(days), **fields)  # type: ignore[arg-type]


def old(*labels: str, days: float = 20, events: tuple[TimelineEvent, ...] = (), **fields: object) -> Issue:
    return issue(*labels, created_at=days_ago(days), timeline=events, **fields)


def added(*names: str) -> AddLabels:
    return AddLabels(names, "stale", rules=("stale",) * len(names))


def removed(*names: str) -> RemoveLabels:
    return RemoveLabels(names, "stale", rules=("stale",) * len(names))


@pytest.mark.parametrize(
    ("days", "effects"),
    [
        (13.999, ()),
        (14, (added(FLAG),)),
        (20.999, (added(FLAG),)),
        (21, (added(ESCALATED),)),
        (29.999, (added(ESCALATED),)),
        (30, (added(ESCALATED),)),
    ],
)
def test_days_count_when_they_are_whole(days: float, effects: tuple[object, ...]) -> None:
    assert look(old(days=days), ALL).effects == effects


def test_the_reason_says_for_how_long_and_the_key_why() -> None:
    decision = by_rule(look(old(), ALL), "stale")

    assert (decision.outcome, decision.subject, decision.before, decision.after) == ("applied", "labels", None, FLAG)
    assert decision.reason == "No activity for 20 days."
    assert decision.config == ALL.stale.where if ALL.stale else None


def test_escalation_takes_the_flags_place() -> None:
    plan = look(old(FLAG, days=22, events=(event("labeled", 8, label=FLAG, by_app=True),)), ALL)

    assert plan.effects == (added(ESCALATED), removed(FLAG))
    assert by_rule(plan, "stale").before == FLAG


def test_other_days_bring_the_first_flag_back() -> None:
    assert look(old(ESCALATED, days=15), ALL).effects == (added(FLAG), removed(ESCALATED))


def test_the_right_flag_is_already_there() -> None:
    assert by_rule(look(old(FLAG, days=15), ALL), "stale").outcome == "already"
    assert look(old(FLAG, ESCALATED, days=15), ALL).effects == (removed(ESCALATED),)


def test_an_issue_is_closed_only_after_it_carried_a_flag_for_the_days_between() -> None:
    def plan_with(flagged: float) -> object:
        events = (event("labeled", flagged, label=ESCALATED, by_app=True),)
        return look(old(ESCALATED, days=40, events=events), ALL).effects

    assert plan_with(15.9) == ()
    assert plan_with(16) == (CloseIssue("not_planned", "stale"),)
    assert look(old(days=400), ALL).effects == (added(ESCALATED),)
    assert look(old(ESCALATED, days=40), ALL).effects == (CloseIssue("not_planned", "stale"),)


def test_a_flag_of_an_earlier_idle_time_gives_no_notice() -> None:
    events = (
        event("labeled", 90, label=ESCALATED, by_app=True),
        event("commented", 40),
        event("labeled", 2, label=ESCALATED, by_app=True),
    )

    assert look(old(ESCALATED, days=100, events=events), ALL).effects == ()


def test_closing_says_so() -> None:
    decision = by_rule(look(old(ESCALATED, days=40), ALL), "stale")

    assert (decision.subject, decision.before, decision.after) == ("state", "open", "closed")
    assert decision.reason == "No activity for 40 days; closed after 30."


def test_without_flags_closing_needs_none() -> None:
    known = config(stale=stale(None, None, 30))

    assert look(old(days=31), known).effects == (CloseIssue("not_planned", "stale"),)
    assert look(old(days=29), known).effects == ()


def test_closing_on_the_day_of_flagging_needs_no_flag() -> None:
    assert look(old(days=31), config(stale=stale(30, None, 30))).effects == (CloseIssue("not_planned", "stale"),)


def test_escalation_alone_gives_notice_too() -> None:
    known = config(stale=stale(None, 10, 20))

    assert look(old(days=25), known).effects == (added(ESCALATED),)


@pytest.mark.parametrize(
    "activity",
    ["commented", "labeled", "unlabeled", "milestoned", "renamed", "reopened", "assigned", "cross-referenced"],
)
def test_real_activity_takes_the_flag_off_at_once(activity: str) -> None:
    plan = look(old(FLAG, events=(event(activity, 0, label="bug"),)), ALL)

    assert plan.effects == (removed(FLAG),)
    decision = by_rule(plan, "stale")
    assert (decision.outcome, decision.before, decision.after) == ("applied", FLAG, None)
    assert decision.reason == "Less than 14 days without activity."


def test_the_apps_own_activity_is_none() -> None:
    plan = look(
        old(FLAG, events=(event("commented", 0, by_app=True), event("labeled", 1, label=FLAG, by_app=True))), ALL
    )

    assert plan.effects == ()


@pytest.mark.parametrize("passive", ["subscribed", "unsubscribed", "mentioned"])
def test_what_only_follows_from_others_is_no_activity(passive: str) -> None:
    assert look(old(FLAG, events=(event(passive, 0),)), ALL).effects == ()


def test_putting_the_flag_on_by_hand_is_no_activity_and_taking_it_off_is() -> None:
    assert look(old(FLAG, events=(event("labeled", 1, label="State/Stale"),)), ALL).effects == ()
    assert look(old(events=(event("unlabeled", 1, label=FLAG),)), ALL).effects == ()


def test_the_latest_of_several_activities_counts() -> None:
    events = (event("commented", 15), event("commented", 13), event("commented", 16))

    assert look(old(events=events), ALL).effects == ()


def test_a_tracks_own_days_go_key_by_key() -> None:
    where = Where("c.yml", 20, 1, "stale.tracks.fast")
    known = config(
        tracks=(track("fast"), track("slow")),
        stale=stale(14, 21, tracks=(("fast", StaleThresholds(2, None, None, where)),)),
    )

    fast, slow = (look(old(f"track/{name}", days=3), known) for name in ("fast", "slow"))
    assert (fast.effects, slow.effects) == ((added(FLAG),), ())
    assert by_rule(fast, "stale").config == where
    assert look(old("track/fast", days=22), known).effects == (added(ESCALATED),)
    assert look(old("track/fast", "track/slow", days=3), known).effects == ()


def test_each_of_a_tracks_days_is_its_own_or_else_the_general_one() -> None:
    own = (("fast", StaleThresholds(None, 4, 8)), ("slow", StaleThresholds(5, None, None)))
    known = config(tracks=(track("fast"), track("slow")), stale=stale(2, 6, 10, tracks=own))

    def effects(name: str, days: float, *flags: str) -> tuple[object, ...]:
        return look(old(f"track/{name}", *flags, days=days), known).effects

    assert effects("fast", 2) == effects("slow", 5) == (added(FLAG),)
    assert effects("fast", 4) == effects("slow", 6) == (added(ESCALATED),)
    assert effects("slow", 4) == effects("slow", 9, ESCALATED) == effects("fast", 7, ESCALATED) == ()
    assert effects("fast", 8, ESCALATED) == effects("slow", 10, ESCALATED) == (CloseIssue("not_planned", "stale"),)


def test_an_exempt_issue_is_not_flagged_and_loses_a_flag() -> None:
    known = config(stale=stale(14, exempt_labels=("Pinned",), exempt_milestones=("Later",)))
    later = Milestone(1, "Later")

    for exempt in (old("pinned"), old(milestone=later)):
        assert by_rule(look(exempt, known), "stale").outcome == "skipped"
    assert look(old("pinned", FLAG), known).effects == (removed(FLAG),)
    assert look(old(FLAG, ESCALATED, milestone=later), known).effects == (removed(FLAG, ESCALATED),)
    assert look(old(milestone=Milestone(2, "later")), known).effects == (added(FLAG),)


def test_switched_off_and_without_days_nothing_happens() -> None:
    off = look(old(FLAG), config(stale=stale(enabled=False)))
    no_days = look(old(), config(stale=stale(None)))
    flag_without_days = look(old(FLAG), config(stale=stale(None)))

    assert (off.effects, by_rule(off, "stale").outcome) == ((), "skipped")
    assert (no_days.effects, by_rule(no_days, "stale").outcome) == ((), "skipped")
    assert flag_without_days.effects == (removed(FLAG),)
    assert "stale" in look(old(), config()).not_configured


def test_a_comment_is_posted_once_for_each_idle_time_before_the_flag() -> None:
    known = config(tracks=(track("a"),), stale=stale(14, comment="{days} days on {track}: {label} {other}"))

    plan = look(old("track/a"), known)

    marker = "<!-- tassist:stale:2026-02-10T12:00:00+00:00 -->"
    assert plan.effects == (
        PostComment(f"20 days on a: state/stale {{other}}\n\n{marker}", marker, "stale"),
        added(FLAG),
    )
    assert look(old("track/a", ESCALATED), known).effects == (added(FLAG), removed(ESCALATED))


def test_another_idle_time_has_another_marker() -> None:
    known = config(stale=stale(14, comment="x"))

    first, second = (look(old(days=days), known).effects[0] for days in (20, 16))

    assert isinstance(first, PostComment)
    assert isinstance(second, PostComment)
    assert first.marker != second.marker


def test_h61_a_locked_issue_is_flagged_without_a_comment() -> None:
    plan = look(old(locked=True), config(stale=stale(14, comment="x")))

    assert plan.effects == (added(FLAG),)
    assert by_rule(plan, "stale").reason.endswith("The issue is locked, so no comment is posted.")


def test_a_missing_flag_is_created_as_the_section_declares_it() -> None:
    assert look(old(), ALL, repo()).effects == (CreateLabel(FLAG, "", "ededed", "stale"), added(FLAG))


def test_h57_a_flag_that_finds_no_room_is_told_and_nothing_is_commented() -> None:
    full = old(*(f"l{number}" for number in range(100)))

    plan = look(full, config(stale=stale(14, comment="x")))

    assert (plan.effects, plan.outcome) == ((), "partial")
    assert by_rule(plan, "stale").outcome == "skipped"


# --- what has to be read ------------------------------------------------------------------------------------------------

SWEEP = Trigger("sweep")
WORK = Trigger("delivery", "issue_comment", "created", "guid", "ann", 1)
OWN = Trigger("delivery", "issues", "labeled", "guid", "app", 2, by_app=True)


def asks(found: Issue, trigger: Trigger = SWEEP, known: object = ALL) -> tuple[Fact, ...]:
    unread = replace(found, timeline=None)
    return missing_facts(trigger, unread, Repo("acme/shop"), known, NOW)  # type: ignore[arg-type]


def test_a_young_issue_needs_no_timeline() -> None:
    assert asks(issue(created_at=days_ago(13))) == ()
    assert asks(issue(FLAG, created_at=days_ago(13))) == ()
    assert asks(issue(created_at=None)) == (Fact.TIMELINE,)


def test_an_old_issue_that_was_updated_lately_needs_it() -> None:
    assert asks(old(updated_at=days_ago(1))) == (Fact.TIMELINE,)
    assert asks(old(FLAG, updated_at=days_ago(1))) == (Fact.TIMELINE,)


def test_an_issue_whose_two_dates_agree_needs_none() -> None:
    assert asks(old(FLAG, days=15, updated_at=days_ago(14))) == ()
    assert asks(old(days=15, updated_at=days_ago(14))) == (Fact.REPO_LABELS,)
    assert asks(old(ESCALATED, days=25, updated_at=days_ago(22))) == ()
    assert asks(old(days=22, updated_at=days_ago(14))) == (Fact.TIMELINE,)


def test_without_the_timeline_the_reason_says_at_least() -> None:
    unread = replace(old(days=15, updated_at=days_ago(14)), timeline=None)

    assert by_rule(look(unread, ALL), "stale").reason == "No activity for at least 14 days."


def test_a_comment_needs_the_exact_day() -> None:
    known = config(stale=stale(14, comment="{days}"))

    assert asks(old(days=15, updated_at=days_ago(14)), known=known) == (Fact.TIMELINE,)
    assert asks(old(FLAG, days=15, updated_at=days_ago(14)), known=known) == ()


def test_closing_needs_the_time_of_the_flag_and_flagging_does_not() -> None:
    assert asks(old(ESCALATED, days=50, updated_at=days_ago(40))) == (Fact.TIMELINE,)
    assert asks(old(days=50, updated_at=days_ago(40))) == (Fact.REPO_LABELS,)
    escalates = config(stale=stale(None, 20, 30))
    assert asks(old(days=50, updated_at=days_ago(40)), known=escalates) == (Fact.REPO_LABELS,)
    a_day_between = config(stale=stale(29, None, 30))
    assert asks(old(days=50, updated_at=days_ago(40)), known=a_day_between) == (Fact.REPO_LABELS,)
    only_close = config(stale=stale(None, None, 30))
    assert asks(old(days=50, updated_at=days_ago(40)), known=only_close) == (Fact.TIMELINE,)


def test_somebodys_work_needs_no_timeline_unless_there_is_a_flag_to_take_off() -> None:
    busy = old(updated_at=NOW)

    assert asks(busy, WORK) == ()
    assert asks(busy, replace(WORK, event="issues", action="edited")) == ()
    assert asks(busy, replace(WORK, kind="sweep")) == (Fact.TIMELINE,)
    assert asks(busy, OWN) == (Fact.TIMELINE,)
    assert asks(busy, MANUAL) == (Fact.TIMELINE,)
    assert asks(busy, replace(WORK, event="milestone")) == (Fact.TIMELINE,)
    assert asks(old(FLAG, updated_at=NOW), WORK) == (Fact.TIMELINE,)


def test_without_any_date_nothing_is_idle() -> None:
    assert look(issue(created_at=None), ALL).effects == ()
