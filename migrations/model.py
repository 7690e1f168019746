"""A repository as a migration sees it, and what an audit and a difference are; values only, nothing is read here.

What was not read is ``None``, which is not the same as empty: a checkout knows no labels, a token without permission no variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from typing_extensions import override

from engine.model import Issue, Label, Milestone
from engine.problems import Where

WORKFLOWS = ".github/workflows/"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of the repository, at one revision."""

    path: str
    content: bytes
    commit: str = ""
    """The revision it was read from; empty for a working folder or a snapshot."""
    at: datetime | None = None
    """When that revision was made."""
    state: str = ""
    """Of a workflow, as GitHub says it: ``active``, ``disabled_manually``, …; empty where nobody was asked."""

    @property
    def text(self) -> str:
        """The content as text; bytes that are no UTF-8 stand as U+FFFD."""
        return self.content.decode("utf-8-sig", "replace")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A telemetry file legacy left, of whatever form."""

    path: str
    content: bytes
    at: datetime | None = None
    """When it was committed, where that is known."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A repository as it was at one moment."""

    repo: str
    """``owner/name``; empty where the source does not say."""
    origin: str
    """Where it was read from, in words."""
    taken_at: datetime | None = None
    issues: tuple[Issue, ...] | None = None
    """Issues and pull requests in GitHub's order, newest first; `Issue.is_pull_request` tells them apart."""
    assigned: Mapping[int, tuple[str, ...]] | None = None
    """Who is assigned to each of them, by number."""
    labels: tuple[Label, ...] | None = None
    milestones: tuple[Milestone, ...] | None = None
    """Open and closed ones."""
    variables: Mapping[str, str] | None = None
    secrets: tuple[str, ...] | None = None
    """Their names; nobody can read their values."""
    workflows: tuple[TextFile, ...] = ()
    """As they are now, by path."""
    history: tuple[TextFile, ...] = ()
    """Every earlier revision of every workflow, oldest first."""
    files: tuple[TextFile, ...] = ()
    """What workflows lean on: composite actions, scripts, the configuration of well-known Actions."""
    guides: tuple[TextFile, ...] = ()
    """Every Markdown page."""
    telemetry: tuple[Recorded, ...] = ()
    """By path."""
    notes: tuple[str, ...] = ()
    """What could not be read, and why."""

    def workflow(self, path: str) -> TextFile | None:
        """The workflow of that path as it is now."""
        return next((found for found in self.workflows if found.path == path), None)


Kind = Literal["issue automation", "telemetry", "dashboard", "board moves", "not ours"]
"""What a workflow does, as far as a migration is concerned."""
KINDS: tuple[Kind, ...] = ("issue automation", "board moves", "telemetry", "dashboard", "not ours")
"""In the order in which the first that applies names the workflow."""
Confidence = Literal["certain", "likely", "unsure"]
Severity = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """One observation that speaks for a kind."""

    line: int
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Defect:
    """Something wrong in what is there today."""

    code: str
    """A stable slug such as ``template-injection``."""
    what: str
    why: str
    fix: str
    where: Where
    severity: Severity = "medium"
    also: tuple[Where, ...] = ()
    """Further places that belong to it: the other authority, the other spelling."""


@dataclass(frozen=True, slots=True)
class Used:
    """A name a workflow uses, and where first."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow, read and classified."""

    path: str
    name: str
    kind: Kind
    confidence: Confidence
    kinds: tuple[Kind, ...] = ()
    """Everything it does, the naming one first."""
    reasons: tuple[Reason, ...] = ()
    triggers: tuple[str, ...] = ()
    """``issues: opened, edited``, ``schedule: 20 */4 * * *``, …"""
    permissions: tuple[str, ...] = ()
    """``contents: write``, …; empty where the repository's default applies."""
    secrets: tuple[Used, ...] = ()
    variables: tuple[Used, ...] = ()
    actions: tuple[Used, ...] = ()
    """What ``uses:`` names."""
    writes: tuple[Used, ...] = ()
    """Paths below the checkout that its scripts write."""
    component: str = ""
    """The legacy component whose model describes it; empty where none does."""
    state: str = ""

    @property
    def is_legacy(self) -> bool:
        """Whether a migration replaces it."""
        return self.kind != "not ours"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A workflow, or a revision of one, that cannot be parsed."""

    where: Where
    commit: str
    what: str


@dataclass(frozen=True, slots=True)
class Change:
    """A revision at which a workflow's kind changed."""

    path: str
    commit: str
    before: Kind
    after: Kind
    why: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as workflows, guide and repository know it."""

    name: str
    read_at: tuple[Where, ...] = ()
    named_at: tuple[Where, ...] = ()
    """In the guide."""
    value: str | None = None
    nearest: str = ""
    """The spelling that is probably meant, where only one side knows this one."""

    @property
    def is_unread(self) -> bool:
        """Whether the guide names it and no workflow reads it."""
        return bool(self.named_at) and not self.read_at


@dataclass(frozen=True, slots=True)
class Audit:
    """What legacy automation a repository holds, and what is wrong with it."""

    repo: str
    origin: str
    workflows: tuple[Workflow, ...] = ()
    """By path."""
    defects: tuple[Defect, ...] = ()
    """By severity, code and place."""
    variables: tuple[Variable, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    changes: tuple[Change, ...] = ()
    """Where a workflow's kind changed in its history."""
    revisions: int = 0
    """Revisions of workflows that were read, the present ones included."""
    sources: tuple[str, ...] = ()
    """Other legacy sources that were found, such as a configuration of actions/stale."""
    notes: tuple[str, ...] = ()

    @property
    def legacy(self) -> tuple[Workflow, ...]:
        """The workflows a migration replaces."""
        return tuple(found for found in self.workflows if found.is_legacy)

    @property
    def others(self) -> tuple[Workflow, ...]:
        """The workflows a migration leaves alone, to the byte."""
        return tuple(found for found in self.workflows if not found.is_legacy)


