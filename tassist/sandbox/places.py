"""Small addresses: the API's root, ``/meta``, ``/rate_limit``, accounts and their roles.

Source: https://docs.github.com/en/rest/meta and https://docs.github.com/en/rest/users
"""

from __future__ import annotations

from typing import Any

from tassist.sandbox import render
from tassist.sandbox.calls import Answer, Call, route
from tassist.sandbox.errors import GitHubError, not_found


@route("GET", "/")
def _root(call: Call) -> Answer:
    api = call.world.api_url
    return Answer(
        {
            "current_user_url": f"{api}/user",
            "rate_limit_url": f"{api}/rate_limit",
            "repository_url": f"{api}/repos/{{owner}}/{{repo}}",
            "user_url": f"{api}/users/{{user}}",
            "organization_url": f"{api}/orgs/{{org}}",
        }
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
    shown = render.public_user(call.world, user)
    extra = {"has_organization_projects": True, "has_repository_projects": True, "archived_at": None}
    return Answer(render.organization(call.world, user) | shown | extra)


@route("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", needs="metadata:read")
def _permission(call: Call) -> Answer:
    user = call.world.user(call.params["username"])
    if user is None:
        raise not_found()
    role = call.world.role(user, call.repo)
    coarse = {"triage": "read", "maintain": "write"}.get(role or "", role) or "none"
    return Answer({"permission": coarse, "role_name": role or "none", "user": render.user(call.world, user)})
