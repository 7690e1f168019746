"""The box on real sockets: uvicorn in a thread of its own, so that nothing a caller does can stall it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import Message, Receive, Scope, Send

from engine.problems import ProblemError
from tassist.errors import os_problem
from tassist.sandbox.api import Api, Asked, Reply
from tassist.sandbox.box import Box
from tassist.sandbox.pages import Pages

API_ROOT = "/api/v3"
_DRIPS = 20
MAX_BODY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Running:
    """A box that is being served."""

    box: Box
    url: str
    """``http://127.0.0.1:PORT``: the pages."""
    api_url: str
    """``http://127.0.0.1:PORT/api/v3``: the REST API, laid out as in GitHub Enterprise Server."""
    port: int


class Application:
    """The ASGI application: the API below ``/api/v3``, everything else is pages."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._api = Api(box)
        self._pages = Pages(box)
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        self._under_way += 1
        try:
            await self._answer(scope, receive, send)
        except asyncio.CancelledError:
            # The box is being switched off; the connection is cut already, and uvicorn would only print a traceback.
            return
        finally:
            self._under_way -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        if body is None:
            return
        raw: bytes = scope["raw_path"].partition(b"?")[0]
        path = raw.decode("latin-1")
        asked = Asked(
            scope["method"],
            path,
            scope["query_string"].decode("latin-1"),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body,
            self._under_way,
        )
        if path != API_ROOT and not path.startswith(f"{API_ROOT}/"):
            with self._box.lock:
                reply = self._pages.answer(asked)
            await _send(reply, receive, send)
            return
        asked.path = path[len(API_ROOT) :] or "/"
        with self._box.lock:
            struck = self._box.faults.strike(asked.method, (asked.path, self._api.canonical(asked.path)))
        latency = sum(fault.seconds for fault in struck if fault.kind == "latency")
        if latency:
            await asyncio.sleep(latency)
        asked.arrived = self._under_way
        with self._box.lock:
            reply = self._api.answer(asked, struck)
        await _send(reply, receive, send)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; ``None`` where the caller went away or sends without end."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send(reply: Reply, receive: Receive, send: Send) -> None:
    if reply.cut:
        await _cut(receive, send, flush=False)
        return
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in reply.headers.items()]
    if reply.status not in {204, 304}:
        headers.append((b"content-length", str(len(reply.body)).encode()))
    start: Message = {"type": "http.response.start", "status": reply.status, "headers": headers}
    await send(start)
    if reply.truncated and len(reply.body) > 1:
        half: MutableMapping[str, Any] = {
            "type": "http.response.body",
            "body": reply.body[: len(reply.body) // 2],
            "more_body": True,
        }
        await send(half)
        await _cut(receive, send, flush=True)
        return
    if reply.drip_s and reply.body:
        size = max(len(reply.body) // _DRIPS, 1)
        for at in range(0, len(reply.body), size):
            await send({"type": "http.response.body", "body": reply.body[at : at + size], "more_body": True})
            await asyncio.sleep(reply.drip_s / _DRIPS)
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.body", "body": reply.body})


async def _cut(receive: Receive, send: Send, *, flush: bool) -> None:
    """End the connection in the middle; `send` belongs to the cycle that holds it."""
    transport: asyncio.Transport | None = getattr(getattr(send, "__self__", None), "transport", None)
    assert transport is not None, "this web server does not show its connection"
    if flush:
        transport.close()
    else:
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


class _Server:
    """uvicorn on a socket of ours, ended by an event instead of by polling."""

    def __init__(self, box: Box, listening: socket.socket) -> None:
        self._box = box
        self._socket = listening
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="github-in-a-box", daemon=True)

    def start(self) -> None:
        """Begin; returns when requests are answered."""
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End; returns when nothing is left."""
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # it closed in the meantime
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._error = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        config = uvicorn.Config(
            Application(self._box),
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[self._socket])
        deliveries = asyncio.create_task(self._box.webhooks.run())
        self._started.set()
        await self._stop.wait()
        deliveries.cancel()
        await asyncio.gather(deliveries, return_exceptions=True)
        for listening in server.servers:
            listening.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        pending = list(server.server_state.tasks)
        for request in pending:
            request.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Spelled out, since asyncio switches Nagle's algorithm off only for sockets that say they are TCP; with it on,
    # every answer on a kept-open connection waits 40 ms for the other side's acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(512)
        listening.setblocking(False)  # noqa: FBT003 - that is how a socket is told
    except OSError as error:
        listening.close()
        raise ProblemError(os_problem(error, doing=f"listen on {host}:{port}")) from error
    return listening


@contextmanager
def serve(box: Box, host: str = "127.0.0.1", port: int = 0) -> Iterator[Running]:
    """Serve a box until the block ends; port 0 takes a free one.

    Raises:
        ProblemError: The address cannot be listened on.
    """
    listening = _listen(host, port)
    number: int = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    with box.lock:
        box.world.root_url = f"http://{shown}:{number}"
    server = _Server(box, listening)
    try:
        server.start()
        yield Running(box, box.world.root_url, box.world.api_url, number)
    finally:
        server.stop()
        listening.close()


@asynccontextmanager
async def aserve(box: Box, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Running]:
    """`serve` for asynchronous code; the box still runs in a thread of its own."""
    stack = contextlib.ExitStack()
    running = await asyncio.to_thread(stack.enter_context, serve(box, host, port))
    try:
        yield running
    finally:
        await asyncio.to_thread(stack.close)
