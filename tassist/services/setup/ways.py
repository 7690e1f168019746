"""Which ways from the Internet to this machine are at hand, so that the installer can propose one.

An answer is a proposal only: whatever is odd, slow or absent means that there is none, and nothing waits for it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import socket
from urllib.parse import urlsplit

from engine.problems import ProblemError
from tassist.config.settings import Settings

LOOK_S = 1.0
"""An agent answers within milliseconds; whatever takes longer is none."""
_CONNECT_S = 0.3


def tunnels_at_hand(settings: Settings) -> tuple[str, ...]:
    """``agent`` where an ngrok agent is running here, ``ngrok`` where its package and an account's token are; never raises."""
    found = ("agent",) if _agent_runs(settings.text("ngrok_agent")) else ()
    return (*found, "ngrok") if _package_is_ready(settings) else found


def _agent_runs(api: str) -> bool:
    if not _listens(api):
        return False  # what speaks HTTP is loaded only where there is something to speak to

    from tassist.tunnel import agent

    async def look() -> bool:
        async with asyncio.timeout(LOOK_S):
            await agent.tunnels(api.rstrip("/"), timeout_s=LOOK_S)
        return True

    try:
        return asyncio.run(look())
    except (ProblemError, TimeoutError):
        return False


def _listens(api: str) -> bool:
    try:
        parts = urlsplit(api)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((host, port), timeout=_CONNECT_S):
            return bool(host)
    except (OSError, ValueError):
        return False


def _package_is_ready(settings: Settings) -> bool:
    if not settings.secret("ngrok_authtoken").reveal().strip():
        return False
    try:
        return importlib.util.find_spec("ngrok") is not None
    except ValueError:  # a module of that name that was not imported from a file
        return False
