"""The App's credentials on real sockets: clocks that are wrong, tokens that run out, keys that were deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from engine.problems import ProblemError
from tassist.errors import Secret
from tassist.github.app_auth import DRY_PERMISSIONS, AppAuth
from tassist.github.faults import Kind, Refused
from tassist.github.wire import AppWire, RepoWire
from tassist.secrets import GitHubApp
from tests.integration.github.conftest import Connect
from tests.support import keys
from tests.support.scripted import Asked, Reply, Scripted

GITHUBS_NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)


class Gate:
    """A GitHub that knows one App, checks its JWT as GitHub does, and mints tokens."""

    def __init__(self, *, key: int = 0) -> None:
        self.now = GITHUBS_NOW
        self.key = key
        self.minted: list[dict[str, Any]] = []
        self.good: dict[str, datetime] = {}
        self.refused = 0
        self.lag = 0
        self.claims: dict[str, Any] = {}
        self.refuse_tokens = False

    def __call__(self, asked: Asked) -> Reply:
        scheme, _, value = asked.headers.get("authorization", "").partition(" ")
        assert scheme == "Bearer"
        path = asked.target.removeprefix("/api/v3")
        if path.startswith("/app"):
            problem = self._jwt(value)
            if problem:
                return Reply(401, {"message": problem}, date=self.now)
            if path == "/app":
                return Reply(body={"id": 7}, date=self.now)
            self.minted.append(asked.json)
            token = f"ghs_minted{len(self.minted)}"
            self.good[token] = self.now + timedelta(hours=1)
            expires = self.good[token].strftime("%Y-%m-%dT%H:%M:%SZ")
            return Reply(201, {"token": token, "expires_at": expires}, date=self.now)
        if self.lag:
            self.lag -= 1
            return Reply(401, {"message": "Bad credentials"}, date=self.now)
        if self.refuse_tokens or self.now >= self.good.get(value, self.now):
            self.refused += 1
            return Reply(401, {"message": "Bad credentials"}, date=self.now)
        return Reply(body={"id": 1, "full_name": value}, date=self.now)

    def _jwt(self, token: str) -> str:
        try:
            self.claims = jwt.decode(
                token,
                keys.rsa_key(self.key).public_key(),
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return "A JSON web token could not be decoded"
        at = self.now.timestamp()
        if self.claims["iss"] != "7":
            return "'Issuer' claim ('iss') must be an Integer"
        if self.claims["iat"] > at:
            return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        if self.claims["exp"] < at:
            return "'Expiration time' claim ('exp') is too far in the past"
        if self.claims["exp"] > at + 600:
            return "'Expiration time' claim ('exp') is too far in the future"
        return ""


class OurClock:
    """This machine's clock, which may be wrong."""

    def __init__(self, wrong_by: timedelta = timedelta(0)) -> None:
        self.at = GITHUBS_NOW + wrong_by

    def now(self) -> datetime:
        return self.at


Build = Callable[..., AppAuth]


@pytest.fixture
def build(connect: Connect) -> Build:
    """The App's credential for a server, with this machine's clock and its monotonic one in the test's hands."""

    def make(server: Scripted, clock: OurClock | None = None, pem: str | None = None, **changes: object) -> AppAuth:
        app = GitHubApp(app_id=7, private_key=Secret(pem or keys.pem()), client_id="Iv23client")
        return AppAuth(app, connect(server.url, clock=clock or OurClock(), **changes))

    return make


async def test_the_jwt_is_issued_a_minute_ago_and_lasts_nine(build: Build) -> None:
    gate = Gate()
    async with Scripted(by=gate).running() as server:
        auth = build(server)
        assert (await auth.client.get("/app", AppWire, auth)).value.id == 7

    at = int(GITHUBS_NOW.timestamp())
    assert (gate.claims["iat"], gate.claims["exp"]) == (at - 60, at + 540)
    assert jwt.get_unverified_header(auth.sign().reveal())["alg"] == "RS256"


@pytest.mark.parametrize(
    "wrong_by",
    [timedelta(seconds=s) for s in (30, -30, 300, -300, 7200, -7200, 86400 * 400)],
    ids=str,
)
async def test_h47_a_clock_that_is_wrong_is_corrected_by_githubs(build: Build, wrong_by: timedelta) -> None:
    gate = Gate()
    async with Scripted(by=gate).running() as server:
        auth = build(server, OurClock(wrong_by))
        repo = await auth.client.get("/repos/o/r", RepoWire, auth.installation(1))

    assert repo.value.id == 1
    assert len(gate.minted) == 1
    assert len(server.asked) <= 3, "at most one refusal"
    assert abs(auth.now() - GITHUBS_NOW) <= timedelta(seconds=30)


async def test_a_token_is_narrowed_to_what_the_run_needs(build: Build) -> None:
    gate = Gate()
    async with Scripted(by=gate).running() as server:
        auth = build(server)
        await auth.client.get("/x", RepoWire, auth.installation(1, repository_ids=(9, 8, 9)))
        await auth.client.get("/x", RepoWire, auth.installation(1, repository_ids=(8, 9), permissions=DRY_PERMISSIONS))
        await auth.client.get("/x", RepoWire, auth.installation(1, repository_ids=(9, 8)))

    assert gate.minted == [
        {"repository_ids": [8, 9], "permissions": {"contents": "read", "issues": "write", "metadata": "read"}},
        {"repository_ids": [8, 9], "permissions": {"contents": "read", "issues": "read", "metadata": "read"}},
    ]


