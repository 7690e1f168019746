"""Which addresses a token may be sent to: https, no user in it, and no host that resolves to a machine's own inside."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.problems import Problem, ProblemError
from tassist.text import safe_text

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """An address, taken apart and judged by its text alone."""

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def own(self) -> bool:
        """This machine, named as such."""
        return self.host in LOOPBACK


def target(url: str) -> Target:
    """Take an address apart.

    Raises:
        ProblemError: it is none, hides where it leads, or could be read on its way.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise ProblemError(_refused("it is not an address")) from None
    if "@" in parts.netloc:
        raise ProblemError(_refused("it holds a user name or a password"))
    if not host or "\\" in url or any(char.isspace() for char in url.strip()):
        raise ProblemError(_refused("it is not an address"))
    own = host in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and own):
        raise ProblemError(_refused("it does not begin with https://"))
    return Target(url.strip(), parts.scheme, host, port or (443 if parts.scheme == "https" else 80), parts.path or "/")


def resolve(place: Target) -> tuple[str, ...]:
    """The numbers of a host, each judged; whoever connects takes these and asks no name server again.

    So a name that answers one thing now and another a moment later leads nowhere it should not (DNS rebinding).

    Raises:
        ProblemError: the name is not known, or one of its numbers is not one to send a token to.
    """
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ProblemError(
            Problem(
                "dns-unknown",
                f"the name {safe_text(place.host, max_chars=100)} is not known",
                safe_text(getattr(error, "strerror", None) or error, max_chars=100),
                "check the spelling, the network and /etc/resolv.conf; behind a proxy set HTTPS_PROXY",
                family="world",
            )
        ) from None
    numbers = tuple(dict.fromkeys(str(item[4][0]) for item in found))
    for number in numbers:
        why = forbidden(number, own=place.own)
        if why:
            raise ProblemError(
                Problem(
                    "address-refused",
                    f"{safe_text(place.host, max_chars=100)} is at {number}",
                    why,
                    "check GITHUB_API_URL and the name server; tokens are not sent there",
                )
            )
    return numbers


def forbidden(number: str, *, own: bool = False) -> str:
    """Why nothing is sent to an address, in words; empty where it may be. Private networks may be: servers live there.

    Args:
        number: An IP address, with or without a zone.
        own: The host was named as this machine, so that its own numbers are meant.
    """
    try:
        address: Address = ipaddress.ip_address(number.partition("%")[0])
    except ValueError:
        return "it is no IP address"
    inner: Address = getattr(address, "ipv4_mapped", None) or address
    if isinstance(inner, ipaddress.IPv6Address) and inner.sixtofour is not None:
        inner = inner.sixtofour
    if inner.is_loopback:
        return "" if own else "that is this machine, and another one was meant"
    if inner.is_link_local:
        return "that is a link-local address, where cloud machines keep their own credentials"
    if inner.is_unspecified:
        return "that is no address of a machine"
    if inner.is_multicast:
        return "that is an address of many machines at once"
    if inner.is_reserved:
        return "that is a reserved address"
    return ""


def _refused(why: str) -> Problem:
    return Problem(
        "address-refused",
        "GITHUB_API_URL cannot be used",
        f"{why}; it is not shown here",
        "leave it out for github.com, or set https://HOST/api/v3",
    )
