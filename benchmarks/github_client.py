"""What the GitHub client costs beside the network: looks per second, and the price of signing, parsing and opening.

A server of the standard library's asyncio on this machine answers every read at once, with 304 where it may; so the figure
is the client's own. One line a case.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx

from benchmarks.harness import Result, ratio, record, spread
from engine.model import IssueRef
from tassist.errors import Secret
from tassist.github.app_auth import AppAuth
from tassist.github.client import GitHubClient
from tassist.github.connection import Connection
from tassist.github.limits import Limits
from tassist.secrets import GitHubApp
from tassist.secrets.private_key import parse_private_keys
from tests.support.keys import pem
from tests.support.scripted import Asked, Reply, Scripted

ISSUE = {
    "number": 1,
    "title": "an issue",
    "body": "words " * 200,
    "state": "open",
    "labels": [{"id": n, "name": f"label-{n}", "color": "ffffff"} for n in range(10)],
    "user": {"login": "ann", "id": 3, "type": "User"},
    "repository_url": "https://api.github.com/repos/o/r",
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
}
TOKEN = {"token": "ghs_x", "expires_at": "2099-01-01T00:00:00Z"}


def answer(asked: Asked) -> Reply:
    """A token, a repository, or an issue that is always new."""
    if asked.target.endswith("access_tokens"):
        return Reply(201, TOKEN)
    if "/issues/" in asked.target:
        return Reply(body=ISSUE)
    return Reply(body={"id": 1, "full_name": "o/r"})


def took_ms(work: Callable[[], Any], times: int) -> float:
    """The mean of so many, in milliseconds."""
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times * 1000


async def looks(app: GitHubApp, url: str, *, at_once: int, count: int = 1500) -> float:
    """Looks a second with so many under way."""
    limits = Limits(0.0, 10**9, 1e9, 1e9)
    async with Connection(GitHubApp(app_id=1, private_key=app.private_key, api_url=url), limits=limits) as connection:
        connection.access.remember(7, 5)
        ref = IssueRef("o/r", 1, 7)
        await connection.reader.look(ref)
        left = iter(range(count))

        async def one_after_the_other() -> None:
            for _ in left:
                await connection.reader.look(ref)

        started = time.perf_counter()
        await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
        return count / (time.perf_counter() - started)


async def bare(url: str, *, at_once: int, count: int = 1500) -> float:
    """The same read a second, by the HTTP library alone."""
    async with httpx.AsyncClient(base_url=url) as client:
        left = iter(range(count))

        async def one_after_the_other() -> None:
            for _ in left:
                (await client.get("/repos/o/r/issues/1")).json()

        started = time.perf_counter()
        await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
        return count / (time.perf_counter() - started)


async def main() -> None:
    """Measure and record."""
    result = Result(
        "github_client",
        "The GitHub client",
        note="Every answer comes at once from this machine, 304 where it may: the figures are the client's own. The peer is httpx, which reads"
        " the same issue and does nothing with it.",
    )
    key = pem()
    app = GitHubApp(app_id=1, private_key=Secret(key), api_url="http://127.0.0.1:9")
    result.add("parse a private key, ms", f"{took_ms(lambda: parse_private_keys(key), 5):.1f}")
    client = GitHubClient(app.api_url)
    result.add("open a client, ms", f"{took_ms(lambda: GitHubClient(app.api_url), 3):.1f}")
    auth = AppAuth(app, client)

    def sign() -> None:
        auth.observe({"date": "Thu, 01 Jan 2026 00:00:00 GMT"})  # another clock: what was signed is worthless
        auth.skew = timedelta(0)
        auth.sign()

    result.add("sign a JWT, ms", f"{took_ms(sign, 50):.2f}")
    result.add("a JWT that was signed before, µs", f"{took_ms(auth.sign, 5000) * 1000:.1f}")
    await client.close()
    async with Scripted(by=answer).running() as server:
        for at_once in (1, 10, 50):
            ours, theirs = [], []
            for _ in range(3):
                ours.append(await looks(app, server.url, at_once=at_once))
                theirs.append(await bare(server.url, at_once=at_once))
            result.add(f"looks/s, {at_once} at once", spread(ours))
            result.add(f"looks/s, {at_once} at once ÷ httpx alone", ratio(ours, theirs))
    record(result)


if __name__ == "__main__":
    asyncio.run(main())
