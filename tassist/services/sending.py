"""Sends signed deliveries to a server of our own, and reads from the journal what became of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import re
import shlex
import time
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.problems import Problem, ProblemError
from tassist.config.settings import Settings
from tassist.errors import Secret
from tassist.services.deliveries import open_journal
from tassist.services.payloads import Taken
from tassist.store.model import DeliveryRow, RunRow
from tassist.store.place import Where
from tassist.text import safe_text

WEBHOOK_PATH = "/webhook"
TIMEOUT_S = 30.0
_GITHUB = ("github.com", "githubusercontent.com", "githubapp.com", "github.io", "github.dev", "ghe.com", "ghcr.io")
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 – read from the settings, not bound
_HEADER = re.compile(r"[\x20-\x7e]{1,128}")
_LONGEST_ARGUMENT = 60_000
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery that was sent, and what the server said."""

    url: str
    event: str
    delivery_id: str
    kept_id: bool
    """Whether it went under the id it had before."""
    size: int
    status: int
    answer: str
    """Its short answer: ``stored``, ``duplicate``, ``quarantined``, or why it refused."""

    @property
    def accepted(self) -> bool:
        """Whether the server has it."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Came:
    """What became of a delivery."""

    delivery: DeliveryRow
    run: RunRow | None


def own_url(settings: Settings) -> str:
    """The webhook's address of a server that runs with these settings.

    Raises:
        ProblemError: its port is chosen at its start, so that nobody here knows it.
    """
    port = settings.number("port")
    if port == 0:
        raise ProblemError(
            Problem(
                "port-unknown",
                "the port of the server is not known",
                "it is 0 in the settings: the server takes a free one",
                "give the address it printed: --to http://127.0.0.1:PORT/webhook",
            )
        )
    host = settings.text("host")
    host = _EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}{WEBHOOK_PATH}" if ":" in host else f"http://{host}:{port}{WEBHOOK_PATH}"


def checked_url(url: str, *, elsewhere: bool, api_url: str = "") -> str:
    """The address, where a delivery may be sent to it; a bare ``http://host:port`` gets the webhook's path.

    Args:
        url: As typed.
        elsewhere: Whether another machine than this one was confirmed.
        api_url: Of the GitHub in use, whose host is never sent to either.

    Raises:
        ProblemError: it is no address, GitHub's, or another machine's that nobody confirmed.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip(".").lower(), parts.port
    except ValueError:
        raise ProblemError(_no_target(url, "it is no address")) from None
    if parts.scheme not in {"http", "https"} or not host or re.search(r"[\s\\\x00-\x20\x7f]", url.strip()):
        raise ProblemError(_no_target(url, "it has the form http://HOST:PORT/webhook"))
    if "@" in parts.netloc or parts.fragment:
        raise ProblemError(_no_target(url, "an address with a name, a password or a fragment in it is refused"))
    loopback = _is_loopback(host)
    github = urlsplit(api_url)
    if any(host == name or host.endswith("." + name) for name in _GITHUB) or (
        host == (github.hostname or "").lower() and (not loopback or port == github.port)
    ):
        raise ProblemError(
            Problem(
                "target-is-github",
                f"{safe_text(host)} is GitHub's: nothing is sent there",
                "a delivery goes from GitHub to a server, never the other way",
                "to have GitHub send it again: tassist deliveries redeliver ID",
            )
        )
    if not loopback and not elsewhere:
        raise ProblemError(
            Problem(
                "target-elsewhere",
                f"{safe_text(host)} is not this machine",
                "whoever receives it gets a payload with a valid signature, and acts on it",
                "if that is what you want, add --elsewhere",
            )
        )
    return url.strip() if parts.path not in {"", "/"} else f"{parts.scheme}://{parts.netloc}{WEBHOOK_PATH}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False  # a name is what some resolver says it is
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def signature(body: bytes, secret: Secret) -> str:
    """`X-Hub-Signature-256` of a body.

    Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """
    return "sha256=" + hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()


def delivery_id_for(taken: Taken, *, keep: bool) -> tuple[str, bool]:
    """The id it goes under, and whether that is its own.

    Raises:
        ProblemError: it is to keep its id, and cannot.
    """
    if not keep:
        return str(uuid.uuid4()), False
    why = ""
    if not taken.delivery_id:
        why = "the file names none"
    elif taken.changed:
        why = "its body is not the one the journal has under that id, and an id stands for one body"
    elif not _HEADER.fullmatch(taken.delivery_id):
        why = "it holds characters no header carries"
    if why:
        raise ProblemError(
            Problem("delivery-id-not-kept", "it cannot go under its own delivery id", why, "leave out --keep-id")
        )
    return taken.delivery_id, True


def send(url: str, taken: Taken, secret: Secret, *, delivery_id: str, kept_id: bool = False) -> Sent:
    """Sign a delivery anew and send it, once; a redirect is not followed.

    Raises:
        ProblemError: nobody answers there.
    """
    import httpx

    loopback = _is_loopback((urlsplit(url).hostname or "").lower())
    try:
        # A proxy for the world outside has no business with this machine.
        with httpx.Client(trust_env=not loopback, timeout=TIMEOUT_S, follow_redirects=False) as client:
            answer = client.post(url, content=taken.body, headers=_headers(taken, secret, delivery_id))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise ProblemError(
            Problem(
                "server-unreachable",
                f"nobody answers at {safe_text(url, max_chars=200)}",
                safe_text(error, max_chars=200) or type(error).__name__,
                "start it with tassist serve, or name where it listens with --to",
                family="world",
            )
        ) from None
    return Sent(url, taken.event, delivery_id, kept_id, len(taken.body), answer.status_code, _said(answer.content))


