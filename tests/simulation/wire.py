"""The wire between the client and GitHub: it takes time, and everything that can happen to a request happens on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from typing_extensions import override

from engine.problems import Problem
from tassist.github.transport import Broken, Raw, Timeouts, Transport
from tests.simulation.api import Answer, refusal
from tests.simulation.state import SimIssue, SimRepo

if TYPE_CHECKING:
    from tests.simulation.life import Life


class SimTransport(Transport):
    """`Transport`, its connections replaced: deadlines and redirects are its own."""

    def __init__(self, life: Life, timeouts: Timeouts | None) -> None:
        self.timeouts = timeouts or Timeouts()
        self._room = asyncio.Semaphore(20)
        self._life = life

    @override
    async def close(self) -> None:
        """Nothing is open."""

    @override
    async def _once(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> Raw:
        life = self._life
        world, faults, dice = life.world, life.world.faults, life.dice
        life.must_live()
        life.watch.sent(life, method, url, headers)
        await asyncio.sleep(dice.uniform(0.01, 0.15))
        life.must_live()
        life.die_at("before-request", 0.0004)
        repo, issue = world.of(url)
        before = self._before(method, url, repo)
        if before is not None:
            status, found, body = before
        else:
            if faults.may("stall", 0.001):
                faults.note("stall")
                await asyncio.sleep(3600)
            if issue is not None and repo is not None and method == "GET" and url.endswith(f"/{issue.number}"):
                world.meddle(repo, issue)
                if faults.strikes("lag-404", 0.003):
                    status, found, body = refusal(404, "Not Found")
                    return Raw(status, found, body, url)
            lag_s = dice.uniform(0.5, 20.0) if faults.may("lag", 0.05) else 0.0
            status, found, body = world.api.handle(method, url, headers, content, lag_s)
            life.traced(f"{method} {url.removeprefix('https://api.github.com')} {status}")
            if life.dies("after-request", 0.0008 if method == "GET" else 0.003):
                life.must_live()
            if status < 300 and faults.strikes("answer-lost", 0.002 if method == "GET" else 0.015):
                raise Broken(_lost(), sent=True)
            if status < 300 and faults.strikes("error-after", 0.001 if method == "GET" else 0.01):
                status, found, body = refusal(502, "Bad gateway")
            elif 200 <= status < 300 and faults.strikes("garbled", 0.002):
                body = body[: len(body) // 2]
        await asyncio.sleep(dice.uniform(0.01, 0.15))
        life.must_live()
        life.watch.answered(life, method, url, headers, status, found)
        return Raw(status, {"date": world.http_date(), **found}, body, url)

    def _before(self, method: str, url: str, repo: SimRepo | None) -> Answer | None:
        """What happens to the request instead of its being done."""
        world, faults, dice = self._life.world, self._life.world.faults, self._life.dice
        write = method != "GET"
        if "moved=" not in url and faults.strikes("redirect", 0.004):
            target = f"{url}{'&' if '?' in url else '?'}moved=1"
            world.watch.redirected(method, target)
            return refusal(dice.choice((301, 302, 307, 308)), "Moved", location=target)
        if "/app" in url.removeprefix("https://api.github.com")[:5]:
            return refusal(503, "Unavailable") if faults.strikes("server-error", 0.004) else None
        if world.now_s < world.down_until_s:
            return refusal(503, "Unavailable")
        if faults.strikes("unreachable", 0.003):
            raise Broken(_lost(), sent=False)
        if world.outage() or faults.strikes("server-error", 0.006):
            return refusal(dice.choice((500, 502, 503)), "Server Error")
        if faults.strikes("conflict", 0.002):
            return refusal(409, "Conflict")
        if faults.strikes("429", 0.002):
            return refusal(429, "Too many requests", **{"retry-after": str(dice.randint(1, 90))})
        if faults.strikes("403-secondary", 0.002):
            wait = {"retry-after": str(dice.randint(1, 90))} if dice.random() < 0.5 else {}
            return refusal(403, "You have exceeded a secondary rate limit.", **wait)
        if faults.strikes("403-primary", 0.001):
            reset = str(int(world.epoch_s()) + dice.randint(5, 600))
            headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
            return refusal(403, "API rate limit exceeded for installation.", **headers)
        if write and repo is not None and faults.strikes("403-permission", 0.002):
            world.watch.refused(repo)
            return refusal(403, "Resource not accessible by integration")
        if repo is not None and faults.may("token-revoked", 0.001):
            installation = world.installations[repo.installation_id]
            if installation.tokens:
                faults.note("token-revoked")
                installation.tokens.clear()
        return None


def found_in(world_repos: Mapping[int, SimRepo], url: str) -> tuple[SimRepo | None, SimIssue | None]:
    """The repository and the issue an address is about."""
    parts = url.partition("/repositories/")[2].partition("?")[0].split("/")
    repo = world_repos.get(int(parts[0])) if parts[0].isdigit() else None
    if repo is None or len(parts) < 3 or parts[1] != "issues" or not parts[2].isdigit():
        return repo, None
    return repo, repo.issues.get(int(parts[2]))


def _lost() -> Problem:
    return Problem("github-unreachable", "the simulated network broke", family="world")
