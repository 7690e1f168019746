"""`roll_over`: what a sprint's end still has to do, whatever was done before."""

from __future__ import annotations

from datetime import date

import pytest

from engine.config import Config, parse
from engine.model import Issue, IssueRef, Milestone
from engine.problems import Problem
from engine.rollover import Rollover, next_title, roll_over


def config(text: str = "") -> Config:
    parsed = parse(f'schema_version: "1.0"\nlabels: []\n{text}')
    assert isinstance(parsed, Config), parsed
    return parsed


def issue(number: int, **values: object) -> Issue:
    return Issue(IssueRef("o/r", number), **values)  # type: ignore[arg-type]  # names of real fields


def planned(title: str, milestones: list[Milestone], issues: list[Issue] | None = None, **more: object) -> Rollover:
    found = roll_over(title, milestones, issues or [], more.pop("config", None), **more)  # type: ignore[arg-type]
    assert isinstance(found, Rollover), found
    return found


@pytest.mark.parametrize(
    ("title", "pattern", "following"),
    [
        ("Sprint 4", None, "Sprint 5"),
        ("Sprint 9", None, "Sprint 10"),
        ("Sprint 09", None, "Sprint 10"),
        ("Sprint 007", None, "Sprint 008"),
        ("2026.12", None, "2026.13"),
        ("v1 (week 3)", None, "v1 (week 4)"),
        ("Sprint 1.9", "Sprint {major}.{minor}", "Sprint 1.10"),
        ("4: the last of 2026", "{n}: the last of 2026", "5: the last of 2026"),
        ("Sprint 4", "Phase {n}", "Sprint 5"),
        ("Backlog", None, None),
        ("Sprint " + "9" * 18, None, "Sprint 1" + "0" * 18),
        ("Sprint " + "9" * 19, None, None),
        ("Sprint " + "9" * 18, "Sprint {n}", "Sprint 1" + "0" * 18),
        ("Sprint " + "9" * 30, None, None),
        ("", None, None),
    ],
)
def test_the_next_title_counts_the_last_number_up(title: str, pattern: str | None, following: str | None) -> None:
    assert next_title(title, pattern) == following


def test_everything_is_still_to_do() -> None:
    found = planned("Sprint 4", [Milestone(4, "Sprint 4")], [issue(9), issue(3), issue(5, state="closed")])

    assert (found.old, found.title, found.next, found.move, found.stay, found.close, found.done) == (
        Milestone(4, "Sprint 4"),
        "Sprint 5",
        None,
        (3, 9),
        (),
        True,
        False,
    )


def test_after_a_crash_only_the_rest_is_to_do() -> None:
    found = planned("Sprint 4", [Milestone(4, "Sprint 4"), Milestone(5, "Sprint 5")], [issue(9)])

    assert (found.next, found.move, found.close) == (Milestone(5, "Sprint 5"), (9,), True)


def test_afterwards_nothing_is_to_do() -> None:
    assert planned("Sprint 4", [Milestone(4, "Sprint 4", "closed"), Milestone(5, "Sprint 5")]).done


def test_a_milestone_somebody_closed_first_still_loses_its_open_issues() -> None:
    found = planned("Sprint 4", [Milestone(4, "Sprint 4", "closed"), Milestone(5, "Sprint 5")], [issue(1)])

    assert (found.move, found.close, found.done) == ((1,), False, False)


def test_pull_requests_stay_unless_they_are_managed() -> None:
    issues = [issue(1), issue(2, is_pull_request=True)]

    assert planned("Sprint 4", [Milestone(4, "Sprint 4")], issues).stay == (2,)
    managed = config("tracks: []\nmilestones: []\npull_requests: {manage: true}\n")
    assert planned("Sprint 4", [Milestone(4, "Sprint 4")], issues, config=managed).move == (1, 2)


def test_the_tracks_pattern_says_which_number_counts() -> None:
    tracks = config('tracks: [{id: s, label: s, milestone_pattern: "Week {n} of 52"}]\nmilestones: []\n')

    assert planned("Week 4 of 52", [Milestone(4, "Week 4 of 52")], config=tracks).title == "Week 5 of 52"


