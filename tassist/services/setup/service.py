"""Sees one real delivery: in GitHub's own log, sent to a server that runs for that if none does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from typing_extensions import override

from engine.problems import Problem, ProblemError
from setup_wizard.ports import ServicePort
from tassist import secrets
from tassist.config.settings import Settings
from tassist.errors import redact
from tassist.github.connection import Connection
from tassist.github.wire import DeliveryWire
from tassist.services.demo.process import ServerProcess
from tassist.text import safe_text

LOOK_S = 1.0
PATIENCE_S = 60.0
MAX_LOOKED_AT = 200


class RealService(ServicePort):
    """The server of this machine, below the home folder."""

    def __init__(
        self, settings: Settings, env: Mapping[str, str], *, look_s: float = LOOK_S, patience_s: float = PATIENCE_S
    ) -> None:
        """Args beyond the obvious: how often GitHub's log is read, and how long at most, in seconds."""
        self._settings = settings
        self._env = env
        self._look_s = look_s
        self._patience_s = patience_s

    @override
    async def delivery_seen(self, *, polls: bool) -> str:
        if not _has_app(self._settings):
            return ""
        found = await self._log()
        arrived = next((item for item in found if _ok(item)), found[0] if polls and found else None)
        return _said(arrived) if arrived is not None else ""

    @override
    async def prove(self, *, polls: bool, tunnel: str = "") -> str:
        stack = contextlib.ExitStack()
        found: list[DeliveryWire] = []
        try:
            # Starting a process and opening a tunnel block; whoever shows what is going on must not.
            await asyncio.to_thread(stack.enter_context, self.serving(polls=polls, tunnel=tunnel))
            asked = False
            for _ in range(max(1, round(self._patience_s / self._look_s))):
                found = await self._log()
                arrived = next((item for item in found if polls or _ok(item)), None)
                if arrived is not None:
                    return _said(arrived)
                if found and not asked and found[0].id is not None:
                    # The ping was sent when the App was made; nobody listened then.
                    await self._again(found[-1].id or found[0].id)
                    asked = True
                await asyncio.sleep(self._look_s)
        finally:
            await asyncio.to_thread(stack.close)
        raise ProblemError(_nothing_came(found))

    async def _log(self) -> list[DeliveryWire]:
        """The newest attempts in GitHub's log, newest first."""
        found: list[DeliveryWire] = []
        async with self._connection() as connection:
            async for page in connection.api.deliveries():
                found += page
                if len(found) >= MAX_LOOKED_AT:
                    break
        return found

    async def _again(self, attempt_id: int) -> None:
        async with self._connection() as connection:
            await connection.api.redeliver(attempt_id)

    def _connection(self) -> Connection:
        return Connection(secrets.load(self._settings))

    @contextmanager
    def serving(self, *, polls: bool, tunnel: str = "") -> Iterator[None]:
        """The server, started for the moment unless something listens on its port already, or nothing has to."""
        if polls:
            yield
            return
        host, port = self._settings.text("host"), self._settings.number("port")
        if _listens(host, port):
            yield
            return
        more = ("--tunnel", tunnel) if tunnel else ()
        with ServerProcess(self._settings.home, self._env, port=port, more=more) as server:
            server.start()
            if tunnel:
                self._wait_for_tunnel(server)
            yield
            server.stop()

    def _wait_for_tunnel(self, server: ServerProcess) -> None:
        """Until the webhook leads here; the server's own words where it does not."""
        from tassist.services.switching import is_held, read

        for _ in range(300):
            kept = read(self._settings.home)
            if kept is not None and kept.standing == "held" and is_held(self._settings.home):
                return
            said = [line for line in server.log.read_text(errors="replace").splitlines() if "tunnel: " in line]
            if said or not server.alive():
                raise ProblemError(
                    Problem(
                        "tunnel-not-open",
                        "the tunnel did not open",
                        safe_text(
                            redact(said[-1].partition("tunnel: ")[2] if said else "the server ended"), max_chars=300
                        ),
                        "mend what it names and try again; or go back and choose: not at all",
                        family="world",
                    )
                )
            time.sleep(0.1)


def _has_app(settings: Settings) -> bool:
    return secrets.credentials_path(settings.home).exists() or bool(settings.text("app_id"))


def _ok(item: DeliveryWire) -> bool:
    return item.status_code is not None and 200 <= item.status_code < 300


def _said(item: DeliveryWire) -> str:
    name = f"{item.event or '?'}{'.' + item.action if item.action else ''}"
    outcome = f"answered {item.status_code}" if _ok(item) else "in GitHub's log, where --poll reads it"
    return f"delivery {safe_text(name, max_chars=60)} {safe_text(item.guid or '', max_chars=40)}: {outcome}"


def _nothing_came(found: list[DeliveryWire]) -> Problem:
    if not found:
        return Problem(
            "no-delivery",
            "GitHub has sent no delivery yet",
            "its log of the App's deliveries is empty",
            "install the App on a repository, or look at the App's settings, Advanced, Recent Deliveries",
            family="world",
        )
    newest = found[0]
    return Problem(
        "delivery-not-accepted",
        "GitHub's deliveries do not arrive here",
        f"GitHub says of the newest: {safe_text(newest.status or 'no status', max_chars=100)} (status {newest.status_code or 'none'})",
        "check that the webhook's address leads to this machine's port; tassist doctor looks at every part of the way",
        family="world",
    )


def _listens(host: str, port: int) -> bool:
    target = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 – compared, not bound
    with contextlib.suppress(OSError), socket.create_connection((target, port), timeout=1):
        return True
    return False
