"""Apps from manifests: what GitHub refuses, and the code that fetches the credentials once.

Source: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from tassist.sandbox.app_registry import MAX_NAME, create_app, slug_of
from tassist.sandbox.apps import is_local
from tassist.sandbox.errors import entry, validation
from tassist.sandbox.model import ManifestCode, User

if TYPE_CHECKING:
    from tassist.sandbox.box import Box

EVENT_PERMISSIONS = {
    "issues": ("issues",),
    "issue_comment": ("issues", "pull_requests"),
    "label": ("metadata",),
    "milestone": ("issues", "pull_requests"),
    "sub_issues": ("issues",),
    "pull_request": ("pull_requests",),
    "push": ("contents",),
    "repository": ("metadata",),
    "create": ("contents",),
    "delete": ("contents",),
    "workflow_run": ("actions",),
    "check_run": ("checks",),
    "release": ("contents",),
    "member": ("members",),
    "meta": ("metadata",),
    "star": ("metadata",),
}
"""Events and the permissions of which one is needed to subscribe."""
_TEXTS = ("name", "url", "redirect_url", "setup_url", "description", "version")
_FLAGS = ("public", "setup_on_update", "request_oauth_on_install")
_LEVELS = {"read", "write", "admin"}
MAX_CALLBACKS = 10


def parse(text: str) -> dict[str, Any]:
    """The manifest of the form's field.

    Raises:
        GitHubError: 422 where it is no JSON object.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise validation([entry("Integration", "manifest", "invalid", "The manifest is not a JSON object")])
    return found


def _is_address(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def faults_of(box: Box, manifest: dict[str, Any]) -> list[str]:
    """Everything GitHub would refuse about it, in sentences."""
    found = [f"{key} must not be null" for key, value in manifest.items() if value is None]
    given = {key: value for key, value in manifest.items() if value is not None}
    found += [f"{key} must be a string" for key in _TEXTS if key in given and not isinstance(given[key], str)]
    found += [f"{key} must be a boolean" for key in _FLAGS if key in given and not isinstance(given[key], bool)]
    if "url" not in given:
        found.append("url is required")
    found += [
        f"{key} is not a valid URL"
        for key in ("url", "redirect_url", "setup_url")
        if key in given and not _is_address(given[key])
    ]
    callbacks = given.get("callback_urls", [])
    if not isinstance(callbacks, list) or not all(_is_address(item) for item in callbacks):
        found.append("callback_urls must be a list of URLs")
    elif len(callbacks) > MAX_CALLBACKS:
        found.append(f"callback_urls may have at most {MAX_CALLBACKS} entries")
    if given.get("request_oauth_on_install") is True and "setup_url" in given:
        found.append("setup_url cannot be used together with request_oauth_on_install")
    return [*found, *_hook_faults(box, given), *_access_faults(given)]


def _hook_faults(box: Box, given: dict[str, Any]) -> list[str]:
    if "hook_attributes" not in given:
        return []
    hook = given["hook_attributes"]
    if not isinstance(hook, dict) or "url" not in hook:
        return ["hook_attributes.url is required"]
    if not _is_address(hook["url"]):
        return ["Hook url is not a valid URL"]
    if is_local(hook["url"]) and not box.settings.local_hooks:
        return ["Hook url is not supported because it isn't reachable over the public Internet (localhost)"]
    return [] if isinstance(hook.get("active", True), bool) else ["hook_attributes.active must be a boolean"]


def _access_faults(given: dict[str, Any]) -> list[str]:
    permissions, events = given.get("default_permissions", {}), given.get("default_events", [])
    if not isinstance(permissions, dict) or not all(level in _LEVELS for level in permissions.values()):
        return ["default_permissions must map names to read, write or admin"]
    if not isinstance(events, list) or not all(isinstance(event, str) for event in events):
        return ["default_events must be a list of event names"]
    granted = {"metadata", *permissions}
    return [
        f"Default events unsupported: {event}"
        for event in events
        if event in EVENT_PERMISSIONS and not granted.intersection(EVENT_PERMISSIONS[event])
    ]


def name_faults(box: Box, name: str) -> list[str]:
    """What is wrong with an App's name."""
    if not slug_of(name):
        return ["Name can't be blank"]
    if len(name) > MAX_NAME:
        return [f"Name is too long (maximum is {MAX_NAME} characters)"]
    slug = slug_of(name)
    if box.world.app_by_slug(slug) is not None or box.world.user(slug) is not None:
        return ["Name is already taken"]
    return []


def require(faults: list[str]) -> None:
    """Nothing is wrong.

    Raises:
        GitHubError: 422 with all of it.
    """
    if faults:
        raise validation([entry("Integration", "manifest", "custom", fault) for fault in faults])


def accept(box: Box, manifest: dict[str, Any], owner: User, *, state: str = "", name: str = "") -> str:
    """Create the App; the address to send the browser to, with the code and the state.

    Raises:
        GitHubError: 422 with everything that is wrong.
    """
    chosen = name.strip() or str(manifest.get("name", "")).strip()
    require([*faults_of(box, manifest), *name_faults(box, chosen)])
    hook = manifest.get("hook_attributes", {})
    app, private = create_app(
        box,
        chosen,
        owner,
        permissions=manifest.get("default_permissions", {}),
        events=manifest.get("default_events", []),
        hook_url=hook.get("url", ""),
        hook_active=hook.get("active", True),
        webhook_secret=box.world.secret(length=40) if hook else None,
        description=manifest.get("description"),
        external_url=manifest["url"],
        public=bool(manifest.get("public", False)),
        setup_url=manifest.get("setup_url", ""),
        setup_on_update=bool(manifest.get("setup_on_update", False)),
        redirect_url=manifest.get("redirect_url", ""),
    )
    box.webhooks.ping(app)
    code = box.world.secret(length=40)
    box.world.manifest_codes[code] = ManifestCode(code, app, private, box.clock.now())
    target = app.redirect_url or f"{box.world.root_url}/apps/{app.slug}"
    query = urlencode({"code": code} | ({"state": state} if state else {}))
    return f"{target}{'&' if urlsplit(target).query else '?'}{query}"
