"""Sub-issues: a tree of issues, each with at most one parent.

Source: https://docs.github.com/en/rest/issues/sub-issues
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tassist.sandbox import render
from tassist.sandbox.auth import Actor
from tassist.sandbox.calls import Answer, Call, route
from tassist.sandbox.errors import GitHubError, entry, not_found, validation
from tassist.sandbox.events import tell
from tassist.sandbox.issue_changes import note, touch
from tassist.sandbox.model import Issue
from tassist.sandbox.paging import paged

if TYPE_CHECKING:
    from tassist.sandbox.box import Box

MAX_SUB_ISSUES, MAX_DEPTH = 100, 8
_ISSUE = "/repos/{owner}/{repo}/issues/{number}"
_READ, _WRITE = "issues:read", "issues:write"


def _refused(message: str) -> GitHubError:
    return validation([entry("Issue", "sub_issue_id", "custom", message)])


def _ancestors(issue: Issue) -> list[Issue]:
    found = []
    above = issue.parent
    while above is not None:
        found.append(above)
        above = above.parent
    return found


def _height(issue: Issue) -> int:
    return 1 + max((_height(child) for child in issue.sub_issues), default=0)


def add_sub_issue(box: Box, by: Actor, parent: Issue, child: Issue, *, replace_parent: bool = False) -> None:
    """Make ``child`` the last sub-issue of ``parent``.

    Raises:
        GitHubError: 422 where it has a parent, would be its own ancestor, or where the tree would be too big.
    """
    if child is parent or child in _ancestors(parent):
        raise _refused("Sub issue cannot be its own parent or ancestor")
    if child in parent.sub_issues:
        raise _refused("Issue may not contain duplicate sub-issues")
    if child.parent is not None and not replace_parent:
        raise _refused("Sub issue may only have one parent")
    if len(parent.sub_issues) >= MAX_SUB_ISSUES:
        raise _refused(f"Parent cannot have more than {MAX_SUB_ISSUES} sub-issues")
    if len(_ancestors(parent)) + 1 + _height(child) > MAX_DEPTH:
        raise _refused(f"Sub-issues cannot be nested more than {MAX_DEPTH} levels deep")
    if child.parent is not None:
        remove_sub_issue(box, by, child.parent, child)
    child.parent = parent
    parent.sub_issues.append(child)
    touch(box, parent)
    note(box, by, parent, "sub_issue_added", other=child)
    note(box, by, child, "parent_issue_added", other=parent)
    _tell(box, by, parent, child, "added")


def remove_sub_issue(box: Box, by: Actor, parent: Issue, child: Issue) -> None:
    """Take it out of the parent; the caller has looked whether it is there."""
    parent.sub_issues.remove(child)
    child.parent = None
    touch(box, parent)
    note(box, by, parent, "sub_issue_removed", other=child)
    note(box, by, child, "parent_issue_removed", other=parent)
    _tell(box, by, parent, child, "removed")


def _tell(box: Box, by: Actor, parent: Issue, child: Issue, word: str) -> None:
    """GitHub tells it once as the parent's and once as the sub-issue's change."""
    above, below = render.issue(box.world, parent), render.issue(box.world, child)
    shared = {"parent_issue_id": parent.id, "parent_issue": above, "sub_issue_id": child.id, "sub_issue": below}
    parent_repo = {"parent_issue_repo": render.repository(box.world, parent.repo)}
    child_repo = {"sub_issue_repo": render.repository(box.world, child.repo)}
    tell(box, parent.repo, "sub_issues", f"sub_issue_{word}", by, shared | child_repo)
    tell(box, child.repo, "sub_issues", f"parent_issue_{word}", by, shared | parent_repo)


def _child(call: Call, parent: Issue) -> Issue:
    """The issue whose id (not number) was sent; it must belong to the same owner."""
    wanted = call.body().integer("sub_issue_id", required=True)
    found = next((issue for issue in call.world.issues() if issue.id == wanted), None)
    if found is None or found.repo.owner is not parent.repo.owner:
        raise GitHubError(404, "The provided sub-issue does not exist")
    return found


@route("GET", f"{_ISSUE}/sub_issues", needs=_READ)
def _list(call: Call) -> Answer:
    return paged(call, call.issue().sub_issues, lambda issue: render.issue(call.world, issue))


@route("POST", f"{_ISSUE}/sub_issues", needs=_WRITE, role="triage", content=True)
def _add(call: Call) -> Answer:
    parent = call.issue()
    child = _child(call, parent)
    replace = bool(call.body().flag("replace_parent"))
    add_sub_issue(call.box, call.actor, parent, child, replace_parent=replace)
    shown = render.issue(call.world, parent, full=True)
    return Answer(shown, 201, {"Location": shown["url"]})


@route("DELETE", f"{_ISSUE}/sub_issue", needs=_WRITE, role="triage")
def _remove(call: Call) -> Answer:
    parent = call.issue()
    child = _child(call, parent)
    if child not in parent.sub_issues:
        raise GitHubError(404, "The provided sub-issue does not exist")
    remove_sub_issue(call.box, call.actor, parent, child)
    return Answer(render.issue(call.world, parent, full=True))


@route("PATCH", f"{_ISSUE}/sub_issues/priority", needs=_WRITE, role="triage")
def _move(call: Call) -> Answer:
    parent, body = call.issue(), call.body()
    child = _child(call, parent)
    after, before = body.integer("after_id"), body.integer("before_id")
    neighbour = next((issue for issue in parent.sub_issues if issue.id in {after, before}), None)
    if child not in parent.sub_issues or neighbour is None or neighbour is child:
        # This endpoint alone answers with sentences in place of entries.
        raise validation(["The issue to move, and the one beside it, must be sub-issues of the parent"])
    parent.sub_issues.remove(child)
    parent.sub_issues.insert(parent.sub_issues.index(neighbour) + (after is not None), child)
    call.world.changes += 1
    return Answer(render.issue(call.world, parent, full=True))


@route("GET", f"{_ISSUE}/parent", needs=_READ)
def _parent(call: Call) -> Answer:
    parent = call.issue().parent
    if parent is None:
        raise not_found("https://docs.github.com/rest/issues/sub-issues#get-parent-issue")
    return Answer(render.issue(call.world, parent, full=True))
