"""What GitHub says of the App, each asked once however many checks want it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from engine.problems import Problem, ProblemError
from tassist import secrets
from tassist.config.settings import Settings
from tassist.github.client import Patience
from tassist.github.connection import Connection
from tassist.github.wire import AppWire, DeliveryWire, HookConfigWire, InstallationWire

T = TypeVar("T")
AT_ONCE = Patience(backoff_s=(), lag_s=(), hold_s=0.0, queue_s=0.0)
"""A check does not sleep through trouble: it says what it is."""


class NotYet(ProblemError):  # noqa: N818 - not an error: there is nothing to look at
    """There is no App to ask about."""


@dataclass
class AppSide:
    """The App at GitHub. Close it."""

    settings: Settings | None
    home: Path
    _asked: dict[str, asyncio.Task[Any]] = field(default_factory=dict, repr=False)
    _connection: Connection | None = field(default=None, repr=False)

    async def connection(self) -> Connection:
        """As the App.

        Raises:
            NotYet: there are no credentials.
            ProblemError: they cannot be used.
        """
        return await self._once("connection", self._connect)

    async def app(self) -> AppWire:
        """The App as registered."""
        return await self._once("app", lambda: self._with(lambda api: api.api.app()))

    async def hook(self) -> HookConfigWire | None:
        """Its webhook."""
        return await self._once("hook", lambda: self._with(lambda api: api.api.hook_config()))

    async def installations(self) -> list[InstallationWire]:
        """Where it is installed."""
        return await self._once("installations", lambda: self._with(lambda api: api.api.installations()))

    async def deliveries(self) -> list[DeliveryWire]:
        """The newest of its delivery log, newest first."""

        async def newest(connection: Connection) -> list[DeliveryWire]:
            async for page in connection.api.deliveries():
                return page
            return []

        return await self._once("deliveries", lambda: self._with(newest))

    async def close(self) -> None:
        """Give the connection back."""
        for asked in self._asked.values():
            asked.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()

    async def _connect(self) -> Connection:
        if self.settings is None:
            raise NotYet(Problem("no-settings", "the settings cannot be read"))
        path = secrets.credentials_path(self.home)
        given = (
            self.settings.text("app_id")
            or self.settings.secret("private_key")
            or self.settings.path("private_key_file")
        )
        if not given and not path.exists() and not path.is_symlink():
            raise NotYet(Problem("no-app", "there is no App yet; tassist setup makes one"))
        settings = self.settings
        # A keyring may take its time.
        app = await asyncio.to_thread(lambda: secrets.load(settings))
        self._connection = Connection(app, dry=True, patience=AT_ONCE)
        return self._connection

    async def _with(self, ask: Callable[[Connection], Awaitable[T]]) -> T:
        return await ask(await self.connection())

    async def _once(self, name: str, ask: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            return await ask()

        if name not in self._asked:
            task = asyncio.create_task(run(), name=f"doctor-{name}")
            task.add_done_callback(lambda done: None if done.cancelled() else done.exception())
            self._asked[name] = task
        found: T = await asyncio.shield(self._asked[name])
        return found
