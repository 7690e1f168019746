"""Project sync: gives every member the milestone of its track's label, and flags those that have neither.

What it declares, read from its text: one page of issues and pull requests, those with the membership label kept; the target is chosen by
the first label name that is part of the joined label names; a target is set whether it is set already or not, on closed issues too; an
issue without milestone and target is flagged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.model import Issue
from migrations.audit.facts import Facts
from migrations.legacy.component import Says, World, set_label
from migrations.legacy.trace import repository_variable
from migrations.model import Write

_TEST = re.compile(r"==\s*\*\"?([\w./: -]+?)\"?\*")
_MEMBER = re.compile(r"labels\[\]\.name\s*==\s*\"([^\"]+)\"|[?&]labels=([\w.-]+)")


@dataclass(frozen=True, slots=True)
class ProjectSync:
    """One version of it."""

    path: str
    member: str
    """The label it looks for; empty: every issue."""
    routes: tuple[tuple[str, str], ...]
    """Label → repository variable of the milestone, in the order in which they are tried."""
    flag: str
    """The label for an issue with neither milestone nor target; empty where it flags nothing."""
    page: int = 0
    """How many items it reads; 0: all."""
    id: str = "project-sync"
    branches: tuple[str, ...] = (
        "not a member",
        "target set",
        "target changes",
        "flagged",
        "left alone",
        "cannot resolve",
    )

    def target(self, issue: Issue, world: World) -> str:
        """The title it chooses; empty where it chooses none."""
        joined = " ".join(issue.labels)
        variable = next((variable for label, variable in self.routes if label in joined), "")
        return world.titles.get(variable, "")

    def can_run(self, world: World) -> bool:
        """Whether every variable names a milestone; where one does not, the whole run fails."""
        return all(world.titles.get(variable) for _, variable in self.routes)

    def decide(self, issue: Issue, world: World) -> Says:
        """What it declares to do with this issue."""
        if self.member and self.member not in issue.labels:
            return Says("not a member")
        if not self.can_run(world):
            return Says("cannot resolve")
        target = self.target(issue, world)
        if target:
            is_set = issue.milestone is not None and issue.milestone.title == target
            branch = "target set" if is_set else "target changes"
            return Says(branch, (Write("milestone", "", target),), int(is_set))
        if issue.milestone is None and self.flag:
            write, needless = set_label(issue, self.flag, on=True)
            return Says("flagged", (write,), needless)
        return Says("left alone")

    def decisions(self, issues: Sequence[Issue], world: World) -> list[dict[str, Any]]:
        """The record of one run, as it would be decoded: every member in GitHub's order, and the empty object at the end."""
        seen = issues[: self.page] if self.page else issues
        found: list[dict[str, Any]] = [
            {"number": str(issue.ref.number), "title": issue.title, "target_milestone": self.target(issue, world)}
            for issue in seen
            if not self.member or self.member in issue.labels
        ]
        return [*found, {}]

    def record(self, issues: Sequence[Issue], world: World) -> str:
        """The record of one run, to the byte."""
        parts = [json.dumps(one, indent=2, ensure_ascii=False) + "\n,\n" for one in self.decisions(issues, world)[:-1]]
        return "[\n" + "".join(parts) + "{}]\n"

    def labels(self) -> tuple[str, ...]:
        """The labels it reads or writes."""
        return tuple(
            dict.fromkeys(name for name in (self.member, *(label for label, _ in self.routes), self.flag) if name)
        )

    def ages(self, world: World) -> Iterator[int]:
        """Time is nothing to it."""
        del world
        yield 0


def recognise(facts: Facts) -> ProjectSync | None:
    """The component, where the workflow sets milestones by label names."""
    for ran in facts.ran:
        setters = [call for call in ran.script.calls if call.words == ("issue", "edit") and "--milestone" in call.text]
        if not setters:
            continue
        variable = next(iter(re.findall(r"--milestone[\s=]+\"?\$\{?(\w+)", setters[0].text)), "")
        routes = list(_routes(facts, ran.script.lines, variable))
        if not routes:
            continue
        text = "\n".join(line.text for each in facts.ran for line in each.script.lines)
        member = _MEMBER.search(text)
        flags = [value for call in ran.script.calls for value in call.values("add-label") if "$" not in value]
        size = re.search(r"issues\?[^\"'\s]*per_page=(\d+)", text)
        page = 0 if "--paginate" in text else int(size[1][:4]) if size else 30
        return ProjectSync(
            facts.document.path,
            (member[1] or member[2]) if member else "",
            tuple(routes),
            flags[0] if flags else "",
            page,
        )
    return None


def _routes(facts: Facts, lines: Sequence[Any], variable: str) -> Iterator[tuple[str, str]]:
    label = ""
    for line in lines:
        tested = _TEST.search(line.text)
        if tested:
            label = tested[1]
        given = re.match(rf"^\s*{re.escape(variable)}=\"?\$\{{?(\w+)\}}?\"?\s*$", line.text)
        if given and label:
            yield label, repository_variable(facts, given[1])
            label = ""
