"""actions/stale: what it does to issues as a configuration of ours, with the defaults of what it does not say.

Source: action.yml, README.md, CHANGELOG.md and src/main.ts of https://github.com/actions/stale, read at v9.1.0 and after it. An input that
overrides another for issues counts only where it is not empty; days until stale may have parts, days until closing are cut to whole ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from migrations.audit.document import Document, Step
from migrations.audit.known_actions import plain_name
from migrations.model import Snapshot
from migrations.sources.stale_inputs import DEFAULTS, Inputs, filled, read_inputs
from migrations.sources.taken import Taken

ID = "actions/stale"
NOT_TAKEN: dict[str, str] = {
    "close-issue-message": "a message when it closes",
    "close-issue-label": "a label when it closes",
    "any-of-labels": "only issues with one of some labels",
    "any-of-issue-labels": "only issues with one of some labels",
    "only-labels": "only issues with all of some labels",
    "only-issue-labels": "only issues with all of some labels",
    "only-issue-types": "only issues of some types",
    "exempt-assignees": "exemptions by assignee",
    "exempt-issue-assignees": "exemptions by assignee",
    "exempt-all-assignees": "exempting every assigned issue",
    "exempt-all-issue-assignees": "exempting every assigned issue",
    "exempt-all-milestones": "exempting every milestone",
    "exempt-all-issue-milestones": "exempting every milestone",
    "start-date": "a start date",
    "labels-to-add-when-unstale": "labels when it is no longer stale",
    "labels-to-remove-when-unstale": "labels taken off when it is no longer stale",
    "labels-to-remove-when-stale": "labels taken off when it becomes stale",
    "include-only-assigned": "only assigned issues",
    "ignore-updates": "counting from the creation",
    "ignore-issue-updates": "counting from the creation",
}
"""What would have to be done otherwise; empty and ``false`` mean that it is not asked for."""
WITHOUT_MEANING = frozenset(["repo-token", "operations-per-run", "ascending", "sort-by", "enable-statistics"])
"""How it runs, not what it does."""
PULL_REQUESTS = re.compile(r"-pr(?:-|\Z)|\Adelete-branch\Z")
_NEEDS_MESSAGE = re.compile(r"@v?[123](?:\.|\Z)")
"""Before version 4 an issue was marked only where a message for it was given."""
_MOST_COMMENT = 9_000


def stale(snapshot: Snapshot, documents: tuple[Document, ...]) -> Iterable[Taken]:
    """Every step that uses actions/stale."""
    for document in documents:
        for _, step in document.steps:
            if step.uses is not None and plain_name(step.uses.value) == ID:
                yield _taken(document, step, snapshot.variables or {})


def _taken(document: Document, step: Step, variables: Mapping[str, str]) -> Taken:
    said = {name: filled(text.value, variables) for name, text in step.given}
    given = {**DEFAULTS, **said}
    after = _days(given.get("days-before-issue-stale") or given["days-before-stale"])
    close = _days(given.get("days-before-issue-close") or given["days-before-close"], whole=True)
    idle = _never(step, given, after)
    if idle:
        why = f"there is nothing to take over for issues: {idle}"
        return Taken(ID, document.path, step.line, ("marks no issue stale",), {}, (why,), document.path)
    assert after is not None
    left: list[str] = []
    if after == 0:
        left.append("a threshold of 0 days: one day is the least")
    days, label = max(after, 1), given["stale-issue-label"].strip() or DEFAULTS["stale-issue-label"]
    ours: dict[str, Any] = {"enabled": True, "days_until_stale": days, "stale_label": label}
    declares = [f"marks an issue {label} after {_counted(days)}"]
    if close is None:
        left.append(f"closing after {given.get('days-before-issue-close') or given['days-before-close']!r} days")
    elif close >= 0:
        # Its second threshold counts from the mark, ours from the last activity.
        ours["days_until_close"] = days + max(close, 1)
        declares.append(
            f"closes it {_counted(max(close, 1))} after that, as {given['close-issue-reason'] or 'completed'}"
        )
        if given["close-issue-reason"] != "not_planned":
            left.append("closing as completed: ours closes as not planned (close-issue-reason)")
    exempt = _list(given.get("exempt-issue-labels", ""))
    if exempt:
        ours["exempt_labels"] = exempt
        declares.append(f"leaves {', '.join(exempt)} alone")
    milestones = _list(given.get("exempt-issue-milestones") or given.get("exempt-milestones", ""))
    if milestones:
        ours["exempt_milestones"] = milestones
        declares.append(f"leaves what is in {', '.join(milestones)} alone")
    message = given.get("stale-issue-message", "")
    if message:
        ours["comment"] = message[:_MOST_COMMENT]
        declares.append("says so in a comment")
    if (given.get("remove-issue-stale-when-updated") or given["remove-stale-when-updated"]) == "false":
        left.append("keeping the label after an update: ours is taken off at once")
    inputs = read_inputs(said, variables)
    pulls = _for_pulls(inputs)
    if pulls is None:
        declares.append("does the same to pull requests")
        if said.get("stale-pr-message", "") != message:
            left.append("a comment of their own for pull requests: they get that of issues (stale-pr-message)")
    elif pulls:
        left.append(pulls)
    left += [f"{what} ({name})" for name, what in NOT_TAKEN.items() if said.get(name, "") not in {"", "false"}]
    known = {*DEFAULTS, *NOT_TAKEN, *WITHOUT_MEANING, *_READ}
    left += [f"the input {name}, which is not known here" for name in said if name not in known and not PULL_REQUESTS.search(name)]  # fmt: skip
    if "${{" in "".join(said[name] for name in said if name != "repo-token"):
        left.append("values that are computed when it runs are taken as they stand")
    config: dict[str, Any] = {"stale": ours, "labels": [{"name": label}, *({"name": name} for name in exempt)]}
    if pulls is None:
        config["pull_requests"] = {"manage": True}
    return Taken(ID, document.path, step.line, tuple(declares), config, tuple(dict.fromkeys(left)), document.path, True)  # noqa: FBT003 – the last field


_READ = frozenset(
    [
        "days-before-issue-stale",
        "days-before-issue-close",
        "exempt-issue-labels",
        "exempt-issue-milestones",
        "exempt-milestones",
        "stale-issue-message",
        "remove-issue-stale-when-updated",
        "debug-only",
    ]
)


def _for_pulls(inputs: Inputs) -> str | None:
    """Why pull requests are not looked after as issues are; ``None`` where the Action does the same to both, empty where it leaves them alone."""
    if inputs.pulls.stale_days < 0 and inputs.pulls.close_days < 0:
        return ""
    if replace(inputs.pulls, message=inputs.issues.message) == inputs.issues and not inputs.spares_drafts:
        return None
    return "pull requests, which nobody marks any more: its inputs for them differ from those for issues"


def _never(step: Step, given: Mapping[str, str], after: int | None) -> str:
    """Why it marks no issue; empty where it does."""
    if given.get("debug-only") == "true":
        return "it only tries (debug-only)"
    if after is None:
        return f"its threshold {(given.get('days-before-issue-stale') or given['days-before-stale'])[:40]!r} is no number of days"
    if after < 0:
        return "its threshold is negative"
    if step.uses is not None and _NEEDS_MESSAGE.search(step.uses.value) and not given.get("stale-issue-message"):
        return "its version marks none without a stale-issue-message"
    return ""


def _days(text: str, *, whole: bool = False) -> int | None:
    """Whole days; parts of a day are rounded up, or cut where the Action cuts them."""
    found = re.fullmatch(r"\s*(-?\d{1,5})(?:\.(\d+))?\s*", text)
    if not found:
        return None
    part = bool(found[2] and int(found[2])) and not found[1].startswith("-") and not whole
    return int(found[1]) + int(part)


def _counted(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _list(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
