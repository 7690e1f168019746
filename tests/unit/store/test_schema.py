"""Schema versions go forward on files with rows in them, and are refused where they cannot."""

from __future__ import annotations

import asyncio
import gzip
import os
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.problems import ProblemError
from tassist.store import schema
from tassist.store.database import FILE_NAME, ServeLock
from tassist.store.journal import Journal
from tassist.store.model import FinishedRun, Incoming, Keep, LaneKey

NOW = datetime(2026, 1, 3, tzinfo=UTC)


def tables(path: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
    finally:
        connection.close()


def file_of_version(path: Path, version: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("".join(schema.STEPS[:version]))
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    return connection


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_h31_a_file_of_an_older_version_goes_forward_with_its_waiting_deliveries(tmp_path: Path, version: int) -> None:
    old = file_of_version(tmp_path / FILE_NAME, version)
    old.execute(
        "INSERT INTO deliveries (delivery_id, event, received_at, size, state, repo_id, repo, installation_id)"
        " VALUES ('a', 'issues', 1, 2, 'stored', 0, '', 0), ('b', 'issues', 1, 2, 'waiting', 7, 'o/r', 5)"
    )
    old.execute("INSERT INTO bodies VALUES (1, x'7b7d'), (2, x'7b7d')")
    old.execute("INSERT INTO looks (seq, repo_id, number) VALUES (2, 7, 1)")
    old.execute("INSERT INTO lanes (repo_id, number, repo, installation_id, first_seq) VALUES (7, 1, 'o/r', 5, 2)")
    old.close()

    with Journal.open(tmp_path) as journal:
        assert [item.delivery_id for item in journal.unsorted(10)] == ["a"]
        assert journal.repos() == [7]

    with Journal.open(tmp_path / "fresh"):
        pass
    assert tables(tmp_path / FILE_NAME) == tables(tmp_path / "fresh" / FILE_NAME), "stepped forward is like made new"


KEPT = Path(__file__).resolve().parents[2] / "fixtures" / "journals"
"""Journals written by the code of their version, one for each released schema version; see its README."""


def test_h31_a_journal_of_every_released_version_is_kept() -> None:
    assert {int(path.name.removeprefix("version-").split(".")[0]) for path in KEPT.glob("*.db.gz")} == set(
        range(1, schema.VERSION)
    )


@pytest.mark.parametrize("version", range(1, schema.VERSION))
async def test_h31_a_real_old_journal_goes_forward_and_work_goes_on(tmp_path: Path, version: int) -> None:
    (tmp_path / FILE_NAME).write_bytes(gzip.decompress((KEPT / f"version-{version}.db.gz").read_bytes()))
    (tmp_path / FILE_NAME).chmod(0o600)
    old = sqlite3.connect(tmp_path / FILE_NAME)
    assert old.execute("PRAGMA user_version").fetchone() == (version,)
    old.close()

    with Journal.open(tmp_path) as journal:
        states = {row.delivery_id: row.state for row in journal.deliveries() if row.delivery_id != "news-1"}
        assert states == {
            "done-1": "done",
            "dead-1": "dead",
            "ignored-1": "ignored",
            "quarantined-1": "quarantined",
            "broken-off-1": "waiting",
            "waiting-1": "waiting",
            "stored-1": "stored",
        }
        assert journal.info(("jsonl",)).schema_version == schema.VERSION
        assert [item.delivery_id for item in journal.unsorted(10)] == ["stored-1"]
        assert [lane.key for lane in journal.ready(7, NOW, 10)] == [LaneKey(7, 3), LaneKey(7, 4)]
        broken_off = journal.unfinished_run(LaneKey(7, 3))
        assert broken_off is not None
        assert [row.state for row in journal.effects(broken_off.run_id)] == ["intended"]
        assert journal.outbox.cursor("jsonl") == 1
        assert [seq for seq, _ in journal.outbox.read(0, 10)] == [1, 2]
        assert journal.meta("own_login") == "task-assistant[bot]"

        run = FinishedRun(
            broken_off.run_id, LaneKey(7, 3), "o/r", "{}", NOW, NOW, "success", None, "{}", 10**9, "e-3", b"{}"
        )
        assert not await journal.finish(run)
        later = NOW + timedelta(days=400)
        assert await asyncio.to_thread(journal.prune, Keep(), ("jsonl",), later)
        kept = {row.delivery_id for row in journal.deliveries()}
        assert kept == {"waiting-1", "stored-1"}
        assert [seq for seq, _ in journal.outbox.read(0, 10)] == [2, 3]


def test_h31_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    file_of_version(tmp_path / FILE_NAME, schema.VERSION).close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    before = (tmp_path / FILE_NAME).read_bytes()

    with pytest.raises(ProblemError) as caught:
        Journal.open(tmp_path)

    assert caught.value.problems[0].code == "store-newer"
    assert str(schema.VERSION + 1) in caught.value.problems[0].what
    # The mode of the log is the only thing the opening may have touched.
    assert tables(tmp_path / FILE_NAME)
    assert len((tmp_path / FILE_NAME).read_bytes()) == len(before)


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()

    with pytest.raises(ProblemError) as caught:
        Journal.open(tmp_path)

    assert caught.value.problems[0].code == "store-not-ours"


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database, but long enough to be read as one" * 100)

    with pytest.raises(ProblemError) as caught:
        Journal.open(tmp_path)

    assert caught.value.problems[0].code == "store-damaged"


def test_a_folder_that_cannot_be_made_is_a_problem_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ProblemError) as caught:
        Journal.open(tmp_path / "file" / "home")

    assert caught.value.problems[0].code == "not-a-folder"


def test_the_journal_is_its_owners_alone(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        with Journal.open(tmp_path / "home"):
            pass
    finally:
        os.umask(umask)

    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "home" / FILE_NAME).stat().st_mode) == 0o600


def test_h26_the_lock_of_a_journal_is_held_by_one_and_freed_with_it(tmp_path: Path) -> None:
    with ServeLock(tmp_path) as first, ServeLock(tmp_path) as second:
        assert first.acquire()
        assert not second.acquire()
        assert second.owner() == str(os.getpid())
        first.release()
        assert second.acquire()


async def test_h29_a_power_cut_at_any_byte_of_its_log_leaves_the_journal_of_some_moment(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Journal.open(home) as journal:
        for number in range(12):
            await journal.accept(Incoming(f"d-{number:02}", "issues", b"%d" % number, NOW))
        log = (home / "journal.db-wal").read_bytes()
        whole = (home / "journal.db").read_bytes()
    sizes = set()
    for cut in (*range(0, len(log), max(len(log) // 37, 1)), len(log)):
        after = tmp_path / f"cut-{cut}"
        after.mkdir(mode=0o700)
        (after / "journal.db").write_bytes(whole)
        (after / "journal.db-wal").write_bytes(log[:cut])
        (after / "journal.db").chmod(0o600)
        with Journal.open(after) as journal:
            kept = sorted(row.delivery_id for row in journal.deliveries())
        assert kept == [f"d-{number:02}" for number in range(len(kept))], (
            "a beginning of what was acknowledged, in order"
        )
        sizes.add(len(kept))
    assert {0, 12} <= sizes
