"""Attempts at what an App asks about itself: its hook, deliveries, installations, tokens and manifest."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.conformance.attempts import MAKERS, Attempt
from tests.conformance.stage import OWNER, Stage

DELIVERIES = "/app/hook/deliveries"
INSTALLATION = "/app/installations/{installation}"


def delivery(stage: Stage) -> int:
    """The id of a delivery that has been sent."""
    stage.issue()
    assert stage.box.webhooks.wait_idle()
    found: int = stage.want("GET", DELIVERIES, who="app")[0]["id"]
    return found


def spare_installation(stage: Stage) -> int:
    """An installation in an account of its own, to be suspended or deleted."""
    login = f"spare-{stage.next()}"
    stage.box.world.add_user(login, "Organization")
    found: int = stage.box.install(stage.app.id, login, None)
    return found


def manifest_code(stage: Stage) -> str:
    """What GitHub's page hands to the redirect address, for an App made from a manifest."""
    manifest = {
        "url": "https://example.com",
        "hook_attributes": {"url": stage.receiver.url},
        "redirect_url": "http://127.0.0.1:1/callback",
        "default_permissions": {"issues": "write"},
        "default_events": ["issues"],
    }
    form = {"manifest": json.dumps(manifest), "state": "s", "owner": OWNER, "name": f"Made {stage.next()}"}
    answer = stage.client.post(f"{stage.html}/settings/apps/create", data=form)
    assert answer.status_code == 303, answer.text
    asked = httpx.URL(answer.headers["location"]).params
    assert asked["state"] == "s"
    return asked["code"]


def used_code(stage: Stage) -> str:
    """A manifest's code that has been exchanged already."""
    code = manifest_code(stage)
    stage.want("POST", f"/app-manifests/{code}/conversions", who="anonymous")
    return code


MAKERS |= {
    "slug": lambda stage: stage.app.slug,
    "delivery": delivery,
    "installation": lambda stage: stage.installation,
    "code": manifest_code,
    "/orgs/{owner}/installation owner": OWNER,
    "/users/{owner}/installation owner": OWNER,
    f"DELETE {INSTALLATION} installation": spare_installation,
    f"PUT {INSTALLATION}/suspended installation": spare_installation,
    f"DELETE {INSTALLATION}/suspended installation": spare_installation,
}


def _repository_id(stage: Stage) -> dict[str, Any]:
    return {"repository_ids": [stage.want("GET", stage.root)["id"]], "permissions": {"issues": "read"}}


ATTEMPTS = [
    Attempt("GET /app", 200, "itself"),
    Attempt("GET /app", 401, "a token signed otherwise", who="forged"),
    Attempt("GET /apps/{slug}", 200, "itself by its slug", who="app"),
    Attempt("GET /apps/{slug}", 404, "an unknown one", at={"slug": "no-such-app"}),
    Attempt("GET /app/hook/config", 200, "with a secret"),
    Attempt("PATCH /app/hook/config", 200, "as it is", body={"content_type": "json", "insecure_ssl": "0"}),
    Attempt("PATCH /app/hook/config", 422, "an address that is none", body={"url": "nonsense"}),
    Attempt("PATCH /app/hook/config", 422, "an unknown content type", body={"content_type": "xml"}),
    Attempt(f"GET {DELIVERIES}", 200, "a page", before=delivery, query="per_page=1"),
    Attempt(f"GET {DELIVERIES}", 200, "the failed", query="status=failure"),
    Attempt(f"GET {DELIVERIES}", 422, "a cursor that is none", query="cursor=x"),
    Attempt(f"GET {DELIVERIES}/{{delivery}}", 200, "one with its request and answer"),
    Attempt(f"GET {DELIVERIES}/{{delivery}}", 404, "an unknown id", at={"delivery": 1}),
    Attempt(f"POST {DELIVERIES}/{{delivery}}/attempts", 202, "once more"),
    Attempt(f"POST {DELIVERIES}/{{delivery}}/attempts", 404, "an unknown id", at={"delivery": 1}),
    Attempt("GET /app/installations", 200, "a page", before=spare_installation, query="per_page=1"),
    Attempt("GET /app/installation-requests", 200, "none"),
    Attempt(f"GET {INSTALLATION}", 200, "one"),
    Attempt(f"GET {INSTALLATION}", 404, "an unknown id", at={"installation": 1}),
    Attempt(f"DELETE {INSTALLATION}", 204, "one"),
    Attempt(f"DELETE {INSTALLATION}", 404, "an unknown id", at={"installation": 1}),
    Attempt(f"PUT {INSTALLATION}/suspended", 204, "one"),
    Attempt(f"PUT {INSTALLATION}/suspended", 404, "an unknown id", at={"installation": 1}),
    Attempt(f"DELETE {INSTALLATION}/suspended", 204, "one"),
    Attempt(f"DELETE {INSTALLATION}/suspended", 404, "an unknown id", at={"installation": 1}),
    Attempt(f"POST {INSTALLATION}/access_tokens", 201, "all that was granted"),
    Attempt(f"POST {INSTALLATION}/access_tokens", 201, "narrowed", body=_repository_id),
    Attempt(
        f"POST {INSTALLATION}/access_tokens",
        422,
        "more than was granted",
        body={"permissions": {"issues": "write", "secrets": "write"}},
    ),
    Attempt(f"POST {INSTALLATION}/access_tokens", 422, "an unknown repository", body={"repositories": ["nowhere"]}),
    Attempt(f"POST {INSTALLATION}/access_tokens", 404, "an unknown id", at={"installation": 1}),
    Attempt(f"POST {INSTALLATION}/access_tokens", 401, "not the App", who="forged"),
    Attempt("GET /repos/{owner}/{repo}/installation", 200, "one", who="app"),
    Attempt("GET /repos/{owner}/{repo}/installation", 404, "an unknown repository", at={"repo": "nowhere"}, who="app"),
    Attempt("GET /orgs/{owner}/installation", 200, "one"),
    Attempt("GET /users/{owner}/installation", 200, "one"),
    Attempt("GET /users/{owner}/installation", 404, "not installed there", at={"owner": "alice"}),
    Attempt("GET /installation/repositories", 200, "a page", query="per_page=1"),
    Attempt("GET /installation/repositories", 401, "a forged token", who="forged"),
    Attempt("GET /installation/repositories", 403, "a person", who="alice"),
    Attempt(
        "DELETE /installation/token",
        204,
        "its own",
        before=lambda stage: stage.tokens.pop("bot", None),
        after=lambda stage: stage.tokens.pop("bot", None),
    ),
    Attempt("POST /app-manifests/{code}/conversions", 201, "a fresh code", who="anonymous"),
    Attempt(
        "POST /app-manifests/{code}/conversions",
        404,
        "a code for the second time",
        at={"code": used_code},
        who="anonymous",
    ),
]
