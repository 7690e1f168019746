"""What a rule has to say about itself before it is one: registration is a value, not a side effect of importing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from engine.draft import Draft
from engine.model import Fact
from engine.plan import Outcome
from engine.problems import Where
from engine.view import View

Subject = Literal["labels", "milestone", "state", "issue", "configuration"]


@dataclass(frozen=True, slots=True)
class Site:
    """One place where the configuration asks for a rule: the decision's rule id, and the key."""

    rule: str
    where: Where | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's registration. A rule without help or example does not exist: a test parses and runs each example."""

    id: str
    """Dotted; ``exclusivity.<group>`` stands for one rule a group."""
    subject: Subject
    """What its decisions are about, most of the time."""
    summary: str
    """One line."""
    help: str
    """What it does, in Markdown."""
    example: str
    """A whole configuration, in YAML, in which the rule is configured."""
    keys: tuple[str, ...]
    """The configuration keys it reads."""
    facts: tuple[tuple[Fact, str], ...]
    """What it may need beyond the issue itself, and when."""
    outcomes: tuple[tuple[Outcome, str], ...]
    """The outcomes its decisions can have, and what each means."""
    sites: Callable[[View], tuple[Site, ...]]
    """Where the configuration asks for it; empty where nothing does."""
    absent: Callable[[View], tuple[str, ...]]
    """The ids it would have where nothing asks for it."""
    evaluate: Callable[[Draft], None]
    """Concludes, and changes the draft."""
