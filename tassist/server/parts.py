"""What a service is made of; `tassist.wiring` puts it together, tests put in their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from engine.ports import Clock
from tassist.config.chosen import EVERYWHERE, Chosen
from tassist.errors import Secret
from tassist.server.ports import GitHubSide, MakeRecord, Telling
from tassist.server.signature import Renewal, Secrets
from tassist.store.model import Keep
from tassist.store.outbox import Outbox
from tassist.store.ports import Journal


class Pumping(Protocol):
    """Moves records from the outbox to the sinks, in threads of its own."""

    def start(self) -> None:
        """Begin."""
        ...

    def wake(self) -> None:
        """There are new records."""
        ...

    def drain(self, timeout_s: float) -> bool:
        """Wait until every sink has what is in the outbox now; false where one has not in time."""
        ...

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Let the batches in hand end; what remains stays in the outbox."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a service needs besides its address."""

    home: Path
    secrets: Secrets
    clock: Clock
    github: Callable[[], Awaitable[GitHubSide]]
    """Called once, in the dispatcher's event loop."""
    make_record: MakeRecord
    pump: Callable[[Outbox], Pumping]
    tell: Telling | None = None
    """``None``: only runs are recorded."""
    sinks: tuple[str, ...] = ()
    """The names of the configured sinks: what one of them does not have stays in the outbox."""
    keep: Keep = field(default_factory=Keep)
    metrics_token: Secret | None = None
    away: Callable[[GitHubSide, Journal], Awaitable[None]] | None = None
    """What is done without being told by a delivery, until cancelled; in the dispatcher's event loop."""
    renewal: Renewal | None = None
    """Where the webhook's secrets are looked for when they change; ``None``: they stay as they are."""
    open_journal: Callable[[], Journal] | None = None
    """Opens a journal that is elsewhere, and may be several processes'; ``None``: the file in ``home`` is."""
    chosen: Chosen = EVERYWHERE
    """The repositories that are looked after; deliveries of others are kept and recorded as ignored."""
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    """``None``: uvloop where it is there."""
