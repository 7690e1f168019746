"""An issue's history: its timeline with comments, and its events without.

Source: https://docs.github.com/en/rest/issues/timeline and https://docs.github.com/en/rest/issues/events
"""

from __future__ import annotations

from typing import Any

from tassist.sandbox import render
from tassist.sandbox.calls import Answer, Call, route
from tassist.sandbox.errors import not_found
from tassist.sandbox.model import Comment, Issue, IssueEvent
from tassist.sandbox.paging import paged

_READ = "issues|pull_requests:read"
_ROOT = "/repos/{owner}/{repo}/issues"
_NOT_AN_EVENT = {"sub_issue_added", "sub_issue_removed", "parent_issue_added", "parent_issue_removed"}


def history(issue: Issue) -> list[IssueEvent | Comment]:
    """Events and comments together, oldest first; what happened in the same second stays in the order it happened."""
    found: list[IssueEvent | Comment] = [*issue.events, *issue.comments]
    return sorted(found, key=lambda item: item.created_at)


def _shown(call: Call, issue: Issue, item: IssueEvent | Comment) -> dict[str, Any]:
    if isinstance(item, IssueEvent):
        return render.issue_event(call.world, issue, item, timeline=True)
    shown = render.comment(call.world, issue, item)
    return {**shown, "event": "commented", "actor": shown["user"]}


@route("GET", f"{_ROOT}/{{number}}/timeline", needs=_READ)
def _timeline(call: Call) -> Answer:
    issue = call.issue()
    return paged(call, history(issue), lambda item: _shown(call, issue, item))


@route("GET", f"{_ROOT}/{{number}}/events", needs=_READ)
def _events(call: Call) -> Answer:
    issue = call.issue()
    found = [event for event in issue.events if event.event not in _NOT_AN_EVENT]
    return paged(call, found, lambda event: render.issue_event(call.world, issue, event))


@route("GET", f"{_ROOT}/events", needs=_READ)
def _all_events(call: Call) -> Answer:
    found = [
        (issue, event)
        for issue in call.repo.issues.values()
        for event in issue.events
        if event.event not in _NOT_AN_EVENT
    ]
    found.sort(key=lambda pair: (pair[1].created_at, pair[1].id), reverse=True)

    def shown(pair: tuple[Issue, IssueEvent]) -> dict[str, Any]:
        return {**render.issue_event(call.world, *pair), "issue": render.issue(call.world, pair[0])}

    return paged(call, found, shown)


@route("GET", f"{_ROOT}/events/{{event}}", needs=_READ)
def _event(call: Call) -> Answer:
    wanted = call.number("event")
    for issue in call.repo.issues.values():
        for event in issue.events:
            if event.id == wanted:
                shown = render.issue_event(call.world, issue, event)
                return Answer({**shown, "issue": render.issue(call.world, issue)})
    raise not_found()
