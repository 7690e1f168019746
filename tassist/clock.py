"""The present: the only place of the product that asks the machine what time it is."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The machine's clock, as the engine's `Clock` port wants it."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 – this is the one place
