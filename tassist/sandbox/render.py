"""Things of the box in the shapes GitHub's API gives them; webhooks carry the same shapes.

Source: https://github.com/github/rest-api-description
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from tassist.sandbox.clock import stamp
from tassist.sandbox.model import (
    App,
    Comment,
    Counts,
    Installation,
    Issue,
    IssueEvent,
    Label,
    Milestone,
    Repository,
    Role,
    User,
    Variable,
    Workflow,
)
from tassist.sandbox.world import World

Json = dict[str, Any]


def node_id(prefix: str, number: int) -> str:
    """An opaque id in the newer form, such as ``I_kwDO…``."""
    return f"{prefix}_" + base64.urlsafe_b64encode(f"kwDO{number:x}".encode()).decode().rstrip("=")


def user(world: World, who: User | None) -> Json | None:
    """A ``simple-user``; ``None`` for a deleted account."""
    if who is None:
        return None
    api = f"{world.api_url}/users/{quote(who.login)}"
    home = (
        f"{world.root_url}/apps/{who.login.removesuffix('[bot]')}"
        if who.type == "Bot"
        else f"{world.root_url}/{who.login}"
    )
    return {
        "login": who.login,
        "id": who.id,
        "node_id": node_id({"User": "U", "Organization": "O", "Bot": "BOT"}[who.type], who.id),
        "avatar_url": f"{world.root_url}/avatars/u/{who.id}?v=4",
        "gravatar_id": "",
        "url": api,
        "html_url": home,
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": who.type,
        "user_view_type": "public",
        "site_admin": False,
    }


def public_user(world: World, who: User) -> Json:
    """The answer to ``GET /users/{username}``."""
    shown = user(world, who) or {}
    created = stamp(who.created_at) or "2020-01-01T00:00:00Z"
    return shown | {
        "name": who.name,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "twitter_username": None,
        "public_repos": sum(not repo.private for repo in world.of_owner(who)),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": created,
        "updated_at": created,
    }


def organization(world: World, who: User) -> Json:
    """An ``organization-simple``, as webhooks carry it."""
    api = f"{world.api_url}/orgs/{who.login}"
    return {
        "login": who.login,
        "id": who.id,
        "node_id": node_id("O", who.id),
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{world.root_url}/avatars/u/{who.id}?v=4",
        "description": who.name,
    }


def full_organization(world: World, who: User) -> Json:
    """An ``organization-full``, the answer to ``GET /orgs/{org}``."""
    person = public_user(world, who)
    names = (
        *("name", "company", "blog", "location", "email", "twitter_username", "public_repos", "public_gists"),
        *("followers", "following", "html_url", "type", "created_at", "updated_at"),
    )
    return organization(world, who) | {
        **{name: person[name] for name in names},
        "is_verified": False,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "archived_at": None,
    }


_REPOSITORY_LINKS = {
    "forks_url": "/forks",
    "keys_url": "/keys{/key_id}",
    "collaborators_url": "/collaborators{/collaborator}",
    "teams_url": "/teams",
    "hooks_url": "/hooks",
    "issue_events_url": "/issues/events{/number}",
    "events_url": "/events",
    "assignees_url": "/assignees{/user}",
    "branches_url": "/branches{/branch}",
    "tags_url": "/tags",
    "blobs_url": "/git/blobs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "trees_url": "/git/trees{/sha}",
    "statuses_url": "/statuses/{sha}",
    "languages_url": "/languages",
    "stargazers_url": "/stargazers",
    "contributors_url": "/contributors",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "commits_url": "/commits{/sha}",
    "git_commits_url": "/git/commits{/sha}",
    "comments_url": "/comments{/number}",
    "issue_comment_url": "/issues/comments{/number}",
    "contents_url": "/contents/{+path}",
    "compare_url": "/compare/{base}...{head}",
    "merges_url": "/merges",
    "archive_url": "/{archive_format}{/ref}",
    "downloads_url": "/downloads",
    "issues_url": "/issues{/number}",
    "pulls_url": "/pulls{/number}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "labels_url": "/labels{/name}",
    "releases_url": "/releases{/id}",
    "deployments_url": "/deployments",
}


def counts(world: World, repo: Repository) -> Counts:
    """How many issues are where; counted once for each change in the box, as every payload shows it."""
    if repo.counted is None or repo.counted[0] != world.changes:
        found = Counts()
        for item in repo.issues.values():
            found.open += item.state == "open"
            if item.milestone is not None:
                of = found.open_of if item.state == "open" else found.closed_of
                of[item.milestone.number] += 1
        repo.counted = (world.changes, found)
    return repo.counted[1]


def repository(world: World, repo: Repository, *, full: bool = False, role: Role | None = None) -> Json:
    """A ``repository``; ``full``: the longer form of a single look; ``role``: adds the caller's ``permissions``."""
    api = f"{world.api_url}/repos/{repo.full_name}"
    html = f"{world.root_url}/{repo.full_name}"
    open_issues = counts(world, repo).open
    shown: Json = {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": user(world, repo.owner),
        "html_url": html,
        "description": repo.description,
        "fork": False,
        "url": api,
        **{name: api + tail for name, tail in _REPOSITORY_LINKS.items()},
        "created_at": stamp(repo.created_at),
        "updated_at": stamp(repo.updated_at),
        "pushed_at": stamp(repo.pushed_at),
        "git_url": f"git:{html.partition(':')[2]}.git",
        "ssh_url": f"git@{html.partition('//')[2].split('/', maxsplit=1)[0]}:{repo.full_name}.git",
        "clone_url": f"{html}.git",
        "svn_url": html,
        "homepage": None,
        "size": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": None,
        "has_issues": repo.has_issues,
        "has_projects": False,
        "has_downloads": True,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "has_pull_requests": True,
        "pull_request_creation_policy": "all",
        "forks_count": 0,
        "mirror_url": None,
        "archived": repo.archived,
        "disabled": False,
        "open_issues_count": open_issues,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private" if repo.private else "public",
        "forks": 0,
        "open_issues": open_issues,
        "watchers": 0,
        "default_branch": repo.default_branch,
    }
    if role is not None:
        ladder = ("read", "triage", "write", "maintain", "admin")
        names = ("pull", "triage", "push", "maintain", "admin")
        shown["permissions"] = {name: ladder.index(role) >= index for index, name in reversed(list(enumerate(names)))}
    if full:
        shown |= {"network_count": 0, "subscribers_count": 0}
        if repo.owner.type == "Organization":
            shown["organization"] = user(world, repo.owner)
    return shown


