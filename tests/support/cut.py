"""A proxy between a process and its database, whose cable a test pulls."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator


class Cable:
    """Forwards TCP to a port of this machine, while it is whole; in a thread of its own."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._whole = True
        self._pairs: set[asyncio.StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self.port = 0

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with await asyncio.start_server(self._connected, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._over.wait()
            self._tear()

    def _tear(self) -> None:
        self._whole = False
        for writer in self._pairs:
            writer.transport.abort()

    def _soon(self, call: Callable[[], object]) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(call)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._pairs |= {writer, back}
        await asyncio.gather(self._copy(reader, back), self._copy(there, writer), return_exceptions=True)
        self._pairs -= {writer, back}

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    def start(self) -> None:
        """Lay it."""
        self._thread.start()
        self._ready.wait()

    def cut(self) -> None:
        """Pull it: what is connected is gone at once, and nothing connects."""
        self._soon(self._tear)

    def mend(self) -> None:
        """Put it back."""
        self._whole = True

    def stop(self) -> None:
        """Take it away."""
        self._soon(self._over.set)
        self._thread.join()


@contextlib.contextmanager
def cable(target: int) -> Iterator[Cable]:
    """A cable to a port of this machine."""
    made = Cable(target)
    made.start()
    try:
        yield made
    finally:
        made.stop()
