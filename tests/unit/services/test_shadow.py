"""A shadow agrees where it would write nothing but new names; its days add up, and its record says each day once."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.config import Config, parse
from engine.model import Issue, IssueRef, Label, Milestone, Repo, TimelineEvent
from engine.plan import AddLabels, CreateLabel, Effect, RemoveLabels, SetMilestone
from engine.ports import Look
from engine.problems import ProblemError
from tassist.services.migrate import shadow
from tassist.services.migrate.agreement import emit_due
from tassist.services.migrate.progress import folder

CONFIG = """schema_version: "1.0"
tracks:
  - {id: main, label: track/main, aliases: [codex-trackmain], milestone: Autumn}
labels: [{name: state/stale, aliases: [needs-attention]}]
milestones: [{title: Autumn}]
enforcement: {exclusivity: {track: {mode: enforce, strategy: newest}}}
"""
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OLD = Issue(IssueRef("lena/shop", 1, 9), labels=("codex", "codex-trackmain"), milestone=Milestone(1, "Autumn"))


def config() -> Config:
    parsed = parse(CONFIG)
    assert isinstance(parsed, Config)
    return parsed


CASES: dict[str, tuple[tuple[Effect, ...], bool]] = {
    "nothing": ((), True),
    "a new name for the same label": (
        (
            CreateLabel("track/main", "", "ededed", "x"),
            AddLabels(("track/main",), "x"),
            RemoveLabels(("codex-trackmain",), "x"),
        ),
        True,
    ),
    "the new name beside the old one": ((AddLabels(("track/main",), "x"),), True),
    "another label": ((AddLabels(("state/stale",), "x"),), False),
    "a label less": ((RemoveLabels(("codex",), "x"),), False),
    "a milestone": ((SetMilestone("Winter", 2, "x"),), False),
}


@pytest.mark.parametrize("case", CASES)
def test_it_agrees_where_only_names_would_change(case: str) -> None:
    effects, agrees = CASES[case]

    judged = shadow.judge(OLD, effects, config(), "success", NOW)

    assert judged.agrees == agrees
    assert judged.milestone == ("Winter" if case == "a milestone" else "Autumn")
    assert "codex-trackmain" not in judged.labels


def test_it_looks_at_labels_under_their_new_names_so_that_it_does_not_hold_back() -> None:
    event = TimelineEvent("labeled", NOW, label="codex-trackmain")
    repo = Repo("lena/shop", labels=(Label("codex-trackmain"), Label("needs-attention"), Label("state/stale")))
    look = Look(replace(OLD, labels=("codex", "codex-trackmain", "track/main"), timeline=(event,)), repo)

    seen = shadow.as_renamed(look, shadow.new_names(config()))

    assert seen.issue.labels == ("codex", "track/main")
    assert [one.label for one in seen.issue.timeline or ()] == ["track/main"]
    assert [label.name for label in seen.repo.labels or ()] == ["track/main", "needs-attention", "state/stale"]


def test_days_add_up_and_the_last_look_of_a_day_counts(tmp_path: Path) -> None:
    made = shadow.start(tmp_path, "lena/shop", 9, CONFIG, 7, NOW)
    place = folder(tmp_path, "lena/shop")
    moments = [(NOW, ()), (NOW + timedelta(hours=1), CASES["a milestone"][0]), (NOW + timedelta(days=1), ())]
    for moment, effects in moments:
        judged = shadow.judge(OLD, effects, config(), "success", moment)
        with (place / shadow.RECORD).open("a") as file:
            file.write(json.dumps(asdict(judged)) + "\n")
    with (place / shadow.RECORD).open("a") as file:
        file.write('{"at": "2026-11-2')  # the power went

    found = shadow.days(shadow.judgements(place))
    said: set[tuple[int, str]] = set()
    lines: list[bytes] = []
    emitted = [emit_due(tmp_path, lines.append, NOW + timedelta(days=days), said) for days in (0, 1, 1, 2)]

    assert [(day.agree, day.differ) for day in found] == [(0, 1), (1, 0)]
    assert emitted == [0, 1, 0, 1]
    assert [json.loads(line)["counts"] for line in lines] == [{"agree": 0, "differ": 1}, {"agree": 1, "differ": 0}]
    assert json.loads(lines[0])["event_type"] == "migration_compared"
    assert made.until == NOW + timedelta(days=7)


def test_a_service_sees_a_shadow_that_begins_and_ends(tmp_path: Path) -> None:
    shadows = shadow.Shadows(tmp_path)
    before = shadows.of(9)
    shadow.start(tmp_path, "lena/shop", 9, CONFIG, 7, NOW)
    during = shadows.of(9)
    other = shadows.of(10)
    assert shadow.stop(tmp_path, "lena/shop")

    assert before is None
    assert during is not None
    assert during[1].repo == "lena/shop"
    assert other is None
    assert shadows.of(9) is None
    assert not shadow.stop(tmp_path, "lena/shop")


def test_a_shadow_with_an_invalid_configuration_or_name_is_refused(tmp_path: Path) -> None:
    for repo, text in (("lena/shop", "tracks: 7"), ("../..", CONFIG), ("lena", CONFIG)):
        with pytest.raises(ProblemError):
            shadow.start(tmp_path, repo, 9, text, 7, NOW)
