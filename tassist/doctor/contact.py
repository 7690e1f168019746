"""One connection to a host, as far as it comes: through the proxy, through TLS, to the first answer."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

from engine.problems import Problem, ProblemError
from tassist.doctor.addresses import Target, resolve
from tassist.doctor.proxies import Proxy
from tassist.text import safe_text

TIMEOUT_S = 2.0
_MAX_HEAD = 32 * 1024


@dataclass(frozen=True, slots=True)
class Answered:
    """The head of an answer."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name; the last one counts where there are several."""
    seconds: float
    """How long it took from the request on."""
    certificate: Mapping[str, object]
    """As `ssl.SSLSocket.getpeercert` returns it; empty without TLS."""


def tls_context() -> ssl.SSLContext:
    """The same trust as the client's: ``SSL_CERT_FILE``, ``SSL_CERT_DIR``, else the bundle that comes along.

    Raises:
        ProblemError: the environment names a bundle that cannot be read.
    """
    import httpx

    try:
        return httpx.create_ssl_context(trust_env=True)
    except (OSError, ValueError, ssl.SSLError):
        raise ProblemError(
            Problem(
                "tls-bundle-unreadable",
                "SSL_CERT_FILE or SSL_CERT_DIR names nothing that can be read",
                "no certificate could be checked",
                "correct the path, or unset it",
            )
        ) from None


def ask(place: Target, proxy: Proxy | None, *, timeout_s: float = TIMEOUT_S) -> Answered:
    """Ask a host for its first page and return the head of its answer. No redirect is followed, nothing secret is sent.

    Raises:
        ProblemError: how far it came, in words.
    """
    with _connected(place, proxy, timeout_s) as plain:
        if place.scheme != "https":
            return _request(plain, place)
        try:
            with tls_context().wrap_socket(plain, server_hostname=place.host) as secured:
                return _request(secured, place, secured.getpeercert() or {})
        except ssl.SSLCertVerificationError as error:
            raise ProblemError(untrusted(place.host, error)) from None
        except (ssl.SSLError, OSError) as error:
            raise ProblemError(
                Problem(
                    "tls-failed",
                    f"{safe_text(place.host, max_chars=100)} and this machine agree on no encryption",
                    safe_text(getattr(error, "reason", None) or error, max_chars=120),
                    "a proxy or a firewall in between may speak no TLS; ask whoever runs it",
                    family="world",
                )
            ) from None


def untrusted(host: str, error: ssl.SSLCertVerificationError) -> Problem:
    """Why a certificate is not trusted, by OpenSSL's own number, and what to do."""
    name = safe_text(host, max_chars=100)
    bundle = "set SSL_CERT_FILE to your organisation's CA bundle; checking is never switched off"
    by_code = {
        9: ("is not valid yet", "this machine's clock may be wrong: timedatectl set-ntp true"),
        10: ("has expired", "whoever runs the host has to renew it; also check this machine's clock"),
        18: ("signed itself", bundle),
        19: ("comes from an authority this machine does not know", bundle),
        20: (
            "comes without the whole chain, or from an authority this machine does not know",
            f"the server has to send its intermediate certificates (nginx: fullchain.pem); or {bundle}",
        ),
        21: ("comes without the whole chain", "the server has to send its intermediate certificates (fullchain.pem)"),
        62: ("is for another name", "check the address; or whoever runs the host has to get one for this name"),
        64: ("is for another address", "use the host's name instead of its number"),
    }
    why, fix = by_code.get(
        error.verify_code, (f"is not trusted: {safe_text(error.verify_message, max_chars=100)}", bundle)
    )
    return Problem(
        "tls-untrusted",
        f"the certificate of {name} {why}",
        safe_text(error.verify_message, max_chars=100),
        fix,
        family="world",
    )


