"""The App's own API: itself, its hook and deliveries, its installations and their tokens.

Source: https://docs.github.com/en/rest/apps/apps and https://docs.github.com/en/rest/apps/webhooks
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from tassist.sandbox import app_registry as registry
from tassist.sandbox import render
from tassist.sandbox.calls import Answer, Call, route
from tassist.sandbox.clock import stamp
from tassist.sandbox.errors import GitHubError, invalid, not_found, unprocessable
from tassist.sandbox.model import App, Installation, Repository, Token
from tassist.sandbox.paging import link_to, page_size, paged
from tassist.sandbox.webhooks import Delivery

TOKEN_LIFE = timedelta(hours=1)
_LEVELS = {"read": 1, "write": 2, "admin": 3}
_MAX_REPOSITORIES = 500


def _app(call: Call) -> App:
    assert call.actor.app is not None
    return call.actor.app


@route("GET", "/app", by_app=True)
def _self(call: Call) -> Answer:
    app = _app(call)
    shown = render.app(call.world, app) or {}
    count = sum(item.app is app for item in call.world.installations.values())
    return Answer(shown | {"installations_count": count})


@route("GET", "/apps/{slug}")
def _by_slug(call: Call) -> Answer:
    app = call.world.app_by_slug(call.params["slug"])
    if app is None or not (app.public or call.actor.app is app or call.actor.user is app.owner):
        raise not_found("https://docs.github.com/rest/apps/apps#get-an-app")
    return Answer(render.app(call.world, app))


# the hook


def _hook(app: App) -> dict[str, Any]:
    shown: dict[str, Any] = {"content_type": app.hook_content_type}
    if app.webhook_secret:
        shown["secret"] = "********"  # noqa: S105 - what GitHub shows instead of it
    return shown | {"insecure_ssl": app.hook_insecure_ssl, "url": app.hook_url}


def _require_hook(app: App) -> None:
    if not app.hook_url:
        raise not_found("https://docs.github.com/rest/apps/webhooks#get-a-webhook-configuration-for-an-app")


@route("GET", "/app/hook/config", by_app=True)
def _hook_config(call: Call) -> Answer:
    _require_hook(_app(call))
    return Answer(_hook(_app(call)))


def is_local(url: str) -> bool:
    """Whether an address names the sender's own machine, which github.com refuses for hooks."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1", "0.0.0.0"} or host.startswith("127.") or host.endswith(".localhost")  # noqa: S104 - refused, not bound


@route("PATCH", "/app/hook/config", by_app=True)
def _set_hook_config(call: Call) -> Answer:
    app, body = _app(call), call.body()
    _require_hook(app)
    url, secret = body.text("url"), body.text("secret")
    content_type = body.choice("content_type", ("json", "form"))
    insecure = body.fields.get("insecure_ssl")
    if url is not None and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise invalid("Hook", "url", "custom", "url is not a valid URL")
    if url is not None and is_local(url) and not call.world.settings.local_hooks:
        raise invalid(
            "Hook", "url", "custom", "url is not supported because it isn't reachable over the public Internet"
        )
    if insecure is not None and str(insecure) not in {"0", "1"}:
        raise invalid("Hook", "insecure_ssl", "invalid")
    app.hook_url = url or app.hook_url
    app.webhook_secret = secret if secret is not None else app.webhook_secret
    app.hook_content_type = content_type or app.hook_content_type
    app.hook_insecure_ssl = app.hook_insecure_ssl if insecure is None else str(insecure)
    app.updated_at = call.now
    call.world.changes += 1
    return Answer(_hook(app))


def _delivery(item: Delivery) -> dict[str, Any]:
    return {
        "id": item.id,
        "guid": item.guid,
        "delivered_at": item.delivered_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" if item.delivered_at else None,
        "redelivery": item.redelivery,
        "duration": item.duration,
        "status": item.status,
        "status_code": item.status_code,
        "event": item.event,
        "action": item.action,
        "installation_id": item.installation_id,
        "repository_id": item.repository_id,
        "throttled_at": None,
    }


