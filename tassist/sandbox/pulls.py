"""A pull request in the long form that ``pull_request`` events carry; the box keeps pull requests as issues only.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
"""

from __future__ import annotations

from typing import Any

from tassist.sandbox import render
from tassist.sandbox.model import Issue
from tassist.sandbox.world import World

_NO_COMMIT = "0" * 40


def pull_request(world: World, item: Issue, *, labels: bool = True) -> dict[str, Any]:
    """The issue as the pull request it is; branches and commits, which the box does not know, are made up."""
    shown = render.issue(world, item, labels=labels)
    repo = item.repo
    root = f"{world.api_url}/repos/{repo.full_name}"
    api, html = f"{root}/pulls/{item.number}", shown["html_url"]
    issue = f"{root}/issues/{item.number}"
    statuses = f"{root}/statuses/{_NO_COMMIT}"
    kept = (
        *("id", "node_id", "number", "state", "locked", "title", "user", "body", "created_at", "updated_at"),
        *("closed_at", "assignee", "assignees", "labels", "milestone", "author_association", "active_lock_reason"),
    )
    owner = render.user(world, repo.owner)

    def branch(ref: str) -> dict[str, Any]:
        return {
            "label": f"{repo.owner.login}:{ref}",
            "ref": ref,
            "sha": _NO_COMMIT,
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
        "head": branch(f"branch-{item.number}"),
        "base": branch(repo.default_branch),
        "_links": {name: {"href": href} for name, href in links.items()},
        "auto_merge": None,
        "draft": False,
        "merge_commit_sha": None,
        "merged_at": None,
        "merged": False,
        "merged_by": None,
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
