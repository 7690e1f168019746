"""Journals of both kinds for tests that hold for either."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tassist.store.journal import Journal as FileJournal
from tassist.store.model import Accepted, Incoming
from tassist.store.place import open_database
from tassist.store.ports import Journal
from tests.support import postgres

KINDS = ("sqlite", "postgresql")


@contextmanager
def opened(kind: str, home: Path, address: str) -> Iterator[Journal]:
    """An empty journal."""
    if kind == "sqlite":
        with FileJournal.open(home) as journal:
            yield journal
        return
    postgres.empty(address)
    with open_database(address) as journal:
        yield journal


def accepted_by(journal: Journal, incoming: Incoming) -> Accepted:
    """Let a journal store a delivery, where no loop runs."""

    async def accept() -> Accepted:
        return await journal.accept(incoming)

    return asyncio.run(accept())
