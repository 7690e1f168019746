"""`tassist why`: the present of one issue explained, with a token that cannot write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.explain import plan_data, plan_in_words
from engine.model import Issue, IssueRef, Trigger
from engine.plan import Plan
from engine.problems import ProblemError
from engine.runner import consider
from tassist.github.connection import Connection


@dataclass(frozen=True, slots=True)
class Explained:
    """An issue as it is, and what every rule says about it."""

    ref: IssueRef
    issue: Issue | None
    """``None`` where the configuration could not be used, so that nobody looked."""
    plan: Plan


async def why(connection: Connection, repo: str, number: int) -> Explained:
    """Look at the issue as a run would, and write nothing.

    Args:
        connection: One whose tokens are minted read-only.
        repo: ``OWNER/NAME``.
        number: Of the issue.

    Raises:
        ProblemError: the App cannot see it.
    """
    found = await connection.access.resolve(repo)
    ref = IssueRef(found.full_name, number, found.id)
    considered = await consider(Trigger("manual"), ref, reader=connection.reader, clock=connection.client.clock)
    if considered.gone is not None:
        raise ProblemError(considered.gone.problem)
    return Explained(ref, considered.look.issue if considered.look else None, considered.plan)


def in_words(explained: Explained) -> list[str]:
    """The explanation, line by line."""
    issue = explained.issue
    lines = [str(explained.ref) + (f"  {issue.title}" if issue else "")]
    if issue is not None:
        lines.append(f"  state: {issue.state}" + (f" ({issue.state_reason})" if issue.state_reason else ""))
        lines.append(f"  labels: {', '.join(issue.labels) or 'none'}")
        lines.append(f"  milestone: {issue.milestone.title if issue.milestone else 'none'}")
    return [*lines, "", *plan_in_words(explained.plan)]


def data(explained: Explained) -> dict[str, Any]:
    """The explanation as plain data."""
    issue = explained.issue
    state = None
    if issue is not None:
        state = {
            "title": issue.title,
            "state": issue.state,
            "state_reason": issue.state_reason,
            "labels": list(issue.labels),
            "milestone": issue.milestone.title if issue.milestone else None,
        }
    return {
        "repo": explained.ref.repo,
        "number": explained.ref.number,
        "issue": state,
        "plan": plan_data(explained.plan),
    }
