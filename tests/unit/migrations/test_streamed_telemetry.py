"""A telemetry file of any size is read with one of its values in memory at a time, and says the same as when it is read whole."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations.telemetry import read
from migrations.telemetry.pieces import Broken, pieces
from migrations.telemetry.streamed import streamed
from tassist.services.migrate import history

TEXTS = {
    "an array": '[{"a": 1}, {"b": "]}\\" {"}, [2, [3]], 4, "x"]',
    "an array, and more after it": '\ufeff [ {"a": {}} ]\n[{"b": []}] {"c": 1}',
    "lines": '{"a": 1}\n{"b": [1, {"c": "ä"}]}\n\n{"d": 1}\n',
    "without commas": '{"a": 1}{"b": 2}',
    "a value is missing": '[{"updated": ,}, {"a": 1}]',
    "cut off": '[{"a": 1}, {"b": [1, 2',
    "cut off after a value": '[{"a": 1},\n {"b": 2},',
    "cut off in a string": '{"a": 1}\n{"b": "x',
    "nothing": " \n",
    "a word": "[{}, what, {}]",
}


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("name", TEXTS)
def test_it_says_the_same_as_the_whole(name: str, size: int) -> None:
    content = TEXTS[name].encode()
    whole = list(pieces(content))

    found = list(streamed(content[at : at + size] for at in range(0, len(content), size)))

    if not any(isinstance(one, Broken) for one in whole):
        assert found == whole
        return
    taken = [one for one in found if not isinstance(one, Broken)]
    expected = [one for one in whole if not isinstance(one, Broken)]
    assert taken[: len(expected)] == expected, "what comes after something broken may be taken besides"
    assert name == "nothing" or any(isinstance(one, Broken) for one in found), "what is broken is named"


def test_what_is_broken_is_named_with_its_line() -> None:
    found = list(streamed([b'[{"a": 1},\n{"b": 2},\n', b'{"c": oh}]']))

    assert [one.line for one in found if isinstance(one, Broken)] == [3]
    assert [one for one in streamed([b'{"a": 1}\n', b"\xff"]) if isinstance(one, Broken)] == [
        Broken("it is not UTF-8 text from here on", 2)
    ]


def entry(number: int) -> dict[str, object]:
    return {
        "number": number, "title": "x" * 400, "state": "open", "labels": ["codex"], "milestone": None,
        "created_at": "2025-10-01T00:00:00Z", "updated_at": "2025-10-02T00:00:00Z",
    }  # fmt: skip


def test_of_a_large_file_little_is_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_FILE_BYTES", 1_000_000)
    path = tmp_path / "telemetry" / "20251206T024831Z.json"
    path.parent.mkdir()
    line = json.dumps(entry(1)).encode()
    with path.open("wb") as file:
        file.write(b"[" + line)
        for _ in range(4_000_000 // len(line)):
            file.write(b",\n" + line)
        file.write(b"]")

    def parts() -> Iterator[bytes]:
        (large,) = history._walk(path.parent)
        assert isinstance(large, history.Large)
        yield from large.content

    tracemalloc.start()
    try:
        count = sum(1 for _ in read(path.name, parts()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert count == 4_000_000 // len(line) + 1
    assert peak < 2_000_000


def test_an_import_takes_a_large_file_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "20251206T024831Z.json").write_text(json.dumps([entry(1), entry(2)]))
    small = history.take_in(history.local(tmp_path / "in", "octo/app"), tmp_path / "one")
    monkeypatch.setattr(history, "MAX_FILE_BYTES", 100)

    large = history.take_in(history.local(tmp_path / "in", "octo/app"), tmp_path / "other")

    assert large.data() == small.data()
    assert large.written == 2
