"""The table endpoint → conforms, from real requests; `python -m tests.conformance.table` prints it and the webhooks'."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache

from tassist.sandbox.calls import ROUTES, Route
from tests.conformance import app_attempts, content_attempts, issue_attempts, repository_attempts
from tests.conformance.attempts import Attempt, Finding, described, examine
from tests.conformance.repository_attempts import archived_repository, renamed_repository
from tests.conformance.stage import Stage, staged

ATTEMPTS = [*issue_attempts.ATTEMPTS, *app_attempts.ATTEMPTS, *repository_attempts.ATTEMPTS, *content_attempts.ATTEMPTS]


@dataclass(frozen=True)
class Gap:
    """Where GitHub's description is known to lack what GitHub sends."""

    endpoint: str
    """A regular expression for endpoints."""
    problem: str
    """A regular expression for the judge's sentence."""
    reason: str

    def explains(self, endpoint: str, problem: str) -> bool:
        """Whether this is that problem."""
        return re.fullmatch(self.endpoint, endpoint) is not None and re.search(self.problem, problem) is not None


UNDESCRIBED = {
    "DELETE /sandbox/repos/{owner}/{repo}/issues/{number}": "GitHub deletes issues on its pages and in GraphQL only",
    "POST /sandbox/repos/{owner}/{repo}/issues/{number}/transfer": (
        "GitHub transfers issues on its pages and in GraphQL only"
    ),
}
"""Endpoints GitHub's description does not have, each with the reason for its being there."""

GAPS = [
    Gap(
        r"\w+ /(app/installations|(orgs|users)/{owner}/installation|repos/{owner}/{repo}/installation).*",
        r"permissions\.actions_variables: not in the description",
        "`actions_variables` is GitHub's permission for variables; its description of permissions does not list it",
    ),
    Gap(
        r".*",
        r"labels\[\d+\]\.archived_(at|by): not in the description",
        "the description demands `archived_at` and `archived_by` of a label and forgets them where an issue shows it",
    ),
    Gap(
        r"GET /repos/{owner}/{repo}/issues/(.*/)?events(/{event})?",
        r"state_reason: not in the description",
        "GitHub says `state_reason` where an issue was closed or reopened",
    ),
]


def endpoint_of(route: Route) -> str:
    """`GET /repos/{owner}/{repo}`."""
    return f"{route.method} {route.pattern}"


def endpoints() -> list[str]:
    """Every endpoint the box serves, by path."""
    import tassist.sandbox  # noqa: F401 - fills the route table

    return sorted({endpoint_of(route) for route in ROUTES}, key=lambda name: (name.split(" ")[1], name))


@cache
def _routes() -> dict[str, Route]:
    return {endpoint_of(route): route for route in ROUTES}


def attempts_at(endpoint: str) -> list[Attempt]:
    """The attempts written for an endpoint, then those that follow from what kind of endpoint it is."""
    written = [attempt for attempt in ATTEMPTS if attempt.endpoint == endpoint]
    return written + (_sweep(_routes()[endpoint], written) if written else [])


def _sweep(route: Route, written: list[Attempt]) -> list[Attempt]:
    endpoint = endpoint_of(route)
    anywhere = dict.fromkeys(re.findall(r"\{(\w+)", route.pattern), "1")
    in_repository = {"owner", "repo"} <= anywhere.keys()
    here = {name: value for name, value in anywhere.items() if name not in {"owner", "repo"}}
    found = [Attempt(endpoint, 401, "an unknown token", at=anywhere, who="forged")]
    if route.by_app:
        found.append(Attempt(endpoint, 401, "an installation's token", at=anywhere, who="bot"))
    if in_repository and not route.by_app:
        found.append(Attempt(endpoint, 404, "in an unknown repository", at={**here, "repo": "nowhere"}, who="alice"))
        moved = 307 if route.is_write else 301
        found.append(Attempt(endpoint, moved, "by a former name", at={**here, "repo": renamed_repository}, who="alice"))
        if route.is_write:
            found.append(Attempt(endpoint, 403, "without the permission", at=here, who="nobody"))
            if not route.when_archived:
                found.append(
                    Attempt(
                        endpoint,
                        403,
                        "in an archived repository",
                        at={**here, "repo": archived_repository},
                        who="alice",
                    )
                )
    successes = [attempt for attempt in written if attempt.status < 300]
    if successes and successes[0].body is not None:
        first = successes[0]
        found.append(Attempt(endpoint, 400, "JSON that breaks off", at=first.at, who=first.who, raw=b'{"title": "x'))
        found.append(Attempt(endpoint, 400, "no JSON object", at=first.at, who=first.who, raw=b'"x"'))
    return found


