"""How long nobody has worked on an issue, and since when it carries its flag."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from engine.activity import Idle, exact, flagged_since
from engine.model import TimelineEvent
from tests.support.engine import NOW, days_ago, issue

FLAGS = frozenset({"state/stale"})


def commented(at: datetime) -> TimelineEvent:
    return TimelineEvent("commented", at)


@pytest.mark.parametrize(
    ("created", "events", "idle"),
    [
        (None, (), Idle(0, 0, NOW)),
        (None, (commented(days_ago(3)),), Idle(3, 3, days_ago(3))),
        (days_ago(5), (), Idle(5, 5, days_ago(5))),
        (days_ago(9), (commented(days_ago(2)), commented(days_ago(4))), Idle(2, 2, days_ago(2))),
        (days_ago(-1), (), Idle(0, 0, days_ago(-1))),
    ],
    ids=["nothing known", "creation not told", "nothing happened", "out of order", "a clock that is behind"],
)
def test_the_timeline_says_to_the_moment_how_long_nothing_happened(
    created: datetime | None, events: tuple[TimelineEvent, ...], idle: Idle
) -> None:
    assert exact(issue(created_at=created), events, NOW, FLAGS) == idle


def flag(what: str, at: datetime, name: str = "state/stale") -> TimelineEvent:
    return TimelineEvent(what, at, label=name)


MINUTE = timedelta(minutes=1)
ON, OFF = "labeled", "unlabeled"


@pytest.mark.parametrize(
    ("events", "carried", "since"),
    [
        ([], ["state/stale"], None),
        ([flag(ON, days_ago(9), "bug")], ["state/stale"], None),
        ([flag(OFF, days_ago(9))], ["state/stale"], None),
        ([flag(ON, days_ago(8), "State/Stale")], ["state/stale"], days_ago(8)),
        ([flag(ON, days_ago(8))], ["state/escalated"], days_ago(8)),
        ([flag(ON, days_ago(8)), flag(OFF, days_ago(5))], ["state/escalated"], None),
        ([flag(ON, days_ago(3)), flag(ON, days_ago(8))], ["state/stale"], days_ago(3)),
        ([flag(ON, days_ago(8)), flag(OFF, days_ago(5)), flag(ON, days_ago(3))], ["state/stale"], days_ago(3)),
        ([flag(ON, days_ago(3)), flag(OFF, days_ago(5)), flag(ON, days_ago(8))], ["state/stale"], days_ago(3)),
        (
            [flag(ON, days_ago(8)), flag(ON, days_ago(3), "state/escalated"), flag(OFF, days_ago(3))],
            ["state/escalated"],
            days_ago(8),
        ),
        (
            [flag(ON, days_ago(8)), flag(OFF, days_ago(3) - MINUTE), flag(ON, days_ago(3), "state/escalated")],
            ["state/escalated"],
            days_ago(8),
        ),
        (
            [flag(ON, days_ago(8)), flag(OFF, days_ago(3) - 2 * MINUTE), flag(ON, days_ago(3), "state/escalated")],
            ["state/escalated"],
            days_ago(3),
        ),
        (
            [flag(ON, days_ago(9)), flag(ON, days_ago(6), "state/escalated"), flag(OFF, days_ago(6)), flag(ON, days_ago(2)), flag(OFF, days_ago(2), "state/escalated")],
            ["state/stale"],
            days_ago(9),
        ),
        (
            [flag(ON, days_ago(9)), flag(ON, days_ago(5), "state/escalated"), flag(ON, days_ago(4), "state/escalated")],
            ["state/stale", "state/escalated"],
            days_ago(9),
        ),
        ([flag(ON, days_ago(4), "state/escalated")], ["state/stale", "state/escalated"], days_ago(4)),
        (
            [flag(ON, days_ago(3)), flag(ON, days_ago(3), "state/escalated"), flag(OFF, days_ago(3))],
            ["state/escalated"],
            days_ago(3),
        ),
    ],
    ids=[
        "nothing", "another label", "only taken off", "put on", "renamed", "not told", "put on twice", "off and on again",
        "out of order", "exchanged", "exchanged within the minute", "a break", "exchanged twice", "both", "one is not told",
        "all in one moment",
    ],
)  # fmt: skip
def test_a_flag_is_carried_since_there_was_last_none(
    events: list[TimelineEvent], carried: list[str], since: datetime | None
) -> None:
    both = FLAGS | {"state/escalated"}

    assert flagged_since(events, both, carried) == since


@pytest.mark.parametrize(
    ("actor", "away_s", "real"),
    [
        ("robot", 60, False),
        ("robot", -60, False),
        ("robot", 61, True),
        ("robot", -61, True),
        ("ann", 0, True),
        ("", 0, True),
    ],
)
def test_what_is_said_along_with_a_flag_by_whoever_puts_it_on_is_no_activity(
    actor: str, away_s: int, real: bool
) -> None:
    marked = TimelineEvent("labeled", days_ago(3), label="State/Stale", actor=actor and "robot")
    said = TimelineEvent("commented", marked.at + timedelta(seconds=away_s), actor=actor)
    renamed = TimelineEvent("renamed", days_ago(30), actor="robot")

    idle = exact(issue(created_at=days_ago(90)), (renamed, said, marked), NOW, FLAGS)

    assert idle.since == (said.at if real else renamed.at)


def test_whatever_else_the_same_actor_does_in_that_minute_is_work() -> None:
    marked = TimelineEvent("labeled", days_ago(3), label="state/stale", actor="robot")
    renamed = TimelineEvent("renamed", days_ago(3), actor="robot")

    assert exact(issue(created_at=days_ago(90)), (marked, renamed), NOW, FLAGS).since == days_ago(3)
