"""How GitHub treats deliveries: never repeated by itself, the same guid again, listed for three days, in no order."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from tests.conformance.receiver import Received, receiving
from tests.conformance.stage import EVENTS, OTHER_REPO, OWNER, PERMISSIONS, REPO, Stage, private_key

DAY, HOURS_6 = 86_400, 6 * 3600


def settled(stage: Stage) -> list[Received]:
    """What has been received, after everything that was to be sent has been."""
    assert stage.box.webhooks.wait_idle()
    return stage.receiver.received


def listed(stage: Stage, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.want("GET", f"/app/hook/deliveries{query}", who="app")
    return found


def one_delivery(stage: Stage) -> tuple[Received, dict[str, Any]]:
    """Something happens once: what came, and how it is listed."""
    settled(stage)
    stage.receiver.received.clear()
    stage.label()
    (received,) = settled(stage)
    return received, listed(stage)[0]


def test_a_failed_delivery_is_never_repeated_by_itself(fresh: Stage) -> None:
    fresh.receiver.status = 500
    received, shown = one_delivery(fresh)

    assert (shown["status_code"], shown["status"]) == (500, "Invalid HTTP Response: 500")
    for _ in range(3):
        fresh.box.clock.advance(HOURS_6)
        assert settled(fresh) == [received]
    assert listed(fresh, "?status=failure")[0]["guid"] == received.guid


@pytest.mark.parametrize("status", [301, 302, 308, 400, 404, 503])
def test_anything_but_2xx_is_a_failure_and_a_redirect_is_not_followed(fresh: Stage, status: int) -> None:
    fresh.receiver.status = status

    _, shown = one_delivery(fresh)

    assert shown["status"] != "OK"
    assert shown["status_code"] == status


def test_nobody_listening_is_a_failure(fresh: Stage) -> None:
    settled(fresh)
    fresh.want("PATCH", "/app/hook/config", json={"url": "http://127.0.0.1:1/webhook"}, who="app")

    fresh.label()
    assert fresh.box.webhooks.wait_idle()

    assert (listed(fresh)[0]["status_code"], listed(fresh)[0]["status"]) == (502, "failed to connect to host")


def test_a_redelivery_keeps_guid_and_body_and_has_an_id_of_its_own(fresh: Stage) -> None:
    received, shown = one_delivery(fresh)

    fresh.want("POST", f"/app/hook/deliveries/{shown['id']}/attempts", who="app")
    first, again = settled(fresh)

    assert again.guid == first.guid == received.guid
    assert again.body == first.body
    newest = listed(fresh)[0]
    assert (newest["guid"], newest["redelivery"], shown["redelivery"]) == (shown["guid"], True, False)
    assert newest["id"] > shown["id"]


def test_a_redelivery_is_signed_with_the_secret_of_now(fresh: Stage) -> None:
    _, shown = one_delivery(fresh)
    fresh.want("PATCH", "/app/hook/config", json={"secret": "the new one"}, who="app")

    fresh.want("POST", f"/app/hook/deliveries/{shown['id']}/attempts", who="app")
    again = settled(fresh)[-1]

    assert (
        again.headers["x-hub-signature-256"]
        == "sha256=" + hmac.new(b"the new one", again.body, hashlib.sha256).hexdigest()
    )


def test_githubs_own_example_of_a_signature() -> None:
    """Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation."""
    from tassist.sandbox.webhooks import signature

    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signature("It's a Secret to Everybody", b"Hello, World!") == expected


def test_deliveries_are_listed_newest_first_by_a_cursor(fresh: Stage) -> None:
    for _ in range(5):
        fresh.label()
    settled(fresh)

    answer = fresh.ask("GET", "/app/hook/deliveries?per_page=2", who="app")
    ids = [item["id"] for item in answer.json()]
    while "next" in answer.links:
        assert "cursor=" in answer.links["next"]["url"]
        answer = fresh.ask("GET", answer.links["next"]["url"], who="app")
        ids += [item["id"] for item in answer.json()]

    assert ids == sorted(ids, reverse=True)
    assert len(ids) == len(set(ids)) == len(fresh.receiver.received)


def test_a_single_delivery_shows_what_was_sent_and_answered(fresh: Stage) -> None:
    received, shown = one_delivery(fresh)

    found = fresh.want("GET", f"/app/hook/deliveries/{shown['id']}", who="app")

    assert found["request"]["payload"] == received.payload
    assert found["request"]["headers"]["X-GitHub-Delivery"] == received.guid
    assert str(fresh.app.webhook_secret) not in str(found)
    assert found["response"]["headers"]
    assert found["url"] == fresh.receiver.url


@pytest.mark.parametrize("days", [3, 7])
def test_deliveries_are_listed_and_redelivered_for_three_days_or_seven(fresh: Stage, days: int) -> None:
    fresh.box.settings.retention_days = days
    _, shown = one_delivery(fresh)

    fresh.box.clock.advance(days * DAY - 60)
    assert shown["id"] in {item["id"] for item in listed(fresh)}
    fresh.box.clock.advance(120)
    assert listed(fresh) == []
    assert fresh.ask("GET", f"/app/hook/deliveries/{shown['id']}", who="app").status_code == 404
    assert fresh.ask("POST", f"/app/hook/deliveries/{shown['id']}/attempts", who="app").status_code == 404


def test_held_deliveries_come_when_they_are_released(fresh: Stage) -> None:
    settled(fresh)
    fresh.receiver.received.clear()
    fresh.box.webhooks.hold()
    for _ in range(3):
        fresh.label()

    assert settled(fresh) == []
    assert len(fresh.box.webhooks.pending) == 3
    fresh.box.webhooks.release()
    assert len(settled(fresh)) == 3


def _numbers(stage: Stage, count: int) -> list[int]:
    """The ids of labels in the order in which their events arrived, after all of them have waited."""
    settled(stage)
    stage.receiver.received.clear()
    stage.box.webhooks.hold()
    for _ in range(count):
        stage.label()
    stage.box.webhooks.release()
    return [item.payload["label"]["id"] for item in settled(stage)]


def test_deliveries_come_in_order_unless_disorder_is_asked_for(fresh: Stage) -> None:
    ordered = _numbers(fresh, 12)
    fresh.box.webhooks.shuffle(seed=1)
    disordered = _numbers(fresh, 12)
    fresh.box.webhooks.in_order()

    assert ordered == sorted(ordered)
    assert disordered != sorted(disordered)
    assert len(set(disordered)) == 12
    again = _numbers(fresh, 12)
    assert again == sorted(again)


def test_disorder_is_the_same_for_the_same_seed(fresh: Stage) -> None:
    def order(seed: int) -> list[int]:
        settled(fresh)
        fresh.box.webhooks.shuffle(seed)
        numbers = _numbers(fresh, 8)
        return [sorted(numbers).index(number) for number in numbers]

    assert order(3) == order(3)
    assert order(3) != order(4)


@pytest.mark.parametrize("own_guid", [False, True])
def test_duplicates_come_on_request(fresh: Stage, own_guid: bool) -> None:
    """With a guid of their own, as where a repository's hook and an App's both exist."""
    settled(fresh)
    fresh.receiver.received.clear()
    fresh.box.webhooks.duplicate(count=1, fresh_guid=own_guid)

    fresh.label()
    fresh.label()
    first, second, third = settled(fresh)

    assert first.body == second.body
    assert (first.guid == second.guid) is not own_guid
    assert third.guid not in {first.guid, second.guid}


def test_a_delivery_can_be_lost_and_is_not_listed_then(fresh: Stage) -> None:
    settled(fresh)
    before = len(listed(fresh))
    fresh.receiver.received.clear()
    fresh.box.webhooks.lose(1)

    fresh.label()
    fresh.label()

    assert len(settled(fresh)) == 1
    assert len(listed(fresh)) == before + 1


def test_opening_an_issue_with_labels_is_one_opened_and_a_labeled_for_each(fresh: Stage) -> None:
    settled(fresh)
    fresh.receiver.received.clear()

    fresh.issue(labels=["bug", "question"])
    found = settled(fresh)

    assert [(item.event, item.action) for item in found] == [
        ("issues", "opened"),
        ("issues", "labeled"),
        ("issues", "labeled"),
    ]
    assert len(found[0].payload["issue"]["labels"]) == 2


def test_an_opened_payload_may_come_without_the_labels(fresh: Stage) -> None:
    fresh.box.settings.opened_has_labels = False
    fresh.issue(labels=["bug"])

    (opened,) = [item for item in settled(fresh) if item.action == "opened"]

    assert opened.payload["issue"]["labels"] == []


def test_an_app_hears_only_what_it_subscribed_to_where_it_is_installed(fresh: Stage) -> None:
    with receiving() as other:
        narrow = fresh.box.register_app(
            "Narrow", owner=OWNER, hook_url=other.url, permissions=PERMISSIONS, events=["label"], pem=private_key()
        )
        fresh.box.install(narrow.id, OWNER, [OTHER_REPO])
        fresh.issue(labels=["bug"])
        fresh.label()
        fresh.want("POST", f"/repos/{OWNER}/{OTHER_REPO}/labels", json={"name": "there", "color": "0e8a16"})
        settled(fresh)

        assert [(item.event, item.action) for item in other.received] == [
            ("installation", "created"),
            ("label", "created"),
        ]
        assert other.received[1].payload["repository"]["name"] == OTHER_REPO
        assert {item.event for item in fresh.receiver.received} >= {"issues", "label"}
    assert "label" in EVENTS


def test_a_suspended_installation_hears_nothing(fresh: Stage) -> None:
    fresh.box.suspend(fresh.installation)
    settled(fresh)
    before = len(fresh.receiver.received)

    fresh.want("POST", f"/repos/{OWNER}/{REPO}/issues", json={"title": "x"}, who="alice")

    assert len(settled(fresh)) == before


def test_a_hook_that_takes_forms_gets_the_same_payload_as_a_field(fresh: Stage) -> None:
    from urllib.parse import parse_qs

    fresh.want("PATCH", "/app/hook/config", json={"content_type": "form"}, who="app")
    received, _ = one_delivery(fresh)

    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert '"action":"created"' in parse_qs(received.body.decode())["payload"][0]


def test_a_change_that_changes_nothing_sends_nothing(fresh: Stage) -> None:
    number = fresh.issue(labels=["bug"])
    settled(fresh)
    fresh.receiver.received.clear()

    fresh.want("POST", f"{fresh.root}/issues/{number}/labels", json={"labels": ["BUG"]})
    fresh.want("PATCH", f"{fresh.root}/issues/{number}", json={"labels": ["bug"], "state": "open", "milestone": None})

    assert settled(fresh) == []