def brief_repository(repo: Repository) -> Json:
    """What ``installation`` events list."""
    return {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
    }


def label(world: World, repo: Repository, item: Label) -> Json:
    """A ``label``."""
    return {
        "id": item.id,
        "node_id": node_id("LA", item.id),
        "url": f"{world.api_url}/repos/{repo.full_name}/labels/{quote(item.name, safe='')}",
        "name": item.name,
        "color": item.color,
        "default": item.default,
        "description": item.description,
        "archived_at": None,
        "archived_by": None,
    }


def milestone(world: World, repo: Repository, item: Milestone) -> Json:
    """A ``milestone`` with its counts."""
    api = f"{world.api_url}/repos/{repo.full_name}/milestones/{item.number}"
    within = counts(world, repo)
    return {
        "url": api,
        "html_url": f"{world.root_url}/{repo.full_name}/milestone/{item.number}",
        "labels_url": f"{api}/labels",
        "id": item.id,
        "node_id": node_id("MI", item.id),
        "number": item.number,
        "title": item.title,
        "description": item.description,
        "creator": user(world, item.creator),
        "open_issues": within.open_of[item.number],
        "closed_issues": within.closed_of[item.number],
        "state": item.state,
        "created_at": stamp(item.created_at),
        "updated_at": stamp(item.updated_at),
        "due_on": stamp(item.due_on),
        "closed_at": stamp(item.closed_at),
    }


_REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def _reactions(api: str) -> Json:
    return {"url": f"{api}/reactions", "total_count": 0, **dict.fromkeys(_REACTIONS, 0)}


def issue(world: World, item: Issue, *, labels: bool = True, full: bool = False) -> Json:
    """An ``issue``; ``full`` adds ``closed_by``; ``labels=False`` shows none, as early ``opened`` deliveries do."""
    repo = item.repo
    root = f"{world.api_url}/repos/{repo.full_name}"
    api = f"{root}/issues/{item.number}"
    word = "pull" if item.is_pull_request else "issues"
    html = f"{world.root_url}/{repo.full_name}/{word}/{item.number}"
    done = sum(child.state == "closed" for child in item.sub_issues)
    total = len(item.sub_issues)
    shown: Json = {
        "url": api,
        "repository_url": root,
        "labels_url": f"{api}/labels{{/name}}",
        "comments_url": f"{api}/comments",
        "events_url": f"{api}/events",
        "html_url": html,
        "id": item.id,
        "node_id": node_id("PR" if item.is_pull_request else "I", item.id),
        "number": item.number,
        "title": item.title,
        "user": user(world, item.user),
        "labels": [label(world, repo, found) for found in item.labels] if labels else [],
        "state": item.state,
        "locked": item.locked,
        "assignee": user(world, item.assignees[0]) if item.assignees else None,
        "assignees": [user(world, who) for who in item.assignees],
        "milestone": milestone(world, repo, item.milestone) if item.milestone else None,
        "comments": len(item.comments),
        "created_at": stamp(item.created_at),
        "updated_at": stamp(item.updated_at),
        "closed_at": stamp(item.closed_at),
        "author_association": item.author_association,
        "type": None,
        "active_lock_reason": item.lock_reason,
        "sub_issues_summary": {
            "total": total,
            "completed": done,
            "percent_completed": done * 100 // total if total else 0,
        },
        "issue_dependencies_summary": {"blocked_by": 0, "blocking": 0, "total_blocked_by": 0, "total_blocking": 0},
        "body": item.body,
        "reactions": _reactions(api),
        "timeline_url": f"{api}/timeline",
        "performed_via_github_app": app(world, item.via),
        "state_reason": item.state_reason,
    }
    if item.parent is not None:
        above = item.parent
        shown["parent_issue_url"] = f"{world.api_url}/repos/{above.repo.full_name}/issues/{above.number}"
    if item.is_pull_request:
        pull = f"{root}/pulls/{item.number}"
        shown["draft"] = False
        shown["pull_request"] = {
            "url": pull,
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "merged_at": None,
        }
    if full:
        shown["closed_by"] = user(world, item.closed_by)
    return shown


def comment(world: World, item: Issue, found: Comment) -> Json:
    """An ``issue-comment``."""
    root = f"{world.api_url}/repos/{item.repo.full_name}/issues"
    word = "pull" if item.is_pull_request else "issues"
    html = f"{world.root_url}/{item.repo.full_name}/{word}/{item.number}"
    return {
        "url": f"{root}/comments/{found.id}",
        "html_url": f"{html}#issuecomment-{found.id}",
        "issue_url": f"{root}/{item.number}",
        "id": found.id,
        "node_id": node_id("IC", found.id),
        "user": user(world, found.user),
        "created_at": stamp(found.created_at),
        "updated_at": stamp(found.updated_at),
        "body": found.body,
        "author_association": found.author_association,
        "reactions": _reactions(f"{root}/comments/{found.id}"),
        "performed_via_github_app": app(world, found.via),
    }


