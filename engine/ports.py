"""What the runner needs of the world, as small protocols; adapters live in `tassist`.

A port answers with values. Trouble that a retry may mend is raised as `Retry`; trouble that it cannot is
returned as a `Problem` in the value, so that one bad issue never stops another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from engine.model import Fact, Issue, IssueRef, Repo
from engine.plan import Effect
from engine.problems import Problem, ProblemError


class Retry(ProblemError):  # noqa: N818 – it asks for something rather than reporting an error
    """Come back later: after ``after_s`` seconds where the other side said so."""

    def __init__(self, problem: Problem, *, after_s: float | None = None) -> None:
        super().__init__(problem)
        self.after_s = after_s


@dataclass(frozen=True, slots=True)
class ConfigText:
    """The configuration file of a repository as read; ``text`` is ``None`` where there is none."""

    text: str | None
    source: str
    """What to call it in messages: ``owner/name:.github/task-assistant.yml@sha``."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The issue or its repository cannot be managed: deleted, transferred, archived, no permission, a pull request."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Applied:
    """What one effect did."""

    effect: Effect
    changed: bool
    """False where the world was already so, which a second run after a crash will find."""
    before: str | None = None
    after: str | None = None
    writes: int = 0
    """Mutating calls that were sent."""
    problem: Problem | None = None
    """Why it did not happen; ``None`` on success."""


@dataclass(frozen=True, slots=True)
class Look:
    """Everything one look has read."""

    issue: Issue
    repo: Repo
    reads: int = 0
    """Billable reads: an answer of 304 is not one."""


class Reader(Protocol):
    """Reads GitHub as it is now."""

    async def config(self, ref: IssueRef) -> ConfigText | Gone:
        """The repository's configuration; revalidated, not read again, where it has not changed."""
        ...

    async def look(self, ref: IssueRef, facts: Sequence[Fact] = (), seen: Look | None = None) -> Look | Gone:
        """The issue with at least these facts read.

        Args:
            ref: The issue.
            facts: What is needed beyond it.
            seen: What the same consideration has just read; only what it lacks has to be read.
        """
        ...


class Applier(Protocol):
    """Writes one effect to GitHub."""

    async def apply(self, ref: IssueRef, effect: Effect) -> Applied:
        """Apply it and check that it took; additive for labels, never the replacing form."""
        ...


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did, ready to be recorded."""

    ref: IssueRef
    outcome: str
    reason: str | None
    decisions: tuple[object, ...] = ()
    applied: tuple[Applied, ...] = ()
    issue: Issue | None = None
    """As left by the run; ``None`` where it could not be read."""
    track: str | None = None
    """Id of the track the issue is on as left by the run; ``None`` where it is on none."""
    config_digest: str = ""
    config_valid: bool | None = None
    """``None`` where there is none, or it could not be read."""
    config_problems: tuple[Problem, ...] = ()
    """Everything that is wrong with the configuration; of a valid one, its warnings."""
    not_configured: tuple[str, ...] = ()
    reads: int = 0
    writes: int = 0
    started: datetime | None = None
    finished: datetime | None = None
    problems: tuple[Problem, ...] = field(default=())
    shadow: bool = False
    """Decided only: another authority is still in charge, and nothing was written."""


class Clock(Protocol):
    """The only source of the present."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...