@route("GET", "/app/hook/deliveries", by_app=True)
def _deliveries(call: Call) -> Answer:
    found = call.box.webhooks.of_app(_app(call))
    status = call.query.get("status")
    if status in {"success", "failure"}:
        found = [item for item in found if item.ok == (status == "success")]
    cursor = call.query.get("cursor")
    if cursor:
        number = cursor.removeprefix("v1_")
        if not number.isascii() or not number.isdigit():
            raise unprocessable("Invalid cursor")
        found = [item for item in found if item.id <= int(number)]
    size = page_size(call)
    links = ""
    if len(found) > size:
        links = link_to(call, {**call.query, "cursor": f"v1_{found[size].id}"}, "next")
    return Answer([_delivery(item) for item in found[:size]], links=links)


def _find_delivery(call: Call) -> Delivery:
    wanted = call.number("delivery")
    found = next((item for item in call.box.webhooks.of_app(_app(call)) if item.id == wanted), None)
    if found is None:
        raise not_found("https://docs.github.com/rest/apps/webhooks#get-a-delivery-for-an-app-webhook")
    return found


@route("GET", "/app/hook/deliveries/{delivery}", by_app=True)
def _one_delivery(call: Call) -> Answer:
    item = _find_delivery(call)
    return Answer(
        _delivery(item)
        | {
            "url": item.url,
            "request": {"headers": item.request_headers, "payload": item.payload},
            "response": {"headers": item.response_headers, "payload": item.response_body},
        }
    )


@route("POST", "/app/hook/deliveries/{delivery}/attempts", by_app=True)
def _redeliver(call: Call) -> Answer:
    call.box.webhooks.redeliver(_find_delivery(call))
    return Answer({}, 202)


# installations


@route("GET", "/app/installations", by_app=True)
def _installations(call: Call) -> Answer:
    found = [item for item in call.world.installations.values() if item.app is _app(call)]
    return paged(call, found, lambda item: render.installation(call.world, item))


@route("GET", "/app/installation-requests", by_app=True)
def _requests(call: Call) -> Answer:
    return paged(call, (), lambda item: item)


def _find_installation(call: Call) -> Installation:
    item = call.world.installations.get(call.number("installation"))
    if item is None or item.app is not _app(call):
        raise not_found("https://docs.github.com/rest/apps/apps#get-an-installation-for-the-authenticated-app")
    return item


@route("GET", "/app/installations/{installation}", by_app=True)
def _installation(call: Call) -> Answer:
    return Answer(render.installation(call.world, _find_installation(call)))


@route("DELETE", "/app/installations/{installation}", by_app=True)
def _uninstall(call: Call) -> Answer:
    registry.uninstall(call.box, _find_installation(call))
    return Answer(status=204)


@route("PUT", "/app/installations/{installation}/suspended", by_app=True)
def _suspend(call: Call) -> Answer:
    registry.suspend(call.box, _find_installation(call))
    return Answer(status=204)


@route("DELETE", "/app/installations/{installation}/suspended", by_app=True)
def _unsuspend(call: Call) -> Answer:
    registry.unsuspend(call.box, _find_installation(call))
    return Answer(status=204)


def _of_account(call: Call, login: str) -> Answer:
    account = call.world.user(login)
    item = call.world.installation_of(_app(call), account) if account else None
    if item is None:
        raise not_found()
    return Answer(render.installation(call.world, item))


@route("GET", "/repos/{owner}/{repo}/installation", by_app=True)
def _of_repository(call: Call) -> Answer:
    item = call.world.installation_of(_app(call), call.repo.owner)
    if item is None or not item.reaches(call.repo):
        raise not_found(
            "https://docs.github.com/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app"
        )
    return Answer(render.installation(call.world, item))


@route("GET", "/orgs/{owner}/installation", by_app=True)
def _of_organization(call: Call) -> Answer:
    return _of_account(call, call.params["owner"])


@route("GET", "/users/{owner}/installation", by_app=True)
def _of_user(call: Call) -> Answer:
    return _of_account(call, call.params["owner"])


# tokens


