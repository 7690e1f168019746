"""Attempts at repositories, accounts and the small addresses around them."""

from __future__ import annotations

from tests.conformance.attempts import MAKERS, Attempt
from tests.conformance.stage import OWNER, Stage

REPOSITORY = "/repos/{owner}/{repo}"


def spare_repository(stage: Stage) -> str:
    """The name of a new repository of the organisation."""
    name: str = stage.want("POST", f"/orgs/{OWNER}/repos", json={"name": f"spare-{stage.next()}"}, who="alice")["name"]
    return name


def archived_repository(stage: Stage) -> str:
    """The name of an archived one."""
    name = spare_repository(stage)
    stage.want("PATCH", f"/repos/{OWNER}/{name}", json={"archived": True}, who="alice")
    return name


def renamed_repository(stage: Stage) -> str:
    """The former name of a renamed one."""
    name = spare_repository(stage)
    stage.want("PATCH", f"/repos/{OWNER}/{name}", json={"name": f"{name}-now"}, who="alice")
    return name


def repository_without_issues(stage: Stage) -> str:
    """The name of one whose issues are switched off."""
    name = spare_repository(stage)
    stage.want("PATCH", f"/repos/{OWNER}/{name}", json={"has_issues": False}, who="alice")
    return name


MAKERS |= {
    "username": "alice",
    "org": OWNER,
    "/users/{owner}/repos owner": "alice",
    "/user/{number} number": lambda stage: stage.want("GET", "/users/alice")["id"],
    f"PATCH {REPOSITORY} repo": spare_repository,
    f"DELETE {REPOSITORY} repo": spare_repository,
    f"POST {REPOSITORY}/transfer repo": spare_repository,
}

ATTEMPTS = [
    Attempt(f"GET {REPOSITORY}", 200, "as the installation"),
    Attempt(f"GET {REPOSITORY}", 200, "as a person", who="alice"),
    Attempt(f"GET {REPOSITORY}", 200, "as nobody", who="anonymous"),
    Attempt(f"GET {REPOSITORY}", 404, "unknown", at={"repo": "nowhere"}),
    Attempt(f"GET {REPOSITORY}", 301, "by a former name", at={"repo": renamed_repository}),
    Attempt(
        f"PATCH {REPOSITORY}",
        200,
        "renamed and described",
        body=lambda stage: {"name": f"renamed-{stage.next()}", "description": "x", "has_issues": True},
    ),
    Attempt(f"PATCH {REPOSITORY}", 200, "archived", body={"archived": True}),
    Attempt(
        f"PATCH {REPOSITORY}", 403, "archived already", body={"description": "x"}, at={"repo": archived_repository}
    ),
    Attempt(f"PATCH {REPOSITORY}", 422, "a name that is taken", body={"name": "shop"}),
    Attempt(f"PATCH {REPOSITORY}", 422, "a name that is none", body={"name": "a b"}),
    Attempt(f"PATCH {REPOSITORY}", 307, "by a former name", body={"description": "x"}, at={"repo": renamed_repository}),
    Attempt(f"DELETE {REPOSITORY}", 204, "one"),
    Attempt(f"DELETE {REPOSITORY}", 403, "without the right", who="nobody"),
    Attempt(f"POST {REPOSITORY}/transfer", 202, "to a person", body={"new_owner": "alice"}, who="alice"),
    Attempt(f"GET {REPOSITORY}/assignees", 200, "members"),
    Attempt(f"GET {REPOSITORY}/collaborators/{{username}}/permission", 200, "a member"),
    Attempt(
        f"GET {REPOSITORY}/collaborators/{{username}}/permission", 404, "unknown", at={"username": "no-such-person"}
    ),
    Attempt(
        "POST /orgs/{owner}/repos", 201, "as a member", body=lambda stage: {"name": f"new-{stage.next()}"}, who="alice"
    ),
    Attempt("POST /orgs/{owner}/repos", 422, "a name that is taken", body={"name": "shop"}, who="alice"),
    Attempt(
        "POST /orgs/{owner}/repos",
        404,
        "no such organisation",
        body={"name": "x"},
        at={"owner": "nowhere"},
        who="alice",
    ),
    Attempt("POST /user/repos", 201, "as a person", body=lambda stage: {"name": f"own-{stage.next()}"}, who="alice"),
    Attempt("POST /user/repos", 403, "as the installation", body={"name": "x"}),
    Attempt("GET /orgs/{owner}/repos", 200, "a page", query="per_page=1"),
    Attempt("GET /users/{owner}/repos", 200, "of a person"),
    Attempt("GET /user/repos", 200, "own", who="alice"),
    Attempt("GET /user/repos", 401, "nobody's", who="anonymous"),
    Attempt("GET /", 200, "the root", who="anonymous"),
    Attempt("GET /meta", 200, "addresses", who="anonymous"),
    Attempt("GET /zen", 200, "a saying", who="anonymous", is_text=True),
    Attempt("GET /rate_limit", 200, "of the installation"),
    Attempt("GET /rate_limit", 200, "of nobody", who="anonymous"),
    Attempt("GET /users/{username}", 200, "a person"),
    Attempt("GET /users/{username}", 404, "unknown", at={"username": "no-such-person"}),
    Attempt("GET /user", 200, "a person", who="alice"),
    Attempt("GET /user", 401, "nobody", who="anonymous"),
    Attempt("GET /user/{number}", 200, "a person by id", who="alice"),
    Attempt("GET /user/{number}", 404, "an unknown id", at={"number": 1}, who="alice"),
    Attempt("GET /orgs/{org}", 200, "one"),
    Attempt("GET /orgs/{org}", 404, "unknown", at={"org": "nowhere"}),
]