@dataclass(frozen=True)
class Row:
    """One endpoint and what was found."""

    endpoint: str
    described_as: str
    """GitHub's operation; empty where there is none."""
    findings: tuple[Finding, ...]

    @property
    def gaps(self) -> list[Gap]:
        """The gaps of the description that showed."""
        found = [problem for finding in self.findings for problem in finding.problems]
        return [gap for gap in GAPS if any(gap.explains(self.endpoint, problem) for problem in found)]

    @property
    def problems(self) -> list[str]:
        """What contradicts GitHub's description, each with the attempt that showed it."""
        return [
            f"{finding.attempt}: {problem}"
            for finding in self.findings
            for problem in finding.problems
            if not any(gap.explains(self.endpoint, problem) for gap in GAPS)
        ]

    @property
    def statuses(self) -> list[int]:
        """What was answered."""
        return sorted({finding.status for finding in self.findings})

    @property
    def conforms(self) -> str:
        """The verdict, with its reason where it is not a plain yes."""
        if self.problems:
            return "no: " + "; ".join(self.problems)
        if not self.findings:
            return "no: nothing was tried"
        if not self.described_as:
            return f"not described: {UNDESCRIBED.get(self.endpoint, 'no reason given')}"
        return "; ".join(["yes", *(f"beyond the description: {gap.reason}" for gap in self.gaps)])


def row(stage: Stage, endpoint: str) -> Row:
    """Try an endpoint in every way there is."""
    operation = described(endpoint)
    findings = tuple(examine(stage, attempt) for attempt in attempts_at(endpoint))
    return Row(endpoint, operation.name if operation else "", findings)


def table() -> list[Row]:
    """Every endpoint, tried on one stage."""
    with staged() as stage:
        return [row(stage, endpoint) for endpoint in endpoints()]


def markdown(rows: list[Row]) -> str:
    """The table as a page carries it; reasons stand below it, numbered."""
    reasons = [gap.reason for gap in GAPS if any(gap in found.gaps for found in rows)]
    lines = ["| endpoint | GitHub's operation | answered | conforms |", "|---|---|---|---|"]
    for found in rows:
        statuses = " ".join(map(str, found.statuses))
        name = f"`{found.described_as}`" if found.described_as else "–"
        shown = found.conforms
        if found.gaps and shown.startswith("yes"):
            shown = "yes, with more: " + ", ".join(f"({reasons.index(gap.reason) + 1})" for gap in found.gaps)
        lines.append(f"| `{found.endpoint}` | {name} | {statuses} | {shown} |")
    return "\n".join([*lines, "", *(f"{number}. {reason}." for number, reason in enumerate(reasons, 1))]) + "\n"


def main() -> int:
    """Print both tables; 1 where something does not conform."""
    from tests.conformance import webhook_table

    rows, verdicts = table(), webhook_table.table()
    sys.stdout.write(markdown(rows) + "\n" + webhook_table.markdown(verdicts))
    found = [row.conforms for row in rows] + [verdict.conforms for verdict in verdicts]
    return int(any(line.startswith("no:") for line in found))


if __name__ == "__main__":
    sys.exit(main())