def _narrowed_permissions(item: Installation, wanted: dict[str, Any] | None) -> dict[str, str]:
    if not wanted:  # PyGithub always sends an object, empty where nothing is narrowed
        return dict(item.permissions)
    for name, level in wanted.items():
        if level not in _LEVELS or _LEVELS[level] > _LEVELS.get(item.permissions.get(name, ""), 0):
            raise unprocessable("The permissions requested are not granted to this installation.")
    return {"metadata": "read", **wanted} if "metadata" in item.permissions else dict(wanted)


def _narrowed_repositories(call: Call, item: Installation) -> list[Repository] | None:
    body = call.body()
    names, ids = body.items("repositories"), body.items("repository_ids")
    if names is None and ids is None:
        return None
    if names is not None and ids is not None:
        raise unprocessable("Only one of `repositories` and `repository_ids` may be supplied.")
    if len(names or ids or ()) > _MAX_REPOSITORIES:
        raise unprocessable(f"At most {_MAX_REPOSITORIES} repositories may be listed.")
    within = registry.reached(call.box, item)
    found = []
    for wanted in names if names is not None else ids or []:
        repo = next((repo for repo in within if wanted in {repo.id, repo.name, repo.full_name}), None)
        if repo is None:
            raise unprocessable(
                "There is at least one repository that does not exist or is not accessible to the parent installation."
            )
        found.append(repo)
    return found


@route("POST", "/app/installations/{installation}/access_tokens", by_app=True)
def _token(call: Call) -> Answer:
    item = _find_installation(call)
    if item.suspended_at is not None:
        raise GitHubError(403, "This installation has been suspended")
    permissions = _narrowed_permissions(item, call.body().mapping("permissions"))
    repositories = _narrowed_repositories(call, item)
    token = Token(
        call.world.secret("ghs_"),
        installation=item,
        permissions=permissions,
        repository_ids={repo.id for repo in repositories} if repositories is not None else None,
        expires_at=call.now + TOKEN_LIFE,
    )
    call.world.tokens[token.value] = token
    call.world.changes += 1
    everything = repositories is None and item.repository_ids is None
    shown: dict[str, Any] = {
        "token": token.value,
        "expires_at": stamp(token.expires_at),
        "permissions": permissions,
        "repository_selection": "all" if everything else "selected",
    }
    if repositories is not None:
        shown["repositories"] = [render.repository(call.world, repo) for repo in repositories]
    return Answer(shown, 201)


@route("DELETE", "/installation/token", sign_in=True)
def _revoke(call: Call) -> Answer:
    if call.actor.kind != "installation":
        raise GitHubError(403, "You must authenticate with an installation access token in order to use this endpoint.")
    value = call.headers.get("authorization", "").split(" ")[-1]
    call.world.tokens.pop(value, None)
    return Answer(status=204)


@route("GET", "/installation/repositories", sign_in=True)
def _repositories(call: Call) -> Answer:
    if call.actor.kind != "installation" or call.actor.installation is None:
        raise GitHubError(403, "You must authenticate with an installation access token in order to use this endpoint.")
    item = call.actor.installation
    found = [repo for repo in registry.reached(call.box, item) if call.actor.reaches(repo)]
    answer = paged(call, found, lambda repo: render.repository(call.world, repo), wrap="repositories")
    everything = item.repository_ids is None and call.actor.repository_ids is None
    answer.json["repository_selection"] = "all" if everything else "selected"
    return answer


@route("POST", "/app-manifests/{code}/conversions", sign_in=False)
def _convert(call: Call) -> Answer:
    waiting = call.world.manifest_codes.pop(call.params["code"], None)
    if waiting is None or call.now - waiting.created_at > timedelta(hours=1):
        raise not_found("https://docs.github.com/rest/apps/apps#create-a-github-app-from-a-manifest")
    app = waiting.app
    shown = render.app(call.world, app) or {}
    call.world.changes += 1
    secrets_ = {"client_secret": app.client_secret, "webhook_secret": app.webhook_secret, "pem": waiting.private_key}
    return Answer(shown | secrets_, 201)
