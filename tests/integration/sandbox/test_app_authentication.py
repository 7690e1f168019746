"""Tokens over HTTP: what is accepted, what is refused and in which words."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from tests.integration.sandbox.conftest import World
from tests.support.keys import pem

REPO = "/repos/acme-demo/storefront"
NOT_DECODED = "A JSON web token could not be decoded"


@pytest.mark.parametrize("issuer", ["client_id", "id"])
def test_the_app_is_known_by_client_id_and_by_app_id(world: World, issuer: str) -> None:
    token = world.app_token(iss=str(getattr(world.app, issuer)))
    with world.client(f"Bearer {token}") as github:
        answer = github.get("/app")

    assert answer.status_code == 200
    assert answer.json()["slug"] == "task-assistant"
    assert answer.json()["installations_count"] == 1


@pytest.mark.parametrize(
    ("claims", "status", "message"),
    [
        ({"exp": -1}, 401, "'Expiration time' claim ('exp') must be a numeric value representing the future time"),
        ({"exp": 660}, 401, "'Expiration time' claim ('exp') is too far in the future"),
        ({"iat": 60}, 401, "'Issued at' claim ('iat') must be an Integer representing the time"),
        ({"iss": "999999"}, 404, "Integration not found"),
        ({"iss": ""}, 401, "'Issuer' claim ('iss') must be an Integer"),
    ],
    ids=["expired", "lives too long", "issued in the future", "no such App", "no issuer"],
)
def test_h47_a_token_with_wrong_claims_is_refused(
    world: World, claims: dict[str, Any], status: int, message: str
) -> None:
    now = int(world.box.clock.now().timestamp())
    shifted = {name: value if name == "iss" else now + value for name, value in claims.items()}
    with world.client(f"Bearer {world.app_token(**shifted)}") as github:
        answer = github.get("/app")

    assert answer.status_code == status
    assert answer.json()["message"].startswith(message)
    assert answer.json()["status"] == str(status)


def test_h51_a_token_of_another_key_is_refused(world: World) -> None:
    now = int(world.box.clock.now().timestamp())
    claims = {"iat": now - 60, "exp": now + 500, "iss": world.app.client_id}
    wrong_key = jwt.encode(claims, pem(1), algorithm="RS256")
    wrong_kind = jwt.encode(claims, "x" * 40, algorithm="HS256")
    for token in (wrong_key, wrong_kind, "a.b.c"):
        with world.client(f"Bearer {token}") as github:
            answer = github.get("/app")
        assert (answer.status_code, answer.json()["message"]) == (401, NOT_DECODED)


def test_h49_an_installation_token_lasts_one_hour_of_the_boxs_clock(world: World) -> None:
    with world.as_installation() as github:
        assert github.get(f"{REPO}/issues/1").status_code == 200
        world.box.clock.advance(3599)
        assert github.get(f"{REPO}/issues/1").status_code == 200
        world.box.clock.advance(2)
        late = github.get(f"{REPO}/issues/1")

    assert late.status_code == 401
    assert late.json()["message"] == "Bad credentials"


def test_a_read_only_token_cannot_write(world: World) -> None:
    with world.as_installation(permissions={"issues": "read"}) as github:
        read = github.get(f"{REPO}/issues/1")
        write = github.post(f"{REPO}/issues/1/labels", json={"labels": ["bug"]})

    assert read.status_code == 200
    assert write.status_code == 403
    assert write.json()["message"] == "Resource not accessible by integration"
    assert write.headers["x-accepted-github-permissions"] == "issues=write; pull_requests=write"
    assert "bug" not in [label.name for label in world.box.issue("acme-demo/storefront", 1).labels]


def test_a_token_narrowed_to_one_repository_does_not_reach_another(world: World) -> None:
    with world.as_installation(repositories=["storefront"]) as github:
        within = github.get("/installation/repositories").json()
        private = github.get("/repos/acme-demo/tools/issues")

    assert [repo["name"] for repo in within["repositories"]] == ["storefront"]
    assert within["repository_selection"] == "selected"
    assert (private.status_code, private.json()["message"]) == (404, "Not Found")


def test_a_token_cannot_be_widened(world: World) -> None:
    with world.as_app() as github:
        path = f"/app/installations/{world.installation_id}/access_tokens"
        more = github.post(path, json={"permissions": {"issues": "write", "actions": "write"}})
        elsewhere = github.post(path, json={"repositories": ["nowhere"]})

    assert more.status_code == 422
    assert more.json()["message"] == "The permissions requested are not granted to this installation."
    assert elsewhere.status_code == 422


def test_h52_a_suspended_installation_is_shut_out_and_hears_nothing(world: World) -> None:
    with world.as_installation() as github:
        world.box.suspend(world.installation_id)
        refused = github.get(f"{REPO}/issues/1")
        with world.as_person("mira") as person:
            person.post(f"{REPO}/issues/14/labels", json={"labels": ["bug"]})
        world.box.unsuspend(world.installation_id)
        again = github.get(f"{REPO}/issues/1")
    world.settle()

    assert (refused.status_code, refused.json()["message"]) == (403, "This installation has been suspended")
    assert again.status_code == 200
    assert world.inbox.events == [("installation", "suspend"), ("installation", "unsuspend")]


def test_without_credentials_a_public_repository_is_read_and_not_written(world: World) -> None:
    with world.client() as github:
        assert github.get(f"{REPO}/issues/1").status_code == 200
        assert github.get("/repos/acme-demo/tools").status_code == 404
        write = github.post(f"{REPO}/issues", json={"title": "x"})
    with world.client("token ghp_nobody") as github:
        wrong = github.get(f"{REPO}/issues/1")

    assert (write.status_code, write.json()["message"]) == (401, "Requires authentication")
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Bad credentials")
