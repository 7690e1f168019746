"""Every delivery the box can send, as it came over the wire, held against GitHub's description of it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator

import githubkit.webhooks
import pytest

from tassist.sandbox.events import SENT
from tests.conformance import page, webhook_table
from tests.conformance.provocations import PROVOCATIONS
from tests.conformance.receiver import Received
from tests.conformance.stage import OWNER, Stage
from tests.conformance.webhook_table import Kind, judge, kinds
from tests.support import conformance

Delivered = tuple[Stage, dict[Kind, list[Received]]]


@pytest.fixture(scope="module")
def delivered() -> Iterator[Delivered]:
    """A stage on which everything has happened, and what was received."""
    with webhook_table.delivered() as found:
        yield found


def everything(delivered: Delivered) -> list[Received]:
    return [item for items in delivered[1].values() for item in items]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: ".".join(filter(None, kind)))
def test_a_delivery_is_as_github_describes_it(delivered: Delivered, kind: Kind) -> None:
    verdict = judge(kind, delivered[1].get(kind, []))

    assert verdict.count, "nothing in tests/conformance/provocations.py makes it happen"
    assert verdict.problems == frozenset()


def test_everything_that_was_sent_is_declared_and_provoked(delivered: Delivered) -> None:
    assert set(delivered[1]) == set(kinds()) == set(PROVOCATIONS)


def test_the_table_is_printed_and_the_page_shows_it(delivered: Delivered) -> None:
    shown = webhook_table.markdown([judge(kind, delivered[1].get(kind, [])) for kind in kinds()])
    print(shown)

    assert shown in page.TEXT.read_text(), f"{page.PATH} is stale\n  fix: make docs"


def test_what_is_not_declared_cannot_be_sent(fresh: Stage) -> None:
    app = fresh.box.app(fresh.app.id)

    with pytest.raises(ValueError, match="issues"):
        fresh.box.webhooks.queue(app, "issues", {"action": "exploded"})
    assert "exploded" not in SENT["issues"]


def test_every_gap_of_the_description_still_shows(delivered: Delivered) -> None:
    """A reason that explains nothing any more must go."""
    found = {gap for kind in kinds() for gap in judge(kind, delivered[1].get(kind, [])).gaps}

    assert found == set(webhook_table.GAPS.values())


def test_each_delivery_is_signed_over_its_bytes_with_the_apps_secret(delivered: Delivered) -> None:
    stage, _ = delivered
    secret = (stage.app.webhook_secret or "").encode()

    assert secret
    for item in everything(delivered):
        expected = hmac.new(secret, item.body, hashlib.sha256).hexdigest()
        assert item.headers["x-hub-signature-256"] == f"sha256={expected}"


def test_each_delivery_carries_githubs_headers(delivered: Delivered) -> None:
    stage, _ = delivered
    guids = set()

    for item in everything(delivered):
        headers = item.headers
        assert headers["user-agent"].startswith("GitHub-Hookshot/")
        assert headers["content-type"] == "application/json"
        assert headers["accept"] == "*/*"
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", item.guid)
        assert headers["x-github-hook-id"].isdigit()
        assert headers["x-github-hook-installation-target-type"] == "integration"
        assert headers["x-github-hook-installation-target-id"] == str(stage.app.id)
        guids.add(item.guid)
    assert len(guids) == len(everything(delivered))


def test_githubkit_verifies_and_parses_a_delivery_of_each_kind(delivered: Delivered) -> None:
    """Its parser reads payloads as the newest API version describes them."""
    stage, _ = delivered

    for item in (items[0] for items in delivered[1].values()):
        signature = item.headers["x-hub-signature-256"]
        assert githubkit.webhooks.verify(stage.app.webhook_secret, item.body, signature)
        assert not githubkit.webhooks.verify("another secret", item.body, signature)
        parsed = githubkit.webhooks.parse(item.event, item.body)
        assert getattr(parsed, "action", None) == item.action


def test_a_payload_says_who_where_and_for_which_installation(delivered: Delivered) -> None:
    stage, found = delivered

    for item in everything(delivered):
        if item.event == "ping":
            continue
        assert item.payload["sender"]["login"], item.event
        assert item.payload["installation"]["id"], item.event
        if not item.event.startswith("installation"):
            assert item.payload["repository"]["owner"]["login"] in {OWNER, "alice"}
    by_app = found["label", "created"][0].payload["sender"]
    assert (by_app["login"], by_app["type"]) == (f"{stage.app.slug}[bot]", "Bot")
    assert found["repository", "archived"][0].payload["sender"]["type"] == "User"


def test_a_label_event_names_the_label_and_shows_the_issue_as_it_is_then(delivered: Delivered) -> None:
    _, found = delivered

    for item in found["issues", "labeled"]:
        assert item.payload["label"]["id"] in {label["id"] for label in item.payload["issue"]["labels"]}
    for item in found["issues", "unlabeled"]:
        assert item.payload["label"]["id"] not in {label["id"] for label in item.payload["issue"]["labels"]}


def test_changes_say_what_was_before(delivered: Delivered) -> None:
    _, found = delivered

    assert found["issues", "edited"][0].payload["changes"] == {
        "title": {"from": found["issues", "edited"][0].payload["changes"]["title"]["from"]},
        "body": {"from": "text"},
    }
    assert found["label", "edited"][0].payload["changes"]["color"] == {"from": "0e8a16"}
    assert found["repository", "renamed"][0].payload["changes"]["repository"]["name"]["from"].startswith("spare-")


def test_the_description_knows_every_action_of_an_event_the_box_lacks() -> None:
    """What the box does not send is known and listed, so that nobody believes it complete."""
    for event, actions in SENT.items():
        assert set(actions) <= set(conformance.described_actions(event)) or not actions