def _headers(taken: Taken, secret: Secret, delivery_id: str) -> dict[str, str]:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", taken.event):
        raise ProblemError(
            Problem(
                "event-unnamed",
                f"{safe_text(taken.name)} does not say which event it is",
                "GitHub names the event in a header, which a bare payload lacks",
                'put it into an object with "event" and "payload"',
            )
        )
    return {
        "Content-Type": taken.content_type if _HEADER.fullmatch(taken.content_type) else "application/json",
        "User-Agent": "tassist",
        "X-GitHub-Event": taken.event,
        "X-GitHub-Delivery": delivery_id,
        "X-Hub-Signature-256": signature(taken.body, secret),
    }


def _said(content: bytes) -> str:
    try:
        answer = json.loads(content[:4096])
        return safe_text(answer.get("delivery") or answer.get("error") or "", max_chars=100)
    except (ValueError, AttributeError, RecursionError):
        return ""


def refusal(sent: Sent) -> Problem | None:
    """Why the server did not take it; ``None`` where it did."""
    if sent.accepted:
        return None
    what = f"the server answered {sent.status}" + (f": {sent.answer}" if sent.answer else "")
    if sent.status == 401:
        return Problem(
            "signature-refused",
            what,
            "it knows another webhook secret than this command",
            "give both the same GITHUB_WEBHOOK_SECRET, or the same --home",
            family="auth",
        )
    if sent.status == 400 and sent.answer == "quarantined":
        return Problem("payload-quarantined", what, "it stored the payload and set it aside: it is no JSON object")
    if sent.status in {502, 503, 504}:
        return Problem("server-busy", what, "it cannot store just now", "try again in a while", family="world")
    why = "a redirect is not followed: GitHub does not either" if 300 <= sent.status < 400 else ""
    return Problem("delivery-refused", what, why, "check the address: the path is /webhook")


def wait(home: Where, delivery_id: str, *, timeout_s: float, at_first: DeliveryRow | None = None) -> Came | None:
    """Wait until the journal says what became of a delivery; ``None`` where it does not in time.

    Args:
        home: Folder of the journal, or where the settings say it is.
        delivery_id: The whole id.
        timeout_s: How long to wait.
        at_first: As the journal had it before: it must have arrived once more.

    Raises:
        ProblemError: there is no journal there.
    """
    deadline = time.monotonic() + timeout_s
    with open_journal(home) as journal:
        while True:
            rows = [row for row in journal.find(delivery_id) if row.delivery_id == delivery_id]
            new = rows and (at_first is None or rows[0].duplicates > at_first.duplicates)
            if new and rows[0].state not in {"stored", "waiting"}:
                run = journal.run(rows[0].run_id) if rows[0].run_id else None
                return Came(rows[0], run)
            if time.monotonic() >= deadline:
                return None
            time.sleep(_POLL_S)


def waited_in_vain(delivery_id: str, timeout_s: float, what: str = "was not handled") -> Problem:
    """What to say when nothing came of waiting."""
    return Problem(
        "still-waiting",
        f"delivery {safe_text(delivery_id)} {what} within {timeout_s:.0f} s",
        "the service may be busy, not running, or keep its journal in another folder",
        f"look again: tassist deliveries show {safe_text(delivery_id)}",
        family="world",
    )


def as_curl(taken: Taken, url: str, secret: Secret) -> str:
    """A command line that sends it again: the signature is in it, the secret is not. Harmless to print and to run.

    It goes under its own id, where a header can carry that.
    """
    delivery_id = taken.delivery_id if _HEADER.fullmatch(taken.delivery_id) else str(uuid.uuid4())
    parts = ["curl", "--silent", "--show-error", "--include", "--request", "POST", shlex.quote(url)]
    lines = [" ".join(parts)]
    for name, value in _headers(taken, secret, delivery_id).items():
        if name != "User-Agent":
            lines.append(f"--header {shlex.quote(f'{name}: {value}')}")
    text = taken.body.decode("latin-1")
    if len(text) < _LONGEST_ARGUMENT and text.isascii() and text.isprintable():
        return " \\\n  ".join([*lines, f"--data-binary {shlex.quote(text)}"])
    # What a terminal or a shell could take for something else travels in base64, byte for byte.
    encoded = base64.encodebytes(taken.body).decode().rstrip("\n")
    head, *headers = lines
    command = " \\\n  ".join([f"base64 -d <<'END' | {head}", *headers, "--data-binary @-"])
    return f"{command}\n{encoded}\nEND"


def _no_target(url: str, why: str) -> Problem:
    return Problem(
        "target-wrong",
        f"{safe_text(url, max_chars=100)!r} cannot be sent to",
        why,
        "such as: --to http://127.0.0.1:8080/webhook",
    )
