"""A backtest names exactly what two configurations would leave differently."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine import backtest
from engine.backtest import Backtest, Change, Seen
from engine.config import Config, parse
from engine.decide import effects_of
from engine.model import Fact, Issue, IssueRef, Label, Milestone, Repo, TimelineEvent, Trigger
from engine.plan import Effect

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
REPO = Repo(
    "o/r",
    labels=tuple(map(Label, ("a", "track/x", "track/y", "state/stale", "p/low", "p/high"))),
    milestones=(Milestone(1, "One"), Milestone(2, "Two")),
)
BASE = """
schema_version: "1.0"
tracks:
- {id: x, label: track/x, match: {labels: [a]}}
- {id: y, label: track/y}
labels: [{name: p/low}, {name: p/high}, {name: state/stale}]
milestones: [{title: One}, {title: Two}]
enforcement:
  exclusivity: {p: {mode: enforce, strategy: highest}, track: {mode: enforce, strategy: newest}}
  track_milestones: {track/x: One}
self_healing: {enabled: true}
stale: {enabled: true, days_until_stale: 10, days_until_close: 20}
"""


def config(*changes: tuple[str, str]) -> Config:
    text = BASE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    parsed = parse(text)
    assert isinstance(parsed, Config), parsed
    return parsed


def seen(*labels: str, number: int = 1, days: int = 1, at: datetime = NOW, **more: object) -> Seen:
    issue = Issue(
        IssueRef("o/r", number),
        labels=labels,
        created_at=at - timedelta(days=days),
        updated_at=at - timedelta(days=days),
        parent_read=True,
    )
    return Seen(replace(issue, **more), REPO, at)  # type: ignore[arg-type]  # fields of an issue by name


def test_the_same_configuration_differs_in_nothing() -> None:
    states = [seen("a"), seen("p/low", "p/high"), seen("track/x", days=30)]
    report = Backtest(config(), config()).over(states)
    assert report.differences == ()
    assert (report.states, report.issues, report.differing_states) == (3, 1, 0)


def test_without_an_earlier_configuration_the_state_itself_is_compared() -> None:
    assert Backtest(config()).changes(seen("a")) == (
        Change("milestone", "milestone", "", "", "One"),
        Change("track.classify", "labels", "track/x", "off", "on"),
    )


def test_another_milestone_is_one_difference_of_the_milestone_rule() -> None:
    other = config(("track/x: One", "track/x: Two"))
    assert Backtest(other, config()).changes(seen("track/x")) == (Change("milestone", "milestone", "", "One", "Two"),)


def test_a_milestone_only_the_old_one_sets_is_named_by_its_rule() -> None:
    other = config(("  track_milestones: {track/x: One}\n", ""))
    assert Backtest(other, config()).changes(seen("track/x")) == (Change("milestone", "milestone", "", "One", ""),)


def test_another_strategy_keeps_another_label() -> None:
    other = config(("strategy: highest", "strategy: lowest"))
    assert Backtest(other, config()).changes(seen("p/low", "p/high")) == (
        Change("exclusivity.p", "labels", "p/high", "on", "off"),
        Change("exclusivity.p", "labels", "p/low", "off", "on"),
    )


def test_a_label_only_the_old_one_removes_is_named_by_its_rule() -> None:
    other = config(("p: {mode: enforce", "p: {mode: warn"))
    assert Backtest(other, config()).changes(seen("p/low", "p/high")) == (
        Change("exclusivity.p", "labels", "p/low", "off", "on"),
    )


def test_a_recorded_issue_that_carries_one_label_in_two_spellings_is_compared_too() -> None:
    other = config(("strategy: highest", "strategy: lowest"))
    found = Backtest(other, config()).changes(seen("p/low", "P/High", "p/high"))
    assert [change.rule for change in found if isinstance(change, Change)] == ["exclusivity.p"] * len(found)
    assert len(found) >= 2


def test_states_that_only_differ_in_their_last_update_are_two_states() -> None:
    found = Backtest(config())

    assert found.changes(seen("track/y", days=15, updated_at=NOW - timedelta(days=1))) is Fact.TIMELINE
    assert found.changes(seen("track/y", days=15)) == (Change("stale", "labels", "state/stale", "off", "on"),)


def test_closing_and_commenting_differ_too() -> None:
    flagged = seen(
        "track/y",
        "state/stale",
        days=40,
        timeline=(TimelineEvent("labeled", NOW - timedelta(days=30), "state/stale", by_app=True),),
    )
    later = config(("days_until_close: 20", "days_until_close: 90"))
    assert Backtest(config(), later).changes(flagged) == (Change("stale", "state", "", "open", "closed"),)
    assert Backtest(later, config()).changes(flagged) == (Change("stale", "state", "", "closed", "open"),)

    silent = seen("track/y", days=12, timeline=())
    talking = config(("days_until_close: 20", 'days_until_close: 20, comment: "Hello?"'))
    assert Backtest(talking, config()).changes(silent) == (Change("stale", "comments", "", "0", "1"),)
    assert Backtest(config(), talking).changes(silent) == (Change("stale", "comments", "", "1", "0"),)


def test_a_label_that_has_to_be_created_first_is_one_difference() -> None:
    bare = replace(seen("track/x", milestone=Milestone(1, "One"), days=12, timeline=()), repo=replace(REPO, labels=()))
    assert Backtest(config()).changes(bare) == (Change("stale", "labels", "state/stale", "off", "on"),)


def test_what_the_history_does_not_tell_is_counted_not_guessed() -> None:
    both = [seen("track/x", "track/y"), seen("track/x", "track/y", number=2), seen("a", number=3)]
    report = Backtest(config()).over(both)
    assert report.undecided == {Fact.TIMELINE: 2}
    assert {difference.ref.number for difference in report.differences} == {3}


def test_a_difference_is_counted_once_with_the_states_in_which_it_shows() -> None:
    early, late = NOW - timedelta(hours=4), NOW
    report = Backtest(config()).over([seen("a", at=late), seen("a", at=early), seen("a", number=2)])
    first = next(d for d in report.differences if d.ref.number == 1 and d.change.rule == "track.classify")
    assert (first.first, first.last, first.states) == (early, late, 2)
    assert (report.first, report.last) == (early, NOW)
    assert report.differing_states == 3
    assert report.by_rule() == {"milestone": (2, 2), "track.classify": (2, 2)}


def test_differences_come_in_order_whatever_the_order_of_the_states() -> None:
    states = [seen("a", number=number) for number in (3, 1, 2)]
    forwards, backwards = Backtest(config()).over(states), Backtest(config()).over(states[::-1])
    assert forwards.differences == backwards.differences
    assert [difference.ref.number for difference in forwards.differences] == [1, 1, 2, 2, 3, 3]


def test_states_that_are_alike_are_decided_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decided: list[Issue] = []

    def counted(trigger: Trigger, issue: Issue, *more: Any) -> tuple[Effect, ...]:
        decided.append(issue)
        return effects_of(trigger, issue, *more)

    monkeypatch.setattr(backtest, "effects_of", counted)
    tested = Backtest(config())
    tested.over([seen("a", number=number, at=NOW + timedelta(hours=number)) for number in range(50)])
    assert len(decided) == 1


@pytest.mark.parametrize(
    "other",
    [
        seen("a", "p/low"),
        seen("a", days=11),
        seen("a", title="another"),
        seen("a", body="another"),
        seen("a", state="closed"),
        seen("a", is_pull_request=True),
        seen("a", milestone=Milestone(2, "Two")),
        replace(seen("a"), repo=replace(REPO, archived=True)),
        seen("a", timeline=()),
        seen("a", created_at=None),
    ],
)
def test_states_that_differ_are_not_taken_for_each_other(other: Seen) -> None:
    one = Backtest(config(("match: {labels: [a]}", "match: {labels: [a], title: [another], body: [another]}")))
    alone = Backtest(config(("match: {labels: [a]}", "match: {labels: [a], title: [another], body: [another]}")))
    one.changes(seen("a"))
    assert one.changes(other) == alone.changes(other)


def test_remembering_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest, "_MOST_REMEMBERED", 2)
    tested = Backtest(config())
    states = [seen("a", number=number, title=str(number)) for number in range(5)]
    assert len(tested.over(states).differences) == 10
    for state in states:
        tested.changes(state)
        assert len(tested._known) <= 2


def test_a_repository_is_kept_while_its_states_are_remembered() -> None:
    """They are told apart by identity, which another one would take over once this one is gone."""
    repo = replace(REPO, labels=REPO.labels)
    tested = Backtest(config())
    before = sys.getrefcount(repo)
    tested.changes(replace(seen("a"), repo=repo))
    assert sys.getrefcount(repo) > before
    assert tested._repos == {id(repo): repo}


def test_both_configurations_are_asked_as_the_sweep_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Trigger] = []

    def noted(trigger: Trigger, *more: Any) -> tuple[Effect, ...]:
        asked.append(trigger)
        return effects_of(trigger, *more)

    monkeypatch.setattr(backtest, "effects_of", noted)
    Backtest(config(), config()).changes(seen("a"))
    assert asked == [Trigger("sweep"), Trigger("sweep")]


def test_the_span_and_the_issues_do_not_depend_on_the_order_of_the_states() -> None:
    early, late = NOW - timedelta(days=3), NOW
    for states in (
        [seen("a", at=late), seen("a", number=2, at=early)],
        [seen("a", at=early), seen("a", number=2, at=late)],
    ):
        report = Backtest(config()).over(states)
        assert (report.first, report.last, report.issues) == (early, late, 2)


def test_rules_are_counted_each_for_itself() -> None:
    states = [seen("a"), seen("p/low", "p/high", number=2), seen("p/low", "p/high", "track/x", number=3)]
    assert Backtest(config()).over(states).by_rule() == {
        "exclusivity.p": (2, 2),
        "milestone": (2, 2),
        "track.classify": (1, 1),
    }


def test_a_milestone_that_is_taken_away_from_the_issue_is_named() -> None:
    held = seen("track/x", milestone=Milestone(2, "Two"))
    both = config(("{track/x: One}", "{track/x: One, track/y: Two}"))
    assert Backtest(both).changes(held) == (Change("milestone", "milestone", "", "Two", "One"),)


def test_two_ages_of_an_issue_are_two_states() -> None:
    tested = Backtest(config())
    fresh, idle = seen("track/y", days=1), seen("track/y", days=12)
    assert tested.changes(fresh) == ()
    assert tested.changes(idle) == Backtest(config()).changes(idle) != ()


def test_an_issue_of_unknown_age_is_compared_too() -> None:
    unknown = seen("a", updated_at=None, created_at=None)
    assert Backtest(config()).changes(unknown) is Fact.TIMELINE
    without = config(("stale: {enabled: true, days_until_stale: 10, days_until_close: 20}\n", ""))
    assert Backtest(without).changes(unknown) == Backtest(without).changes(seen("a"))


def test_a_timeline_tells_two_states_apart() -> None:
    def after(*labels: str) -> Seen:
        events = tuple(
            TimelineEvent("labeled", NOW - timedelta(hours=9 - at), label) for at, label in enumerate(labels)
        )
        return seen("track/x", "track/y", milestone=Milestone(1, "One"), timeline=events)

    tested = Backtest(config())
    first, second = tested.changes(after("track/x", "track/y")), tested.changes(after("track/y", "track/x"))
    assert first != second
