"""What a question of the installer is: the same thing as a flag, a variable, a key of the answers file, a prompt and a field."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from engine.problems import Problem
from setup_wizard import values
from setup_wizard.known import Known

Kind = Literal["text", "choice", "yes-no", "number", "path", "address", "secret", "many"]
"""``many``: any number of the choices; as text they are separated by commas."""
ALL, NONE = "all", "none"
ALONE = (ALL, NONE)
"""Choices of a question of many that stand for themselves: everything, also what comes later; nothing at all."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers a question takes."""

    value: str
    label: str
    help: str = ""


def _nothing(known: Known) -> str | None:
    del known
    return None


def _always(known: Known) -> bool:
    del known
    return True


def _good(value: str, known: Known) -> tuple[Problem, ...]:
    del value, known
    return ()


@dataclass(frozen=True, slots=True)
class Question:
    """What only a person knows, or may want to decide."""

    id: str
    """The key in the answers file, with underscores."""
    text: str
    """The question, ending with a question mark."""
    why: str
    """Why it is asked, in one sentence."""
    help: str
    """Where the answer is found, and what follows from it."""
    kind: Kind = "text"
    example: str = ""
    choices: tuple[Choice, ...] = ()
    choices_from: Callable[[Known], tuple[Choice, ...]] | None = None
    """Choices that are known only later, such as the repositories of an installation."""
    default: Callable[[Known], str | None] = _nothing
    """``None``: there is none and it must be answered; an empty text: it may stay empty."""
    clean: Callable[[str], str] = values.clean
    """What was meant by what was pasted."""
    judge: Callable[[str, Known], tuple[Problem, ...]] = _good
    """Everything that is wrong with a value, in words that say what to type. Never repeats a secret."""
    applies: Callable[[Known], bool] = _always
    """Whether it needs an answer, after what was answered before."""
    with_it: tuple[str, ...] = ()
    """Questions that are asked again with it, where a step finds that the answer does not do."""

    @property
    def flag(self) -> str:
        """On the command line."""
        return "--" + self.id.replace("_", "-")

    @property
    def env(self) -> str:
        """In the environment."""
        return "TASSIST_SETUP_" + self.id.upper()

    @property
    def secret(self) -> bool:
        """Never shown, never an argument, never in the journal; elsewhere only as a reference."""
        return self.kind == "secret"

    def choices_for(self, known: Known) -> tuple[Choice, ...]:
        """The answers it takes now; empty where it takes any text."""
        return self.choices_from(known) if self.choices_from is not None else self.choices

    def read(self, raw: str, known: Known) -> tuple[str, tuple[Problem, ...]]:
        """The value that was meant, and everything that is wrong with it; the form of every face and of every source."""
        if self.kind == "secret":
            value = self.clean(raw)
            return value, () if values.is_reference(value) else self.judge(value, known)
        value = self.clean(raw)
        faults = values.control_faults(f"the answer to {self.id}", value)
        if faults:
            return value, faults
        if self.kind == "many" and not any(self.clean(part) for part in value.split(",")):
            value = ""
        if not value:
            default = self.default(known)
            return (
                (value, (_wrong(self, value, self._takes(known)),))
                if default is None
                else (default, self._judged(default, known))
            )
        choices = self.choices_for(known)
        if self.kind == "yes-no":
            said = {"y": "yes", "yes": "yes", "true": "yes", "on": "yes", "1": "yes"}
            said |= {"n": "no", "no": "no", "false": "no", "off": "no", "0": "no"}
            if value.casefold() not in said:
                return value, (_wrong(self, value, "yes or no"),)
            return said[value.casefold()], ()
        if self.kind == "number" and not (value.isascii() and value.isdigit() and len(value) < 10):
            return value, (_wrong(self, value, "a whole number"),)
        if self.kind == "choice" and (choices or self.choices_from is None):
            chosen = _chosen(value, choices)
            if chosen is None:
                return value, (_wrong(self, value, "one of " + ", ".join(choice.value for choice in choices)),)
            value = chosen
        if self.kind == "many":
            parts = [part for part in (self.clean(part) for part in value.split(",")) if part]
            picked = [_chosen(part, choices) if choices else part for part in parts]
            lost = [part for part, found in zip(parts, picked, strict=True) if found is None]
            if lost:
                return value, (_wrong(self, lost[0], "any of " + ", ".join(choice.value for choice in choices)),)
            several = list(dict.fromkeys(part for part in picked if part))
            value = ",".join(several)
            alone = next((part for part in several if part in ALONE and len(several) > 1), None)
            if alone:
                problem = Problem(
                    "answer-wrong",
                    f"{alone} stands beside others in the answer to {self.id}",
                    fix=f"type {alone} alone, or leave it out",
                )
                return value, (problem,)
        return value, self.judge(value, known)

    def _judged(self, default: str, known: Known) -> tuple[Problem, ...]:
        return self.judge(default, known) if default else ()

    def _takes(self, known: Known) -> str:
        choices = self.choices_for(known)
        return "one of " + ", ".join(choice.value for choice in choices) if choices else self.example or "an answer"


def _chosen(value: str, choices: tuple[Choice, ...]) -> str | None:
    """By value, by label, or by its number in the list; a value that looks like a number is the value."""
    folded = value.casefold()
    for choice in choices:
        if folded == choice.value.casefold():
            return choice.value
    for number, choice in enumerate(choices, 1):
        if folded in {choice.label.casefold(), str(number)}:
            return choice.value
    return None


def together(marked: Iterable[str], before: Iterable[str]) -> list[str]:
    """What is meant by marks in a list: of everything, nothing and single choices, whichever was marked last counts.

    Args:
        marked: In order.
        before: Those that were marked before the person touched the list.
    """
    found, earlier = list(marked), set(before)
    alone = [value for value in found if value in ALONE]
    if not alone or len(found) == 1:
        return found
    fresh = [value for value in alone if value not in earlier]
    return fresh[-1:] or [value for value in found if value not in ALONE]


def _wrong(question: Question, value: str, takes: str) -> Problem:
    what = f"{values.visible(value)} is no answer to {question.id}" if value else f"{question.id} is not answered"
    return Problem("answer-wrong", what, fix=f"type {takes}")
