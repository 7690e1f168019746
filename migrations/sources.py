"""Other legacy sources than home-grown scripts: configurations of well-known Actions, each read into a configuration of ours.

A source says whether it is there, what it declares in words, and what of it Task Assistant takes over; what it cannot take over it names.
`docs/how-to/write-a-legacy-source.md` shows how to write one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.config.findings import Findings
from engine.config.nodes import Mapping as YamlMapping
from engine.config.nodes import to_json
from engine.config.reading import decode, read
from migrations.audit.document import Document, Step, read_document
from migrations.audit.known_actions import plain_name
from migrations.model import Snapshot, TextFile


@dataclass(frozen=True, slots=True)
class Taken:
    """What one source declares, and what becomes of it."""

    source: str
    """The source's id, such as ``actions/stale``."""
    path: str
    line: int
    declares: tuple[str, ...]
    """In words, one sentence each."""
    config: dict[str, Any] = field(default_factory=dict)
    """The part of `.github/task-assistant.yml` that does the same, as plain data."""
    not_taken: tuple[str, ...] = ()
    """What Task Assistant does not do, or does otherwise, in words."""

    def summary(self) -> str:
        """One line for an audit."""
        keys = ", ".join(sorted(self.config)) or "nothing"
        left = f"; {len(self.not_taken)} of its settings are not taken over" if self.not_taken else ""
        return f"{self.source} in {self.path}:{self.line}: gives {keys}{left}"


Source = Callable[[Snapshot, tuple[Document, ...]], Iterable[Taken]]
"""A legacy source: from a snapshot and its workflows, already read, to everything of its sort that is there."""

_STALE_DEFAULTS: dict[str, str] = {
    "days-before-stale": "60",
    "days-before-close": "7",
    "stale-issue-label": "Stale",
    "close-issue-reason": "not_planned",
    "remove-stale-when-updated": "true",
    "operations-per-run": "30",
}
"""Source: https://github.com/actions/stale/blob/v9/README.md#list-of-input-options"""
_STALE_IGNORED = {
    "stale-pr-message": "a message on pull requests",
    "stale-pr-label": "a label on pull requests",
    "days-before-pr-stale": "thresholds of pull requests",
    "days-before-pr-close": "thresholds of pull requests",
    "exempt-pr-labels": "exemptions of pull requests",
    "close-issue-message": "a message when it closes",
    "close-issue-label": "a label when it closes",
    "any-of-labels": "only issues with one of some labels",
    "any-of-issue-labels": "only issues with one of some labels",
    "only-labels": "only issues with all of some labels",
    "only-issue-labels": "only issues with all of some labels",
    "exempt-assignees": "exemptions by assignee",
    "exempt-all-assignees": "exemptions by assignee",
    "exempt-all-milestones": "exempting every milestone",
    "exempt-draft-pr": "exempting drafts",
    "start-date": "a start date",
    "delete-branch": "deleting branches",
    "labels-to-add-when-unstale": "labels when it is no longer stale",
    "labels-to-remove-when-unstale": "labels when it is no longer stale",
    "labels-to-remove-when-stale": "labels taken off when it becomes stale",
    "include-only-assigned": "only assigned issues",
    "ignore-updates": "counting from the creation",
    "ignore-issue-updates": "counting from the creation",
}


def stale(snapshot: Snapshot, documents: tuple[Document, ...]) -> Iterable[Taken]:
    """Every step that uses actions/stale, with the defaults of what it does not say."""
    del snapshot
    for document in documents:
        for _, step in document.steps:
            if step.uses is not None and plain_name(step.uses.value) == "actions/stale":
                yield _stale(document, step)


def _stale(document: Document, step: Step) -> Taken:
    said = {name: text.value for name, text in step.given}
    given = {**_STALE_DEFAULTS, **said}
    declares: list[str] = []
    left: list[str] = []
    ours: dict[str, Any] = {"enabled": True}
    after = _days(given.get("days-before-issue-stale", given["days-before-stale"]))
    close = _days(given.get("days-before-issue-close", given["days-before-close"]))
    label = given["stale-issue-label"]
    if after is None or after < 0:
        declares.append("marks no issue stale")
        return Taken(
            "actions/stale",
            document.path,
            step.line,
            tuple(declares),
            {},
            ("there is nothing to take over for issues",),
        )
    if after == 0:
        left.append("a threshold of 0 days: one day is the least")
    ours["days_until_stale"] = max(after, 1)
    ours["stale_label"] = label
    declares.append(f"marks an issue {label} after {after} days")
    if close is not None and close >= 0:
        # Its second threshold counts from the mark, ours from the last activity.
        ours["days_until_close"] = max(after, 1) + max(close, 1)
        declares.append(f"closes it {close} days after that, as {given['close-issue-reason']}")
    exempt = _list(given.get("exempt-issue-labels", ""))
    if exempt:
        ours["exempt_labels"] = exempt
        declares.append(f"leaves {', '.join(exempt)} alone")
    milestones = _list(given.get("exempt-issue-milestones", given.get("exempt-milestones", "")))
    if milestones:
        ours["exempt_milestones"] = milestones
    if given.get("stale-issue-message"):
        ours["comment"] = given["stale-issue-message"][:9000]
        declares.append("says so in a comment")
    if given["remove-stale-when-updated"] == "false":
        left.append("keeping the label after an update: ours is taken off at once")
    if "days-before-pr-stale" not in given or _days(given["days-before-pr-stale"]) != -1:
        left.append("pull requests: ours looks at issues only")
    left += [
        f"{what} ({name})" for name, what in _STALE_IGNORED.items() if name in said and "pull requests" not in what
    ]
    if "${{" in "".join(said.values()):
        left.append("values that are computed when it runs are taken as they stand")
    config = {"stale": ours, "labels": [{"name": label}, *({"name": name} for name in exempt)]}
    return Taken("actions/stale", document.path, step.line, tuple(declares), config, tuple(dict.fromkeys(left)))


