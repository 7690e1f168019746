"""The simulation in small: it holds, it repeats itself exactly, every fault comes, and planted bugs are noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.simulation.__main__ import finished
from tests.simulation.bugs import BUGS
from tests.simulation.run import Report, simulate

_IN_ANOTHER_PROCESS = """
from tests.simulation.run import simulate
print(simulate(5, 40).digest)
"""


def test_h24_everything_promised_holds_whatever_goes_wrong() -> None:
    report = simulate(1, 250)

    assert report.violation is None
    assert report.deliveries > 250
    assert report.never == [], "a fault that never comes proves nothing"
    assert report.lives > 5
    assert report.checked["converged"] >= 15, "every issue there was in the beginning"
    assert report.checked["wanted"] > 20


def test_the_same_seed_is_the_same_story_in_another_process_with_other_hashes(project_root: Path) -> None:
    here = simulate(5, 40)

    for hashes in ("1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", _IN_ANOTHER_PROCESS],
            env={**os.environ, "PYTHONHASHSEED": hashes, "PYTHONPATH": str(project_root)},
            capture_output=True,
            text=True,
            check=True,
            cwd=project_root,
        )
        assert done.stdout.strip() == here.digest
    assert simulate(6, 40).digest != here.digest


def test_a_seed_that_is_in_the_ledger_is_not_run_again(tmp_path: Path) -> None:
    ledger, run = tmp_path / "ledger", partial(simulate, deliveries=10)
    [first] = finished(run, [5], 1, 10, ledger)

    def refuse(seed: int) -> Report:
        raise AssertionError(seed)

    [again] = finished(partial(refuse), [5], 1, 10, ledger)

    assert again == first
    assert again.violation is None
    with pytest.raises(AssertionError, match="6"):
        list(finished(partial(refuse), [5, 6], 1, 10, ledger))


@pytest.mark.parametrize(
    ("bug", "invariant", "seed"),
    [
        ("answer-before-storing", "acknowledged is stored", 1),
        ("lane-released-early", "one look at a time", 1),
        ("timeline-reordered", "wanted", 2),
        ("waits-ignored", "obeys waits", 1),
        ("no-spacing", "spacing", 1),
        ("arrival-counts-as-first", "nothing missed", 3),
    ],
)
def test_a_planted_bug_is_noticed(bug: str, invariant: str, seed: int) -> None:
    report = simulate(seed, 300, bug=bug)

    assert report.violation is not None
    assert report.violation.invariant == invariant


def test_there_are_bugs_enough_and_none_of_them_stays_behind() -> None:
    assert len(BUGS) >= 70
    simulate(1, 20, bug="waits-ignored")

    assert simulate(1, 20).violation is None
