"""The part of the contract that says what each event asks for, and the proof of it against `engine.triggers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from engine.triggers import Scope, asked, relevance
from tassist.contract.case import slug
from tassist.contract.reading import document

_REPOSITORY: Final = {"full_name": "octo-org/octo-repo", "id": 1296269, "default_branch": "main"}
_PLAIN: Final[dict[str, Any]] = {
    "repository": _REPOSITORY,
    "issue": {"number": 7, "title": "An issue"},
    "parent_issue": {"number": 7},
    "sub_issue": {"number": 8},
    "pull_request": {"number": 9, "title": "Mend it", "body": "Closes #7"},
    "changes": {"default_branch": {"from": "master"}},
    "ref": "refs/heads/main",
    "commits": [{"added": [".github/task-assistant.yml"], "modified": [], "removed": []}],
}
"""A payload with everything in it that any event's payload could name."""


@dataclass(frozen=True, slots=True)
class EventCase:
    """What one event and action asks for, or one payload of it."""

    event: str
    action: str
    scope: Scope
    name: str = ""
    """The sentence, where the payload decides; empty for a row of the table."""
    payload: Mapping[str, Any] | None = None
    issues: tuple[int, ...] | None = None
    """The numbers of the issues, where the payload decides."""
    pull_requests: bool = False

    @property
    def id(self) -> str:
        """``events/issues.labeled`` for a row, ``events/slug-of-the-name`` where the payload decides."""
        return f"events/{slug(self.name) if self.name else '.'.join(filter(None, (self.event, self.action)))}"


@dataclass(frozen=True, slots=True)
class Events:
    """The whole table."""

    title: str
    about: str
    scopes: Mapping[Scope, str]
    """What each scope means, to follow the event's name."""
    cases: tuple[EventCase, ...]


@lru_cache(maxsize=1)
def events() -> Events:
    """Every event and action that GitHub publishes, then the payloads that decide."""
    found = document(files("tassist.contract").joinpath("events.yml").read_text("utf-8"))
    rows = [
        EventCase(event, action, scope)
        for scope, by_event in found["events"].items()
        for event, actions in by_event.items()
        for action in actions or [""]
    ]
    rows.sort(key=lambda row: (row.event, row.action))
    decided = [
        EventCase(
            words["event"],
            str(words["payload"].get("action", "")),
            words["scope"],
            words["name"],
            {"repository": _REPOSITORY, **words["payload"]},
            tuple(words["issues"]) if "issues" in words else None,
            bool(words.get("pull_requests", False)),
        )
        for words in found["conditions"]
    ]
    return Events(found["topic"], " ".join(found["about"].split()), found["scopes"], (*rows, *decided))


def verify_event(case: EventCase) -> tuple[str, ...]:
    """Everything that is not as the case says; empty where it holds."""
    if case.payload is None:
        return _verify_row(case)
    found = asked(case.event, case.payload, pull_requests=case.pull_requests)
    numbers = tuple(ref.number for ref in found.issues)
    mismatches = (
        [f"expected {case.scope}, found {found.relevance.scope}"] if found.relevance.scope != case.scope else []
    )
    if numbers != (case.issues or ()):
        mismatches.append(f"expected the issues {case.issues or ()}, found {numbers}")
    if not found.reason:
        mismatches.append("it gives no reason")
    return tuple(mismatches)


def _verify_row(case: EventCase) -> tuple[str, ...]:
    said = relevance(case.event, case.action)
    mismatches = [] if said.scope == case.scope else [f"expected {case.scope}, found {said.scope}"]
    if not said.published:
        mismatches.append("the engine does not know it as published")
    if not said.why:
        mismatches.append("it gives no reason")
    payload = {**_PLAIN, "action": case.action} if case.action else _PLAIN
    found = asked(case.event, payload)
    if found.relevance.scope != case.scope:
        mismatches.append(f"with a payload: expected {case.scope}, found {found.relevance.scope}")
    names_issue = 7 in {ref.number for ref in found.issues}
    if names_issue != (case.scope == "issues"):
        mismatches.append(f"with a payload: it {'looks' if names_issue else 'does not look'} at the issue")
    return tuple(mismatches)
