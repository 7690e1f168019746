"""`tassist rollover`: one sprint's milestone ends, the next begins, and what is open goes along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.config import Config
from engine.model import Issue, IssueRef, Milestone, Repo
from engine.plan import CreateMilestone, SetMilestone
from engine.problems import Problem, ProblemError
from engine.rollover import Rollover, roll_over
from tassist.github import translate
from tassist.github.address import repository
from tassist.github.connection import Connection
from tassist.github.faults import Refused
from tassist.github.wire import IssueWire, MilestoneWire
from tassist.services.connecting import repository_config

RULE = "rollover"


@dataclass(frozen=True, slots=True)
class Planned:
    """A rollover of one repository."""

    repo: Repo
    rollover: Rollover


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done, or was not."""

    text: str
    problem: Problem | None = None
    changed: bool = True


async def plan(
    connection: Connection, repo: str, title: str, *, to: str | None = None, due_on: date | None = None
) -> Planned:
    """Find out what the rollover would do; writes nothing.

    Args:
        connection: A read-only one will do.
        repo: ``OWNER/NAME``.
        title: Of the milestone that ends.
        to: The next one's title, instead of one counted up.
        due_on: The next one's day.

    Raises:
        ProblemError: there is no such milestone, or no next one can be found.
    """
    found = await connection.access.resolve(repo)
    ref = IssueRef(found.full_name, 0, found.id)
    config = await _config(connection, found)
    whole = await connection.reader.repo(ref)
    milestones = whole.milestones or ()
    old = whole.milestone(title)
    issues = await _in_milestone(connection, ref, old) if old else []
    planned = roll_over(title, milestones, issues, config, to=to, due_on=due_on)
    if isinstance(planned, Problem):
        raise ProblemError(planned)
    return Planned(whole, planned)


async def carry_out(connection: Connection, planned: Planned, told: Callable[[Step], None]) -> tuple[Step, ...]:
    """Do it: the next milestone, the issues one by one, and the closing last.

    An issue that somebody moved elsewhere in between stays where it is. Where an issue cannot be moved the old milestone
    is not closed.

    Raises:
        Retry: GitHub cannot be asked now; a second run does the rest.
    """
    rollover = planned.rollover
    ref = IssueRef(planned.repo.full_name, 0, planned.repo.id)
    steps: list[Step] = []

    def step(text: str, problem: Problem | None = None, *, changed: bool = True) -> None:
        steps.append(Step(text, problem, changed))
        told(steps[-1])

    if rollover.next is None:
        due = rollover.due_on.isoformat() if rollover.due_on else None
        made = await connection.applier.apply(ref, CreateMilestone(rollover.title, rollover.old.description, due, RULE))
        step(f'created milestone "{rollover.title}"', made.problem, changed=made.changed)
        if made.problem is not None:
            return tuple(steps)
    effect = SetMilestone(rollover.title, rollover.next.number if rollover.next else None, RULE, rollover.old.title)
    for number in rollover.move:
        at = IssueRef(ref.repo, number, ref.repo_id)
        look = await connection.reader.look(at)
        issue = getattr(look, "issue", None)
        if not isinstance(issue, Issue):
            step(f"#{number} is gone", changed=False)
        elif issue.milestone is None or issue.milestone.number != rollover.old.number or issue.state == "closed":
            step(f"#{number} was taken care of in between", changed=False)
        else:
            applied = await connection.applier.apply(at, effect)
            step(f"moved #{number}", applied.problem)
    if rollover.close and not any(one.problem for one in steps):
        step(f'closed milestone "{rollover.old.title}"', await _close(connection, ref, rollover.old))
    return tuple(steps)


async def _close(connection: Connection, ref: IssueRef, old: Milestone) -> Problem | None:
    who = await connection.access.credential(ref)
    path = f"{repository(ref.repo, ref.repo_id)}/milestones/{old.number}"
    try:
        wire = (
            await connection.client.write("PATCH", path, MilestoneWire, who, body={"state": "closed"}, repeatable=True)
        ).value
    except Refused as error:
        return error.problems[0]
    if wire.state == "closed":
        return None
    return Problem("change-dropped", "GitHub said yes and did not close the milestone", family="auth")


async def _in_milestone(connection: Connection, ref: IssueRef, old: Milestone) -> list[Issue]:
    who = await connection.access.credential(ref)
    path = f"{repository(ref.repo, ref.repo_id)}/issues?milestone={old.number}&state=open&per_page=100"
    wires = await connection.client.get_all(path, IssueWire, who)
    return [translate.issue(wire, IssueRef(ref.repo, wire.number or 0, ref.repo_id)) for wire in wires]


async def _config(connection: Connection, repo: Repo) -> Config | None:
    """The repository's configuration, where it has a valid one: a rollover does not need it."""
    try:
        return (await repository_config(connection, repo))[0]
    except ProblemError as error:
        if all(problem.code.startswith("config") for problem in error.problems):
            return None
        raise


def in_words(planned: Planned) -> list[str]:
    """What would be done, line by line."""
    rollover = planned.rollover
    lines = []
    if rollover.next is None:
        due = f", due {rollover.due_on}" if rollover.due_on else ""
        lines.append(f'+ milestone "{rollover.title}"{due}')
    lines += [f'~ #{number}: "{rollover.old.title}" → "{rollover.title}"' for number in rollover.move]
    if rollover.close:
        lines.append(f'~ milestone "{rollover.old.title}": open → closed')
    if rollover.stay:
        numbers = ", ".join(f"#{number}" for number in rollover.stay)
        lines.append(f"  pull requests stay, as the configuration does not manage them: {numbers}")
    lines += [
        f'  note: {where} still names "{rollover.old.title}"; change it to "{rollover.title}"'
        for where in rollover.mentions
    ]
    if rollover.done:
        lines.append(f'Nothing to do: "{rollover.old.title}" is closed, and nothing open is in it.')
    return lines


def data(planned: Planned, steps: tuple[Step, ...] | None = None) -> dict[str, Any]:
    """The rollover as plain data; with ``steps``, how it went."""
    rollover = planned.rollover
    result: dict[str, Any] = {
        "repo": planned.repo.full_name,
        "from": rollover.old.title,
        "to": rollover.title,
        "create": rollover.next is None,
        "due_on": rollover.due_on.isoformat() if rollover.due_on else None,
        "move": list(rollover.move),
        "stay": list(rollover.stay),
        "close": rollover.close,
        "mentions": [str(where) for where in rollover.mentions],
    }
    if steps is not None:
        result["steps"] = [
            {"done": step.text, "changed": step.changed, "problem": str(step.problem) if step.problem else None}
            for step in steps
        ]
    return result
