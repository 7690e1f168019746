"""The box's own time: it runs like the real one until somebody moves or stops it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


def stamp(moment: datetime | None) -> str | None:
    """The way GitHub writes a time: ``2025-12-06T02:48:31Z``."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Clock:
    """Aware UTC time that can be advanced, set, frozen and let go again; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        self._frozen: datetime | None = None

    @staticmethod
    def _real() -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one place where the box looks at the machine's clock

    def now(self) -> datetime:
        """The time in the box."""
        with self._lock:
            return self._frozen if self._frozen is not None else self._real() + self._offset

    def advance(self, seconds: float) -> datetime:
        """Move on (or back) by so many seconds; the new time."""
        with self._lock:
            if self._frozen is not None:
                self._frozen += timedelta(seconds=seconds)
                return self._frozen
            self._offset += timedelta(seconds=seconds)
            return self._real() + self._offset

    def set(self, moment: datetime) -> None:
        """Make it ``moment`` (aware); time runs on from there unless it is frozen."""
        if moment.tzinfo is None:
            raise ValueError("the clock wants an aware time, such as datetime(2026, 1, 1, tzinfo=UTC)")
        with self._lock:
            if self._frozen is not None:
                self._frozen = moment.astimezone(UTC)
            else:
                self._offset = moment.astimezone(UTC) - self._real()

    def freeze(self) -> datetime:
        """Stop the clock; the time at which it stands."""
        with self._lock:
            if self._frozen is None:
                self._frozen = self._real() + self._offset
            return self._frozen

    def unfreeze(self) -> None:
        """Let it run on from where it stands."""
        with self._lock:
            if self._frozen is not None:
                self._offset = self._frozen - self._real()
                self._frozen = None
