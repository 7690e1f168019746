"""A connection by itself and one of httpx's client hear the same and say the same; raw bytes on a real socket."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field

import httpx
import pytest

from tassist.github.line import Direct, Line, Proxied, TooLarge, Whole

BOTH: list[Callable[[ssl.SSLContext, httpx.Timeout], Line]] = [Direct, Proxied]
WAITS = httpx.Timeout(2.0, connect=2.0, pool=None)
AT_MOST = 100_000
BODY = b'{"number": 7, "title": "caf\xc3\xa9"}'
HEADERS = {
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "user-agent": "t",
    "authorization": "token x",
}


@dataclass
class Raw:
    """A server that answers each request with the same bytes, and remembers what it was sent."""

    answer: bytes = b""
    then_closes: bool = False
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Somebody connects."""
        self.under_way.add(asyncio.ensure_future(self.serve(reader, writer)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        with closing(writer), suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")), 0
                )
                self.heard.append(head + await reader.readexactly(length))
                writer.write(self.answer)
                await writer.drain()
                if self.then_closes:
                    break


@asynccontextmanager
async def raw(answer: bytes, *, then_closes: bool = False) -> AsyncIterator[Raw]:
    """Such a server on a free port."""
    one = Raw(answer, then_closes)
    server = await asyncio.start_server(one.take, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield one
    finally:
        server.close()
        for task in one.under_way:
            task.cancel()
        await asyncio.gather(*one.under_way)
        await asyncio.sleep(0)  # what was closed is gone in the next round


@asynccontextmanager
async def line(kind: Callable[[ssl.SSLContext, httpx.Timeout], Line]) -> AsyncIterator[Line]:
    """A connection without a proxy in its way."""
    made = kind(httpx.create_ssl_context(trust_env=False), WAITS)
    try:
        yield made
    finally:
        await made.aclose()


def said(*lines: bytes, body: bytes = BODY, length: int | None = None) -> bytes:
    """An answer of 200 with further lines in its head."""
    own = b"Content-Length: %d" % (len(body) if length is None else length)
    return b"\r\n".join((b"HTTP/1.1 200 OK", *lines, own, b"", body))


def deflated(body: bytes) -> bytes:
    """As some servers do it: without zlib's head."""
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(body) + made.flush()


ANSWERS = {
    "plain": said(b'ETag: "a"', b"Content-Type: application/json"),
    "nothing": b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
    "not modified": b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
    "a server's trouble": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nnope",
    "in pieces": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n',
    "gzip": said(b"Content-Encoding: gzip", body=gzip.compress(BODY)),
    "deflate": said(b"Content-Encoding: deflate", body=zlib.compress(BODY)),
    "deflate without a head": said(b"Content-Encoding: deflate", body=deflated(BODY)),
    "gzip, named otherwise": said(b"content-encoding: GZIP", body=gzip.compress(BODY)),
    "identity": said(b"Content-Encoding: identity"),
    "a name twice": said(b'Link: <a>; rel="next"', b'link: <b>; rel="last"'),
    "not ASCII": said("X-A: café".encode()),
    "not UTF-8": said(b"X-A: caf\xe9"),
    "told to wait first": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + said(),
    "old": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
}
TROUBLES = {
    "no answer": (b"", httpx.RemoteProtocolError),
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n\r\n", httpx.RemoteProtocolError),
    "cut": (said(length=1000), httpx.RemoteProtocolError),
    "cut in a piece": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{", httpx.RemoteProtocolError),
    "no gzip": (said(b"Content-Encoding: gzip", body=b"no gzip"), httpx.DecodingError),
    "two lengths": (said(b"Content-Length: 1"), httpx.RemoteProtocolError),
    "a head without end": (b"HTTP/1.1 200 OK\r\nX-A: " + b"x" * 200_000, httpx.RemoteProtocolError),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_both_hear_the_same(name: str) -> None:
    heard: list[Whole] = []
    async with raw(ANSWERS[name], then_closes=name == "old") as server:
        for kind in BOTH:
            async with line(kind) as one:
                heard.append(await one.ask("GET", f"{server.url}/a?b=%20c", HEADERS, None, at_most=AT_MOST))
    assert heard[0] == heard[1]
    assert heard[0].body in {BODY, b"", b'{"a":1}', b"nope", b"{}"}


@pytest.mark.parametrize("name", TROUBLES)
async def test_both_name_trouble_the_same(name: str) -> None:
    answer, expected = TROUBLES[name]
    async with raw(answer, then_closes=True) as server:
        for kind in BOTH:
            async with line(kind) as one:
                with pytest.raises(expected):
                    await one.ask("GET", server.url + "/", HEADERS, None, at_most=AT_MOST)


@pytest.mark.parametrize(
    ("method", "content"), [("GET", None), ("POST", None), ("POST", b"{}"), ("DELETE", None), ("PATCH", b'"x"')]
)
async def test_both_say_the_same(method: str, content: bytes | None) -> None:
    async with raw(ANSWERS["plain"]) as server:
        for kind in BOTH:
            async with line(kind) as one:
                await one.ask(method, f"{server.url}/ü/a b?q=%C3%A4&x=[1]", HEADERS, content, at_most=AT_MOST)
    own, theirs = ({*sent.lower().split(b"\r\n")} for sent in server.heard)
    assert own == theirs


@pytest.mark.parametrize("kind", BOTH)
async def test_a_connection_is_used_again(kind: Callable[[ssl.SSLContext, httpx.Timeout], Line]) -> None:
    async with raw(ANSWERS["plain"]) as server, line(kind) as one:
        for _ in range(3):
            assert (await one.ask("GET", server.url + "/", HEADERS, None, at_most=AT_MOST)).body == BODY
        assert server.connections == 1


@pytest.mark.parametrize("kind", BOTH)
async def test_one_that_was_closed_meanwhile_is_made_anew(
    kind: Callable[[ssl.SSLContext, httpx.Timeout], Line],
) -> None:
    async with raw(ANSWERS["plain"], then_closes=True) as server, line(kind) as one:
        for _ in range(3):
            assert (await one.ask("GET", server.url + "/", HEADERS, None, at_most=AT_MOST)).body == BODY
            await asyncio.sleep(0.05)  # the other side's goodbye is on its way
        assert server.connections == 3


@pytest.mark.parametrize("kind", BOTH)
async def test_after_trouble_the_next_request_has_a_connection_of_its_own(
    kind: Callable[[ssl.SSLContext, httpx.Timeout], Line],
) -> None:
    async with raw(said(length=10**6)) as server, line(kind) as one:
        asked = asyncio.create_task(one.ask("GET", server.url + "/", HEADERS, None, at_most=AT_MOST))
        while not server.heard:
            await asyncio.sleep(0.01)
        asked.cancel()  # as a deadline does
        with suppress(asyncio.CancelledError):
            await asked
        server.answer = ANSWERS["plain"]
        assert (await one.ask("GET", server.url + "/", HEADERS, None, at_most=AT_MOST)).body == BODY
        assert server.connections == 2


@pytest.mark.parametrize("kind", BOTH)
async def test_broken_off_at_whatever_moment_the_next_request_is_answered(
    kind: Callable[[ssl.SSLContext, httpx.Timeout], Line],
) -> None:
    """Also where all of the answer has come, and the connection was about to be given back."""
    broken_off = 0
    async with raw(ANSWERS["plain"]) as server, line(kind) as one:
        for rounds in range(60):
            asked = asyncio.create_task(one.ask("GET", server.url + "/", HEADERS, None, at_most=AT_MOST))
            for _ in range(rounds):
                await asyncio.sleep(0)
            asked.cancel()
            await asyncio.wait([asked])
            broken_off += asked.cancelled()
            async with asyncio.timeout(5):
                assert (await one.ask("GET", server.url + "/", HEADERS, None, at_most=AT_MOST)).body == BODY, rounds
    assert broken_off > 4


@pytest.mark.parametrize("kind", BOTH)
async def test_it_may_lead_elsewhere_the_next_time(kind: Callable[[ssl.SSLContext, httpx.Timeout], Line]) -> None:
    async with raw(ANSWERS["plain"]) as here, raw(ANSWERS["gzip"]) as there, line(kind) as one:
        for server in (here, there, here):
            assert (await one.ask("GET", server.url + "/", HEADERS, None, at_most=AT_MOST)).body == BODY
        assert [len(here.heard), len(there.heard)] == [2, 1]


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("how", ["plain", "gzip"])
async def test_what_is_too_large_is_broken_off(kind: Callable[[ssl.SSLContext, httpx.Timeout], Line], how: str) -> None:
    """A few kilobytes on the wire may be megabytes: what counts is what would be held."""
    body = b"x" * 5_000_000
    answer = said(body=body) if how == "plain" else said(b"Content-Encoding: gzip", body=gzip.compress(body))
    async with raw(answer) as server, line(kind) as one:
        with pytest.raises(TooLarge):
            await one.ask("GET", server.url + "/", HEADERS, None, at_most=AT_MOST)
        server.answer = ANSWERS["plain"]
        assert (await one.ask("GET", server.url + "/", HEADERS, None, at_most=AT_MOST)).body == BODY


@pytest.mark.parametrize("kind", BOTH)
async def test_what_an_answer_wants_to_be_remembered_is_not(
    kind: Callable[[ssl.SSLContext, httpx.Timeout], Line],
) -> None:
    async with raw(said(b"Set-Cookie: a=b; Path=/")) as server, line(kind) as one:
        for _ in range(2):
            await one.ask("GET", server.url + "/", HEADERS, None, at_most=AT_MOST)
    assert not any(b"cookie" in sent.lower() for sent in server.heard)


@pytest.mark.parametrize("kind", BOTH)
async def test_nobody_listens(kind: Callable[[ssl.SSLContext, httpx.Timeout], Line]) -> None:
    async with raw(b"") as server:
        pass
    async with line(kind) as one:
        for _ in range(2):
            with pytest.raises(httpx.ConnectError):
                await one.ask("GET", server.url + "/", HEADERS, None, at_most=AT_MOST)


@pytest.mark.parametrize("kind", BOTH)
async def test_no_header_can_be_smuggled_in(kind: Callable[[ssl.SSLContext, httpx.Timeout], Line]) -> None:
    async with raw(ANSWERS["plain"]) as server, line(kind) as one:
        with pytest.raises(httpx.LocalProtocolError):
            await one.ask("GET", server.url + "/", {"authorization": "a\r\nX-B: c"}, None, at_most=AT_MOST)
        assert not server.heard
        with pytest.raises((UnicodeError, httpx.InvalidURL, httpx.LocalProtocolError)):
            await one.ask("GET", server.url + "/a\r\nX-B: c", {}, None, at_most=AT_MOST)
        assert not server.heard
