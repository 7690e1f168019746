"""What GitHub's refusals mean: each documented kind is told apart, since each wants something else.

Pure: an answer's status, headers and body go in, a `Fault` comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache

import msgspec

from engine.problems import Family, Problem, ProblemError
from tassist.errors import redact
from tassist.github.wire import ErrorItem, ErrorWire
from tassist.text import safe_text

MIN_WAIT_S = 1.0
MAX_WAIT_S = 3600.0
SECONDARY_WAIT_S = 60.0


class Kind(StrEnum):
    """Why a request did not get what it wanted."""

    RATE_PRIMARY = "rate-primary"
    RATE_SECONDARY = "rate-secondary"
    ARCHIVED = "archived"
    SUSPENDED = "suspended"
    BLOCKED = "blocked"
    PERMISSION = "permission"
    IP_ALLOW_LIST = "ip-allow-list"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not-found"
    GONE = "gone"
    ALREADY_EXISTS = "already-exists"
    LAGGING = "lagging"
    INVALID = "invalid"
    CONFLICT = "conflict"
    SERVER = "server-error"
    GARBLED = "garbled"
    REDIRECT = "redirect"
    OTHER = "refused"


_SENTENCES: dict[Kind, tuple[str, str, Family]] = {
    Kind.RATE_PRIMARY: ("the hourly number of requests is used up", "wait; it starts again by itself", "world"),
    Kind.RATE_SECONDARY: ("GitHub asks us to slow down", "wait; it goes on by itself", "world"),
    Kind.ARCHIVED: ("the repository is archived, so it is read-only", "unarchive it, or leave it alone", "yours"),
    Kind.SUSPENDED: (
        "the App's installation is suspended",
        "unsuspend it in the account's settings, under Applications",
        "auth",
    ),
    Kind.BLOCKED: ("GitHub blocks access to the repository", "ask GitHub's support why", "auth"),
    Kind.PERMISSION: (
        "the App lacks a permission for this",
        "grant it in the App's settings, and accept it in the installation's",
        "auth",
    ),
    Kind.IP_ALLOW_LIST: (
        "the organisation admits only certain IP addresses",
        "add this machine's address to the organisation's IP allow list",
        "auth",
    ),
    Kind.UNAUTHORIZED: ("GitHub does not accept the App's credentials", "run tassist doctor", "auth"),
    Kind.NOT_FOUND: (
        "there is no such thing, or the App may not see it",
        "check the spelling, and that the App is installed there",
        "yours",
    ),
    Kind.GONE: ("it has been deleted, or issues are switched off", "", "yours"),
    Kind.ALREADY_EXISTS: ("it exists already", "", "yours"),
    Kind.LAGGING: ("GitHub does not see the issue yet", "wait; it goes on by itself", "world"),
    Kind.INVALID: ("GitHub does not accept a value", "mend the value it names", "yours"),
    Kind.CONFLICT: ("something else changed it at the same moment", "try again", "world"),
    Kind.SERVER: ("GitHub has trouble of its own", "wait; https://www.githubstatus.com", "world"),
    Kind.GARBLED: ("the answer is not what GitHub sends", "look for a proxy in between; then try again", "world"),
    Kind.REDIRECT: ("the answer leads to another host", "check GITHUB_API_URL; no token was sent there", "world"),
    Kind.OTHER: ("GitHub refuses the request", "", "world"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal, told apart."""

    kind: Kind
    status: int
    doing: str
    """What was asked: method and path, without query."""
    message: str = ""
    """GitHub's own words, made safe."""
    fields: tuple[str, ...] = ()
    """Fields a 422 names, as ``resource.field: code``."""
    after_s: float | None = None
    """How long GitHub wants to be left alone."""

    def problem(self) -> Problem:
        """The fault in words."""
        what, fix, family = _SENTENCES[self.kind]
        said = "; ".join(part for part in (self.message, ", ".join(self.fields)) if part)
        why = f"{self.doing} → {self.status or 'no answer'}" + (f", {said!r}" if said else "")
        if self.after_s is not None:
            fix = f"{fix} (in {self.after_s:.0f} s)" if fix else f"try again in {self.after_s:.0f} s"
        return Problem(code=f"github-{self.kind}", what=what, why=why, fix=fix, family=family)


class Refused(ProblemError):  # noqa: N818 – it says what GitHub did
    """GitHub answered, and no retry of the same request will help."""

    def __init__(self, fault: Fault, problem: Problem | None = None) -> None:
        """Args: ``problem`` says it in better words than the fault's own, where more is known."""
        super().__init__(problem or fault.problem())
        self.fault = fault


