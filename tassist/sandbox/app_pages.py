"""The pages of an App's life: create it from a manifest or by a form, install it, suspend it, remove it.

Source: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from tassist.sandbox import app_form, manifests
from tassist.sandbox import app_registry as registry
from tassist.sandbox.api import Reply
from tassist.sandbox.errors import not_found
from tassist.sandbox.html import form, hidden, select, text
from tassist.sandbox.model import App, Installation, Repository, User
from tassist.sandbox.page_call import PageCall, redirect


def may_come_from_elsewhere(segments: list[str]) -> bool:
    """Whether another site may send its form here: the first step of a manifest only, which changes nothing."""
    return segments == ["settings", "apps", "new"] or (
        len(segments) == 5 and segments[0] == "organizations" and segments[2:] == ["settings", "apps", "new"]
    )


def answer(call: PageCall) -> Reply | None:
    """The page of an App's or an installation's address; ``None`` for other addresses."""
    match call.segments:
        case ["settings", "apps", "new"]:
            return _new(call, call.world.demo_user())
        case ["organizations", login, "settings", "apps", "new"]:
            return _new(call, _owned(call, login))
        case ["settings", "apps", "create"] if call.is_post:
            return _create(call)
        case ["settings", "apps", "register"] if call.is_post:
            return app_form.register(call, _owned(call, call.field("owner")))
        case ["settings", "apps", slug] | ["organizations", _, "settings", "apps", slug] if not call.is_post:
            return app_form.settings(call, _own_app(call, slug))
        case ["settings", "apps", slug, "keys"] if call.is_post:
            return app_form.new_key(_own_app(call, slug))
        case ["apps", slug] if not call.is_post:
            return _app_page(call, _app(call, slug))
        case ["apps", slug, "installations", "new"]:
            app = _app(call, slug)
            return _install(call, app) if call.is_post else _choose(call, app)
        case ["settings", "installations", number] | ["organizations", _, "settings", "installations", number]:
            return _installation(call, number)
        case _:
            return None


def _owned(call: PageCall, login: str) -> User:
    """An account whose Apps the person may manage; for anybody else it does not exist."""
    account = call.world.user(login)
    if account is None or account not in _accounts(call):
        raise not_found()
    return account


def _accounts(call: PageCall) -> list[User]:
    who = call.by.user
    assert who is not None
    return [who] + [user for user in call.world.users.values() if user.members.get(who.id) == "admin"]


def _may_have(call: PageCall, app: App) -> list[User]:
    """Where the person may install it: a private App only where it is owned.

    Source: https://docs.github.com/en/apps/creating-github-apps/registering-a-github-app/making-a-github-app-public-or-private
    """
    return [account for account in _accounts(call) if app.public or account is app.owner]


def _app(call: PageCall, slug: str) -> App:
    app = call.world.app_by_slug(slug)
    if app is None:
        raise not_found()
    return app


def _own_app(call: PageCall, slug: str) -> App:
    app = _app(call, slug)
    _owned(call, app.owner.login)
    return app


# creating


def _new(call: PageCall, owner: User) -> Reply:
    if not call.is_post or "manifest" not in call.fields:
        return app_form.show(call, owner)
    manifest = manifests.parse(call.field("manifest"))
    manifests.require(manifests.faults_of(call.box, manifest))
    name = str(manifest.get("name", ""))
    rows = "".join(
        f"<dt>{text(key)}</dt><dd>{text(value if isinstance(value, str) else json.dumps(value))}</dd>"
        for key, value in manifest.items()
        if key != "name"
    )
    fields = hidden("manifest", call.field("manifest")) + hidden("state", call.field("state"))
    fields += hidden("owner", owner.login) + '<label for="name">GitHub App name</label>'
    fields += f'<input type="text" id="name" name="name" required maxlength="34" value="{text(name)}">'
    button = f"Create GitHub App for {owner.login}"
    body = f"<h1>{text(button)}</h1>{form('/settings/apps/create', fields, button, main=True)}<dl>{rows}</dl>"
    return call.show(button, body, *_origin(manifest.get("redirect_url")))


def _origin(url: Any) -> list[str]:
    """The origin of an address, for the header that says where a form may lead."""
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    safe = parts.netloc and all(char.isalnum() or char in ".-:[]" for char in parts.netloc)
    return [f"{parts.scheme}://{parts.netloc}"] if safe else []


def _create(call: PageCall) -> Reply:
    owner = _owned(call, call.field("owner"))
    manifest = manifests.parse(call.field("manifest"))
    name = call.field("name")
    return redirect(manifests.accept(call.box, manifest, owner, state=call.field("state"), name=name))


def _app_page(call: PageCall, app: App) -> Reply:
    installed = "".join(
        f'<li><a href="/settings/installations/{item.id}">{text(item.account.login)}</a></li>'
        for item in call.world.installations.values()
        if item.app is app
    )
    sent = call.box.webhooks.of_app(app)[:30]
    rows = "".join(
        f"<li>{text(delivery.event)} {text(delivery.action or '')}"
        f'<div class="soft">{text(delivery.guid)} · {text(delivery.status)}'
        f"{' · redelivery' if delivery.redelivery else ''}</div></li>"
        for delivery in sent
    )
    body = f"<h1>{text(app.name)}</h1><p>{text(app.description or '')}</p><dl><dt>App ID</dt><dd>{app.id}</dd>"
    body += (
        f"<dt>Client ID</dt><dd>{text(app.client_id)}</dd><dt>Webhook</dt><dd>{text(app.hook_url or 'none')}</dd></dl>"
    )
    body += f'<p><a href="/apps/{text(app.slug)}/installations/new">Install</a></p>'
    body += f'<h1>Installed in</h1><ul class="rows">{installed}</ul>' if installed else ""
    body += f'<h1>Recent deliveries</h1><ul class="rows">{rows}</ul>' if rows else ""
    return call.show(app.name, body)


# installing


def _boxes(repos: list[Repository], chosen: set[int] | None) -> str:
    everything = " checked" if chosen is None else ""
    some = " checked" if chosen is not None else ""
    rows = "".join(
        f'<label class="plain"><input type="checkbox" name="repository" value="{repo.id}"'
        f"{' checked' if chosen and repo.id in chosen else ''}> {text(repo.full_name)}</label>"
        for repo in repos
    )
    return (
        f'<label class="plain"><input type="radio" name="selection" value="all"{everything}> All repositories</label>'
        f'<label class="plain"><input type="radio" name="selection" value="selected"{some}> Only these</label>{rows}'
    )


def _chosen(call: PageCall, account: User) -> list[Repository] | None:
    if call.field("selection") != "selected":
        return None
    wanted = set(call.fields.get("repository", ()))
    return [repo for repo in call.world.of_owner(account) if str(repo.id) in wanted]


def _choose(call: PageCall, app: App) -> Reply:
    accounts = _may_have(call, app)
    if not accounts:
        raise not_found()
    suggested = call.field("suggested_target_id")
    login = next((user.login for user in accounts if str(user.id) == suggested), accounts[-1].login)
    repos = [repo for user in accounts for repo in call.world.of_owner(user)]
    fields = hidden("state", call.field("state")) + "<label>Account</label>"
    fields += select("account", [(user.login, user.login) for user in accounts], login)
    fields += _boxes(repos, None)
    wanted = "".join(f"<li>{text(name)}: {text(level)}</li>" for name, level in app.permissions.items())
    body = f"<h1>Install {text(app.name)}</h1><p>It asks for:</p><ul>{wanted}</ul>"
    body += form(f"/apps/{app.slug}/installations/new", fields, "Install", main=True)
    return call.show(f"Install {app.name}", body, *_origin(app.setup_url))


def _install(call: PageCall, app: App) -> Reply:
    account = _owned(call, call.field("account"))
    if account not in _may_have(call, app):
        raise not_found()
    repos = _chosen(call, account)
    item = call.world.installation_of(app, account)
    action = "install" if item is None else "update"
    if item is None:
        item = registry.install_app(call.box, app, account, repos, call.by.user)
    else:
        registry.select_repositories(call.box, item, repos, call.by.user)
    if app.setup_url and (action == "install" or app.setup_on_update):
        query = {"installation_id": str(item.id), "setup_action": action}
        query |= {"state": call.field("state")} if call.field("state") else {}
        joint = "&" if urlsplit(app.setup_url).query else "?"
        return redirect(f"{app.setup_url}{joint}{urlencode(query)}")
    return redirect(f"/settings/installations/{item.id}")


def _installation(call: PageCall, number: str) -> Reply:
    item = call.world.installations.get(int(number)) if number.isascii() and number.isdigit() else None
    if item is None or item.account not in _accounts(call):
        raise not_found()
    if call.is_post:
        return _change(call, item)
    path = f"/settings/installations/{item.id}"
    repos = call.world.of_owner(item.account)
    choose = form(path, hidden("verb", "select") + _boxes(repos, item.repository_ids), "Save", main=True)
    verb = "unsuspend" if item.suspended_at else "suspend"
    body = f"<h1>{text(item.app.name)} in {text(item.account.login)}</h1>{choose}"
    body += form(path, hidden("verb", verb), f"{verb.capitalize()} the installation")
    body += form(path, hidden("verb", "uninstall"), "Uninstall")
    return call.show(item.app.name, body)


def _change(call: PageCall, item: Installation) -> Reply:
    verb, by = call.field("verb"), call.by.user
    if verb == "select":
        registry.select_repositories(call.box, item, _chosen(call, item.account), by)
    elif verb == "suspend":
        registry.suspend(call.box, item, by)
    elif verb == "unsuspend":
        registry.unsuspend(call.box, item, by)
    elif verb == "uninstall":
        registry.uninstall(call.box, item, by)
        return redirect(f"/apps/{item.app.slug}")
    else:
        raise not_found()
    return redirect(f"/settings/installations/{item.id}")
