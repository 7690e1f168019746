"""Comments on issues.

Source: https://docs.github.com/en/rest/issues/comments
"""

from __future__ import annotations

from tassist.sandbox import issue_changes as changes
from tassist.sandbox import render
from tassist.sandbox.calls import Answer, Call, route
from tassist.sandbox.errors import GitHubError, must_have, not_found, unprocessable
from tassist.sandbox.model import ROLES, Comment, Issue
from tassist.sandbox.paging import paged

_READ, _WRITE = "issues|pull_requests:read", "issues|pull_requests:write"
_ROOT = "/repos/{owner}/{repo}/issues"


def _find(call: Call) -> tuple[Issue, Comment]:
    wanted = call.number("comment")
    for issue in call.repo.issues.values():
        for comment in issue.comments:
            if comment.id == wanted:
                return issue, comment
    raise not_found("https://docs.github.com/rest/issues/comments#get-an-issue-comment")


def _require_author(call: Call, comment: Comment) -> None:
    if call.actor.kind == "installation" or call.actor.user is comment.user:
        return
    role = call.world.role(call.actor.user, call.repo)
    if role is None or ROLES.index(role) < ROLES.index("write"):
        raise must_have("admin")


def _text(call: Call) -> str:
    body = call.body()
    if "body" not in body:
        raise unprocessable('Invalid request.\n\n"body" wasn\'t supplied.')
    return body.must("body")


@route("GET", f"{_ROOT}/{{number}}/comments", needs=_READ)
def _list(call: Call) -> Answer:
    issue = call.issue()
    return paged(call, issue.comments, lambda comment: render.comment(call.world, issue, comment))


@route("POST", f"{_ROOT}/{{number}}/comments", needs=_WRITE, content=True)
def _create(call: Call) -> Answer:
    issue, text = call.issue(), _text(call)
    role = call.world.role(call.actor.user, call.repo)
    may_anyway = call.actor.kind == "installation" or (role is not None and ROLES.index(role) >= ROLES.index("write"))
    if issue.locked and not may_anyway:
        raise GitHubError(403, "Unable to create comment because issue is locked.")
    comment = changes.add_comment(call.box, call.actor, issue, text)
    shown = render.comment(call.world, issue, comment)
    return Answer(shown, 201, {"Location": shown["url"]})


@route("GET", f"{_ROOT}/comments", needs=_READ)
def _list_all(call: Call) -> Answer:
    found = [(issue, comment) for issue in call.repo.issues.values() for comment in issue.comments]
    found.sort(key=lambda pair: pair[1].id, reverse=call.query.get("direction") == "desc")
    return paged(call, found, lambda pair: render.comment(call.world, *pair))


@route("GET", f"{_ROOT}/comments/{{comment}}", needs=_READ)
def _get(call: Call) -> Answer:
    return Answer(render.comment(call.world, *_find(call)))


@route("PATCH", f"{_ROOT}/comments/{{comment}}", needs=_WRITE)
def _edit(call: Call) -> Answer:
    issue, comment = _find(call)
    _require_author(call, comment)
    changes.edit_comment(call.box, call.actor, issue, comment, _text(call))
    return Answer(render.comment(call.world, issue, comment))


@route("DELETE", f"{_ROOT}/comments/{{comment}}", needs=_WRITE)
def _delete(call: Call) -> Answer:
    issue, comment = _find(call)
    _require_author(call, comment)
    changes.delete_comment(call.box, call.actor, issue, comment)
    return Answer(status=204)
