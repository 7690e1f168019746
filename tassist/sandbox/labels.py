"""Labels of a repository: names without regard to case, GitHub's lengths, GitHub's refusals.

Source: https://docs.github.com/en/rest/issues/labels
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tassist.sandbox import render
from tassist.sandbox.auth import Actor
from tassist.sandbox.calls import Answer, Call, route
from tassist.sandbox.errors import GitHubError, entry, invalid, not_found, validation
from tassist.sandbox.events import tell
from tassist.sandbox.model import Label, Repository
from tassist.sandbox.paging import paged

if TYPE_CHECKING:
    from tassist.sandbox.box import Box

MAX_NAME, MAX_DESCRIPTION = 50, 100
DEFAULT_COLOR = "ededed"
_COLOR = re.compile(r"[0-9a-fA-F]{6}")
_STANDARD = (
    ("bug", "d73a4a", "Something isn't working"),
    ("documentation", "0075ca", "Improvements or additions to documentation"),
    ("duplicate", "cfd3d7", "This issue or pull request already exists"),
    ("enhancement", "a2eeef", "New feature or request"),
    ("good first issue", "7057ff", "Good for newcomers"),
    ("help wanted", "008672", "Extra attention is needed"),
    ("invalid", "e4e669", "This doesn't seem right"),
    ("question", "d876e3", "Further information is requested"),
    ("wontfix", "ffffff", "This will not be worked on"),
)


def standard_labels(box: Box, repo: Repository) -> None:
    """Give the repository the labels GitHub gives a new one."""
    for name, color, description in _STANDARD:
        put_label(box, repo, name, color, description, default=True)


def put_label(
    box: Box,
    repo: Repository,
    name: str,
    color: str = DEFAULT_COLOR,
    description: str | None = None,
    *,
    default: bool = False,
) -> Label:
    """Add a label without any check and without telling anybody."""
    label = Label(box.world.next_id("label"), name, color.lower(), description, default)
    repo.labels[name.casefold()] = label
    return label


def find_label(repo: Repository, name: str) -> Label | None:
    """The label of that name, as GitHub compares names."""
    return repo.labels.get(name.casefold())


def faults_of(name: str | None, color: str | None, description: str | None) -> list[dict[str, Any]]:
    """What GitHub would refuse about these values."""
    found = []
    if name is not None:
        if not name.strip():
            found.append(entry("Label", "name", "missing_field"))
        elif len(name) > MAX_NAME:
            found.append(entry("Label", "name", "custom", f"name is too long (maximum is {MAX_NAME} characters)", name))
    if color is not None and not _COLOR.fullmatch(color):
        found.append(entry("Label", "color", "invalid", value=color))
    if description is not None and len(description) > MAX_DESCRIPTION:
        text = f"description is too long (maximum is {MAX_DESCRIPTION} characters)"
        found.append(entry("Label", "description", "custom", text, description))
    return found


def create_label(
    box: Box, by: Actor, repo: Repository, name: str, color: str = DEFAULT_COLOR, description: str | None = None
) -> Label:
    """Add a label and tell whoever listens.

    Raises:
        GitHubError: 422 for a value GitHub refuses, ``already_exists`` among them.
    """
    name = name.strip()
    wrong = faults_of(name, color, description)
    if wrong:
        raise validation(wrong)
    if find_label(repo, name) is not None:
        raise invalid("Label", "name", "already_exists")
    label = put_label(box, repo, name, color, description)
    tell(box, repo, "label", "created", by, {"label": render.label(box.world, repo, label)})
    return label


def edit_label(box: Box, by: Actor, repo: Repository, label: Label, fields: dict[str, str | None]) -> None:
    """Change ``name``, ``color`` or ``description``; the id stays, and so do the issues that carry it.

    Raises:
        GitHubError: 422 for a value GitHub refuses.
    """
    wrong = faults_of(fields.get("name"), fields.get("color"), fields.get("description"))
    if wrong:
        raise validation(wrong)
    changes: dict[str, Any] = {}
    name, color = fields.get("name"), fields.get("color")
    if name is not None and name.strip() != label.name:
        name = name.strip()
        other = find_label(repo, name)
        if other is not None and other is not label:
            raise invalid("Label", "name", "already_exists")
        changes["name"] = {"from": label.name}
        del repo.labels[label.name.casefold()]
        label.name = name
        repo.labels[name.casefold()] = label
    if color is not None and color.lower() != label.color:
        changes["color"] = {"from": label.color}
        label.color = color.lower()
    if "description" in fields and (fields["description"] or None) != label.description:
        changes["description"] = {"from": label.description or ""}
        label.description = fields["description"] or None
    if changes:
        shown = render.label(box.world, repo, label)
        tell(box, repo, "label", "edited", by, {"label": shown, "changes": changes})


def delete_label(box: Box, by: Actor, repo: Repository, label: Label) -> None:
    """Remove it from the repository and from every issue."""
    shown = render.label(box.world, repo, label)
    del repo.labels[label.name.casefold()]
    for issue in repo.issues.values():
        if label in issue.labels:
            issue.labels.remove(label)
    tell(box, repo, "label", "deleted", by, {"label": shown})


def _named(call: Call) -> Label:
    label = find_label(call.repo, call.params["name"])
    if label is None:
        raise not_found("https://docs.github.com/rest/issues/labels#get-a-label")
    return label


@route("GET", "/repos/{owner}/{repo}/labels", needs="issues|pull_requests:read")
def _list(call: Call) -> Answer:
    found = sorted(call.repo.labels.values(), key=lambda label: label.name.casefold())
    return paged(call, found, lambda label: render.label(call.world, call.repo, label))


@route("POST", "/repos/{owner}/{repo}/labels", needs="issues|pull_requests:write", role="write", content=True)
def _create(call: Call) -> Answer:
    body = call.body()
    name = body.text("name")
    if name is None:
        raise invalid("Label", "name", "missing_field")
    color = body.text("color") or DEFAULT_COLOR
    label = create_label(call.box, call.actor, call.repo, name, color, body.text("description"))
    shown = render.label(call.world, call.repo, label)
    return Answer(shown, 201, {"Location": shown["url"]})


@route("GET", "/repos/{owner}/{repo}/labels/{name}", needs="issues|pull_requests:read")
def _get(call: Call) -> Answer:
    return Answer(render.label(call.world, call.repo, _named(call)))


@route("PATCH", "/repos/{owner}/{repo}/labels/{name}", needs="issues|pull_requests:write", role="write")
def _edit(call: Call) -> Answer:
    body, label = call.body(), _named(call)
    fields = {"name": body.text("new_name") or body.text("name"), "color": body.text("color")}
    if "description" in body:
        fields["description"] = body.text("description")
    edit_label(call.box, call.actor, call.repo, label, fields)
    return Answer(render.label(call.world, call.repo, label))


@route("DELETE", "/repos/{owner}/{repo}/labels/{name}", needs="issues|pull_requests:write", role="write")
def _delete(call: Call) -> Answer:
    delete_label(call.box, call.actor, call.repo, _named(call))
    return Answer(status=204)


def refuse_too_many(count: int) -> None:
    """At most a hundred labels on an issue.

    Raises:
        GitHubError: 422.
    """
    if count > 100:
        raise GitHubError(
            422, "Validation Failed", errors=[entry("Issue", "labels", "custom", "issues can have at most 100 labels")]
        )
