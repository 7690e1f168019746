"""An ngrok agent that is running on this machine, asked over its own local address.

Source: https://ngrok.com/docs/agent/api
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from engine.problems import Problem, ProblemError
from tassist.text import safe_text

API = "http://127.0.0.1:4040"
NAME = "tassist"
TIMEOUT_S = 2.0


class _Config(msgspec.Struct):
    addr: str | None = None
    inspect: bool | None = None


class _Tunnel(msgspec.Struct):
    name: str | None = None
    public_url: str | None = None
    config: _Config | None = None


class _Tunnels(msgspec.Struct):
    tunnels: list[_Tunnel] | None = None


@dataclass(frozen=True, slots=True)
class AgentTunnel:
    """A tunnel of the agent."""

    name: str
    url: str
    """Public, https."""
    port: int
    """Of this machine, where it leads; 0 where it leads elsewhere."""
    keeps: bool
    """The agent keeps what passes, and shows it at `API` to everybody on this machine."""
    ours: bool = False
    """Opened by tassist, now or by a start that was killed; what a person opened is never closed."""


async def tunnels(api: str = API, *, timeout_s: float = TIMEOUT_S) -> tuple[AgentTunnel, ...]:
    """The agent's public https tunnels.

    Raises:
        ProblemError: no agent is running, or what answers there is none.
    """
    document = await _ask("GET", api, timeout_s=timeout_s)
    try:
        found = msgspec.convert(document, _Tunnels).tunnels or []
    except msgspec.ValidationError:
        raise ProblemError(_no_agent("what answers there is no ngrok agent")) from None
    return tuple(_tunnel(item) for item in found if (item.public_url or "").startswith("https://"))


async def open_through(port: int, api: str = API, *, timeout_s: float = 10.0) -> AgentTunnel:
    """Have the agent open a tunnel to a port of this machine, or find the one that leads there.

    Raises:
        ProblemError: no agent is running, or it opens none; its reason is named.
    """
    name = f"{NAME}-{port}"
    for item in await tunnels(api):
        if item.port == port:
            return replace(item, ours=item.name == name)
    wanted = {"name": name, "proto": "http", "addr": f"127.0.0.1:{port}", "inspect": False}
    document = await _ask("POST", api, wanted, timeout_s=timeout_s)
    try:
        made = _tunnel(msgspec.convert(document, _Tunnel))
    except msgspec.ValidationError:
        raise ProblemError(_no_agent("its answer could not be read")) from None
    if not made.url.startswith("https://"):
        raise ProblemError(_no_agent("the tunnel it opened has no https address"))
    return replace(made, ours=True)


async def close(name: str, api: str = API) -> None:
    """Have the agent close a tunnel; one that is gone is no error.

    Raises:
        ProblemError: no agent is running.
    """
    async with _client(TIMEOUT_S) as client:
        try:
            await client.delete(f"{api}/api/tunnels/{name}")
        except httpx.HTTPError:
            raise ProblemError(_no_agent("it does not answer")) from None


def _client(timeout_s: float) -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=timeout_s)


async def _ask(method: str, api: str, body: Any = None, *, timeout_s: float) -> Any:
    async with _client(timeout_s) as client:
        try:
            answer = await client.request(method, f"{api}/api/tunnels", json=body)
        except (httpx.HTTPError, httpx.InvalidURL):
            raise ProblemError(_no_agent("nothing answers there")) from None
    try:
        document = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ProblemError(_no_agent("what answers there is no ngrok agent")) from None
    if answer.is_error:
        details = document.get("details") if isinstance(document, dict) else None
        said = details.get("err") if isinstance(details, dict) else None
        raise ProblemError(
            Problem(
                "ngrok-agent-refuses",
                "the ngrok agent opens no tunnel",
                safe_text(said or f"HTTP {answer.status_code}", max_chars=300),
                "close a tunnel you do not need, or start the agent with: ngrok http 8080",
                family="world",
            )
        )
    return document


def _tunnel(item: _Tunnel) -> AgentTunnel:
    addr = (item.config.addr if item.config is not None else "") or ""
    parts = urlsplit(addr if "://" in addr else f"http://{addr}")
    try:
        port = parts.port or 0
    except ValueError:
        port = 0
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"} or addr.isdigit()
    keeps = item.config is None or item.config.inspect is not False
    return AgentTunnel(
        item.name or "",
        (item.public_url or "").rstrip("/"),
        int(addr) if addr.isdigit() else port if local else 0,
        keeps,
    )


def _no_agent(why: str) -> Problem:
    return Problem(
        "ngrok-agent-missing",
        "no ngrok agent is running on this machine",
        f"{API}: {why}",
        "start one: ngrok http 8080; or have tassist open a tunnel: serve --tunnel ngrok, setup --webhook ngrok",
        family="world",
    )
