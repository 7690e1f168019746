"""The form that registers an App by hand, filled by parameters of its address; and the App's settings page, which gives keys.

Source: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-using-url-parameters
"""

from __future__ import annotations

from typing import Any

from tassist.sandbox import app_registry as registry
from tassist.sandbox import manifests
from tassist.sandbox.api import Reply
from tassist.sandbox.html import form, hidden, text
from tassist.sandbox.model import App, User
from tassist.sandbox.page_call import PageCall, redirect

_PARAMETERS = {
    "name",
    "description",
    "url",
    "callback_urls[]",
    "request_oauth_on_install",
    "setup_url",
    "setup_on_update",
    "public",
    "webhook_active",
    "webhook_url",
    "events[]",
    "single_file_name",
    "owner",
}
"""What is no permission."""
_LEVELS = ("read", "write", "admin")


def show(call: PageCall, owner: User) -> Reply:
    """The form, with what the address says; a webhook's secret cannot be given so."""
    given = {name: call.field(name) for name in ("name", "url", "description", "webhook_url", "setup_url")}
    permissions = _permissions(call)
    events = call.fields.get("events[]", [])
    fields = hidden("owner", owner.login)
    for name, label in (("name", "GitHub App name"), ("url", "Homepage URL"), ("webhook_url", "Webhook URL")):
        fields += f'<label for="{name}">{label}</label>'
        fields += f'<input type="text" id="{name}" name="{name}" value="{text(given[name])}">'
    fields += hidden("description", given["description"]) + hidden("setup_url", given["setup_url"])
    for name, label, on in (
        ("webhook_active", "Active", call.field("webhook_active") != "false"),
        ("public", "Any account", call.field("public") == "true"),
    ):
        checked = " checked" if on else ""
        fields += f'<label class="plain"><input type="checkbox" name="{name}" value="true"{checked}> {label}</label>'
    fields += "".join(hidden(name, level) for name, level in permissions.items()) + hidden("events", ",".join(events))
    rows = "".join(f"<dt>{text(name)}</dt><dd>{text(level)}</dd>" for name, level in permissions.items())
    rows += f"<dt>Events</dt><dd>{text(', '.join(events) or 'none')}</dd>"
    body = f"<h1>Register new GitHub App for {text(owner.login)}</h1><dl>{rows}</dl>"
    body += form("/settings/apps/register", fields, "Create GitHub App", main=True)
    return call.show("Register new GitHub App", body)


def register(call: PageCall, owner: User) -> Reply:
    """Create it, without a webhook's secret and without a key; the person is sent to its settings page.

    Raises:
        GitHubError: 422 with everything that is wrong.
    """
    asked: dict[str, Any] = {
        "url": call.field("url"),
        "default_permissions": _permissions(call),
        "default_events": [event for event in call.field("events").split(",") if event],
    }
    active = call.field("webhook_active") == "true"
    asked |= {"hook_attributes": {"url": call.field("webhook_url"), "active": active}} if active else {}
    asked |= {"setup_url": call.field("setup_url")} if call.field("setup_url") else {}
    name = call.field("name").strip()
    manifests.require([*manifests.faults_of(call.box, asked), *manifests.name_faults(call.box, name)])
    app, _ = registry.create_app(
        call.box,
        name,
        owner,
        permissions=asked["default_permissions"],
        events=asked["default_events"],
        hook_url=call.field("webhook_url") if active else "",
        description=call.field("description") or None,
        external_url=asked["url"],
        public=call.field("public") == "true",
        setup_url=call.field("setup_url"),
    )
    app.public_keys.clear()
    # Source: https://docs.github.com/en/rest/apps/webhooks#update-a-webhook-configuration-for-an-app
    app.hook_content_type = "form"
    if active:
        call.box.webhooks.ping(app)
    return redirect(f"/settings/apps/{app.slug}")


def settings(call: PageCall, app: App) -> Reply:
    """The page of its owner: the App ID, and the button for a private key."""
    keys = len(app.public_keys)
    body = f"<h1>{text(app.name)}</h1><dl><dt>App ID</dt><dd>{app.id}</dd>"
    body += f"<dt>Client ID</dt><dd>{text(app.client_id)}</dd><dt>Private keys</dt><dd>{keys}</dd></dl>"
    body += form(f"/settings/apps/{app.slug}/keys", "", "Generate a private key", main=True)
    return call.show(app.name, body)


def new_key(app: App) -> Reply:
    """A private key, which the browser saves as a file; GitHub keeps only its other half."""
    name = f"{app.slug}.{app.created_at:%Y-%m-%d}.private-key.pem"
    headers = {
        "Content-Type": "application/x-pem-file",
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Reply(200, headers, registry.add_key(app).encode())


def _permissions(call: PageCall) -> dict[str, str]:
    return {name: values[0] for name, values in call.fields.items() if name not in _PARAMETERS and values[0] in _LEVELS}
