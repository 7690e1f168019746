"""An App's life through GitHub's pages: manifest, code, installing, suspending, removing."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tassist.sandbox import Box
from tassist.sandbox.errors import GitHubError
from tests.integration.sandbox.conftest import World

MANIFEST: dict[str, Any] = {
    "name": "Order Keeper",
    "url": "https://example.org",
    "hook_attributes": {"url": "https://example.org/webhook", "active": True},
    "redirect_url": "http://127.0.0.1:9999/callback?from=github",
    "setup_url": "http://127.0.0.1:9999/installed",
    "default_permissions": {"issues": "write"},
    "default_events": ["issues", "label", "milestone"],
}
NEW = "/organizations/acme-demo/settings/apps/new"


def browser(world: World) -> httpx.Client:
    return httpx.Client(base_url=world.running.url, trust_env=False, verify=False)


def fields_of(page: str) -> tuple[str, dict[str, str]]:
    """Where the first form of a page leads, and its fields as they stand there."""
    action = re.search(r'<form method="post" action="([^"]*)"', page)
    assert action, page
    found = re.findall(r'<input type="(?:hidden|text)"[^>]*?name="([^"]*)"[^>]*?value="([^"]*)"', page)
    return unescape(action[1]), {unescape(name): unescape(value) for name, value in found}


def create(world: World, manifest: dict[str, Any], state: str = "s t/&") -> httpx.Response:
    """What a browser does, from the form of another site to the redirect."""
    with browser(world) as person:
        elsewhere = {"Origin": "http://127.0.0.1:5555"}
        form = {"manifest": json.dumps(manifest)}
        asked = person.post(NEW, params={"state": state}, data=form, headers=elsewhere)
        assert asked.status_code == 200, asked.text
        action, fields = fields_of(asked.text)
        return person.post(action, data=fields, headers={"Origin": world.running.url})


def test_h53_a_manifest_becomes_an_app_whose_credentials_are_fetched_once(world: World) -> None:
    sent = create(world, MANIFEST)
    target = urlsplit(sent.headers["location"])
    query = parse_qs(target.query)
    with world.client() as github:
        got = github.post(f"/app-manifests/{query['code'][0]}/conversions")
        again = github.post(f"/app-manifests/{query['code'][0]}/conversions")

    assert (sent.status_code, target.path, query["from"], query["state"]) == (303, "/callback", ["github"], ["s t/&"])
    assert got.status_code == 201
    made = got.json()
    assert (made["slug"], made["owner"]["login"]) == ("order-keeper", "acme-demo")
    assert made["permissions"] == {"metadata": "read", "issues": "write"}
    assert made["pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert len(made["webhook_secret"]) == 40
    assert again.status_code == 404
    world.app = world.app.__class__(
        made["id"], made["slug"], made["client_id"], made["client_secret"], made["webhook_secret"], made["pem"]
    )
    with world.as_app() as github:
        assert github.get("/app").json()["name"] == "Order Keeper"


def test_h53_a_code_is_good_for_one_hour(world: World) -> None:
    code = parse_qs(urlsplit(create(world, MANIFEST).headers["location"]).query)["code"][0]
    world.box.clock.advance(3601)
    with world.client() as github:
        assert github.post(f"/app-manifests/{code}/conversions").status_code == 404


def test_h53_only_an_owner_of_the_organisation_may_create_its_app(world: World) -> None:
    world.box.settings.demo_user = "jonas"
    with browser(world) as person:
        refused = person.post(NEW, data={"manifest": json.dumps(MANIFEST)})

    assert refused.status_code == 404
    assert [app.slug for app in world.box.world.apps.values()] == ["task-assistant"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"url": None}, "url must not be null"),
        ({"url": "not an address"}, "url is not a valid URL"),
        ({"hook_attributes": {"active": True}}, "hook_attributes.url is required"),
        ({"hook_attributes": {"url": "http://localhost:3000/hook"}}, "isn't reachable over the public Internet"),
        ({"callback_urls": ["https://example.org"] * 11}, "at most 10 entries"),
        ({"default_events": ["push"]}, "Default events unsupported: push"),
        ({"default_permissions": {"issues": "all"}}, "must map names to read, write or admin"),
        ({"name": "x" * 35}, "Name is too long (maximum is 34 characters)"),
        ({"name": "Task assistant"}, "Name is already taken"),
        ({"name": "ACME demo"}, "Name is already taken"),
        ({"request_oauth_on_install": True}, "setup_url cannot be used together with request_oauth_on_install"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_h53_a_manifest_github_would_refuse_is_refused_with_the_reason(
    world: World, change: dict[str, Any], sentence: str
) -> None:
    world.box.settings.local_hooks = False
    with pytest.raises(GitHubError) as refused:
        world.box.accept_manifest({**MANIFEST, **change}, owner="acme-demo")

    assert refused.value.status == 422
    assert sentence in " ".join(entry["message"] for entry in refused.value.errors or ())
    assert len(world.box.world.apps) == 1


def test_a_person_installs_suspends_and_removes_an_app_by_forms(world: World) -> None:
    world.box.accept_manifest({**MANIFEST, "hook_attributes": {"url": world.inbox.url}}, owner="acme-demo")
    world.settle()
    world.inbox.received.clear()
    storefront = world.box.repository("acme-demo/storefront").id
    with browser(world) as person:
        page = person.get("/apps/order-keeper/installations/new", params={"state": "abc"})
        action, fields = fields_of(page.text)
        choice = {"account": "acme-demo", "selection": "selected", "repository": str(storefront)}
        done = person.post(action, data={**fields, **choice})
        query = parse_qs(urlsplit(done.headers["location"]).query)
        number = int(query["installation_id"][0])
        for verb in ("suspend", "unsuspend", "uninstall"):
            assert person.post(f"/settings/installations/{number}", data={"verb": verb}).status_code == 303
        gone = person.get(f"/settings/installations/{number}")
    world.settle()

    assert (query["setup_action"], query["state"]) == (["install"], ["abc"])
    assert gone.status_code == 404
    assert world.inbox.events == [
        ("installation", "created"),
        ("installation", "suspend"),
        ("installation", "unsuspend"),
        ("installation", "deleted"),
    ]
    created = world.inbox.payloads("installation")[0]
    assert [repo["full_name"] for repo in created["repositories"]] == ["acme-demo/storefront"]
    assert created["installation"]["repository_selection"] == "selected"


def test_the_installation_is_found_by_repository_by_account_and_in_the_list(world: World) -> None:
    with world.as_app() as github:
        found = [
            github.get("/repos/acme-demo/storefront/installation").json()["id"],
            github.get("/orgs/acme-demo/installation").json()["id"],
            github.get("/app/installations").json()[0]["id"],
        ]
        nowhere = github.get("/users/mira/installation")

    assert found == [world.installation_id] * 3
    assert nowhere.status_code == 404


def test_h50_a_second_key_works_beside_the_first_until_one_is_deleted(world: World) -> None:
    first = world.app.pem
    second = world.box.add_key(world.app.id)
    codes = []
    for pem, removed in ((first, None), (second, None), (first, first), (second, None)):
        if removed:
            world.box.remove_key(world.app.id, removed)
        world.app = world.app.__class__(**{**_fields(world.app), "pem": pem})
        with world.as_app() as github:
            codes.append(github.get("/app").status_code)

    assert codes == [200, 200, 401, 200]


def _fields(app: Any) -> dict[str, Any]:
    return {name: getattr(app, name) for name in app.__slots__}


def test_a_deleted_app_is_unknown() -> None:
    box = Box.empty()
    box.organization("acme", owners=["alice"])
    box.accept_manifest({"name": "Short Life", "url": "https://example.org"}, owner="acme")
    (number,) = box.world.apps
    box.install(number, "acme")
    box.delete_app(number)

    assert not box.world.apps
    assert not box.world.installations


def test_a_form_is_filled_by_the_address_and_gives_neither_secret_nor_key_by_itself(world: World) -> None:
    asked = {
        "name": "By hand",
        "url": "https://example.org",
        "webhook_url": "https://example.org/webhook",
        "webhook_active": "true",
        "events[]": ["issues", "label"],
        "issues": "write",
        "webhook_secret": "canary",
    }
    with browser(world) as person:
        page = person.get(NEW, params=asked)
        action, fields = fields_of(page.text)
        ticked = {"webhook_active": "true"}
        elsewhere = person.post(action, data={**fields, **ticked}, headers={"Origin": "http://127.0.0.1:5555"})
        nowhere = {**fields, **ticked, "url": ""}
        refused = person.post(action, data=nowhere, headers={"Origin": world.running.url})
        sent = person.post(action, data={**fields, **ticked}, headers={"Origin": world.running.url})
        settings = sent.headers["location"]
        (app,) = [each for each in world.box.world.apps.values() if each.name == "By hand"]
        assert app.public_keys == []
        key = person.post(f"{settings}/keys", headers={"Origin": world.running.url})

    assert "canary" not in page.text
    assert (elsewhere.status_code, refused.status_code, sent.status_code) == (403, 422, 303)
    assert "url is not a valid URL" in refused.text
    assert (app.permissions, app.events) == ({"metadata": "read", "issues": "write"}, ["issues", "label"])
    assert (app.webhook_secret, app.hook_url, app.public) == (None, "https://example.org/webhook", False)
    assert key.text.startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert "attachment" in key.headers["content-disposition"]
    assert len(app.public_keys) == 1