def _connected(place: Target, proxy: Proxy | None, timeout_s: float) -> socket.socket:
    if proxy is None:
        # IPv6 is often announced and does not work: try what the name server gave, in its order.
        return _to(resolve(place), place.port, timeout_s, safe_text(place.host, max_chars=100))
    try:
        plain = socket.create_connection((proxy.host, proxy.port), timeout=timeout_s)
    except OSError as error:
        raise ProblemError(
            Problem(
                "proxy-unreachable",
                f"the proxy {proxy.shown} cannot be reached",
                f"{proxy.variable} names it: {safe_text(error.strerror or error, max_chars=100)}",
                f"correct or unset {proxy.variable}; hosts that need no proxy go into NO_PROXY",
                family="world",
            )
        ) from None
    try:
        plain.settimeout(timeout_s)
        login = f"Proxy-Authorization: {proxy.authorization.reveal()}\r\n" if proxy.authorization else ""
        plain.sendall(
            f"CONNECT {place.host}:{place.port} HTTP/1.1\r\nHost: {place.host}:{place.port}\r\n{login}\r\n".encode()
        )
        status, _ = _head(plain)
    except OSError as error:
        plain.close()
        raise ProblemError(_proxy_refuses(proxy, safe_text(error, max_chars=100))) from None
    if status == 407:
        plain.close()
        given = "the one in the variable is not accepted" if proxy.authorization else "the variable holds none"
        raise ProblemError(
            Problem(
                "proxy-authentication",
                f"the proxy {proxy.shown} wants a user and a password",
                f"{given} (HTTP 407)",
                f"write {proxy.variable}=http://USER:PASSWORD@HOST:PORT, special characters as %XX (@ is %40)",
                family="auth",
            )
        )
    if not 200 <= status < 300:
        plain.close()
        raise ProblemError(_proxy_refuses(proxy, f"it answered {status}"))
    return plain


def _proxy_refuses(proxy: Proxy, why: str) -> Problem:
    return Problem(
        "proxy-refuses",
        f"the proxy {proxy.shown} does not let this machine through",
        why,
        "ask whoever runs it to allow the GitHub host, or put the host into NO_PROXY",
        family="world",
    )


def _to(numbers: tuple[str, ...], port: int, timeout_s: float, name: str) -> socket.socket:
    ends = time.monotonic() + timeout_s
    last: OSError | None = None
    for left, number in zip(range(len(numbers), 0, -1), numbers, strict=True):
        try:
            plain = socket.create_connection((number, port), timeout=max((ends - time.monotonic()) / left, 0.1))
        except OSError as error:
            last = error
            continue
        plain.settimeout(timeout_s)
        return plain
    why = "nothing answered in time" if isinstance(last, TimeoutError) else safe_text(last, max_chars=120)
    raise ProblemError(
        Problem(
            "host-unreachable",
            f"{name} cannot be reached",
            f"{', '.join(numbers)}, port {port}: {why}",
            "check the network and the firewall; behind a proxy set HTTPS_PROXY",
            family="world",
        )
    )


def _request(plain: socket.socket, place: Target, certificate: Mapping[str, object] | None = None) -> Answered:
    began = time.monotonic()
    host = f"[{place.host}]" if ":" in place.host else place.host
    try:
        plain.sendall(
            f"GET {place.path} HTTP/1.1\r\nHost: {host}:{place.port}\r\nUser-Agent: tassist-doctor\r\n"
            "Accept: application/json\r\nConnection: close\r\n\r\n".encode()
        )
        status, headers = _head(plain)
    except OSError as error:
        raise ProblemError(
            Problem(
                "host-silent",
                f"{safe_text(place.host, max_chars=100)} takes connections and does not answer",
                safe_text(error, max_chars=100),
                "try again in a moment; see https://www.githubstatus.com for github.com",
                family="world",
            )
        ) from None
    return Answered(status, headers, time.monotonic() - began, certificate or {})


def _head(plain: socket.socket) -> tuple[int, dict[str, str]]:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = plain.recv(4096)
        if not piece or len(received) > _MAX_HEAD:
            raise ConnectionError("the connection ended before an answer")
        received += piece
    lines = received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        raise ConnectionError("what answered there speaks no HTTP")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(words[1]), headers
