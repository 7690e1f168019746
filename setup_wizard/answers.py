"""Answers and whose word they are: a flag beats a variable, that the answers file, that an earlier answer, that the default.

A value beats a weaker one only where somebody gave it: what was left out anywhere counts as not said.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from engine.problems import Problem, Where
from setup_wizard import values
from setup_wizard.known import Known
from setup_wizard.question import Question

VERSION: Final = 1
Source = Literal["typed", "flag", "variable", "file", "earlier", "default"]
AUTHORITY: Final[tuple[Source, ...]] = ("typed", "flag", "variable", "file", "earlier")
"""``typed``: at a prompt or in a form, in this sitting; who sits there has the last word."""
_RESERVED = {"version", "ask"}


@dataclass(frozen=True, slots=True)
class Given:
    """A value and whose word it is."""

    value: str = field(repr=False)
    source: Source


@dataclass(frozen=True, slots=True)
class Answers:
    """What has been said, by source. Values are raw: a question reads them when it is its turn."""

    by_source: Mapping[Source, Mapping[str, str]] = field(default_factory=dict, repr=False)
    asks: frozenset[str] = frozenset()
    """Questions that are asked although they are answered: ``ask = […]`` of the answers file."""

    def find(self, question_id: str) -> Given | None:
        """The word that counts, or ``None`` where nobody has said anything."""
        for source in AUTHORITY:
            said = self.by_source.get(source, {})
            if question_id in said:
                return Given(said[question_id], source)
        return None

    def adding(self, source: Source, said: Mapping[str, str]) -> Answers:
        """With these as well."""
        before = self.by_source.get(source, {})
        return replace(self, by_source={**self.by_source, source: {**before, **said}})

    def without(self, source: Source, question_id: str) -> Answers:
        """With one of them taken back."""
        said = {key: value for key, value in self.by_source.get(source, {}).items() if key != question_id}
        return replace(self, by_source={**self.by_source, source: said})


def load(text: str, questions: Iterable[Question], *, name: str) -> tuple[Answers, tuple[Problem, ...]]:
    """Read an answers file.

    Args:
        text: Its content.
        questions: All there are.
        name: Of the file, for messages.

    Returns:
        The answers, and everything that is wrong: unknown keys, wrong types, secrets that are no references.
    """
    by_id = {question.id: question for question in questions}
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Answers(), (
            Problem(
                "answers-broken", "the answers file is not TOML", str(error), "mend the line it names", Where(name)
            ),
        )
    problems: list[Problem] = []
    if document.get("version", VERSION) != VERSION:
        problems.append(
            Problem(
                "answers-version",
                f"the answers file has version {values.visible(str(document.get('version')))}",
                f"this tassist reads version {VERSION}",
                f"set version = {VERSION}, and compare it with docs/reference/setup.md",
                Where(name, path="version"),
            )
        )
    asks = document.get("ask", [])
    if not isinstance(asks, list) or not all(isinstance(item, str) and item in by_id for item in asks):
        problems.append(
            Problem(
                "answers-ask",
                "ask does not list questions",
                "it holds the keys of the questions to ask although they are answered",
                "for example: ask = [" + '"webhook_url"' + "]",
                Where(name, path="ask"),
            )
        )
        asks = []
    said: dict[str, str] = {}
    for key, value in document.items():
        if key in _RESERVED:
            continue
        where = Where(name, path=key)
        question = by_id.get(key)
        if question is None:
            problems.append(
                Problem(
                    "answers-unknown",
                    f"{values.visible(key)} is no question",
                    fix="questions are: " + ", ".join(by_id),
                    where=Where(name),
                )
            )
            continue
        plain = _plain(value)
        if plain is None:
            problems.append(
                Problem("answers-type", f"{key} is neither text, number, yes/no nor a list of texts", where=where)
            )
        elif question.secret and not values.is_reference(plain):
            problems += [replace(problem, where=where) for problem in values.reference_faults(key, plain)]
        else:
            said[key] = plain
    return Answers({"file": said}, frozenset(asks)), tuple(problems)


def _plain(value: object) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return None


def save(known: Known, questions: Iterable[Question], *, references: Mapping[str, str] = {}) -> str:
    """The answers file that would have done the same, as text; a secret only as a reference, or as a comment.

    Args:
        known: With an answer for each question that applied.
        questions: In the order in which they are written.
        references: Question id → reference, for secrets.
    """
    lines = [
        "# Answers for: tassist setup --answers FILE",
        "# docs/reference/setup.md explains every key.",
        f"version = {VERSION}",
        "# Questions to ask although they are answered here:",
        "ask = []",
    ]
    for question in questions:
        if question.id not in known.answers:
            continue
        value = known.answers[question.id]
        lines += ["", f"# {question.text}"]
        if question.secret:
            reference = value if values.is_reference(value) else references.get(question.id, "")
            lines.append(
                f"{question.id} = {_text(reference)}" if reference else f'# {question.id} = "env:{question.env}"'
            )
        elif question.kind == "yes-no":
            lines.append(f"{question.id} = {'true' if value == 'yes' else 'false'}")
        elif question.kind == "number":
            lines.append(f"{question.id} = {value}")
        elif question.kind == "many":
            lines.append(f"{question.id} = [" + ", ".join(_text(part) for part in value.split(",") if part) + "]")
        else:
            lines.append(f"{question.id} = {_text(value)}")
    return "\n".join([*lines, ""])


def _text(value: str) -> str:
    """A TOML string that reads back as exactly this."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char >= " " and char != "\x7f" else f"\\u{ord(char):04x}" for char in escaped) + '"'
