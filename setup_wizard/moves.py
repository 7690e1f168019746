"""What the flow says is to be done next, as values: a question, a preview, a part of a step, a wait, a failure, the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from engine.problems import Problem
from setup_wizard.known import Known
from setup_wizard.outcome import Found, Waiting
from setup_wizard.question import Question
from setup_wizard.step import Step

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

    text: str
    standing: Standing
    rail: tuple[Mark, ...] = ()


Move = Ask | Preview | Do | Wait | Failed | Done
