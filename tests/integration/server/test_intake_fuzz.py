"""Bytes nobody should send, over real sockets: whatever comes, only what was signed is taken, and nobody waits for ever.

`make fuzz` tries many more of them (`EXAMPLES=…`).
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tassist.server.edge import Bounds
from tassist.store.journal import Journal
from tests.support.delivering import Target, compact, issue_payload, signature, taking_deliveries

EXAMPLES = int(os.environ.get("TASSIST_FUZZ_EXAMPLES", "40"))
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_BOUND_S = 8.0
"""Far beyond the bounds of this server; whoever is not answered or cut off by then is waited for without end."""

TOKENS = st.sampled_from(
    (
        b"POST ", b"GET ", b" HTTP/1.1\r\n", b" HTTP/2.0\r\n", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"%2e%2e/",
        b"Content-Length: 0\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"5;x=y\r\nabcde\r\n",
        b"Expect: 100-continue\r\n", b"Upgrade: websocket\r\nConnection: upgrade\r\n", b"Connection: close\r\n", b"Content-Encoding: gzip\r\n",
        b"X-Hub-Signature-256: sha256=" + b"0" * 64 + b"\r\n", b"X-GitHub-Event: issues\r\n", b"X-GitHub-Delivery: d\r\n", b" folded\r\n",
        b"\xff\xfe", b"\xc3\xa9", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"A" * 70_000,
    )
)  # fmt: skip
"""Pieces that mean something to a parser, put where they do not belong."""
BODIES = st.one_of(
    st.just(compact(issue_payload())),
    st.binary(max_size=200),
    st.sampled_from((b"", b"{}", b"[]", b"{" * 5000, b'{"action":' * 2000, b"\xef\xbb\xbf{}", b"payload=%7B%7D", b'"\\ud800"')),
)  # fmt: skip
RAW = st.binary(max_size=40).map(lambda value: re.sub(rb"[\r\n]", b"?", value))
HIGH = st.binary(min_size=1, max_size=40).map(lambda value: re.sub(rb"[^!-~]", b"\xe9", value))
VALUES = HIGH | RAW
"""Of a header: what a parser lets through and nobody expects, and what it does not let through."""


@dataclass
class Range:
    """A server to throw at, in a loop that runs while something is thrown."""

    runner: asyncio.Runner
    target: Target
    journal: Journal
    signed: set[bytes] = field(default_factory=set)
    """Every body that ever went out with its right signature."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Range]:
    home: Path = tmp_path_factory.mktemp("fuzz")
    bounds = Bounds(head_s=0.2, body_s=0.2, idle_s=0.2)
    stack = AsyncExitStack()
    with asyncio.Runner() as runner, Journal.open(home) as journal:
        target = runner.run(stack.enter_async_context(taking_deliveries(journal, bounds=bounds)))
        yield Range(runner, target, journal)
        runner.run(stack.aclose())


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """The bytes of a request, and the body that was rightly signed in it before anything was done to the bytes."""
    body = draw(BODIES)
    rightly = draw(st.booleans())
    head = [
        draw(st.sampled_from((b"POST /webhook HTTP/1.1",) * 6 + (b"GET /webhook HTTP/1.1", b"POST /webhook/ HTTP/1.1", b"POST //webhook HTTP/1.0"))),
        b"Host: h",
        b"Content-Length: %d" % len(body),
        b"X-GitHub-Event: " + draw(st.sampled_from((b"issues",) * 6 + (b"ping", b"push", b"\xe9", b"Issues"))),
        b"X-GitHub-Delivery: " + draw(st.sampled_from((b"d-1", b"\xe9", b"../x", b"y" * 300)) | VALUES),
        b"X-Hub-Signature-256: " + (signature(body) if rightly else signature(body, "guessed")).encode(),
    ]  # fmt: skip
    if draw(st.booleans()):
        head.append(
            draw(st.sampled_from((b"Content-Type", b"X-Forwarded-For", b"Cookie", b"X"))) + b": " + draw(VALUES)
        )
    data = b"\r\n".join(head) + b"\r\n\r\n" + body
    for _ in range(draw(st.sampled_from((0, 0, 1, 2, 3)))):
        place = draw(st.integers(0, len(data)))
        data = data[:place] + draw(TOKENS | st.binary(max_size=8)) + data[place + draw(st.integers(0, 30)) :]
    return data, body if rightly else b"guessed"


async def throw(target: Target, data: bytes, pieces: int) -> bytes:
    """Send the bytes in so many pieces and read until the other side closes."""
    reader, writer = await asyncio.open_connection(target.host, target.port)
    try:
        async with asyncio.timeout(_BOUND_S):
            try:
                for start in range(0, len(data), max(1, len(data) // pieces)):
                    writer.write(data[start : start + max(1, len(data) // pieces)])
                    await writer.drain()
                return await reader.read()
            except ConnectionError:
                return b""
    finally:
        writer.transport.abort()


def told(said: bytes) -> list[tuple[int, bytes]]:
    """Each answer's status with what follows it."""
    found = list(_STATUS.finditer(said))
    starts = [match.start() for match in found] + [len(said)]
    return [(int(match[1]), said[match.end() : end]) for match, end in zip(found, starts[1:], strict=True)]


@FUZZ
@given(batch=st.lists(st.tuples(requests(), st.integers(1, 4)), min_size=1, max_size=8))
def test_h06_whatever_is_thrown_only_what_was_signed_is_taken(
    served: Range, batch: list[tuple[tuple[bytes, bytes], int]]
) -> None:
    served.signed.update(body for (_, body), _ in batch if body != b"guessed")
    refused = [body == b"guessed" for (_, body), _ in batch]

    async def all_at_once() -> list[bytes]:
        return await asyncio.gather(*(throw(served.target, data, pieces) for (data, _), pieces in batch))

    for wrong, said in zip(refused, served.runner.run(all_at_once()), strict=True):
        for status, rest in told(said):
            assert status < 500, rest
            assert not 300 <= status < 400, "a redirect is a lost delivery"
            if wrong:
                assert not 200 <= status < 300 or b'"delivery"' not in rest, "taken without a signature"

    assert {served.journal.body(row.seq) for row in served.journal.deliveries(limit=10**6)} <= served.signed


def test_h06_after_all_of_it_the_server_takes_deliveries(served: Range) -> None:
    served.signed.add(compact(issue_payload(77)))
    answer = served.runner.run(served.target.post(compact(issue_payload(77)), delivery_id="after"))

    assert answer.status == 202
    assert served.target.connections is not None
    assert len(served.target.connections.open) <= 1, "nobody is still being waited for"
