"""Issues, labels, milestones and their history over HTTP, with what the webhooks say of it."""

from __future__ import annotations

import hashlib
import hmac
import threading

import httpx

from tests.integration.sandbox.conftest import World

REPO = "/repos/acme-demo/storefront"


def test_an_issue_opened_with_labels_emits_opened_and_one_labeled_each(world: World) -> None:
    with world.as_installation() as github:
        opened = github.post(f"{REPO}/issues", json={"title": "New", "labels": ["bug", "track/sprint"], "milestone": 2})
    world.settle()

    assert opened.status_code == 201
    assert [label["name"] for label in opened.json()["labels"]] == ["bug", "track/sprint"]
    assert opened.json()["milestone"]["title"] == "Phase 2"
    assert opened.json()["performed_via_github_app"]["slug"] == "task-assistant"
    assert opened.headers["location"] == opened.json()["url"]
    assert world.inbox.events == [
        ("issues", "opened"), ("issues", "labeled"), ("issues", "labeled"), ("issues", "milestoned")
    ]  # fmt: skip
    labeled = world.inbox.payloads("issues", "labeled")
    assert [payload["label"]["name"] for payload in labeled] == ["bug", "track/sprint"]
    assert labeled[0]["sender"]["login"] == "task-assistant[bot]"
    assert labeled[0]["sender"]["type"] == "Bot"
    assert labeled[0]["installation"]["id"] == world.installation_id


def test_a_delivery_is_signed_over_its_bytes(world: World) -> None:
    with world.as_person("mira") as github:
        github.post(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})
    world.settle()

    headers, body = world.inbox.received[-1]
    assert world.app.webhook_secret
    wanted = hmac.new(world.app.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={wanted}"
    assert headers["x-github-hook-installation-target-id"] == str(world.app.id)
    assert headers["x-github-hook-installation-target-type"] == "integration"
    assert headers["user-agent"].startswith("GitHub-Hookshot/")


def test_an_unknown_label_added_to_an_issue_is_created_silently(world: World) -> None:
    with world.as_installation() as github:
        added = github.post(f"{REPO}/issues/14/labels", json={"labels": ["Brand New"]})
        label = github.get(f"{REPO}/labels/brand%20new")

    assert added.status_code == 200
    assert label.json()["name"] == "Brand New"
    assert label.json()["color"] == "ededed"
    assert label.json()["description"] is None


def test_h54_label_names_are_the_same_without_regard_to_case(world: World) -> None:
    with world.as_installation() as github:
        again = github.post(f"{REPO}/labels", json={"name": "BUG"})
        renamed = github.patch(f"{REPO}/labels/Bug", json={"new_name": "BUG"})
        added = github.post(f"{REPO}/issues/14/labels", json={"labels": ["bug", "Bug"]})

    assert again.status_code == 422
    assert again.json()["errors"] == [{"resource": "Label", "code": "already_exists", "field": "name"}]
    assert renamed.json()["name"] == "BUG"
    assert [label["name"] for label in added.json()] == ["BUG"]


def test_the_timeline_tells_people_and_apps_apart(world: World) -> None:
    with world.as_person("jonas") as github:
        github.post(f"{REPO}/issues/14/labels", json={"labels": ["phase-1"]})
        github.post(f"{REPO}/issues/14/comments", json={"body": "I will look."})
    with world.as_installation() as github:
        github.delete(f"{REPO}/issues/14/labels/phase-1")
        github.patch(f"{REPO}/issues/14", json={"milestone": 1})
        timeline = github.get(f"{REPO}/issues/14/timeline").json()

    seen = [(entry["event"], entry["actor"]["login"], bool(entry["performed_via_github_app"])) for entry in timeline]
    assert seen == [
        ("labeled", "jonas", False),
        ("commented", "jonas", False),
        ("unlabeled", "task-assistant[bot]", True),
        ("milestoned", "task-assistant[bot]", True),
    ]
    assert timeline[0]["label"] == {"name": "phase-1", "color": "1d76db"}
    assert timeline[3]["milestone"] == {"title": "Phase 1"}


def test_h45_pages_have_thirty_entries_and_lead_on_through_link(world: World) -> None:
    with world.as_installation() as github:
        for number in range(150 - 16):
            assert github.post(f"{REPO}/issues", json={"title": f"Number {number}"}).status_code == 201
        first = github.get(f"{REPO}/issues", params={"state": "all"})
        seen, address = [], str(first.request.url)
        while address:
            page = github.get(address)
            seen += [issue["number"] for issue in page.json()]
            address = page.links.get("next", {}).get("url", "")

    assert len(first.json()) == 30
    assert "/repositories/" in first.links["next"]["url"]
    assert first.links["last"]["url"].endswith("page=5")
    assert seen == list(range(150, 0, -1))


def test_an_unchanged_answer_is_304_and_costs_nothing(world: World) -> None:
    with world.as_installation() as github:
        first = github.get(f"{REPO}/issues/1")
        again = github.get(f"{REPO}/issues/1", headers={"If-None-Match": first.headers["etag"]})
        github.patch(f"{REPO}/issues/1", json={"title": "Another title"})
        changed = github.get(f"{REPO}/issues/1", headers={"If-None-Match": first.headers["etag"]})

    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]
    assert changed.status_code == 200


