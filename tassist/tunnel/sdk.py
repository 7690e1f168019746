"""A tunnel opened by this process with ngrok's package, which is an optional part of tassist.

The package's own reports never reach a person as they are: they may hold the account's token.
"""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Awaitable
from typing import Any, cast

from engine.problems import Problem, ProblemError
from tassist.errors import Secret, redact
from tassist.text import safe_text

OPEN_S = 20.0


class NgrokTunnel:
    """One tunnel to a port of this machine."""

    def __init__(self, authtoken: Secret, *, domain: str = "") -> None:
        """Args beyond the obvious: ``domain`` is one the account owns; without one ngrok gives a changing address."""
        self._authtoken = authtoken
        self._domain = domain
        self._listener: Any = None

    async def open(self, port: int) -> str:
        """Open it; its public address.

        Raises:
            ProblemError: the package is not there, the account's token is missing or refused, or ngrok cannot be reached.
        """
        ngrok = _package()
        if not self._authtoken.reveal().strip():
            raise ProblemError(
                Problem(
                    "ngrok-token-missing",
                    "ngrok wants the token of an account",
                    "NGROK_AUTHTOKEN is not set",
                    "take it from https://dashboard.ngrok.com/get-started/your-authtoken and set NGROK_AUTHTOKEN",
                    family="auth",
                )
            )
        options: dict[str, Any] = {"authtoken": self._authtoken.reveal(), "metadata": "tassist"}
        if self._domain:
            options["domain"] = self._domain
        try:
            async with asyncio.timeout(OPEN_S):
                # It returns something to wait for where an event loop runs.
                made = ngrok.forward(f"127.0.0.1:{port}", **options)
                self._listener = await cast("Awaitable[Any]", made) if hasattr(made, "__await__") else made
        except TimeoutError:
            raise ProblemError(_unreachable("no answer in time")) from None
        except Exception as error:  # noqa: BLE001 - the package raises one kind for everything
            raise ProblemError(self._refused(error)) from None
        return str(self._listener.url()).rstrip("/")

    @property
    def url(self) -> str:
        """Its public address now; empty where it is not open."""
        return str(self._listener.url()).rstrip("/") if self._listener is not None else ""

    async def close(self) -> None:
        """Close it."""
        listener, self._listener = self._listener, None
        if listener is not None:
            made = listener.close()
            if hasattr(made, "__await__"):
                await made

    def _refused(self, error: Exception) -> Problem:
        text = redact(" ".join(str(part) for part in error.args) or str(error), self._authtoken.reveal())
        code = re.search(r"ERR_NGROK_\d+", text)
        said = safe_text(text.replace("\n", " "), max_chars=300)
        if code is None:
            return _unreachable(said)
        if code.group() in {"ERR_NGROK_105", "ERR_NGROK_106", "ERR_NGROK_107", "ERR_NGROK_4018"}:
            return Problem(
                "ngrok-token-refused",
                f"ngrok does not accept the token ({code.group()})",
                said,
                "copy it again from https://dashboard.ngrok.com/get-started/your-authtoken",
                family="auth",
            )
        return Problem(
            "ngrok-refuses",
            f"ngrok opens no tunnel ({code.group()})",
            said,
            "look at the account's endpoints and usage at https://dashboard.ngrok.com",
            family="world",
        )


def _package() -> Any:
    try:
        return importlib.import_module("ngrok")
    except ImportError:
        raise ProblemError(
            Problem(
                "ngrok-not-installed",
                "the package ngrok is not installed",
                "it is an optional part of tassist",
                "install it: pip install 'tassist[ngrok]'; or start an agent and use --tunnel agent",
            )
        ) from None


def _unreachable(why: str) -> Problem:
    return Problem(
        "ngrok-unreachable",
        "ngrok cannot be reached",
        why,
        "check the network and the firewall (connect.ngrok-agent.com:443); or use --poll, which needs no tunnel",
        family="world",
    )
