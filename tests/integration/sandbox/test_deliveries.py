"""Webhook deliveries: once each, logged, listed for a while, redelivered on request, and disorderly on request."""

from __future__ import annotations

import pytest

from tassist.sandbox import Box, serve
from tests.integration.sandbox.conftest import Inbox, World
from tests.support.keys import pem

REPO = "/repos/acme-demo/storefront"
HOOK = "/app/hook/deliveries"


def comment(world: World, count: int = 1) -> None:
    with world.as_person("jonas") as github:
        for number in range(count):
            assert github.post(f"{REPO}/issues/14/comments", json={"body": f"number {number}"}).status_code == 201


def test_a_failed_delivery_is_not_repeated_until_somebody_asks(world: World) -> None:
    world.inbox.status = 503
    comment(world)
    world.settle()
    failed = world.box.webhooks.log[-1]
    world.inbox.status = 202
    world.settle()
    with world.as_app() as github:
        listed = github.get(HOOK, params={"status": "failure"}).json()
        asked = github.post(f"{HOOK}/{listed[0]['id']}/attempts")
    world.settle()

    assert (failed.status, failed.status_code) == ("Invalid HTTP Response: 503", 503)
    assert [item["id"] for item in listed] == [failed.id]
    assert asked.status_code == 202
    assert len(world.inbox.received) == 2
    again = world.box.webhooks.log[-1]
    assert (again.guid, again.redelivery, again.ok) == (failed.guid, True, True)
    assert again.id != failed.id
    assert world.inbox.received[0][1] == world.inbox.received[1][1]


def test_a_redirect_is_a_failure_and_is_not_followed(world: World) -> None:
    world.inbox.status = 308
    world.inbox.answer_headers = {"Location": world.inbox.url}
    comment(world)
    world.settle()

    assert len(world.inbox.received) == 1
    assert world.box.webhooks.log[-1].status == "Invalid HTTP Response: 308"


def test_a_receiver_that_takes_too_long_or_is_away_is_a_failure(world: World) -> None:
    world.box.webhooks.timeout_s = 0.05
    world.inbox.gate.clear()
    comment(world)
    world.settle()
    slow = world.box.webhooks.log[-1]
    world.inbox.gate.set()
    world.box.webhooks.timeout_s = 10
    world.box.app(world.app.id).hook_url = "http://127.0.0.1:9/nobody"
    comment(world)
    world.settle()

    assert (slow.status, slow.status_code) == ("timed out", 504)
    assert (world.box.webhooks.log[-1].status, world.box.webhooks.log[-1].status_code) == (
        "failed to connect to host",
        502,
    )


@pytest.mark.parametrize("address", ["http://[::1", "http://xn--\u2603\udcff/", "gopher://127.0.0.1/", "http://"])
def test_an_address_that_is_none_fails_once_and_stops_nothing(world: World, address: str) -> None:
    world.box.app(world.app.id).hook_url = address
    comment(world)
    world.settle()
    world.box.app(world.app.id).hook_url = world.inbox.url
    comment(world)
    world.settle()

    assert [item.status for item in world.box.webhooks.log[-2:]] == ["failed to connect to host", "OK"]


def test_h25_deliveries_are_listed_newest_first_by_cursor_and_for_three_days(world: World) -> None:
    comment(world, 7)
    world.settle()
    with world.as_app() as github:
        pages, address = [], f"{world.running.api_url}{HOOK}?per_page=3"
        while address:
            page = github.get(address)
            pages.append([item["id"] for item in page.json()])
            address = page.links.get("next", {}).get("url", "")
        detail = github.get(f"{HOOK}/{pages[0][0]}").json()
    world.box.clock.advance(3 * 86_400 + 60)
    with world.as_app() as github:
        late = github.get(HOOK).json()
        gone = github.post(f"{HOOK}/{pages[0][0]}/attempts")

    flat = [number for page in pages for number in page]
    assert flat == sorted(flat, reverse=True)
    assert len(flat) == len(world.box.webhooks.log)
    assert detail["request"]["payload"]["comment"]["body"] == "number 6"
    assert detail["request"]["headers"]["X-GitHub-Event"] == "issue_comment"
    assert (detail["event"], detail["action"], detail["status"]) == ("issue_comment", "created", "OK")
    assert detail["installation_id"] == world.installation_id
    assert late == []
    assert gone.status_code == 404


def test_an_app_hears_only_of_what_it_subscribed_to_and_where_it_is_installed(inbox: Inbox) -> None:
    box = Box.seeded()
    app = box.register_app("Few Words", hook_url=inbox.url, pem=pem(), events=["issue_comment"])
    with serve(box) as running:
        world = World(box, running, app, box.install(app.id, "acme-demo", ["tools"]), inbox)
        with world.as_person("mira") as github:
            github.post("/repos/acme-demo/tools/issues", json={"title": "not subscribed"})
            github.post(f"{REPO}/issues/1/comments", json={"body": "not installed"})
            github.post("/repos/acme-demo/tools/issues/1/comments", json={"body": "heard"})
        box.select_repositories(world.installation_id, ["storefront"])
        world.settle()

    assert inbox.events == [
        ("installation", "created"),
        ("issue_comment", "created"),
        ("installation_repositories", "added"),
        ("installation_repositories", "removed"),
    ]
    assert inbox.payloads("installation")[0]["repositories"][0]["full_name"] == "acme-demo/tools"
    added = inbox.payloads("installation_repositories", "added")[0]
    assert [repo["full_name"] for repo in added["repositories_added"]] == ["acme-demo/storefront"]


