"""What is to be done now in a state, and how far every step has come."""

from __future__ import annotations

from setup_wizard.moves import Ask, Do, Done, Failed, Mark, Move, Planned, Preview, Standing, Wait
from setup_wizard.open_questions import open_questions
from setup_wizard.question import Question
from setup_wizard.state import OVER, State, answered_in, is_over, known, standing_of, steps_of
from setup_wizard.step import Stage


def next_move(state: State) -> Move:
    """What is to be done now; the same for the same state."""
    so_far = known(state)
    for stage in state.stages:
        if is_over(state, stage):
            continue
        stuck = next((step for step in stage.steps if standing_of(state, step) == Standing.FAILED), None)
        if stuck is not None:
            at = state.steps[stuck.id]
            return Failed(stuck, at.failed_part, at.problems, rail(state, stuck.id))
        asked = open_questions(state, stage)
        if asked:
            return _ask(state, stage, asked[0])
        for step in stage.steps:
            if standing_of(state, step) == Standing.TO_COME:
                return Do(step, "check", so_far, rail(state, step.id))
        planned = tuple(
            Planned(step.id, step.title, found, found.undo or step.undo)
            for step in stage.steps
            if standing_of(state, step) == Standing.CHECKED and (found := state.steps[step.id].found) is not None
        )
        changes = state.dry or any(each.found.changes for each in planned)
        if planned and changes and stage.id not in state.agreed:
            return Preview(stage.id, stage.title, planned, state.dry, rail(state, planned[0].id))
        step = next(step for step in stage.steps if standing_of(state, step) not in OVER)
        at = state.steps[step.id]
        if at.waiting is not None:
            return Wait(step, at.waiting, so_far, at.problems, rail(state, step.id))
        return Do(step, "apply" if at.standing == Standing.CHECKED else "verify", so_far, rail(state, step.id))
    changed = tuple(step.id for step in steps_of(state) if standing_of(state, step) == Standing.DONE)
    return Done(so_far, changed, rail(state))


def _ask(state: State, stage: Stage, question: Question) -> Ask:
    so_far = known(state)
    before = stage.questions[: stage.questions.index(question.id)]
    given = state.answers.find(question.id)
    value = state.drafts.get(question.id, given.value if given is not None and not question.secret else "")
    problems = state.refused[1] if state.refused[0] == question.id else ()
    if not problems and given is not None and question.id not in state.drafts:
        problems = question.read(given.value, so_far)[1]
    return Ask(
        question,
        so_far,
        question.default(so_far),
        value,
        problems,
        sum(question_id in before for question_id in state.order) + 1,
        stage.title,
        bool(answered_in(state, stage)),
        rail(state, _first_of(stage, question.id)),
    )


def _first_of(stage: Stage, question_id: str) -> str:
    """The step a question belongs to."""
    return next((step.id for step in stage.steps if question_id in step.questions), stage.steps[0].id)


def rail(state: State, now: str = "") -> tuple[Mark, ...]:
    """Every step with its standing, for the face to draw."""
    return tuple(Mark(step.id, step.title, standing_of(state, step), step.id == now) for step in steps_of(state))