async def test_h49_a_hundred_who_wait_for_one_token_mint_it_once(build: Build) -> None:
    gate = Gate()
    async with Scripted(by=gate).running() as server:
        auth = build(server)
        answers = await asyncio.gather(*(auth.client.get(f"/x{n}", RepoWire, auth.installation(1)) for n in range(100)))

    assert len(gate.minted) == 1
    assert {answer.value.full_name for answer in answers} == {"ghs_minted1"}


async def test_h49_one_who_gives_up_does_not_take_the_token_from_the_others(build: Build) -> None:
    gate = Gate()
    arrived, go = asyncio.Event(), asyncio.Event()

    async def held(asked: Asked) -> Reply:
        if "access_tokens" in asked.target:
            arrived.set()
            await go.wait()
        return gate(asked)

    async with Scripted(by=held).running() as server:
        auth = build(server)
        first = asyncio.create_task(auth.client.get("/x", RepoWire, auth.installation(1)))
        second = asyncio.create_task(auth.client.get("/y", RepoWire, auth.installation(1)))
        await arrived.wait()
        first.cancel()
        go.set()
        assert (await second).value.id == 1

    assert len(gate.minted) == 1


async def test_h49_a_token_is_renewed_before_it_runs_out(build: Build) -> None:
    gate = Gate()
    clock = OurClock()
    async with Scripted(by=gate).running() as server:
        auth = build(server, clock)
        for minutes in range(0, 180, 10):
            clock.at = gate.now = GITHUBS_NOW + timedelta(minutes=minutes)
            assert (await auth.client.get("/x", RepoWire, auth.installation(1))).value.id == 1

    assert (len(gate.minted), gate.refused) == (3, 0)


async def test_h48_a_new_token_the_replicas_do_not_know_yet_is_tried_again(build: Build) -> None:
    gate = Gate()
    gate.lag = 3
    async with Scripted(by=gate).running() as server:
        auth = build(server)
        assert (await auth.client.get("/x", RepoWire, auth.installation(1))).value.id == 1

    assert len(gate.minted) == 1


async def test_h48_an_old_token_that_is_refused_is_replaced_once(build: Build) -> None:
    gate = Gate()
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    async with Scripted(by=gate).running() as server:
        auth = build(server, monotonic=lambda: now[0], sleep=sleep)
        await auth.client.get("/x", RepoWire, auth.installation(1))
        now[0] += 600
        gate.good.clear()
        assert (await auth.client.get("/y", RepoWire, auth.installation(1))).value.full_name == "ghs_minted2"

        now[0] += 600
        gate.refuse_tokens = True
        with pytest.raises(Refused) as raised:
            await auth.client.get("/z", RepoWire, auth.installation(1))
        asked = len(server.asked)
        with pytest.raises(Refused):
            await auth.client.get("/z", RepoWire, auth.installation(1))

    assert raised.value.fault.kind == Kind.UNAUTHORIZED
    assert len(gate.minted) == 3
    assert len(server.asked) == asked + 1, "no hot loop"


async def test_h50_a_deleted_key_falls_over_to_the_second(build: Build) -> None:
    gate = Gate(key=1)
    async with Scripted(by=gate).running() as server:
        auth = build(server, pem=keys.pem(0) + keys.pem(1))
        before = auth.fingerprint
        assert (await auth.client.get("/app", AppWire, auth)).value.id == 7
        assert (await auth.client.get("/app", AppWire, auth)).value.id == 7

    assert auth.fingerprint != before
    assert len(server.asked) == 3, "the good key is kept"


async def test_h51_another_apps_key_is_named_by_its_fingerprint(build: Build) -> None:
    gate = Gate(key=1)
    async with Scripted(by=gate).running() as server:
        auth = build(server)
        with pytest.raises(ProblemError) as raised:
            await auth.client.get("/x", RepoWire, auth.installation(1))

    (problem,) = raised.value.problems
    assert problem.code == "app-refused"
    assert auth.fingerprint in problem.why
    assert problem.family == "auth"
    assert len(server.asked) <= 2


REFUSALS = {
    "suspended": (403, {"message": "This installation has been suspended"}, "github-suspended"),
    "deleted": (404, {"message": "Not Found"}, "github-not-found"),
    "not granted": (
        422,
        {"message": "The permissions requested are not granted to this installation."},
        "github-permission",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_h52_an_installation_that_is_not_what_it_was_is_named(build: Build, case: str) -> None:
    status, body, code = REFUSALS[case]
    async with Scripted(Reply(status, body, date=GITHUBS_NOW)).running() as server:
        auth = build(server)
        with pytest.raises(Refused) as raised:
            await auth.client.get("/x", RepoWire, auth.installation(1))

    assert raised.value.problems[0].code == code


@pytest.mark.parametrize("body", [{}, {"token": None}, {"token": "x"}, []])
async def test_an_answer_without_a_token_is_tried_again_later(build: Build, body: object) -> None:
    async with Scripted(Reply(201, body, date=GITHUBS_NOW)).running() as server:
        auth = build(server)
        with pytest.raises(ProblemError) as raised:
            await auth.client.get("/x", RepoWire, auth.installation(1))

    assert raised.value.problems[0].code == "github-garbled"


async def test_h74_no_credential_shows_in_a_repr(build: Build) -> None:
    gate = Gate()
    async with Scripted(by=gate).running() as server:
        auth = build(server)
        who = auth.installation(1)
        await auth.client.get("/x", RepoWire, who)
        shown = repr([vars(auth), vars(who), auth.app, auth.sign()])

    assert "ghs_" not in shown
    assert "eyJ" not in shown
    assert "BEGIN" not in shown
