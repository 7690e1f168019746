"""The model of actions/stale decides as its documentation and its source say, and leaves unknown only what no record tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine.model import Issue, IssueRef, Label, Milestone, TimelineEvent
from migrations.audit.document import read_document
from migrations.audit.facts import gather
from migrations.compare import judge
from migrations.compare.cases import cases
from migrations.legacy import stale_action
from migrations.legacy.component import Says, World
from migrations.legacy.recognise import recognise, world_of
from migrations.legacy.stale_action import StaleAction
from migrations.model import Comparison, Snapshot, TextFile
from migrations.plan.config import generate
from tassist.services.migrate.diff import compared
from tests.support import family

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOT = "github-actions[bot]"


def workflow(version: str = "v9", **inputs: Any) -> str:
    given = "".join(f"          {name.replace('_', '-')}: {value}\n" for name, value in inputs.items())
    return (
        "on: {schedule: [{cron: 30 1 * * *}]}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
        f"      - uses: actions/stale@{version}\n" + (f"        with:\n{given}" if given else "")
    )


def at(days: float) -> datetime:
    return NOW - timedelta(days=days)


def issue(*labels: str, updated: float = 0, created: float = 300, events: Any = (), **fields: Any) -> Issue:
    title = fields.pop("milestone", None)
    return Issue(
        IssueRef("o/r", fields.pop("number", 1)), "t", labels=labels, created_at=at(created), updated_at=at(updated), timeline=events,
        milestone=Milestone(1, title) if title else None, parent_read=True, **fields,
    )  # fmt: skip


def marked(days: float) -> TimelineEvent:
    return TimelineEvent("labeled", at(days), label="Stale", actor=BOT)


def did(kind: str, days: float, actor: str = "ann", **fields: Any) -> TimelineEvent:
    return TimelineEvent(kind, at(days), actor=actor, **fields)


def model(version: str = "v9", **inputs: Any) -> StaleAction:
    facts = gather(read_document(TextFile(".github/workflows/a.yml", workflow(version, **inputs).encode())), {})
    (found,) = stale_action.recognise(facts, Snapshot("o/r", "x"))
    return found


def says(one: Issue, version: str = "v9", who: tuple[str, ...] | None = None, **inputs: Any) -> Says:
    return model(version, **inputs).decide(one, World(NOW, assigned=None if who is None else {1: who}))


MARKS, UNMARKS, CLOSES = "+Stale", "-Stale", "state: closed"
THERE: dict[str, Any] = {"events": (marked(10),), "updated": 10}
CASES: dict[str, tuple[Issue, dict[str, Any], str, list[str]]] = {
    "by its defaults, 60 days": (issue(updated=60.1), {}, "marked", [MARKS]),
    "one hour before": (issue(updated=59.95), {}, "fresh", []),
    "half a day counts": (issue(updated=0.6), {"days_before_stale": 0.5}, "marked", [MARKS]),
    "issues have days of their own": (issue(updated=10), {"days_before_stale": 99, "days_before_issue_stale": 9}, "marked", [MARKS]),
    "pull requests too": (issue(updated=10, is_pull_request=True), {"days_before_issue_stale": 9}, "fresh", []),
    "and labels": (issue(updated=70, is_pull_request=True), {"stale_pr_label": "old"}, "marked", ["+old"]),
    "never by -1": (issue(updated=500), {"days_before_stale": -1}, "never marks", []),
    "a closed one": (issue(updated=500, state="closed"), {}, "closed", []),
    "a locked one": (issue(updated=500, locked=True), {}, "locked", []),
    "an exempt label, without case and accents": (issue("Épinglé", updated=500), {"exempt_issue_labels": "'x, epingle'"}, "exempt label", []),
    "that of pull requests is another's": (issue("p", updated=500), {"exempt_pr_labels": "p"}, "marked", [MARKS]),
    "an exempt milestone": (issue(updated=500, milestone="Later"), {"exempt_milestones": "later"}, "exempt milestone", []),
    "every milestone": (issue(updated=500, milestone="x"), {"exempt_all_milestones": "true"}, "exempt milestone", []),
    "but not for issues": (issue(updated=500, milestone="x"), {"exempt_all_milestones": "true", "exempt_all_issue_milestones": "false"}, "marked", [MARKS]),
    "all of the labels": (issue("a", updated=500), {"only_labels": "'a,b'"}, "other labels", []),
    "all of them there": (issue("a", "B", updated=500), {"only_labels": "'a,b'"}, "marked", [MARKS]),
    "one of the labels": (issue("c", updated=500), {"any_of_labels": "'a,b'"}, "none of the labels", []),
    "its own list wins": (issue("c", updated=500), {"any_of_labels": "'a,b'", "any_of_issue_labels": "c"}, "marked", [MARKS]),
    "before the start": (issue(updated=500, created=501), {"start_date": "2026-01-01"}, "too old", []),
    "counted from the creation": (issue(updated=0, created=61), {"ignore_updates": "true"}, "marked", [MARKS]),
    "marked and closed at once": (issue(updated=70), {"days_before_close": 0}, "marked and closed", [MARKS, CLOSES]),
    "labels taken off with it": (issue("wip", updated=70), {"labels_to_remove_when_stale": "wip"}, "marked", [MARKS, "-wip"]),
    "closed after seven more": (issue("Stale", **THERE), {}, "closed by it", [CLOSES]),
    "with a label": (issue("Stale", **THERE), {"close_issue_label": "gone"}, "closed by it", ["+gone", CLOSES]),
    "not yet": (issue("stale", updated=6, events=(marked(6),)), {}, "waits", []),
    "never closed by -1": (issue("Stale", **THERE), {"days_before_issue_close": -1}, "never closes", []),
    "a comment takes it off": (issue("Stale", updated=5, events=(marked(10), did("commented", 5))), {}, "unmarked", [UNMARKS]),
    "a bot's does not, but the update does": (issue("Stale", updated=5, events=(marked(10), did("commented", 5, BOT))), {}, "unmarked", [UNMARKS]),
    "where updates do not count, a comment keeps it open": (
        issue("Stale", updated=9, events=(marked(10), did("commented", 9))), {"remove_stale_when_updated": "false"}, "waits", [],
    ),
    "and another update does not": (
        issue("Stale", updated=9, events=(marked(10), did("renamed", 9))), {"remove_stale_when_updated": "false"}, "closed by it", [CLOSES],
    ),
    "fifteen seconds are the same moment": (
        issue("Stale", updated=10 - 14 / 86_400, events=(marked(10), did("commented", 10, BOT))), {}, "closed by it", [CLOSES],
    ),
    "labels when it is fresh again": (
        issue("Stale", "old", updated=5, events=(marked(10), did("renamed", 5))),
        {"labels_to_add_when_unstale": "back", "labels_to_remove_when_unstale": "old"}, "unmarked", [UNMARKS, "-old", "+back"],
    ),
    "the close label of one that was opened again": (issue("gone"), {"close_issue_label": "gone"}, "fresh", ["-gone"]),
    "it only tries": (issue(updated=500), {"debug_only": "true"}, "fails", []),
    "a number that is none": (issue(updated=500), {"days_before_close": "soon"}, "fails", []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_decides_as_the_action_does(case: str) -> None:
    given, inputs, branch, writes = CASES[case]

    found = says(given, **inputs)

    assert (found.branch, [str(write) for write in found.writes], found.unknown) == (branch, writes, ())


def test_versions_differ_where_their_source_does() -> None:
    body_edited = issue("Stale", updated=8, events=(marked(10), did("commented", 20)))

    assert says(body_edited, "v9").branch == "unmarked"
    assert says(body_edited, "v10").branch == "closed by it", "an update that left no event is none from then on"
    pinned = says(body_edited, "28ca1036281a5e5922ead5184a1bbf96e5fc984e")
    assert [field for field, _ in pinned.unknown] == ["stale", "state"]
    assert "pinned by a commit" in pinned.unknown[0][1]
    assert says(issue(updated=70), "v3.0.19").branch == "never marks"
    assert says(issue(updated=70), "v3.0.19", stale_issue_message="hello").branch == "marked"


def test_who_is_assigned_is_known_from_the_present_or_from_the_history_or_not_at_all() -> None:
    everybody: dict[str, Any] = {"exempt_all_assignees": "true"}
    old, bare = issue(updated=70), issue(updated=70, events=None)

    assert says(bare, who=("ann",), **everybody).branch == "exempt assignee"
    assert says(bare, who=(), **everybody).branch == "marked"
    assert says(replace(old, timeline=(did("assigned", 70),)), **everybody).branch == "exempt assignee"
    assert says(replace(old, timeline=(did("assigned", 80), did("unassigned", 70))), **everybody).branch == "marked"
    assert says(old, exempt_assignees="ann").branch == "marked", "nobody ever was"
    unknown = says(bare, **everybody)
    assert unknown.unknown == (("stale", "the record does not tell who is assigned"),)
    assert says(replace(bare, updated_at=NOW), **everybody).branch == "fresh", (
        "either way nothing happens, so nothing is unknown"
    )
    assert says(bare, who=("Ann", "bob"), exempt_issue_assignees="ann").branch == "exempt assignee"
    assert says(bare, who=(), include_only_assigned="true").branch == "not assigned"


def test_what_no_record_tells_is_unknown_with_its_reason_and_only_where_it_matters() -> None:
    without = issue("Stale", updated=10, events=None)

    assert dict(says(without).unknown) == dict.fromkeys(
        ("stale", "state"), "the record does not tell what happened since it was marked"
    )
    assert says(issue("Stale", updated=3, events=None), remove_stale_when_updated="false").unknown == ()
    assert "issue's type" in says(issue(updated=70), only_issue_types="Bug").unknown[0][1]
    assert "draft" in says(issue(updated=70, is_pull_request=True), exempt_draft_pr="true").unknown[0][1]
    assert (
        "days-before-stale is computed" in says(issue(updated=1), days_before_stale="${{ inputs.days }}").unknown[0][1]
    )


def test_only_what_became_due_since_its_last_run_is_new() -> None:
    assert says(issue(updated=60.5)).is_new
    assert not says(issue(updated=61.5)).is_new
    assert says(issue("Stale", updated=7.5, events=(marked(7.5),))).is_new


# --- verdicts, issue by issue ---------------------------------------------------------------------------------------


def look(*issues: Issue, assigned: dict[int, tuple[str, ...]] | None = None, **inputs: Any) -> Comparison:
    given = {"stale_issue_message": "Nobody was here.", **inputs}
    snapshot = Snapshot(
        "o/r", "x", NOW, issues, assigned, (Label("Stale"), Label("pinned")), (),
        workflows=(TextFile(".github/workflows/stale.yml", workflow(**given).encode()),),
    )  # fmt: skip
    return compared(snapshot, family.config(generate(snapshot).text), today=date(2026, 3, 1)).comparison


def verdicts(comparison: Comparison) -> dict[str, tuple[str, str]]:
    return {
        f"{one.subject} {one.field}": (one.verdict, one.because)
        for one in comparison.differences
        if one.subject[0] == "#"
    }


COMMENT = did("commented", 3, BOT)


def test_a_repository_of_actions_stale_gets_verdicts_and_not_a_shrug() -> None:
    found = look(
        issue("pinned", number=1, updated=400, events=(did("commented", 400),)),
        issue(number=2, updated=60.5, events=(did("commented", 60.5),)),
        issue("Stale", number=3, updated=3, events=(did("commented", 64), COMMENT, marked(3))),
        issue(number=4, updated=2, events=(did("commented", 90), did("mentioned", 2))),
        issue("Stale", number=5, updated=2, events=(did("commented", 95), marked(30), did("mentioned", 2))),
        issue("Stale", number=6, updated=10, events=(did("commented", 90), marked(10))),
        issue("Stale", number=7, updated=10, events=(did("commented", 90), marked(10)), is_pull_request=True),
        exempt_issue_labels="pinned", exempt_pr_labels="pinned",
    )  # fmt: skip

    assert verdicts(found) == {
        "#4 label Stale": ("intended improvement", judge.REAL_ACTIVITY),
        "#5 state": ("intended improvement", judge.REAL_ACTIVITY),
        "#5 label Stale": ("legacy did nothing", "actions/stale declares it: the record shows that it was not done"),
        "#6 state": ("legacy did nothing", "actions/stale declares it: the record shows that it was not done"),
        "#7 state": ("legacy did nothing", "actions/stale declares it: the record shows that it was not done"),
    }  # fmt: skip
    assert not found.open
    rule = next(one for one in found.rules if one.rule.startswith("actions/stale"))
    assert rule.rule == "actions/stale (stale.yml)"
    assert any("at most 30 operations a run" in note for note in found.notes)


@pytest.mark.parametrize(
    ("given", "inputs", "field", "because"),
    [
        (issue(updated=70), {"only_labels": "question"}, "label Stale", "leaves it alone (other labels), and the engine marks it"),
        (issue(updated=60.5, is_pull_request=True), {"stale_pr_label": "old"}, "label old", judge.NO_PULLS),
        (issue(updated=70), {"exempt_all_assignees": "true"}, "label Stale", "leaves it alone (exempt assignee)"),
    ],
)  # fmt: skip
def test_what_is_not_taken_over_is_a_regression_where_it_matters(
    given: Issue, inputs: dict[str, Any], field: str, because: str
) -> None:
    found = look(replace(given, timeline=given.timeline or (did("assigned", 70),)), assigned={1: ("ann",)}, **inputs)

    open_ = {f"{one.field}": one.because for one in found.open if one.subject == "#1"}
    assert because in open_[field]


def test_every_branch_is_walked_by_generated_cases() -> None:
    inputs: dict[str, Any] = {
        "only_labels": "q", "any_of_labels": "k", "exempt_issue_labels": "pinned", "exempt_issue_milestones": "Later",
        "exempt_all_assignees": "true", "close_issue_label": "gone", "days_before_pr_close": -1, "stale_pr_label": "old",
        "start_date": "2025-03-01",
    }  # fmt: skip
    snapshot = Snapshot("o/r", "x", NOW, workflows=(TextFile(".github/workflows/a.yml", workflow(**inputs).encode()),))
    legacy = recognise(snapshot)
    (component,) = legacy.issues
    walked: dict[str, int] = {}
    for case in cases(snapshot, legacy, world_of(snapshot, NOW)):
        way = component.decide(case.issue, case.world).branch
        walked[way] = walked.get(way, 0) + 1

    settings = {"fails", "not assigned", "other type", "never marks", "marked and closed", "draft", "not known"}
    assert set(walked) == set(component.branches) - settings
    assert sum(walked.values()) < 10_000


def test_labeler_stays_and_says_so_instead_of_being_unknown() -> None:
    flow = "on: pull_request_target\njobs: {a: {steps: [{uses: actions/labeler@v5}]}}\n"
    snapshot = Snapshot("o/r", "x", NOW, (), workflows=(TextFile(".github/workflows/l.yml", flow.encode()),),
                        files=(TextFile(".github/labeler.yml", b"docs: docs/**\n"),))  # fmt: skip
    legacy = recognise(snapshot)

    assert legacy.unmodelled == ()
    rules = {one.rule: one for one in compared(snapshot, family.config(), today=date(2026, 3, 1)).comparison.rules}
    (rule,) = [one for name, one in rules.items() if name.startswith("actions/labeler")]
    assert rule.verdict == "same"
    assert "its workflow stays, to the byte: puts docs on a pull request by files docs/**" in rule.because
