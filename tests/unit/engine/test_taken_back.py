"""What a decision says in the end where another rule of the same look has the last word on its label."""

from __future__ import annotations

import pytest

from engine.config.types import Config
from engine.model import Issue, IssueRef, TimelineEvent
from engine.plan import Effect, RemoveLabels
from tests.support.engine import (
    by_rule,
    config,
    days_ago,
    enforcement,
    group,
    healing,
    inheritance,
    issue,
    label,
    labeled,
    look,
    repo,
    required,
    stale,
    track,
)

ONE_OF = group("line", strategy="highest", labels=("track/a", "kind/a", "x"))
PARENT = Issue(IssueRef("acme/shop", 1), labels=("track/a",))


@pytest.mark.parametrize(
    ("rule", "known", "found"),
    [
        (
            "track.classify",
            config(tracks=(track("a", default=True),), self_healing=healing(), enforcement=enforcement(ONE_OF)),
            issue("x"),
        ),
        (
            "labels.required",
            config(
                labels=(label("kind/a"),),
                enforcement=enforcement(
                    ONE_OF, required_labels=(required(group="kind", mode="enforce", default="kind/a"),)
                ),
            ),
            issue("x"),
        ),
        (
            "inheritance",
            config(tracks=(track("a"),), inheritance=inheritance("hard"), enforcement=enforcement(ONE_OF)),
            issue("x", parent=PARENT),
        ),
    ],
    ids=["track.classify", "labels.required", "inheritance"],
)
def test_a_label_a_later_group_removes_again_was_not_applied_and_the_decision_says_who_took_it_back(
    rule: str, known: Config, found: Issue
) -> None:
    plan = look(found, known)

    decision = next(each for each in plan.decisions if each.rule == rule and each.subject == "labels")
    assert (decision.outcome, decision.before, decision.after) == ("skipped", None, None)
    assert decision.reason.endswith(" Taken back by exclusivity.line.")
    assert by_rule(plan, "exclusivity.line").outcome == "already"
    assert plan.effects == ()


def test_a_decision_that_stands_before_one_that_was_taken_back_still_stands() -> None:
    known = config(
        tracks=(track("a", default=True),),
        labels=(label("new", aliases=("old",)),),
        self_healing=healing(),
        enforcement=enforcement(ONE_OF),
    )

    plan = look(issue("old", "x"), known)

    assert by_rule(plan, "labels.normalize").outcome == "applied"
    assert by_rule(plan, "track.classify").outcome == "skipped"
    assert [type(effect).__name__ for effect in plan.effects] == ["AddLabels", "RemoveLabels"]


FLAG_ALIAS = {
    "labels": (label("state/stale", aliases=("wip",)), label("state/escalated")),
    "self_healing": healing(),
}
REPO_WITH_LATE = repo(["state/stale", "late"])
REPLACED: tuple[Effect, ...] = (RemoveLabels(("wip",), "labels.normalize", rules=("labels.normalize",)),)


def test_a_flag_that_only_came_by_its_former_name_and_goes_again_is_no_write_of_the_stale_rule() -> None:
    plan = look(issue("wip"), config(stale=stale(), **FLAG_ALIAS))

    decision = by_rule(plan, "stale")
    assert (decision.outcome, decision.before, decision.after) == ("already", None, None)
    assert plan.effects == REPLACED


def test_an_escalated_issue_that_only_gained_the_lower_flag_by_its_former_name_stays_escalated() -> None:
    found = issue("wip", "state/escalated", created_at=days_ago(30))

    plan = look(found, config(stale=stale(14, 21), **FLAG_ALIAS))

    decision = by_rule(plan, "stale")
    assert (decision.outcome, decision.before, decision.after) == ("already", "state/escalated", "state/escalated")
    assert plan.effects == REPLACED


@pytest.mark.parametrize(("last", "kept"), [("Old", "new"), ("other", "other")])
def test_a_label_under_its_former_name_was_applied_when_the_timeline_says_so(last: str, kept: str) -> None:
    known = config(
        labels=(label("new", aliases=("old", "older")), label("other")),
        self_healing=healing(),
        enforcement=enforcement(group("line", labels=("new", "other"))),
    )
    order = ("other", "Old") if last == "Old" else ("Old", "other")

    plan = look(issue("old", "other", timeline=labeled(*order)), known)

    assert by_rule(plan, "exclusivity.line").after == kept


def test_a_child_whose_inferred_track_is_its_parents_already_has_it() -> None:
    known = config(tracks=(track("a", default=True),), self_healing=healing(), inheritance=inheritance("hard"))

    plan = look(issue(parent=PARENT), known)

    decision = next(each for each in plan.decisions if each.rule == "inheritance" and each.subject == "labels")
    assert (decision.outcome, decision.before, decision.after) == ("already", "track/a", "track/a")


def test_a_flag_is_escalated_in_place_on_an_issue_that_is_full_and_a_refusal_leaves_the_first_flag() -> None:
    fillers = tuple(f"filler-{number}" for number in range(99))
    full = issue("state/stale", *fillers, created_at=days_ago(30))
    events = (TimelineEvent("labeled", days_ago(5), label="state/stale", by_app=True),)
    found = Issue(full.ref, labels=full.labels, created_at=full.created_at, timeline=events, parent_read=True)

    done = by_rule(look(found, config(stale=stale(14, 21))), "stale")
    assert (done.outcome, done.before, done.after) == ("applied", "state/stale", "state/escalated")

    renamed = config(stale=stale(14, 21), labels=(label("state/escalated", aliases=("late",)),))
    kept = by_rule(look(found, renamed, repo=REPO_WITH_LATE), "stale")
    assert (kept.outcome, kept.before, kept.after) == ("skipped", "state/stale", "state/stale")


def test_one_that_was_taken_back_says_so_though_another_before_it_stands() -> None:
    known = config(
        tracks=(track("t", default=True),),
        labels=(label("kind/a"),),
        self_healing=healing(),
        enforcement=enforcement(ONE_OF, required_labels=(required(group="kind", mode="enforce", default="kind/a"),)),
    )

    plan = look(issue("x"), known)

    assert by_rule(plan, "track.classify").outcome == "applied"
    assert by_rule(plan, "labels.required").outcome == "skipped"
    assert [effect.field for effect in plan.effects] == ["labels"]
