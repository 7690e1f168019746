"""How GitHub treats Apps: tokens, their limits, what they may, the manifest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import jwt
import pytest

from tests.conformance.app_attempts import manifest_code
from tests.conformance.stage import OTHER_REPO, OWNER, REPO, Stage

HOUR = 3600


def refused(stage: Stage, token: str) -> str:
    """What GitHub says to a JSON web token it does not take."""
    answer = stage.ask("GET", "/app", who="anonymous", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401, answer.text
    message: str = answer.json()["message"]
    return message


def taken(stage: Stage, token: str) -> bool:
    """Whether a token is accepted."""
    return stage.ask("GET", "/app", who="anonymous", headers={"Authorization": f"Bearer {token}"}).status_code == 200


# JSON web tokens


@pytest.mark.parametrize("expires", [60, 300, 540, 600])
def test_an_app_token_may_live_ten_minutes(stage: Stage, expires: int) -> None:
    stage.box.clock.freeze()
    try:
        assert taken(stage, stage.app_token(expires=expires))
    finally:
        stage.box.clock.unfreeze()


@pytest.mark.parametrize("expires", [660, 3600])
def test_an_app_token_may_not_live_longer(stage: Stage, expires: int) -> None:
    assert "'exp'" in refused(stage, stage.app_token(expires=expires))
    assert "too far in the future" in refused(stage, stage.app_token(expires=expires))


def test_h47_a_fast_clock_at_the_caller_has_no_headroom(stage: Stage) -> None:
    """`iat` in GitHub's future is refused, and so is ten minutes from a clock that runs ahead."""
    assert "'iat'" in refused(stage, stage.app_token(issued=30))
    assert "'exp'" in refused(stage, stage.app_token(issued=-60, expires=630))
    assert taken(stage, stage.app_token(issued=-60 + 30, expires=540 + 30))


def test_an_expired_app_token_is_refused(stage: Stage) -> None:
    assert "'exp'" in refused(stage, stage.app_token(issued=-700, expires=-100))


def test_an_app_token_by_client_id_is_accepted(stage: Stage) -> None:
    assert taken(stage, stage.app_token(iss=stage.app.client_id))


def test_a_token_signed_by_another_key_or_algorithm_is_refused(stage: Stage) -> None:
    from tassist.sandbox.app_registry import new_private_key

    now = int(stage.box.clock.now().timestamp())
    claims = {"iat": now - 60, "exp": now + 540, "iss": str(stage.app.id)}

    assert "could not be decoded" in refused(stage, jwt.encode(claims, new_private_key(), algorithm="RS256"))
    assert "could not be decoded" in refused(stage, stage.app_token(algorithm="HS256"))
    assert "could not be decoded" in refused(stage, jwt.encode(claims, "", algorithm="none"))
    assert "could not be decoded" in refused(stage, "a.b.c")


def test_an_app_token_is_no_token_for_a_repository(stage: Stage) -> None:
    assert stage.ask("GET", stage.root, who="app").status_code == 401
    assert stage.ask("GET", "/app", who="bot").status_code == 401


# installation tokens


def test_an_installation_token_lives_an_hour_of_the_boxs_clock(fresh: Stage) -> None:
    minted = fresh.want("POST", f"/app/installations/{fresh.installation}/access_tokens", who="app")
    life = datetime.fromisoformat(minted["expires_at"]) - fresh.box.clock.now()
    with_token: dict[str, Any] = {"headers": {"Authorization": f"token {minted['token']}"}, "who": "anonymous"}

    assert 3590 <= life.total_seconds() <= HOUR
    fresh.box.clock.advance(HOUR - 60)
    assert fresh.ask("GET", "/installation/repositories", **with_token).status_code == 200
    fresh.box.clock.advance(120)
    expired = fresh.ask("GET", "/installation/repositories", **with_token)
    assert (expired.status_code, expired.json()["message"]) == (401, "Bad credentials")


def test_a_token_narrowed_to_reading_cannot_write(stage: Stage) -> None:
    number = stage.issue()

    assert stage.ask("GET", f"{stage.root}/issues/{number}", who="reader").status_code == 200
    for method, path, body in (
        ("POST", f"/issues/{number}/labels", {"labels": ["bug"]}),
        ("PATCH", f"/issues/{number}", {"title": "x"}),
        ("POST", "/issues", {"title": "x"}),
        ("POST", f"/issues/{number}/comments", {"body": "x"}),
        ("POST", "/milestones", {"title": "x"}),
        ("DELETE", "/labels/bug", None),
        ("PATCH", "", {"description": "x"}),
    ):
        answer = stage.ask(method, stage.root + path, json=body, who="reader")
        assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by integration"), path
    assert stage.want("GET", f"{stage.root}/issues/{number}")["labels"] == []


def test_a_token_narrowed_to_a_repository_does_not_reach_another(stage: Stage) -> None:
    token = {"Authorization": f"Bearer {stage.mint(repositories=[REPO])}"}

    def ask(method: str, path: str) -> int:
        return stage.ask(
            method, path, who="anonymous", headers=token, json={"title": "x"} if method == "POST" else None
        ).status_code

    assert ask("POST", f"/repos/{OWNER}/{REPO}/issues") == 201
    assert ask("POST", f"/repos/{OWNER}/{OTHER_REPO}/issues") == 403
    found = stage.ask("GET", "/installation/repositories", who="anonymous", headers=token).json()
    assert [repo["name"] for repo in found["repositories"]] == [REPO]
    assert (found["total_count"], found["repository_selection"]) == (1, "selected")


