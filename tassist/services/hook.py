"""Where the App's webhook leads now, as GitHub says, and how the last delivery there fared: drift seen at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tassist.config.settings import Settings
from tassist.doctor.check import State
from tassist.doctor.examine import Examined, examine
from tassist.services.doctor import drift
from tassist.services.doctor.app_side import AppSide

NAMES = {"hook": "webhook", "tunnel": "tunnel", "last-delivery": "last sent"}
"""The doctor's checks that make up the drift, each with what it is called here."""
DEADLINE_S = 5.0
"""For everything; whoever looks at the console is not kept waiting longer."""


@dataclass(frozen=True, slots=True)
class Hook:
    """What was found of the webhook, its tunnel and its last delivery."""

    found: tuple[Examined, ...]
    at: datetime

    @property
    def told(self) -> Iterator[tuple[str, str]]:
        """Each by its name; what all of them say, such as that GitHub cannot be asked, once."""
        said = set[str]()
        for item in self.found:
            if item.finding.said not in said:
                said.add(item.finding.said)
                yield NAMES[item.id], item.finding.said.removeprefix("the webhook ")

    @property
    def drift(self) -> Iterator[Examined]:
        """What is not as it should be, the worst first, each once."""
        said = set[str]()
        for state in (State.FAILED, State.WAITING, State.WARNING):
            for item in self.found:
                if item.finding.state == state and item.finding.said not in said:
                    said.add(item.finding.said)
                    yield item


async def look(settings: Settings, home: Path, *, now: datetime) -> Hook:
    """Ask GitHub as the doctor does; what keeps it from answering is found, not raised.

    Args:
        settings: Whose App.
        home: Where its credentials are, and what a switch left.
        now: The present.
    """
    side = AppSide(settings, home)
    try:
        found = await examine([(check, side) for check in drift.CHECKS if check.id in NAMES], deadline_s=DEADLINE_S)
    finally:
        await side.close()
    return Hook(found, now)
