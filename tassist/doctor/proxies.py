"""The proxies of the environment: which one a host goes through, and its address without its password."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from tassist.errors import Secret
from tassist.text import safe_text

VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy as the environment names it."""

    variable: str
    scheme: str
    host: str
    port: int
    authorization: Secret = field(repr=False)
    """``Proxy-Authorization``, empty where it wants none."""

    @property
    def shown(self) -> str:
        """Its address for a person; a user or a password is never in it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{'***@' if self.authorization else ''}{safe_text(host, max_chars=100)}:{self.port}"


def proxy_for(host: str, environment: Mapping[str, str]) -> Proxy | None:
    """The proxy a TLS connection to a host goes through; ``None``: it goes directly.

    Raises:
        ValueError: the variable holds no address of a proxy; the text names the variable alone.
    """
    name = next((name for name in VARIABLES if environment.get(name, "").strip()), None)
    if name is None or exempt(host, environment):
        return None
    raw = environment[name].strip()
    text = raw if "://" in raw else f"http://{raw}"
    # The last @ ends the password: one that holds an @ unescaped is read as people mean it.
    scheme, _, rest = text.partition("://")
    login, at, place = rest.rpartition("@")
    try:
        parts = urlsplit(f"{scheme}://{place}")
        port = parts.port or (443 if scheme == "https" else 3128 if scheme == "http" and not parts.port else 1080)
    except ValueError:
        raise ValueError(name) from None
    if not parts.hostname:
        raise ValueError(name)
    given = ""
    if at:
        user, _, password = login.partition(":")
        given = "Basic " + base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    if scheme in {"http", "https"} and parts.port is None:
        port = 443 if scheme == "https" else 80
    return Proxy(name, scheme.lower(), parts.hostname, port, Secret(given))


def exempt(host: str, environment: Mapping[str, str]) -> bool:
    """Whether ``NO_PROXY`` names a host: itself, a domain above it, or all of them."""
    listed = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    for entry in (part.strip().lower() for part in listed.split(",")):
        if not entry:
            continue
        bare = entry.removeprefix("*").removeprefix(".").partition(":")[0] if entry != "*" else "*"
        if bare == "*" or host.lower() == bare or host.lower().endswith(f".{bare}"):
            return True
    return False


def ranges(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Entries of ``NO_PROXY`` that are ranges of addresses, which the client does not read as such."""
    listed = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return tuple(entry for entry in (part.strip() for part in listed.split(",")) if "/" in entry and "://" not in entry)
