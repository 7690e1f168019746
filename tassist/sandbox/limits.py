"""Rate limits: the primary one by the hour, the secondary ones by the minute, and their headers.

Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tassist.sandbox.auth import Actor
from tassist.sandbox.errors import GitHubError
from tassist.sandbox.world import World

_DOCS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
_HOUR, _MINUTE = 3600.0, 60.0
_SHOWN_LIMIT = {"anonymous": 60, "user": 5000, "installation": 5000, "app": 5000}


@dataclass(slots=True)
class _Budget:
    reset: float
    used: int = 0
    points: deque[tuple[float, int]] = field(default_factory=deque)
    content: deque[float] = field(default_factory=deque)


class Limits:
    """Counts requests for each token's owner and refuses what is too much, where the settings say so."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._budgets: dict[str, _Budget] = {}
        self.in_flight = 0
        self.refused = 0
        """How many requests were refused for any of the limits."""

    def _budget(self, actor: Actor) -> _Budget:
        now = self._world.clock.now().timestamp()
        found = self._budgets.get(actor.limit_key)
        if found is None:
            found = self._budgets[actor.limit_key] = _Budget(now + _HOUR)
        elif found.reset <= now:
            found.reset, found.used = now + _HOUR, 0
        return found

    def _limit(self, actor: Actor) -> int:
        return self._world.settings.primary_limit or _SHOWN_LIMIT[actor.kind]

    def check(self, actor: Actor, method: str, *, content: bool, request_id: str) -> None:
        """Take the request from the budgets.

        Raises:
            GitHubError: 403 or 429 where a limit that is switched on is used up.
        """
        settings = self._world.settings
        budget, now = self._budget(actor), self._world.clock.now().timestamp()
        if settings.concurrent is not None and self.in_flight > settings.concurrent:
            raise self._secondary(request_id)
        if settings.primary_limit is not None and budget.used >= settings.primary_limit:
            self.refused += 1
            whose = actor.limit_key.replace("installation", "installation ID").replace("user", "user ID")
            raise GitHubError(settings.primary_status, f"API rate limit exceeded for {whose}.", docs=_DOCS)
        while budget.points and budget.points[0][0] <= now - _MINUTE:
            budget.points.popleft()
        while budget.content and budget.content[0] <= now - _HOUR:
            budget.content.popleft()
        cost = 1 if method in {"GET", "HEAD", "OPTIONS"} else 5
        if settings.points_per_minute is not None:
            if sum(points for _, points in budget.points) + cost > settings.points_per_minute:
                raise self._secondary(request_id)
            budget.points.append((now, cost))
        if content:
            recent = sum(moment > now - _MINUTE for moment in budget.content)
            if settings.content_per_minute is not None and recent >= settings.content_per_minute:
                raise self._secondary(request_id)
            if settings.content_per_hour is not None and len(budget.content) >= settings.content_per_hour:
                raise self._secondary(request_id)
            budget.content.append(now)
        budget.used += 1

    def give_back(self, actor: Actor) -> None:
        """A conditional request answered 304 costs nothing."""
        budget = self._budget(actor)
        budget.used = max(budget.used - 1, 0)

    def _secondary(self, request_id: str) -> GitHubError:
        self.refused += 1
        return secondary(self._world, request_id)

    def headers(self, actor: Actor) -> dict[str, str]:
        """``X-RateLimit-*``."""
        figures = self.figures(actor)
        return {
            f"X-RateLimit-{name}": str(figures[name.lower()]) for name in ("Limit", "Remaining", "Reset", "Used")
        } | {"X-RateLimit-Resource": "core"}

    def figures(self, actor: Actor) -> dict[str, int]:
        """``limit``, ``remaining``, ``reset`` and ``used``.

        Where the primary limit is off, ``remaining`` never falls to 0, since nothing will be refused.
        """
        budget, limit = self._budget(actor), self._limit(actor)
        enforced = self._world.settings.primary_limit is not None
        used = min(budget.used, limit if enforced else limit - 1)
        return {"limit": limit, "remaining": limit - used, "reset": int(budget.reset), "used": used}


def secondary(world: World, request_id: str, *, status: int | None = None, retry_after: str | None = "") -> GitHubError:
    """A secondary limit's answer; ``retry_after``: the header's text, ``None`` for none, empty for the setting's."""
    if retry_after == "":
        seconds = world.settings.retry_after_s
        retry_after = None if seconds is None else str(seconds)
    return GitHubError(
        status or world.settings.secondary_status,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to"
        f" GitHub Support for help, please include the request ID {request_id}.",
        docs="https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
        headers={} if retry_after is None else {"Retry-After": retry_after},
    )