def test_a_token_cannot_be_wider_than_the_installation(stage: Stage) -> None:
    where = f"/app/installations/{stage.installation}/access_tokens"

    for body in (
        {"permissions": {"secrets": "read"}},
        {"permissions": {"metadata": "write"}},
        {"repositories": ["someone-elses"]},
        {"repository_ids": [1]},
    ):
        assert stage.ask("POST", where, json=body, who="app").status_code == 422, body


def test_at_most_five_hundred_repositories_may_be_listed(stage: Stage) -> None:
    body = {"repository_ids": [stage.want("GET", stage.root)["id"]] * 501}

    assert (
        stage.ask("POST", f"/app/installations/{stage.installation}/access_tokens", json=body, who="app").status_code
        == 422
    )


def test_a_narrowed_token_says_what_it_was_narrowed_to(stage: Stage) -> None:
    minted = stage.want(
        "POST",
        f"/app/installations/{stage.installation}/access_tokens",
        json={"permissions": {"issues": "read"}, "repositories": [REPO]},
        who="app",
    )

    assert minted["permissions"] == {"issues": "read", "metadata": "read"}
    assert minted["repository_selection"] == "selected"
    assert [repo["name"] for repo in minted["repositories"]] == [REPO]


def test_h52_a_suspended_installation_is_refused_until_it_is_let_go(fresh: Stage) -> None:
    token: dict[str, Any] = {"headers": {"Authorization": f"Bearer {fresh.mint()}"}, "who": "anonymous"}
    where = f"/app/installations/{fresh.installation}"

    fresh.want("PUT", f"{where}/suspended", who="app")
    assert fresh.ask("GET", "/installation/repositories", **token).status_code == 403
    assert fresh.ask("POST", f"{where}/access_tokens", who="app").status_code == 403
    assert fresh.want("GET", where, who="app")["suspended_at"] is not None
    fresh.want("DELETE", f"{where}/suspended", who="app")
    assert fresh.ask("GET", "/installation/repositories", **token).status_code == 200


def test_tokens_die_with_their_installation(fresh: Stage) -> None:
    token: dict[str, Any] = {"headers": {"Authorization": f"Bearer {fresh.mint()}"}, "who": "anonymous"}

    fresh.want("DELETE", f"/app/installations/{fresh.installation}", who="app")

    assert fresh.ask("GET", "/installation/repositories", **token).status_code == 401
    assert fresh.ask("GET", f"/repos/{OWNER}/{REPO}/installation", who="app").status_code == 404


def test_a_private_repository_out_of_reach_is_not_found(fresh: Stage) -> None:
    fresh.want("PATCH", f"/repos/{OWNER}/{OTHER_REPO}", json={"private": True}, who="alice")
    token = {"Authorization": f"Bearer {fresh.mint(repositories=[REPO])}"}

    for headers, who in ((token, "anonymous"), (None, "anonymous"), (None, "visitor")):
        assert fresh.ask("GET", f"/repos/{OWNER}/{OTHER_REPO}", who=who, headers=headers).status_code == 404, who


def test_metadata_is_always_granted(stage: Stage) -> None:
    assert stage.ask("GET", stage.root, who="nobody").status_code == 200


# the manifest


def test_h53_a_manifests_code_is_good_once(stage: Stage) -> None:
    code = manifest_code(stage)

    made = stage.want("POST", f"/app-manifests/{code}/conversions", who="anonymous")
    again = stage.ask("POST", f"/app-manifests/{code}/conversions", who="anonymous")

    assert made["pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert made["webhook_secret"]
    assert again.status_code == 404


def test_h53_a_manifests_code_is_good_for_an_hour(fresh: Stage) -> None:
    soon, late = manifest_code(fresh), manifest_code(fresh)

    fresh.box.clock.advance(HOUR - 30)
    assert fresh.ask("POST", f"/app-manifests/{soon}/conversions", who="anonymous").status_code == 201
    fresh.box.clock.advance(60)
    assert fresh.ask("POST", f"/app-manifests/{late}/conversions", who="anonymous").status_code == 404


def test_what_a_manifest_made_can_sign_in(stage: Stage) -> None:
    made = stage.want("POST", f"/app-manifests/{manifest_code(stage)}/conversions", who="anonymous")
    now = int(stage.box.clock.now().timestamp())
    token = jwt.encode({"iat": now - 60, "exp": now + 300, "iss": str(made["id"])}, made["pem"], algorithm="RS256")

    answer = stage.ask("GET", "/app", who="anonymous", headers={"Authorization": f"Bearer {token}"})

    assert answer.json()["slug"] == made["slug"]


# the hook


def test_the_hooks_secret_is_set_and_never_shown(fresh: Stage) -> None:
    shown = fresh.want("PATCH", "/app/hook/config", json={"secret": "another secret"}, who="app")

    assert shown["secret"] == "********"
    assert "another secret" not in fresh.ask("GET", "/app/hook/config", who="app").text
    assert fresh.box.app(fresh.app.id).webhook_secret == "another secret"