@dataclass(frozen=True, slots=True, order=True)
class Write:
    """One field of one issue that somebody sets: what a comparison compares."""

    field: Literal["label", "milestone", "state", "comment", "issue", "board"]
    name: str = ""
    """The label; empty for other fields."""
    value: str = ""
    """``on``, ``off``, a title, ``closed``, …"""

    @override
    def __str__(self) -> str:
        """In words."""
        if self.field == "label":
            return f"{'+' if self.value == 'on' else '-'}{self.name}"
        return f"{self.field}: {self.value}"


Verdict = Literal["same", "intended improvement", "legacy did nothing", "regression", "not portable", "unknown"]
VERDICTS: tuple[Verdict, ...] = (
    "regression",
    "unknown",
    "not portable",
    "legacy did nothing",
    "intended improvement",
    "same",
)
"""The ones that want a person first."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one issue, or one rule on generated cases, seen from three sides."""

    subject: str
    """``#87``, or ``case: `` and its name."""
    field: str
    """``label track/main``, ``milestone``, ``state``, …"""
    control: str
    """What legacy declares."""
    observed: str
    """What the record shows it did; empty where the record does not tell."""
    candidate: str
    """What the engine does."""
    verdict: Verdict
    because: str
    """The named improvement, or why this verdict."""
    rule: str = ""
    """The engine's rule, or the legacy component."""
    accepted: str = ""
    """The reason in the file of accepted differences; empty where it is not accepted."""

    @property
    def id(self) -> str:
        """What the file of accepted differences calls it."""
        return f"{self.subject} {self.field}"

    @property
    def is_open(self) -> bool:
        """Whether a person still has to say yes: same and named improvements need nobody."""
        return self.verdict in {"regression", "unknown"} and not self.accepted


@dataclass(frozen=True, slots=True)
class Accepted:
    """A difference a person has explained, until a day."""

    match: str
    """The difference's id, or the start of one followed by ``*``."""
    reason: str
    expires: date
    where: Where = field(default_factory=Where)

    def covers(self, difference: Difference) -> bool:
        """Whether it explains this one."""
        if self.match.endswith("*"):
            return difference.id.startswith(self.match[:-1])
        return difference.id == self.match


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What is true of one rule, or one legacy component, over everything compared."""

    rule: str
    verdict: Verdict
    because: str
    counts: tuple[tuple[Verdict, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Control against candidate over everything known."""

    repo: str
    states: int = 0
    issues: int = 0
    cases: int = 0
    """Generated ones."""
    differences: tuple[Difference, ...] = ()
    """By verdict (those that want a person first), subject and field; those that are the same are only counted."""
    same: int = 0
    rules: tuple[RuleVerdict, ...] = ()
    problems: tuple[str, ...] = ()
    """Accepted differences that are unused or expired: they fail the comparison."""
    noise: tuple[str, ...] = ()
    """What differs between two runs of the same legacy script, and is left out."""
    notes: tuple[str, ...] = ()

    def counts(self) -> dict[Verdict, int]:
        """How many of each verdict; in the order of `VERDICTS`."""
        found = dict.fromkeys(VERDICTS, 0)
        for difference in self.differences:
            found[difference.verdict] += 1
        found["same"] = self.same
        return found

    @property
    def open(self) -> tuple[Difference, ...]:
        """Differences a person still has to say yes to."""
        return tuple(found for found in self.differences if found.is_open)

    @property
    def failed(self) -> bool:
        """Whether the comparison cannot be relied on."""
        return bool(self.problems)

    @property
    def differs(self) -> bool:
        """Whether anything is not the same."""
        return bool(self.differences)


def by_path(files: Iterable[TextFile]) -> tuple[TextFile, ...]:
    """Files in the order of their paths."""
    return tuple(sorted(files, key=lambda found: found.path))
