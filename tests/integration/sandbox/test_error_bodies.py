"""GitHub's refusals, one line each: what is sent, and status, message and errors that come back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.sandbox.conftest import World

REPO = "/repos/acme-demo/storefront"


def error(resource: str, field: str, code: str, **more: Any) -> dict[str, Any]:
    return {"resource": resource, "code": code, "field": field, **more}


TABLE: dict[str, tuple[str, str, Any, int, str, list[dict[str, Any]] | None]] = {
    "label taken": (
        "POST", f"{REPO}/labels", {"name": "Bug", "color": "aabbcc"}, 422, "Validation Failed",
        [error("Label", "name", "already_exists")],
    ),
    "label without name": (
        "POST", f"{REPO}/labels", {}, 422, "Validation Failed", [error("Label", "name", "missing_field")],
    ),
    "label name of 51": (
        "POST", f"{REPO}/labels", {"name": "x" * 51}, 422, "Validation Failed",
        [error("Label", "name", "custom", value="x" * 51, message="name is too long (maximum is 50 characters)")],
    ),
    "description of 101": (
        "POST", f"{REPO}/labels", {"name": "x", "description": "d" * 101}, 422, "Validation Failed",
        [error(
            "Label", "description", "custom", value="d" * 101,
            message="description is too long (maximum is 100 characters)",
        )],
    ),
    "colour with hash": (
        "POST", f"{REPO}/labels", {"name": "x", "color": "#ff0000"}, 422, "Validation Failed",
        [error("Label", "color", "invalid", value="#ff0000")],
    ),
    "colour of three": (
        "POST", f"{REPO}/labels", {"name": "x", "color": "f00"}, 422, "Validation Failed",
        [error("Label", "color", "invalid", value="f00")],
    ),
    "label renamed to a taken name": (
        "PATCH", f"{REPO}/labels/bug", {"new_name": "Question"}, 422, "Validation Failed",
        [error("Label", "name", "already_exists")],
    ),
    "no such label": ("GET", f"{REPO}/labels/nothing", None, 404, "Not Found", None),
    "label the issue has not": ("DELETE", f"{REPO}/issues/14/labels/bug", None, 404, "Label does not exist", None),
    "label that does not exist": ("DELETE", f"{REPO}/issues/14/labels/zz", None, 404, "Label does not exist", None),
    "milestone taken": (
        "POST", f"{REPO}/milestones", {"title": "Phase 1"}, 422, "Validation Failed",
        [error("Milestone", "title", "already_exists")],
    ),
    "milestone renamed to a taken title": (
        "PATCH", f"{REPO}/milestones/2", {"title": "Phase 1"}, 422, "Validation Failed",
        [error("Milestone", "title", "already_exists")],
    ),
    "milestone without title": (
        "POST", f"{REPO}/milestones", {}, 422, "Validation Failed", [error("Milestone", "title", "missing_field")],
    ),
    "milestone assigned by title": (
        "PATCH", f"{REPO}/issues/14", {"milestone": "Phase 1"}, 422, "Validation Failed",
        [error("Issue", "milestone", "invalid", value="Phase 1")],
    ),
    "milestone that does not exist": (
        "PATCH", f"{REPO}/issues/14", {"milestone": 99}, 422, "Validation Failed",
        [error("Issue", "milestone", "invalid", value=99)],
    ),
    "issue without title": (
        "POST", f"{REPO}/issues", {"body": "x"}, 422, 'Invalid request.\n\n"title" wasn\'t supplied.', None,
    ),
    "issue with a blank title": (
        "POST", f"{REPO}/issues", {"title": "  "}, 422, "Validation Failed", [error("Issue", "title", "missing_field")],
    ),
    "labels that are no list": (
        "PATCH", f"{REPO}/issues/14", {"labels": "bug"}, 422,
        "Invalid request.\n\nFor 'properties/labels', \"bug\" is not an array.", None,
    ),
    "a state nobody knows": (
        "PATCH", f"{REPO}/issues/14", {"state": "done"}, 422,
        "Invalid request.\n\nFor 'properties/state', done is not a member of ['open', 'closed'].", None,
    ),
    "assignee nobody knows": (
        "PATCH", f"{REPO}/issues/14", {"assignees": ["nobody"]}, 422, "Validation Failed",
        [error("Issue", "assignees", "invalid", value="nobody")],
    ),
    "no such issue": ("GET", f"{REPO}/issues/9999", None, 404, "Not Found", None),
    "no such repository": ("GET", "/repos/acme-demo/nothing/issues", None, 404, "Not Found", None),
    "no such address": ("GET", "/this/is/not/there", None, 404, "Not Found", None),
    "a number that is none": ("GET", f"{REPO}/issues/one", None, 404, "Not Found", None),
    "an empty comment": (
        "POST", f"{REPO}/issues/14/comments", {"body": " "}, 422, "Validation Failed",
        [error("IssueComment", "body", "custom", message="body cannot be blank")],
    ),
    "not for the App itself": ("GET", "/app", None, 401, "A JSON web token could not be decoded", None),
    "not granted": ("GET", f"{REPO}/actions/variables", None, 403, "Resource not accessible by integration", None),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_h55_what_github_refuses_the_box_refuses_in_the_same_words(world: World, case: str) -> None:
    method, path, body, status, message, errors = TABLE[case]
    with world.as_installation() as github:
        answer = github.request(method, path, json=body) if body is not None else github.request(method, path)

    found = answer.json()
    assert answer.status_code == status
    assert found["message"] == message
    assert found.get("errors") == errors
    assert found["status"] == str(status)
    assert found["documentation_url"].startswith("https://docs.github.com/")
    assert answer.headers["x-github-request-id"]
    if method != "GET":
        assert not world.box.requests.needless_writes
        assert not world.box.requests[-1].changed


@pytest.mark.parametrize(
    ("raw", "status", "message"),
    [
        (b"{", 400, "Problems parsing JSON"),
        (b"[" * 100_000, 400, "Problems parsing JSON"),
        (b'"text"', 400, "Body should be a JSON object"),
        (b"\xff\xfe", 400, "Problems parsing JSON"),
    ],
    ids=["cut off", "deep", "a text", "not UTF-8"],
)
def test_h15_a_body_that_is_no_json_object_is_refused(world: World, raw: bytes, status: int, message: str) -> None:
    with world.as_installation() as github:
        answer = github.post(f"{REPO}/issues", content=raw)

    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_h57_a_hundred_labels_and_no_more(world: World) -> None:
    names = [f"label {number}" for number in range(100)]
    with world.as_installation() as github:
        full = github.post(f"{REPO}/issues/14/labels", json={"labels": names})
        again = github.post(f"{REPO}/issues/14/labels", json={"labels": [names[0]]})
        more = github.post(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})
        held = github.get(f"{REPO}/issues/14/labels", params={"per_page": 100})

    assert full.status_code == again.status_code == 200
    assert more.status_code == 422
    assert more.json()["errors"][0]["message"] == "issues can have at most 100 labels"
    assert len(held.json()) == 100


def test_without_a_user_agent_nothing_is_answered(world: World) -> None:
    with world.client() as github:
        request = github.build_request("GET", "/meta")
        del request.headers["user-agent"]
        answer = github.send(request)

    assert answer.status_code == 403
    assert answer.json()["message"].startswith("Request forbidden by administrative rules.")


def test_an_api_version_nobody_knows_is_refused(world: World) -> None:
    with world.client() as github:
        known = github.get("/meta", headers={"X-GitHub-Api-Version": "2022-11-28"})
        unknown = github.get("/meta", headers={"X-GitHub-Api-Version": "1999-01-01"})

    assert known.status_code == 200
    assert unknown.status_code == 400


def test_the_newer_api_version_has_no_single_assignee(world: World) -> None:
    with world.client() as github:
        old = github.get(f"{REPO}/issues/2").json()
        new = github.get(f"{REPO}/issues/2", headers={"X-GitHub-Api-Version": "2026-03-10"}).json()

    assert old["assignee"]["login"] == "jonas"
    assert "assignee" not in new
    assert new["assignees"][0]["login"] == "jonas"
