"""Deliveries keep coming while the real service is hurt in every way at once; nothing acknowledged is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.chaos import chaos
from tests.support.chaos_checks import check, said

SEED = 20261123


@pytest.mark.slow
def test_h20_whatever_was_acknowledged_is_done_however_the_service_is_hurt(tmp_path: Path) -> None:
    with chaos(tmp_path, deliveries=250, kills=5, seed=SEED) as run:
        found = check(run)
        print(*said(run, found), sep="\n")

    assert len(run.acknowledged) == 250
    assert run.figures.kills.total() >= 5
    assert run.figures.faults.total() > 0
    assert found.states["done"] >= 250
    assert found.writes >= found.issues, "every issue lacked its track at least"
