"""Tunnels: what is public, what is followed, what is said where none opens."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.problems import ProblemError
from tassist.config import settings
from tassist.errors import Secret
from tassist.services.switching import Tunnelled, agent_address, restore_at_start
from tassist.services.switching import status as status_of
from tassist.services.switching.tunnelled import Agent
from tassist.tunnel import agent
from tassist.tunnel.gate import Gate
from tassist.tunnel.sdk import NgrokTunnel
from tests.integration.switching.conftest import World, ngrok_agent, receiver
from tests.integration.switching.test_switch import PRODUCTION, until


async def asked(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answer


POST = b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


async def test_h80_only_the_hook_gets_through_the_gate() -> None:
    with receiver() as server:
        gate = Gate(int(server.url.split(":")[2].partition("/")[0]))
        port = await gate.start()
        passed = await asked(port, POST)
        refused = [
            await asked(port, request)
            for request in (
                b"GET /webhook HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
                b"POST /webhook/../metrics HTTP/1.1\r\nHost: x\r\n\r\n",
                b"POST /webhook?x HTTP/1.1\r\nHost: x\r\n\r\n",
                b"POST //webhook HTTP/1.1\r\nHost: x\r\n\r\n",
                b"POST http://127.0.0.1/metrics HTTP/1.1\r\nHost: x\r\n\r\n",
                b"POST /webhook  HTTP/1.1\r\nHost: x\r\n\r\n",
                b"nonsense\r\n\r\n",
            )
        ]
        large = b"x" * 3_000_000
        head = b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(large)
        whole = await asked(port, head + large)
        await gate.stop()

    assert passed.startswith((b"HTTP/1.0 202", b"HTTP/1.1 202"))
    assert all(answer.startswith(b"HTTP/1.1 404") for answer in refused)
    assert gate.refused == len(refused)
    assert b" 202 " in whole
    assert server.paths == ["/webhook", "/webhook"]
    assert server.bodies[1] == len(large)


async def test_h80_a_second_request_on_the_connection_goes_nowhere() -> None:
    with receiver() as server:
        gate = Gate(int(server.url.split(":")[2].partition("/")[0]))
        port = await gate.start()
        answer = await asked(port, POST + b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        await gate.stop()

    assert answer.count(b"HTTP/1.") == 1
    assert server.paths == ["/webhook"]


async def test_a_server_that_is_not_there_is_a_bad_gateway() -> None:
    gate = Gate(9)
    port = await gate.start()
    answer = await asked(port, POST)
    await gate.stop()

    assert answer.startswith(b"HTTP/1.1 502")


async def test_an_agent_lists_opens_and_closes() -> None:
    tunnels: list[dict[str, Any]] = [
        {
            "name": "a",
            "public_url": "https://a.ngrok.app",
            "proto": "https",
            "config": {"addr": "http://localhost:8080"},
        },
        {"name": "b", "public_url": "tcp://b.ngrok.app:1", "proto": "tcp", "config": {"addr": "localhost:22"}},
        {"name": "c", "public_url": "https://c.ngrok.app", "proto": "https", "config": {"addr": "8081"}},
        {"name": "d", "public_url": "https://d.ngrok.app", "proto": "https", "config": {"addr": "https://other:8080"}},
    ]
    with ngrok_agent(tunnels) as api:
        found = await agent.tunnels(api)
        made = await agent.open_through(9000, api)
        same = await agent.open_through(9000, api)
        await agent.close(made.name, api)
        await agent.close("not-there", api)

    assert [(item.name, item.port, item.keeps) for item in found] == [
        ("a", 8080, True),
        ("c", 8081, True),
        ("d", 0, True),
    ]
    assert (made.url, made.keeps) == ("https://4-opened.ngrok-free.app", False)
    assert same == made
    assert len(tunnels) == 4


async def test_only_a_tunnel_of_ours_is_closed_when_its_use_is_over() -> None:
    def led(name: str) -> dict[str, Any]:
        return {"name": name, "public_url": f"https://{name}.example", "config": {"addr": "http://localhost:9000"}}

    for before, after in (
        ([led("by-a-person")], ["by-a-person"]),
        ([led("tassist-9000")], []),  # of a start that was killed
        ([], []),
    ):
        with ngrok_agent(before) as api:
            way = Agent(api)
            await way.open(9000)
            assert len(before) == 1
            await way.close()
        assert [each["name"] for each in before] == after


async def test_what_an_agent_refuses_is_said_in_its_words() -> None:
    only = [{"name": "only-one", "public_url": "https://x.ngrok.app", "config": {"addr": "1"}}]
    with ngrok_agent(only) as api, pytest.raises(ProblemError) as caught:
        await agent.open_through(9000, api)
    with pytest.raises(ProblemError) as missing:
        await agent.tunnels(api)

    assert "ERR_NGROK_334" in caught.value.problems[0].why
    assert missing.value.problems[0].code == "ngrok-agent-missing"


async def test_the_agents_tunnel_to_our_port_is_found(tmp_path: Path) -> None:
    tunnels = [{"name": "a", "public_url": "https://a.ngrok.app", "config": {"addr": "http://localhost:8080"}}]
    with ngrok_agent(tunnels) as api:
        env = {"HOME": str(tmp_path), "TASSIST_NGROK_AGENT": api}
        found = await agent_address(settings.load(env=env, dotenv=None))
        with pytest.raises(ProblemError) as caught:
            await agent_address(settings.load({"port": "9"}, env=env, dotenv=None))

    assert found == "https://a.ngrok.app"
    assert "https://a.ngrok.app to port 8080" in caught.value.problems[0].why


def package(monkeypatch: pytest.MonkeyPatch, forward: Callable[..., Any]) -> None:
    """Ngrok's package with the surface we use; the real one needs the Internet."""
    module = types.ModuleType("ngrok")
    module.forward = forward  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ngrok", module)


