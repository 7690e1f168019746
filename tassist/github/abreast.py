"""Requests side by side where one does not wait for what the other says: a look costs the time of fewer answers."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from engine.model import Fact, IssueRef
from engine.ports import ConfigText, Gone, Look, Reader

_MOST_REPOS = 10_000
A = TypeVar("A")
B = TypeVar("B")


async def both(one: Coroutine[Any, Any, A], other: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Both answers; the trouble of the first where both have some, once both are through."""
    found = await asyncio.gather(one, other, return_exceptions=True)
    for answer in found:
        if isinstance(answer, BaseException):
            raise answer
    return cast("tuple[A, B]", tuple(found))


class Managed:
    """Repositories whose issues were read under the configuration they had last: the next look will read one, too."""

    def __init__(self) -> None:
        self._under: OrderedDict[int, str] = OrderedDict()

    def __contains__(self, repo_id: int) -> bool:
        return repo_id in self._under

    def note(self, repo_id: int, source: str) -> None:
        """An issue was read under this configuration."""
        if not repo_id:
            return
        self._under[repo_id] = source
        self._under.move_to_end(repo_id)
        if len(self._under) > _MOST_REPOS:
            self._under.popitem(last=False)

    def compare(self, repo_id: int, source: str) -> None:
        """Under another configuration nobody knows whether an issue will be read."""
        if self._under.get(repo_id) != source:
            self._under.pop(repo_id, None)


class ReadAhead:
    """Reads for one look: the issue is asked for beside the configuration where the last look at its repository read one.

    A look whose configuration is gone or wrong by now has asked for an issue it does not need, once.
    """

    def __init__(self, reader: Reader, managed: Managed) -> None:
        self._reader = reader
        self._managed = managed
        self._source = ""
        self._ahead: asyncio.Task[Look | Gone] | None = None

    async def config(self, ref: IssueRef) -> ConfigText | Gone:
        """As `Reader.config`."""
        if self._ahead is None and ref.repo_id in self._managed:
            self._ahead = asyncio.create_task(self._reader.look(ref))
        found = await self._reader.config(ref)
        self._source = found.source if isinstance(found, ConfigText) and found.text is not None else ""
        self._managed.compare(ref.repo_id, self._source)
        return found

    async def look(self, ref: IssueRef, facts: Sequence[Fact] = (), seen: Look | None = None) -> Look | Gone:
        """As `Reader.look`."""
        self._managed.note(ref.repo_id, self._source)
        if self._ahead is None or facts or seen is not None:
            return await self._reader.look(ref, facts, seen)
        ahead, self._ahead = self._ahead, None
        try:
            return await ahead
        finally:
            if not ahead.done():
                await _ended(ahead)

    async def aclose(self) -> None:
        """What was asked for and not needed is not waited for."""
        if self._ahead is not None:
            await _ended(self._ahead)


async def _ended(task: asyncio.Task[Look | Gone]) -> None:
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # nobody needs to know


@asynccontextmanager
async def reading_ahead(reader: Reader, managed: Managed) -> AsyncIterator[ReadAhead]:
    """A reader for one look."""
    ahead = ReadAhead(reader, managed)
    try:
        yield ahead
    finally:
        await ahead.aclose()
