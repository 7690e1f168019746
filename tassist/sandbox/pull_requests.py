"""Pull requests over the API: open one, find it, close it, merge it.

Source: https://docs.github.com/en/rest/pulls/pulls
"""

from __future__ import annotations

from datetime import datetime

from tassist.sandbox import git_store, issue_changes
from tassist.sandbox.calls import Answer, Call, route
from tassist.sandbox.contents import files_below, tell_push
from tassist.sandbox.errors import GitHubError, not_found, unprocessable
from tassist.sandbox.git_store import Entry
from tassist.sandbox.model import Issue, Repository, User
from tassist.sandbox.paging import paged
from tassist.sandbox.pulls import pull_request

_PULLS = "/repos/{owner}/{repo}/pulls"
_SHORT = ("merged", "merged_by", "mergeable", "rebaseable", "mergeable_state", "maintainer_can_modify")
_COUNTS = ("comments", "review_comments", "commits", "additions", "deletions", "changed_files")


def _named(call: Call) -> Issue:
    found = call.repo.issues.get(call.number("number"))
    if found is None or not found.is_pull_request:
        raise not_found("https://docs.github.com/rest/pulls/pulls#get-a-pull-request")
    return found


@route("GET", _PULLS, needs="pull_requests:read")
def _list(call: Call) -> Answer:
    state, head = call.query.get("state", "open"), call.query.get("head", "").rpartition(":")[2]
    found = [
        item
        for item in sorted(call.repo.issues.values(), key=lambda item: -item.number)
        if item.is_pull_request and state in {"all", item.state} and head in {"", item.head}
    ]

    def shown(item: Issue) -> dict[str, object]:
        return {
            name: value for name, value in pull_request(call.world, item).items() if name not in {*_SHORT, *_COUNTS}
        }

    return paged(call, found, shown)


@route("GET", f"{_PULLS}/{{number}}", needs="pull_requests:read")
def _get(call: Call) -> Answer:
    return Answer(pull_request(call.world, _named(call)))


def _refused(field: str, code: str, **more: str) -> GitHubError:
    return unprocessable(
        "Validation Failed", errors=[{"resource": "PullRequest", "field": field, "code": code, **more}]
    )


@route("POST", _PULLS, needs="pull_requests:write", content=True)
def _open(call: Call) -> Answer:
    body, repo = call.body(), call.repo
    title, head, base = body.must("title"), body.must("head").rpartition(":")[2], body.must("base")
    if f"refs/heads/{head}" not in repo.refs:
        raise _refused("head", "invalid")
    if f"refs/heads/{base}" not in repo.refs:
        raise _refused("base", "invalid")
    if repo.refs[f"refs/heads/{head}"] == repo.refs[f"refs/heads/{base}"]:
        raise _refused("head", "custom", message=f"No commits between {base} and {head}")
    if any(item.is_pull_request and item.state == "open" and item.head == head for item in repo.issues.values()):
        raise _refused("head", "custom", message=f"A pull request already exists for {repo.owner.login}:{head}.")
    issue_changes.refuse_text(title, body.text("body"))
    now = call.now
    item = Issue(
        call.world.next_id("issue"), repo.next_issue, repo, title, body.text("body"), call.actor.user, now, now,
        issue_changes.association(repo, call.actor.user), via=call.actor.via, is_pull_request=True, head=head, base=base,
    )  # fmt: skip
    repo.next_issue += 1
    repo.issues[item.number] = item
    call.world.changes += 1  # told to nobody: the box lists what it sends of pull requests, and this is none of it
    shown = pull_request(call.world, item)
    return Answer(shown, 201, {"Location": shown["url"]})


@route("PATCH", f"{_PULLS}/{{number}}", needs="pull_requests:write")
def _edit(call: Call) -> Answer:
    item, body = _named(call), call.body()
    title, text, state = body.text("title"), body.text("body"), body.choice("state", ("open", "closed"))
    if title is not None or "body" in body:
        issue_changes.refuse_text(title or item.title, text)
        item.title, item.body = title or item.title, text if "body" in body else item.body
        item.updated_at = call.now
        call.world.changes += 1
    if state is not None and item.merged_at is None:
        issue_changes.set_state(call.box, call.actor, item, state)  # type: ignore[arg-type]  # one of the two words
    return Answer(pull_request(call.world, item))


@route("PUT", f"{_PULLS}/{{number}}/merge", needs="contents:write", role="write")
def _merge(call: Call) -> Answer:
    item, repo = _named(call), call.repo
    head, base = repo.refs.get(f"refs/heads/{item.head}"), repo.refs.get(f"refs/heads/{item.base}")
    if item.state == "closed" or head is None or base is None:
        raise GitHubError(405, "Pull Request is not mergeable")
    sent = call.body().text("sha")
    if sent is not None and sent != head:
        raise GitHubError(409, "Head branch was modified. Review and try the merge again.")
    sha = merge(repo, item, call.actor.user, call.now)
    item.merged_at, item.merged_by, item.merge_commit = call.now, call.actor.user, sha
    issue_changes.set_state(call.box, call.actor, item, "closed")
    item.state_reason = None
    tell_push(call.box, call.actor, repo, f"refs/heads/{item.base}", base, sha)
    return Answer({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def merge(repo: Repository, item: Issue, by: User | None, now: datetime) -> str:
    """Merge the head into the base, path by path; the new commit.

    Raises:
        GitHubError: 405 where both sides changed a file differently.
    """
    ref = f"refs/heads/{item.base}"
    head, base = repo.refs[f"refs/heads/{item.head}"], repo.refs[ref]
    mine, theirs = _files(repo, base), _files(repo, head)
    before = _files(repo, _fork(repo, base, head))
    tree = git_store.read_commit(repo, base).tree
    for path in sorted(before.keys() | theirs.keys()):
        if theirs.get(path) == before.get(path) or theirs.get(path) == mine.get(path):
            continue
        if mine.get(path) != before.get(path):
            raise GitHubError(405, "Pull Request is not mergeable")
        tree = git_store.with_path(repo, tree, path, theirs.get(path))
    who = git_store.signature_of(by, now)
    message = f"Merge pull request #{item.number} from {repo.owner.login}/{item.head}\n\n{item.title}"
    repo.refs[ref] = git_store.put_commit(repo, tree, (base, head), message, who)
    repo.pushed_at = now
    return repo.refs[ref]


def _files(repo: Repository, sha: str) -> dict[str, Entry]:
    return files_below(repo, git_store.read_commit(repo, sha).tree) if sha else {}


def _fork(repo: Repository, one: str, other: str) -> str:
    """The nearest commit both come from; empty where there is none."""

    def lineage(sha: str) -> list[str]:
        found, waiting = [], [sha]
        while waiting:
            at = waiting.pop(0)
            if at not in found:
                found.append(at)
                waiting += git_store.read_commit(repo, at).parents
        return found

    mine = set(lineage(one))
    return next((sha for sha in lineage(other) if sha in mine), "")
