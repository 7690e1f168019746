"""Repositories that are renamed, transferred, archived, deleted and made again."""

from __future__ import annotations

from tests.integration.sandbox.conftest import World

REPO = "/repos/acme-demo/storefront"


def test_h62_a_renamed_repository_redirects_to_its_id(world: World) -> None:
    number = world.box.repository("acme-demo/storefront").id
    with world.as_person("mira") as mira:
        assert mira.patch(REPO, json={"name": "shop"}).status_code == 200
    with world.as_installation() as github:
        read = github.get(f"{REPO}/issues/14?per_page=5")
        write = github.post(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})
        followed = github.post(write.headers["location"], json={"labels": ["bug"]})
        by_id = github.get(f"/repositories/{number}/issues/14")
    world.settle()

    assert read.status_code == 301
    assert read.headers["location"] == f"{world.running.api_url}/repositories/{number}/issues/14?per_page=5"
    assert read.json()["message"] == "Moved Permanently"
    assert write.status_code == 307
    assert [label["name"] for label in followed.json()] == ["bug"]
    assert by_id.json()["repository_url"].endswith("/repos/acme-demo/shop")
    renamed = world.inbox.payloads("repository", "renamed")[0]
    assert renamed["changes"] == {"repository": {"name": {"from": "storefront"}}}
    assert renamed["repository"]["full_name"] == "acme-demo/shop"


def test_h62_an_archived_repository_refuses_writes_until_it_is_opened_again(world: World) -> None:
    with world.as_person("mira") as mira, world.as_installation() as github:
        mira.patch(REPO, json={"archived": True})
        read = github.get(f"{REPO}/issues/14")
        refused = github.post(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})
        mira.patch(REPO, json={"archived": False})
        again = github.post(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})
    world.settle()

    assert read.status_code == 200
    assert (refused.status_code, refused.json()["message"]) == (403, "Repository was archived so is read-only.")
    assert again.status_code == 200
    assert [event for event in world.inbox.events if event[0] == "repository"] == [
        ("repository", "archived"),
        ("repository", "unarchived"),
    ]


def test_h62_a_repository_made_again_under_the_same_name_is_another_one(world: World) -> None:
    before = world.box.repository("acme-demo/storefront").id
    with world.as_person("mira") as mira:
        assert mira.delete(REPO).status_code == 204
        assert mira.get(REPO).status_code == 404
        made = mira.post("/orgs/acme-demo/repos", json={"name": "storefront"})
        gone = mira.get(f"/repositories/{before}")
        empty = mira.get(f"{REPO}/issues?state=all")

    assert made.status_code == 201
    assert made.json()["id"] != before
    assert gone.status_code == 404
    assert empty.json() == []


def test_h61_a_transferred_repository_leaves_the_installation(world: World) -> None:
    with world.as_person("mira") as mira, world.as_installation() as github:
        moved = mira.post(f"{REPO}/transfer", json={"new_owner": "mira"})
        refused = github.post("/repos/mira/storefront/issues/14/labels", json={"labels": ["bug"]})
        old = github.get(f"{REPO}/issues/14")
    world.settle()

    assert moved.status_code == 202
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    assert old.status_code == 301
    transferred = world.inbox.payloads("repository", "transferred")[0]
    assert transferred["changes"]["owner"]["from"]["organization"]["login"] == "acme-demo"


def test_h61_deleted_transferred_and_locked_issues_have_their_own_answers(world: World) -> None:
    with world.as_person("mira") as mira, world.as_installation() as github, world.as_person("lena") as lena:
        assert mira.delete(f"/sandbox{REPO}/issues/14").status_code == 204
        deleted = github.get(f"{REPO}/issues/14")
        moved = mira.post(f"/sandbox{REPO}/issues/7/transfer", json={"repository": "acme-demo/tools"})
        old = github.get(f"{REPO}/issues/7")
        mira.put(f"{REPO}/issues/5/lock", json={"lock_reason": "resolved"})
        shut_out = lena.post(f"{REPO}/issues/5/comments", json={"body": "But …"})
        allowed = github.post(f"{REPO}/issues/5/comments", json={"body": "For the record."})
        new = github.get(old.headers["location"])
    world.settle()

    assert (deleted.status_code, deleted.json()["message"]) == (410, "This issue was deleted")
    assert old.status_code == 301
    assert new.json()["url"] == moved.json()["url"]
    assert new.json()["labels"][0]["name"] == "bug"
    assert (shut_out.status_code, allowed.status_code) == (403, 201)
    assert [event for event in world.inbox.events if event[0] == "issues"] == [
        ("issues", "deleted"),
        ("issues", "transferred"),
        ("issues", "opened"),
        ("issues", "locked"),
    ]


def test_a_reader_may_open_and_comment_but_labels_are_dropped_without_a_word(world: World) -> None:
    with world.as_person("lena") as lena:
        opened = lena.post(f"{REPO}/issues", json={"title": "From outside", "labels": ["bug"], "milestone": 1})
        edited = lena.patch(opened.json()["url"], json={"title": "Still from outside", "labels": ["bug"]})
        refused = lena.post(f"{opened.json()['url']}/labels", json={"labels": ["bug"]})
        others = lena.patch(f"{REPO}/issues/1", json={"title": "Mine now"})

    assert opened.status_code == 201
    assert (opened.json()["labels"], opened.json()["milestone"]) == ([], None)
    assert opened.json()["author_association"] == "NONE"
    assert (edited.status_code, edited.json()["title"], edited.json()["labels"]) == (200, "Still from outside", [])
    assert refused.status_code == 403
    assert others.status_code == 403


def test_h46_a_label_change_may_be_answered_200_and_dropped(world: World) -> None:
    world.box.installation(world.installation_id).silently_drops.add("labels")
    with world.as_installation() as github:
        answer = github.patch(f"{REPO}/issues/14", json={"labels": ["bug"], "title": "Renamed"})

    assert answer.status_code == 200
    assert (answer.json()["title"], answer.json()["labels"]) == ("Renamed", [])


def test_pull_requests_appear_among_the_issues(world: World) -> None:
    with world.client() as github:
        listed = github.get(f"{REPO}/issues?state=all&per_page=100").json()

    pulls = [issue["number"] for issue in listed if "pull_request" in issue]
    assert pulls == [13]
