"""How GitHub treats issues, labels and milestones, where it differs from what one would guess.

Each test states one fact that is documented by GitHub or reported with a recorded answer.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conformance.stage import OTHER_REPO, OWNER, REPO, Stage


def names(labels: list[dict[str, Any]]) -> list[str]:
    return [label["name"] for label in labels]


def errors(answer: httpx.Response) -> list[tuple[str, str, str]]:
    assert answer.status_code == 422, answer.text
    return [(found["resource"], found["field"], found["code"]) for found in answer.json()["errors"]]


# lists


def test_a_page_has_thirty_items_by_default_and_a_hundred_at_most(stage: Stage) -> None:
    for _ in range(105 - len(stage.want("GET", f"{stage.root}/issues?per_page=100"))):
        stage.issue()

    for query, size in (("", 30), ("?per_page=100", 100), ("?per_page=1000", 100), ("?per_page=7", 7)):
        assert len(stage.want("GET", f"{stage.root}/issues{query}")) == size, query


def test_link_leads_through_every_page_and_back_and_keeps_the_query(stage: Stage) -> None:
    label = stage.label()
    for _ in range(5):
        stage.issue(labels=[label])

    first = stage.ask("GET", f"{stage.root}/issues", params={"labels": label, "per_page": 2, "state": "all"})
    seen = [first]
    while "next" in seen[-1].links:
        seen.append(stage.ask("GET", seen[-1].links["next"]["url"]))

    assert [len(answer.json()) for answer in seen] == [2, 2, 1]
    assert [sorted(filter(None, answer.links)) for answer in seen] == [
        ["last", "next"],
        ["first", "last", "next", "prev"],
        ["first", "prev"],
    ]
    assert stage.ask("GET", first.links["last"]["url"]).json() == seen[-1].json()
    assert stage.ask("GET", seen[-1].links["first"]["url"]).json() == first.json()
    assert f"{stage.api}/repositories/" in first.links["next"]["url"]


def test_a_list_that_fits_one_page_has_no_link(stage: Stage) -> None:
    assert "link" not in stage.ask("GET", f"{stage.root}/issues/{stage.issue()}/comments").headers


def test_a_page_beyond_the_last_is_empty(stage: Stage) -> None:
    answer = stage.ask("GET", f"{stage.root}/issues?page=9999")

    assert answer.status_code == 200
    assert answer.json() == []


def test_issues_are_listed_newest_first_and_only_open_ones(stage: Stage) -> None:
    closed, older, newer = stage.issue(), stage.issue(), stage.issue()
    stage.want("PATCH", f"{stage.root}/issues/{closed}", json={"state": "closed"})

    found = [issue["number"] for issue in stage.want("GET", f"{stage.root}/issues")]

    assert found[:2] == [newer, older]
    assert closed not in found


def test_milestones_are_listed_open_only_unless_asked_otherwise(stage: Stage) -> None:
    opened, closed = stage.milestone(), stage.milestone(state="closed")

    def listed(query: str) -> set[int]:
        return {found["number"] for found in stage.want("GET", f"{stage.root}/milestones?per_page=100{query}")}

    assert opened in listed("")
    assert closed not in listed("")
    assert closed in listed("&state=closed")
    assert opened not in listed("&state=closed")
    assert {opened, closed} <= listed("&state=all")


# labels of a repository


@pytest.mark.parametrize("other", ["BUG", "bUg", "bug"])
def test_h54_label_names_are_unique_without_regard_to_case(stage: Stage, other: str) -> None:
    answer = stage.ask("POST", f"{stage.root}/labels", json={"name": other, "color": "d73a4a"})

    assert errors(answer) == [("Label", "name", "already_exists")]


def test_a_label_is_found_in_any_case_and_keeps_the_case_it_was_made_with(stage: Stage) -> None:
    name = stage.label(name="MiXeD")

    assert stage.want("GET", f"{stage.root}/labels/mixed")["name"] == name
    assert names(stage.want("POST", f"{stage.root}/issues/{stage.issue()}/labels", json={"labels": ["MIXED"]})) == [
        name
    ]


def test_a_label_may_be_renamed_to_other_letters_of_its_own_name_and_stays_on_its_issues(stage: Stage) -> None:
    old = stage.label()
    number = stage.issue(labels=[old])
    before = stage.want("GET", f"{stage.root}/labels/{old}")

    after = stage.want("PATCH", f"{stage.root}/labels/{old}", json={"new_name": old.upper()})

    assert after["id"] == before["id"]
    assert names(stage.want("GET", f"{stage.root}/issues/{number}/labels")) == [old.upper()]
    again = stage.label()
    assert errors(stage.ask("PATCH", f"{stage.root}/labels/{again}", json={"new_name": old})) == [
        ("Label", "name", "already_exists")
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x" * 51, "color": "d73a4a"}, "name"),
        ({"name": "long description", "color": "d73a4a", "description": "x" * 101}, "description"),
        ({"name": "hash", "color": "#ff0000"}, "color"),
        ({"name": "short", "color": "f00"}, "color"),
    ],
)
def test_h55_a_label_that_github_would_refuse_is_refused(stage: Stage, body: dict[str, str], field: str) -> None:
    assert [found[:2] for found in errors(stage.ask("POST", f"{stage.root}/labels", json=body))] == [("Label", field)]


@pytest.mark.parametrize("name", ["a/b", "50% & more?", "a:b, c#d", "☃ émoji 🎉", "x" * 50])
def test_a_label_with_awkward_characters_can_be_read_put_on_and_taken_off(stage: Stage, name: str) -> None:
    created = stage.want("POST", f"{stage.root}/labels", json={"name": name, "color": "0e8a16"})
    number = stage.issue(labels=[name])

    assert stage.want("GET", created["url"])["name"] == name
    assert names(stage.want("GET", f"{stage.root}/issues/{number}/labels")) == [name]
    gone = stage.want("DELETE", created["url"].replace("/labels/", f"/issues/{number}/labels/"))
    assert gone == []
    stage.want("DELETE", created["url"])
    assert stage.ask("GET", created["url"]).status_code == 404


def test_a_deleted_label_leaves_every_issue(stage: Stage) -> None:
    name = stage.label()
    number = stage.issue(labels=[name, "bug"])

    stage.want("DELETE", f"{stage.root}/labels/{name}")

    assert names(stage.want("GET", f"{stage.root}/issues/{number}")["labels"]) == ["bug"]


# labels of an issue


@pytest.mark.parametrize("where", ["the labels of an issue", "an issue's edit", "a new issue"])
def test_an_unknown_label_is_created_silently_in_grey(stage: Stage, where: str) -> None:
    name = f"typo {stage.next()}"
    match where:
        case "a new issue":
            stage.issue(labels=[name])
        case "an issue's edit":
            stage.want("PATCH", f"{stage.root}/issues/{stage.issue()}", json={"labels": [name]})
        case _:
            stage.want("POST", f"{stage.root}/issues/{stage.issue()}/labels", json={"labels": [name]})

    made = stage.want("GET", f"{stage.root}/labels/{name}")

    assert (made["color"], made["description"], made["default"]) == ("ededed", None, False)


def test_h57_an_issue_carries_a_hundred_labels_and_no_more(stage: Stage) -> None:
    number = stage.issue(labels=[f"many {index}" for index in range(100)])
    assert len(stage.want("GET", f"{stage.root}/issues/{number}")["labels"]) == 100

    refused = stage.ask("POST", f"{stage.root}/issues/{number}/labels", json={"labels": ["one more"]})
    again = stage.ask("POST", f"{stage.root}/issues/{number}/labels", json={"labels": ["many 7"]})

    assert refused.status_code == 422
    assert again.status_code == 200, "a label it has already is not a hundred and first"
    assert len(stage.want("GET", f"{stage.root}/issues/{number}")["labels"]) == 100


def test_post_adds_labels_and_put_and_patch_replace_them(stage: Stage) -> None:
    number = stage.issue(labels=["bug"])
    where = f"{stage.root}/issues/{number}/labels"

    assert names(stage.want("POST", where, json={"labels": ["question"]})) == ["bug", "question"]
    assert names(stage.want("PUT", where, json={"labels": ["wontfix"]})) == ["wontfix"]
    patched = stage.want("PATCH", f"{stage.root}/issues/{number}", json={"labels": ["invalid", "bug"]})
    assert set(names(patched["labels"])) == {"invalid", "bug"}
    assert set(names(stage.want("PATCH", f"{stage.root}/issues/{number}", json={"title": "x"})["labels"])) == {
        "invalid",
        "bug",
    }
    assert stage.ask("DELETE", where).status_code == 204
    assert stage.want("GET", where) == []


def test_h46_a_person_without_the_right_has_label_changes_dropped_without_a_word(stage: Stage) -> None:
    opened = stage.want(
        "POST",
        f"{stage.root}/issues",
        json={"title": "By a visitor", "labels": ["bug"], "assignees": ["alice"]},
        who="visitor",
    )
    edited = stage.ask(
        "PATCH", f"{stage.root}/issues/{opened['number']}", json={"title": "Mine", "labels": ["bug"]}, who="visitor"
    )

    assert (opened["labels"], opened["assignees"]) == ([], [])
    assert edited.status_code == 200
    assert (edited.json()["title"], edited.json()["labels"]) == ("Mine", [])


# milestones


def test_a_milestone_is_named_by_number_and_a_title_is_refused(stage: Stage) -> None:
    title = stage.want("GET", f"{stage.root}/milestones/{stage.milestone()}")["title"]

    assert errors(stage.ask("PATCH", f"{stage.root}/issues/{stage.issue()}", json={"milestone": title})) == [
        ("Issue", "milestone", "invalid")
    ]


def test_milestone_titles_are_unique_with_regard_to_case(stage: Stage) -> None:
    first = stage.milestone(title="v901")
    second = stage.milestone(title="V901")

    assert first != second
    assert errors(stage.ask("POST", f"{stage.root}/milestones", json={"title": "v901"})) == [
        ("Milestone", "title", "already_exists")
    ]
    assert errors(stage.ask("PATCH", f"{stage.root}/milestones/{second}", json={"title": "v901"})) == [
        ("Milestone", "title", "already_exists")
    ]


def test_a_closed_milestone_still_blocks_its_title_and_takes_issues(stage: Stage) -> None:
    number = stage.milestone(title="Closed one", state="closed")

    assert stage.ask("POST", f"{stage.root}/milestones", json={"title": "Closed one"}).status_code == 422
    issue = stage.want("PATCH", f"{stage.root}/issues/{stage.issue()}", json={"milestone": number})
    assert issue["milestone"]["state"] == "closed"
    assert issue["milestone"]["open_issues"] == 1


def test_a_deleted_milestone_leaves_its_issues_without_one(stage: Stage) -> None:
    milestone = stage.milestone()
    number = stage.issue(milestone=milestone)

    stage.want("DELETE", f"{stage.root}/milestones/{milestone}")

    assert stage.want("GET", f"{stage.root}/issues/{number}")["milestone"] is None


def test_h60_only_one_of_many_at_once_creates_the_milestone(stage: Stage) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def create(_: int) -> int:
        return stage.ask("POST", f"{stage.root}/milestones", json={"title": "Everybody's"}).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(create, range(50)))

    assert sorted(statuses) == [201] + [422] * 49


# states of an issue and of its repository


def test_state_reason_is_ignored_unless_the_state_changes(stage: Stage) -> None:
    where = f"{stage.root}/issues/{stage.issue()}"

    assert stage.want("PATCH", where, json={"state_reason": "not_planned"})["state_reason"] is None
    assert stage.want("PATCH", where, json={"state": "closed"})["state_reason"] == "completed"
    assert stage.want("PATCH", where, json={"state": "closed", "state_reason": "not_planned"})["state"] == "closed"
    reopened = stage.want("PATCH", where, json={"state": "open"})
    assert (reopened["state_reason"], reopened["closed_at"], reopened["closed_by"]) == ("reopened", None, None)


def test_a_deleted_issue_is_gone_and_a_transferred_one_redirects(stage: Stage) -> None:
    deleted, moved = stage.issue(), stage.issue()
    stage.want("DELETE", f"/sandbox{stage.root}/issues/{deleted}", who="alice")
    target = {"repository": f"{OWNER}/{OTHER_REPO}"}
    stage.want("POST", f"/sandbox{stage.root}/issues/{moved}/transfer", json=target, who="alice")

    assert stage.ask("GET", f"{stage.root}/issues/{deleted}").status_code == 410
    assert stage.ask("POST", f"{stage.root}/issues/{deleted}/labels", json={"labels": ["bug"]}).status_code == 410
    reading = stage.ask("GET", f"{stage.root}/issues/{moved}")
    assert reading.status_code == 301
    assert stage.want("GET", reading.headers["location"])["repository_url"].endswith(f"/{OWNER}/{OTHER_REPO}")


def test_issues_switched_off_are_gone(fresh: Stage) -> None:
    number = fresh.issue()
    fresh.want("PATCH", fresh.root, json={"has_issues": False}, who="alice")

    for method, path in (("GET", "/issues"), ("GET", f"/issues/{number}"), ("POST", "/issues")):
        answer = fresh.ask(method, fresh.root + path, json={"title": "x"} if method == "POST" else None)
        assert answer.status_code == 410, path


def test_an_archived_repository_can_be_read_and_not_written(fresh: Stage) -> None:
    number = fresh.issue()
    fresh.want("PATCH", fresh.root, json={"archived": True}, who="alice")

    for method, path, body in (
        ("POST", "/issues", {"title": "x"}),
        ("POST", f"/issues/{number}/labels", {"labels": ["bug"]}),
        ("PATCH", f"/issues/{number}", {"title": "x"}),
        ("POST", "/milestones", {"title": "x"}),
        ("DELETE", "/labels/bug", None),
    ):
        answer = fresh.ask(method, fresh.root + path, json=body)
        assert answer.status_code == 403, path
        assert answer.json()["message"] == "Repository was archived so is read-only."
    assert fresh.want("GET", f"{fresh.root}/issues/{number}")["title"].startswith("Issue")


def test_h62_a_renamed_repository_redirects_by_id_and_keeps_the_method(fresh: Stage) -> None:
    number, identity = fresh.issue(), fresh.want("GET", fresh.root)["id"]
    fresh.want("PATCH", fresh.root, json={"name": "renamed"}, who="alice")

    reading = fresh.ask("GET", f"{fresh.root}/issues/{number}")
    writing = fresh.ask("POST", f"{fresh.root}/issues/{number}/labels", json={"labels": ["bug"]})

    assert reading.status_code == 301
    assert reading.headers["location"] == f"{fresh.api}/repositories/{identity}/issues/{number}"
    assert fresh.want("GET", reading.headers["location"])["repository_url"] == f"{fresh.api}/repos/{OWNER}/renamed"
    assert writing.status_code == 307
    assert names(fresh.want("POST", writing.headers["location"], json={"labels": ["bug"]})) == ["bug"]


def test_a_new_repository_of_the_old_name_takes_the_name_back(fresh: Stage) -> None:
    old = fresh.want("GET", fresh.root)["id"]
    fresh.want("PATCH", fresh.root, json={"name": "renamed"}, who="alice")
    fresh.want("POST", f"/orgs/{OWNER}/repos", json={"name": REPO}, who="alice")

    assert fresh.want("GET", fresh.root)["id"] != old