def labeler(snapshot: Snapshot, documents: tuple[Document, ...]) -> Iterable[Taken]:
    """Every step that uses actions/labeler, with its configuration of version 4 or 5.

    Source: https://github.com/actions/labeler/blob/main/README.md (from v5 on `changed-files`, `base-branch`, `head-branch`; before that globs)
    """
    files = {file.path: file for file in snapshot.files}
    for document in documents:
        for _, step in document.steps:
            if step.uses is None or plain_name(step.uses.value) != "actions/labeler":
                continue
            named = step.input("configuration-path")
            path = named.value if named is not None else ".github/labeler.yml"
            yield _labeler(document, step, path, files.get(path))


def _labeler(document: Document, step: Step, path: str, file: TextFile | None) -> Taken:
    if file is None:
        return Taken(
            "actions/labeler",
            document.path,
            step.line,
            (f"reads {path}",),
            {},
            (f"{path} is not there, so nothing is known of it",),
        )
    out = Findings(path)
    text = decode(file.content, out)
    root = read(text, out) if text is not None else None
    document_data = to_json(root) if isinstance(root, YamlMapping) else None
    if out.failed or not isinstance(document_data, dict):
        why = next((problem.what for problem in out.problems()), "it is no mapping")
        return Taken("actions/labeler", path, 1, (), {}, (f"{path} cannot be read: {why}",))
    declares: list[str] = []
    left: list[str] = []
    labels = []
    version = _labeler_version(document_data)
    for label, rules in document_data.items():
        conditions = list(_conditions(rules))
        labels.append({"name": label})
        declares.append(f"puts {label} on a pull request by {' or '.join(conditions) or 'nothing'}")
    left.append(
        "labels by changed files and branches: pull requests are not Task Assistant's, so keep the Action for them"
    )
    config = {"labels": labels}
    return Taken(f"actions/labeler v{version}", path, 1, tuple(declares), config, tuple(left))


def _labeler_version(document: dict[str, Any]) -> int:
    """5 where any rule is a mapping with the words of version 5; the forms never mix in one file."""
    words = {"changed-files", "base-branch", "head-branch", "any", "all"}
    for rules in document.values():
        for rule in rules if isinstance(rules, list) else [rules]:
            if isinstance(rule, dict) and words & set(rule):
                inner = [rule.get(word) for word in ("any", "all") if word in rule]
                if not inner or any(
                    isinstance(one, dict) for many in inner for one in (many if isinstance(many, list) else [many])
                ):
                    return 5
    return 4


def _conditions(rules: Any) -> Iterable[str]:
    for rule in rules if isinstance(rules, list) else [rules]:
        if isinstance(rule, str):
            yield f"files {rule}"
        elif isinstance(rule, dict):
            for name, value in rule.items():
                if name in {"any", "all"}:
                    inner = list(_conditions(value))
                    yield f"{name} of ({', '.join(inner)})"
                elif name == "changed-files":
                    yield from (f"files {glob}" for glob in _globs(value))
                else:
                    yield f"{name} {', '.join(_globs(value))}"


def _globs(value: Any) -> list[str]:
    if isinstance(value, list):
        return [glob for one in value for glob in _globs(one)]
    if isinstance(value, dict):
        return [f"{name}: {glob}" for name, inner in value.items() for glob in _globs(inner)]
    return [str(value)]


def _days(text: str) -> int | None:
    """Whole days; parts of a day, which the Action allows, are rounded up."""
    found = re.fullmatch(r"\s*(-?\d{1,5})(?:\.(\d+))?\s*", text)
    if not found:
        return None
    return int(found[1]) + int(bool(found[2] and int(found[2])) and not found[1].startswith("-"))


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


SOURCES: dict[str, Source] = {"actions/stale": stale, "actions/labeler": labeler}
"""In the order in which they are asked; one more is one function and one line."""


def take(snapshot: Snapshot) -> tuple[Taken, ...]:
    """What every source finds in the repository."""
    documents = tuple(read_document(file) for file in snapshot.workflows)
    return tuple(taken for source in SOURCES.values() for taken in source(snapshot, documents))
