"""A log of any size is read from where one looks, forwards, backwards and by a word."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.problems import ProblemError
from tassist import log
from tassist.services.log_file import LogFile, log_in, sentence

LINES = st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=40), max_size=60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, count=st.integers(1, 9), ended=st.booleans())
def test_pages_backwards_and_forwards_hold_every_line_once(
    lines: list[str], count: int, ended: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tassist.services.log_file._BLOCK", 16)
    path = tmp_path / "a.log"
    text = "\n".join(lines) + ("\n" if ended and lines else "")
    path.write_text(text, encoding="utf-8", newline="")
    file = LogFile(path)
    expected = text.split("\n")
    if expected[-1] == "":
        expected.pop()

    back: list[str] = []
    place: int | None = None
    while page := file.before(place, count):
        back = [*(line.text for line in page), *back]
        place = page[0].at
    forth: list[str] = []
    at = 0
    while page := file.after(at, count):
        forth += [line.text for line in page]
        at = page[-1].end

    assert back == expected
    assert forth == expected


def test_a_word_is_found_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tassist.services.log_file._SEARCH_BLOCK", 8)
    path = tmp_path / "a.log"
    path.write_text("first NEEDLE here\nnothing\nsecond needle\nlast\n")
    file = LogFile(path)
    first, _, second, last = file.after(0, 10)

    assert file.find("needle", 0, forward=True) == first.at
    assert file.find("Needle", first.end, forward=True) == second.at
    assert file.find("needle", last.end, forward=False) == second.at
    assert file.find("needle", second.at, forward=False) == first.at
    assert file.find("needle", first.at, forward=False) is None
    assert file.find("never", 0, forward=True) is None
    assert file.find("", 0, forward=True) is None


def test_lines_that_came_since_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("a\n")
    _, end = LogFile(path).state()
    with path.open("a") as more:
        more.write("b\nc\n")

    assert LogFile(path).lines_after(end) == 2


def test_a_record_is_told_as_a_sentence() -> None:
    entry = {
        "timestamp": "2026-01-01T09:08:07.000+00:00",
        "level": "warning",
        "message": "no",
        "action": "a",
        "why": "b",
    }

    assert sentence(json.dumps(entry)) == "09:08:07 warning: no  why=b  [a]"
    assert sentence("{not json") == "{not json"
    assert sentence("plain") == "plain"


def test_a_log_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert log_in(tmp_path) is None
    with pytest.raises(ProblemError):
        LogFile(tmp_path / "none").state()


def test_a_log_that_somebody_empties_while_it_is_written_to_goes_on_at_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / log.FILE_NAME
    with log.open_file(path) as file:
        file.write("a line that logrotate has copied\n")
        os.truncate(path, 0)
        file.write("the next\n")

    assert path.read_text() == "the next\n"


def test_a_log_that_grew_large_is_put_beside_and_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_LARGEST_BYTES", 10)
    path = tmp_path / log.FILE_NAME
    with log.open_file(path) as file:
        file.write("more than ten bytes\n")
    with log.open_file(path):
        pass

    assert path.stat().st_size == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "serve.log.1").read_text() == "more than ten bytes\n"
    assert log_in(tmp_path) == path


def test_what_a_record_leaves_open_is_not_told() -> None:
    record = {"timestamp": "2026-11-28T12:00:00Z", "message": "looked", "action": "look", "reason": None, "changed": 0}

    assert sentence(json.dumps(record)) == "12:00:00 looked  changed=0  [look]"
