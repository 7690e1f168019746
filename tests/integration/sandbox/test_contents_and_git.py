"""Files, git objects, variables, workflows and sub-issues over HTTP."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.sandbox.conftest import World

REPO = "/repos/acme-demo/storefront"
CONFIG = f"{REPO}/contents/.github/task-assistant.yml"
MORE = {"contents": "write", "actions_variables": "write", "actions": "write", "issues": "write"}


@pytest.fixture
def powerful(world: World) -> World:
    item = world.box.installation(world.installation_id)
    item.permissions = {"metadata": "read", **MORE}
    return world


def test_a_file_is_read_written_and_removed_by_its_sha(powerful: World) -> None:
    with powerful.as_installation() as github:
        found = github.get(CONFIG).json()
        text = base64.b64decode(found["content"]).decode()
        body = {"message": "Change it", "content": base64.b64encode(b"schema_version: '1.0'\n").decode()}
        without = github.put(CONFIG, json=body)
        wrong = github.put(CONFIG, json={**body, "sha": "0" * 40})
        written = github.put(CONFIG, json={**body, "sha": found["sha"]})
        new = github.get(CONFIG, headers={"Accept": "application/vnd.github.raw+json"})
        removed = github.request("DELETE", CONFIG, json={"message": "Away", "sha": written.json()["content"]["sha"]})
        gone = github.get(CONFIG)
    powerful.settle()

    assert text.startswith("# How Task Assistant")
    assert (without.status_code, wrong.status_code, written.status_code) == (422, 409, 200)
    assert new.text == "schema_version: '1.0'\n"
    assert (removed.status_code, gone.status_code) == (200, 404)
    pushes = powerful.inbox.payloads("push")
    assert [push["head_commit"]["modified"] for push in pushes] == [[".github/task-assistant.yml"], []]
    assert [push["head_commit"]["removed"] for push in pushes] == [[], [".github/task-assistant.yml"]]
    assert pushes[0]["ref"] == "refs/heads/main"
    assert pushes[0]["after"] == pushes[1]["before"]


def test_a_branch_with_a_commit_is_made_of_git_objects(powerful: World) -> None:
    powerful.box.installation(powerful.installation_id).permissions["workflows"] = "write"
    with powerful.as_installation() as github:
        head = github.get(f"{REPO}/git/ref/heads/main").json()["object"]["sha"]
        base = github.get(f"{REPO}/git/commits/{head}").json()["tree"]["sha"]
        blob = github.post(f"{REPO}/git/blobs", json={"content": "hello\n", "encoding": "utf-8"}).json()["sha"]
        entries = [
            {"path": "docs/hello.txt", "mode": "100644", "type": "blob", "sha": blob},
            {"path": ".github/workflows/label.yml", "mode": "100644", "type": "blob", "sha": None},
        ]
        tree = github.post(f"{REPO}/git/trees", json={"base_tree": base, "tree": entries}).json()["sha"]
        body = {"message": "Say hello", "tree": tree, "parents": [head]}
        commit = github.post(f"{REPO}/git/commits", json=body).json()["sha"]
        made = github.post(f"{REPO}/git/refs", json={"ref": "refs/heads/hello", "sha": commit})
        again = github.post(f"{REPO}/git/refs", json={"ref": "refs/heads/hello", "sha": commit})
        back = github.patch(f"{REPO}/git/refs/heads/hello", json={"sha": head})
        paths = [
            entry["path"] for entry in github.get(f"{REPO}/git/trees/hello?recursive=1").json()["tree"]
            if entry["type"] == "blob"
        ]  # fmt: skip

    assert blob == "ce013625030ba8dba906f756967f9e9ca394464a"  # what `git hash-object` says of it
    assert made.status_code == 201
    assert (again.status_code, again.json()["message"]) == (422, "Reference already exists")
    assert (back.status_code, back.json()["message"]) == (422, "Update is not a fast forward")
    assert paths == [".github/task-assistant.yml", ".github/workflows/build.yml", "README.md", "docs/hello.txt"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_itself_finds_nothing_wrong_with_the_objects(world: World, tmp_path: Path) -> None:
    repo = world.box.repository("acme-demo/storefront")
    subprocess.run(["git", "init", "-q", "--initial-branch=master", str(tmp_path)], check=True)
    for sha, item in repo.objects.items():
        done = subprocess.run(
            ["git", "-C", str(tmp_path), "hash-object", "-w", "-t", item.type, "--stdin"],
            input=item.content, capture_output=True, check=True,
        )  # fmt: skip
        assert done.stdout.decode().strip() == sha
    head = repo.refs["refs/heads/main"]
    subprocess.run(["git", "-C", str(tmp_path), "update-ref", "refs/heads/master", head], check=True)
    checked = subprocess.run(
        ["git", "-C", str(tmp_path), "fsck", "--strict", "--no-dangling"], capture_output=True, text=True
    )

    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_workflow_file_needs_a_permission_of_its_own(powerful: World) -> None:
    body = {"message": "x", "content": base64.b64encode(b"on: push").decode()}
    with powerful.as_installation() as github:
        refused = github.put(f"{REPO}/contents/.github/workflows/new.yml", json=body)

    assert refused.status_code == 403
    assert "without `workflows` permission" in refused.json()["message"]


def test_variables_have_pages_of_ten_and_names_without_case(powerful: World) -> None:
    with powerful.as_installation() as github:
        for number in range(11):
            body = {"name": f"number_{number}", "value": str(number)}
            assert github.post(f"{REPO}/actions/variables", json=body).status_code == 201
        first = github.get(f"{REPO}/actions/variables")
        taken = github.post(f"{REPO}/actions/variables", json={"name": "NUMBER_1", "value": ""})
        wrong = github.post(f"{REPO}/actions/variables", json={"name": "GITHUB_x", "value": ""})
        changed = github.patch(f"{REPO}/actions/variables/number_1", json={"value": "one"})
        one = github.get(f"{REPO}/actions/variables/Number_1")

    assert (first.json()["total_count"], len(first.json()["variables"])) == (12, 10)
    assert (taken.status_code, wrong.status_code, changed.status_code) == (409, 422, 204)
    assert (one.json()["name"], one.json()["value"]) == ("NUMBER_1", "one")


def test_a_workflow_is_disabled_and_enabled_by_its_file_name(powerful: World) -> None:
    with powerful.as_installation() as github:
        path = f"{REPO}/actions/workflows/label.yml"
        off = github.put(f"{path}/disable")
        state = github.get(path).json()["state"]
        on = github.put(f"{path}/enable")

    assert (off.status_code, state, on.status_code) == (204, "disabled_manually", 204)
    assert github.is_closed


def test_sub_issues_have_one_parent_and_no_circles(world: World) -> None:
    ids = {number: world.box.issue("acme-demo/storefront", number).id for number in (1, 2, 5, 14)}
    with world.as_installation() as github:
        listed = github.get(f"{REPO}/issues/1/sub_issues").json()
        parent = github.get(f"{REPO}/issues/2/parent").json()
        none = github.get(f"{REPO}/issues/14/parent")
        added = github.post(f"{REPO}/issues/2/sub_issues", json={"sub_issue_id": ids[14]})
        circle = github.post(f"{REPO}/issues/14/sub_issues", json={"sub_issue_id": ids[1]})
        second = github.post(f"{REPO}/issues/5/sub_issues", json={"sub_issue_id": ids[14]})
        moved = github.post(f"{REPO}/issues/5/sub_issues", json={"sub_issue_id": ids[14], "replace_parent": True})
        removed = github.request("DELETE", f"{REPO}/issues/5/sub_issue", json={"sub_issue_id": ids[14]})
    world.settle()

    assert [issue["number"] for issue in listed] == [2, 4, 6]
    assert parent["number"] == 1
    assert none.status_code == 404
    assert added.json()["sub_issues_summary"]["total"] == 1
    assert (circle.status_code, second.status_code) == (422, 422)
    assert (moved.status_code, removed.status_code) == (201, 200)
    assert world.inbox.events == [
        ("sub_issues", "sub_issue_added"), ("sub_issues", "parent_issue_added"),
        ("sub_issues", "sub_issue_removed"), ("sub_issues", "parent_issue_removed"),
        ("sub_issues", "sub_issue_added"), ("sub_issues", "parent_issue_added"),
        ("sub_issues", "sub_issue_removed"), ("sub_issues", "parent_issue_removed"),
    ]  # fmt: skip