def issue_event(world: World, item: Issue, found: IssueEvent, *, timeline: bool = False) -> Json:
    """An entry of ``/issues/{n}/events``, or of the timeline, which does not say who assigned.

    Source: https://docs.github.com/en/rest/using-the-rest-api/issue-event-types
    """
    shown: Json = {
        "id": found.id,
        "node_id": node_id({"labeled": "LE", "unlabeled": "UNLE", "closed": "CE"}.get(found.event, "EV"), found.id),
        "url": f"{world.api_url}/repos/{item.repo.full_name}/issues/events/{found.id}",
        "actor": user(world, found.actor),
        "event": found.event,
        "commit_id": None,
        "commit_url": None,
        "created_at": stamp(found.created_at),
    }
    if found.label is not None:
        shown["label"] = {"name": found.label[0], "color": found.label[1]}
    if found.milestone is not None:
        shown["milestone"] = {"title": found.milestone}
    if found.rename is not None:
        shown["rename"] = {"from": found.rename[0], "to": found.rename[1]}
    if found.assignee is not None:
        shown["assignee"] = user(world, found.assignee)
        if not timeline:
            shown["assigner"] = user(world, found.actor)
    if found.event in {"closed", "reopened"}:
        shown["state_reason"] = found.state_reason
    if found.event == "locked":
        shown["lock_reason"] = found.lock_reason
    shown["performed_via_github_app"] = app(world, found.via)
    return shown


def app(world: World, item: App | None) -> Json | None:
    """An ``integration``."""
    if item is None:
        return None
    return {
        "id": item.id,
        "slug": item.slug,
        "node_id": node_id("A", item.id),
        "client_id": item.client_id,
        "owner": user(world, item.owner),
        "name": item.name,
        "description": item.description,
        "external_url": item.external_url,
        "html_url": f"{world.root_url}/apps/{item.slug}",
        "created_at": stamp(item.created_at),
        "updated_at": stamp(item.updated_at),
        "permissions": item.permissions,
        "events": item.events,
    }


def installation(world: World, item: Installation) -> Json:
    """An ``installation``."""
    account = item.account
    html = (
        f"{world.root_url}/organizations/{account.login}/settings/installations/{item.id}"
        if account.type == "Organization"
        else f"{world.root_url}/settings/installations/{item.id}"
    )
    return {
        "id": item.id,
        "client_id": item.app.client_id,
        "account": user(world, account),
        "repository_selection": "all" if item.repository_ids is None else "selected",
        "access_tokens_url": f"{world.api_url}/app/installations/{item.id}/access_tokens",
        "repositories_url": f"{world.api_url}/installation/repositories",
        "html_url": html,
        "app_id": item.app.id,
        "app_slug": item.app.slug,
        "target_id": account.id,
        "target_type": account.type,
        "permissions": item.permissions,
        "events": item.events,
        "created_at": stamp(item.created_at),
        "updated_at": stamp(item.updated_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": user(world, item.suspended_by),
        "suspended_at": stamp(item.suspended_at),
    }


def variable(item: Variable) -> Json:
    """An ``actions-variable``."""
    return {
        "name": item.name,
        "value": item.value,
        "created_at": stamp(item.created_at),
        "updated_at": stamp(item.updated_at),
    }


def workflow(world: World, repo: Repository, item: Workflow) -> Json:
    """A ``workflow``."""
    api = f"{world.api_url}/repos/{repo.full_name}/actions/workflows/{item.id}"
    html = f"{world.root_url}/{repo.full_name}"
    return {
        "id": item.id,
        "node_id": node_id("W", item.id),
        "name": item.name,
        "path": item.path,
        "state": item.state,
        "created_at": stamp(item.created_at),
        "updated_at": stamp(item.updated_at),
        "url": api,
        "html_url": f"{html}/blob/{repo.default_branch}/{item.path}",
        "badge_url": f"{html}/workflows/{quote(item.name)}/badge.svg",
    }
