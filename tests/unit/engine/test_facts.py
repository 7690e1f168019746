"""A fact that was not read is asked for by the rule that needs it; a limit one rule makes room for is looked at again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.config.types import Config
from engine.decide import decide, unconfigured_plan
from engine.draft import FactMissing
from engine.model import Issue, IssueRef, Milestone, TimelineEvent, Trigger
from engine.plan import AddLabels, RemoveLabels
from engine.problems import Where
from tests.support.engine import (
    MANUAL,
    NOW,
    by_rule,
    config,
    days_ago,
    enforcement,
    everything,
    group,
    healing,
    inheritance,
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

PARENT = Issue(IssueRef("acme/shop", 1), labels=("track/a",), milestone=Milestone(1, "Theirs"))
FILLERS = tuple(f"filler-{number}" for number in range(98))


@pytest.mark.parametrize(
    ("rule", "known", "found", "unread"),
    [
        (
            "labels.normalize",
            config(labels=(label("new", aliases=("old",)),), self_healing=healing()),
            issue("old"),
            {"labels": None},
        ),
        (
            "track.classify",
            config(tracks=(track("a", default=True),), self_healing=healing()),
            issue(),
            {"labels": None},
        ),
        (
            "labels.required",
            config(
                labels=(label("x"),),
                enforcement=enforcement(required_labels=(required(any_of=("x",), mode="enforce", default="x"),)),
            ),
            issue(),
            {"labels": None},
        ),
        (
            "milestone",
            config(enforcement=enforcement(phase_milestones=(mapping("phase-1", "M"),))),
            issue("phase-1"),
            {"milestones": None},
        ),
        (
            "inheritance",
            config(tracks=(track("a"),), inheritance=inheritance("hard")),
            issue(parent=PARENT),
            {"labels": None},
        ),
        (
            "inheritance",
            config(tracks=(track("a"),), inheritance=inheritance("hard")),
            issue("track/a", parent=PARENT),
            {"milestones": None},
        ),
        ("stale", config(stale=stale()), issue(created_at=days_ago(20)), {"labels": None}),
    ],
)
def test_a_rule_that_lacks_a_fact_says_which_rule_it_is(
    rule: str, known: Config, found: Issue, unread: dict[str, Any]
) -> None:
    with pytest.raises(FactMissing, match=rf"\A(?:\S+ )?{rule} cannot be decided without the repository's "):
        decide(MANUAL, found, replace(everything(known), **unread), known, NOW)


def test_every_rule_of_a_closed_issue_is_skipped_under_its_own_name_and_at_its_own_place() -> None:
    known = config(
        tracks=(track("a", aliases=("was-a",)),),
        milestones=(milestone("M"),),
        self_healing=healing(),
        stale=stale(),
        inheritance=inheritance("hard"),
        enforcement=enforcement(
            group("track"),
            phase_milestones=(mapping("phase-1", "M"),),
            required_labels=(required(group="track", mode="warn"),),
        ),
    )

    left = look(issue(state="closed"), known).decisions[1:]

    assert [(each.rule, each.config and each.config.path) for each in left] == [
        ("labels.normalize", "self_healing"),
        ("track.classify", "self_healing"),
        ("labels.required", "enforcement.required_labels"),
        ("exclusivity.track", "enforcement.exclusivity.track"),
        ("milestone", "mapping.phase-1"),
        ("inheritance", "inheritance"),
        ("stale", "stale"),
    ]


ROOM = config(
    labels=(label("kind/a"), label("state/a"), label("state/b")),
    stale=stale(comment="Nobody?"),
    enforcement=enforcement(
        group("state", strategy="highest"),
        required_labels=(required(group="kind", mode="enforce", default="kind/a"),),
    ),
)


def test_the_second_look_at_a_full_issue_knows_why_it_looks_and_needs_no_further_fact() -> None:
    found = issue(*FILLERS, "state/a", "state/b", created_at=days_ago(20), updated_at=NOW, timeline=None)
    trigger = Trigger("delivery", "issues", "edited", sender_id=5)

    plan = look(found, ROOM, trigger=trigger)

    assert [type(effect) for effect in plan.effects] == [RemoveLabels, AddLabels]


def test_room_that_the_added_label_itself_takes_back_is_no_room() -> None:
    known = replace(
        ROOM,
        stale=None,
        labels=(*ROOM.labels, label("state/done")),
        enforcement=enforcement(
            group("state", strategy="highest", terminal=("state/done",)),
            required_labels=(required(any_of=("state/done",), mode="enforce", default="state/done"),),
        ),
    )

    plan = look(issue(*FILLERS, "state/a", "state/b"), known)

    assert [type(effect) for effect in plan.effects] == [RemoveLabels]
    assert by_rule(plan, "labels.required").outcome == "skipped"
    assert by_rule(plan, "exclusivity.state").after == "state/b"


def test_a_former_name_on_an_issue_above_the_limit_stays() -> None:
    known = config(labels=(label("new", aliases=("old",)),), self_healing=healing())

    plan = look(issue("old", *FILLERS, "more", "and more"), known)

    assert (plan.effects, by_rule(plan, "labels.normalize").outcome) == ((), "skipped")


def test_a_demand_that_only_warns_adds_nothing_even_with_a_default() -> None:
    demand = required(group="kind", mode="warn", default="kind/a")
    known = config(labels=(label("kind/a"),), enforcement=enforcement(required_labels=(demand,)))

    plan = look(issue(), known)

    assert (plan.effects, by_rule(plan, "labels.required").outcome) == ((), "warned")


def test_an_issue_is_not_closed_on_the_day_it_is_flagged_where_closing_is_one_day_later() -> None:
    flagged = issue("state/stale", created_at=days_ago(16))
    known = config(stale=stale(14, None, 15))

    def after(hours: float) -> str:
        event = TimelineEvent("labeled", days_ago(hours / 24), label="state/stale", by_app=True)
        return by_rule(look(replace(flagged, timeline=(event,)), known), "stale").subject

    assert after(23) == "labels"
    assert after(24) == "state"


def test_a_milestone_that_two_pages_list_is_one_milestone() -> None:
    known = config(tracks=(track("a", milestone_pattern="Sprint {major}"),))
    twice = (Milestone(2, "Sprint 2"), Milestone(2, "Sprint 2", description="new"), Milestone(1, "Sprint 1"))

    assert by_rule(look(issue("track/a"), known, repo(milestones=twice)), "milestone").after == "Sprint 2"


def test_without_a_configuration_one_decision_says_so_at_the_file_that_is_missing() -> None:
    (decision,) = unconfigured_plan("c.yml").decisions

    assert (decision.rule, decision.subject, decision.outcome) == ("config", "configuration", "skipped")
    assert decision.config == Where("c.yml")
