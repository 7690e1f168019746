"""Small addresses: the API's root, ``/meta``, ``/rate_limit``, accounts and their roles.

Source: https://docs.github.com/en/rest/meta and https://docs.github.com/en/rest/users
"""

from __future__ import annotations

from typing import Any

from tassist.sandbox import render
from tassist.sandbox.calls import Answer, Call, route
from tassist.sandbox.errors import GitHubError, not_found

_SEARCH = "{&page,per_page,sort,order}"
_ROOT = {
    "current_user": "/user",
    "authorizations": "/authorizations",
    "code_search": f"/search/code?q={{query}}{_SEARCH}",
    "commit_search": f"/search/commits?q={{query}}{_SEARCH}",
    "emails": "/user/emails",
    "emojis": "/emojis",
    "events": "/events",
    "feeds": "/feeds",
    "followers": "/user/followers",
    "following": "/user/following{/target}",
    "gists": "/gists{/gist_id}",
    "issue_search": f"/search/issues?q={{query}}{_SEARCH}",
    "issues": "/issues",
    "keys": "/user/keys",
    "label_search": "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}",
    "notifications": "/notifications",
    "organization": "/orgs/{org}",
    "organization_repositories": "/orgs/{org}/repos{?type,page,per_page,sort}",
    "organization_teams": "/orgs/{org}/teams",
    "public_gists": "/gists/public",
    "rate_limit": "/rate_limit",
    "repository": "/repos/{owner}/{repo}",
    "repository_search": f"/search/repositories?q={{query}}{_SEARCH}",
    "current_user_repositories": "/user/repos{?type,page,per_page,sort}",
    "starred": "/user/starred{/owner}{/repo}",
    "starred_gists": "/gists/starred",
    "user": "/users/{user}",
    "user_organizations": "/user/orgs",
    "user_repositories": "/users/{user}/repos{?type,page,per_page,sort}",
    "user_search": f"/search/users?q={{query}}{_SEARCH}",
}


@route("GET", "/")
def _root(call: Call) -> Answer:
    api, html = call.world.api_url, call.world.root_url
    shown = {f"{name}_url": f"{api}{tail}" for name, tail in _ROOT.items()}
    return Answer(
        shown | {"current_user_authorizations_html_url": f"{html}/settings/connections/applications{{/client_id}}"}
    )


@route("GET", "/meta")
def _meta(_call: Call) -> Answer:
    local = ["127.0.0.0/8", "::1/128"]
    return Answer(
        {"verifiable_password_authentication": False, "hooks": local, "web": local, "api": local, "git": local}
    )


@route("GET", "/zen")
def _zen(_call: Call) -> Answer:
    return Answer(b"Keep it logically awesome.", headers={"Content-Type": "text/plain;charset=utf-8"})


@route("GET", "/rate_limit")
def _rate_limit(call: Call) -> Answer:
    core = call.box.limits.figures(call.actor)
    other: dict[str, Any] = {"limit": 30, "remaining": 30, "reset": core["reset"], "used": 0}
    graphql = {"limit": core["limit"], "remaining": core["limit"], "reset": core["reset"], "used": 0}
    return Answer({"resources": {"core": core, "search": other, "graphql": graphql}, "rate": core})


@route("GET", "/users/{username}")
def _user(call: Call) -> Answer:
    user = call.world.user(call.params["username"])
    if user is None:
        raise not_found("https://docs.github.com/rest/users/users#get-a-user")
    return Answer(render.public_user(call.world, user))


@route("GET", "/user", sign_in=True)
def _self(call: Call) -> Answer:
    if call.actor.kind != "user" or call.actor.user is None:
        raise GitHubError(403, "Resource not accessible by integration")
    return Answer(render.public_user(call.world, call.actor.user))


@route("GET", "/user/{number}")
def _user_by_id(call: Call) -> Answer:
    user = call.world.users.get(call.number("number"))
    if user is None:
        raise not_found()
    return Answer(render.public_user(call.world, user))


@route("GET", "/orgs/{org}")
def _organization(call: Call) -> Answer:
    user = call.world.user(call.params["org"])
    if user is None or user.type != "Organization":
        raise not_found("https://docs.github.com/rest/orgs/orgs#get-an-organization")
    return Answer(render.full_organization(call.world, user))


@route("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", needs="metadata:read")
def _permission(call: Call) -> Answer:
    user = call.world.user(call.params["username"])
    if user is None:
        raise not_found()
    role = call.world.role(user, call.repo)
    coarse = {"triage": "read", "maintain": "write"}.get(role or "", role) or "none"
    shown = (render.user(call.world, user) or {}) | {"role_name": role or "none"}
    return Answer({"permission": coarse, "role_name": role or "none", "user": shown})