def test_a_write_that_changes_nothing_is_logged_as_needless(world: World) -> None:
    with world.as_installation() as github:
        github.post(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})
        github.post(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})
        github.get(f"{REPO}/issues/14")

    assert [(write.method, write.changed) for write in world.box.writes] == [("POST", True), ("POST", False)]
    assert len(world.box.requests.needless_writes) == 1


def test_h60_fifty_that_want_the_same_milestone_make_one(world: World) -> None:
    codes: list[tuple[int, str]] = []

    def make(github: httpx.Client) -> None:
        answer = github.post(f"{REPO}/milestones", json={"title": "Wanted by all"})
        codes.append((answer.status_code, (answer.json().get("errors") or [{}])[0].get("code", "")))

    with world.as_installation() as github:
        threads = [threading.Thread(target=make, args=(github,)) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        other_case = github.post(f"{REPO}/milestones", json={"title": "wanted by all"})
    world.settle()

    assert sorted(codes) == [(201, "")] + [(422, "already_exists")] * 49
    assert other_case.status_code == 201
    assert world.inbox.events == [("milestone", "created")] * 2


def test_milestones_are_listed_open_only_and_closed_ones_still_take_issues(world: World) -> None:
    with world.as_installation() as github:
        listed = [item["title"] for item in github.get(f"{REPO}/milestones").json()]
        everything = github.get(f"{REPO}/milestones", params={"state": "all"}).json()
        taken = github.patch(f"{REPO}/issues/14", json={"milestone": 5})
        github.delete(f"{REPO}/milestones/5")
        left = github.get(f"{REPO}/issues/14").json()

    assert "Summer 2026" not in listed
    assert [item["title"] for item in everything if item["state"] == "closed"] == ["Summer 2026"]
    assert taken.json()["milestone"]["open_issues"] == 1
    assert left["milestone"] is None


def test_h59_a_renamed_label_keeps_its_id_and_its_issues(world: World) -> None:
    with world.as_installation() as github:
        before = github.get(f"{REPO}/labels/bug").json()["id"]
        github.patch(f"{REPO}/labels/bug", json={"new_name": "defect: a/b, 100% ?#"})
        after = github.get(f"{REPO}/labels/defect%3A%20a%2Fb%2C%20100%25%20%3F%23")
        on_issue = [label["name"] for label in github.get(f"{REPO}/issues/7").json()["labels"]]
        removed = github.delete(f"{REPO}/issues/7/labels/defect%3A%20a%2Fb%2C%20100%25%20%3F%23")
        timeline = github.get(f"{REPO}/issues/7/timeline").json()
        github.delete(f"{REPO}/labels/question")
        gone = github.get(f"{REPO}/labels/question")

    assert (after.status_code, after.json()["id"]) == (200, before)
    assert on_issue == ["defect: a/b, 100% ?#"]
    assert removed.json() == []
    assert [entry["label"]["name"] for entry in timeline if "label" in entry] == ["bug", "defect: a/b, 100% ?#"]
    assert gone.status_code == 404


def test_h58_additive_labels_leave_what_a_person_added_meanwhile(world: World) -> None:
    with world.as_installation() as github, world.as_person("mira") as mira:
        github.get(f"{REPO}/issues/14")
        mira.post(f"{REPO}/issues/14/labels", json=["phase-1"])
        added = github.post(f"{REPO}/issues/14/labels", json={"labels": [{"name": "bug"}]})
        replaced = github.put(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})

    assert [label["name"] for label in added.json()] == ["phase-1", "bug"]
    assert [label["name"] for label in replaced.json()] == ["bug"]


def test_a_lost_answer_was_carried_out(world: World) -> None:
    world.box.faults.lose_answer(method="POST", path="/repos/*/issues")
    with world.as_installation() as github:
        try:
            github.post(f"{REPO}/issues", json={"title": "Lost on the way back"})
        except httpx.RemoteProtocolError:
            pass
        else:
            raise AssertionError("the connection was to be cut")
        newest = github.get(f"{REPO}/issues").json()[0]

    assert newest["title"] == "Lost on the way back"
    assert world.box.requests[-2].status == 0
