"""Repositories: look, create, edit, rename, transfer, archive, delete.

Source: https://docs.github.com/en/rest/repos/repos
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tassist.sandbox import render
from tassist.sandbox.auth import Actor
from tassist.sandbox.calls import Answer, Call, is_repository_name, route
from tassist.sandbox.errors import GitHubError, invalid, must_have, not_found
from tassist.sandbox.events import listeners, tell
from tassist.sandbox.labels import standard_labels
from tassist.sandbox.model import Repository, User
from tassist.sandbox.paging import paged

if TYPE_CHECKING:
    from tassist.sandbox.box import Box

_REPO = "/repos/{owner}/{repo}"


def refuse_name(box: Box, owner: User, name: str, *, but: Repository | None = None) -> None:
    """A name for a repository of this account.

    Raises:
        GitHubError: 422 for a name that is taken, by another repository than ``but``, or none.
    """
    if not is_repository_name(name):
        raise invalid("Repository", "name", "invalid")
    other = box.world.repository(owner.login, name)
    if other is not None and other is not but:
        raise invalid("Repository", "name", "custom", "name already exists on this account")


def create_repository(
    box: Box,
    by: Actor,
    owner: User,
    name: str,
    *,
    private: bool = False,
    description: str | None = None,
    labels: bool = True,
) -> Repository:
    """Create a repository, with GitHub's nine labels unless told otherwise.

    Raises:
        GitHubError: 422 for a name that is taken or none.
    """
    refuse_name(box, owner, name)
    now = box.clock.now()
    repo = Repository(
        box.world.next_id("repository"), owner, name, now, now, now, private=private, description=description
    )
    box.world.put_repository(repo)
    if labels:
        standard_labels(box, repo)
    tell(box, repo, "repository", "created", by, {})
    return repo


def rename_repository(box: Box, by: Actor, repo: Repository, name: str) -> None:
    """Give it another name; the old one redirects.

    Raises:
        GitHubError: 422 for a name that is taken or none.
    """
    refuse_name(box, repo.owner, name, but=repo)
    before = repo.name
    if before == name:
        return
    box.world.move_repository(repo, repo.owner, name)
    repo.updated_at = box.clock.now()
    tell(box, repo, "repository", "renamed", by, {"changes": {"repository": {"name": {"from": before}}}})


def transfer_repository(box: Box, by: Actor, repo: Repository, owner: User) -> None:
    """Give it to another account; only installations there reach it afterwards."""
    before = repo.owner
    if box.world.repository(owner.login, repo.name) is not None:
        raise invalid("Repository", "name", "custom", "name already exists on this account")
    old = listeners(box, repo, "repository")
    box.world.move_repository(repo, owner, repo.name)
    repo.updated_at = box.clock.now()
    kind = "organization" if before.type == "Organization" else "user"
    from_ = {kind: render.organization(box.world, before) if kind == "organization" else render.user(box.world, before)}
    payload = {"changes": {"owner": {"from": from_}}}
    new = [item for item in listeners(box, repo, "repository") if item not in old]
    tell(box, repo, "repository", "transferred", by, payload, to=[*old, *new])


def set_archived(box: Box, by: Actor, repo: Repository, *, archived: bool) -> None:
    """Archive it, or open it for writing again."""
    if repo.archived == archived:
        return
    repo.archived = archived
    repo.updated_at = box.clock.now()
    tell(box, repo, "repository", "archived" if archived else "unarchived", by, {})


def set_private(box: Box, by: Actor, repo: Repository, *, private: bool) -> None:
    """Make it private or public."""
    if repo.private == private:
        return
    repo.private = private
    repo.updated_at = box.clock.now()
    tell(box, repo, "repository", "privatized" if private else "publicized", by, {})


def delete_repository(box: Box, by: Actor, repo: Repository) -> None:
    """Delete it; one of the same name later has another id."""
    told = listeners(box, repo, "repository")
    tell(box, repo, "repository", "deleted", by, {}, to=told)
    box.world.drop_repository(repo)
    for item in box.world.installations.values():
        if item.repository_ids is not None:
            item.repository_ids.discard(repo.id)


def _full(call: Call, repo: Repository) -> dict[str, Any]:
    role = None
    if call.actor.kind == "user":
        role = call.world.role(call.actor.user, repo)
    elif call.actor.kind == "installation":
        role = "write" if call.actor.may("contents|issues", "write") else "read"
    return render.repository(call.world, repo, full=True, role=role)


@route("GET", _REPO, needs="metadata:read")
def _get(call: Call) -> Answer:
    return Answer(_full(call, call.repo))


@route("PATCH", _REPO, needs="administration:write", role="admin", when_archived=True)
def _edit(call: Call) -> Answer:
    box, by, repo, body = call.box, call.actor, call.repo, call.body()
    archive, private, has_issues = body.flag("archived"), body.flag("private"), body.flag("has_issues")
    if repo.archived and archive is not False:
        raise GitHubError(403, "Repository was archived so is read-only.")
    name, branch = body.text("name"), body.text("default_branch")
    if branch not in {None, repo.default_branch} and f"refs/heads/{branch}" not in repo.refs:
        raise invalid("Repository", "default_branch", "invalid")
    if name is not None:
        refuse_name(box, repo.owner, name, but=repo)
    body.text("description")
    if archive is False:
        set_archived(box, by, repo, archived=False)
    if name is not None:
        rename_repository(box, by, repo, name)
    if private is not None:
        set_private(box, by, repo, private=private)
    edited: dict[str, Any] = {}
    if "description" in body and body.text("description") != repo.description:
        edited["description"] = {"from": repo.description}
        repo.description = body.text("description")
    if has_issues is not None:
        repo.has_issues = has_issues
    if branch is not None and branch != repo.default_branch:
        edited["default_branch"] = {"from": repo.default_branch}
        repo.default_branch = branch
    if edited:
        tell(box, repo, "repository", "edited", by, {"changes": edited})
    if archive:
        set_archived(box, by, repo, archived=True)
    return Answer(_full(call, repo))


@route("DELETE", _REPO, needs="administration:write", role="admin", when_archived=True)
def _delete(call: Call) -> Answer:
    delete_repository(call.box, call.actor, call.repo)
    return Answer(status=204)


@route("POST", f"{_REPO}/transfer", needs="administration:write", role="admin")
def _transfer(call: Call) -> Answer:
    owner = call.world.user(call.body().must("new_owner"))
    if owner is None:
        raise invalid("Repository", "new_owner", "invalid")
    transfer_repository(call.box, call.actor, call.repo, owner)
    return Answer(render.repository(call.world, call.repo), 202)


def _may_create(call: Call, owner: User) -> None:
    actor = call.actor
    if actor.kind == "installation":
        if (
            not actor.may("administration", "write")
            or actor.installation is None
            or actor.installation.account is not owner
        ):
            raise GitHubError(403, "Resource not accessible by integration")
    elif actor.user is not owner and (actor.user is None or actor.user.id not in owner.members):
        raise must_have("admin")


def _create(call: Call, owner: User) -> Answer:
    _may_create(call, owner)
    body = call.body()
    repo = create_repository(
        call.box,
        call.actor,
        owner,
        body.must("name"),
        private=bool(body.flag("private")),
        description=body.text("description"),
    )
    shown = _full(call, repo)
    return Answer(shown, 201, {"Location": shown["url"]})


@route("POST", "/orgs/{owner}/repos", content=True)
def _create_in_organization(call: Call) -> Answer:
    owner = call.world.user(call.params["owner"])
    if owner is None or owner.type != "Organization":
        raise not_found()
    return _create(call, owner)


@route("POST", "/user/repos", content=True)
def _create_own(call: Call) -> Answer:
    if call.actor.user is None or call.actor.kind != "user":
        raise GitHubError(403, "Resource not accessible by integration")
    return _create(call, call.actor.user)


def _visible(call: Call, repo: Repository) -> bool:
    if call.actor.kind == "installation":
        return call.actor.reaches(repo) or not repo.private
    return call.world.role(call.actor.user, repo) is not None


def _of_account(call: Call, kind: str) -> Answer:
    owner = call.world.user(call.params["owner"])
    if owner is None or (kind == "Organization" and owner.type != kind):
        raise not_found()
    found = [repo for repo in call.world.of_owner(owner) if _visible(call, repo)]
    return paged(call, found, lambda repo: render.repository(call.world, repo))


@route("GET", "/orgs/{owner}/repos")
def _of_organization(call: Call) -> Answer:
    return _of_account(call, "Organization")


@route("GET", "/users/{owner}/repos")
def _of_user(call: Call) -> Answer:
    return _of_account(call, "User")


@route("GET", "/user/repos", sign_in=True)
def _own(call: Call) -> Answer:
    if call.actor.kind != "user":
        raise GitHubError(403, "Resource not accessible by integration")
    user = call.actor.user
    found = [
        repo
        for repo in call.world.repositories.values()
        if user is not None and (repo.owner is user or user.id in repo.owner.members or user.id in repo.collaborators)
    ]
    return paged(call, found, lambda repo: render.repository(call.world, repo))


@route("GET", f"{_REPO}/assignees", needs="issues|pull_requests:read")
def _assignees(call: Call) -> Answer:
    ids = {call.repo.owner.id, *call.repo.owner.members, *call.repo.collaborators}
    found = [user for user in call.world.users.values() if user.id in ids and user.type == "User"]
    return paged(call, found, lambda user: render.user(call.world, user))