def test_where_the_configuration_names_the_old_one_it_is_said() -> None:
    named = config(
        'tracks: [{id: s, label: s, milestone: "Sprint 4"}]\nmilestones: [{title: "Sprint 4"}]\n'
        'enforcement: {track_milestones: {s: "Sprint 4"}}\n'
    )

    lines = [where.line for where in planned("Sprint 4", [Milestone(4, "Sprint 4")], config=named).mentions]

    assert lines == [3, 5]


@pytest.mark.parametrize(
    ("before", "old", "due"),
    [
        (date(2026, 1, 1), date(2026, 1, 15), date(2026, 1, 29)),
        (None, date(2026, 1, 15), None),
        (date(2026, 1, 1), None, None),
        (date(2026, 2, 1), date(2026, 1, 15), None),
        (date(2026, 1, 15), date(2026, 1, 15), None),
        (date(9999, 12, 29), date(9999, 12, 30), date.max),
        (date(9999, 12, 28), date(9999, 12, 30), None),
        (date(1, 1, 1), date.max, None),
    ],
)
def test_the_next_one_is_due_as_much_later(before: date | None, old: date | None, due: date | None) -> None:
    milestones = [Milestone(3, "Sprint 3", "closed", due_on=before), Milestone(4, "Sprint 4", due_on=old)]

    assert planned("Sprint 4", milestones).due_on == due
    assert planned("Sprint 4", milestones, due_on=date(2030, 1, 1)).due_on == date(2030, 1, 1)


def test_the_one_before_is_told_by_the_tracks_pattern_and_by_nothing_else() -> None:
    tracks = config('tracks: [{id: s, label: s, milestone_pattern: "Week {n} of 52"}]\nmilestones: []\n')
    milestones = [
        Milestone(1, "Long ago", "closed", due_on=date(2025, 1, 1)),
        Milestone(3, "Week 3 of 52", "closed", due_on=date(2026, 1, 15)),
        Milestone(4, "Week 4 of 52", due_on=date(2026, 1, 22)),
    ]

    assert planned("Week 4 of 52", milestones, config=tracks).due_on == date(2026, 1, 29)
    assert planned("Week 4 of 52", milestones).due_on is None


def test_of_two_with_one_title_the_open_one_counts_and_then_the_older() -> None:
    twice = [Milestone(2, "Sprint 4", "closed"), Milestone(9, "Sprint 4"), Milestone(7, "Sprint 4")]

    assert planned("Sprint 4", twice).old == twice[2]


NO_MORE = Milestone(1, "Old", "closed")


@pytest.mark.parametrize(
    ("title", "to", "milestones", "problem"),
    [
        (
            "Sprint 9",
            None,
            [NO_MORE, Milestone(4, "Sprint 4"), Milestone(6, "Backlog")],
            Problem(
                "milestone-unknown",
                'there is no milestone "Sprint 9"',
                'open ones: "Sprint 4", "Backlog"',
                "give --milestone one of them",
            ),
        ),
        (
            "sprint 4",
            None,
            [NO_MORE],
            Problem(
                "milestone-unknown",
                'there is no milestone "sprint 4"',
                "open ones: none",
                "give --milestone one of them",
            ),
        ),
        (
            "Backlog",
            None,
            [Milestone(6, "Backlog")],
            Problem(
                "milestone-not-counted",
                '"Backlog" holds no number to count up',
                "the next milestone's title cannot be guessed",
                "give it with --next",
            ),
        ),
        (
            "Sprint 4",
            "Sprint 4",
            [Milestone(4, "Sprint 4")],
            Problem("milestone-same", 'the next milestone is "Sprint 4" itself', fix="give another with --next"),
        ),
        (
            "Sprint 4",
            "Old",
            [NO_MORE, Milestone(4, "Sprint 4")],
            Problem(
                "milestone-closed",
                'the next milestone "Old" is closed',
                "no issue is put into a closed milestone",
                "reopen it, or give another with --next",
            ),
        ),
    ],
)
def test_what_cannot_be_rolled_over_is_named_with_the_way_out(
    title: str, to: str | None, milestones: list[Milestone], problem: Problem
) -> None:
    assert roll_over(title, milestones, [], None, to=to) == problem


def test_another_title_may_be_given() -> None:
    milestones = [Milestone(4, "Sprint 4"), Milestone(6, "Backlog")]

    assert planned("Sprint 4", milestones, to="Backlog").next == milestones[1]
