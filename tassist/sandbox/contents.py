"""Files of a repository: read, write and remove one, each write a commit.

Source: https://docs.github.com/en/rest/repos/contents
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from tassist.sandbox import git_store, render
from tassist.sandbox.auth import Actor
from tassist.sandbox.calls import Answer, Body, Call, route
from tassist.sandbox.errors import GitHubError, not_found, unprocessable
from tassist.sandbox.events import tell
from tassist.sandbox.git_store import FOLDER, Entry
from tassist.sandbox.model import Repository

if TYPE_CHECKING:
    from tassist.sandbox.box import Box

_PATH = "/repos/{owner}/{repo}/contents/{path:path}"
_NO_COMMIT = "0" * 40


def tell_push(
    box: Box, by: Actor, repo: Repository, ref: str, before: str | None, after: str | None, *, forced: bool = False
) -> None:
    """Queue a ``push``, with the commits that came and the files each of them touched."""
    old, new = before or _NO_COMMIT, after or _NO_COMMIT
    commits = _between(box, repo, before, after, by)
    head = commits[-1] if commits else (_shown_commit(box, repo, after, by) if after else None)
    name = by.user.login if by.user else "ghost"
    html = f"{box.world.root_url}/{repo.full_name}"
    payload: dict[str, Any] = {
        "ref": ref,
        "before": old,
        "after": new,
        "pusher": {"name": name, "email": f"{name}@users.noreply.github.com"},
        "created": before is None,
        "deleted": after is None,
        "forced": forced,
        "base_ref": None,
        "compare": f"{html}/compare/{old[:12]}...{new[:12]}",
        "commits": commits,
        "head_commit": head,
    }
    tell(box, repo, "push", None, by, payload)


def _between(box: Box, repo: Repository, before: str | None, after: str | None, by: Actor) -> list[dict[str, Any]]:
    """First parents from ``after`` back to ``before``, oldest first; 2048 at most, as GitHub."""
    found: list[dict[str, Any]] = []
    sha = after
    while sha and sha != before and len(found) < 2048:
        found.append(_shown_commit(box, repo, sha, by))
        parents = git_store.read_commit(repo, sha).parents
        sha = parents[0] if parents else None
    return found[::-1]


def _shown_commit(box: Box, repo: Repository, sha: str, by: Actor) -> dict[str, Any]:
    commit = git_store.read_commit(repo, sha)
    parent = git_store.read_commit(repo, commit.parents[0]).tree if commit.parents else None
    old, new = files_below(repo, parent) if parent else {}, files_below(repo, commit.tree)
    login = by.user.login if by.user else "ghost"
    return {
        "id": sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": commit.committer[2].isoformat(),
        "url": f"{box.world.root_url}/{repo.full_name}/commit/{sha}",
        "author": {"name": commit.author[0], "email": commit.author[1], "username": login},
        "committer": {"name": commit.committer[0], "email": commit.committer[1], "username": login},
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "modified": sorted(path for path in new.keys() & old.keys() if new[path] != old[path]),
    }


def files_below(repo: Repository, tree: str, prefix: str = "") -> dict[str, Entry]:
    """Every file below a tree by its path."""
    found: dict[str, Entry] = {}
    for name, entry in git_store.read_tree(repo, tree).items():
        if entry.mode == FOLDER:
            found |= files_below(repo, entry.sha, f"{prefix}{name}/")
        else:
            found[prefix + name] = entry
    return found


def _clean(path: str) -> str:
    """The path without slashes at its ends.

    Raises:
        GitHubError: 422 for a path that is not one.
    """
    cleaned = path.strip("/")
    if any(part in {"", ".", "..", ".git"} for part in cleaned.split("/")) and cleaned:
        raise unprocessable("path contains a malformed path component")
    return cleaned


def _shown(call: Call, path: str, entry: Entry, ref: str, *, content: bool) -> dict[str, Any]:
    repo, world = call.repo, call.world
    encoded = quote(path)
    query = urlencode({"ref": ref})
    url = f"{world.api_url}/repos/{repo.full_name}/contents/{encoded}?{query}"
    kind = {"tree": "dir", "commit": "submodule"}.get(entry.type, "file")
    git = f"{world.api_url}/repos/{repo.full_name}/git/{'trees' if kind == 'dir' else 'blobs'}/{entry.sha}"
    html = f"{world.root_url}/{repo.full_name}/{'tree' if kind == 'dir' else 'blob'}/{ref}/{encoded}"
    raw = repo.objects[entry.sha].content if kind == "file" else b""
    shown: dict[str, Any] = {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": len(raw),
        "url": url,
        "html_url": html,
        "git_url": git,
        "download_url": f"{world.root_url}/{repo.full_name}/raw/{ref}/{encoded}" if kind == "file" else None,
        "type": kind,
    }
    if content:
        shown |= {"content": base64.encodebytes(raw).decode(), "encoding": "base64"}
    return shown | {"_links": {"self": url, "git": git, "html": html}}


def _commit_of(call: Call, name: str | None) -> str:
    sha = git_store.resolve(call.repo, name)
    if sha is None:
        if not call.repo.refs:
            raise GitHubError(404, "This repository is empty.", docs="https://docs.github.com/rest/repos/contents")
        raise GitHubError(404, f"No commit found for the ref {name}", docs="https://docs.github.com/v3/repos/contents/")
    return sha


def _read(call: Call, path: str) -> Answer:
    ref = call.query.get("ref") or call.repo.default_branch
    tree = git_store.read_commit(call.repo, _commit_of(call, ref)).tree
    entry = git_store.find_path(call.repo, tree, path)
    if entry is None:
        raise not_found("https://docs.github.com/rest/repos/contents#get-repository-content")
    accept = call.headers.get("accept", "")
    if entry.mode == FOLDER:
        below = git_store.read_tree(call.repo, entry.sha)
        prefix = f"{path}/" if path else ""
        return Answer([_shown(call, prefix + name, item, ref, content=False) for name, item in below.items()])
    if "raw" in accept:
        headers = {"Content-Type": "application/vnd.github.raw+json; charset=utf-8"}
        return Answer(call.repo.objects[entry.sha].content, headers=headers)
    return Answer(_shown(call, path, entry, ref, content=True))


@route("GET", "/repos/{owner}/{repo}/contents", needs="contents:read")
def _root(call: Call) -> Answer:
    return _read(call, "")


@route("GET", _PATH, needs="contents:read")
def _get(call: Call) -> Answer:
    return _read(call, _clean(call.params["path"]))


@route("GET", "/repos/{owner}/{repo}/readme", needs="contents:read")
def _readme(call: Call) -> Answer:
    return _read(call, "README.md")


def _branch(call: Call, body: Body) -> tuple[str, str | None]:
    branch = body.text("branch") or call.repo.default_branch
    ref = f"refs/heads/{branch}"
    if ref not in call.repo.refs and call.repo.refs:
        raise GitHubError(404, f"Branch {branch} not found", docs="https://docs.github.com/rest/repos/contents")
    if branch in call.repo.protected_branches:
        raise GitHubError(409, "Changes must be made through a pull request.")
    return branch, call.repo.refs.get(ref)


def _existing(call: Call, head: str | None, path: str) -> Entry | None:
    if head is None:
        return None
    return git_store.find_path(call.repo, git_store.read_commit(call.repo, head).tree, path)


def _refuse_workflow(call: Call, path: str) -> None:
    """A workflow's file needs the permission ``workflows`` as well."""
    within = path.startswith(".github/workflows/")
    if within and call.actor.kind == "installation" and not call.actor.may("workflows", "write"):
        raise GitHubError(
            403,
            f"refusing to allow a GitHub App to create or update workflow `{path}` without `workflows` permission",
        )


