"""The way in from the Internet: signed deliveries of our own, sent to the webhook's public address, and what comes back.

One small ping with the right signature is stored like any other; everything else carries a wrong one on purpose, so that it
is read whole, refused by us, and leaves nothing behind. What is not refused in our own words was answered by somebody else.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import ssl
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx

from tassist.doctor.check import Check, Finding, failed, ok, skipped, warning
from tassist.doctor.contact import tls_context, untrusted
from tassist.errors import Secret, redact
from tassist.text import safe_text

LARGE_BYTES = 1_200_000
"""Above nginx's limit where nobody raised it (1 MiB); GitHub's payloads often are."""
LARGEST_BYTES = 25 * 2**20 - 1024
"""GitHub's own cap, nearly. Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap"""
GITHUB_WAITS_S = 10.0
NOBODY = "webhook.invalid"


@dataclass
class Entrance:
    """What is knocked at."""

    url: str
    """The webhook's address, as GitHub has it; empty where there is none."""
    secret: Secret
    why_not: str = ""
    """Where it cannot be tried, why."""
    timeout_s: float = 2.2
    pause_s: float = 0.5
    """Between the pieces of a slow one."""
    deep: bool = False
    """Also send as much as GitHub may, and slowly."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: str
    location: str = ""
    server: str = ""
    ngrok: str = ""
    """ngrok's own error code, where it answered instead of us."""

    @property
    def said(self) -> str:
        """What our own server said, ``""`` where somebody else answered."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return ""
        if not isinstance(document, dict) or len(document) != 1:
            return ""
        (key, value), *_ = document.items()
        return str(value) if key in {"delivery", "error"} else ""


async def _way_in(place: Entrance) -> Finding:
    if place.why_not:
        return skipped(place.why_not)
    if urlsplit(place.url).hostname == NOBODY:
        return skipped("nothing is public: tassist serve --poll asks GitHub instead")
    async with _client(place) as client:
        asked = [
            _send(client, place.url, place.secret, _ping(), good=True),
            _send(client, place.url, place.secret, _ping(), good=False),
            _send(client, place.url, place.secret, _ping(LARGE_BYTES), good=False),
        ]
        if place.deep:
            asked += [
                _send(client, place.url, place.secret, _ping(LARGEST_BYTES), good=False),
                _send(client, place.url, place.secret, _ping(LARGE_BYTES), good=False, pause_s=place.pause_s),
            ]
        answers = await asyncio.gather(*asked)
    signed, unsigned, *larger = answers
    if isinstance(signed, Finding):
        return signed
    finding = _judge(place.url, signed)
    if finding is not None:
        return finding
    if not isinstance(unsigned, Finding) and unsigned.said != "bad_signature":
        return failed(
            f"something at {_host(place.url)} takes deliveries that nobody signed",
            f"it answered {unsigned.status} to a wrong signature; it is not tassist, or something before it answers",
            "look at what the reverse proxy does with POST requests to that path",
        )
    sizes = ("1 MB", "25 MB", "1 MB, slowly")
    for size, answer in zip(sizes, larger, strict=False):
        if isinstance(answer, Finding):
            return failed(f"a payload of {size} did not arrive", f"{answer.said}: {answer.why}", answer.fix)
        if answer.status == 413:
            return failed(
                f"payloads of {size} are refused before they reach tassist (HTTP 413)",
                "GitHub's may have up to 25 MB, and a refused one is lost; nginx takes 1 MB unless it is told otherwise",
                "nginx: client_max_body_size 25m; Caddy has no limit of its own; then: systemctl reload nginx",
            )
        if answer.said != "bad_signature":
            return failed(
                f"a payload of {size} is answered {answer.status} by something before tassist",
                "a short one arrives, so a limit of size or of time is in the way",
                "look at the reverse proxy's limits: body size, buffering, time-outs",
            )
    return ok(
        f"a signed delivery to {_host(place.url)} was stored" + ("; 25 MB and slow ones pass too" if place.deep else "")
    )


async def _only_the_hook(place: Entrance) -> Finding:
    if place.why_not or urlsplit(place.url).hostname == NOBODY:
        return skipped(place.why_not or "nothing is public")
    parts = urlsplit(place.url)
    if re.fullmatch(r"127\.\d+\.\d+\.\d+", parts.hostname or "") or parts.hostname == "::1":
        return ok("the webhook is at this machine's own address, which nobody else reaches")
    open_ = []
    async with _client(place) as client:
        for path in ("/metrics", "/healthz"):
            url = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
            try:
                answer = await client.get(url)
            except (httpx.HTTPError, ValueError):
                return skipped("the public address does not answer")
            ours = (path == "/metrics" and "tassist_" in answer.text) or (
                path == "/healthz" and '"status"' in answer.text
            )
            if answer.status_code == 200 and ours:
                open_.append(path)
    if "/metrics" in open_:
        return failed(
            f"figures of this service can be read by everybody, at {_host(place.url)}/metrics",
            "whoever forwards requests hides where they come from",
            "let only /webhook through; or set TASSIST_METRICS_TOKEN",
        )
    if open_:
        return warning(
            f"{', '.join(open_)} can be read by everybody",
            "only the webhook has to be public",
            "let only /webhook through; tassist serve --tunnel does by itself",
        )
    return ok("only the webhook is public")


def _judge(url: str, answer: Answer) -> Finding | None:
    """What keeps a signed ping from being stored; ``None`` where nothing does."""
    status, said, host = answer.status, answer.said, _host(url)
    if answer.ngrok:
        return failed(
            f"ngrok answers instead of tassist ({safe_text(answer.ngrok, max_chars=40)})",
            "the tunnel is not open" if "3200" in answer.ngrok else "ngrok refuses, perhaps because a quota is used up",
            "start tassist serve --tunnel ngrok; or look at the account's usage at dashboard.ngrok.com",
        )
    if 200 <= status < 300:
        if said in {"stored", "duplicate"}:
            return None
        return failed(
            f"something other than tassist answers at {host} (HTTP {status})",
            "GitHub would think its deliveries had been taken, and they would be lost",
            "look at what the reverse proxy does with POST requests to that path",
        )
    if 300 <= status < 400:
        to = safe_text(redact(answer.location), max_chars=120)
        return failed(
            f"{host} redirects (HTTP {status}) to {to or 'elsewhere'}",
            "GitHub follows no redirect: the delivery counts as failed and is lost",
            f"tassist switch prod --url {to}" if to.startswith("https://") else "end the redirect for that path",
        )
    if status == 401 and said == "bad_signature":
        return failed(
            "tassist refuses the signature of its own delivery",
            "the running service has another webhook secret, or something in between changes the body",
            "start the service again; if that does not help, look for compression or rewriting in the reverse proxy",
        )
    if status in {401, 403, 407}:
        return failed(
            f"{host} wants a login or blocks the request (HTTP {status})",
            "GitHub has no login there",
            "let POST requests to the webhook's path through without one; allow GitHub's addresses: api.github.com/meta, hooks",
        )
    if status == 404 and said == "not found":
        return failed(
            "the request reaches tassist under another path than /webhook",
            "the reverse proxy adds or removes a part of the path",
            "nginx: location = /webhook { proxy_pass http://127.0.0.1:8080; } without a slash at the end of the address",
        )
    if status == 404:
        return failed(
            f"{host} does not know that path (HTTP 404)", "it does not reach tassist", "forward the path to the service"
        )
    if status == 413:
        return failed(f"{host} refuses even a short body (HTTP 413)", fix="nginx: client_max_body_size 25m")
    if status in {502, 503, 504} and not said:
        return failed(
            f"{host} answers, and the service behind it does not (HTTP {status})",
            "tassist is not running there, or the reverse proxy forwards to another port",
            "start it: tassist serve; and compare its port with the reverse proxy's",
        )
    if status == 503:
        return failed("tassist could not store a delivery", said, "tassist doctor --only folder,disk")
    return failed(f"{host} answers {status}", safe_text(said, max_chars=80), "look at the reverse proxy's log")


def _client(place: Entrance) -> httpx.AsyncClient:
    parts = urlsplit(place.url)
    # Reading the bundle takes a third of a second; without TLS nothing would be compared with it.
    context = tls_context() if parts.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.AsyncClient(
        follow_redirects=False,
        timeout=max(place.timeout_s, 90.0 if place.deep else 0.0),
        verify=context,
        trust_env=parts.hostname not in {"127.0.0.1", "localhost", "::1"},
        headers={"user-agent": "GitHub-Hookshot/tassist-doctor"},
    )


async def _send(
    client: httpx.AsyncClient, url: str, secret: Secret, body: bytes, *, good: bool, pause_s: float = 0.0
) -> Answer | Finding:
    key = secret.reveal().encode() if good else uuid.uuid4().bytes
    headers = {
        "content-type": "application/json",
        "x-github-event": "ping",
        "x-github-delivery": f"doctor-{uuid.uuid4()}",
        "x-hub-signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest(),
    }
    host = _host(url)
    try:
        answer = await client.post(url, content=_pieces(body, pause_s) if pause_s else body, headers=headers)
    except httpx.TimeoutException:
        return failed(
            f"{host} does not answer in time",
            f"GitHub waits {GITHUB_WAITS_S:.0f} seconds",
            "check that the address leads here, and that a firewall lets GitHub in",
        )
    except httpx.HTTPError as error:
        cause = _certificate(error)
        if cause is not None:
            problem = untrusted(urlsplit(url).hostname or "", cause)
            return failed(problem.what, problem.why, problem.fix)
        return failed(
            f"{host} cannot be reached",
            safe_text(redact(str(error)), max_chars=120) or type(error).__name__,
            "check the name, the firewall and that the reverse proxy or the tunnel runs",
        )
    except (httpx.InvalidURL, ValueError):
        return failed("the webhook's address is none", fix="tassist switch prod --url https://…/webhook")
    return Answer(
        answer.status_code,
        answer.text[:2000],
        answer.headers.get("location", ""),
        answer.headers.get("server", ""),
        answer.headers.get("ngrok-error-code", ""),
    )


async def _pieces(body: bytes, pause_s: float) -> AsyncIterator[bytes]:
    """A body that trickles in, as from a slow line."""
    size = len(body) // 8 + 1
    for at in range(0, len(body), size):
        yield body[at : at + size]
        await asyncio.sleep(pause_s)


def _certificate(error: BaseException) -> ssl.SSLCertVerificationError | None:
    def chain(one: BaseException | None) -> Iterator[BaseException]:
        while one is not None:
            yield one
            one = one.__cause__ or one.__context__

    return next((each for each in chain(error) if isinstance(each, ssl.SSLCertVerificationError)), None)


def _ping(size: int = 0) -> bytes:
    document = {"zen": "Practicality beats purity.", "hook_id": 0, "filler": ""}
    short = json.dumps(document)
    return json.dumps(document | {"filler": "." * max(size - len(short), 0)}).encode()


def _host(url: str) -> str:
    try:
        return safe_text(urlsplit(url).netloc.rpartition("@")[2] or "the address", max_chars=100)
    except ValueError:
        return "the address"


CHECKS: tuple[Check[Entrance], ...] = (
    Check(
        "way-in",
        "Way in",
        "A signed ping is sent to the webhook's public address, as GitHub would, and has to come back stored; one with a "
        "wrong signature and one of more than a megabyte have to be refused in tassist's own words. So a redirect, a "
        "certificate without its chain, a limit of body size, a path that is rewritten, a login and a stranger who takes "
        "everything are told apart. `--deep` sends 25 MB as well, and slowly.",
        _way_in,
    ),
    Check(
        "public-paths",
        "Public paths",
        "Only the webhook has to be public. `/metrics` and `/healthz` are asked for at the public address.",
        _only_the_hook,
    ),
)
