"""The code of the manifest flow becomes credentials that are on the disk before anything else happens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from engine.problems import ProblemError
from tassist import secrets
from tassist.errors import Secret
from tassist.github.app_api import AppApi, missing_permissions
from tassist.github.app_auth import RUN_PERMISSIONS, AppAuth
from tassist.github.connection import Connection
from tassist.github.manifest import convert
from tassist.sandbox import manifests, repositories
from tassist.secrets import GitHubApp
from tests.integration.github.conftest import Connect, Octo
from tests.support import keys
from tests.support.scripted import Reply, Scripted

MANIFEST = {
    "name": "Made from a manifest",
    "url": "https://example.com",
    "hook_attributes": {"url": "https://example.com/webhook"},
    "redirect_url": "http://127.0.0.1:9/back",
    "default_permissions": {"issues": "write"},
    "default_events": ["issues"],
}
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


async def test_the_apps_own_calls_against_a_whole_github(octo: Octo) -> None:
    api = octo.connection.api

    app = await api.app()
    (installation,) = await api.installations()
    covered = [repo.full_name async for page in api.repositories(octo.installation_id) for repo in page]
    await api.set_hook_config(url="http://127.0.0.1:9/other", secret=Secret("a-new-webhook-secret"))
    hook = await api.hook_config()

    assert (app.id, app.slug, installation.id) == (octo.app.app_id, octo.app.slug, octo.installation_id)
    assert missing_permissions(installation.permissions, RUN_PERMISSIONS) == []
    assert [p.code for p in missing_permissions(installation.permissions, {"actions": "read"})] == [
        "permission-missing"
    ]
    assert covered == ["octo/app"]
    assert hook is not None
    assert (hook.url, hook.content_type) == ("http://127.0.0.1:9/other", "json")
    assert hook.secret is not None
    assert set(hook.secret) == {"*"}
    assert octo.box.app(octo.app.app_id).webhook_secret == "a-new-webhook-secret"


async def test_the_apps_key_refused_names_its_fingerprint(octo: Octo) -> None:
    wrong = replace(octo.app, private_key=Secret(keys.pem(1)))
    async with Connection(wrong) as connection:
        with pytest.raises(ProblemError) as raised:
            await connection.api.app()

    assert raised.value.problems[0].code == "app-refused"
    assert connection.auth.fingerprint in raised.value.problems[0].why


async def test_h47_the_boxs_clock_hours_away_is_no_trouble(octo: Octo) -> None:
    octo.box.clock.advance(-7 * 3600)

    assert (await octo.connection.api.app()).id == octo.app.app_id
    octo.box.clock.advance(48 * 3600)
    assert (await octo.connection.api.app()).id == octo.app.app_id


async def test_h53_a_manifest_of_a_whole_github_is_converted_once(octo: Octo, tmp_path: Path) -> None:
    with octo.box.lock:
        sent_to = manifests.accept(octo.box, MANIFEST, octo.box.user("ann"), state="s")
    code = parse_qs(urlsplit(sent_to).query)["code"][0]
    path = tmp_path / "made.json"

    app = await convert(code, api_url=octo.running.api_url, credentials_path=path)
    async with Connection(secrets.read(path)) as connection:
        assert (await connection.api.app()).slug == app.slug
    with pytest.raises(ProblemError) as raised:
        await convert(code, api_url=octo.running.api_url, credentials_path=tmp_path / "again.json")

    assert raised.value.problems[0].code == "manifest-code-used"


async def test_h45_a_thousand_and_one_repositories_are_listed(octo: Octo) -> None:
    with octo.box.lock:
        for n in range(1000):
            repositories.create_repository(octo.box, octo.by, octo.box.user("octo"), f"r{n}", labels=False)

    pages = [page async for page in octo.connection.api.repositories(octo.installation_id)]

    assert [len(page) for page in pages] == [100] * 10 + [1]
    assert len({repo.id for page in pages for repo in page}) == 1001
