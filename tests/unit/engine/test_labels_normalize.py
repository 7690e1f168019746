"""`labels.normalize` as its help says."""

from __future__ import annotations

from engine.model import Repo
from engine.plan import AddLabels, RemoveLabels
from tests.support.engine import by_rule, config, everything, healing, issue, label, look, repo, track

KNOWN = config(
    tracks=(track("main", aliases=("codex-trackmain",)),),
    labels=(label("phase-1", aliases=("stage-1", "step-1")),),
    self_healing=healing(),
)


def test_a_former_name_is_replaced_by_the_declared_one() -> None:
    plan = look(issue("Codex-TrackMain"), KNOWN)

    assert plan.effects == (
        AddLabels(("track/main",), "labels.normalize", rules=("labels.normalize",)),
        RemoveLabels(("Codex-TrackMain",), "labels.normalize", rules=("labels.normalize",)),
    )
    decision = by_rule(plan, "labels.normalize")
    assert (decision.outcome, decision.before, decision.after) == ("applied", "Codex-TrackMain", "track/main")
    assert decision.reason == "Codex-TrackMain is a former name of track/main."
    assert decision.config == KNOWN.tracks[0].where
    assert by_rule(plan, "track.classify").outcome == "already"


def test_where_both_are_there_only_the_former_one_goes() -> None:
    plan = look(issue("phase-1", "stage-1"), KNOWN)

    assert [type(effect) for effect in plan.effects] == [RemoveLabels]
    assert by_rule(plan, "labels.normalize").before == "stage-1, phase-1"


def test_each_former_name_leaves_its_own_decision() -> None:
    plan = look(issue("step-1", "stage-1"), KNOWN)

    decisions = [decision for decision in plan.decisions if decision.rule == "labels.normalize"]
    assert [decision.outcome for decision in decisions] == ["applied", "applied"]
    assert plan.effects == (
        AddLabels(("phase-1",), "labels.normalize", rules=("labels.normalize",)),
        RemoveLabels(("step-1", "stage-1"), "labels.normalize", rules=("labels.normalize",) * 2),
    )


def test_h54_another_case_and_a_similar_name_are_left_alone() -> None:
    plan = look(issue("PHASE-1", "phase 1", "Track/Main"), KNOWN)

    assert plan.effects == ()
    assert by_rule(plan, "labels.normalize").outcome == "already"


def test_a_repository_that_has_only_the_former_name_is_left_for_the_rename() -> None:
    plan = look(issue("stage-1", "track/main"), KNOWN, repo(["stage-1", "track/main"]))

    assert (plan.effects, plan.outcome) == ((), "partial")
    decision = by_rule(plan, "labels.normalize")
    assert (decision.outcome, decision.before, decision.after) == ("skipped", "stage-1", "stage-1")
    assert decision.reason == (
        "stage-1 stays: the repository has phase-1 under its former name stage-1, which `tassist apply` renames."
    )


def test_a_full_issue_may_exchange_a_label() -> None:
    full = issue("stage-1", "track/main", *(f"l{number}" for number in range(98)))

    plan = look(full, KNOWN)

    assert [type(effect) for effect in plan.effects] == [RemoveLabels, AddLabels]


def test_switched_off_is_skipped() -> None:
    for section in (healing(enabled=False), healing(normalize_labels=False)):
        known = config(labels=KNOWN.labels, self_healing=section)
        plan = look(issue("stage-1"), known, everything(known))
        assert plan.effects == ()
        assert by_rule(plan, "labels.normalize").outcome == "skipped"


def test_without_healing_or_former_names_it_is_not_configured() -> None:
    assert "labels.normalize" in look(issue(), config(labels=KNOWN.labels)).not_configured
    assert "labels.normalize" in look(issue(), config(labels=(label("a"),), self_healing=healing())).not_configured


def test_a_former_name_that_is_declared_again_is_a_label_of_its_own() -> None:
    known = config(labels=(label("new", aliases=("old", "older")), label("old")), self_healing=healing())

    assert look(issue("old"), known).effects == ()


def test_nothing_is_read_to_take_a_former_name_off() -> None:
    plan = look(issue("phase-1", "stage-1", "track/main"), KNOWN, Repo("acme/shop"))

    assert [type(effect) for effect in plan.effects] == [RemoveLabels]
