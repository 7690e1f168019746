"""Git's own objects over the API: blobs, trees, commits, refs and branches.

Source: https://docs.github.com/en/rest/git
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any

from tassist.sandbox import git_store, render
from tassist.sandbox.calls import Answer, Call, route
from tassist.sandbox.contents import show_commit, tell_push
from tassist.sandbox.errors import GitHubError, not_found, unprocessable
from tassist.sandbox.git_store import FOLDER, Entry
from tassist.sandbox.paging import paged

_GIT = "/repos/{owner}/{repo}/git"
_REPO = "/repos/{owner}/{repo}"
WORKFLOWS = ".github/workflows"
_MODES = {"100644", "100755", "040000", "160000", "120000"}
_REF = re.compile(r"refs/(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[^\s~^:?*\[\\/][^\s~^:?*\[\\]*[^\s~^:?*\[\\/.]")


def _api(call: Call) -> str:
    return f"{call.world.api_url}/repos/{call.repo.full_name}/git"


def _require(call: Call, sha: str, kind: str) -> None:
    item = call.repo.objects.get(sha)
    if item is None or item.type != kind:
        raise not_found(f"https://docs.github.com/rest/git/{kind}s")


# blobs


@route("GET", f"{_GIT}/blobs/{{sha}}", needs="contents:read")
def _blob(call: Call) -> Answer:
    sha = call.params["sha"]
    _require(call, sha, "blob")
    content = call.repo.objects[sha].content
    return Answer(
        {
            "sha": sha,
            "node_id": render.node_id("B", int(sha[:12], 16)),
            "size": len(content),
            "url": f"{_api(call)}/blobs/{sha}",
            "content": base64.encodebytes(content).decode(),
            "encoding": "base64",
        }
    )


@route("POST", f"{_GIT}/blobs", needs="contents:write", role="write")
def _make_blob(call: Call) -> Answer:
    body = call.body()
    text, encoding = body.must("content"), body.choice("encoding", ("utf-8", "base64")) or "utf-8"
    try:
        content = text.encode() if encoding == "utf-8" else base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise unprocessable("content is not valid Base64") from None
    sha = git_store.put_blob(call.repo, content)
    call.world.changes += 1
    url = f"{_api(call)}/blobs/{sha}"
    return Answer({"url": url, "sha": sha}, 201, {"Location": url})


# trees


def _show_tree(call: Call, sha: str, *, recursive: bool) -> dict[str, Any]:
    lines: list[dict[str, Any]] = []

    def add(tree: str, prefix: str) -> None:
        for name, entry in git_store.read_tree(call.repo, tree).items():
            line: dict[str, Any] = {
                "path": prefix + name,
                "mode": entry.mode,
                "type": entry.type,
                "sha": entry.sha,
            }
            if entry.type == "blob":
                line["size"] = len(call.repo.objects[entry.sha].content)
            if entry.type != "commit":
                line["url"] = f"{_api(call)}/{entry.type}s/{entry.sha}"
            lines.append(line)
            if recursive and entry.mode == FOLDER:
                add(entry.sha, f"{prefix}{name}/")

    add(sha, "")
    return {"sha": sha, "url": f"{_api(call)}/trees/{sha}", "tree": lines, "truncated": False}


@route("GET", f"{_GIT}/trees/{{sha:path}}", needs="contents:read")
def _tree(call: Call) -> Answer:
    name = call.params["sha"]
    found = call.repo.objects.get(name)
    if found is None or found.type != "tree":
        commit = git_store.resolve(call.repo, name)
        if commit is None:
            raise not_found("https://docs.github.com/rest/git/trees#get-a-tree")
        name = git_store.read_commit(call.repo, commit).tree
    return Answer(_show_tree(call, name, recursive=bool(call.query.get("recursive"))))


@route("POST", f"{_GIT}/trees", needs="contents:write", role="write")
def _make_tree(call: Call) -> Answer:
    body = call.body()
    base = body.text("base_tree")
    if base is not None:
        found = call.repo.objects.get(base)
        if found is not None and found.type == "commit":
            base = git_store.read_commit(call.repo, base).tree
        elif found is None or found.type != "tree":
            raise unprocessable("base_tree is not a valid tree oid")
    tree = base or git_store.put_tree(call.repo, {})
    for item in body.items("tree", required=True) or ():
        if not isinstance(item, dict) or not isinstance(item.get("path"), str) or item.get("mode") not in _MODES:
            raise unprocessable("Invalid tree info", errors=[{"resource": "Tree", "code": "invalid", "field": "tree"}])
        tree = git_store.with_path(call.repo, tree, item["path"].strip("/"), _tree_entry(call, item))
    call.world.changes += 1
    shown = _show_tree(call, tree, recursive=False)
    return Answer(shown, 201, {"Location": shown["url"]})


def _tree_entry(call: Call, item: dict[str, Any]) -> Entry | None:
    content = item.get("content")
    if isinstance(content, str):
        return Entry(item["mode"], git_store.put_blob(call.repo, content.encode()))
    sha = item.get("sha")
    if sha is None and "sha" in item:
        return None
    if item["mode"] != git_store.SUBMODULE and sha not in call.repo.objects:
        raise unprocessable(f"tree.sha {str(sha)[:60]} is not a valid blob")
    return Entry(item["mode"], str(sha))


# commits


@route("GET", f"{_GIT}/commits/{{sha}}", needs="contents:read")
def _commit(call: Call) -> Answer:
    _require(call, call.params["sha"], "commit")
    return Answer(show_commit(call, call.params["sha"]))


def _signature(call: Call, fields: dict[str, Any] | None) -> tuple[str, str, datetime]:
    name, address, moment = git_store.signature_of(call.actor.user, call.now)
    if not fields:
        return name, address, moment
    try:
        moment = datetime.fromisoformat(fields["date"]) if "date" in fields else moment
    except (ValueError, TypeError):
        raise unprocessable("Invalid request.\n\nFor 'links/1/schema', nil is not a date-time.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return str(fields.get("name", name)), str(fields.get("email", address)), moment


@route("POST", f"{_GIT}/commits", needs="contents:write", role="write")
def _make_commit(call: Call) -> Answer:
    body = call.body()
    message, tree = body.must("message"), body.must("tree")
    found = call.repo.objects.get(tree)
    if found is None or found.type != "tree":
        raise unprocessable("Tree SHA does not exist")
    parents = tuple(str(parent) for parent in body.items("parents") or ())
    for parent in parents:
        known = call.repo.objects.get(parent)
        if known is None or known.type != "commit":
            raise unprocessable("Parent SHA does not exist or is not a commit object")
    author = _signature(call, body.mapping("author"))
    committer = _signature(call, body.mapping("committer") or body.mapping("author"))
    sha = git_store.put_commit(call.repo, tree, parents, message, author, committer)
    call.world.changes += 1
    shown = show_commit(call, sha)
    return Answer(shown, 201, {"Location": shown["url"]})


# refs


def _show_ref(call: Call, ref: str) -> dict[str, Any]:
    sha = call.repo.refs[ref]
    kind = call.repo.objects[sha].type
    return {
        "ref": ref,
        "node_id": render.node_id("REF", int(sha[:12], 16)),
        "url": f"{_api(call)}/{ref}",
        "object": {"sha": sha, "type": kind, "url": f"{_api(call)}/{kind}s/{sha}"},
    }


def _named_ref(call: Call) -> str:
    ref = f"refs/{call.params['ref']}"
    if ref not in call.repo.refs:
        raise not_found("https://docs.github.com/rest/git/refs#get-a-reference")
    return ref


@route("GET", f"{_GIT}/ref/{{ref:path}}", needs="contents:read")
def _ref(call: Call) -> Answer:
    return Answer(_show_ref(call, _named_ref(call)))


@route("GET", f"{_GIT}/matching-refs/{{ref:path}}", needs="contents:read")
def _refs(call: Call) -> Answer:
    prefix = f"refs/{call.params['ref']}"
    found = sorted(ref for ref in call.repo.refs if ref.startswith(prefix))
    return paged(call, found, lambda ref: _show_ref(call, ref))


@route("POST", f"{_GIT}/refs", needs="contents:write", role="write")
def _make_ref(call: Call) -> Answer:
    body = call.body()
    ref, sha = body.must("ref"), body.must("sha")
    if not _REF.fullmatch(ref) or ref.count("/") < 2:
        raise unprocessable(f"{ref[:100]} is not a valid ref name.")
    if ref in call.repo.refs:
        raise unprocessable("Reference already exists")
    found = call.repo.objects.get(sha)
    if found is None or found.type != "commit":
        raise unprocessable("Object does not exist")
    _refuse_commit(call, ref, sha)
    call.repo.refs[ref] = sha
    tell_push(call.box, call.actor, call.repo, ref, None, sha)
    shown = _show_ref(call, ref)
    return Answer(shown, 201, {"Location": shown["url"]})


def _refuse_commit(call: Call, ref: str, sha: str) -> None:
    """A branch that changes through pull requests only, and workflows without the permission for them.

    Raises:
        GitHubError: 422 or 403.
    """
    repo = call.repo
    if ref.removeprefix("refs/heads/") in repo.protected_branches:
        raise unprocessable("Changes must be made through a pull request.")
    if call.actor.kind != "installation" or call.actor.may("workflows", "write"):
        return
    known = repo.refs.get(ref) or repo.refs.get(f"refs/heads/{repo.default_branch}")

    def workflows(commit: str | None) -> str | None:
        entry = git_store.find_path(repo, git_store.read_commit(repo, commit).tree, WORKFLOWS) if commit else None
        return entry.sha if entry else None

    if workflows(known) != workflows(sha):
        raise GitHubError(
            403,
            f"refusing to allow a GitHub App to create or update workflow `{WORKFLOWS}` without `workflows` permission",
        )


def _is_ancestor(call: Call, older: str, newer: str) -> bool:
    seen, waiting = set(), [newer]
    while waiting:
        sha = waiting.pop()
        if sha == older:
            return True
        if sha not in seen:
            seen.add(sha)
            waiting += git_store.read_commit(call.repo, sha).parents
    return False


@route("PATCH", f"{_GIT}/refs/{{ref:path}}", needs="contents:write", role="write")
def _move_ref(call: Call) -> Answer:
    ref, body = _named_ref(call), call.body()
    sha, force = body.must("sha"), bool(body.flag("force"))
    found = call.repo.objects.get(sha)
    if found is None or found.type != "commit":
        raise unprocessable("Object does not exist")
    before = call.repo.refs[ref]
    forward = _is_ancestor(call, before, sha)
    if not forward and not force:
        raise unprocessable("Update is not a fast forward")
    if before != sha:
        _refuse_commit(call, ref, sha)
        call.repo.refs[ref] = sha
        call.repo.pushed_at = call.now
        tell_push(call.box, call.actor, call.repo, ref, before, sha, forced=not forward)
    return Answer(_show_ref(call, ref))


@route("DELETE", f"{_GIT}/refs/{{ref:path}}", needs="contents:write", role="write")
def _delete_ref(call: Call) -> Answer:
    ref = _named_ref(call)
    if ref == f"refs/heads/{call.repo.default_branch}":
        raise unprocessable("Cannot delete the default branch")
    before = call.repo.refs.pop(ref)
    tell_push(call.box, call.actor, call.repo, ref, before, None)
    return Answer(status=204)


@route("GET", f"{_REPO}/branches/{{branch:path}}", needs="contents:read")
def _branch(call: Call) -> Answer:
    name = call.params["branch"]
    sha = call.repo.refs.get(f"refs/heads/{name}")
    if sha is None:
        raise GitHubError(404, "Branch not found", docs="https://docs.github.com/rest/branches/branches#get-a-branch")
    api = f"{call.world.api_url}/repos/{call.repo.full_name}"
    commit = show_commit(call, sha)
    inner = {key: commit[key] for key in ("author", "committer", "message", "tree", "verification")}
    shown_commit = {
        "sha": sha,
        "node_id": commit["node_id"],
        "commit": {**inner, "url": commit["url"], "comment_count": 0},
        "url": f"{api}/commits/{sha}",
        "html_url": commit["html_url"],
        "comments_url": f"{api}/commits/{sha}/comments",
        "author": None,
        "committer": None,
        "parents": commit["parents"],
    }
    return Answer(
        {
            "name": name,
            "commit": shown_commit,
            "_links": {
                "self": f"{api}/branches/{name}",
                "html": f"{call.world.root_url}/{call.repo.full_name}/tree/{name}",
            },
            "protected": False,
            "protection": {
                "enabled": False,
                "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
            },
            "protection_url": f"{api}/branches/{name}/protection",
        }
    )
