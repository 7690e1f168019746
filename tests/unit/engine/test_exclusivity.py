"""`exclusivity.<group>` as its help says: every strategy in every mode."""

from __future__ import annotations

from typing import Any

import pytest

from engine.config.types import Config
from engine.model import TimelineEvent
from engine.plan import Effect, RemoveLabels
from tests.support.engine import (
    by_rule,
    config,
    days_ago,
    enforcement,
    group,
    healing,
    issue,
    label,
    labeled,
    look,
    repo,
    stale,
    track,
)

A, B, C = track("a"), track("b"), track("c")


def removed(effects: tuple[Effect, ...]) -> set[str]:
    return {name for effect in effects if isinstance(effect, RemoveLabels) for name in effect.names}


def one_group(name: str, mode: str = "enforce", **fields: Any) -> Config:
    return config(tracks=(A, B, C), enforcement=enforcement(group(name, mode, **fields)))


def test_two_track_labels_never_survive() -> None:
    plan = look(issue("track/a", "track/b", timeline=labeled("track/a", "track/b")), one_group("track"))

    assert plan.effects == (RemoveLabels(("track/a",), "exclusivity.track", rules=("exclusivity.track",)),)
    decision = by_rule(plan, "exclusivity.track")
    assert (decision.outcome, decision.before, decision.after) == ("applied", "track/a, track/b", "track/b")
    assert decision.reason == "2 labels of the group: track/a, track/b; track/b is applied last."


def test_newest_goes_by_the_time_of_the_event_not_by_its_place_on_the_page() -> None:
    late, early = labeled("track/a", "track/b")[::-1]

    plan = look(issue("track/a", "track/b", timeline=(late, early)), one_group("track"))

    assert removed(plan.effects) == {"track/a"}


def test_newest_counts_the_last_time_a_label_was_applied() -> None:
    again = (*labeled("track/a", "track/b"), TimelineEvent("labeled", days_ago(0.5), label="TRACK/A"))

    assert removed(look(issue("track/a", "track/b", timeline=again), one_group("track")).effects) == {"track/b"}


def test_newest_ignores_other_events_of_the_same_label() -> None:
    taken_off = (*labeled("track/a", "track/b"), TimelineEvent("unlabeled", days_ago(0.5), label="track/a"))

    assert removed(look(issue("track/a", "track/b", timeline=taken_off), one_group("track")).effects) == {"track/a"}


def test_a_label_the_timeline_does_not_know_is_older_than_one_it_knows() -> None:
    plan = look(issue("track/a", "track/b", timeline=labeled("track/a")), one_group("track"))

    assert removed(plan.effects) == {"track/b"}


def test_without_any_event_the_first_of_the_configuration_stays() -> None:
    assert removed(look(issue("track/c", "track/a"), one_group("track")).effects) == {"track/c"}


def test_a_former_name_on_the_timeline_counts_for_the_declared_name() -> None:
    known = config(tracks=(track("a", aliases=("old-a",)), B), enforcement=enforcement(group("track")))
    timeline = labeled("track/b", "old-a")

    assert removed(look(issue("track/a", "track/b", timeline=timeline), known).effects) == {"track/b"}


def test_a_label_this_look_adds_is_the_newest() -> None:
    known = config(
        tracks=(track("a", default=True),),
        labels=(label("x"),),
        self_healing=healing(),
        enforcement=enforcement(group("line", labels=("track/a", "x"))),
    )

    plan = look(issue("x", timeline=labeled("x")), known)

    assert removed(plan.effects) == {"x"}


def test_highest_and_lowest_go_by_the_given_order_lowest_first() -> None:
    order = ("priority/low", "priority/medium", "priority/high")
    carried = issue("priority/medium", "priority/high", "priority/low")

    highest = look(carried, one_group("priority", strategy="highest", order=order))
    lowest = look(carried, one_group("priority", strategy="lowest", order=order))

    assert removed(highest.effects) == {"priority/low", "priority/medium"}
    assert removed(lowest.effects) == {"priority/medium", "priority/high"}
    assert by_rule(highest, "exclusivity.priority").reason.endswith("priority/high is the highest.")
    assert by_rule(lowest, "exclusivity.priority").reason.endswith("priority/low is the lowest.")


@pytest.mark.parametrize("strategy", ["highest", "lowest"])
def test_a_label_outside_a_given_order_never_wins_by_it(strategy: str) -> None:
    plan = look(
        issue("priority/zzz", "priority/low", "priority/aaa"),
        one_group("priority", strategy=strategy, order=("priority/low",)),
    )

    assert removed(plan.effects) == {"priority/zzz", "priority/aaa"}


def test_where_no_label_stands_in_the_order_natural_order_decides() -> None:
    plan = look(issue("priority/10", "priority/9"), one_group("priority", strategy="highest", order=("priority/low",)))

    assert removed(plan.effects) == {"priority/9"}


def test_without_an_order_the_declared_order_decides_then_the_natural_one() -> None:
    known = config(
        labels=(label("phase-z"), label("phase-a")), enforcement=enforcement(group("phase", strategy="highest"))
    )

    assert removed(look(issue("phase-z", "phase-a"), known).effects) == {"phase-z"}
    assert removed(look(issue("phase-10", "phase-9", "phase-a"), known).effects) == {"phase-9", "phase-a"}


def test_first_is_the_first_of_the_configuration() -> None:
    plan = look(issue("track/c", "track/b"), one_group("track", strategy="first"))

    assert removed(plan.effects) == {"track/c"}
    assert by_rule(plan, "exclusivity.track").reason.endswith("track/b is first in the configuration's order.")


def test_a_group_may_list_its_labels_in_its_own_order() -> None:
    known = config(enforcement=enforcement(group("size", strategy="first", labels=("L", "S"))))

    plan = look(issue("S", "l", "size/other"), known)

    assert removed(plan.effects) == {"S"}


def test_a_further_group_means_its_prefix_or_its_name_and_a_slash() -> None:
    known = config(
        enforcement=enforcement(group("area", strategy="first"), group("team", strategy="first", prefix="squad:"))
    )

    plan = look(issue("Area/a", "area/b", "area-c", "squad:x", "squad:y", "team/z"), known)

    assert removed(plan.effects) == {"area/b", "squad:y"}


@pytest.mark.parametrize("mode", ["warn", "fail", "off"])
def test_only_enforce_changes_anything(mode: str) -> None:
    plan = look(issue("track/a", "track/b"), one_group("track", mode))

    assert plan.effects == ()
    outcome = {"warn": ("warned", "partial"), "fail": ("failed", "failed"), "off": ("skipped", "success")}[mode]
    assert (by_rule(plan, "exclusivity.track").outcome, plan.outcome) == outcome
    assert (plan.reason is None) == (mode == "off")


@pytest.mark.parametrize("mode", ["enforce", "warn", "fail"])
@pytest.mark.parametrize("carried", [(), ("track/a",), ("other",)])
def test_at_most_one_label_is_already_right(mode: str, carried: tuple[str, ...]) -> None:
    plan = look(issue(*carried), one_group("track", mode))

    assert (plan.effects, plan.outcome) == ((), "success")
    assert by_rule(plan, "exclusivity.track").outcome == "already"


def test_fail_keeps_every_other_rule_from_writing() -> None:
    known = config(
        tracks=(track("a", default=True),),
        self_healing=healing(),
        enforcement=enforcement(group("phase", "fail")),
    )

    plan = look(issue("phase-1", "phase-2"), known)

    assert (plan.effects, plan.outcome) == ((), "failed")
    assert plan.reason == "exclusivity.phase: 2 labels of the group: phase-1, phase-2; the mode is fail."
    classified = by_rule(plan, "track.classify")
    assert classified.outcome == "skipped"
    assert classified.reason.endswith("Not done, because exclusivity.phase failed.")


def test_a_terminal_label_keeps_all_and_warns() -> None:
    known = one_group("state", terminal=("state/done",))

    both = look(issue("state/open", "State/Done"), known)
    alone = look(issue("state/done"), known)

    assert (both.effects, both.outcome) == ((), "partial")
    assert by_rule(both, "exclusivity.state").outcome == "warned"
    assert "State/Done is terminal" in by_rule(both, "exclusivity.state").reason
    assert (alone.outcome, by_rule(alone, "exclusivity.state").outcome) == ("success", "already")


def test_a_terminal_label_matters_only_where_it_is() -> None:
    plan = look(issue("state/a", "state/b"), one_group("state", strategy="first", terminal=("state/done",)))

    assert removed(plan.effects) == {"state/b"}


def test_the_flags_of_stale_belong_to_no_group() -> None:
    known = config(enforcement=enforcement(group("state", "fail")), stale=stale(None))

    assert look(issue("state/open", "state/stale", "state/escalated"), known).outcome != "failed"


def test_several_groups_are_one_effect_that_names_each_rule() -> None:
    known = config(
        tracks=(A, B), enforcement=enforcement(group("track", strategy="first"), group("phase", strategy="first"))
    )

    plan = look(issue("phase-1", "track/a", "phase-2", "track/b"), known)

    assert plan.effects == (
        RemoveLabels(
            ("phase-2", "track/b"),
            "exclusivity.phase, exclusivity.track",
            rules=("exclusivity.phase", "exclusivity.track"),
        ),
    )


def test_every_built_in_group_without_configuration_is_named_as_such() -> None:
    plan = look(issue(), one_group("track"))

    assert [rule for rule in plan.not_configured if rule.startswith("exclusivity.")] == [
        "exclusivity.phase",
        "exclusivity.priority",
        "exclusivity.state",
    ]


def test_a_rule_that_takes_back_what_an_earlier_one_added_is_named() -> None:
    known = config(
        tracks=(track("a", default=True),),
        labels=(label("x"),),
        self_healing=healing(),
        enforcement=enforcement(group("line", strategy="highest", order=("track/a", "x"), labels=("track/a", "x"))),
    )

    plan = look(issue("x"), known)

    assert plan.effects == ()
    classified = by_rule(plan, "track.classify")
    assert (classified.outcome, classified.after) == ("skipped", None)
    assert classified.reason.endswith("Taken back by exclusivity.line.")
    kept = by_rule(plan, "exclusivity.line")
    assert (kept.outcome, kept.before, kept.after) == ("already", "x", "x")


def test_events_at_the_same_moment_keep_the_order_of_the_timeline() -> None:
    moment = days_ago(1)
    timeline = tuple(TimelineEvent("labeled", moment, label=name) for name in ("track/b", "track/a"))

    plan = look(issue("track/a", "track/b", timeline=timeline), one_group("track"))

    assert removed(plan.effects) == {"track/b"}


def test_what_frees_room_under_the_limit_lets_an_earlier_rule_add() -> None:
    known = config(
        tracks=(track("a", default=True),),
        self_healing=healing(),
        enforcement=enforcement(group("phase", strategy="first")),
    )
    full = issue("phase-1", "phase-2", *(f"l{number}" for number in range(98)))

    plan = look(full, known)

    assert [type(effect).__name__ for effect in plan.effects] == ["RemoveLabels", "AddLabels"]
    assert plan.outcome == "success"


def test_an_unknown_repository_label_is_never_created() -> None:
    known = config(tracks=(A,), enforcement=enforcement(group("phase", strategy="first")))

    plan = look(issue("phase-1", "phase-2"), known, repo())

    assert removed(plan.effects) == {"phase-2"}
