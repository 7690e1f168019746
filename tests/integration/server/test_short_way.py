"""The short way of a usual delivery past ASGI: who takes it, that its answers are the same, and that it keeps order and time."""

from __future__ import annotations

import asyncio
import inspect
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tassist.errors import Secret
from tassist.server.answering import Receive, Scope, Send
from tassist.server.edge import Bounds
from tassist.server.intake import USUAL_BYTES, Budget, Intake
from tassist.server.signature import Secrets
from tassist.store.journal import Journal
from tassist.store.model import Accepted, Incoming
from tests.support.delivering import (
    SECRET,
    Held,
    Target,
    compact,
    issue_payload,
    read_answer,
    signature,
    taking_deliveries,
)

BODY = compact(issue_payload())


class Counted(Intake):
    """An intake that counts what comes by ASGI."""

    by_asgi = 0

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.by_asgi += 1
        await super().__call__(scope, receive, send)


def request(body: bytes = BODY, *more: str, delivery: str = "d", line: str = "POST /webhook HTTP/1.1") -> bytes:
    """A signed delivery, with more headers."""
    lines = [
        line,
        "Host: h",
        f"Content-Length: {len(body)}",
        "Content-Type: application/json",
        "X-GitHub-Event: issues",
        f"X-GitHub-Delivery: {delivery}",
        f"X-Hub-Signature-256: {signature(body)}",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked() -> bytes:
    """The same, its length not said beforehand."""
    head, _, body = request().partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    return head + b"\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


BIG = compact({**issue_payload(), "padding": "x" * USUAL_BYTES})
REQUESTS: dict[str, tuple[bytes, int, bool]] = {
    "usual": (request(), 202, True),
    "no payload": (request(b"[1]"), 400, True),
    "empty": (request(b""), 400, True),
    "a form": (request(b"payload=%7B%7D").replace(b"application/json", b"application/x-www-form-urlencoded"), 202, True),
    "just small enough": (request(b"{" + b" " * (USUAL_BYTES - 1)), 202, True),
    "larger": (request(BIG), 202, False),
    "chunked": (chunked(), 202, False),
    "a query": (request(line="POST /webhook?x HTTP/1.1"), 202, False),
    "not kept open": (request(BODY, "Connection: close"), 202, False),
    "of HTTP/1.0": (request(line="POST /webhook HTTP/1.0"), 202, False),
    "waits for a word": (request(BODY, "Expect: 100-continue"), 100, False),
    "not to the webhook": (request(line="POST /webhook/ HTTP/1.1"), 404, False),
    "no POST": (request(line="PUT /webhook HTTP/1.1"), 405, False),
    "signed with another secret": (request().replace(signature(BODY).encode(), signature(BODY, "x").encode()), 401, False),
    "no signature": (request().replace(b"X-Hub", b"X-Hab"), 401, False),
    "no event": (request().replace(b"X-GitHub-Event", b"X-GitHab-Event"), 400, False),
    "compressed": (request(BODY, "Content-Encoding: gzip"), 415, False),
    "an upgrade, whose body is none": (request(BODY, "Connection: upgrade", "Upgrade: websocket"), 401, False),
}  # fmt: skip
"""What is sent, the status it gets, and whether it goes the short way."""


async def said(home: Path, data: bytes, *, short_way: bool, times: int = 1) -> tuple[list[bytes], Counted, Target]:
    """Everything that comes back for the same bytes on so many connections one after the other, but for the date."""
    found = []
    with Journal.open(home) as journal:
        taking = taking_deliveries(journal, bounds=Bounds(idle_s=0.1), short_way=short_way, kind=Counted)
        async with taking as target, asyncio.timeout(30):
            for _ in range(times):
                reader, writer = await asyncio.open_connection(target.host, target.port)
                writer.write(data)
                found.append(re.sub(rb"date: [^\r]+", b"date: then", await reader.read()))
                writer.close()
    assert isinstance(target.intake, Counted)
    return found, target.intake, target


@pytest.mark.parametrize("name", REQUESTS)
async def test_the_answers_are_the_same_bytes_whichever_way_a_request_takes(tmp_path: Path, name: str) -> None:
    data, status, short = REQUESTS[name]

    by_asgi, _, usual = await said(tmp_path / "asgi", data, short_way=False, times=2)
    shortly, intake, target = await said(tmp_path / "short", data, short_way=True, times=2)

    assert shortly == by_asgi
    assert shortly[0].startswith(b"HTTP/1.1 %d " % status)
    assert intake.by_asgi == (0 if short else 2), "who takes the short way"
    assert re.sub("seconds.*", "", target.metrics.text()) == re.sub("seconds.*", "", usual.metrics.text())


async def test_an_answer_comes_whenever_the_next_is_sent_on_the_same_connection(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        async with taking_deliveries(journal, kind=Counted) as target, asyncio.timeout(30):
            reader, writer = await asyncio.open_connection(target.host, target.port)
            for number in range(5):
                writer.write(request(delivery=f"d-{number}"))
                assert (await read_answer(reader)).status == 202
            writer.close()

            assert isinstance(target.intake, Counted)
            assert target.intake.by_asgi == 0
        assert {row.delivery_id for row in journal.deliveries()} == {f"d-{number}" for number in range(5)}


async def test_a_delivery_may_come_a_byte_at_a_time(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        async with taking_deliveries(journal, kind=Counted) as target, asyncio.timeout(60):
            reader, writer = await asyncio.open_connection(target.host, target.port)
            for byte in request():
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0)
            assert (await read_answer(reader)).status == 202
            writer.close()
        assert journal.body(journal.deliveries()[0].seq) == BODY


async def test_what_is_sent_behind_a_delivery_waits_its_turn(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        held = Held(journal)
        async with taking_deliveries(held) as target, asyncio.timeout(30):
            reader, writer = await asyncio.open_connection(target.host, target.port)
            behind = request(delivery="b"), b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", request(delivery="a")
            writer.write(b"".join([request(delivery="a"), *behind]))
            assert target.intake is not None
            while target.intake.waiting < 1:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.05)
            assert target.intake.waiting == 1, "the others are not even begun"
            held.open.set()

            answers = [await read_answer(reader) for _ in range(4)]
            writer.close()

    assert [(answer.status, answer.body) for answer in answers] == [
        (202, b'{"delivery":"stored"}'),
        (202, b'{"delivery":"stored"}'),
        (200, b'{"status":"ok"}'),
        (200, b'{"delivery":"duplicate"}'),
    ]


async def is_listening(target: Target) -> bool:
    try:
        _, writer = await asyncio.open_connection(target.host, target.port)
    except ConnectionError:
        return False
    writer.close()
    return True


async def test_a_server_that_shuts_down_answers_what_it_is_storing_and_closes(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        held = Held(journal)
        stack = AsyncExitStack()
        target = await stack.enter_async_context(taking_deliveries(held, kind=Counted))
        async with asyncio.timeout(30):
            asking = asyncio.create_task(target.post(BODY))
            assert isinstance(target.intake, Counted)
            while target.intake.waiting < 1:
                await asyncio.sleep(0.001)
            leaving = asyncio.create_task(stack.aclose())
            while await is_listening(target):
                await asyncio.sleep(0.01)
            held.open.set()

            answer = await asking
            await leaving

        assert (answer.status, answer.headers["connection"]) == (202, "close")
        assert target.intake.by_asgi == 0
        assert len(journal.deliveries()) == 1


async def test_a_server_that_shuts_down_while_a_body_comes_closes_whichever_way_it_goes_on(tmp_path: Path) -> None:
    secrets = Secrets.checked(Secret("new"), Secret(SECRET))
    with Journal.open(tmp_path) as journal:
        stack = AsyncExitStack()
        target = await stack.enter_async_context(taking_deliveries(journal, secrets=secrets, kind=Counted))
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection(target.host, target.port)
            writer.write(request()[:-1])
            assert target.connections is not None
            while not any(edge._usual for edge in target.connections.open):
                await asyncio.sleep(0.001)
            leaving = asyncio.create_task(stack.aclose())
            while await is_listening(target):
                await asyncio.sleep(0.01)
            writer.write(request()[-1:])

            answer = await read_answer(reader)
            await leaving
            writer.close()

        assert (answer.status, answer.headers.get("connection")) == (202, "close")
        assert isinstance(target.intake, Counted)
        assert target.intake.by_asgi == 1, "the previous secret has signed it"


async def test_a_peer_that_goes_away_is_nobodys_trouble(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Journal.open(tmp_path) as journal:
        held = Held(journal)
        async with taking_deliveries(held, kind=Counted) as target, asyncio.timeout(30):
            _, writer = await asyncio.open_connection(target.host, target.port)
            writer.write(request()[:-1])
            await writer.drain()
            _, other = await asyncio.open_connection(target.host, target.port)
            other.write(request(delivery="whole"))
            assert isinstance(target.intake, Counted)
            while target.intake.waiting < 1:
                await asyncio.sleep(0.001)
            writer.transport.abort()
            other.transport.abort()
            assert target.connections is not None
            while target.connections.open:
                await asyncio.sleep(0.001)
            held.open.set()
            while target.intake.waiting:
                await asyncio.sleep(0.001)

        assert target.metrics.value("deliveries", "disconnected") == 1, "the one whose body never came"
        assert [row.delivery_id for row in journal.deliveries()] == ["whole"]
        assert target.intake.by_asgi == 0
    assert caplog.text == ""


def test_what_uvicorn_asks_of_the_request_under_way_is_known() -> None:
    asked = set(re.findall(r"cycle\.(\w+)", inspect.getsource(HttpToolsProtocol)))

    of_a_request_by_asgi_alone = {"body", "more_body", "run_asgi"}
    assert asked - of_a_request_by_asgi_alone == {"response_complete", "keep_alive", "disconnected", "message_event"}


class Failing:
    """An inbox with a fault in it."""

    async def accept(self, incoming: Incoming) -> Accepted:
        raise RuntimeError(f"oh, {incoming.event}")


@pytest.mark.parametrize("short_way", [True, False])
async def test_what_cannot_be_stored_is_never_acknowledged(tmp_path: Path, short_way: bool) -> None:
    journal = Journal.open(tmp_path)
    async with taking_deliveries(journal, short_way=short_way) as target:
        assert (await target.post(BODY)).status == 202
        journal.close()

        answer = await target.post(BODY)

    assert (answer.status, answer.headers["retry-after"], answer.headers["connection"]) == (503, "30", "close")
    assert target.metrics.value("deliveries", "not_stored") == 1


@pytest.mark.parametrize("short_way", [True, False])
async def test_an_error_nobody_foresaw_is_answered_too(short_way: bool, caplog: pytest.LogCaptureFixture) -> None:
    async with taking_deliveries(Failing(), short_way=short_way) as target:
        answer = await target.post(BODY)

        assert (answer.status, answer.headers["connection"]) == (500, "close")
        assert answer.body == b"Internal Server Error", "as uvicorn has it"
        assert target.intake is not None
        assert target.intake.waiting == 0
    assert "RuntimeError: oh, issues" in caplog.text


async def test_a_full_budget_holds_the_short_way_up_as_well(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        held = Held(journal)
        budget = Budget(small_bytes=len(BODY) + 10)
        async with taking_deliveries(held, budget=budget, kind=Counted) as target, asyncio.timeout(30):
            first = asyncio.create_task(target.post(BODY))
            assert isinstance(target.intake, Counted)
            while target.intake.waiting < 1:
                await asyncio.sleep(0.001)
            assert (await target.post(BODY)).status == 503
            held.open.set()
            assert (await first).status == 202
            assert (await target.post(BODY)).status == 202, "what was reserved was given back"
            assert target.intake.by_asgi == 1


class Rotated:
    """A place of secrets in which a rotation has just been done."""

    def __init__(self) -> None:
        self.done = False

    def changed(self) -> bool:
        return not self.done

    def load(self) -> Secrets:
        self.done = True
        return Secrets.checked(Secret("new"), Secret(SECRET))


async def test_h04_a_rotation_is_noticed_by_the_first_delivery_that_comes_a_second_later(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        async with taking_deliveries(journal, renewal=Rotated(), kind=Counted) as target:
            statuses = [(await target.post(BODY, secret=secret)).status for secret in ("new", SECRET, "new")]

            assert statuses == [202, 202, 202]
            assert isinstance(target.intake, Counted)
            assert target.intake.by_asgi == 2, "where secrets may have changed, and where the previous one has signed"
            assert target.metrics.value("previous_secret") == 1
