"""A tunnel for as long as a service runs: opened, the webhook pointed to it, followed, and everything put back at the end."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

from typing_extensions import override

from engine.problems import Problem, ProblemError
from setup_wizard.values import hook_address, hook_address_faults
from tassist.clock import SystemClock
from tassist.config.settings import Settings
from tassist.errors import problems_of
from tassist.github.connection import Connection
from tassist.services.connecting import connect
from tassist.services.switching import kept
from tassist.services.switching.switch import repoint, restore_left
from tassist.text import safe_text
from tassist.tunnel import agent
from tassist.tunnel.gate import Gate
from tassist.tunnel.sdk import NgrokTunnel

FOLLOW_S = 5.0
Told = Callable[[str], None]


class Way(Protocol):
    """A way from the Internet to a port of this machine."""

    async def open(self, port: int) -> str:
        """Open it; its public address."""
        ...

    async def address(self) -> str:
        """Its public address now, which may have changed; empty where it is closed."""
        ...

    async def close(self) -> None:
        """Close it."""
        ...


class Sdk(Way):
    """Opened by this process."""

    def __init__(self, tunnel: NgrokTunnel) -> None:
        self._tunnel = tunnel

    @override
    async def open(self, port: int) -> str:
        return await self._tunnel.open(port)

    @override
    async def address(self) -> str:
        return self._tunnel.url

    @override
    async def close(self) -> None:
        await self._tunnel.close()


class Agent(Way):
    """Opened by an agent that is running here."""

    def __init__(self, api: str = agent.API) -> None:
        self._api = api
        self._port = 0
        self._ours = ""
        """The name of the tunnel, where it is ours to close."""

    @override
    async def open(self, port: int) -> str:
        self._port = port
        return await self._open()

    async def _open(self) -> str:
        made = await agent.open_through(self._port, self._api)
        self._ours = made.name if made.ours else ""
        return made.url

    @override
    async def address(self) -> str:
        with contextlib.suppress(ProblemError):
            # Where the agent was started anew, the tunnel is opened anew, under another address.
            return await self._open()
        return ""

    @override
    async def close(self) -> None:
        if self._ours:
            with contextlib.suppress(ProblemError):
                await agent.close(self._ours, self._api)


class Given(Way):
    """A tunnel somebody opened; only its address is known."""

    def __init__(self, url: str) -> None:
        self._url = url

    @override
    async def open(self, port: int) -> str:
        return self._url

    @override
    async def address(self) -> str:
        return self._url

    @override
    async def close(self) -> None:
        return


def way(settings: Settings, wanted: str) -> Way:
    """The way that was asked for: ``ngrok``, ``agent``, or a public address.

    Raises:
        ProblemError: it is none of these.
    """
    if wanted == "ngrok":
        return Sdk(NgrokTunnel(settings.secret("ngrok_authtoken"), domain=settings.text("ngrok_domain")))
    if wanted == "agent":
        return Agent(settings.text("ngrok_agent").rstrip("/") or agent.API)
    if "://" in wanted or "." in wanted:
        url = hook_address(wanted)
        faults = hook_address_faults(url)
        if faults:
            raise ProblemError(faults)
        return Given(url)
    from tassist.tunnel.gate import unknown_tunnel

    raise ProblemError(unknown_tunnel(safe_text(wanted, max_chars=60)))


async def agent_address(settings: Settings) -> str:
    """The public address of the running agent's tunnel to this server's port.

    Raises:
        ProblemError: no agent is running, or none of its tunnels leads here.
    """
    port = settings.number("port")
    found = await agent.tunnels(settings.text("ngrok_agent").rstrip("/") or agent.API)
    here = next((item for item in found if item.port == port), None)
    if here is None:
        raise ProblemError(
            Problem(
                "no-tunnel-here",
                f"none of the ngrok agent's tunnels leads to port {port}",
                "there are: " + (", ".join(f"{safe_text(item.url)} to port {item.port}" for item in found) or "none"),
                f"open one: ngrok http {port}; or give an address with --url; or use: tassist serve --tunnel agent",
                family="world",
            )
        )
    return here.url


class Tunnelled:
    """Runs in a thread beside the service, which knows nothing of it."""

    def __init__(self, settings: Settings, wanted: str, told: Told, *, follow_s: float = FOLLOW_S) -> None:
        """Args beyond the obvious.

        Args:
            settings: As loaded.
            wanted: As for `way`.
            told: Hears what happens, in words; called from the thread.
            follow_s: How often the tunnel's address is looked at, in seconds.

        Raises:
            ProblemError: what is wanted is no way in.
        """
        self._settings = settings
        self._way = way(settings, wanted)
        self._gated = not isinstance(self._way, Given)
        self._told = told
        self._follow_s = follow_s
        self._end = threading.Event()
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self.url = ""
        """The webhook's public address, once it is open."""

    @property
    def home(self) -> Path:
        """Where the switch is kept."""
        return self._settings.home

    def start(self, url: str) -> None:
        """Begin to open the way to a server of this machine; returns at once, since the server must not wait."""
        port = urlsplit(url).port or 80
        self._thread = threading.Thread(target=self._run, args=(port,), name="tunnel", daemon=True)
        self._thread.start()

    def ready(self, timeout_s: float | None = None) -> bool:
        """Wait until the webhook leads here; false where it does not in time.

        Raises:
            ProblemError: it did not open, or GitHub did not take the address; production is as it was.
        """
        came = self._ready.wait(timeout_s)
        if self._error is not None:
            raise self._error
        return came

    def stop(self, timeout_s: float = 15.0) -> None:
        """Put production back, and close the way."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, port: int) -> None:
        try:
            asyncio.run(self._serve(port))
        except BaseException as error:  # noqa: BLE001 - told here, and raised by `ready`
            first = problems_of(error)[0]
            self._told(f"tunnel: {first.what}: {first.why}; {first.fix}")
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self, port: int) -> None:
        gate = Gate(port) if self._gated else None
        with kept.held(self.home):
            try:
                inner = await gate.start() if gate is not None else port
                async with connect(self._settings) as connection:
                    said = await restore_left(connection.api, self.home, clock=SystemClock(), mine=True)
                    if said:
                        self._told(said)
                    try:
                        await self._point(connection, await self._way.open(inner))
                        self._ready.set()
                        await self._follow(connection)
                    finally:
                        said = await restore_left(connection.api, self.home, clock=SystemClock(), mine=True)
                        if said:
                            self._told(said)
            finally:
                await self._way.close()
                if gate is not None:
                    await gate.stop()

    async def _point(self, connection: Connection, root: str) -> None:
        url = hook_address(root)
        await repoint(connection.api, self.home, url, clock=SystemClock())
        self.url = url
        self._told(f"the webhook leads here, through {safe_text(url, max_chars=200)}, for as long as this runs")

    async def _follow(self, connection: Connection) -> None:
        while not await asyncio.to_thread(self._end.wait, self._follow_s):
            root = await self._way.address()
            if root and hook_address(root) != self.url:
                try:
                    await self._point(connection, root)
                except ProblemError as error:
                    self._told(f"tunnel: {error.problems[0].what}; it is tried again")


def restore_at_start(settings: Settings, told: Told) -> None:
    """Put production back where a process that held the webhook was killed; asks GitHub only then."""
    try:
        left = kept.read(settings.home)
        if left is None or left.standing == kept.Standing.SET or kept.is_held(settings.home):
            return

        async def restore() -> str:
            async with connect(settings) as connection:
                return await restore_left(connection.api, settings.home, clock=SystemClock())

        said = asyncio.run(restore())
    except ProblemError as error:
        told(f"production could not be restored: {error.problems[0].what}; it is tried again by the next start")
        return
    if said:
        told(said)
