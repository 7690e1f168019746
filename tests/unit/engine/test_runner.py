"""A run through the ports: what is read, what is written, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from typing_extensions import override

from engine.config.parsing import DEFAULT_FILE
from engine.config.types import Config
from engine.draft import FactMissing
from engine.model import Fact, Issue, IssueRef, Milestone, Trigger
from engine.plan import AddLabels, CreateLabel, CreateMilestone, Decision, Effect, RemoveLabels, SetMilestone
from engine.ports import Applied, ConfigText, Gone, Look, Retry, RunResult
from engine.problems import Problem
from engine.runner import _file, _possible, consider, run
from tests.support.engine import MANUAL, NOW, REF, days_ago, issue, labeled, repo
from tests.support.world import World

CONFIG = """\
schema_version: "1.0"
tracks:
  - {id: main, label: track/main, default: true, milestone: Sprint 4}
  - {id: bug, label: track/bug}
labels: []
milestones: []
enforcement:
  exclusivity:
    track: {mode: enforce, strategy: newest}
self_healing: {enabled: true}
"""
DENIED = Problem("no-permission", "GitHub refused", family="auth")


async def ran(world: World, trigger: Trigger = MANUAL) -> RunResult:
    return await run(trigger, REF, reader=world, applier=world, clock=world)


async def test_an_issue_that_needs_nothing_is_read_once_and_nothing_else_is() -> None:
    world = World(issue("track/main", milestone=Milestone(1, "Sprint 4")), repo(), CONFIG)

    result = await ran(world)

    assert (result.outcome, result.reason, result.reads, result.writes) == ("success", None, 1, 0)
    assert (result.ref, result.config_valid, result.config_problems) == (REF, True, ())
    assert world.reads == [()]
    assert result.track == "main"
    assert (result.started, result.finished) == (NOW, NOW)
    assert result.config_digest.startswith("sha256:")


async def test_facts_are_read_when_a_rule_asks_for_them_and_kept() -> None:
    world = World(
        issue("track/main", "track/bug", timeline=labeled("track/bug", "track/main")),
        repo(milestones=["Sprint 4"]),
        CONFIG,
    )

    result = await ran(world)

    assert world.reads == [(), (Fact.TIMELINE,), (Fact.TIMELINE, Fact.REPO_MILESTONES)]
    assert [seen and seen.reads for seen in world.seen] == [None, 1, 2], "each look builds on the one before"
    assert result.reads == 6
    assert [type(effect) for effect in world.writes] == [RemoveLabels, SetMilestone]


async def test_labels_and_milestones_are_read_together_where_a_rule_asks_for_each() -> None:
    world = World(issue(), repo(labels=["track/main"], milestones=["Sprint 4"]), CONFIG)

    result = await ran(world)

    assert world.reads == [(), (Fact.REPO_LABELS, Fact.REPO_MILESTONES)]
    assert [type(effect) for effect in world.writes] == [AddLabels, SetMilestone]
    assert result.outcome == "success"


async def test_milestones_are_not_read_where_only_labels_are_asked_for() -> None:
    world = World(issue(milestone=Milestone(1, "Sprint 4")), repo(labels=["track/main"]), CONFIG)

    await ran(world)

    assert world.reads == [(), (Fact.REPO_LABELS,)]


async def test_effects_are_applied_in_order_and_the_issue_is_told_as_it_was_left() -> None:
    world = World(issue(), repo(), CONFIG)

    result = await ran(world)

    assert [type(effect) for effect in world.writes] == [CreateLabel, CreateMilestone, AddLabels, SetMilestone]
    assert (result.outcome, result.writes) == ("success", 4)
    assert result.issue is not None
    assert result.issue.labels == ("track/main",) == world.issue.labels
    assert result.issue.milestone is not None
    assert result.issue.milestone.title == "Sprint 4"
    assert result.track == "main"


async def test_a_second_run_writes_nothing() -> None:
    world = World(issue(), repo(), CONFIG)
    await ran(world)
    world.writes.clear()

    result = await ran(world)

    assert (world.writes, result.writes, result.outcome) == ([], 0, "success")


async def test_an_effect_that_fails_leaves_the_others_and_the_run_is_partial() -> None:
    world = World(issue(), repo(["track/main"], ["Sprint 4"]), CONFIG, refused={SetMilestone: DENIED})

    result = await ran(world)

    assert (result.outcome, result.reason) == ("partial", "milestone: GitHub refused")
    assert world.issue.labels == ("track/main",)
    assert result.problems == (DENIED,)
    (decision,) = [found for found in result.decisions if isinstance(found, Decision) and found.rule == "milestone"]
    assert decision.outcome == "failed"
    assert decision.reason.endswith("It failed: GitHub refused.")
    assert result.issue is not None
    assert result.issue.milestone is None


async def test_where_every_effect_fails_the_run_failed() -> None:
    world = World(
        issue(), repo(["track/main"], ["Sprint 4"]), CONFIG, refused={SetMilestone: DENIED, AddLabels: DENIED}
    )

    result = await ran(world)

    assert (result.outcome, result.writes) == ("failed", 2)
    assert result.reason == "track.classify: GitHub refused (and 1 more)"


async def test_h56_what_could_not_be_created_is_not_used() -> None:
    world = World(issue(), repo(), CONFIG, refused={CreateLabel: DENIED, CreateMilestone: DENIED})

    result = await ran(world)

    assert world.writes == []
    assert (result.outcome, result.writes) == ("failed", 2)
    assert [(type(done.effect), done.changed, done.problem) for done in result.applied] == [
        (CreateLabel, False, DENIED),
        (CreateMilestone, False, DENIED),
        (AddLabels, False, hindered("its label")),
        (SetMilestone, False, hindered("its milestone")),
    ]


async def test_a_label_that_could_not_be_created_keeps_no_milestone_from_being_set() -> None:
    world = World(issue(), repo(), CONFIG, refused={CreateLabel: DENIED})

    result = await ran(world)

    assert [type(effect) for effect in world.writes] == [CreateMilestone, SetMilestone]
    assert result.outcome == "partial"


def hindered(what: str) -> Problem:
    return Problem("effect-hindered", f"not tried, since {what} could not be created", family="world")


async def test_labels_that_need_no_creation_are_added_though_another_could_not_be_created() -> None:
    text = CONFIG + "stale: {days_until_stale: 14}\n"
    world = World(
        issue(created_at=days_ago(20)), repo(["track/main"], ["Sprint 4"]), text, refused={CreateLabel: DENIED}
    )

    result = await ran(world)

    assert result.outcome == "partial"
    assert world.issue.labels == ("track/main",)
    assert result.issue is not None
    assert result.issue.labels == ("track/main",)
    assert result.issue.milestone == Milestone(1, "Sprint 4")
    added = [done.effect for done in result.applied if isinstance(done.effect, AddLabels)]
    assert added == [
        AddLabels(("track/main",), "track.classify", rules=("track.classify",)),
        AddLabels(("state/stale",), "stale", rules=("stale",)),
    ]


async def test_an_invalid_configuration_blocks_before_the_issue_is_read() -> None:
    world = World(issue(), repo(), "schema_version: 1\n")

    result = await ran(world)

    assert (result.outcome, result.reads, world.reads, result.issue) == ("blocked", 0, [], None)
    assert result.problems
    assert (result.config_valid, result.config_problems) == (False, result.problems)
    assert result.reason is not None
    assert "invalid" in result.reason
    assert result.config_digest.startswith("sha256:")


async def test_a_repository_without_a_configuration_is_left_alone() -> None:
    world = World(issue(), repo())

    result = await ran(world)

    assert (result.outcome, world.reads, result.config_digest) == ("success", [], "")
    assert (result.config_valid, result.config_problems) == (None, ())
    (decision,) = result.decisions
    assert isinstance(decision, Decision)
    assert (decision.outcome, decision.reason) == (
        "skipped",
        "The repository has no .github/task-assistant.yml.",
    )
    assert "track.classify" in result.not_configured


async def test_h52_a_configuration_the_app_may_not_read_ends_the_run_before_the_look() -> None:
    class Closed(World):
        @override
        async def config(self, ref: IssueRef) -> ConfigText | Gone:
            return Gone(DENIED)

    world = Closed(issue(), repo(), CONFIG)

    result = await ran(world)

    assert (result.outcome, result.reason, result.problems) == ("blocked", "GitHub refused.", (DENIED,))
    assert result.decisions == (Decision("config", "issue", "skipped", "GitHub refused."),)
    assert (result.config_valid, world.reads, world.writes) == (None, [], [])
    considered = await consider(MANUAL, REF, reader=world, clock=world)
    assert (considered.gone, considered.config, considered.look, considered.reads) == (Gone(DENIED), None, None, 0)


async def test_h61_an_issue_that_is_gone_is_told_and_nothing_is_tried() -> None:
    deleted = Problem("issue-gone", "the issue was deleted", family="world")
    world = World(issue(), repo(), CONFIG, gone=deleted)

    result = await ran(world)

    assert (result.outcome, result.reason) == ("blocked", "the issue was deleted.")
    assert result.problems == (deleted,)
    assert result.decisions == (Decision("config", "issue", "skipped", "the issue was deleted."),)
    assert (result.issue, result.config_valid) == (None, True)
    considered = await consider(MANUAL, REF, reader=world, clock=world)
    assert (considered.gone, considered.look, considered.reads) == (Gone(deleted), None, 0)
    assert isinstance(considered.config, Config)


async def test_an_issue_that_goes_between_two_looks_leaves_the_reads_of_the_first() -> None:
    deleted = Problem("issue-gone", "the issue was deleted", family="world")

    class Going(World):
        @override
        async def look(self, ref: IssueRef, facts: Sequence[Fact] = (), seen: Look | None = None) -> Look | Gone:
            return Gone(deleted) if facts else await super().look(ref, facts, seen)

    world = Going(issue(), repo(), CONFIG)

    considered = await consider(MANUAL, REF, reader=world, clock=world)

    assert (considered.gone, considered.look, considered.reads) == (Gone(deleted), None, 1)


async def test_what_is_wrong_with_a_configuration_is_told_by_its_own_file() -> None:
    class Elsewhere(World):
        @override
        async def config(self, ref: IssueRef) -> ConfigText | Gone:
            return ConfigText(CONFIG + "unknown: 1\n", "acme/shop:.github/other.yml@0a1b2c")

    world = Elsewhere(issue("track/main", milestone=Milestone(1, "Sprint 4")), repo(), CONFIG)

    result = await ran(world)

    (warning,) = result.config_problems
    assert (result.config_valid, warning.where and warning.where.file) == (True, ".github/other.yml")


async def test_what_failed_first_does_not_hide_what_was_written_after_it() -> None:
    text = CONFIG.replace("strategy: newest", "strategy: highest, order: [track/main, track/bug]")
    world = World(
        issue("track/main", "track/bug", "kept"),
        repo(["track/main", "track/bug"], ["Sprint 4"]),
        text + "stale: {days_until_stale: 14}\n",
        refused={CreateLabel: DENIED},
    )
    world.issue = replace(world.issue, created_at=days_ago(20))

    result = await ran(world)

    assert result.outcome == "partial"
    assert result.issue is not None
    assert result.issue.labels == world.issue.labels
    assert "track/main" not in result.issue.labels
    assert "kept" in result.issue.labels


async def test_a_decision_fails_with_the_effect_of_whichever_rule_it_is_of() -> None:
    text = CONFIG + "stale: {days_until_stale: 14}\n"
    world = World(
        issue(created_at=days_ago(20)),
        repo(["track/main", "state/stale"], ["Sprint 4"]),
        text,
        refused={AddLabels: DENIED},
    )

    result = await ran(world)

    failed = [each.rule for each in result.decisions if isinstance(each, Decision) and each.outcome == "failed"]
    assert failed == ["track.classify", "stale"]


def test_labels_of_two_rules_without_their_creations_are_named_by_both() -> None:
    effect = AddLabels(("a", "b", "c"), "r, s", rules=("r", "s", "s"))
    denied = Applied(CreateLabel("a", "", "ededed", "r"), changed=False, problem=DENIED)

    kept, lost = _possible(effect, [denied])

    assert kept == AddLabels(("b", "c"), "s", rules=("s", "s"))
    assert lost is not None
    assert lost.effect == AddLabels(("a",), "r", rules=("r",))
    also = Applied(CreateLabel("b", "", "ededed", "s"), changed=False, problem=DENIED)
    _, both = _possible(effect, [denied, also])
    assert both is not None
    assert both.effect == AddLabels(("a", "b"), "r, s", rules=("r", "s"))


async def test_a_milestone_that_was_made_just_now_has_no_number_in_the_record() -> None:
    world = World(issue("track/main"), repo(), CONFIG)

    result = await ran(world)

    assert result.issue is not None
    assert result.issue.milestone == Milestone(0, "Sprint 4")


class Impatient(World):
    """Fails in a way that passes."""

    @override
    async def apply(self, ref: IssueRef, effect: Effect) -> Applied:
        raise Retry(Problem("rate-limited", "slow down", family="world"), after_s=60)


async def test_a_retry_passes_through() -> None:
    world = Impatient(issue(), repo(), CONFIG)

    with pytest.raises(Retry) as raised:
        await ran(world)

    assert raised.value.after_s == 60


class Forgetful(World):
    """Brings no fact that it was asked for."""

    @override
    async def look(self, ref: IssueRef, facts: object = (), seen: Look | None = None) -> Look | Gone:
        return await super().look(ref, ())


async def test_a_reader_that_does_not_bring_what_it_was_asked_for_is_a_bug_that_is_named() -> None:
    with pytest.raises(FactMissing, match="without the repository's labels"):
        await ran(Forgetful(issue(), repo(), CONFIG))


async def test_considering_writes_nothing() -> None:
    world = World(issue(), repo(), CONFIG)

    considered = await consider(MANUAL, REF, reader=world, clock=world)

    assert considered.plan.changes
    assert world.writes == []


async def test_the_same_text_is_the_same_configuration() -> None:
    world = World(issue(), repo(), CONFIG)

    first = await consider(MANUAL, REF, reader=world, clock=world)
    second = await consider(MANUAL, REF, reader=world, clock=world)

    assert first.config is second.config


async def test_an_issue_on_two_tracks_is_on_none_for_the_record() -> None:
    text = CONFIG.replace("mode: enforce", "mode: 'off'")
    world = World(issue("track/main", "track/bug", milestone=Milestone(1, "Sprint 4")), repo(), text)

    assert (await ran(world)).track is None


async def test_a_closed_issue_is_told_as_closed() -> None:
    text = CONFIG + "stale: {days_until_close: 14}\n"
    left = issue("track/main", milestone=Milestone(1, "Sprint 4"), created_at=days_ago(20))
    world = World(left, repo(milestones=["Sprint 4"]), text)

    result = await ran(world)

    assert isinstance(result.issue, Issue)
    assert (result.issue.state, result.issue.state_reason) == ("closed", "not_planned")


@pytest.mark.parametrize(
    ("source", "file"),
    [
        ("acme/shop:.github/other.yml@0a1b2c", ".github/other.yml"),
        ("mine.yml", "mine.yml"),
        ("acme/shop:@0a1b2c", DEFAULT_FILE),
        ("", DEFAULT_FILE),
    ],
)
def test_a_configuration_is_called_by_its_path_alone(source: str, file: str) -> None:
    assert _file(ConfigText("", source)) == file
