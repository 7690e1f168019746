"""Lines become the same rows whichever way they are read, and a line that is none says so and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from tassist.dashboard import lines
from tassist.dashboard.lines import Source, fill
from tests.support.records import line


def rows(files: list[Path], scratch: Path) -> list[tuple[object, ...]]:
    scratch.mkdir(exist_ok=True)
    sources = [Source(file, place % 3, place, file.stat().st_size) for place, file in enumerate(files)]
    with duckdb.connect() as connection:
        fill(connection, sources, scratch)
        found = connection.execute("SELECT * FROM raw ORDER BY ALL").fetchall()
    assert list(scratch.iterdir()) == [], "copies are left behind"
    return found


def goods(found: list[tuple[object, ...]]) -> list[bool]:
    place = list(lines.COLUMNS).index("good")
    return sorted(bool(row[place]) for row in found)


def test_whole_files_and_copies_give_the_same_rows(
    months: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted(months.rglob("2025-05-*.jsonl"))
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(line(1))  # its last line, which is its only one, does not end
    files = [torn, *files]
    monkeypatch.setattr(lines, "_SMALL_BYTES", 0)
    whole = rows(files, tmp_path / "s")

    monkeypatch.setattr(lines, "READ", "SELECT no such thing")
    monkeypatch.setattr(lines, "_SMALL_BYTES", 1 << 30)
    assert rows(files, tmp_path / "s") == whole, "files of a few lines together"
    monkeypatch.setattr(lines, "READ_SMALL", "SELECT no such thing")
    assert rows(files, tmp_path / "s") == whole
    monkeypatch.setattr(lines, "_AT_ONCE_BYTES", 5000)
    assert rows(files, tmp_path / "s") == whole
    monkeypatch.setattr(lines, "_AT_ONCE_FILES", 2)
    assert rows(files, tmp_path / "s") == whole
    assert len(whole) == 1 + sum(file.read_bytes().count(b"\n") for file in files)
    assert all(goods(whole))


def test_nothing_is_copied_where_every_line_is_json(
    months: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "READ_CAREFULLY", "SELECT no such thing")

    assert rows(sorted(months.rglob("2025-05-*.jsonl")), tmp_path / "s")


@pytest.mark.parametrize("name", ["a*b?", "[x]", "a'b", "späße 🚀", "b\udcff"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    file = tmp_path / name / "x.jsonl"
    try:
        file.parent.mkdir()
    except (OSError, UnicodeError):
        pytest.skip("no such name on this system")
    file.write_bytes(line(1) + b"\r\n\n \t\r\n" + line(2))

    assert goods(rows([file], tmp_path / "s")) == [True, True]


@pytest.mark.parametrize(
    "part",
    [
        {"decisions": "[]x"},
        {"decisions": 7},
        {"decisions": [1]},
        {"changes_made": "labels"},
        {"state": "open"},
        {"state": {"state": "ajar"}},
        {"issue_number": "seven"},
        {"timing": {"reads": "many"}},
        {"counts": [1]},
        {"counts": '{"a": 1}'},
        {"issues": "none"},
        {"written": {"at": "now"}},
    ],
)
def test_a_part_of_another_kind_makes_a_line_no_record(tmp_path: Path, part: dict[str, object]) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(line(1) + b"\n" + json.dumps(json.loads(line(2)) | part).encode() + b"\n")

    assert goods(rows([file], tmp_path / "s")) == [False, True]


def test_a_line_that_is_too_long_is_no_record_and_ends_where_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_AT_ONCE_BYTES", 5000)
    monkeypatch.setattr(lines, "MAX_LINE", 5000)
    file = tmp_path / "x.jsonl"
    long = json.dumps(json.loads(line(2)) | {"note": "x" * 23_000}).encode()
    file.write_bytes(b"\n".join([line(1), long, line(3), long]))

    assert goods(rows([file], tmp_path / "s")) == [False, False, True, True]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    with duckdb.connect() as connection, pytest.raises(FileNotFoundError):
        fill(connection, [Source(tmp_path / "gone.jsonl", 1, 0, 10)], tmp_path / "s")
