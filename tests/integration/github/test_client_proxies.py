"""The client behind a proxy of the environment."""

from __future__ import annotations

import pytest

from engine.problems import ProblemError
from tassist.github.client import GitHubClient
from tassist.github.wire import RepoWire
from tests.integration.github.asking import WHO, api
from tests.integration.github.conftest import Connect
from tests.support.scripted import Reply, Scripted


async def test_h82_a_proxy_of_the_environment_is_used_and_its_password_is_not_shown(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Scripted(Reply(body={"id": 5}), Reply(407, body=b"")).running() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("http://", "http://user:canary%40pass@"))
        client = connect("http://localhost:9/api/v3")
        assert (await client.get("/x", RepoWire, WHO)).value.id == 5
        with pytest.raises(ProblemError) as raised:
            await client.get("/y", RepoWire, WHO)

    assert proxy.asked[0].target == "http://localhost:9/api/v3/x"
    assert "proxy-authorization" in proxy.asked[0].headers
    assert "canary" not in str(raised.value) + repr(raised.value)


async def test_h82_no_proxy_is_honoured(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Scripted(Reply(body={"id": 6})).running() as server:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert (await connect(api(server)).get("/x", RepoWire, WHO)).value.id == 6


@pytest.mark.parametrize(
    "proxy", ["socks5://user:canary@h:1", "ftp://user:canary@h", "http://user:canary@h:port", "::"]
)
async def test_h82_a_proxy_that_cannot_be_used_is_named_without_its_password(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(ProblemError) as raised:
        GitHubClient("https://api.github.com")

    assert raised.value.problems[0].code == "proxy-or-certificates-wrong"
    assert "canary" not in str(raised.value)
