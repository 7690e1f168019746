"""The installer as a state machine without I/O: a state goes in, the next move comes out.

How a face drives it
--------------------
`tassist.services.setup.conduct.conduct` is the loop; every face only implements `Face`, five coroutines::

    async def ask(self, ask: Ask) -> str | Signal        # show ask.question, ask.value (or ask.default), ask.problems
    async def preview(self, preview: Preview) -> bool | Signal   # show every change; True goes on, False ends without one
    async def wait(self, wait: Wait) -> str | Signal     # show the link; returns what was pasted. Cancelled on arrival
    async def failed(self, failed: Failed) -> Signal     # show the problems; AGAIN, BACK or LEAVE
    async def say(self, news: News) -> None              # one event: a step begins, is done, was so already

What a face returns is raw text; `answered` cleans and judges it and the same `Ask` comes again with `problems` until it is
good. `BACK` from `ask` or `preview` goes to the question before, whose answer is kept as `Ask.value`; `LEAVE` ends, and the
next start goes on from there. A step rail is drawn from `rail(state)`, which `ask`, `preview`, `wait`, `failed` and `say`
get as ``.rail``. A form that shows several questions at once may call `next_move` and `answered` itself: both are pure.

Without `conduct`, by hand::

    state = begin(STAGES, QUESTION_BY_ID, answers, facts)
    move = next_move(state)      # Ask | Preview | Do | Wait | Failed | Done
    state = answered(state, "github", "https://github.com")      # raises ProblemError, the state stays as it was
    state = agreed(state, "app")                                 # the preview was accepted
    state = checked(state, "app", found)                         # after Do(part="check")
    state = applied(state, "app", outcome)                       # after Do(part="apply"), and after a Wait
    state = verified(state, "app")                               # after Do(part="verify") found nothing wrong
    state = failed(state, "app", problems)                       # instead of any of these

What a state holds is never a secret's value but where a person typed one (`Answers` shows none in its `repr`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, Protocol

from engine.problems import Problem, ProblemError
from setup_wizard.answers import Answers
from setup_wizard.known import Facts, Known
from setup_wizard.outcome import Applied, Found, Outcome, Waiting
from setup_wizard.question import Question
from setup_wizard.step import Stage, Step

Part = Literal["check", "apply", "verify"]


class Standing(StrEnum):
    """How far a step has come."""

    TO_COME = "to come"
    CHECKED = "checked"
    """Looked at; something is to be done."""
    ALREADY = "already so"
    APPLIED = "applied"
    WAITING = "waiting for you"
    DONE = "done"
    FAILED = "failed"
    SHOWN = "shown"
    """In a dry run: what it would change was shown."""


class Signal(StrEnum):
    """What a person may do instead of answering."""

    BACK = "back"
    AGAIN = "again"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class StepState:
    """One step's standing and what belongs to it."""

    standing: Standing = Standing.TO_COME
    found: Found | None = None
    waiting: Waiting | None = None
    problems: tuple[Problem, ...] = ()
    failed_part: Part = "check"


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of the step rail."""

    id: str
    title: str
    standing: Standing
    now: bool
    """It is this one's turn."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask one question."""

    question: Question
    known: Known = field(repr=False)
    default: str | None
    """Taken when nothing is typed; ``None``: an answer is needed."""
    value: str = field(default="", repr=False)
    """What the person typed when it was asked before, or what a file proposes."""
    problems: tuple[Problem, ...] = ()
    """What was wrong with the last answer."""
    number: int = 1
    """Its place among the questions asked in its stage, from 1; how many there are is known only when all are answered."""
    stage: str = ""
    """The stage's title."""
    can_go_back: bool = False
    rail: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """A step in a preview."""

    id: str
    title: str
    found: Found
    undo: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Show every change of a stage before the first is made."""

    stage_id: str
    title: str
    planned: tuple[Planned, ...]
    dry: bool
    """Nothing will be changed: it is shown, and the answer does not matter."""
    rail: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Do:
    """Run one part of one step."""

    step: Step
    part: Part
    known: Known = field(repr=False)
    rail: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for somebody to do something elsewhere."""

    step: Step
    waiting: Waiting
    known: Known = field(repr=False)
    problems: tuple[Problem, ...] = ()
    """What was wrong with what was pasted."""
    rail: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A step did not work; the person decides."""

    step: Step
    part: Part
    problems: tuple[Problem, ...]
    rail: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do."""

    known: Known = field(repr=False)
    changed: tuple[str, ...]
    """Ids of the steps that changed something."""
    rail: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class News:
    """One event, for a person: a whole sentence without its full stop."""

    step_id: str
    text: str
    standing: Standing
    rail: tuple[Mark, ...] = ()


Move = Ask | Preview | Do | Wait | Failed | Done


