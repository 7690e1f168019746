"""Where the App's webhook leads now, as GitHub says, and how the last delivery there fared: drift seen at a glance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from engine.problems import ProblemError
from tassist.github.connection import Connection
from tassist.text import safe_text

_TUNNELS = ("ngrok", "trycloudflare", "loca.lt", "smee.io", "localhost.run", "devtunnels")


@dataclass(frozen=True, slots=True)
class Hook:
    """What GitHub says of the webhook."""

    url: str
    """Empty where there is none, or GitHub was not asked."""
    tunnel: bool
    """Whether its address is one of a tunnel, which changes or ends with its process."""
    last_status: str
    """What GitHub notes about the last delivery."""
    good: bool | None
    """``None`` where nobody knows."""
    said: str
    at: datetime


async def look(connect: Callable[..., Connection], *, now: datetime) -> Hook:
    """Ask GitHub, with tokens that cannot write; what keeps it from answering is said, not raised.

    Args:
        connect: Opens a connection; ``dry=True`` is passed.
        now: The present.
    """
    try:
        async with connect(dry=True) as connection:
            found = await connection.api.hook_config()
            if found is None or not found.url:
                return Hook("", tunnel=False, last_status="", good=None, said="the App has none: use --poll", at=now)
            last = None
            async for page in connection.api.deliveries():
                last = page[0] if page else None
                break
    except ProblemError as error:
        problem = error.problems[0]
        return Hook("", tunnel=False, last_status="", good=None, said=f"could not be asked: {problem.what}", at=now)
    host = urlsplit(found.url).hostname or ""
    tunnel = any(name in host for name in _TUNNELS)
    status = (last.status or "") if last is not None else ""
    code = (last.status_code or 0) if last is not None else 0
    good = None if last is None else 200 <= code < 300
    words = "no delivery yet" if last is None else f"last: {code} {status}"
    insecure = str(found.insecure_ssl or "0") not in {"0", "0.0"}
    said = f"{safe_text(found.url, max_chars=120)}{' (tunnel)' if tunnel else ''}, {safe_text(words, max_chars=60)}"
    return Hook(found.url, tunnel, status, good, f"{said}{', TLS is not checked' if insecure else ''}", now)