def classify(
    status: int, headers: Mapping[str, str], body: bytes, *, doing: str, now: datetime, strikes: int = 0
) -> Fault:
    """Tell which fault an answer outside 2xx is.

    Args:
        status: HTTP status.
        headers: As received; names in lower case.
        body: As received, perhaps HTML, empty or cut.
        doing: For the message: method and path.
        now: The present by GitHub's clock, where the answer has no ``Date``.
        strikes: How many times in a row the secondary limit was hit before: each doubles the wait.

    Source: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
    """
    said = _error(body)
    message = safe_text(redact(said.message or ""), max_chars=200)
    low = message.lower()
    items = [item for item in said.errors or () if isinstance(item, ErrorItem)]
    fields = tuple(_field(item) for item in items) + tuple(
        safe_text(redact(item), max_chars=200) for item in said.errors or () if isinstance(item, str)
    )

    def fault(kind: Kind, after_s: float | None = None) -> Fault:
        return Fault(kind, status, doing, message, fields, after_s)

    if status in {403, 429}:
        secondary = "secondary rate limit" in low or "abuse detection" in low
        if not secondary and (headers.get("x-ratelimit-remaining") == "0" or "api rate limit exceeded" in low):
            return fault(Kind.RATE_PRIMARY, _until_reset(headers, now))
        if secondary or status == 429 or "retry-after" in headers:
            return fault(Kind.RATE_SECONDARY, _retry_after(headers, now, strikes))
        for words, kind in (
            ("archived", Kind.ARCHIVED),
            ("suspended", Kind.SUSPENDED),
            ("access blocked", Kind.BLOCKED),
            ("ip allow list", Kind.IP_ALLOW_LIST),
        ):
            if words in low:
                return fault(kind)
        return fault(Kind.PERMISSION)
    if status == 401:
        return fault(Kind.UNAUTHORIZED)
    if status == 404:
        return fault(Kind.NOT_FOUND)
    if status == 409:
        return fault(Kind.CONFLICT)
    if status == 410:
        return fault(Kind.GONE)
    if status == 422:
        if any(item.code == "already_exists" for item in items):
            return fault(Kind.ALREADY_EXISTS)
        if "not found" in low or any("not found" in field.lower() for field in fields):
            return fault(Kind.LAGGING)
        return fault(Kind.INVALID)
    if status == 451:
        return fault(Kind.BLOCKED)
    if 300 <= status < 400:
        return fault(Kind.REDIRECT)
    if status >= 500:
        return fault(Kind.SERVER, _retry_after(headers, now, 0) if "retry-after" in headers else None)
    return fault(Kind.OTHER)


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """GitHub's own clock, from ``Date``."""
    return _http_date(headers.get("date", ""))


def _retry_after(headers: Mapping[str, str], now: datetime, strikes: int) -> float:
    raw = headers.get("retry-after", "").strip()
    wait: float | None = None
    if raw.isascii() and raw.isdigit():
        wait = float(raw[:12])
    else:
        moment = _http_date(raw)
        if moment is not None:
            wait = (moment - (server_time(headers) or now)).total_seconds()
    if wait is None:
        # None, or not in a form HTTP knows: a minute at first, then exponentially longer.
        wait = SECONDARY_WAIT_S * 2 ** min(strikes, 6)
    return min(max(wait, MIN_WAIT_S), MAX_WAIT_S)


def _until_reset(headers: Mapping[str, str], now: datetime) -> float:
    raw = headers.get("x-ratelimit-reset", "")
    if "retry-after" not in headers and raw.isascii() and raw.isdigit() and len(raw) < 12:
        # One second more: the limit is counted in whole seconds.
        wait = int(raw) - (server_time(headers) or now).timestamp() + 1
        return min(max(wait, MIN_WAIT_S), MAX_WAIT_S)
    return _retry_after(headers, now, 0)


@lru_cache(maxsize=16)  # every answer has one, and all of a second have the same
def _http_date(raw: str) -> datetime | None:
    if not raw or len(raw) > 64:
        return None
    try:
        moment = parsedate_to_datetime(raw)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _error(body: bytes) -> ErrorWire:
    try:
        return msgspec.json.decode(body[:1_000_000], type=ErrorWire)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ErrorWire()


def _field(item: ErrorItem) -> str:
    place = ".".join(part for part in (item.resource, item.field) if part)
    said = item.message or item.code or ""
    return safe_text(redact(f"{place}: {said}" if place else said), max_chars=200)
