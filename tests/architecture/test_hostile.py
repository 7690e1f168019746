"""Every case of the list of hostile inputs and faults has a test that carries its number, and the table tells how each ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.support import hostile
from tests.support.service import wait_for

SOME = """
import pathlib, pytest, signal

def test_h01_one_that_holds(): pass

def test_h01_another_that_cannot_run_here(): pytest.skip("not here")

IN_A_TEXT = '''
def test_h06_that_is_none(): pass
'''

@pytest.mark.parametrize("value", [1, 2])
def test_h02_one_that_holds_for_one_value_only(value): assert value == 1, "two is too many"

def test_h03_one_that_cannot_run_here(): pytest.skip("no such thing on this machine")

class TestSeveral:
    def test_h04_one_of_a_class(self): pass

def test_without_a_number(): raise AssertionError
"""
WAITS = """
def test_h05_one_that_waits(): pathlib.Path("waiting").touch(); signal.pause()

def test_h06_one_whose_turn_never_comes(): pass
"""
BARE = """
def test_h07_one_that_does_not_say_why(): pytest.skip()
"""
RUN = "import pathlib, sys; from tests.support import hostile; sys.exit(hostile.main(pathlib.Path('tests').resolve()))"


def start(folder: Path, *parts: str) -> subprocess.Popen[str]:
    (folder / "tests").mkdir()
    (folder / "tests" / "test_some.py").write_text("".join(parts))
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(hostile.ROOT)!r}); {RUN}"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_every_case_has_a_name_and_a_test_that_carries_its_number() -> None:
    assert list(hostile.CASES) == list(range(1, 85))
    assert set(hostile.named().values()) == set(hostile.CASES)


def test_the_table_tells_of_each_case_how_it_ended_and_why(tmp_path: Path) -> None:
    running = start(tmp_path, SOME)
    said, _ = running.communicate(timeout=120)
    table = said[said.index("H01") :].splitlines()
    assert table[:10] == [
        "H01  passed   a signature that is not ASCII",
        "       passed   tests/test_some.py::test_h01_one_that_holds",
        "       skipped  tests/test_some.py::test_h01_another_that_cannot_run_here  (not here)",
        "H02  failed   a signature missing, old, of another length, or twice",
        "       failed   tests/test_some.py::test_h02_one_that_holds_for_one_value_only  (AssertionError: two is too many)",
        "H03  skipped  an empty webhook secret",
        "       skipped  tests/test_some.py::test_h03_one_that_cannot_run_here  (no such thing on this machine)",
        "H04  passed   the webhook secret is rotated",
        "       passed   tests/test_some.py::TestSeveral::test_h04_one_of_a_class",
        "H05  no test  a signed body under another event's name",
    ]
    assert table[-1] == "4 of 84 hostile cases have a test; of 5 tests: 2 passed, 2 skipped, 1 failed"
    assert "without_a_number" not in said
    assert running.returncode == 1


def test_a_run_that_is_ended_from_outside_prints_what_it_knows(tmp_path: Path) -> None:
    running = start(tmp_path, SOME, WAITS)
    wait_for((tmp_path / "waiting").exists, "the test that waits", timeout_s=120)
    running.send_signal(signal.SIGTERM)
    said, _ = running.communicate(timeout=120)
    assert "H01  passed   a signature that is not ASCII" in said
    assert "       not run  tests/test_some.py::test_h06_one_whose_turn_never_comes" in said
    assert said.splitlines()[-1].endswith("2 passed, 2 skipped, 2 not run, 1 failed")
    assert running.returncode == 2


def test_a_skip_without_a_reason_is_no_success(tmp_path: Path) -> None:
    running = start(tmp_path, "import pytest\n", BARE)
    said, _ = running.communicate(timeout=120)
    assert "tests/test_some.py::test_h07_one_that_does_not_say_why was skipped without a reason" in said
    assert running.returncode == 1
