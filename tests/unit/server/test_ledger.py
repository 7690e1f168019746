"""What a run did is told once, however often it was broken off."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.model import Issue, IssueRef
from engine.plan import AddLabels, RemoveLabels, SetMilestone
from engine.ports import Applied, RunResult
from tassist.server.ledger import pieced_together
from tassist.store.ledger import effect_to_json
from tassist.store.model import EffectRow, EffectState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REF = IssueRef("o/r", 1, 7)
ADD = AddLabels(("a",), "track.classify", rules=("track.classify",))
TAKE = RemoveLabels(("x", "y"), "exclusivity.phase")
MOVE = SetMilestone("Sprint 4", 4, "milestone")


def row(ordinal: int, effect: AddLabels | RemoveLabels | SetMilestone, state: EffectState) -> EffectRow:
    return EffectRow(NOW, "r", ordinal, effect_to_json(effect), state, None, "before", "after", 1, None)


def result(*applied: Applied, outcome: str = "success") -> RunResult:
    return RunResult(REF, outcome, None, applied=applied, issue=Issue(REF), writes=len(applied))


def test_a_settled_effect_of_the_first_part_is_part_of_the_whole() -> None:
    whole, resolved = pieced_together(result(Applied(MOVE, changed=True, writes=1)), [row(1, ADD, "applied")])

    assert [item.effect for item in whole.applied] == [ADD, MOVE]
    assert whole.writes == 2
    assert resolved == ()


def test_an_intent_that_had_to_be_done_again_was_not_done_before() -> None:
    whole, resolved = pieced_together(result(Applied(ADD, changed=True, writes=1)), [row(1, ADD, "intended")])

    assert [item.effect for item in whole.applied] == [ADD]
    assert resolved == ((1, "failed"),)


def test_an_intent_that_did_not_have_to_be_done_again_was_done() -> None:
    whole, resolved = pieced_together(result(), [row(1, ADD, "intended")])

    assert [(item.effect, item.changed) for item in whole.applied] == [(ADD, True)]
    assert resolved == ((1, "applied"),)


def test_of_several_intents_only_the_last_can_have_been_done() -> None:
    before = [row(1, ADD, "intended"), row(2, ADD, "intended"), row(3, ADD, "applied"), row(4, MOVE, "intended")]

    whole, resolved = pieced_together(result(), before)

    assert [item.effect for item in whole.applied] == [ADD, MOVE]
    assert dict(resolved) == {1: "failed", 2: "failed", 4: "applied"}


def test_labels_that_were_taken_off_in_part_are_told_in_part() -> None:
    rest = RemoveLabels(("y",), "exclusivity.phase")

    whole, resolved = pieced_together(result(Applied(rest, changed=True, writes=1)), [row(1, TAKE, "intended")])

    assert [item.effect for item in whole.applied] == [RemoveLabels(("x",), "exclusivity.phase"), rest]
    assert resolved == ((1, "applied"),)


def test_where_the_issue_could_not_be_read_an_intent_is_not_claimed_to_be_done() -> None:
    unread = RunResult(REF, "blocked", "gone")

    whole, resolved = pieced_together(unread, [row(1, ADD, "intended")])

    assert whole.applied == ()
    assert resolved == ((1, "failed"),)
