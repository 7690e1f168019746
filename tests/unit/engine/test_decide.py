"""Which issues are managed at all, and how a look ends."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from engine.config.types import Config, InvalidConfig
from engine.decide import decide, effects_of, missing_facts
from engine.draft import FactMissing
from engine.model import Fact, Issue, Milestone, Repo
from engine.plan import AddLabels
from engine.problems import Problem, Where
from engine.view import _MOST_VIEWS, _VIEWS, view
from tests.support.engine import (
    MANUAL,
    NOW,
    REF,
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
    required,
    stale,
    track,
)

BUSY = config(
    tracks=(track("a", default=True),),
    self_healing=healing(),
    enforcement=enforcement(group("track"), group("phase")),
)


@pytest.mark.parametrize(
    ("found", "repo", "says"),
    [
        (issue(state="closed"), {}, "The issue is closed"),
        (issue(is_pull_request=True), {}, "This is a pull request"),
        (issue(), {"archived": True}, "The repository is archived"),
        (issue(), {"has_issues": False}, "Issues are switched off"),
    ],
    ids=["closed", "pull request", "archived", "no issues"],
)
def test_h61_what_is_not_managed_is_skipped_by_every_rule_and_needs_no_read(
    found: Issue, repo: dict[str, bool], says: str
) -> None:
    unread = replace(found, timeline=None, parent_read=False)

    plan = decide(MANUAL, unread, Repo("acme/shop", **repo), BUSY, NOW)  # type: ignore[arg-type]

    assert (plan.effects, plan.outcome) == ((), "success")
    assert [decision.rule for decision in plan.decisions] == [
        "config",
        "track.classify",
        "exclusivity.track",
        "exclusivity.phase",
    ]
    for decision in plan.decisions[1:]:
        assert decision.outcome == "skipped"
        assert decision.reason.startswith(says)
        assert decision.config is not None


def test_a_pull_request_is_managed_where_that_is_configured_even_without_issues() -> None:
    managed = replace(BUSY, pull_requests=True)

    plan = look(issue(is_pull_request=True), managed, replace(everything(managed), has_issues=False))

    assert len(plan.effects) == 1


def test_a_locked_issue_is_treated_like_any_other() -> None:
    assert look(issue(locked=True), BUSY).effects == look(issue(), BUSY).effects != ()


def test_a_valid_configuration_says_so_and_counts_its_warnings() -> None:
    assert by_rule(look(issue(), BUSY), "config").reason == "The configuration is valid."
    warned = replace(BUSY, warnings=(Problem("a", "b"), Problem("a", "b")))
    assert by_rule(look(issue(), warned), "config").reason == "The configuration is valid. It has 2 warnings."
    one = replace(BUSY, warnings=(Problem("a", "b"),))
    assert by_rule(look(issue(), one), "config").reason == "The configuration is valid. It has 1 warning."


def test_an_invalid_configuration_blocks_and_says_what_is_wrong_where() -> None:
    where = Where("c.yml", 3, 1, "tracks")
    problems = (Problem("one", "tracks is missing", where=where), Problem("two", "x"))

    plan = look(issue(), InvalidConfig(problems))

    assert (plan.outcome, plan.effects, plan.problems) == ("blocked", (), problems)
    assert plan.reason == "The configuration is invalid: 2 errors, the first: tracks is missing."
    decision = by_rule(plan, "config")
    assert (decision.outcome, decision.subject, decision.config) == ("blocked", "configuration", where)
    assert look(issue(), InvalidConfig(problems[1:])).reason == "The configuration is invalid: 1 error, the first: x."
    assert missing_facts(MANUAL, issue(), Repo("a/b"), InvalidConfig(problems), NOW) == ()


def test_without_enforcement_what_would_be_done_is_warned_of_and_nothing_is_written() -> None:
    plan = look(issue(), replace(BUSY, enforcement=None))

    assert (plan.effects, plan.outcome) == ((), "partial")
    decision = by_rule(plan, "track.classify")
    assert (decision.outcome, decision.before, decision.after) == ("warned", None, "track/a")
    assert decision.reason.endswith("Advisory, so nothing is written: there is no `enforcement` section.")
    assert plan.reason == "track.classify: No track label and no match; a is the default track."


def test_an_advisory_look_that_finds_nothing_is_a_success() -> None:
    plan = look(issue("track/a"), replace(BUSY, enforcement=None))

    assert (plan.outcome, by_rule(plan, "track.classify").outcome) == ("success", "already")


def test_the_reason_names_the_first_concern_and_counts_the_others() -> None:
    plan = look(
        issue("phase-1", "phase-2", "state/a", "state/b"),
        config(enforcement=enforcement(group("phase", "warn"), group("state", "warn"))),
    )

    assert plan.reason == (
        "exclusivity.phase: 2 labels of the group: phase-1, phase-2; the mode is warn, so all stay. (and 1 more)"
    )


def test_each_fact_is_asked_for_in_words_when_it_was_not_read() -> None:
    known = config(
        tracks=(track("a"), track("b", milestone="M")),
        milestones=(milestone("M"),),
        self_healing=healing(),
        enforcement=enforcement(group("track"), phase_milestones=(mapping("phase-1", "M"),)),
        inheritance=inheritance("soft"),
    )
    unread = Issue(REF, labels=("track/a", "track/b"))
    repo = Repo("acme/shop")

    assert missing_facts(MANUAL, unread, repo, known, NOW) == (Fact.TIMELINE,)
    with pytest.raises(FactMissing, match=r"exclusivity\.track cannot be decided without the issue's timeline"):
        decide(MANUAL, unread, repo, known, NOW)
    one = replace(unread, labels=("track/b",))
    assert missing_facts(MANUAL, one, repo, known, NOW) == (Fact.REPO_MILESTONES,)
    neither = replace(unread, labels=("track/a",))
    assert missing_facts(MANUAL, neither, repo, known, NOW) == (Fact.PARENT,)


def test_a_configuration_is_prepared_once_and_the_cache_is_bounded() -> None:
    known = config(tracks=(track("a"),))

    assert view(known) is view(known)
    assert view(known) is not view(config(tracks=(track("a"),)))
    kept = [config() for _ in range(_MOST_VIEWS + 5)]
    for each in kept:
        view(each)
        assert len(_VIEWS) <= _MOST_VIEWS


def test_the_effects_of_one_look_come_creations_first_and_the_milestone_after_the_labels() -> None:
    known = config(
        tracks=(track("a", default=True, milestone="M"),),
        milestones=(milestone("M"),),
        self_healing=healing(),
        enforcement=enforcement(group("phase", strategy="first")),
    )

    plan = look(issue("phase-1", "phase-2"), known, Repo("acme/shop", labels=(), milestones=()))

    assert [type(effect).__name__ for effect in plan.effects] == [
        "CreateLabel",
        "CreateMilestone",
        "AddLabels",
        "RemoveLabels",
        "SetMilestone",
    ]


def test_labels_that_several_rules_want_are_one_effect() -> None:
    known = config(
        tracks=(track("a", default=True),),
        labels=(label("kind/x"),),
        self_healing=healing(),
        enforcement=enforcement(required_labels=(required(group="kind", mode="enforce", default="kind/x"),)),
    )

    assert look(issue(), known).effects == (
        AddLabels(
            ("track/a", "kind/x"),
            "track.classify, labels.required",
            rules=("track.classify", "labels.required"),
        ),
    )


def test_a_configuration_typed_as_such_stays_hashable() -> None:
    assert isinstance(hash(BUSY), int)
    assert isinstance(BUSY, Config)


def test_room_that_is_made_for_one_label_is_used_for_one() -> None:
    known = config(
        tracks=(track("a", default=True),),
        labels=(label("kind/x"),),
        self_healing=healing(),
        enforcement=enforcement(
            group("phase", strategy="first"),
            required_labels=(required(group="kind", mode="enforce", default="kind/x"),),
        ),
    )
    full = issue("phase-1", "phase-2", *(f"l{number}" for number in range(98)))

    plan = look(full, known)

    assert [effect.names for effect in plan.effects if isinstance(effect, AddLabels)] == [("track/a",)]
    assert by_rule(plan, "labels.required").outcome == "skipped"


FULLY = config(
    tracks=(track("a", default=True), track("old", aliases=("former",)), track("rolling", milestone_pattern="S {n}")),
    labels=(label("kind/x"),),
    self_healing=healing(),
    enforcement=enforcement(
        group("track"), required_labels=(required(group="kind", mode="enforce", default="kind/x"),)
    ),
    inheritance=inheritance("hard"),
    stale=stale(14),
)
CHILD = issue("track/a", "kind/x", parent=Issue(REF, labels=("track/old",)))
GRANDCHILD = issue("track/a", "kind/x", parent=Issue(REF, labels=("track/a",), milestone=Milestone(1, "M")))


@pytest.mark.parametrize(
    ("found", "rule", "fact"),
    [
        (issue("former"), "labels.normalize", Fact.REPO_LABELS),
        (issue(), "track.classify", Fact.REPO_LABELS),
        (issue("track/a"), "labels.required", Fact.REPO_LABELS),
        (replace(issue("track/a", "track/old", "kind/x"), timeline=None), "exclusivity.track", Fact.TIMELINE),
        (issue("track/rolling", "kind/x"), "milestone", Fact.REPO_MILESTONES),
        (replace(issue("track/a", "kind/x"), parent_read=False), "inheritance", Fact.PARENT),
        (CHILD, "inheritance", Fact.REPO_LABELS),
        (GRANDCHILD, "inheritance", Fact.REPO_MILESTONES),
        (issue("track/a", "kind/x", created_at=days_ago(20)), "stale", Fact.REPO_LABELS),
        (issue("track/a", "kind/x", created_at=days_ago(20), timeline=None), "stale", Fact.TIMELINE),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_missing_fact_names_the_rule_that_wants_it(found: Issue, rule: str, fact: Fact) -> None:
    with pytest.raises(FactMissing, match=f"^{re.escape(rule)} cannot be decided without") as raised:
        decide(MANUAL, found, Repo("acme/shop"), FULLY, NOW)

    assert raised.value.fact == fact
    assert raised.value.problems[0].code == "fact-not-read"


def test_the_effects_alone_are_none_where_a_rule_failed_or_nothing_is_enforced() -> None:
    """As in the plan itself, each of the two alone."""
    failing = config(
        tracks=(track("a", default=True),),
        self_healing=healing(),
        enforcement=enforcement(group("track"), group("p", mode="fail", prefix="p/")),
    )
    advisory = config(tracks=(track("a", default=True),), self_healing=healing(), enforcement=None)
    torn = issue("p/low", "p/high")
    repo = Repo("o/r", labels=())
    for configured, found in ((failing, torn), (advisory, issue())):
        plan = decide(MANUAL, found, repo, configured, NOW)
        assert plan.effects == ()
        assert plan.outcome in {"failed", "partial"}
        assert effects_of(MANUAL, found, repo, configured, NOW) == ()
    assert effects_of(MANUAL, issue(), repo, BUSY, NOW) == decide(MANUAL, issue(), repo, BUSY, NOW).effects != ()
