"""The smaller components: auto-assign, self-test, what moves a board, what leaves records, and what builds a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.model import Issue
from migrations.audit.facts import Facts
from migrations.legacy.component import Declared, Says, World, set_label
from migrations.model import Workflow


@dataclass(frozen=True, slots=True)
class AutoAssign:
    """Puts a label on every issue somebody opens or edits."""

    path: str
    label: str
    actions: tuple[str, ...]
    id: str = "auto-assign"
    branches: tuple[str, ...] = ("has it", "gets it")

    def decide(self, issue: Issue, world: World) -> Says:
        """The label, whatever the issue is; pull requests cause no such event."""
        del world
        if issue.is_pull_request or issue.has_label(self.label):
            return Says("has it")
        write, needless = set_label(issue, self.label, on=True)
        return Says("gets it", (write,), needless)

    def labels(self) -> tuple[str, ...]:
        """The one it puts on."""
        return (self.label,)

    def ages(self, world: World) -> Iterator[int]:
        """Time is nothing to it."""
        del world
        yield 0


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Opens an issue at every run."""

    path: str
    title: str
    """With ``*`` where it is computed."""
    labels: tuple[str, ...]
    milestone: str
    """The repository variable, or the title itself."""
    id: str = "self-test"

    def opens(self, now: datetime) -> tuple[str, tuple[str, ...]]:
        """Title and labels of the issue one run opens."""
        return self.title.replace("*", f"{now:%Y-%m-%d %H:%M} UTC", 1), self.labels

    def made(self, issue: Issue, members: frozenset[str] = frozenset()) -> bool:
        """Whether an issue is one of its own: it carries every label it gives, and more than a membership label."""
        own = [name for name in self.labels if name not in members]
        if own:
            return all(issue.has_label(name) for name in own)
        start = self.title.partition("*")[0].strip()
        return len(start) >= 8 and issue.title.startswith(start)


def auto_assign(facts: Facts) -> AutoAssign | None:
    """The component, where an event of an issue puts a fixed label on it."""
    events = [trigger for trigger in facts.document.triggers if trigger.event == "issues"]
    if not events or any(call.words[-1:] == ("list",) for _, call in facts.calls):
        return None
    for _, call in facts.calls:
        for value in call.values("add-label"):
            if call.words == ("issue", "edit") and "$" not in value and not call.has_flag("milestone", "remove-label"):
                return AutoAssign(facts.document.path, value, events[0].types)
    return None


def self_test(facts: Facts) -> SelfTest | None:
    """The component, where a schedule opens issues."""
    if not facts.document.has_trigger("schedule", "workflow_dispatch"):
        return None
    for _, call in facts.calls:
        if call.words == ("issue", "create"):
            title = re.sub(r"\$\{\{.*?\}\}|\$\([^)]*\)|\$\{?\w+\}?", "*", next(iter(call.values("title")), ""))
            labels = tuple(name.strip() for value in call.values("label") for name in value.split(","))
            return SelfTest(facts.document.path, title, labels, next(iter(call.values("milestone")), ""))
    return None


def declared(facts: Facts, workflow: Workflow) -> Declared | None:
    """What a workflow declares that acts on no single issue of its own choosing."""
    path, document = workflow.path, facts.document
    events = ", ".join(trigger.words() for trigger in document.triggers if trigger.event != "workflow_dispatch")
    if "board moves" in workflow.kinds:
        condition = " ".join(job.condition.value for job in document.jobs if job.condition is not None)
        merged = re.search(r"merged\s*==\s*(true|false)", condition)
        how = f" ({'merged' if merged[1] == 'true' else 'not merged'})" if merged else ""
        closes = any(call.words == ("issue", "close") for _, call in facts.calls)
        status = _status(facts)
        mentioned = "every issue the pull request names" if document.has_trigger("pull_request") else "the issue"
        what = f"on {events}{how}: moves {mentioned} to {status or 'another column'}"
        parameters = [("status", status), ("closes", "yes" if closes else "no")]
        assignee = re.search(r"assignee\.login\s*\}\}\"?\s*[!=]=\s*[\"']?([\w-]+)", document.text)
        if assignee:
            parameters.append(("assignee", assignee[1]))
            what += f", where {assignee[1]} is assigned"
        if closes:
            what += ", and closes it with a comment"
        identity = "issue-status-on-assign" if document.has_trigger("issues") else "pr-status"
        return Declared(identity, path, what, is_board=True, parameters=tuple(parameters))
    if workflow.kind == "telemetry":
        if any(reason.text == "deletes old records" for reason in workflow.reasons):
            days = re.search(r"\w*(?:AGE|DAYS)\w*:-(\d+)|-mtime\s+\+?(\d+)", document.text)
            number = (days[1] or days[2]) if days else "some"
            return Declared(
                "cleaner",
                path,
                f"on {events}: deletes records older than {number} days",
                parameters=(("days", number),),
            )
        required = re.search(r"required_labels=\(([^)]*)\)", document.text)
        if required:
            names = ", ".join(required[1].split())
            return Declared(
                "diagnostics",
                path,
                f"on {events}: records missing labels and milestones",
                parameters=(("labels", names),),
            )
        return Declared("activity", path, f"on {events}: records issues and pull requests as they are")
    if workflow.kind == "dashboard":
        pages = ", ".join(used.name for used in workflow.writes)
        merges = re.search(r"jq\s+-s\b|--slurp", document.text)
        identity = "telemetry-merge" if merges else "dashboard-build"
        return Declared(identity, path, f"on {events}: {'merges every record into' if merges else 'wraps'} {pages}")
    return None


def _status(facts: Facts) -> str:
    for ran in facts.ran:
        for line in ran.script.lines:
            found = re.search(r"-F\s+option=\$\{?OPTION_([A-Z]+)", line.text)
            if found:
                words = {"INPROGRESS": "In Progress"}
                return words.get(found[1], found[1].title())
    for _, step in facts.document.steps:
        text = step.input("status") or step.input("column")
        if text is not None:
            return text.value
    return ""