def test_the_hooks_secret_is_changed_and_never_shown(world: World) -> None:
    with world.as_app() as github:
        before = github.get("/app/hook/config").json()
        after = github.patch("/app/hook/config", json={"secret": "another secret", "content_type": "json"}).json()
        refused = github.patch("/app/hook/config", json={"url": "ftp://example.org"})
    comment(world)
    world.settle()

    assert before == {"content_type": "json", "secret": "********", "insecure_ssl": "0", "url": world.inbox.url}
    assert after["secret"] == "********"
    assert refused.status_code == 422
    from tassist.sandbox.webhooks import signature

    headers, body = world.inbox.received[-1]
    assert headers["x-hub-signature-256"] == signature("another secret", body)


def test_the_signature_agrees_with_githubs_own_example() -> None:
    from tassist.sandbox.webhooks import signature

    assert signature("It's a Secret to Everybody", b"Hello, World!") == (
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )


def test_h24_held_deliveries_come_in_another_order_and_all_of_them(world: World) -> None:
    world.box.webhooks.hold()
    world.box.webhooks.shuffle(seed=3)
    comment(world, 8)
    assert world.box.webhooks.wait_idle(timeout=5)
    held = len(world.inbox.received)
    world.box.webhooks.release()
    world.settle()

    bodies = [payload["comment"]["body"] for payload in world.inbox.payloads("issue_comment")]
    assert held == 0
    assert bodies != sorted(bodies)
    assert sorted(bodies) == [f"number {number}" for number in range(8)]


@pytest.mark.parametrize("fresh_guid", [False, True])
def test_h22_duplicates_have_the_same_guid_or_on_request_another(world: World, *, fresh_guid: bool) -> None:
    world.box.webhooks.duplicate(count=1, fresh_guid=fresh_guid)
    comment(world, 2)
    world.settle()

    guids = [headers["x-github-delivery"] for headers, _ in world.inbox.received]
    assert len(guids) == 3
    assert (guids[0] == guids[1]) != fresh_guid
    assert world.inbox.received[0][1] == world.inbox.received[1][1]


def test_a_lost_delivery_is_neither_sent_nor_listed(world: World) -> None:
    world.box.webhooks.lose(1)
    comment(world, 2)
    world.settle()

    assert [payload["comment"]["body"] for payload in world.inbox.payloads("issue_comment")] == ["number 1"]
    assert len(world.box.webhooks.lost) == 1


def test_a_payload_over_githubs_25_megabytes_is_never_sent(world: World) -> None:
    app = world.box.app(world.app.id)
    world.box.webhooks.queue(app, "ping", {"zen": "x" * (25 * 1024 * 1024)})
    world.box.webhooks.queue(app, "ping", {"zen": "x"})
    world.settle()

    assert world.inbox.events == [("ping", None)]
    assert len(world.box.webhooks.lost) == 1


def test_a_delivery_under_way_when_the_box_ends_is_sent_when_it_is_served_again(inbox: Inbox) -> None:
    box = Box.seeded()
    app = box.register_app("Patient", hook_url=inbox.url, pem=pem())
    inbox.gate.clear()
    with serve(box):
        box.install(app.id, "acme-demo")
    waiting = box.webhooks.pending
    inbox.gate.set()
    with serve(box):
        assert box.webhooks.wait_idle(timeout=10)

    assert [(item.event, item.action) for item in waiting] == [("installation", "created")]
    assert [(item.event, item.ok) for item in box.webhooks.log] == [("installation", True)]


def test_without_labels_in_opened_the_labeled_deliveries_still_come(world: World) -> None:
    world.box.settings.opened_has_labels = False
    with world.as_person("mira") as github:
        github.post(f"{REPO}/issues", json={"title": "x", "labels": ["bug"]})
    world.settle()

    assert world.inbox.payloads("issues", "opened")[0]["issue"]["labels"] == []
    assert world.inbox.payloads("issues", "labeled")[0]["issue"]["labels"][0]["name"] == "bug"


def test_an_edit_says_what_was_there_before(world: World) -> None:
    with world.as_person("mira") as github:
        github.patch(f"{REPO}/issues/14", json={"title": "New title", "body": "New text", "state": "closed"})
        github.patch(f"{REPO}/issues/14", json={"title": "New title"})
        github.patch(f"{REPO}/labels/bug", json={"new_name": "defect", "color": "000000"})
        github.patch(f"{REPO}/milestones/1", json={"state": "closed"})
    world.settle()

    assert world.inbox.events == [
        ("issues", "edited"),
        ("issues", "closed"),
        ("label", "edited"),
        ("milestone", "closed"),
    ]
    changes = world.inbox.payloads("issues", "edited")[0]["changes"]
    assert changes == {
        "title": {"from": "Customers want to change the delivery address"},
        "body": {"from": "Three calls last week alone."},
    }
    assert world.inbox.payloads("label", "edited")[0]["changes"] == {
        "name": {"from": "bug"},
        "color": {"from": "d73a4a"},
    }
