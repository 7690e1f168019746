"""The one writer: group commit, isolation of a failing write, and refusal once it is closed."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tassist.store.database import StoreError
from tassist.store.writer import Writer


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    path = tmp_path / "w.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)")
    connection.close()
    writer = Writer(path)
    writer.start()
    yield writer
    writer.stop()


def insert(number: int) -> Callable[[sqlite3.Connection], int]:
    return lambda connection: connection.execute("INSERT INTO t VALUES (?)", (number,)).rowcount


def rows(writer: Writer) -> list[int]:
    connection = sqlite3.connect(writer._path)
    try:
        return [row[0] for row in connection.execute("SELECT n FROM t ORDER BY n")]
    finally:
        connection.close()


async def test_what_arrives_during_a_commit_is_committed_together(writer: Writer) -> None:
    gate, entered = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        entered.set()
        gate.wait(5)

    first = asyncio.create_task(writer.write(slow))
    await asyncio.to_thread(entered.wait, 5)
    before = writer.commits
    others = [asyncio.create_task(writer.write(insert(number))) for number in range(50)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *others)

    assert writer.commits - before == 2, "one for the slow write, one for all fifty"
    assert rows(writer) == list(range(50))


async def test_a_write_that_returned_is_on_the_disk(writer: Writer) -> None:
    await writer.write(insert(1))

    assert rows(writer) == [1]


async def test_one_failing_write_harms_none_of_its_group(writer: Writer) -> None:
    await writer.write(insert(1))
    gate, entered = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        entered.set()
        gate.wait(5)

    first = asyncio.create_task(writer.write(slow))
    await asyncio.to_thread(entered.wait, 5)
    group = [asyncio.create_task(writer.write(insert(number))) for number in (2, 1, 3)]
    await asyncio.sleep(0)
    gate.set()
    await first
    results = await asyncio.gather(*group, return_exceptions=True)

    assert [type(result).__name__ for result in results] == ["int", "StoreError", "int"]
    assert rows(writer) == [1, 2, 3]


async def test_listeners_hear_of_a_commit_once_and_not_of_a_failure(writer: Writer) -> None:
    heard: list[int] = []
    writer.on_commit("news", lambda: heard.append(1))

    await writer.write(insert(1), topic="news")
    with pytest.raises(StoreError):
        await writer.write(insert(1), topic="news")
    await writer.write(insert(2))

    assert heard == [1]


async def test_two_event_loops_may_write(writer: Writer) -> None:
    def elsewhere() -> None:
        asyncio.run(writer.write(insert(1)))

    await asyncio.gather(asyncio.to_thread(elsewhere), writer.write(insert(2)))

    assert rows(writer) == [1, 2]


async def test_a_closed_writer_refuses_and_keeps_what_it_took(writer: Writer) -> None:
    writer.write_soon(insert(1))
    writer.stop()

    with pytest.raises(StoreError):
        await writer.write(insert(2))
    assert rows(writer) == [1]


async def test_who_listens_is_called_in_the_order_of_the_writes(writer: Writer) -> None:
    heard: list[str] = []
    topics = [f"topic-{number}" for number in (5, 3, 8, 1, 9, 2, 7, 4, 6, 0)]
    for topic in topics:
        writer.on_commit(topic, lambda topic=topic: heard.append(topic))  # type: ignore[misc]  # a lambda's default
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        begun.set()
        assert go_on.wait(10)

    held = asyncio.ensure_future(writer.write(hold))
    await asyncio.to_thread(begun.wait, 10)
    writes = [asyncio.ensure_future(writer.write(insert(n), topic=topic)) for n, topic in enumerate(topics)]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(held, *writes)

    assert heard == topics, "one group, whose listeners no hash may order"
