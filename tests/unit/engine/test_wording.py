"""What the engine says, word for word: one plan for each way a rule can conclude, in `plans.txt` beside this file.

A changed sentence is a changed product: read the difference, then write the file anew with
``TASSIST_WRITE_GOLDEN=1 python -m pytest tests/unit/engine/test_wording.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from engine.config.types import Config, InvalidConfig, Match, StaleThresholds
from engine.decide import unconfigured_plan
from engine.explain import effect_data, plan_in_words
from engine.model import Issue, IssueRef, Milestone, Repo, TimelineEvent
from engine.plan import Plan
from engine.problems import Problem, Where
from tests.support.engine import (
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
    mapping,
    milestone,
    repo,
    required,
    stale,
    track,
)

GOLDEN = Path(__file__).with_name("plans.txt")
FILLERS = tuple(f"filler-{number}" for number in range(100))

CLASSIFY = config(
    tracks=(
        track("bug", match=Match(labels=("defect",), title=("(?i)crash",), body=("Traceback",))),
        track("old", aliases=("legacy",)),
        track("main", default=True),
    ),
    self_healing=healing(normalize_labels=False),
)
NO_DEFAULT = config(tracks=(track("a"),), self_healing=healing())
ALIASES = config(labels=(label("new", aliases=("old", "older")),), self_healing=healing())
REQUIRED = enforcement(
    required_labels=(
        required(group="priority", mode="enforce", default="priority/low"),
        required(any_of=("kind/a", "kind/b"), mode="warn"),
        required(group="size", mode="off"),
    )
)
GROUPS = enforcement(
    group("track"),
    group("phase", strategy="highest"),
    group("priority", strategy="lowest", order=("priority/low", "priority/high")),
    group("state", terminal=("state/done",)),
    group("size", strategy="first", labels=("S", "L")),
    group("area", "warn"),
    group("team", "off"),
)
PLACED = config(
    tracks=(
        track("own", milestone="Own"),
        track("rolling", milestone_pattern="Sprint {major}.{minor}"),
        track("mapped"),
        track("plain"),
    ),
    milestones=(
        milestone("Phase 1", aliases=("Phase One",)),
        milestone("Own", description="What is ours", due_on=date(2026, 4, 1)),
        milestone("Mapped", due_offset_days=10),
    ),
    enforcement=enforcement(
        phase_milestones=(mapping("phase-1", "Phase 1"), mapping("phase-2", "Nowhere")),
        track_milestones=(mapping("track/mapped", "Mapped"),),
    ),
    self_healing=healing(fix_missing_track=False),
)
NO_HEALING = replace(PLACED, self_healing=None)
STALE = config(
    tracks=(track("fast"),),
    stale=stale(
        14,
        21,
        30,
        exempt_labels=("pinned",),
        exempt_milestones=("Later",),
        tracks=(("fast", StaleThresholds(2, None, None, Where("c.yml", 11, 5, "stale.tracks.fast"))),),
        comment="No activity for {days} days on {track}: {label}.",
    ),
)


def hard(mode: str = "hard", **fields: object) -> Config:
    return config(
        tracks=(track("a"), track("b"), track("main", default=True)),
        milestones=(milestone("Ours"),),
        enforcement=enforcement(group("track"), phase_milestones=(mapping("phase-1", "Ours"),)),
        self_healing=healing(),
        inheritance=inheritance(mode, **fields),
    )


def parent(*labels: str, title: str | None = None) -> Issue:
    return Issue(IssueRef("acme/shop", 1), labels=labels, milestone=Milestone(1, title) if title else None)


def at(title: str, number: int = 1) -> Milestone:
    return Milestone(number, title)


def old(*labels: str, days: float = 20, events: tuple[TimelineEvent, ...] = (), **fields: object) -> Issue:
    return issue(*labels, created_at=days_ago(days), timeline=events, **fields)


def flagged(days: float) -> tuple[TimelineEvent, ...]:
    return (TimelineEvent("labeled", days_ago(days), label="state/stale", by_app=True),)


SPRINTS = repo(milestones=["Sprint 1.10", "Sprint 1.9", Milestone(3, "Sprint 2.0", "closed")])
CLOSED = repo(milestones=[Milestone(1, "Own", "closed")])
SPRINT_CLOSED = repo(milestones=[Milestone(3, "Sprint 2.0", "closed")])
FAMILY = repo(["track/a", "track/b", "track/main"], ["Ours", "Theirs"])

PLANS: dict[str, Callable[[], Plan]] = {
    "a label tells the track": lambda: look(issue("Defect"), CLASSIFY),
    "the title tells the track": lambda: look(issue(title="a Crash"), CLASSIFY),
    "the body tells the track": lambda: look(issue(body="Traceback"), CLASSIFY),
    "the default track": lambda: look(issue(), CLASSIFY),
    "a track label that is missing is created": lambda: look(issue(), CLASSIFY, repo()),
    "a former name of a track": lambda: look(issue("legacy"), CLASSIFY),
    "two tracks are there": lambda: look(issue("track/main", "Track/Bug"), CLASSIFY),
    "no room for a track": lambda: look(issue(*FILLERS), CLASSIFY),
    "no track fits": lambda: look(issue(), NO_DEFAULT),
    "inferring is switched off": lambda: look(issue(), replace(NO_DEFAULT, self_healing=healing(enabled=False))),
    "a former name is replaced": lambda: look(issue("old"), ALIASES),
    "both names are there": lambda: look(issue("older", "new"), ALIASES),
    "no former name is there": lambda: look(issue("other"), ALIASES),
    "only the former name exists": lambda: look(issue("old"), ALIASES, repo(["old"])),
    "normalisation is switched off": lambda: look(issue("old"), replace(ALIASES, self_healing=healing(enabled=False))),
    "labels are required and missing": lambda: look(
        issue(), config(labels=(label("priority/low"),), enforcement=REQUIRED)
    ),
    "labels are required and there": lambda: look(issue("kind/b", "priority/x"), config(enforcement=REQUIRED)),
    "a required label cannot be added": lambda: look(issue(), config(enforcement=REQUIRED), repo()),
    "a required label is missing and that fails": lambda: look(
        issue(), replace(CLASSIFY, enforcement=enforcement(required_labels=(required(group="x", mode="fail"),)))
    ),
    "one label of each group stays": lambda: look(
        issue(
            "track/bug",
            "track/main",
            "phase-9",
            "phase-10",
            "priority/high",
            "priority/low",
            "state/a",
            "state/b",
            "L",
            "S",
            timeline=labeled("state/b", "track/main", "track/bug", "state/a"),
        ),
        replace(CLASSIFY, enforcement=GROUPS),
    ),
    "groups that keep everything": lambda: look(
        issue("track/bug", "state/a", "state/done", "area/x", "area/y", "team/x", "team/y"),
        replace(CLASSIFY, enforcement=GROUPS),
    ),
    "a group that fails": lambda: look(
        issue("size/a", "size/b"), replace(CLASSIFY, enforcement=enforcement(group("size", "fail")))
    ),
    "an inferred track is taken back": lambda: look(
        issue("x"),
        replace(
            CLASSIFY,
            labels=(label("x"),),
            enforcement=enforcement(group("line", strategy="highest", labels=("track/main", "x"))),
        ),
    ),
    "the phase's milestone": lambda: look(issue("phase-1"), PLACED),
    "the track's milestone": lambda: look(issue("track/own", milestone=at("Mapped", 3)), PLACED),
    "the mapped milestone": lambda: look(issue("Track/Mapped"), PLACED),
    "the phase wins": lambda: look(issue("phase-1", "track/own"), PLACED),
    "the phase and the pattern agree": lambda: look(
        issue("phase-2", "track/rolling"),
        replace(PLACED, enforcement=enforcement(phase_milestones=(mapping("phase-2", "Sprint 1.9"),))),
        SPRINTS,
    ),
    "the newest of a series": lambda: look(issue("track/rolling"), PLACED, SPRINTS),
    "the newest of a series is there": lambda: look(
        issue("track/rolling", milestone=at("Sprint 1.10")), PLACED, SPRINTS
    ),
    "a series without an open milestone": lambda: look(issue("track/rolling"), PLACED, SPRINT_CLOSED),
    "a series without an open milestone leaves the one that is there": lambda: look(
        issue("track/rolling", milestone=at("Own", 2)), PLACED, SPRINT_CLOSED
    ),
    "a closed milestone leaves the one that is there": lambda: look(
        issue("track/own", milestone=at("Mapped", 3)), PLACED, CLOSED
    ),
    "a milestone nobody declares leaves the one that is there": lambda: look(
        issue("phase-2", milestone=at("Mapped", 3)), PLACED, repo()
    ),
    "a milestone that apply would create leaves the one that is there": lambda: look(
        issue("track/own", milestone=at("Mapped", 3)), NO_HEALING, repo()
    ),
    "two phases disagree and the milestone stays": lambda: look(
        issue("phase-1", "phase-2", milestone=at("Own", 2)), PLACED
    ),
    "a parent's closed milestone leaves the child's": lambda: look(
        issue("track/b", milestone=at("Ours"), parent=parent("track/b", title="Theirs")),
        hard(),
        repo(milestones=[Milestone(1, "Theirs", "closed")]),
    ),
    "a parent's milestone of another repository leaves the child's": lambda: look(
        issue("track/b", milestone=at("Ours"), parent=parent("track/b", title="Theirs")), hard(), repo()
    ),
    "a parent without a milestone leaves the child's": lambda: look(
        issue("track/b", milestone=at("Ours"), parent=parent("track/b")), hard(), FAMILY
    ),
    "soft inheritance leaves the child's milestone": lambda: look(
        issue("track/b", milestone=at("Ours"), parent=parent("track/b", title="Theirs")), hard("soft"), FAMILY
    ),
    "a series without a milestone": lambda: look(issue("track/rolling"), PLACED, repo()),
    "the right milestone is there": lambda: look(issue("phase-1", milestone=at("Phase 1")), PLACED),
    "a milestone no mapping names": lambda: look(issue("phase-1", milestone=at("Someday", 9)), PLACED),
    "no label maps to a milestone": lambda: look(issue("track/plain", milestone=at("Own", 2)), PLACED),
    "two phases disagree": lambda: look(issue("phase-1", "phase-2"), PLACED),
    "a closed milestone": lambda: look(issue("track/own"), PLACED, CLOSED),
    "a milestone is created with its due date": lambda: look(issue("track/own"), PLACED, repo()),
    "a milestone is created with a due date counted from now": lambda: look(issue("track/mapped"), PLACED, repo()),
    "a milestone nobody declares": lambda: look(issue("phase-2"), PLACED, repo()),
    "a milestone that apply would create": lambda: look(issue("track/own"), NO_HEALING, repo()),
    "a milestone under its former name": lambda: look(issue("phase-1"), PLACED, repo(milestones=["Phase One"])),
    "a child takes both over": lambda: look(issue("track/a", parent=parent("track/b", title="Theirs")), hard(), FAMILY),
    "a child takes the track over from an inferred one": lambda: look(issue(parent=parent("track/b")), hard(), FAMILY),
    "a child has both": lambda: look(
        issue("track/b", milestone=at("Theirs", 2), parent=parent("track/b", title="Theirs")), hard(), FAMILY
    ),
    "a child with a milestone of its own": lambda: look(
        issue("track/b", milestone=at("Own", 9), parent=parent("track/b", title="Theirs")), hard(), FAMILY
    ),
    "a parent with nothing to take over": lambda: look(issue("track/b", parent=parent()), hard(), FAMILY),
    "a parent on two tracks": lambda: look(issue("track/b", parent=parent("track/a", "track/b")), hard(), FAMILY),
    "a parent's closed milestone": lambda: look(
        issue("track/b", parent=parent("track/b", title="Theirs")),
        hard(),
        repo(milestones=[Milestone(1, "Theirs", "closed")]),
    ),
    "a parent's milestone of another repository": lambda: look(
        issue("track/b", parent=parent("track/b", title="Theirs")), hard(), repo()
    ),
    "no room for the parent's track": lambda: look(issue(*FILLERS, parent=parent("track/b")), hard(), FAMILY),
    "inheritance is soft": lambda: look(
        issue("track/a", parent=parent("track/b", title="Theirs")), hard("soft"), FAMILY
    ),
    "inheritance is off": lambda: look(issue("track/a", parent=parent("track/b")), hard("none"), FAMILY),
    "nothing is to be copied": lambda: look(issue("track/a", parent=parent("track/b")), hard(copy=()), FAMILY),
    "no parent": lambda: look(issue("track/a"), hard(), FAMILY),
    "an issue goes stale": lambda: look(old("track/fast"), STALE),
    "an issue of no track goes stale": lambda: look(old(), STALE),
    "a locked issue goes stale": lambda: look(old(locked=True), STALE),
    "a stale issue": lambda: look(old("state/stale", days=15), STALE),
    "a stale issue escalates": lambda: look(old("state/stale", days=22, events=flagged(8)), STALE),
    "an escalated issue waits for its notice": lambda: look(old("state/escalated", days=40, events=flagged(3)), STALE),
    "an escalated issue is closed": lambda: look(old("state/escalated", days=40, events=flagged(20)), STALE),
    "somebody works on a stale issue": lambda: look(
        old("state/stale", "state/escalated", events=(TimelineEvent("commented", days_ago(0)),)), STALE
    ),
    "an issue is not old enough": lambda: look(old("track/fast", days=1), STALE),
    "an exempt label": lambda: look(old("Pinned", "state/stale"), STALE),
    "an exempt milestone": lambda: look(old(milestone=at("Later")), STALE),
    "no room for a flag": lambda: look(old(*FILLERS), STALE),
    "staleness is switched off": lambda: look(old(), config(stale=stale(enabled=False))),
    "no days are configured": lambda: look(old(), config(stale=stale(None))),
    "nothing may be written": lambda: look(issue(), replace(CLASSIFY, enforcement=None)),
    "a closed issue": lambda: look(issue(state="closed"), hard()),
    "a pull request": lambda: look(issue(is_pull_request=True), STALE),
    "an archived repository": lambda: look(issue(), STALE, Repo("acme/shop", archived=True)),
    "a repository without issues": lambda: look(issue(), STALE, Repo("acme/shop", has_issues=False)),
    "an invalid configuration": lambda: look(
        issue(),
        InvalidConfig(
            (Problem("a", "this is wrong", "because", "mend it", Where("c.yml", 1, 2, "a.b")), Problem("b", "and that"))
        ),
    ),
    "an invalid configuration without a place": lambda: look(
        issue(), InvalidConfig((Problem("a", "this is wrong"),), file="c.yml")
    ),
    "an invalid configuration without a problem": lambda: look(issue(), InvalidConfig((), file="c.yml")),
    "no configuration": lambda: unconfigured_plan("c.yml"),
}


def written() -> str:
    parts = []
    for name, plan in PLANS.items():
        made = plan()
        parts.append(f"=== {name}\n")
        parts += [f"{line}\n" for line in plan_in_words(made)]
        parts += [f"{effect_data(effect)}\n" for effect in made.effects]
        parts += [
            f"{decision.rule} is about {decision.subject}: {decision.before} → {decision.after}\n"
            for decision in made.decisions
            if decision.rule != "config"
        ]
    return "".join(parts)


def test_every_sentence_is_the_one_that_was_read() -> None:
    if os.environ.get("TASSIST_WRITE_GOLDEN"):
        GOLDEN.write_text(written())

    assert written() == GOLDEN.read_text()
