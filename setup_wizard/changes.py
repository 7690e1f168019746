"""What changes a state: an answer, a step back, a look at the world, what a step did; each gives a new state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.problems import Problem, ProblemError
from setup_wizard.moves import Part, Standing
from setup_wizard.open_questions import wrong
from setup_wizard.outcome import Applied, Found, Outcome
from setup_wizard.state import OVER, State, StepState, answered_in, is_over, known, standing_of, steps_of
from setup_wizard.step import Stage


def answered(state: State, question_id: str, raw: str) -> State:
    """Take an answer; an empty one takes the default.

    Raises:
        ProblemError: it is no good answer; everything that is wrong with it.
    """
    question = state.questions[question_id]
    value, problems = question.read(raw, known(state))
    if problems:
        raise ProblemError(problems)
    drafts = {key: draft for key, draft in state.drafts.items() if key != question_id}
    answers = state.answers.adding("typed", {question_id: value})
    taken = replace(
        state, answers=answers, order=(*state.order, question_id), drafts=drafts, refused=("", ()), agreed=frozenset()
    )
    # What a flag said for another stage is asked about only in that stage: too late, where this answer counts for good by then.
    elsewhere = {each for stage in state.stages if question_id not in stage.questions for each in stage.questions}
    against = [problem for problem in wrong(taken, elsewhere) if problem not in wrong(state, elsewhere)]
    if against:
        raise ProblemError(against)
    return taken


def refused(state: State, question_id: str, raw: str, problems: tuple[Problem, ...]) -> State:
    """Remember a wrong answer, so that the question comes again with it and with what is wrong."""
    draft = {} if state.questions[question_id].secret else {question_id: raw}
    return replace(state, drafts={**state.drafts, **draft}, refused=(question_id, problems))


def reopened(state: State, question_id: str, problems: tuple[Problem, ...]) -> State:
    """Ask a question, and those that go with it, again because a step found its answer wrong; the answers are kept."""
    again = (question_id, *state.questions[question_id].with_it)
    answers, drafts = state.answers, dict(state.drafts)
    for each in again:
        given = answers.find(each)
        if given is not None and not state.questions[each].secret:
            drafts[each] = given.value
        answers = answers.without("typed", each)
    # A step that is over and was looked at with the old answer is looked at again.
    looked = {step.id for step in steps_of(state) if set(again) & set(step.questions)}
    return replace(
        state,
        answers=replace(answers, asks=answers.asks | set(again)),
        order=tuple(each for each in state.order if each not in again),
        drafts=drafts,
        refused=(question_id, problems),
        agreed=frozenset(),
        steps={key: at for key, at in state.steps.items() if at.standing in OVER and key not in looked},
    )


def gone_back(state: State) -> State:
    """Ask the question before again; what was typed there is kept. At the first one: the same state."""
    for stage in state.stages:
        if is_over(state, stage):
            continue
        before = answered_in(state, stage)
        if not before:
            return state
        last = before[-1]
        given = state.answers.find(last)
        draft = {last: given.value} if given is not None and not state.questions[last].secret else {}
        started = {
            step.id for step in stage.steps if standing_of(state, step) in {Standing.APPLIED, Standing.WAITING, *OVER}
        }
        return replace(
            state,
            answers=state.answers.without("typed", last),
            order=tuple(question_id for question_id in state.order if question_id != last),
            drafts={**state.drafts, **draft},
            refused=("", ()),
            agreed=state.agreed - {stage.id},
            # What was looked at before may not be what the next answers need; what is done stays done.
            steps={key: at for key, at in state.steps.items() if key in started or key not in _ids(stage)},
        )
    return state


def _ids(stage: Stage) -> set[str]:
    return {step.id for step in stage.steps}


def agreed(state: State, stage_id: str) -> State:
    """The preview was accepted; in a dry run its steps are over with that."""
    if not state.dry:
        return replace(state, agreed=state.agreed | {stage_id})
    (stage,) = (stage for stage in state.stages if stage.id == stage_id)
    shown = {
        step.id: _at(state, step.id, Standing.SHOWN)
        for step in stage.steps
        if standing_of(state, step) == Standing.CHECKED
    }
    return replace(state, agreed=state.agreed | {stage_id}, steps={**state.steps, **shown})


def _at(state: State, step_id: str, standing: Standing) -> StepState:
    return replace(state.steps.get(step_id, StepState()), standing=standing, problems=(), waiting=None)


def _with(state: State, step_id: str, at: StepState, learned: Mapping[str, str] = {}) -> State:
    return replace(state, steps={**state.steps, step_id: at}, learned={**state.learned, **learned})


def checked(state: State, step_id: str, found: Found) -> State:
    """A step looked at the world. One that is to be done again is, even where the world is already so."""
    already = found.already and step_id not in state.redo
    standing = Standing.ALREADY if already else Standing.CHECKED
    return _with(state, step_id, replace(_at(state, step_id, standing), found=found), found.learned)


def applied(state: State, step_id: str, outcome: Outcome) -> State:
    """A step did its part, or waits for somebody."""
    if isinstance(outcome, Applied):
        return _with(state, step_id, _at(state, step_id, Standing.APPLIED), outcome.learned)
    return _with(state, step_id, replace(_at(state, step_id, Standing.WAITING), waiting=outcome))


def paste_refused(state: State, step_id: str, problems: tuple[Problem, ...]) -> State:
    """What was pasted was not what is waited for; the wait goes on."""
    return _with(state, step_id, replace(state.steps[step_id], problems=problems))


def verified(state: State, step_id: str) -> State:
    """A step is done, and it was proved."""
    return _with(state, step_id, _at(state, step_id, Standing.DONE))


def failed(state: State, step_id: str, part: Part, problems: tuple[Problem, ...]) -> State:
    """A part of a step did not work."""
    at = replace(_at(state, step_id, Standing.FAILED), problems=problems, failed_part=part)
    return _with(state, step_id, at)


def again(state: State, step_id: str) -> State:
    """Try a step that failed once more, beginning with a new look at the world."""
    return replace(state, steps={key: at for key, at in state.steps.items() if key != step_id})
