"""One connection to GitHub, used for one request after the other: httpcore's by itself, or httpx's where a proxy is named.

httpx's client and its pool cost as much again as the request itself: cookies, redirects, the choice of a proxy, and a look
at every connection of the pool for every request. None of that is used here, so where no proxy stands in between the
connection is called without them. What httpx knows stays its own: addresses, compressed answers, the names of troubles.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import httpcore
import httpx
from typing_extensions import override

KEPT_S = 5.0
"""How long a connection that is not used is kept; httpx's own default."""
_TROUBLE = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)
_WITH_BODY = {"POST", "PUT", "PATCH"}
"""Their length is said although it is 0, as RFC 9110 (8.6) asks."""


class TooLarge(Exception):  # noqa: N818 – it says what is the case
    """An answer was broken off, as it is larger than what was asked for."""


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer, its body decompressed; names of headers are in lower case, those that came twice are joined by commas."""

    status: int
    headers: dict[str, str]
    body: bytes


class Line(Protocol):
    """A connection; one request at a time."""

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, *, at_most: int
    ) -> Whole:
        """Send one request and read its whole answer.

        Raises:
            TooLarge: the body has more than ``at_most`` bytes, decompressed.
            httpx.HTTPError: the connection broke, or GitHub does not speak HTTP.
            httpx.InvalidURL: the address cannot be used.
        """
        ...

    async def aclose(self) -> None:
        """Give it back."""
        ...


class Proxied:
    """By httpx's client, which finds the proxy in the environment."""

    def __init__(self, tls: ssl.SSLContext, waits: httpx.Timeout) -> None:
        self._tls = tls
        self._extensions = {"timeout": waits.as_dict()}
        self._client = self._opened()

    def _opened(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        return httpx.AsyncClient(verify=self._tls, follow_redirects=False, limits=limits)

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, *, at_most: int
    ) -> Whole:
        """As `Line.ask`."""
        try:
            return await self._ask(method, url, headers, content, at_most)
        except asyncio.CancelledError:
            # Broken off while its pool takes a connection back, httpx's client waits for that connection for ever.
            old, self._client = self._client, self._opened()
            await old.aclose()
            raise

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, at_most: int
    ) -> Whole:
        # A request that the client makes would have the cookies of earlier answers.
        request = httpx.Request(method, url, headers=headers, content=content, extensions=self._extensions)
        response = await self._client.send(request, stream=True)
        try:
            names = {name.lower(): value for name, value in response.headers.items()}
            return Whole(response.status_code, names, await _joined(response.aiter_bytes(), at_most))
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """As `Line.aclose`."""
        await self._client.aclose()


class Direct:
    """By httpcore's connection; a new one wherever the last was closed, is too old, or leads elsewhere."""

    def __init__(self, tls: ssl.SSLContext, waits: httpx.Timeout) -> None:
        self._tls = tls
        self._extensions = {"timeout": waits.as_dict()}
        self._connection: httpcore.AsyncHTTPConnection | None = None

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, *, at_most: int
    ) -> Whole:
        """As `Line.ask`."""
        address, host = _address(url)
        sent = [(b"host", host), *((name.encode("ascii"), value.encode("ascii")) for name, value in headers.items())]
        if content is not None or method in _WITH_BODY:
            sent.append((b"content-length", b"%d" % len(content or b"")))
        request = httpcore.Request(method, address, headers=sent, content=content, extensions=self._extensions)
        try:
            response = await (await self._ready(address.origin)).handle_async_request(request)
            try:
                return await _whole(response, at_most)
            finally:
                await response.aclose()
        except _TROUBLE as error:
            # Both libraries are by the same hands and give their troubles the same names.
            raise getattr(httpx, type(error).__name__, httpx.TransportError)(str(error)) from error

    async def _ready(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        found = self._connection
        # One that was broken off while it was given back is neither closed nor free, and stays so for ever.
        if found is not None and (not found.is_idle() or found.has_expired() or not found.can_handle_request(origin)):
            self._connection = None
            await found.aclose()
        if self._connection is None:
            self._connection = httpcore.AsyncHTTPConnection(origin, ssl_context=self._tls, keepalive_expiry=KEPT_S)
        return self._connection

    async def aclose(self) -> None:
        """As `Line.aclose`."""
        if self._connection is not None:
            await self._connection.aclose()


class _Packed(httpx.AsyncByteStream):
    """The body as it came, for httpx to decompress."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._response.aiter_stream():
            yield piece


@lru_cache(maxsize=512)
def _address(url: str) -> tuple[httpcore.URL, bytes]:
    """Where it leads, and what the header ``Host`` says. Addresses of issues come again and again: a look has four requests about one."""
    parsed = httpx.URL(url)
    address = httpcore.URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path)
    return address, parsed.netloc


async def _whole(response: httpcore.Response, at_most: int) -> Whole:
    names = _names(response.headers)
    pieces = response.aiter_stream()
    if names.get("content-encoding", "identity") != "identity":
        packed = httpx.Response(response.status, headers=response.headers, stream=_Packed(response))
        pieces = packed.aiter_bytes()
    return Whole(response.status, names, await _joined(pieces, at_most))


def _names(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for raw_name, raw in headers:
        name = raw_name.decode("ascii").lower()
        try:
            value = raw.decode()
        except UnicodeDecodeError:
            value = raw.decode("latin-1")
        names[name] = f"{names[name]}, {value}" if name in names else value
    return names


async def _joined(pieces: AsyncIterator[bytes], at_most: int) -> bytes:
    found: list[bytes] = []
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > at_most:
            raise TooLarge
        found.append(piece)
    return b"".join(found)
