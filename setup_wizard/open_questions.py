"""Which questions of a state are open, which have no answer and nobody to give one, and which answers are wrong."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from engine.problems import Problem
from setup_wizard.known import Known
from setup_wizard.question import Question
from setup_wizard.state import GIVEN, State, known
from setup_wizard.step import Stage


def open_questions(state: State, stage: Stage) -> list[Question]:
    """The questions of a stage that are to be asked now, in order."""
    found = []
    so_far = known(state)
    again = {question_id for step in stage.steps if step.id in state.redo for question_id in step.questions}
    for question_id in stage.questions:
        question = state.questions[question_id]
        if not question.applies(so_far) or question_id in state.order:
            continue
        given = state.answers.find(question_id)
        wanted = question_id in state.answers.asks or (
            given is None or (given.source == "earlier" and question_id in again)
        )
        if question_id in state.answers.asks or (state.interactive and wanted) or question_id not in so_far.answers:
            found.append(question)
    return found


def missing(state: State) -> tuple[tuple[Question, tuple[Problem, ...]], ...]:
    """Every question that has no good answer and nobody to give one, with what is wrong with the one it has."""
    found = []
    so_far = known(state)
    for stage in state.stages:
        for question_id in stage.questions:
            question = state.questions[question_id]
            if question.applies(so_far) and question_id not in so_far.answers and question_id not in state.answers.asks:
                given = state.answers.find(question_id)
                problems = question.read(given.value, so_far)[1] if given is not None else ()
                found.append((question, problems))
    return tuple(found)


def wrong(state: State, only: Collection[str] | None = None) -> tuple[Problem, ...]:
    """What is wrong with answers that flags, variables and files gave, all at once.

    Args:
        state: As it is.
        only: Look at the answers to these questions alone, where it is given.
    """
    found = _wrong(state, known(state), only)
    if found and only is None:
        # What hangs on a wrong answer is judged as well, as if the default stood there: all at once, not one after another.
        answers = state.answers
        for question_id in found:
            while (given := answers.find(question_id)) is not None:
                answers = answers.without(given.source, question_id)
        hoped = known(replace(state, answers=answers, interactive=False))
        found = _wrong(state, hoped, None) | found
    return tuple(problem for question_id in state.questions for problem in found.get(question_id, ()))


def _wrong(state: State, so_far: Known, only: Collection[str] | None) -> dict[str, tuple[Problem, ...]]:
    found: dict[str, tuple[Problem, ...]] = {}
    for question in state.questions.values():
        given = state.answers.find(question.id) if only is None or question.id in only else None
        if given is not None and given.source in GIVEN and question.applies(so_far):
            name = {"flag": question.flag, "variable": question.env, "file": question.id}[given.source]
            problems = question.read(given.value, so_far)[1]
            if problems:
                found[question.id] = tuple(replace(problem, what=f"{name}: {problem.what}") for problem in problems)
    return found
