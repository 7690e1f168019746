"""Everything the flow knows at one moment, and what follows from it without another word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from engine.problems import Problem, ProblemError
from setup_wizard.answers import Answers, Source
from setup_wizard.known import Facts, Known
from setup_wizard.moves import Part, Standing
from setup_wizard.outcome import Found, Waiting
from setup_wizard.question import Question
from setup_wizard.step import Stage, Step

OVER: Final = frozenset({Standing.ALREADY, Standing.DONE, Standing.SHOWN})
GIVEN: Final[frozenset[Source]] = frozenset({"flag", "variable", "file"})
"""Sources whose word somebody gave for this start, before the first question."""


@dataclass(frozen=True, slots=True)
class StepState:
    """One step's standing and what belongs to it."""

    standing: Standing = Standing.TO_COME
    found: Found | None = None
    waiting: Waiting | None = None
    problems: tuple[Problem, ...] = ()
    failed_part: Part = "check"


@dataclass(frozen=True, slots=True)
class State:
    """Everything the flow knows. Made by `begin`, changed only by `setup_wizard.changes`."""

    stages: tuple[Stage, ...]
    questions: Mapping[str, Question]
    answers: Answers
    facts: Facts
    learned: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, StepState] = field(default_factory=dict)
    agreed: frozenset[str] = frozenset()
    redo: frozenset[str] = frozenset()
    """Steps to do again: their questions are asked again."""
    interactive: bool = True
    """Somebody is there: what is not answered is asked. Otherwise defaults are taken."""
    dry: bool = False
    order: tuple[str, ...] = ()
    """Questions answered in this sitting or an earlier one, in order; going back takes the last one away."""
    drafts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What was typed for questions that are open again."""
    refused: tuple[str, tuple[Problem, ...]] = ("", ())
    """The question whose last answer was wrong, and why."""


def begin(
    stages: tuple[Stage, ...],
    questions: Mapping[str, Question],
    answers: Answers,
    facts: Facts,
    *,
    learned: Mapping[str, str] = {},
    redo: frozenset[str] = frozenset(),
    interactive: bool = True,
    dry: bool = False,
) -> State:
    """The first state.

    Args:
        stages: In order.
        questions: By id.
        answers: Of flags, variables, a file and earlier sittings.
        facts: About this machine.
        learned: What earlier sittings found out.
        redo: Ids of steps to do again.
        interactive: Somebody can be asked.
        dry: Show every change and make none.

    Raises:
        ProblemError: ``redo`` names a step there is not.
    """
    ids = [step.id for stage in stages for step in stage.steps]
    unknown = sorted(redo - set(ids))
    if unknown:
        raise ProblemError(
            Problem("step-unknown", f"there is no step {unknown[0]!r}", fix="steps are: " + ", ".join(ids))
        )
    state = State(stages, questions, answers, facts, learned, {}, frozenset(), redo, interactive, dry)
    return _taken_up(state) if interactive else state


def _taken_up(state: State) -> State:
    """Good answers of earlier sittings count as answered in this one, so that going back leads to them."""
    so_far = known(state)
    again = {question_id for step in steps_of(state) if step.id in state.redo for question_id in step.questions}
    answers, taken = state.answers, []
    for question_id in (each for stage in state.stages for each in stage.questions):
        given = answers.find(question_id)
        good = question_id in so_far.answers and question_id not in again | answers.asks
        if good and given is not None and given.source == "earlier":
            answers = answers.without("earlier", question_id).adding("typed", {question_id: given.value})
            taken.append(question_id)
    return replace(state, answers=answers, order=tuple(taken))


def known(state: State) -> Known:
    """The answers as steps and questions see them: good ones, and the defaults of questions nobody will ask."""
    found: dict[str, str] = {}
    unused: dict[str, str] = {}
    for question in state.questions.values():
        so_far = Known(found, state.facts, state.learned)
        given = state.answers.find(question.id)
        if not question.applies(so_far):
            if given is not None and given.source in GIVEN:
                unused[question.id] = question.clean(given.value)
            continue
        if given is not None:
            value, problems = question.read(given.value, so_far)
            if not problems:
                found[question.id] = value
        elif not state.interactive:
            default = question.default(so_far)
            if default is not None:
                found[question.id] = default
    return Known(found, state.facts, state.learned, unused)


def steps_of(state: State) -> list[Step]:
    """Every step, in order."""
    return [step for stage in state.stages for step in stage.steps]


def standing_of(state: State, step: Step) -> Standing:
    """How far a step has come."""
    return state.steps[step.id].standing if step.id in state.steps else Standing.TO_COME


def is_over(state: State, stage: Stage) -> bool:
    """Nothing of a stage is left to do."""
    return all(standing_of(state, step) in OVER for step in stage.steps)


def answered_in(state: State, stage: Stage) -> tuple[str, ...]:
    """The questions of this stage that were answered; those of a finished stage are over."""
    return tuple(question_id for question_id in state.order if question_id in stage.questions)
