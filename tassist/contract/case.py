"""One case of the contract as a value: what is given, why we look, and everything that must follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from engine.model import Fact, Issue, Repo, Trigger
from engine.plan import Outcome, RunOutcome

NOW: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""The present of every case that names no other; a Monday."""

EffectKind = Literal[
    "add labels", "remove labels", "set milestone", "create label", "create milestone", "comment", "close"
]
EFFECT_KINDS: Final[tuple[EffectKind, ...]] = (
    "add labels",
    "remove labels",
    "set milestone",
    "create label",
    "create milestone",
    "comment",
    "close",
)


@dataclass(frozen=True, slots=True)
class Anything:
    """An expectation that was not written down."""


ANYTHING: Final = Anything()


@dataclass(frozen=True, slots=True)
class ExpectedDecision:
    """One decision that must be there."""

    rule: str
    outcome: Outcome
    because: tuple[str, ...] = ()
    """Fragments the reason contains, whatever their case."""
    before: str | Anything | None = ANYTHING
    after: str | Anything | None = ANYTHING
    key: str | None = None
    """The path of the configuration key the decision names."""


@dataclass(frozen=True, slots=True)
class ExpectedEffect:
    """One effect that must be there, in the words of the case files."""

    kind: EffectKind
    values: tuple[str, ...]
    """Label names, or one title, comment or reason."""
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """Everything that must follow; effects are always the whole list."""

    decisions: tuple[ExpectedDecision, ...]
    exact: bool
    """Whether ``decisions`` is the whole list, in order, or the whole list of the rules it names, in order."""
    effects: tuple[ExpectedEffect, ...]
    outcome: RunOutcome
    because: tuple[str, ...] = ()
    """Fragments of the run's reason."""
    not_configured: tuple[str, ...] = ()
    """Rules that must be named as not configured, and must leave no decision."""
    problems: tuple[str, ...] = ()
    """Codes of the problems the plan must carry."""
    needs: Fact | None = None
    """The fact without which it must not be decided; then there is no plan to expect anything of."""


@dataclass(frozen=True, slots=True)
class Given:
    """The world of one case, and how to say it in words."""

    config: str
    """The configuration as text."""
    issue: Issue
    repo: Repo
    trigger: Trigger
    now: datetime = NOW
    words: tuple[str, ...] = ()
    """Configuration, issue, repository and trigger in sentences, for the page."""


@dataclass(frozen=True, slots=True)
class Case:
    """One promise: a sentence, and the proof of it."""

    topic: str
    """The slug of the file it stands in."""
    name: str
    given: Given
    expected: Expected
    settles: bool = True
    """Whether a second look after the effects must find nothing to do."""
    rules: tuple[str, ...] = field(default=())
    """The rules it speaks of, in order, each once."""

    @property
    def id(self) -> str:
        """``topic/slug-of-the-name``; stable as long as the sentence is."""
        return f"{self.topic}/{slug(self.name)}"


@dataclass(frozen=True, slots=True)
class Topic:
    """The cases of one file, with what they are about."""

    slug: str
    title: str
    about: str
    cases: tuple[Case, ...]


def slug(name: str) -> str:
    """The name in lower case, everything but letters and digits as single hyphens."""
    return "-".join("".join(char if char.isalnum() else " " for char in name.lower()).split())
