"""The table event and action → conforms, from deliveries that came over a real socket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tassist.sandbox.events import SENT
from tests.conformance.provocations import PROVOCATIONS
from tests.conformance.receiver import Received
from tests.conformance.stage import Stage, staged
from tests.support import conformance

Kind = tuple[str, str | None]

GAPS: dict[str, str] = {
    r"\.user_view_type: not in the description": (
        "`user_view_type`: every user GitHub shows has it; the webhooks' description names it in some places only"
    ),
    r"labels\[\d+\]\.archived_(at|by): not in the description": (
        "`archived_at` and `archived_by` of a label: the description demands them in some places and leaves them out in"
        " others; GitHub shows a label in one way"
    ),
    r"performed_via_github_app\.client_id: not in the description": (
        "`client_id` of an App: GitHub's own `integration` has it; the webhooks' description leaves it out"
    ),
    r"permissions\.actions_variables: not in the description": (
        "`actions_variables`: GitHub's permission for variables; no description of `permissions` lists it"
    ),
}
"""Where GitHub's description is known to lack what GitHub sends: the judge's sentence → why."""


def kinds() -> list[Kind]:
    """Every event and action the box can send."""
    return [(event, action) for event, actions in SENT.items() for action in actions or (None,)]


@contextmanager
def delivered() -> Iterator[tuple[Stage, dict[Kind, list[Received]]]]:
    """A stage on which everything has happened once, and what was received."""
    with staged() as stage:
        for provoke in dict.fromkeys(PROVOCATIONS.values()):
            provoke(stage)
        if not stage.box.webhooks.wait_idle(60):
            raise TimeoutError("deliveries are still under way")
        found: dict[Kind, list[Received]] = {}
        for item in stage.receiver.received:
            found.setdefault((item.event, item.action), []).append(item)
        yield stage, found


@dataclass(frozen=True)
class Verdict:
    """What was found about one event and action."""

    kind: Kind
    count: int
    problems: frozenset[str]
    gaps: frozenset[str]
    """Where it holds more than the description, each with why."""

    @property
    def conforms(self) -> str:
        """The verdict in words."""
        if not self.count:
            return "no: none was sent"
        if self.problems:
            return "no: " + "; ".join(sorted(self.problems))
        return "; ".join(["yes", *(f"beyond the description: {gap}" for gap in sorted(self.gaps))])


def judge(kind: Kind, received: list[Received]) -> Verdict:
    """Hold the deliveries of one event and action against GitHub's description of it."""
    expected = conformance.webhook_type(*kind)
    if expected is None:
        return Verdict(
            kind, len(received), frozenset({"GitHub's description has no such event and action"}), frozenset()
        )
    problems: set[str] = set()
    gaps: set[str] = set()
    for problem in {line for item in received for line in conformance.problems(expected, item.body)}:
        gap = next((reason for pattern, reason in GAPS.items() if re.search(pattern, problem)), None)
        (problems if gap is None else gaps).add(gap or problem)
    return Verdict(kind, len(received), frozenset(problems), frozenset(gaps))


def table() -> list[Verdict]:
    """Every event and action the box can send."""
    with delivered() as (_, found):
        return [judge(kind, found.get(kind, [])) for kind in kinds()]


def markdown(verdicts: list[Verdict]) -> str:
    """The table as a page carries it; the reasons stand below it, numbered."""
    reasons = sorted({gap for verdict in verdicts for gap in verdict.gaps})
    lines = ["| event | action | conforms |", "|---|---|---|"]
    for verdict in verdicts:
        event, action = verdict.kind
        shown = verdict.conforms
        if verdict.gaps and not verdict.problems and verdict.count:
            shown = "yes, with more: " + ", ".join(f"({reasons.index(gap) + 1})" for gap in sorted(verdict.gaps))
        lines.append(f"| `{event}` | {f'`{action}`' if action else '–'} | {shown} |")
    return "\n".join([*lines, "", *(f"{number}. {reason}." for number, reason in enumerate(reasons, 1))]) + "\n"
