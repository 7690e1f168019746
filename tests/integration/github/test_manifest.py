"""The code of the manifest flow becomes credentials that are on the disk before anything else happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.problems import ProblemError
from tassist import secrets
from tassist.errors import Secret
from tassist.github.app_api import AppApi
from tassist.github.app_auth import AppAuth
from tassist.github.manifest import convert
from tassist.secrets import GitHubApp
from tests.integration.github.conftest import Connect
from tests.support import keys
from tests.support.scripted import Reply, Scripted

CODE = "a180b1a3d263c81bc6441d7b990bae27d4c10679"
MADE = {
    "id": 12,
    "slug": "octoapp",
    "client_id": "Iv1.8a61f9b3a7aba766",
    "name": "Octocat App",
    "owner": {"login": "github"},
    "html_url": "https://ghe.example/apps/octoapp",
    "client_secret": "canary-client-secret",
    "webhook_secret": "canary-webhook-secret",
}


async def test_the_app_is_saved_before_it_is_returned(tmp_path: Path) -> None:
    path = tmp_path / "home" / "github-app.json"
    async with Scripted(Reply(201, {**MADE, "pem": keys.pem()})).running() as server:
        app = await convert(CODE, api_url=server.url, credentials_path=path)

    assert server.lines == [f"POST /api/v3/app-manifests/{CODE}/conversions"]
    assert "authorization" not in server.asked[0].headers
    assert secrets.read(path) == app
    assert (app.app_id, app.slug, app.owner) == (12, "octoapp", "github")
    assert app.api_url == f"{server.url}/api/v3"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


async def test_h53_a_code_that_was_used_is_named_and_not_shown(tmp_path: Path) -> None:
    async with Scripted(Reply(404, {"message": "Not Found"})).running() as server:
        with pytest.raises(ProblemError) as raised:
            await convert(CODE, api_url=server.url, credentials_path=tmp_path / "app.json")

    assert raised.value.problems[0].code == "manifest-code-used"
    assert CODE not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


async def test_h53_a_lost_answer_is_not_asked_for_again_and_says_how_to_go_on(tmp_path: Path) -> None:
    async with Scripted(Reply(201, {**MADE, "pem": keys.pem()}, length=90_000, reset=True)).running() as server:
        with pytest.raises(ProblemError) as raised:
            await convert(CODE, api_url=server.url, credentials_path=tmp_path / "app.json")

    assert len(server.asked) == 1
    assert raised.value.problems[0].code == "manifest-answer-lost"
    assert f"{server.url}/settings/apps" in raised.value.problems[0].fix


async def test_h53_the_code_is_not_used_up_where_the_answer_could_not_be_kept(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("theirs")
    path = tmp_path / "app.json"
    path.symlink_to(target)
    async with Scripted(Reply(201, {**MADE, "pem": keys.pem()})).running() as server:
        with pytest.raises(ProblemError) as raised:
            await convert(CODE, api_url=server.url, credentials_path=path)

    assert raised.value.problems[0].code == "credentials-symlink"
    assert server.asked == []


@pytest.mark.parametrize("pem", [None, "", "-----BEGIN RSA PRIVATE KEY-----\nabc"])
async def test_h53_an_answer_without_a_key_is_kept_and_reported(tmp_path: Path, pem: str | None) -> None:
    path = tmp_path / "app.json"
    async with Scripted(Reply(201, {**MADE, "pem": pem})).running() as server:
        with pytest.raises(ProblemError) as raised:
            await convert(CODE, api_url=server.url, credentials_path=path)

    assert raised.value.problems[0].code == "manifest-answer-incomplete"
    assert secrets.read(path).webhook_secret == Secret("canary-webhook-secret")


@pytest.mark.parametrize("code", ["", "short", "a/../../app", "x" * 300, "code with spaces", "ключключ"])
async def test_what_is_no_code_is_not_sent(tmp_path: Path, code: str) -> None:
    async with Scripted(Reply(500)).running() as server:
        with pytest.raises(ProblemError) as raised:
            await convert(code, api_url=server.url, credentials_path=tmp_path / "app.json")

    assert raised.value.problems[0].code == "manifest-code-wrong"
    assert server.asked == []


def api_of(connect: Connect, server: Scripted) -> AppApi:
    return AppApi(AppAuth(GitHubApp(app_id=7, private_key=Secret(keys.pem())), connect(server.url)))


async def test_the_hook_is_always_set_as_json_with_tls_checked(connect: Connect) -> None:
    async with Scripted(Reply(body={"url": "https://new.example/webhook", "content_type": "json"})).running() as server:
        await api_of(connect, server).set_hook_config(url="https://new.example/webhook", secret=Secret("canary"))

    assert server.lines == ["PATCH /api/v3/app/hook/config"]
    assert server.asked[0].json == {
        "content_type": "json",
        "insecure_ssl": "0",
        "url": "https://new.example/webhook",
        "secret": "canary",
    }


async def test_a_hook_address_that_was_not_taken_is_noticed(connect: Connect) -> None:
    async with Scripted(Reply(body={"url": "https://old.example/webhook"})).running() as server:
        with pytest.raises(ProblemError, match="not taken"):
            await api_of(connect, server).set_hook_config(url="https://new.example/webhook")


async def test_an_app_without_a_hook_has_none(connect: Connect) -> None:
    async with Scripted(Reply(404, {"message": "Not Found"})).running() as server:
        assert await api_of(connect, server).hook_config() is None


async def test_h25_the_delivery_log_is_read_past_a_hundred(connect: Connect) -> None:
    def page(asked: object) -> Reply:
        target = getattr(asked, "target", "")
        number = 2 if "cursor=" in target else 1
        link = {"link": f'<{server.url}/api/v3/app/hook/deliveries?per_page=100&cursor=v1_9>; rel="next"'}
        return Reply(body=[{"id": number, "guid": str(number)}], headers=link if number == 1 else {})

    async with Scripted(by=page).running() as server:
        found = [item.guid async for items in api_of(connect, server).deliveries() for item in items]

    assert found == ["1", "2"]
