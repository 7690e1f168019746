"""Which components a repository's workflows are, with the parameters their texts give, and the world they decide in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from migrations.audit.classify import classify
from migrations.audit.document import read_document
from migrations.audit.facts import Facts, gather
from migrations.legacy import project_sync, simple, stale_action, supervisor
from migrations.legacy.component import Declared, IssueComponent, World
from migrations.legacy.simple import AutoAssign, SelfTest
from migrations.model import Snapshot, Workflow
from migrations.sources import Taken, staying, take

_NAMES_A_MILESTONE = re.compile(r"MILESTONE|SPRINT|(?:^|_)MS(?:_|$)", re.IGNORECASE)
"""A number of days may equal a milestone's number, so a number alone says nothing."""


@dataclass(frozen=True, slots=True)
class Legacy:
    """The legacy automation of a repository, as models."""

    issues: tuple[IssueComponent, ...] = ()
    """Those that act on issues, in the order of their paths."""
    self_tests: tuple[SelfTest, ...] = ()
    declared: tuple[Declared, ...] = ()
    unmodelled: tuple[str, ...] = ()
    """Workflows that change issues in a way no model describes."""
    facts: Mapping[str, Facts] = field(default_factory=dict)

    @property
    def members(self) -> frozenset[str]:
        """Labels that only say that legacy looks after an issue."""
        found = {getattr(component, "member", "") for component in self.issues}
        return frozenset(found - {""})

    def component_of(self, path: str) -> str:
        """The component a workflow is; empty where no model describes it."""
        known = {component.path: component.id for component in self.issues}
        known |= {component.path: component.id for component in self.self_tests}
        known |= {component.path: component.id for component in self.declared}
        return known.get(path, "")


def recognise(snapshot: Snapshot) -> Legacy:
    """Model everything that is there."""
    files = {file.path: file for file in snapshot.files}
    issues: list[IssueComponent] = []
    self_tests: list[SelfTest] = []
    declared: list[Declared] = []
    unmodelled: list[str] = []
    every: dict[str, Facts] = {}
    taken = take(snapshot)
    stay = staying(snapshot, taken)
    for file in snapshot.workflows:
        facts = gather(read_document(file), files)
        kind, confidence, kinds, reasons = classify(facts)
        if kind == "not ours":
            continue
        every[file.path] = facts
        workflow = Workflow(file.path, facts.document.name, kind, confidence, kinds, reasons, writes=facts.writes)
        found: list[IssueComponent | None] = [
            project_sync.recognise(facts),
            supervisor.recognise(facts),
            simple.auto_assign(facts),
            *([] if file.path in stay else stale_action.recognise(facts, snapshot)),
        ]
        known = [component for component in found if component is not None]
        issues += known
        test = simple.self_test(facts)
        if test is not None:
            self_tests.append(test)
        other = (
            None
            if known or test
            else _stays(file.path, taken)
            if file.path in stay
            else simple.declared(facts, workflow)
        )
        if other is not None:
            declared.append(other)
        if not known and test is None and other is None:
            unmodelled.append(file.path)
    return Legacy(tuple(issues), tuple(self_tests), tuple(declared), tuple(unmodelled), every)


def _stays(path: str, taken: Iterable[Taken]) -> Declared:
    """A workflow of Actions whose work nothing else does, so that it stays."""
    own = [one for one in taken if one.workflow == path]
    said = [words for one in own for words in one.declares] or ["its configuration says nothing"]
    return Declared(own[0].source, path, "; ".join(said), is_staying=True)


def world_of(snapshot: Snapshot, now: datetime) -> World:
    """What the components know: variables by their milestones' titles, and as they are.

    Where the repository's variables are not known, what its own diagnostics recorded of them is taken.
    """
    values = dict(snapshot.variables or {})
    titles: dict[str, str] = {}
    known = {str(milestone.number): milestone.title for milestone in snapshot.milestones or ()}
    open_titles = {milestone.title for milestone in snapshot.milestones or () if milestone.state == "open"}
    for name, value in values.items():
        if value in known and _NAMES_A_MILESTONE.search(name):
            titles[name] = known[value]
        elif value in open_titles or (snapshot.milestones is None and not value.isdigit()):
            titles[name] = value
    return World(now, titles | _recorded_titles(snapshot, values), values, snapshot.assigned)


def _recorded_titles(snapshot: Snapshot, known: Mapping[str, str]) -> dict[str, str]:
    """Roles and titles as a diagnostics record has them, for each variable that names the role."""
    roles: dict[str, str] = {}
    for record in snapshot.telemetry:
        if b'"milestones"' not in record.content or len(record.content) > 100_000:
            continue
        try:
            document = json.loads(record.content)
        except (ValueError, RecursionError):
            continue
        milestones = document.get("milestones") if isinstance(document, dict) else None
        if isinstance(milestones, dict):
            roles |= {str(role): title for role, title in milestones.items() if isinstance(title, str) and title}
    names = {used.name for file in snapshot.workflows for used in gather(read_document(file), {}).variables}
    found: dict[str, str] = {}
    for name in sorted(names | set(known)):
        role = next((role for role in sorted(roles) if role.upper() in name.upper().split("_")), "")
        if role and name not in known and "MILESTONE" in name.upper():
            found[name] = roles[role]
    return found


__all__ = ["AutoAssign", "Legacy", "SelfTest", "recognise", "world_of"]