class Face(Protocol):
    """What a face implements; see the top of this module."""

    async def ask(self, ask: Ask) -> str | Signal:
        """The raw answer; an empty text takes the default."""
        ...

    async def preview(self, preview: Preview) -> bool | Signal:
        """Whether to go on."""
        ...

    async def wait(self, wait: Wait) -> str | Signal:
        """What was pasted. Cancelled when what is waited for has come by itself."""
        ...

    async def failed(self, failed: Failed) -> Signal:
        """Try again, go back to the questions, or leave."""
        ...

    async def say(self, news: News) -> None:
        """Tell one event."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """Everything the flow knows. Made by `begin`, changed only by the functions of this module."""

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
    """Questions answered in this sitting, in order; going back takes the last one away."""
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
    return State(stages, questions, answers, facts, learned, {}, frozenset(), redo, interactive, dry)


_GIVEN = {"flag", "variable", "file"}
"""Sources whose word somebody gave for this start, before the first question."""


# --- what is known ------------------------------------------------------------------------------------


def known(state: State) -> Known:
    """The answers as steps and questions see them: good ones, and the defaults of questions nobody will ask."""
    found: dict[str, str] = {}
    unused: dict[str, str] = {}
    for question in state.questions.values():
        so_far = Known(found, state.facts, state.learned)
        given = state.answers.find(question.id)
        if not question.applies(so_far):
            if given is not None and given.source in _GIVEN:
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


def wrong(state: State) -> tuple[Problem, ...]:
    """What is wrong with answers that flags, variables and files gave, all at once."""
    found: list[Problem] = []
    so_far = known(state)
    for question in state.questions.values():
        given = state.answers.find(question.id)
        if given is not None and given.source in _GIVEN and question.applies(so_far):
            name = {"flag": question.flag, "variable": question.env, "file": question.id}[given.source]
            found += [
                replace(problem, what=f"{name}: {problem.what}") for problem in question.read(given.value, so_far)[1]
            ]
    return tuple(found)


# --- the next move ------------------------------------------------------------------------------------


def next_move(state: State) -> Move:
    """What is to be done now; the same for the same state."""
    so_far = known(state)
    for stage in state.stages:
        if all(_standing(state, step) in _OVER for step in stage.steps):
            continue
        stuck = next((step for step in stage.steps if _standing(state, step) == Standing.FAILED), None)
        if stuck is not None:
            at = state.steps[stuck.id]
            return Failed(stuck, at.failed_part, at.problems, rail(state, stuck.id))
        asked = open_questions(state, stage)
        if asked:
            return _ask(state, stage, asked[0])
        for step in stage.steps:
            if _standing(state, step) == Standing.TO_COME:
                return Do(step, "check", so_far, rail(state, step.id))
        planned = tuple(
            Planned(step.id, step.title, found, found.undo or step.undo)
            for step in stage.steps
            if _standing(state, step) == Standing.CHECKED and (found := state.steps[step.id].found) is not None
        )
        changes = state.dry or any(each.found.changes for each in planned)
        if planned and changes and stage.id not in state.agreed:
            return Preview(stage.id, stage.title, planned, state.dry, rail(state, planned[0].id))
        step = next(step for step in stage.steps if _standing(state, step) not in _OVER)
        at = state.steps[step.id]
        if at.waiting is not None:
            return Wait(step, at.waiting, so_far, at.problems, rail(state, step.id))
        return Do(step, "apply" if at.standing == Standing.CHECKED else "verify", so_far, rail(state, step.id))
    changed = tuple(step.id for step in _steps(state) if _standing(state, step) == Standing.DONE)
    return Done(so_far, changed, rail(state))


_OVER = {Standing.ALREADY, Standing.DONE, Standing.SHOWN}


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
        bool(_back_to(state, stage)),
        rail(state, _first_of(stage, question.id)),
    )


def _first_of(stage: Stage, question_id: str) -> str:
    """The step a question belongs to."""
    return next((step.id for step in stage.steps if question_id in step.questions), stage.steps[0].id)


def rail(state: State, now: str = "") -> tuple[Mark, ...]:
    """Every step with its standing, for the face to draw."""
    return tuple(Mark(step.id, step.title, _standing(state, step), step.id == now) for step in _steps(state))


def _steps(state: State) -> list[Step]:
    return [step for stage in state.stages for step in stage.steps]


def _standing(state: State, step: Step) -> Standing:
    return state.steps[step.id].standing if step.id in state.steps else Standing.TO_COME


# --- what changes a state -----------------------------------------------------------------------------


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
    return replace(
        state, answers=answers, order=(*state.order, question_id), drafts=drafts, refused=("", ()), agreed=frozenset()
    )


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
    looked = {step.id for step in _steps(state) if set(again) & set(step.questions)}
    return replace(
        state,
        answers=replace(answers, asks=answers.asks | set(again)),
        order=tuple(each for each in state.order if each not in again),
        drafts=drafts,
        refused=(question_id, problems),
        agreed=frozenset(),
        steps={key: at for key, at in state.steps.items() if at.standing in _OVER and key not in looked},
    )


def _back_to(state: State, stage: Stage) -> tuple[str, ...]:
    """The questions of this stage that were answered in this sitting; those of a finished stage are over."""
    return tuple(question_id for question_id in state.order if question_id in stage.questions)


def gone_back(state: State) -> State:
    """Ask the question before again; what was typed there is kept. At the first one: the same state."""
    for stage in state.stages:
        if all(_standing(state, step) in _OVER for step in stage.steps):
            continue
        before = _back_to(state, stage)
        if not before:
            return state
        last = before[-1]
        given = state.answers.find(last)
        draft = {last: given.value} if given is not None and not state.questions[last].secret else {}
        started = {
            step.id for step in stage.steps if _standing(state, step) in {Standing.APPLIED, Standing.WAITING, *_OVER}
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
        if _standing(state, step) == Standing.CHECKED
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
