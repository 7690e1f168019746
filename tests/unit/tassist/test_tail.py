"""The console as lines says what the console shows, in order, and then what happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tassist.entry import run
from tassist.services.tail import tail
from tassist.store.journal import Journal
from tests.support.console import Filled, StillClock, troubled, typical


def test_attention_comes_first_then_the_last_deliveries(tmp_path: Path) -> None:
    troubled(tmp_path)
    with Journal.open(tmp_path) as journal:
        lines = list(tail(journal, tmp_path, StillClock(), follow=False, rest=lambda: False))

    assert lines[0] == "error: 1 delivery was given up (replay them once the cause is mended)"
    assert "last 5 deliveries:" in lines
    assert lines[-1].endswith("acme/shop#5 by ann: waiting")
    assert any("track.classify applied: no track label" in line for line in lines)


def test_what_comes_and_what_becomes_of_it_is_told_once(tmp_path: Path) -> None:
    typical(tmp_path)
    filled = Filled(tmp_path)
    filled.count, rounds = 100, iter(range(10))

    def rest() -> bool:
        number = next(rounds)
        if number == 0:
            filled.delivery(9, action="closed")
        return number < 3

    with Journal.open(tmp_path) as journal:
        lines = list(tail(journal, tmp_path, StillClock(), last=2, follow=True, rest=rest))
    filled.close()

    came = lines[lines.index("following; Ctrl-C ends it") + 1 :]
    assert len(came) == 1
    assert "issues.closed acme/shop#9 by ann: done, success, 1 write" in came[0]


def test_an_empty_journal_says_so(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        lines = list(tail(journal, tmp_path, StillClock(), follow=False, rest=lambda: False))

    assert lines[-1] == "no delivery yet"


@pytest.mark.parametrize(("words", "told"), [((), 10), (("--last", "3"), 3), (("--last", "0"), 0)])
def test_the_command_tells_as_many_deliveries_as_were_asked_for_and_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: int
) -> None:
    typical(tmp_path)

    assert run(["console", "--plain", "--once", "--home", str(tmp_path), *words]) == 0
    out = capsys.readouterr().out
    assert len([line for line in out.splitlines() if line.startswith("10:")]) == told
    assert (f"last {told} deliveries:" in out) == (told > 0)
    assert "no delivery yet" not in out
    assert f"(start it: tassist serve --home {tmp_path})" in out