def _written(call: Call, path: str, branch: str, before: str | None, sha: str, status: int) -> Answer:
    call.repo.updated_at = call.now
    tell_push(call.box, call.actor, call.repo, f"refs/heads/{branch}", before, sha)
    tree = git_store.read_commit(call.repo, sha).tree
    entry = git_store.find_path(call.repo, tree, path)
    content = _shown(call, path, entry, branch, content=False) if entry is not None else None
    return Answer({"content": content, "commit": show_commit(call, sha)}, status)


@route("PUT", _PATH, needs="contents:write", role="write", content=True)
def _put(call: Call) -> Answer:
    body, path = call.body(), _clean(call.params["path"])
    message, encoded = body.must("message"), body.must("content")
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise unprocessable("content is not valid Base64") from None
    _refuse_workflow(call, path)
    branch, head = _branch(call, body)
    existing, sent = _existing(call, head, path), body.text("sha")
    if existing is not None and existing.mode == FOLDER:
        raise unprocessable(f"{path} is a directory, not a file")
    if existing is not None and sent is None:
        raise unprocessable('Invalid request.\n\n"sha" wasn\'t supplied.')
    if sent is not None and (existing is None or sent != existing.sha):
        raise GitHubError(409, f"{path} does not match {sent[:60]}", docs="https://docs.github.com/rest/repos/contents")
    sha = git_store.commit_file(call.repo, path, content, message, call.actor.user, call.now, branch)
    return _written(call, path, branch, head, sha, 200 if existing else 201)


@route("DELETE", _PATH, needs="contents:write", role="write")
def _delete(call: Call) -> Answer:
    body, path = call.body(), _clean(call.params["path"])
    fields = {**call.query, **body.fields}
    body = Body(fields)
    message, sent = body.must("message"), body.must("sha")
    _refuse_workflow(call, path)
    branch, head = _branch(call, body)
    existing = _existing(call, head, path)
    if existing is None:
        raise not_found("https://docs.github.com/rest/repos/contents#delete-a-file")
    if sent != existing.sha:
        raise GitHubError(409, f"{path} does not match {sent[:60]}", docs="https://docs.github.com/rest/repos/contents")
    sha = git_store.commit_file(call.repo, path, None, message, call.actor.user, call.now, branch)
    return _written(call, path, branch, head, sha, 200)


def show_commit(call: Call, sha: str) -> dict[str, Any]:
    """A ``git-commit``."""
    commit = git_store.read_commit(call.repo, sha)
    api = f"{call.world.api_url}/repos/{call.repo.full_name}/git"
    html = f"{call.world.root_url}/{call.repo.full_name}/commit"

    def person(who: tuple[str, str, Any]) -> dict[str, str]:
        return {"name": who[0], "email": who[1], "date": who[2].strftime("%Y-%m-%dT%H:%M:%SZ")}

    return {
        "sha": sha,
        "node_id": render.node_id("C", int(sha[:12], 16)),
        "url": f"{api}/commits/{sha}",
        "html_url": f"{html}/{sha}",
        "author": person(commit.author),
        "committer": person(commit.committer),
        "message": commit.message,
        "tree": {"url": f"{api}/trees/{commit.tree}", "sha": commit.tree},
        "parents": [
            {"url": f"{api}/commits/{parent}", "html_url": f"{html}/{parent}", "sha": parent}
            for parent in commit.parents
        ],
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }
