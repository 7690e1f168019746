"""The client on real sockets: what it asks, whom it follows, and what it need not ask again."""

from __future__ import annotations

import asyncio

import pytest
from typing_extensions import override

from engine.ports import Retry
from engine.problems import ProblemError
from tassist.github.client import Anonymous, Meter
from tassist.github.faults import Fault, Kind, Refused
from tassist.github.wire import IssueWire, LabelWire, RepoWire
from tests.integration.github.asking import TOKEN, WHO, Named, api
from tests.integration.github.conftest import Connect
from tests.support.scripted import Asked, Reply, Scripted


async def test_the_version_and_the_form_of_the_api_are_pinned(connect: Connect) -> None:
    async with Scripted(Reply(body={"id": 1})).running() as server:
        await connect(api(server)).get("/x", RepoWire, Named())

    (asked,) = server.asked
    assert asked.target == "/api/v3/x"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["accept"] == "application/vnd.github+json"
    assert asked.headers["user-agent"].startswith("tassist/")
    assert asked.headers["authorization"] == TOKEN


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_keeps_the_method_the_body_and_the_token(connect: Connect, status: int, method: str) -> None:
    moved = Reply(status, headers={"location": "/api/v3/repositories/9/labels"})
    async with Scripted(moved, Reply(body=[{"name": "a"}])).running() as server:
        answer = await connect(api(server)).write(
            method, "/repos/old/name/labels", list[LabelWire], Named(), body={"labels": ["a"]}, repeatable=False
        )

    assert server.lines == [f"{method} /api/v3/repos/old/name/labels", f"{method} /api/v3/repositories/9/labels"]
    assert server.asked[1].json == {"labels": ["a"]}
    assert server.asked[1].headers["authorization"] == TOKEN
    assert answer.url.endswith("/repositories/9/labels")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_token_never_follows_a_redirect_to_another_host(connect: Connect, method: str) -> None:
    async with Scripted(Reply(body={})).running() as other:
        elsewhere = Reply(302, headers={"location": other.url + "/api/v3/x"})
        async with Scripted(elsewhere).running() as server:
            client = connect(api(server))
            asking = (
                client.get("/x", RepoWire, Named())
                if method == "GET"
                else client.write("POST", "/x", RepoWire, Named(), repeatable=False)
            )
            with pytest.raises(Refused) as raised:
                await asking

    assert raised.value.fault.kind == Kind.REDIRECT
    assert other.asked == []


async def test_redirects_in_a_circle_end(connect: Connect) -> None:
    async with Scripted(Reply(301, headers={"location": "/api/v3/x"})).running() as server:
        with pytest.raises(ProblemError, match="circles"):
            await connect(api(server)).get("/x", RepoWire, WHO)

    assert len(server.asked) == 5


def paged(asked: Asked) -> Reply:
    """Three pages."""
    number = int(asked.target.rpartition("=")[2]) if "page=" in asked.target else 1
    link = f'<http://{asked.headers["host"]}/api/v3/labels?page={number + 1}>; rel="next"'
    return Reply(
        body=[{"name": f"l{number}"}],
        headers={"etag": f'"{number}"'} | ({"link": link} if number < 3 else {}),
    )


async def test_h45_every_page_is_read_as_link_says(connect: Connect) -> None:
    async with Scripted(by=paged).running() as server:
        meter = Meter()
        labels = await connect(api(server)).get_all("/labels", LabelWire, WHO, meter=meter)

    assert [label.name for label in labels] == ["l1", "l2", "l3"]
    assert meter.reads == 3


async def test_h45_pages_that_lead_in_circles_end(connect: Connect) -> None:
    def circle(asked: Asked) -> Reply:
        return Reply(body=[{}], headers={"link": f'<http://{asked.headers["host"]}/api/v3/labels>; rel="next"'})

    async with Scripted(by=circle).running() as server:
        with pytest.raises(Retry, match="circles"):
            await connect(api(server)).get_all("/labels", LabelWire, WHO)

    assert len(server.asked) == 2


async def test_a_next_page_on_another_host_is_not_asked_with_our_token(connect: Connect) -> None:
    async with Scripted(Reply(body=[])).running() as other:
        stray = Reply(body=[{}], headers={"link": f'<{other.url}/api/v3/labels?page=2>; rel="next"'})
        async with Scripted(stray).running() as server:
            with pytest.raises(Refused):
                await connect(api(server)).get_all("/labels", LabelWire, Named())

    assert other.asked == []


