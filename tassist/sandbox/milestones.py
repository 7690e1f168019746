"""Milestones: addressed by number, titles unique with regard to case, closed ones still take issues.

Source: https://docs.github.com/en/rest/issues/milestones
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from tassist.sandbox import render
from tassist.sandbox.auth import Actor
from tassist.sandbox.calls import Answer, Body, Call, route
from tassist.sandbox.clock import stamp
from tassist.sandbox.errors import invalid, not_found, unprocessable
from tassist.sandbox.events import tell
from tassist.sandbox.model import Milestone, Repository
from tassist.sandbox.paging import paged

if TYPE_CHECKING:
    from tassist.sandbox.box import Box


def put_milestone(
    box: Box,
    by: Actor,
    repo: Repository,
    title: str,
    *,
    state: Literal["open", "closed"] = "open",
    description: str | None = None,
    due_on: datetime | None = None,
) -> Milestone:
    """Add a milestone without any check and without telling anybody."""
    now = box.clock.now()
    milestone = Milestone(
        box.world.next_id("milestone"),
        repo.next_milestone,
        title,
        by.user,
        now,
        now,
        state,
        description,
        due_on,
        now if state == "closed" else None,
    )
    repo.milestones[milestone.number] = milestone
    repo.next_milestone += 1
    return milestone


def _refuse_title(repo: Repository, title: str, but: Milestone | None = None) -> None:
    if not title.strip():
        raise invalid("Milestone", "title", "missing_field")
    if any(other.title == title and other is not but for other in repo.milestones.values()):
        raise invalid("Milestone", "title", "already_exists")


def create_milestone(
    box: Box,
    by: Actor,
    repo: Repository,
    title: str,
    *,
    state: Literal["open", "closed"] = "open",
    description: str | None = None,
    due_on: datetime | None = None,
) -> Milestone:
    """Add a milestone and tell whoever listens.

    Raises:
        GitHubError: 422, ``already_exists`` among them.
    """
    _refuse_title(repo, title)
    milestone = put_milestone(box, by, repo, title, state=state, description=description, due_on=due_on)
    _tell(box, by, repo, milestone, "created")
    return milestone


def edit_milestone(box: Box, by: Actor, repo: Repository, milestone: Milestone, fields: dict[str, Any]) -> None:
    """Change ``title``, ``description``, ``due_on`` or ``state``.

    Raises:
        GitHubError: 422 for a title that is taken.
    """
    changes: dict[str, Any] = {}
    title = fields.get("title")
    if title is not None and title != milestone.title:
        _refuse_title(repo, title, milestone)
        changes["title"] = {"from": milestone.title}
        milestone.title = title
    if "description" in fields and fields["description"] != milestone.description:
        changes["description"] = {"from": milestone.description or ""}
        milestone.description = fields["description"]
    if "due_on" in fields and fields["due_on"] != milestone.due_on:
        changes["due_on"] = {"from": stamp(milestone.due_on) or ""}
        milestone.due_on = fields["due_on"]
    state: Literal["open", "closed"] | None = fields.get("state")
    if state == milestone.state:
        state = None
    if changes or state:
        milestone.updated_at = box.clock.now()
    if changes:
        _tell(box, by, repo, milestone, "edited", changes=changes)
    if state:
        milestone.state = state
        milestone.closed_at = milestone.updated_at if state == "closed" else None
        _tell(box, by, repo, milestone, "closed" if state == "closed" else "opened")


def delete_milestone(box: Box, by: Actor, repo: Repository, milestone: Milestone) -> None:
    """Remove it; its issues have none afterwards."""
    del repo.milestones[milestone.number]
    for issue in repo.issues.values():
        if issue.milestone is milestone:
            issue.milestone = None
    box.world.changes += 1
    _tell(box, by, repo, milestone, "deleted")


def _tell(box: Box, by: Actor, repo: Repository, milestone: Milestone, action: str, **extra: Any) -> None:
    shown = render.milestone(box.world, repo, milestone)
    tell(box, repo, "milestone", action, by, {"milestone": shown, **extra})


def _numbered(call: Call) -> Milestone:
    milestone = call.repo.milestones.get(call.number("milestone"))
    if milestone is None:
        raise not_found("https://docs.github.com/rest/issues/milestones#get-a-milestone")
    return milestone


def _due_on(body: Body) -> datetime | None:
    text = body.text("due_on")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise unprocessable(
            f"Invalid request.\n\nFor 'properties/due_on', {text[:60]} is not a valid date-time."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _state(body: Body) -> Literal["open", "closed"] | None:
    return cast("Literal['open', 'closed'] | None", body.choice("state", ("open", "closed")))


@route("GET", "/repos/{owner}/{repo}/milestones", needs="issues|pull_requests:read")
def _list(call: Call) -> Answer:
    state = call.query.get("state", "open")
    found = [item for item in call.repo.milestones.values() if state in {"all", item.state}]
    far = datetime.max.replace(tzinfo=UTC)
    if call.query.get("sort", "due_on") == "completeness":
        found.sort(key=lambda item: _completeness(call, item))
    else:
        found.sort(key=lambda item: (item.due_on or far, item.number))
    if call.query.get("direction", "asc") == "desc":
        found.reverse()
    return paged(call, found, lambda item: render.milestone(call.world, call.repo, item))


def _completeness(call: Call, milestone: Milestone) -> float:
    within = [issue for issue in call.repo.issues.values() if issue.milestone is milestone]
    return sum(issue.state == "closed" for issue in within) / len(within) if within else 0.0


@route("POST", "/repos/{owner}/{repo}/milestones", needs="issues|pull_requests:write", role="write", content=True)
def _create(call: Call) -> Answer:
    body = call.body()
    title = body.text("title")
    if title is None:
        raise invalid("Milestone", "title", "missing_field")
    milestone = create_milestone(
        call.box,
        call.actor,
        call.repo,
        title,
        state=_state(body) or "open",
        description=body.text("description"),
        due_on=_due_on(body),
    )
    shown = render.milestone(call.world, call.repo, milestone)
    return Answer(shown, 201, {"Location": shown["url"]})


@route("GET", "/repos/{owner}/{repo}/milestones/{milestone}", needs="issues|pull_requests:read")
def _get(call: Call) -> Answer:
    return Answer(render.milestone(call.world, call.repo, _numbered(call)))


@route("PATCH", "/repos/{owner}/{repo}/milestones/{milestone}", needs="issues|pull_requests:write", role="write")
def _edit(call: Call) -> Answer:
    body, milestone = call.body(), _numbered(call)
    fields: dict[str, Any] = {"title": body.text("title"), "state": _state(body)}
    if "description" in body:
        fields["description"] = body.text("description")
    if "due_on" in body:
        fields["due_on"] = _due_on(body)
    edit_milestone(call.box, call.actor, call.repo, milestone, fields)
    return Answer(render.milestone(call.world, call.repo, milestone))


@route("DELETE", "/repos/{owner}/{repo}/milestones/{milestone}", needs="issues|pull_requests:write", role="write")
def _delete(call: Call) -> Answer:
    delete_milestone(call.box, call.actor, call.repo, _numbered(call))
    return Answer(status=204)


@route("GET", "/repos/{owner}/{repo}/milestones/{milestone}/labels", needs="issues|pull_requests:read")
def _labels(call: Call) -> Answer:
    milestone = _numbered(call)
    found = {
        label.id: label for issue in call.repo.issues.values() if issue.milestone is milestone for label in issue.labels
    }
    return paged(call, list(found.values()), lambda label: render.label(call.world, call.repo, label))
