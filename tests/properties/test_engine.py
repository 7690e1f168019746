"""What the engine promises for every configuration and every state, not for examples."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import view as views
from engine.config.types import Config, InvalidConfig
from engine.decide import decide, missing_facts, unconfigured_plan
from engine.draft import FactMissing
from engine.explain import plan_data, plan_in_words
from engine.model import Fact, Issue, Milestone, Repo, Trigger, fold
from engine.plan import AddLabels, CreateLabel, CreateMilestone, Plan, RemoveLabels, SetMilestone
from engine.problems import Problem
from tests.support.configs import LABELS, MILESTONES
from tests.support.engine import MANUAL
from tests.support.world import World
from tests.support.worlds import rich_configs, worlds

TRIGGERS = st.sampled_from(
    (
        MANUAL,
        Trigger("sweep"),
        Trigger("delivery", "issues", "labeled", "guid", "ann", 1),
        Trigger("delivery", "issue_comment", "created", "guid", "app", 2, by_app=True),
    )
)


def decided(world: World, config: Config | InvalidConfig, trigger: Trigger = MANUAL) -> Plan:
    return decide(trigger, world.issue, world.repo, config, world.time)


def apply(world: World, plan: Plan) -> None:
    for effect in plan.effects:
        world.write(effect)


def state(world: World) -> tuple[object, ...]:
    milestone = world.issue.milestone.title if world.issue.milestone else None
    return (frozenset(map(fold, world.issue.labels)), milestone, world.issue.state, tuple(world.comments))


@given(worlds(), rich_configs(), TRIGGERS)
def test_equal_inputs_give_equal_plans(world: World, config: Config, trigger: Trigger) -> None:
    first = decided(world, config, trigger)
    views._VIEWS.clear()
    second = decided(deepcopy(world), deepcopy(config), trigger)

    assert first == second
    assert repr(first) == repr(second)
    assert plan_in_words(first) == plan_in_words(second)
    assert plan_data(first) == plan_data(second)


_IN_ANOTHER_PROCESS = """
import hashlib, pickle, sys
from engine.decide import decide
from tests.support.engine import MANUAL
cases = pickle.load(open(sys.argv[1], "rb"))
plans = [decide(MANUAL, world.issue, world.repo, config, world.time) for world, config in cases]
print(hashlib.sha256(repr(plans).encode()).hexdigest())
"""


def test_another_process_with_other_hashes_gives_the_same_bytes(tmp_path: Path, project_root: Path) -> None:
    cases: list[tuple[World, Config]] = []

    @settings(derandomize=True, max_examples=60, database=None)
    @given(worlds(), rich_configs(enforcement=True))
    def collect(world: World, config: Config) -> None:
        cases.append((deepcopy(world), config))

    collect()
    here = hashlib.sha256(repr([decided(world, config) for world, config in cases]).encode()).hexdigest()
    path = tmp_path / "cases"
    path.write_bytes(pickle.dumps(cases))

    for seed in ("0", "1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", _IN_ANOTHER_PROCESS, str(path)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(project_root)},
            capture_output=True,
            text=True,
            check=True,
            cwd=project_root,
        )
        assert done.stdout.strip() == here


@given(worlds(), rich_configs(), TRIGGERS)
def test_applying_a_plan_and_deciding_again_gives_no_effects(world: World, config: Config, trigger: Trigger) -> None:
    apply(world, decided(world, config, trigger))

    again = decided(world, config, trigger)

    assert again.effects == ()
    assert not [decision for decision in again.decisions if decision.outcome == "applied"]


@given(worlds(managed=True), rich_configs(enforcement=True))
def test_a_run_that_is_killed_between_two_effects_ends_in_the_same_state(world: World, config: Config) -> None:
    whole = deepcopy(world)
    plan = decided(whole, config)
    apply(whole, plan)

    kinds = [type(effect) for effect in plan.effects]
    for killed_after in range(len(plan.effects)):
        torn = deepcopy(world)
        for effect in plan.effects[:killed_after]:
            torn.write(effect)
        apply(torn, decided(torn, config))
        if kinds[killed_after - 1 : killed_after + 1] == [RemoveLabels, AddLabels]:
            # On an issue full of labels the old one goes first. Killed just then, another rule may take its place.
            assert decided(torn, config).effects == ()
        else:
            assert state(torn) == state(whole)


@given(worlds(), rich_configs(), TRIGGERS)
def test_nothing_is_written_that_changes_nothing_and_each_field_once(
    world: World, config: Config, trigger: Trigger
) -> None:
    before = deepcopy(world)
    plan = decided(world, config, trigger)
    apply(world, plan)

    kinds = Counter(type(effect) for effect in plan.effects)
    assert all(count == 1 for kind, count in kinds.items() if kind is not CreateLabel)
    touched = [
        fold(name) for effect in plan.effects if isinstance(effect, AddLabels | RemoveLabels) for name in effect.names
    ]
    assert len(touched) == len(set(touched))
    for effect in plan.effects:
        if isinstance(effect, AddLabels | RemoveLabels):
            assert effect.names
            assert len(effect.rules) == len(effect.names)
        if isinstance(effect, AddLabels):
            assert not any(before.issue.has_label(name) for name in effect.names)
        if isinstance(effect, RemoveLabels):
            assert all(before.issue.has_label(name) for name in effect.names)
        if isinstance(effect, SetMilestone):
            assert before.issue.milestone is None or before.issue.milestone.title != effect.title
        if isinstance(effect, CreateLabel):
            assert world.issue.has_label(effect.name)
        if isinstance(effect, CreateMilestone):
            assert world.issue.milestone is not None
            assert world.issue.milestone.title == effect.title
    assert bool(plan.effects) == any(decision.outcome == "applied" for decision in plan.decisions)
    assert (plan.reason is None) == (plan.outcome == "success")


@given(worlds(), rich_configs(), TRIGGERS)
def test_what_the_configuration_does_not_name_is_untouched(world: World, config: Config, trigger: Trigger) -> None:
    plan = decided(world, config, trigger)
    prepared = views.view(config)
    groups = [group for group in prepared.groups if group.mode == "enforce"]
    declared = set(prepared.declared)
    for effect in plan.effects:
        if isinstance(effect, AddLabels | CreateLabel):
            names = effect.names if isinstance(effect, AddLabels) else (effect.name,)
            assert {fold(name) for name in names} <= declared
        if isinstance(effect, RemoveLabels):
            for name in map(fold, effect.names):
                assert (
                    name in prepared.flags
                    or name in prepared.alias_of
                    or name in prepared.track_by_label
                    or any(group.members([name]) for group in groups)
                )
        if isinstance(effect, SetMilestone) and world.issue.milestone is not None:
            assert prepared.manages_milestone(world.issue.milestone.title)
        if isinstance(effect, CreateMilestone):
            assert effect.title in prepared.milestones


@given(worlds(), rich_configs(enforcement=False))
def test_without_enforcement_nothing_is_written(world: World, config: Config) -> None:
    plan = decided(world, config)

    assert plan.effects == ()
    assert not [decision for decision in plan.decisions if decision.outcome == "applied"]
    allowed = replace(config, enforcement=None, self_healing=None, stale=None, inheritance=None)
    assert decided(world, allowed).effects == ()


@given(worlds(), TRIGGERS, st.integers(0, 3))
def test_an_invalid_configuration_blocks(world: World, trigger: Trigger, count: int) -> None:
    problems = tuple(Problem(f"p{number}", f"wrong {number}") for number in range(count))

    plan = decided(world, InvalidConfig(problems), trigger)

    assert (plan.effects, plan.outcome, plan.problems) == ((), "blocked", problems)
    assert [decision.outcome for decision in plan.decisions] == ["blocked"]


@given(worlds(), rich_configs(), TRIGGERS)
def test_every_rule_leaves_a_decision_or_is_named_as_not_configured(
    world: World, config: Config, trigger: Trigger
) -> None:
    plan = decided(world, config, trigger)

    decided_rules = {decision.rule for decision in plan.decisions}
    assert decided_rules.isdisjoint(plan.not_configured)
    assert set(unconfigured_plan("").not_configured) <= decided_rules | set(plan.not_configured)
    assert all(decision.reason.endswith(".") for decision in plan.decisions)


def strip(issue: Issue, repo: Repo, facts: tuple[Fact, ...]) -> tuple[Issue, Repo]:
    if Fact.TIMELINE not in facts:
        issue = replace(issue, timeline=None)
    if Fact.PARENT not in facts:
        issue = replace(issue, parent=None, parent_read=False)
    return issue, replace(
        repo,
        labels=repo.labels if Fact.REPO_LABELS in facts else None,
        milestones=repo.milestones if Fact.REPO_MILESTONES in facts else None,
    )


@given(worlds(), rich_configs(), st.sampled_from((MANUAL, Trigger("sweep"))))
def test_the_facts_that_are_asked_for_are_enough_and_each_is_asked_for_once(
    world: World, config: Config, trigger: Trigger
) -> None:
    facts: tuple[Fact, ...] = ()
    while missing := missing_facts(trigger, *strip(world.issue, world.repo, facts), config, world.time):
        with pytest.raises(FactMissing):
            decide(trigger, *strip(world.issue, world.repo, facts), config, world.time)
        assert not set(missing) & set(facts)
        facts = (*facts, *missing)

    some = decide(trigger, *strip(world.issue, world.repo, facts), config, world.time)
    everything = decided(world, config, trigger)

    assert some.effects == everything.effects
    assert (some.outcome, some.not_configured) == (everything.outcome, everything.not_configured)
    outcomes = [(decision.rule, decision.outcome) for decision in some.decisions]
    assert outcomes == [(decision.rule, decision.outcome) for decision in everything.decisions]


EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("label"), st.sampled_from(LABELS)),
        st.tuples(st.just("unlabel"), st.sampled_from(LABELS)),
        st.tuples(st.just("milestone"), st.sampled_from(MILESTONES)),
        st.tuples(st.just("comment"), st.just("")),
        st.tuples(st.just("close"), st.just("")),
        st.tuples(st.just("reopen"), st.just("")),
    ),
    max_size=6,
)


def edit(world: World, what: str, name: str) -> None:
    """What a person does, as far as it is possible just then."""
    world.time += timedelta(seconds=1)
    if what == "label" and len(world.issue.labels) < 100:
        world.add_labels(name)
    elif what == "unlabel" and world.issue.has_label(name):
        world.remove_labels(name)
    elif what == "milestone":
        world.set_milestone(world.repo.milestone(name) or Milestone(0, name) if world.repo.milestone(name) else None)
    elif what in {"close", "reopen"}:
        world.issue = replace(world.issue, state="closed" if what == "close" else "open")


@given(worlds(managed=True), rich_configs(enforcement=True), EDITS, st.data())
def test_h24_any_order_duplication_and_loss_of_deliveries_then_one_look_gives_the_same_state(
    world: World, config: Config, edits: list[tuple[str, str]], data: st.DataObject
) -> None:
    for what, name in edits:
        edit(world, what, name)
    once = deepcopy(world)
    apply(once, decided(once, config))

    arrived = data.draw(st.lists(TRIGGERS, max_size=6))
    for trigger in arrived:
        apply(world, decided(world, config, trigger))
    apply(world, decided(world, config))

    assert state(world) == state(once)


@given(worlds(managed=True), rich_configs(enforcement=True), EDITS, st.data())
def test_looks_between_a_persons_edits_leave_a_state_that_needs_nothing(
    world: World, config: Config, edits: list[tuple[str, str]], data: st.DataObject
) -> None:
    for what, name in edits:
        edit(world, what, name)
        if data.draw(st.booleans()):
            apply(world, decided(world, config, data.draw(TRIGGERS)))
    plan = decided(world, config)
    apply(world, plan)

    assert decided(world, config).effects == ()
    if world.issue.state == "open" and plan.outcome == "success":
        for group in views.view(config).groups:
            if group.mode == "enforce":
                members = group.members(map(fold, world.issue.labels))
                assert len(members) <= 1