class Listener:
    """What the package gives back."""

    closed = False

    def url(self) -> str:
        return "https://x.ngrok-free.app/"

    async def close(self) -> None:
        self.closed = True


async def test_a_tunnel_is_opened_with_the_package_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Listener()
    given: dict[str, Any] = {}

    async def forward(addr: str, **options: Any) -> Listener:
        given.update(options, addr=addr)
        return made

    package(monkeypatch, forward)
    tunnel = NgrokTunnel(Secret("canary-token"), domain="x.ngrok-free.app")

    assert await tunnel.open(8123) == "https://x.ngrok-free.app"
    await tunnel.close()

    assert made.closed
    assert given["addr"] == "127.0.0.1:8123"
    assert given["domain"] == "x.ngrok-free.app"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            ValueError("failed", "authentication failed: canary-token is not valid", "ERR_NGROK_105"),
            "ngrok-token-refused",
        ),
        (ValueError("limited", "ERR_NGROK_727 over quota"), "ngrok-refuses"),
        (RuntimeError("dns error canary-token"), "ngrok-unreachable"),
    ],
)
async def test_h79_what_the_package_reports_is_told_without_the_token(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    async def forward(*_: Any, **__: Any) -> None:
        raise error

    package(monkeypatch, forward)

    with pytest.raises(ProblemError) as caught:
        await NgrokTunnel(Secret("canary-token")).open(1)
    assert caught.value.problems[0].code == code
    assert "canary" not in str(caught.value)


async def test_a_missing_package_or_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ngrok", None)
    with pytest.raises(ProblemError) as no_package:
        await NgrokTunnel(Secret("x")).open(1)
    package(monkeypatch, lambda: None)
    with pytest.raises(ProblemError) as no_token:
        await NgrokTunnel(Secret("")).open(1)

    assert no_package.value.problems[0].code == "ngrok-not-installed"
    assert no_token.value.problems[0].code == "ngrok-token-missing"


async def test_h79_a_changing_address_is_followed_and_production_is_restored(world: World) -> None:
    tunnels: list[dict[str, Any]] = []
    said: list[str] = []
    with ngrok_agent(tunnels) as api:
        env = {"HOME": str(world.home), "TASSIST_NGROK_AGENT": api, "TASSIST_API_LIMITS": "off"}
        loaded = settings.load({"home": str(world.home)}, env=env, dotenv=None)
        tunnelled = Tunnelled(loaded, "agent", said.append, follow_s=0.05)
        tunnelled.start("http://127.0.0.1:8080")
        assert await asyncio.to_thread(tunnelled.ready, 30)
        first = world.hook
        held = (await status_of(world.api, world.home)).held
        tunnels[0]["public_url"] = "https://changed.ngrok-free.app"
        await until(lambda: world.hook == "https://changed.ngrok-free.app/webhook", "following")
        await asyncio.to_thread(tunnelled.stop)

    assert first == "https://0-opened.ngrok-free.app/webhook"
    assert held
    assert tunnels == []
    assert world.hook == PRODUCTION
    assert any("changed.ngrok-free.app" in text for text in said)


async def test_a_service_that_was_killed_leaves_what_the_next_start_restores(world: World) -> None:
    process = world.start(
        "serve", "--headless", "--port", "0", "--tunnel", "https://dev.example.com", TASSIST_SWEEP_AT="off"
    )
    await until(lambda: world.hook == "https://dev.example.com/webhook", "the webhook led here")
    process.kill()
    await asyncio.to_thread(process.communicate)
    said: list[str] = []
    loaded = settings.load({"home": str(world.home)}, env={"HOME": str(world.home)}, dotenv=None)

    await asyncio.to_thread(restore_at_start, loaded, said.append)

    assert world.hook == PRODUCTION
    assert said == [f"the webhook leads to {PRODUCTION} again, as before"]


async def test_a_service_that_is_ended_restores_production_itself(world: World) -> None:
    process = world.start(
        "serve", "--headless", "--port", "0", "--tunnel", "https://dev.example.com", TASSIST_SWEEP_AT="off"
    )
    await until(lambda: world.hook == "https://dev.example.com/webhook", "the webhook led here")
    process.terminate()
    _, err = await asyncio.to_thread(process.communicate)

    assert world.hook == PRODUCTION, err
    assert "Traceback" not in err
