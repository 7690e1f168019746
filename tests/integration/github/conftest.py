"""A client that does not make tests wait."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tassist.github.client import GitHubClient, Patience
from tassist.github.limits import Limits
from tassist.github.transport import Timeouts

Connect = Callable[..., GitHubClient]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Make clients whose own spacing is short; they are closed at the end."""
    made: list[GitHubClient] = []

    def client(url: str, **changes: object) -> GitHubClient:
        values: dict[str, object] = {
            "limits": Limits(write_spacing_s=0.0, writes_per_hour=100_000, points_burst=1e9),
            "patience": Patience(backoff_s=(0.01, 0.01, 0.01), lag_s=(0.01, 0.01), hold_s=0.05),
            "timeouts": Timeouts(connect_s=2, read_s=2, deadline_s=5),
            **changes,
        }
        made.append(GitHubClient(url, **values))  # type: ignore[arg-type]  # the caller names real arguments
        return made[-1]

    yield client
    for one in made:
        await one.close()