async def test_a_limit_that_is_told_while_a_token_is_minted_is_obeyed(connect: Connect) -> None:
    async with Scripted(Reply(body=[])).running() as server:
        client = connect(api(server))

        class Minting(Anonymous):
            @override
            async def authorization(self) -> str | None:
                limit = Fault(Kind.RATE_SECONDARY, 429, "another request", after_s=60.0)
                client.pace.answered(self.scope, client.monotonic(), {}, limit)
                return None

        with pytest.raises(Retry):
            await client.get("/labels", list[LabelWire], Minting())

    assert server.asked == []


async def test_a_further_page_behind_one_that_did_not_change_is_read(connect: Connect) -> None:
    grown = False

    def by(asked: Asked) -> Reply:
        if "page=2" in asked.target:
            return Reply(body=[{"name": "new"}])
        further = f'<http://{asked.headers["host"]}/api/v3/labels?page=2>; rel="next"'
        headers = {"etag": '"same"', **({"link": further} if grown else {})}
        known = asked.headers.get("if-none-match") == '"same"'
        return Reply(304, headers=headers) if known else Reply(body=[{"name": "old"}], headers=headers)

    async with Scripted(by=by).running() as server:
        client = connect(api(server))
        first = await client.get_all("/labels", LabelWire, WHO)
        grown = True
        second = await client.get_all("/labels", LabelWire, WHO)

    assert [wire.name for wire in first] == ["old"]
    assert [wire.name for wire in second] == ["old", "new"]


async def test_what_did_not_change_is_not_billed_and_keeps_its_pages(connect: Connect) -> None:
    def by(asked: Asked) -> Reply:
        answer = paged(asked)
        if asked.headers.get("if-none-match") == answer.headers["etag"]:
            return Reply(304, headers={"etag": answer.headers["etag"]})
        return answer

    async with Scripted(by=by).running() as server:
        client = connect(api(server))
        first, second = Meter(), Meter()
        before = await client.get_all("/labels", LabelWire, WHO, meter=first)
        after = await client.get_all("/labels", LabelWire, WHO, meter=second)

    assert [label.name for label in before] == [label.name for label in after] == ["l1", "l2", "l3"]
    assert (first.reads, second.reads) == (3, 0)


async def test_those_who_ask_meanwhile_share_the_next_answer(connect: Connect) -> None:
    first, go = asyncio.Event(), asyncio.Event()

    async def by(asked: Asked) -> Reply:
        first.set()
        await go.wait()
        return Reply(body=[{"name": f"l{len(server.asked)}"}])

    async with Scripted(by=by).running() as server:
        client = connect(api(server))
        meters = [Meter() for _ in range(6)]

        def ask(meter: Meter) -> asyncio.Task[list[LabelWire]]:
            return asyncio.create_task(client.get_all("/labels", LabelWire, WHO, meter=meter, together=True))

        early = ask(meters[0])
        await first.wait()
        late = [ask(meter) for meter in meters[1:]]
        await asyncio.sleep(0)
        go.set()
        found = [wires[0].name for wires in await asyncio.gather(early, *late)]

    assert found == ["l1", *["l2"] * 5], "an answer that was under way before is nobody else's"
    assert sum(meter.reads for meter in meters) == 2


async def test_a_refusal_is_shared_and_a_cancelled_question_is_not(connect: Connect) -> None:
    first, go = asyncio.Event(), asyncio.Event()

    async def by(asked: Asked) -> Reply:
        first.set()
        await go.wait()
        return Reply(404, body={"message": "Not Found"})

    async with Scripted(by=by).running() as server:
        client = connect(api(server))
        asking = [asyncio.create_task(client.get("/x", RepoWire, WHO, together=True)) for _ in range(5)]
        await first.wait()
        asking[0].cancel()
        go.set()
        found = await asyncio.gather(*asking, return_exceptions=True)

    assert isinstance(found[0], asyncio.CancelledError)
    assert [type(one) for one in found[1:]] == [Refused] * 4
    assert len(server.asked) == 2


async def test_one_scopes_answers_are_not_offered_to_another(connect: Connect) -> None:
    async with Scripted(Reply(body={"id": 1}, headers={"etag": '"1"'})).running() as server:
        client = connect(api(server))
        await client.get("/x", RepoWire, Named("installation:1"))
        await client.get("/x", RepoWire, Named("installation:2"))

    assert [asked.headers.get("if-none-match") for asked in server.asked] == [None, None]


async def test_h17_fields_may_be_null_or_missing(connect: Connect) -> None:
    fields = IssueWire.__struct_fields__
    async with Scripted(Reply(body=dict.fromkeys(fields)), Reply(body={}), Reply(body={"new": 1})).running() as server:
        client = connect(api(server))
        for _ in range(3):
            assert (await client.get("/x", IssueWire, WHO)).value.labels is None
