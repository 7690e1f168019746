"""A plan is pure: steps in order with their inverses, a configuration whose every line has a source, and nobody's work undone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from engine.config import Config, parse
from engine.model import Issue, Label, Milestone
from engine.problems import ProblemError
from migrations.audit.run import audit
from migrations.model import Recorded, Snapshot, TextFile
from migrations.plan import Plan, Step, Wishes, drift, from_data, generate, lines, markdown, plan, to_data
from migrations.plan.model import ORDER
from migrations.plan.vocabulary import new_name, track_id, variable
from tests.support import family

LEGACY = {
    ".github/workflows/sync.yml": family.SYNC, ".github/workflows/build.yml": family.BUILD,
}  # fmt: skip
LABELS = ("codex", "codex-trackmain", "needs-attention", "bug")
VARIABLES = {"CODEX_MAIN_MILESTONE": "1", "CODEX_MAIN_STALE_DAYS": "3", "CODEX_MAIN_ESCALATION_DAYS": "7"}


def shop(
    *labels: str, variables: Mapping[str, str] | None = VARIABLES, issues: tuple[Issue, ...] = (),
    files: Mapping[str, str] = LEGACY, **more: object,
) -> Snapshot:  # fmt: skip
    return Snapshot(
        "octo/app", "x", issues=issues, labels=tuple(Label(name, color="1d76db") for name in labels or LABELS),
        milestones=(Milestone(1, "Autumn"), Milestone(2, "Winter", state="closed")), variables=variables,
        workflows=tuple(TextFile(path, text.encode(), state="active") for path, text in sorted(files.items())), **more,  # type: ignore[arg-type]  # named by the test
    )  # fmt: skip


def made(snapshot: Snapshot, wishes: Wishes | None = None, *, has_config: bool = False) -> Plan:
    return plan(snapshot, audit(snapshot), wishes or Wishes(), has_config=has_config)


def parsed(text: str) -> Config:
    found = parse(text)
    assert isinstance(found, Config), found
    return found


TESTED = family.issue(5, "codex", "codex-selftest")


def test_steps_stand_in_their_order_each_with_its_inverse() -> None:
    snapshot = shop(
        *LABELS, "codex-tracksite", "track/site", issues=(TESTED, family.issue(6, "codex-tracksite")),
        telemetry=(Recorded("a.json", b"{}"),),
    )  # fmt: skip

    found = made(snapshot, Wishes(close_self_tests=True))

    kinds = [step.kind for step in found.steps]
    assert kinds == sorted(kinds, key=ORDER.index)
    assert set(kinds) == set(ORDER), "every sort of step there is"
    assert len({step.id for step in found.steps}) == len(found.steps)
    assert all(step.what and step.inverse for step in found.steps)
    assert (found.cut_over or Step("cut-over", "", "", "")).before["files"].keys() == {".github/workflows/sync.yml"}
    assert set(found.untouched) == {".github/workflows/build.yml"}
    assert found == made(snapshot, Wishes(close_self_tests=True)), "pure"
    assert from_data(json.loads(json.dumps(to_data(found)))) == found


def test_every_line_of_the_configuration_says_where_it_is_from() -> None:
    text = generate(shop()).text

    config = parsed(text)
    assert [(track.label, track.aliases, track.milestone) for track in config.tracks] == [
        ("track/main", ("codex-trackmain",), "Autumn")
    ]
    assert "milestone: Autumn  # CODEX_MAIN_MILESTONE" in text
    assert "# CODEX_MAIN_STALE_DAYS, CODEX_MAIN_ESCALATION_DAYS" in text
    assert config.stale
    assert (config.stale.thresholds.days_until_stale, config.stale.thresholds.days_until_escalated) == (3, 7)


CASES: dict[str, tuple[Snapshot, str]] = {
    "variables that could not be read": (shop(variables=None), "variables could not be read"),
    "a closed milestone": (shop(variables={**VARIABLES, "CODEX_MAIN_MILESTONE": "2"}), "names a milestone that is closed"),
    "a milestone that is not there": (shop(variables={**VARIABLES, "CODEX_MAIN_MILESTONE": "9"}), "does not exist"),
    "no number of days": (shop(variables={**VARIABLES, "CODEX_MAIN_STALE_DAYS": "soon"}), "is no number of days: 'soon'"),
    "escalated before stale": (shop(variables={**VARIABLES, "CODEX_MAIN_ESCALATION_DAYS": "2"}), "not later than it becomes stale"),
    "no thresholds": (shop(variables={}), "nothing becomes stale"),
    "a track without a threshold": (shop(*LABELS, "codex-tracksite"), "track site has no threshold of its own"),
    "no workflow": (shop(files={}), "no legacy automation was found"),
    "one that cannot be read": (shop(files={**LEGACY, ".github/workflows/x.yml": "a: &x [*x"}), "1 workflow could not be read and stays"),
    "self-tests that stay open": (shop(issues=(TESTED,)), "1 issue of the self-test is open; --close-self-tests closes it"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_a_person_should_know_first_is_said(case: str) -> None:
    snapshot, words = CASES[case]

    found = made(snapshot)

    assert [note for note in found.notes if words in note], found.notes
    parsed(found.config)
    assert any(words in line for line in lines(found))


def test_with_a_configuration_of_its_own_the_new_is_on_and_only_legacy_goes() -> None:
    found = made(shop(), has_config=True)
    nothing = made(shop(files={}), has_config=True)

    assert found.cut_over
    assert found.cut_over.after["config"] == ""
    assert nothing.cut_over is None


def test_what_cannot_be_planned_is_refused_by_name() -> None:
    for snapshot, code in (
        (replace(shop(), labels=None), "snapshot-too-small"),
        (replace(shop(), repo=""), "repository-unknown"),
    ):
        with pytest.raises(ProblemError) as caught:
            made(snapshot)
        assert [problem.code for problem in caught.value.problems] == [code]
    with pytest.raises(ProblemError):
        made(shop(), Wishes(config="tracks: 5\n"))


@pytest.mark.parametrize(
    "spoil", [{"format": "other/9"}, {"steps": [{"kind": "erase"}]}, {"untouched": 3}, {"repo": None, "steps": 1}]
)
def test_a_file_that_is_no_plan_is_refused(spoil: dict[str, object]) -> None:
    with pytest.raises(ProblemError) as caught:
        from_data({**to_data(made(shop())), **spoil})
    assert caught.value.problems[0].code == "plan-form"


def test_every_drift_is_named() -> None:
    was = made(shop(issues=(family.issue(1, "codex-trackmain"),)))
    now = made(shop("codex", "bug", variables={}))

    said = " ".join(drift(was, now))

    assert drift(was, was) == []
    assert "codex-trackmain" in said
    assert "the configuration would be generated differently now" in said


def test_the_pull_requests_body_shows_each_step_and_never_lets_a_name_break_out() -> None:
    odd = shop(*LABELS, "codex-track|`x`<img src=x>")

    text = markdown(made(odd), "evidence")

    assert "| step | back |" in text
    assert "evidence" in text
    assert "<img" not in text


def test_words_of_the_vocabulary() -> None:
    assert [track_id(name) for name in ("codex-trackmain", "track/Site", "fasttrack", "sidetracks")] == [
        "main",
        "site",
        "",
        "",
    ]
    assert [new_name(name) for name in ("codex-trackmain", "Needs-Attention", "bug")] == [
        "track/main",
        "state/stale",
        "bug",
    ]
    assert variable({"A_MAIN_DAYS_STALE": " 3 ", "MAINTAIN_STALE": "1"}, "MAIN", "STALE") == ("A_MAIN_DAYS_STALE", "3")
