"""What is remembered of finished months: the same figures to the byte, and forgotten as soon as a file is another."""

from __future__ import annotations

import json
import os
import random
from datetime import date, timedelta
from pathlib import Path

import duckdb
import msgspec
import pytest

from tassist.dashboard import folds, pieces, reading
from tassist.dashboard.make import make
from tassist.dashboard.reading import read, written_in
from tests.support.records import line


@pytest.fixture(autouse=True)
def _small_months_are_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few kilobytes are divided as a million records are."""
    monkeypatch.setattr(pieces, "LEAST_BYTES", 100)
    monkeypatch.setattr(pieces, "AT_REST_S", 0)
    monkeypatch.setattr(folds, "_BATCH_BYTES", 1)  # each a batch of its own, several at once
    monkeypatch.setattr(folds, "_THREADS", 3)


@pytest.fixture
def year(months: Path, tmp_path: Path) -> Path:
    """A copy one may change."""
    folder = tmp_path / "telemetry"
    for file in [*months.glob("v1/repos/acme/orbit/*.jsonl"), *months.glob("v1/repos/moonbase/*/*.jsonl")]:
        target = folder / file.relative_to(months)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
        os.utime(target, (1, 1))
    return folder


def counted(
    root: Path, cache: Path | None = None, *, as_of: str = "", repos: tuple[str, ...] = (), fresh: bool = False
) -> bytes:
    found = read(root, as_of=date.fromisoformat(as_of) if as_of else None, repos=repos, cache=cache, fresh=fresh)
    return msgspec.json.encode(make(found))


def as_one_piece(root: Path, monkeypatch: pytest.MonkeyPatch, *, as_of: str = "", repos: tuple[str, ...] = ()) -> bytes:
    """The same without pieces and without a cache."""
    with monkeypatch.context() as patch:
        patch.setattr(pieces, "LEAST_BYTES", 1 << 40)
        return counted(root, as_of=as_of, repos=repos)


def remembered(cache: Path) -> int:
    with duckdb.connect(str(cache), read_only=True) as connection:
        (found,) = connection.execute("SELECT count(*) FROM pieces WHERE seal <> ''").fetchall()
        return int(found[0])


@pytest.mark.parametrize(
    ("as_of", "repos"), [("", ()), ("2025-06-15", ()), ("2025-05-31", ("acme",)), ("", ("acme/orbit", "moonbase"))]
)
def test_pieces_and_the_cache_change_no_byte(
    year: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_of: str, repos: tuple[str, ...]
) -> None:
    cache = tmp_path / "cache" / "dashboard.duckdb"
    whole = as_one_piece(year, monkeypatch, as_of=as_of, repos=repos)

    for _ in range(2):
        assert counted(year, cache, as_of=as_of, repos=repos) == whole
    assert counted(year, as_of=as_of, repos=repos) == whole
    assert remembered(cache) >= 8


def test_what_is_remembered_is_not_read_again(year: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "dashboard.duckdb"
    whole = counted(year, cache)
    read_again: list[Path] = []
    monkeypatch.setattr(folds, "fill", lambda connection, sources, scratch: read_again.extend(sources))

    assert counted(year, cache) == whole
    assert read_again == []


@pytest.mark.parametrize("how", ["appended", "edited in place", "removed", "added", "a torn line"])
def test_a_month_that_changed_is_counted_again(
    year: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    cache = tmp_path / "dashboard.duckdb"
    counted(year, cache)
    file = sorted((year / "v1/repos/acme/orbit").glob("2025-05-*.jsonl"))[3]
    text = file.read_bytes()
    if how == "appended":
        file.write_bytes(text + text.splitlines()[-1].replace(b'"event_id":"', b'"event_id":"0') + b"\n")
    elif how == "edited in place":  # as long as before, and the time of the change put back
        file.write_bytes(text.replace(b'"outcome":"success","reason":null', b'"outcome":"blocked","reason":"x"', 1))
        os.utime(file, (1, 1))
    elif how == "removed":
        file.unlink()
    elif how == "added":
        file.with_name(f"{file.stem}.001.jsonl").write_bytes(line(7) + b"\n")
    else:
        file.write_bytes(text[:-100])

    found = counted(year, cache)

    assert found == as_one_piece(year, monkeypatch)
    assert found == counted(year, cache)


def test_one_event_in_two_months_and_files_that_interleave_are_counted_as_one(
    year: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(3)
    files = sorted(year.rglob("2025-0*.jsonl"))
    for _ in range(6):  # lines that lie in the wrong month, and repetitions
        one, other = dice.sample(files, 2)
        lines = one.read_bytes().splitlines()
        moved = dice.choice(lines)
        other.write_bytes(other.read_bytes() + moved + b"\n")
    cache = tmp_path / "dashboard.duckdb"

    whole = as_one_piece(year, monkeypatch)

    assert json.loads(whole)["source"]["duplicates"] > 0
    assert [counted(year, cache), counted(year, cache), counted(year)] == [whole] * 3


@pytest.mark.parametrize("at_once", [1 << 20, 1000])
def test_an_event_that_comes_again_in_a_new_month_or_file_is_found_beside_those_that_are_remembered(
    year: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(folds, "_EVENTS_AT_ONCE", at_once)
    cache = tmp_path / "dashboard.duckdb"
    counted(year, cache)
    files = sorted(year.rglob("2025-0*.jsonl"))
    for one, other in ((files[3], files[-1]), (files[-1], files[40])):
        text = other.read_bytes()  # an event of its own days, that nothing but its id tells to be another's
        ids = [json.loads(file.read_bytes().splitlines()[-1])["event_id"].encode() for file in (one, other)]
        other.write_bytes(text + text.splitlines()[-1].replace(ids[1], ids[0]) + b"\n")
        whole = as_one_piece(year, monkeypatch)
        assert [counted(year, cache), counted(year, cache)] == [whole] * 2
    loose = year / "more.jsonl"
    loose.write_bytes(files[20].read_bytes())

    whole = as_one_piece(year, monkeypatch)

    assert json.loads(whole)["source"]["duplicates"] == 2 + len(files[20].read_bytes().splitlines())
    assert [counted(year, cache), counted(year, cache)] == [whole] * 2
    assert counted(year, cache, repos=("moonbase",)) == as_one_piece(year, monkeypatch, repos=("moonbase",))


def test_months_that_were_found_to_share_nothing_are_not_compared_again(year: Path, tmp_path: Path) -> None:
    cache = tmp_path / "dashboard.duckdb"
    whole = counted(year, cache)
    with duckdb.connect(str(cache)) as connection:
        connection.execute("UPDATE ids SET h = 7")
    assert counted(year, cache) == whole, "nothing else would show that nobody looks"
    with duckdb.connect(str(cache)) as connection:
        connection.execute("DELETE FROM apart")

    assert counted(year, cache) == whole, "all months are read again, together"
    assert remembered(cache) >= 8


def test_what_became_of_values_is_the_same_however_many_repositories_are_looked_at_together(
    weeks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = counted(weeks), written_in(weeks, "reverted"), written_in(weeks, "written", rule="stale")
    assert all(whole)
    monkeypatch.setattr(reading, "_WRITES_AT_ONCE", 1)

    assert (counted(weeks), written_in(weeks, "reverted"), written_in(weeks, "written", rule="stale")) == whole


def test_faulty_lines_are_named_from_the_cache_as_from_the_files(
    year: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, file in enumerate(sorted(year.rglob("2025-0*.jsonl"))[::9]):
        file.write_bytes(b"{\n" * (place % 5 * 10) + file.read_bytes() + b'{"event_id": 7}\n')
    cache = tmp_path / "dashboard.duckdb"

    whole = as_one_piece(year, monkeypatch)

    assert json.loads(whole)["source"]["faulty"] > 100
    assert len(json.loads(whole)["source"]["faults"]) == 100
    assert [counted(year, cache), counted(year, cache)] == [whole] * 2


@pytest.mark.parametrize("hurt", ["no database", "cut", "of other tables", "used by another", "a folder"])
def test_a_cache_that_is_no_use_is_done_without(year: Path, tmp_path: Path, hurt: str) -> None:
    cache = tmp_path / "dashboard.duckdb"
    whole = counted(year, cache)
    other = None
    if hurt == "no database":
        cache.write_bytes(b"what is this?" * 1000)
    elif hurt == "cut":
        os.truncate(cache, cache.stat().st_size // 2)
    elif hurt == "of other tables":
        cache.unlink()
        with duckdb.connect(str(cache)) as connection:
            connection.execute("CREATE TABLE pieces (x INTEGER)")
    elif hurt == "used by another":
        other = duckdb.connect(str(cache))
    else:
        cache.unlink()
        cache.mkdir()

    assert counted(year, cache) == whole
    if other:
        other.close()


def test_fresh_forgets_what_was_remembered(year: Path, tmp_path: Path) -> None:
    cache = tmp_path / "dashboard.duckdb"
    whole = counted(year, cache)
    with duckdb.connect(str(cache)) as connection:
        connection.execute("UPDATE counted SET n = n + 1")

    assert counted(year, cache) != whole, "nothing else would show that the cache is used"
    assert counted(year, cache, fresh=True) == whole
    assert counted(year, cache) == whole


def test_a_file_that_changed_a_moment_ago_is_not_remembered(
    year: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "AT_REST_S", timedelta(days=40_000).total_seconds())
    cache = tmp_path / "dashboard.duckdb"

    assert counted(year, cache) == as_one_piece(year, monkeypatch)
    assert remembered(cache) == 0
