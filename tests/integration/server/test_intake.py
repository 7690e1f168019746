"""The webhook over real sockets, into a real journal: what is taken, what is refused, and what never happens."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest

from engine.problems import ProblemError
from tassist.errors import Secret
from tassist.server.edge import Bounds
from tassist.server.head import MAX_BODY_BYTES
from tassist.server.intake import Budget, Inbox
from tassist.server.signature import Secrets
from tassist.store.journal import Journal
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


class Taking(Protocol):
    """`taking_deliveries`, in one of its two ways."""

    def __call__(self, inbox: Inbox, **how: Any) -> AbstractAsyncContextManager[Target]: ...


@pytest.fixture(params=[True, False], ids=["the short way", "by ASGI"])
def taking(request: pytest.FixtureRequest) -> Taking:
    """Every promise of the intake holds whichever way a delivery takes."""
    return partial(taking_deliveries, short_way=request.param)


@pytest.fixture
async def target(tmp_path: Path, taking: Taking) -> AsyncIterator[Target]:
    with Journal.open(tmp_path / "home") as journal:
        async with taking(journal) as target:
            yield target


async def test_a_delivery_is_stored_when_it_is_answered(target: Target) -> None:
    answer = await target.post(BODY, delivery_id="d-1")

    assert (answer.status, answer.body) == (202, b'{"delivery":"stored"}')
    [row] = target.inbox.deliveries()
    assert (row.delivery_id, row.event, row.state, row.size) == ("d-1", "issues", "stored", len(BODY))
    assert target.inbox.body(row.seq) == BODY


@pytest.mark.parametrize("crowded_for_s", [3600, 0.05])
async def test_answering_comes_first_while_many_wait_and_a_moment_longer(
    tmp_path: Path, crowded_for_s: float, taking: Taking
) -> None:
    with Journal.open(tmp_path / "home") as journal:
        held = Held(journal)
        async with taking(held, crowded_for_s=crowded_for_s) as target, asyncio.timeout(30):
            intake = target.intake
            assert intake is not None
            few = [asyncio.create_task(target.post(BODY)) for _ in range(7)]
            while intake.waiting < 7:
                await asyncio.sleep(0.001)
            seen = [intake.busy]
            many = [asyncio.create_task(target.post(BODY)) for _ in range(5)]
            while intake.waiting < 12:
                await asyncio.sleep(0.001)
            held.open.set()
            answers = await asyncio.gather(*few, *many)
            # They are answered together: a moment later as many may wait again.
            seen.append(intake.busy)
            while crowded_for_s < 1 and intake.busy:
                await asyncio.sleep(0.001)

    assert seen[0] is False
    assert seen[1] is True or crowded_for_s < 1
    assert {answer.status for answer in answers} == {202}


async def test_the_published_test_vector_is_accepted(target: Target) -> None:
    # Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    vector = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    answer = await target.post(b"Hello, World!", headers={"X-Hub-Signature-256": vector})

    assert answer.status == 400, "the signature is right, the body is no payload"
    assert target.inbox.deliveries()[0].state == "quarantined"


async def test_a_second_arrival_is_answered_and_stored_once(target: Target) -> None:
    answers = [await target.post(BODY, delivery_id="d-1") for _ in range(3)]

    assert [answer.status for answer in answers] == [202, 200, 200]
    [row] = target.inbox.deliveries()
    assert row.duplicates == 2


async def test_h01_a_signature_that_is_not_ascii_is_refused_without_an_exception(target: Target) -> None:
    for value in ("sha256=é", "sha256=" + "é" * 64, "sha256=\x00"[:7] + "ÿ"):
        answer = await target.post(BODY, headers={"X-Hub-Signature-256": value})
        assert answer.status == 401
    assert target.metrics.value("deliveries", "bad_signature") == 3
    assert target.inbox.deliveries() == []


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "sha1=" + "a" * 40,
        signature(BODY).upper(),
        "sha256=" + signature(BODY)[7:].upper(),
        signature(BODY)[:-1],
        signature(BODY) + "0",
        signature(BODY)[7:],
        " " + "sha256=" + "0" * 64,
    ],
    ids=["missing", "empty", "sha1", "all upper", "hex upper", "short", "long", "no scheme", "wrong"],
)
async def test_h02_any_other_form_of_signature_is_refused(target: Target, value: str | None) -> None:
    answer = await target.post(BODY, headers={"X-Hub-Signature-256": value, "X-Hub-Signature": "sha1=" + "0" * 40})

    assert answer.status == 401
    assert target.inbox.deliveries() == []


async def test_h02_two_signatures_are_refused_even_if_one_is_right(target: Target) -> None:
    answer = await target.post(BODY, more=[("X-Hub-Signature-256", signature(BODY))])

    assert answer.status == 401
    assert target.inbox.deliveries() == []


@pytest.mark.parametrize("secret", ["", "   ", "\n\t"])
def test_h03_without_a_secret_there_is_no_verifier_to_serve_with(secret: str) -> None:
    with pytest.raises(ProblemError) as caught:
        Secrets.checked(Secret(secret))

    assert caught.value.problems[0].code == "no-webhook-secret"


async def test_h04_during_a_rotation_both_secrets_are_accepted(tmp_path: Path, taking: Taking) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    secrets = Secrets.checked(Secret("new"), Secret("old"), until)
    with Journal.open(tmp_path) as journal:
        async with taking(journal, secrets=secrets) as target:
            statuses = [(await target.post(BODY, secret=secret)).status for secret in ("new", "old", "older")]

            assert statuses == [202, 202, 401]
            assert target.metrics.value("previous_secret") == 1


async def test_h04_after_the_grace_the_previous_secret_is_refused(tmp_path: Path, taking: Taking) -> None:
    secrets = Secrets.checked(Secret("new"), Secret("old"), datetime.now(UTC) - timedelta(seconds=1))
    with Journal.open(tmp_path) as journal:
        async with taking(journal, secrets=secrets) as target:
            assert [(await target.post(BODY, secret=secret)).status for secret in ("new", "old")] == [202, 401]


async def test_h04_a_blank_previous_secret_lets_nobody_in(tmp_path: Path, taking: Taking) -> None:
    with Journal.open(tmp_path) as journal:
        async with taking(journal, secrets=Secrets.checked(Secret("new"), Secret(" "))) as target:
            assert (await target.post(BODY, secret="")).status == 401
            assert (await target.post(BODY, secret=" ")).status == 401


@pytest.mark.parametrize(
    "delivery_id", ["../../etc/passwd", "x" * 10_000, "\x1b[2J", "not a guid", "ÿ"], ids=lambda text: text[:8]
)
async def test_h06_a_strange_delivery_id_is_an_opaque_key_of_bounded_length(target: Target, delivery_id: str) -> None:
    answers = [await target.post(BODY, delivery_id=delivery_id) for _ in range(2)]

    # A control character is no header value at all; everything else is only a key.
    if "\x1b" in delivery_id:
        assert {answer.status for answer in answers} <= {202, 200, 400}
        return
    assert [answer.status for answer in answers] == [202, 200]
    [row] = target.inbox.deliveries()
    assert len(row.delivery_id) <= 128


@pytest.mark.parametrize("header", ["X-GitHub-Delivery", "X-GitHub-Event"])
async def test_h06_a_delivery_without_its_headers_is_refused(target: Target, header: str) -> None:
    assert (await target.post(BODY, headers={header: None})).status == 400
    assert (await target.post(BODY, headers={header: ""})).status == 400
    assert (await target.post(BODY, more=[(header, "issues")])).status == 400, "twice"
    assert target.inbox.deliveries() == []


@pytest.mark.parametrize("event", ["Issues", "issues; drop", "é", "x" * 65, "../issues"])
async def test_h06_an_event_no_event_is_named_like_is_refused(target: Target, event: str) -> None:
    assert (await target.post(BODY, event=event)).status == 400


async def test_h07_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(target: Target) -> None:
    answer = await target.post(
        b"", headers={"Content-Length": str(MAX_BODY_BYTES + 1), "X-Hub-Signature-256": signature(b"")}
    )

    assert (answer.status, answer.headers["connection"]) == (413, "close")


async def test_h07_an_endless_chunked_body_is_cut_off(target: Target) -> None:
    reader, writer = await asyncio.open_connection(target.host, target.port)
    writer.write(
        b"POST /webhook HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nX-GitHub-Event: issues\r\n"
        b"X-GitHub-Delivery: d\r\nX-Hub-Signature-256: sha256=" + b"0" * 64 + b"\r\n\r\n"
    )
    chunk = b"%x\r\n" % 2**20 + b" " * 2**20 + b"\r\n"
    sent = 0

    with contextlib.suppress(ConnectionError):
        while not reader.at_eof() and sent < 2 * MAX_BODY_BYTES:
            writer.write(chunk)
            await writer.drain()
            sent += 2**20
    writer.close()

    assert sent <= MAX_BODY_BYTES + 16 * 2**20, "what the system's buffers hold on the way, and no more"
    assert target.metrics.value("deliveries", "too_large") == 1


async def test_h07_bodies_that_arrive_together_share_one_budget(tmp_path: Path, taking: Taking) -> None:
    with Journal.open(tmp_path) as journal:
        budget = Budget(small_bytes=2**20, large_bytes=2**20)
        async with taking(journal, budget=budget) as target:
            big = compact({"x": "y" * 3 * 2**20})

            assert (await target.post(big)).status == 503
            assert (await target.post(BODY)).status == 202, "small ones have a budget of their own"
            assert (await target.post(compact({"x": "y" * 2**20}))).status == 202, "what was reserved was given back"


async def test_h08_whoever_sends_nothing_or_drips_is_cut_off_and_keeps_nobody_out(
    tmp_path: Path, taking: Taking
) -> None:
    bounds = Bounds(head_s=0.3, body_s=0.3, idle_s=0.3, max_connections=200)
    with Journal.open(tmp_path) as journal:
        async with taking(journal, bounds=bounds) as target:
            silent = [await asyncio.open_connection(target.host, target.port) for _ in range(150)]
            reader, dripping = await asyncio.open_connection(target.host, target.port)
            dripping.write(b"POST /webhook HTTP/1.1\r\nContent-Length: 100\r\n")

            assert (await target.post(BODY)).status == 202

            ends = [read.read() for read, _ in silent] + [reader.read()]
            gone = await asyncio.wait_for(asyncio.gather(*ends, return_exceptions=True), 10)
            assert len(gone) == 151
            assert target.connections is not None
            assert target.connections.cut == 151
            for _, writer in silent:
                writer.close()
            dripping.close()


async def test_h08_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path, taking: Taking) -> None:
    with Journal.open(tmp_path) as journal:
        async with taking(journal, bounds=Bounds(body_s=0.2)) as target:
            reader, writer = await asyncio.open_connection(target.host, target.port)
            head = "POST /webhook HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nX-GitHub-Event: issues\r\n"
            head += f"X-GitHub-Delivery: d\r\nX-Hub-Signature-256: {signature(b'x')}\r\n\r\n{{"
            writer.write(head.encode())

            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await asyncio.wait_for(reader.readexactly(1), 10)
            writer.close()
            assert journal.deliveries() == []


async def test_h08_too_many_connections_close_the_oldest_silent_one(tmp_path: Path, taking: Taking) -> None:
    with Journal.open(tmp_path) as journal:
        async with taking(journal, bounds=Bounds(max_connections=20)) as target:
            silent = [await asyncio.open_connection(target.host, target.port) for _ in range(40)]

            assert (await asyncio.wait_for(target.post(BODY), 10)).status == 202

            assert target.connections is not None
            assert len(target.connections.open) <= 20
            for _, writer in silent:
                writer.close()


async def test_h08_an_endless_head_is_cut_off(target: Target) -> None:
    reader, writer = await asyncio.open_connection(target.host, target.port)
    writer.write(b"POST /webhook HTTP/1.1\r\n")
    for _ in range(200):
        writer.write(b"X-Pad: " + b"a" * 1000 + b"\r\n")
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        assert (await asyncio.wait_for(read_answer(reader), 10)).status == 431
    assert target.connections is not None
    assert target.connections.cut == 1
    writer.close()


async def test_h10_a_compressed_body_is_refused_unread(target: Target) -> None:
    body = gzip.compress(b"{" + b" " * 1_000_000 + b"}")

    answer = await target.post(body, headers={"Content-Encoding": "gzip"})

    assert answer.status == 415
    assert target.inbox.deliveries() == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/webhook", 405),
        ("HEAD", "/webhook", 405),
        ("PUT", "/webhook", 405),
        ("TRACE", "/webhook", 405),
        ("POST", "/webhook/", 404),
        ("POST", "/webhook//", 404),
        ("POST", "//webhook", 404),
        ("POST", "/%77ebhook", 404),
        ("POST", "/x/%2e%2e/webhook", 404),
        ("POST", "/x/../webhook", 404),
        ("POST", "/WEBHOOK", 404),
        ("POST", "/", 404),
    ],
)
async def test_h11_only_post_to_the_exact_path_is_a_delivery_and_nothing_redirects(
    target: Target, method: str, path: str, status: int
) -> None:
    if method == "HEAD":
        answer = await target.raw(b"HEAD /webhook HTTP/1.1\r\nHost: h\r\n\r\n", bodiless=True)
    else:
        answer = await target.post(BODY, method=method, path=path)

    assert answer.status == status
    assert "location" not in answer.headers
    assert target.inbox.deliveries() == []


async def test_h11_a_query_does_not_hide_the_path(target: Target) -> None:
    assert (await target.post(BODY, path="/webhook?x=1")).status == 202


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_h12_a_forwarded_address_opens_nothing(target: Target, header: str) -> None:
    plain = await target.raw(b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")
    forwarded = await target.raw(f"GET /metrics HTTP/1.1\r\nHost: h\r\n{header}: 127.0.0.1\r\n\r\n".encode())

    assert plain.status == 200, "this machine may"
    assert forwarded.status == 404, "whoever comes through a proxy may not, whatever it claims"


async def test_h81_behind_a_reverse_proxy_a_delivery_arrives_and_a_stripped_prefix_is_no_redirect(
    target: Target,
) -> None:
    large = compact({**issue_payload(), "padding": "x" * 2**21})
    through = {
        "Host": "hooks.example.com",
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "http",
        "Via": "1.1 p",
    }

    answer = await target.post(large, delivery_id="d-1", headers=through)
    wrong = await target.raw(b"POST /tassist/webhook HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")

    assert answer.status == 202, "larger than what many proxies let through by default"
    assert target.inbox.body(target.inbox.deliveries()[0].seq) == large
    assert (wrong.status, "location" in wrong.headers) == (404, False)


async def test_figures_are_behind_the_token_where_there_is_one(tmp_path: Path, taking: Taking) -> None:
    with Journal.open(tmp_path) as journal:
        async with taking(journal, metrics_token=Secret("t0ken")) as target:
            statuses = [
                (await target.raw(f"GET /metrics HTTP/1.1\r\nHost: h\r\n{header}\r\n".encode())).status
                for header in ("", "Authorization: Bearer wrong\r\n", "Authorization: Bearer t0ken\r\n")
            ]

            assert statuses == [404, 404, 200]


async def test_figures_count_what_happened(target: Target) -> None:
    await target.post(BODY)
    await target.post(BODY, secret="wrong")

    text = (await target.raw(b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")).body.decode()

    assert 'tassist_deliveries_total{kind="stored"} 1' in text
    assert 'tassist_deliveries_total{kind="bad_signature"} 1' in text
    assert "tassist_answer_seconds_count 1" in text


async def test_h13_a_ping_and_an_unknown_event_are_stored(target: Target) -> None:
    assert (await target.post(b'{"zen":"hi","hook_id":1}', event="ping")).status == 202
    assert (await target.post(b'{"action":"sung"}', event="opera")).status == 202

    assert [row.event for row in target.inbox.deliveries()] == ["opera", "ping"]


@pytest.mark.parametrize("body", [b"[1]", b'"text"', b"7", b"null", b"", b" \n", b"<x/>", b"\xff\xfe"])
async def test_h18_what_is_no_object_is_refused_and_kept_aside(target: Target, body: bytes) -> None:
    answer = await target.post(body)

    assert answer.status == 400
    [row] = target.inbox.deliveries()
    assert (row.state, row.reason) == ("quarantined", "the payload is not a JSON object")


async def test_many_at_once_share_commits_and_none_is_lost(target: Target) -> None:
    answers = await asyncio.gather(*(target.post(BODY, delivery_id=f"d-{number}") for number in range(200)))

    assert {answer.status for answer in answers} == {202}
    assert len(target.inbox.deliveries(limit=500)) == 200
    assert target.inbox.writer.commits < 150, "one fsync serves several"


async def test_a_signed_body_never_reaches_the_log(target: Target, caplog: pytest.LogCaptureFixture) -> None:
    await target.post(compact({"secret": "canary-4711"}), headers={"User-Agent": "canary-4711"})
    await target.post(b"canary-4711", secret="wrong", delivery_id="canary-4711")

    assert "canary-4711" not in caplog.text
    assert SECRET not in caplog.text
