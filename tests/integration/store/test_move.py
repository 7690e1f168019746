"""A journal moves from its file into PostgreSQL and back, whole, however often the move is broken off."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from pathlib import Path

import pytest

from engine.problems import ProblemError
from tassist.config.settings import load
from tassist.entry import run
from tassist.services import store
from tassist.store import move, schema
from tassist.store.database import ServeLock
from tassist.store.journal import Journal
from tassist.store.model import Incoming
from tassist.store.place import open_database
from tests.support import postgres
from tests.support.stores import accepted_by
from tests.unit.store.test_both import NOW, answers, story


def told(home: Path) -> None:
    """A journal with a day in it."""
    with Journal.open(home) as journal:
        asyncio.run(story(journal))


def migrate(source: str | Path, target: str | Path) -> move.Moved:
    return store.migrate(str(source), str(target), load({}), lambda _: None)


def test_there_and_back_every_answer_is_the_same(tmp_path: Path, postgresql: str) -> None:
    postgres.empty(postgresql)
    told(tmp_path / "one")
    with Journal.open(tmp_path / "one") as journal:
        before = answers(journal)

    there = migrate(tmp_path / "one", postgresql)
    with open_database(postgresql) as shared:
        assert answers(shared) == before
        waiting = {(key.repo_id, key.number) for key in (one.key for repo in shared.repos() for one in shared.ready(repo, NOW.replace(year=2030), 99))}  # fmt: skip
        wanted = shared._read(lambda one: one.execute("SELECT lock FROM procrastinate_jobs").fetchall())
        assert {f"{repo_id}/{number}" for repo_id, number in waiting} <= {lock for (lock,) in wanted}, (
            "each has its job"
        )
        accepted = accepted_by(shared, Incoming("new", "issues", b"{}", NOW))
        assert accepted.seq == max(row.seq for row in before["deliveries"]) + 1, "places go on where they were"
    back = migrate(postgresql, tmp_path / "two")

    assert back.rows["deliveries"] == there.rows["deliveries"] + 1
    with Journal.open(tmp_path / "two") as journal:
        assert [row.delivery_id for row in journal.deliveries(limit=99)] == [
            "new",
            *(row.delivery_id for row in before["deliveries"]),
        ]


def test_the_line_of_the_page_brings_a_file_over_to_a_server_named_in_a_file(
    tmp_path: Path, postgresql: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from psycopg import conninfo

    postgres.empty(postgresql)
    told(tmp_path / "home")
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "postgresql.md").read_text()
    [line] = re.findall(r"^tassist (store migrate .*)$", page, re.MULTILINE)
    fields = conninfo.conninfo_to_dict(postgresql)
    (tmp_path / "services").write_text("[tassist]\n" + "".join(f"{key}={value}\n" for key, value in fields.items()))
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))

    assert run(line.replace("/var/lib/tassist", str(tmp_path / "home")).split()) == 0, capsys.readouterr().err

    with open_database(postgresql) as shared:
        assert shared.deliveries(limit=9)


def test_a_move_that_is_broken_off_goes_on_and_nobody_serves_the_half(
    tmp_path: Path, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.empty(postgresql)
    told(tmp_path)
    monkeypatch.setattr(move, "_PIECE", 3)

    def die(table: str) -> None:
        if table.startswith("looks"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.migrate(str(tmp_path), postgresql, load({}), die)
    with open_database(postgresql) as shared, pytest.raises(ProblemError, match="broken off"):
        move.refuse_moved(shared.meta, "it")
    moved = migrate(tmp_path, postgresql)

    assert moved.rows["deliveries"] > 10
    with Journal.open(tmp_path) as journal, pytest.raises(ProblemError, match="was moved to"):
        move.refuse_moved(journal.meta, "it")
    with open_database(postgresql) as shared:
        move.refuse_moved(shared.meta, "it")


def test_a_store_in_use_and_a_place_that_is_not_empty_are_refused(tmp_path: Path, postgresql: str) -> None:
    postgres.empty(postgresql)
    told(tmp_path / "one")
    with ServeLock(tmp_path / "one") as lock:
        assert lock.acquire()
        with pytest.raises(ProblemError, match="is in use"):
            migrate(tmp_path / "one", postgresql)
    with open_database(postgresql) as shared:
        with pytest.raises(ProblemError, match="is in use"):
            migrate(tmp_path / "one", postgresql)
        accepted_by(shared, Incoming("a", "issues", b"{}", NOW))
    with pytest.raises(ProblemError, match="not an empty place"):
        migrate(tmp_path / "one", postgresql)


def test_what_is_wrong_with_the_two_places_is_said_at_once_and_no_password_is_repeated(tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as refused:
        migrate("postgresql://ann:hunter2hunter2@db/x", "postgresql://db/y")

    assert [problem.code for problem in refused.value.problems] == ["password-in-arguments", "move-unclear"]
    assert "hunter2" not in str(refused.value)


def test_every_table_is_moved(tmp_path: Path) -> None:
    file = sqlite3.connect(":memory:", isolation_level=None)
    schema.bring_forward(file, tmp_path)
    tables = {row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")}  # fmt: skip
    file.close()

    assert set(move.KEYS) == tables
