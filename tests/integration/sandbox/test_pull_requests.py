"""Pull requests: the switch of a migration is one; protected branches and workflows are kept as GitHub keeps them."""

from __future__ import annotations

import httpx
import pytest

from tassist.sandbox import git_store
from tests.integration.sandbox.conftest import World


@pytest.fixture
def powerful(world: World) -> World:
    item = world.box.installation(world.installation_id)
    item.permissions = {"metadata": "read", "contents": "write", "pull_requests": "write", "issues": "write"}
    return world


def repo_of(world: World) -> str:
    return "/repos/" + next(iter(world.box.world.repositories.values())).full_name


def commit(github: httpx.Client, base: str, path: str, content: str) -> str:
    head = github.get(f"{base}/git/ref/heads/main").json()["object"]["sha"]
    entry = {"path": path, "mode": "100644", "type": "blob", "content": content}
    tree = github.post(f"{base}/git/trees", json={"base_tree": head, "tree": [entry]}).json()["sha"]
    made = github.post(f"{base}/git/commits", json={"message": "m", "tree": tree, "parents": [head]}).json()
    return str(made["sha"])


def test_one_is_opened_found_and_merged_and_only_once(powerful: World) -> None:
    base = repo_of(powerful)
    with powerful.as_installation() as github:
        sha = commit(github, base, "new.txt", "new")
        github.post(f"{base}/git/refs", json={"ref": "refs/heads/side", "sha": sha})
        sent = {"title": "T", "head": "side", "base": "main", "body": "B"}
        made = github.post(f"{base}/pulls", json=sent)
        twice = github.post(f"{base}/pulls", json=sent)
        listed = github.get(f"{base}/pulls").json()
        other = commit(github, base, "other.txt", "other")
        github.patch(f"{base}/git/refs/heads/main", json={"sha": other})
        merged = github.put(f"{base}/pulls/{made.json()['number']}/merge", json={})
        again = github.put(f"{base}/pulls/{made.json()['number']}/merge", json={})
        there = [github.get(f"{base}/contents/{name}").status_code for name in ("new.txt", "other.txt")]

    assert (made.status_code, twice.status_code, merged.status_code, again.status_code) == (201, 422, 200, 405)
    assert [one["number"] for one in listed] == [made.json()["number"]]
    assert there == [200, 200]
    assert len(git_store.read_commit(powerful.box.repository(base[7:]), merged.json()["sha"]).parents) == 2


def test_a_protected_branch_changes_through_pull_requests_only(powerful: World) -> None:
    base = repo_of(powerful)
    powerful.box.repository(base[7:]).protected_branches.add("main")
    with powerful.as_installation() as github:
        sha = commit(github, base, "new.txt", "new")
        direct = github.patch(f"{base}/git/refs/heads/main", json={"sha": sha})
        side = github.post(f"{base}/git/refs", json={"ref": "refs/heads/side", "sha": sha})
        made = github.post(f"{base}/pulls", json={"title": "T", "head": "side", "base": "main"}).json()
        merged = github.put(f"{base}/pulls/{made['number']}/merge", json={})

    assert (direct.status_code, side.status_code, merged.status_code) == (422, 201, 200)
    assert "through a pull request" in direct.json()["message"]


def test_a_workflow_needs_its_own_permission_over_git_too(powerful: World) -> None:
    base = repo_of(powerful)
    with powerful.as_installation() as github:
        sha = commit(github, base, ".github/workflows/x.yml", "on: push\n")
        moved = github.patch(f"{base}/git/refs/heads/main", json={"sha": sha})
        side = github.post(f"{base}/git/refs", json={"ref": "refs/heads/side", "sha": sha})

    assert (moved.status_code, side.status_code) == (403, 403)
    assert "`workflows` permission" in moved.json()["message"]
