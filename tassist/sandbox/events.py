"""Which App hears of a change, and with which payload.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tassist.sandbox import pulls, render
from tassist.sandbox.auth import Actor
from tassist.sandbox.model import Installation, Issue, Repository, User

if TYPE_CHECKING:
    from tassist.sandbox.box import Box

_ISSUE_ACTIONS = (
    "opened",
    "edited",
    "closed",
    "reopened",
    "labeled",
    "unlabeled",
    "milestoned",
    "demilestoned",
    "assigned",
    "unassigned",
    "locked",
    "unlocked",
    "pinned",
    "unpinned",
    "deleted",
    "transferred",
)
_NOT_OF_PULL_REQUESTS = ("opened", "pinned", "unpinned", "deleted", "transferred")
"""The box opens no pull requests; those it has come with a seed."""
SENT: dict[str, tuple[str, ...]] = {
    "issues": _ISSUE_ACTIONS,
    "pull_request": tuple(action for action in _ISSUE_ACTIONS if action not in _NOT_OF_PULL_REQUESTS),
    "issue_comment": ("created", "edited", "deleted"),
    "label": ("created", "edited", "deleted"),
    "milestone": ("created", "edited", "opened", "closed", "deleted"),
    "repository": (
        "created",
        "edited",
        "renamed",
        "archived",
        "unarchived",
        "privatized",
        "publicized",
        "transferred",
        "deleted",
    ),
    "installation": ("created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"),
    "installation_repositories": ("added", "removed"),
    "sub_issues": ("sub_issue_added", "sub_issue_removed", "parent_issue_added", "parent_issue_removed"),
    "push": (),
    "ping": (),
}
"""Every event the box can send with its actions; what is not listed here cannot be queued."""

ALWAYS = ("installation", "installation_repositories", "installation_target", "github_app_authorization")
"""Events every App receives without subscribing."""


def listeners(box: Box, repo: Repository, event: str) -> list[Installation]:
    """The installations that reach the repository, are not suspended, and subscribe to the event."""
    return [
        item
        for item in box.world.installations.values()
        if item.suspended_at is None and event in item.events and item.reaches(repo)
    ]


def tell(
    box: Box,
    repo: Repository,
    event: str,
    action: str | None,
    by: Actor,
    payload: dict[str, Any],
    *,
    to: Iterable[Installation] | None = None,
) -> None:
    """Queue a delivery for every App that listens; ``payload`` holds what is particular to the event."""
    box.world.changes += 1
    found = listeners(box, repo, event) if to is None else list(to)
    if not found:
        return
    body: dict[str, Any] = {} if action is None else {"action": action}
    body |= payload
    body["repository"] = render.repository(box.world, repo) | {"custom_properties": {}}
    if repo.owner.type == "Organization":
        body["organization"] = render.organization(box.world, repo.owner)
    body["sender"] = render.user(box.world, by.user)
    for item in found:
        ours = {"id": item.id, "node_id": render.node_id("IN", item.id)}
        box.webhooks.queue(item.app, event, body | {"installation": ours}, installation=item, repo=repo)


def tell_issue(
    box: Box, issue: Issue, action: str, by: Actor, *, labels: bool = True, event: str = "issues", **extra: Any
) -> None:
    """Queue an ``issues`` delivery; for a pull request, ``pull_request`` subscribers hear it instead."""
    if issue.is_pull_request and event == "issues":
        event = "pull_request"
    box.world.changes += 1
    if not listeners(box, issue.repo, event):
        return
    if event == "pull_request":
        shown = pulls.pull_request(box.world, issue, labels=labels)
        payload: dict[str, Any] = {"number": issue.number, "pull_request": shown}
    else:
        payload = {"issue": render.issue(box.world, issue, labels=labels)}
    tell(box, issue.repo, event, action, by, payload | extra)


def tell_app(box: Box, item: Installation, event: str, action: str, sender: User | None, **extra: Any) -> None:
    """Queue an ``installation`` or ``installation_repositories`` delivery to the App itself."""
    body: dict[str, Any] = {"action": action, "installation": render.installation(box.world, item), **extra}
    if item.account.type == "Organization":
        body["organization"] = render.organization(box.world, item.account)
    body["sender"] = render.user(box.world, sender)
    box.webhooks.queue(item.app, event, body, installation=item)
