"""A pull request in the long form that ``pull_request`` events and answers carry; the box keeps pull requests as issues.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
"""

from __future__ import annotations

from typing import Any

from tassist.sandbox import git_store, render
from tassist.sandbox.clock import stamp
from tassist.sandbox.model import Issue
from tassist.sandbox.world import World

_NO_COMMIT = "0" * 40


def pull_request(world: World, item: Issue, *, labels: bool = True) -> dict[str, Any]:
    """The issue as the pull request it is; branches and commits of one that was not made over the API are made up."""
    shown = render.issue(world, item, labels=labels)
    repo = item.repo
    root = f"{world.api_url}/repos/{repo.full_name}"
    api, html = f"{root}/pulls/{item.number}", shown["html_url"]
    issue = f"{root}/issues/{item.number}"
    tip = (git_store.resolve(repo, item.head) if item.head else None) or _NO_COMMIT
    statuses = f"{root}/statuses/{tip}"
    kept = (
        *("id", "node_id", "number", "state", "locked", "title", "user", "body", "created_at", "updated_at"),
        *("closed_at", "assignee", "assignees", "labels", "milestone", "author_association", "active_lock_reason"),
    )
    owner = render.user(world, repo.owner)

    def branch(ref: str, sha: str) -> dict[str, Any]:
        return {
            "label": f"{repo.owner.login}:{ref}",
            "ref": ref,
            "sha": sha,
            "user": owner,
            "repo": render.repository(world, repo),
        }

    links = {
        "self": api,
        "html": html,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{api}/comments",
        "review_comment": f"{root}/pulls/comments{{/number}}",
        "commits": f"{api}/commits",
        "statuses": statuses,
    }
    return {name: shown[name] for name in kept} | {
        "url": api,
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "issue_url": issue,
        "comments_url": links["comments"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "commits_url": links["commits"],
        "statuses_url": statuses,
        "requested_reviewers": [],
        "requested_teams": [],
        "head": branch(item.head or f"branch-{item.number}", tip),
        "base": branch(item.base or repo.default_branch, _NO_COMMIT),
        "_links": {name: {"href": href} for name, href in links.items()},
        "auto_merge": None,
        "draft": False,
        "merge_commit_sha": item.merge_commit or None,
        "merged_at": stamp(item.merged_at),
        "merged": item.merged_at is not None,
        "merged_by": render.user(world, item.merged_by) if item.merged_by else None,
        "mergeable": None,
        "rebaseable": None,
        "mergeable_state": "unknown",
        "maintainer_can_modify": False,
        "comments": len(item.comments),
        "review_comments": 0,
        "commits": 1,
        "additions": 0,
        "deletions": 0,
        "changed_files": 0,
    }
