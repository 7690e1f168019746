"""How fast we may go: the documented limits, kept for each installation, with time as an argument.

Pure: no clock and no waiting in here, so that a simulation can drive it. Seconds are of any monotonic clock.
Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from tassist.github.faults import Fault, Kind

MAX_SCOPES = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The budget of one installation. The defaults are what GitHub documents; the box may be asked for more."""

    write_spacing_s: float = 1.0
    """Between two writes."""
    writes_per_hour: int = 500
    """Content-creating requests; whether a label counts is not said, so it does."""
    points_per_second: float = 10.0
    """A read costs 1 point, a write 5; 900 a minute are allowed."""
    points_burst: float = 300.0
    requests_at_once: int = 20
    """Of one process; GitHub takes 100 at once from an App, from all that it runs together."""


UNLIMITED = Limits(
    write_spacing_s=0.0,
    writes_per_hour=10**9,
    points_per_second=1e9,
    points_burst=1e9,
    requests_at_once=64,
)
"""For a server that has no limits; what it refuses all the same is still obeyed."""


@dataclass(slots=True)
class _Account:
    next_write_s: float = 0.0
    writes: deque[float] = field(default_factory=deque)
    points: float = 0.0
    points_at_s: float = 0.0
    held_until_s: float = 0.0
    held_for: Fault | None = None
    strikes: int = 0
    remaining: int | None = None


class Pace:
    """The accounts of all scopes; a scope is one installation, or the App itself."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    def wait_s(self, scope: str, now_s: float, *, write: bool) -> float:
        """How long to wait before the next request may be sent; 0 for none."""
        account = self._account(scope)
        waits = [account.held_until_s - now_s]
        cost = 5 if write else 1
        missing = self._points(account, now_s) + cost - self.limits.points_burst
        waits.append(missing / self.limits.points_per_second)
        if write:
            waits.append(account.next_write_s - now_s)
            if len(account.writes) >= self.limits.writes_per_hour:
                waits.append(account.writes[0] + 3600 - now_s)
        return max(0.0, *waits)

    def held(self, scope: str, now_s: float) -> tuple[float, Fault] | None:
        """How long GitHub still wants to be left alone, and for what reason."""
        account = self._account(scope)
        if account.held_for is None or account.held_until_s <= now_s:
            return None
        return account.held_until_s - now_s, account.held_for

    def sent(self, scope: str, now_s: float, *, write: bool) -> None:
        """Count a request that goes out now."""
        account = self._account(scope)
        account.points = self._points(account, now_s) + (5 if write else 1)
        account.points_at_s = now_s
        if write:
            account.next_write_s = now_s + self.limits.write_spacing_s
            account.writes.append(now_s)
            while account.writes and (
                account.writes[0] <= now_s - 3600 or len(account.writes) > self.limits.writes_per_hour
            ):
                account.writes.popleft()

    def answered(self, scope: str, now_s: float, headers: Mapping[str, str], fault: Fault | None) -> None:
        """Learn from an answer: hold the scope where GitHub asks for it, forget old strikes where it does not."""
        account = self._account(scope)
        remaining = headers.get("x-ratelimit-remaining", "")
        if remaining.isascii() and remaining.isdigit():
            account.remaining = int(remaining[:9])
        if fault is None:
            account.strikes = 0
        elif fault.kind in {Kind.RATE_PRIMARY, Kind.RATE_SECONDARY} and fault.after_s is not None:
            account.strikes += fault.kind == Kind.RATE_SECONDARY
            if now_s + fault.after_s > account.held_until_s:
                account.held_until_s = now_s + fault.after_s
                account.held_for = fault

    def strikes(self, scope: str) -> int:
        """How many times in a row the secondary limit was hit."""
        return self._account(scope).strikes

    def remaining(self, scope: str) -> int | None:
        """What is left of the hour, as GitHub said last."""
        return self._account(scope).remaining

    def _points(self, account: _Account, now_s: float) -> float:
        return max(0.0, account.points - (now_s - account.points_at_s) * self.limits.points_per_second)

    def _account(self, scope: str) -> _Account:
        account = self._accounts.get(scope)
        if account is None:
            account = self._accounts[scope] = _Account()
            if len(self._accounts) > MAX_SCOPES:
                self._accounts.popitem(last=False)
        else:
            self._accounts.move_to_end(scope)
        return account
