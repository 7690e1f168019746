"""The record: its fields, its form, and what is never in it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model import Issue, IssueRef, Trigger
from engine.plan import AddLabels, CloseIssue, CreateLabel, CreateMilestone, Decision, Effect, PostComment
from engine.ports import Applied, RunResult
from engine.problems import Problem
from tassist.telemetry import around
from tassist.telemetry.encode import MAX_TEXT
from tassist.telemetry.parts import stamp
from tassist.telemetry.record import run_record
from tassist.telemetry.shape import NO_REPO, Change
from tests.support.records import BODY, NOON, TITLE, full_result, full_trigger

REQUIRED = [
    "schema_version",
    "event_id",
    "run_id",
    "event_type",
    "timestamp",
    "repo",
    "issue_number",
    "applied_rules",
    "changes_made",
    "outcome",
    "reason",
]


def made(result: RunResult | None = None, **options: Any) -> dict[str, Any]:
    options = {"trigger": full_trigger(), "run_id": "run-1", **options}
    found: dict[str, Any] = json.loads(run_record(result or full_result(), **options))
    return found


def test_a_run_record_has_every_required_field_first_and_in_order() -> None:
    assert list(made())[: len(REQUIRED)] == REQUIRED


def test_required_fields_are_there_even_where_they_say_nothing() -> None:
    record = made(RunResult(IssueRef("a/b", 1), "success", None, finished=NOON))

    assert [record[name] for name in REQUIRED[6:]] == [1, [], [], "success", None]


def test_a_run_record_tells_what_happened() -> None:
    record = made(delivery_ids=["d-1", "d-2", "d-1"], received=NOON - timedelta(seconds=1))

    assert record["timestamp"] == "2026-03-01T12:00:00.250Z"
    assert (record["repo"], record["repo_id"], record["issue_number"]) == ("acme/orbit", 900, 42)
    assert record["changes_made"] == [
        {"field": "labels", "before": "track/b", "after": None, "rule": "exclusivity.track"},
        {"field": "labels", "before": "track/ü", "after": None, "rule": "exclusivity.track"},
    ]
    assert record["applied_rules"] == ["exclusivity.track"], "the milestone's only effect failed"
    assert record["decisions"][0]["config_key"] == "enforcement.exclusivity.track"
    assert record["decisions"][0]["config_line"] == 12
    assert [decision["outcome"] for decision in record["decisions"]] == ["applied", "applied", "already"]
    assert record["not_configured"] == ["stale", "inheritance"]
    assert record["trigger"] == {
        "kind": "delivery",
        "event": "issues",
        "action": "labeled",
        "delivery_id": "d-2",
        "delivery_ids": ["d-1", "d-2"],
        "sender": "mona",
        "sender_id": 7,
    }
    assert record["state"]["labels"] == ["track/a", "phase-1"]
    assert (record["state"]["milestone"], record["state"]["state"], record["state"]["track"]) == (
        "Phase 1",
        "open",
        "sprint",
    )
    assert record["timing"] == {
        "received": "2026-03-01T11:59:59.250Z",
        "started": "2026-03-01T12:00:00.210Z",
        "finished": "2026-03-01T12:00:00.250Z",
        "reads": 1,
        "writes": 3,
    }
    assert record["error"]["code"] == "milestone-refused"


def test_the_event_id_is_made_from_the_run_so_that_a_crash_cannot_double_it() -> None:
    first = made(run_id="run-1")
    again = made(replace(full_result(), finished=NOON + timedelta(hours=1)), run_id="run-1")

    assert first["event_id"] == again["event_id"] != made(run_id="run-2")["event_id"]


def test_equal_runs_give_equal_bytes() -> None:
    assert run_record(full_result(), trigger=full_trigger(), run_id="r") == run_record(
        full_result(), trigger=full_trigger(), run_id="r"
    )


def test_titles_only_where_they_are_wanted_and_bodies_never() -> None:
    quoting = full_result(text=f"matches {TITLE!r} and {BODY!r}")

    silent = run_record(quoting, trigger=full_trigger(), run_id="r").decode()
    open_ = run_record(quoting, trigger=full_trigger(), run_id="r", include_titles=True).decode()

    assert TITLE not in silent
    assert BODY not in silent + open_
    assert json.loads(open_)["state"]["title"] == TITLE
    assert "[title]" in silent
    assert "[body]" in silent


CANARIES = [
    "ghs_" + "A1b2" * 9,
    "github_pat_" + "Zz9" * 12,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIcanary\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIcut-off",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NSJ9.c2lnbmF0dXJl",
    "https://user:hunter2secret@example.test/x",
    'a literal "secret"\\with escapes',
]


@pytest.mark.parametrize("canary", CANARIES, ids=range(len(CANARIES)))
def test_h74_no_secret_reaches_a_record_in_any_field(canary: str) -> None:
    problem = Problem("x", what=canary, why=f"because {canary}", fix=canary)
    result = replace(
        full_result(text=f"reason {canary} goes on"),
        reason=canary,
        problems=(problem, problem),
        config_digest=canary,
        not_configured=(canary,),
        issue=Issue(IssueRef("a/b", 1), title=canary, labels=(canary, "x" * (MAX_TEXT - 20) + " " + canary)),
        applied=(Applied(AddLabels((canary,), rule=canary), changed=True),),
    )
    trigger = Trigger("delivery", canary, canary, delivery_id=canary, sender=canary)

    line = run_record(
        result,
        trigger=trigger,
        run_id="r",
        delivery_ids=[canary],
        include_titles=True,
        secrets=[CANARIES[-1]],
    ).decode()

    read = json.dumps(json.loads(line), ensure_ascii=False)
    for telltale in ("A1b2A1b2", "Zz9Zz9", "MIIcanary", "MIIcut", "hunter2secret", "c2lnbmF0", "a literal"):
        assert telltale not in read
    assert "***" in read


HOSTILE = "\x1b[2J\x9b\x7f\x85\u2028\u2029\u202e\u200d\U000e0041\r\n\x00 =1+1 </script> \ud800 é 漢"


def test_h71_a_hostile_label_is_one_line_for_every_reader_and_acts_on_none() -> None:
    result = replace(full_result(), issue=Issue(IssueRef("a/b", 1), labels=(HOSTILE,)))

    text = run_record(result, trigger=full_trigger(), run_id="r").decode()

    assert text.splitlines() == [text]
    assert not any(char in text for char in "\x1b\x9b\x7f\x85\u2028\u202e\u200d\U000e0041\r\n\x00")
    assert json.loads(text)["state"]["labels"] == [HOSTILE.replace("\ud800", "?")]


@settings(max_examples=60, deadline=None)
@given(labels=st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=5), reason=st.text(max_size=60))
def test_any_text_comes_back_as_it_was(labels: list[str], reason: str) -> None:
    result = RunResult(
        IssueRef("a/b", 1), "partial", reason, issue=Issue(IssueRef("a/b", 1), labels=tuple(labels)), finished=NOON
    )

    line = run_record(result, trigger=full_trigger(), run_id="r")

    assert b"\n" not in line
    assert line.decode().splitlines() == [line.decode()]
    assert json.loads(line)["state"]["labels"] == labels


def test_h16_a_nul_in_a_title_is_kept() -> None:
    record = made(full_result(title="a\x00b is twelve long"), include_titles=True)

    assert record["state"]["title"] == "a\x00b is twelve long"


def test_h17_a_run_without_issue_sender_or_times_is_recorded() -> None:
    result = RunResult(IssueRef("a/b", 0), "failed", None, problems=(Problem("gone", "the issue is gone"),))

    record = made(result, trigger=Trigger("sweep"), recorded=NOON)

    assert (record["outcome"], record["reason"], record["issue_number"]) == ("failed", "the issue is gone", None)
    assert "state" not in record


def test_what_is_too_long_is_cut() -> None:
    record = made(replace(full_result(), reason="x" * (MAX_TEXT * 2)))

    assert len(record["reason"]) == MAX_TEXT
    assert record["reason"].endswith("…")


def test_a_time_in_another_zone_is_recorded_in_utc() -> None:
    assert stamp(datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))) == "2025-12-31T23:00:00.000Z"


def test_every_effect_has_its_change() -> None:
    effects: list[Effect] = [
        CreateLabel("x", "", "ededed", rule="prepare"),
        CreateMilestone("M", "", None, rule="prepare"),
        PostComment("a body", "marker-1", rule="stale"),
        CloseIssue("not_planned", rule="stale"),
    ]
    result = replace(full_result(), applied=tuple(Applied(effect, changed=True) for effect in effects))

    assert [(change["field"], change["before"], change["after"]) for change in made(result)["changes_made"]] == [
        ("repo.labels", None, "x"),
        ("repo.milestones", None, "M"),
        ("comments", None, "marker-1"),
        ("state", "open", "closed"),
    ]


def test_a_name_that_is_no_repository_is_recorded_as_the_service_itself() -> None:
    assert made(replace(full_result(), ref=IssueRef("no slash", 1)))["repo"] == NO_REPO


def every_other_record() -> dict[str, bytes]:
    """One of each event type but `run` and `day_aggregate`, which `prune` makes."""
    problem = Problem("disk-full", "the disk is full", family="world")
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return {
        "delivery_recorded": around.delivery_recorded(trigger=full_trigger(), at=NOON, note="nothing listens to it"),
        "config_validated": around.config_validated(
            repo="a/b", run_id="r", config_digest="d", at=NOON, problems=(problem, problem), valid=False
        ),
        "repo_prepared": around.repo_prepared(
            repo="a/b",
            run_id="r",
            at=NOON,
            changes_made=[Change("repo.labels", None, "x", "prepare")],
        ),
        "sweep_finished": around.sweep_finished(
            repo="a/b", run_id="r", at=NOON, counts={"looked_at": 3}, started=start, problems=(problem,)
        ),
        "catch_up_finished": around.catch_up_finished(repo="a/b", run_id="r", at=NOON, counts={"lost": 0}),
        "issue_observed": around.issue_observed(Issue(IssueRef("a/b", 1)), source="snapshot", at=NOON),
        "run_undone": around.run_undone(ref=IssueRef("a/b", 1), run_id="u", undone="r", at=NOON),
        "migration_compared": around.migration_compared(repo="a/b", run_id="r", at=NOON, counts={"same": 3}),
        "migration_step": around.step_record("migration_step", step="apply", run_id="r", at=NOON, repo="a/b"),
        "setup_step": around.step_record("setup_step", step="app", run_id="r", at=NOON, problems=(problem,)),
        "sink_failure": around.sink_failure(sink="jsonl", at=NOON, problem=problem, waiting=3),
        "records_lost": around.records_lost(sink="jsonl", at=NOON, first_seq=1, lost=3, reason="the bound was hit"),
    }


@pytest.mark.parametrize(("event_type", "line"), every_other_record().items(), ids=list(every_other_record()))
def test_records_of_other_types_have_the_required_fields(event_type: str, line: bytes) -> None:
    record = json.loads(line)

    assert record["event_type"] == event_type
    assert list(record)[: len(REQUIRED)] == REQUIRED
    assert (record["reason"] is None) == (record["outcome"] == "success")


def test_an_event_recorded_twice_has_one_id() -> None:
    assert every_other_record() == every_other_record()
    ids = [json.loads(line)["event_id"] for line in every_other_record().values()]
    assert len(set(ids)) == len(ids)


def test_a_decision_of_an_unknown_kind_is_left_out_rather_than_failing_the_run() -> None:
    record = made(replace(full_result(), decisions=(object(), Decision("r", "issue", "skipped", "no"))))

    assert [decision["rule"] for decision in record["decisions"]] == ["r"]
